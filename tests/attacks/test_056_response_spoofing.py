"""Attack 56: somebody else answers a task, or an old answer is played again.

Passes when of a million guesses and replays none is accepted: by another node, for another task, of another time, or by
the node that was asked for a task that it was not asked for.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hansa.identity.envelope import Header, Verified
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.node.delegations import Attempt
from hansa.sim.world import World
from hansa.swarm.messages import TASK_SAID
from hansa.swarm.params import Params
from hansa.swarm.states import State
from hansa.swarm.tasks import task_id
from tests.attacks.specimens import scaled
from tests.sim.helpers_world import Helpers, asked, helpers, order, swarm
from tests.sim.market_world import done
from tests.sim.test_network import core, me

GUESSES = scaled(100_000)
"""A million at ten times the scale."""


def said(author: NodeId, to: NodeId, task: str, value: str = "forged") -> Verified:
    """Returns an answer as it is after its signature was checked."""
    body: dict[str, Any] = {"task": task, "state": "done", "values": [value]}
    header = Header(
        version="1.0",
        network="hansa",
        kind=TASK_SAID,
        author=author,
        recipient=to,
        seq=1,
        created=Instant(1),
        expires=Instant(0),
    )
    return Verified(ContentId("0" * 64), b"", header, body, frozenset())


def waiting() -> tuple[World, Attempt]:
    """Returns a world in which node 0 waits for node 1, and for what."""
    workshop = Helpers({0: Params(), 2: Params()})
    world = helpers(3, workshop)
    workshop.benches[1].takes_ms = 5_000
    made = asked(world, 0, order(), seconds=1)
    assert made.state in (State.ACCEPTED, State.RUNNING)
    return world, made.attempts[0]


def test_no_guess_and_no_replay_is_accepted() -> None:
    world, attempt = waiting()
    asker, asked_, other = (me(world, number) for number in range(3))
    hears = swarm(world, 0).delegating.heard
    rng = Rng(56)
    before = attempt.state

    async def guess() -> None:
        for number in range(GUESSES):
            made_up = content_id(rng.below(1 << 64).to_bytes(8, "big"))
            hears(said(asked_, asker, made_up), asked_, core(world, 0).now())
            if number % 100 == 0:
                nonce = f"{rng.below(1 << 64):032x}"
                near = task_id(msgspec.structs.replace(attempt.body, nonce=nonce), asked_)
                hears(said(asked_, asker, near), asked_, core(world, 0).now())
                hears(said(other, asker, attempt.id), other, core(world, 0).now())
                hears(said(asked_, other, attempt.id), asked_, core(world, 0).now())
        assert (attempt.state, attempt.said) == (before, None)

    done(world, guess())
    world.run(10)
    assert attempt.state is State.DONE and attempt.said is not None and attempt.said.values == ("42",)


def test_the_answer_to_one_task_is_none_to_the_same_question_asked_again() -> None:
    workshop = Helpers({0: Params()})
    world = helpers(2, workshop)
    first = asked(world, 0, order()).attempts[0]
    workshop.benches[1].takes_ms = 5_000
    second = asked(world, 0, order(), seconds=1).attempts[0]
    assert first.id != second.id and first.body.nonce != second.body.nonce

    async def replay() -> None:
        swarm(world, 0).delegating.heard(said(me(world, 1), me(world, 0), first.id), me(world, 1), core(world, 0).now())

    done(world, replay())
    assert second.said is None


def test_a_refusal_by_somebody_else_ends_nothing() -> None:
    from hansa.overlay.doing import Happened

    world, attempt = waiting()
    sent = next(iter(attempt.sent))
    for about, id_ in ((me(world, 2), sent), (me(world, 1), ContentId("f" * 64))):
        swarm(world, 0).delegating.came(Happened("refused", about, f"{id_} task_not_served"))
    world.run(10)
    assert attempt.state is State.DONE


def test_nonces_are_128_bits_and_never_the_same() -> None:
    world = helpers(2, Helpers({0: Params()}))
    make = swarm(world, 0).delegating._nonce
    nonces = [make() for _ in range(scaled(2_000))]
    assert len(dict.fromkeys(nonces)) == len(nonces)
    bits = sum(int(one, 16).bit_count() for one in nonces) / len(nonces)
    assert 60 < bits < 68, "about half of 128 are set"
