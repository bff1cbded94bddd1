"""Tasks that nodes ask of each other over the overlay, under virtual time (S1, S2, S12)."""

from __future__ import annotations

from hansa.swarm.params import Params
from hansa.swarm.states import State
from tests.sim.helpers_world import Helpers, asked, helpers, order, swarm
from tests.sim.test_network import me


def test_a_computation_is_done_by_a_neighbour() -> None:
    workshop = Helpers({0: Params()})
    world = helpers(2, workshop)
    done = asked(world, 0, order())
    assert (done.state, done.values) == (State.DONE, ("42",))
    assert [one.node for one in done.attempts] == [me(world, 1)]
    assert len(workshop.benches[1].jobs) == 2  # the probe and the task
    assert swarm(world, 1).serving.done == 1
