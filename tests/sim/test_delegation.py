"""Tasks that nodes ask of each other over the overlay, under virtual time (S1, S2, S12, ADR 0054)."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest

from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.errors import NotFound, Refused, Unavailable, UsageError
from hansa.kernel.verdict import Reason
from hansa.node.delegations import Order
from hansa.sim.world import World
from hansa.swarm.messages import TASK, TaskSaidBody
from hansa.swarm.params import Params
from hansa.swarm.states import State
from hansa.swarm.tasks import MAX_DEPTH, Prove, Python, Query, TaskBody, TaskKind
from tests.sim.helpers_world import DOUBLED, Helpers, asked, helpers, order, swarm
from tests.sim.market_world import done
from tests.sim.test_network import core, me

ASKS = Params()


def two(params: Params | None = None, **strangers: Any) -> tuple[World, Helpers]:
    """Returns a world in which node 0 asks, and node 1 does what it is asked."""
    workshop = Helpers({0: ASKS, 1: params or Params(serve=True)})
    return helpers(2, workshop, **strangers), workshop


def test_a_computation_is_done_by_a_neighbour() -> None:
    world, workshop = two()
    made = asked(world, 0, order())
    assert (made.state, made.values) == (State.DONE, ("42",))
    assert [one.node for one in made.attempts] == [me(world, 1)]
    assert len(workshop.benches[1].jobs) == 2  # the probe and the task
    assert swarm(world, 1).serving.done == 1


def test_a_node_that_serves_nothing_says_nothing_and_does_nothing() -> None:
    world, workshop = two(Params())
    assert swarm(world, 0).others() == {}
    assert asked(world, 0, order()).state is State.REFUSED
    made = asked(world, 0, order(to=me(world, 1)))
    assert made.state is State.REFUSED and "task_not_served" in made.why
    assert workshop.benches[1].jobs == []


def test_a_node_whose_sandbox_does_not_compute_serves_nothing() -> None:
    workshop = Helpers({0: ASKS})
    world = helpers(2, workshop, broken=(1,))
    assert not swarm(world, 1).serving.ready
    assert swarm(world, 0).others() == {}
    assert "task_not_served" in asked(world, 0, order(to=me(world, 1))).why


def test_the_shortest_queue_is_asked_first_and_the_next_where_one_refuses() -> None:
    world = helpers(3, Helpers({1: ASKS}))
    first, second = swarm(world, 1).placed(TaskKind.PYTHON)
    assert first.fit and second.fit
    number = next(number for number in (0, 2) if me(world, number) == first.node)
    swarm(world, number).serving.params = Params(serve=True, per_hour=1)
    nodes = [asked(world, 1, order(n)).attempts for n in range(4)]
    assert all(each[-1].state is State.DONE for each in nodes)
    turned_down = [one for each in nodes for one in each if one.state is State.REFUSED]
    assert turned_down and all("too_many_tasks" in one.why for one in turned_down)
    assert {one.node for one in turned_down} == {first.node}


def test_who_says_nothing_is_passed_over_for_the_next() -> None:
    workshop = Helpers({1: ASKS})
    world = helpers(3, workshop)
    first = swarm(world, 1).placed(TaskKind.PYTHON)[0].node
    silent = next(number for number in (0, 2) if me(world, number) == first)
    swarm(world, silent).serving._tell = lambda job: None  # type: ignore[method-assign]
    made = asked(world, 1, order(), seconds=30)
    assert [one.state for one in made.attempts] == [State.EXPIRED, State.DONE]
    assert made.attempts[0].why == "says nothing" and made.values == ("42",)


def test_nothing_is_waited_for_longer_than_the_order_says_and_what_runs_is_stopped() -> None:
    world, workshop = two()
    workshop.benches[1].takes_ms = 60_000
    made = asked(world, 0, order(within_ms=3_000), seconds=4)
    assert (made.state, made.why) == (State.EXPIRED, "no result in time")
    world.run(2)
    assert workshop.benches[1].cancelled == 1 and swarm(world, 1).serving.queue == 0


def test_a_task_that_is_called_off_is_stopped_there() -> None:
    world, workshop = two()
    workshop.benches[1].takes_ms = 5_000
    made = asked(world, 0, order(), seconds=2)
    assert made.state is State.RUNNING
    swarm(world, 0).delegating.cancel(made.id[:8])
    world.run(2)
    assert made.state is State.CANCELLED and workshop.benches[1].cancelled == 1
    assert swarm(world, 0).delegating.cancel(made.id).state is State.CANCELLED, "once more changes nothing"


def test_nobody_else_can_call_a_task_off() -> None:
    workshop = Helpers({0: ASKS, 2: ASKS})
    world = helpers(3, workshop)
    workshop.benches[1].takes_ms = 5_000
    made = asked(world, 0, order(), seconds=2)
    body = {"task": made.attempts[0].id}
    said = envelope.verify(core(world, 2).seal("task_stop", body, recipient=me(world, 1)))
    done(world, heard(world, 1, said))
    world.run(8)
    assert made.state is State.DONE


async def heard(world: World, number: int, said: Verified) -> None:
    """Has a node hear a word at its room."""
    room = swarm(world, number).rooms()[said.header.kind]
    room(said, said.author, core(world, number).now())


def test_an_error_there_is_an_answer_and_not_asked_elsewhere_in_vain() -> None:
    world, _ = two()
    data = Python(code="def f():\n    return 1 / 0\n", entry_point="f", calls=("()",))
    made = asked(world, 0, Order(data))
    assert (made.state, made.values) == (State.FAILED, ())
    assert "ZeroDivisionError" in made.why


def test_a_fault_in_what_does_a_kind_frees_its_place_and_is_told() -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    world, _ = two()
    serving = swarm(world, 1).serving
    serving._handlers[TaskKind.PYTHON] = broken
    made = asked(world, 0, order())
    assert made.state is State.FAILED and "it failed here" in made.why
    assert (serving.running, serving.queue) == (0, 0)


def test_a_value_that_is_expected_is_compared_here_and_never_sent() -> None:
    world, _ = two()
    made = asked(world, 0, order(expect=("42",)))
    assert made.state is State.DONE and made.attempts[0].checked == "expected"
    assert b"42" not in msgspec.json.encode(made.attempts[0].body.python)
    other = asked(world, 0, order(expect=("43",)))
    assert other.state is State.FAILED and "expected" in other.why
    assert swarm(world, 0).delegating.wrong == {}, "this node computes the same: who computed it is not to blame"


def test_who_computes_wrongly_is_found_out_and_asked_no_more() -> None:
    world, workshop = two()
    workshop.benches[1].lies = "43"
    made = asked(world, 0, order(expect=("42",)))
    assert made.state is State.FAILED and "computes something else" in made.why
    assert swarm(world, 0).delegating.wrong == {me(world, 1): 1}
    placed = swarm(world, 0).placed(TaskKind.PYTHON)
    assert not placed[0].fit and "wrong" in placed[0].why


@pytest.mark.parametrize(("share", "wrong"), [(1000, 1), (0, 0)])
def test_of_strangers_as_many_results_are_computed_here_as_the_setting_says(share: int, wrong: int) -> None:
    workshop = Helpers({0: Params(spot_share=share)})
    world = helpers(2, workshop, strangers={0: (1,)})
    workshop.benches[1].lies = "43"
    made = asked(world, 0, order())
    assert len(swarm(world, 0).delegating.wrong) == wrong
    assert made.state is (State.FAILED if wrong else State.DONE)


def test_where_several_are_asked_as_many_must_agree() -> None:
    workshop = Helpers({1: ASKS})
    world = helpers(3, workshop)
    made = asked(world, 1, order(copies=2, agree=2))
    assert made.state is State.DONE and {one.checked for one in made.attempts} == {"agreed"}
    workshop.benches[2].lies = "43"
    apart = asked(world, 1, order(copies=2, agree=2))
    assert apart.state is State.FAILED and "no 2 of them agree" in apart.why


def test_a_skill_is_proved_there_and_a_query_answered() -> None:
    from hansa.sim.workload import specimen

    world, workshop = two()
    skill = specimen(1)
    workshop.benches[1].teach(skill)
    made = asked(world, 0, Order(Prove(skill=skill.id, trials=3, text=skill.to_bytes().decode())))
    assert made.values[:3] == ("pass", "3", "3"), made.why
    unknown = asked(world, 0, Order(Prove(skill=skill.id, trials=3)))
    assert unknown.state is State.FAILED and unknown.why == "unknown_skill"
    other = asked(world, 0, Order(Prove(skill="0" * 64, trials=3, text=skill.to_bytes().decode())))
    assert other.why == "bad_body"
    assert asked(world, 0, Order(Query(intent="anything"))).state is State.DONE


def test_asking_again_is_asking_for_the_same_and_runs_nothing_twice() -> None:
    world, workshop = two()
    made = asked(world, 0, order())
    body = made.attempts[0].body
    for _ in range(3):
        said = envelope.verify(core(world, 0).seal(TASK, msgspec.to_builtins(body), recipient=me(world, 1)))
        done(world, heard(world, 1, said))
    assert len(workshop.benches[1].jobs) == 2


def test_results_are_forgotten_after_a_while_and_the_oldest_first() -> None:
    world, _ = two(Params(serve=True, remembered=2, remember_ms=20_000))
    for n in range(4):
        asked(world, 0, order(n))
    assert len(swarm(world, 1).serving._jobs) == 2
    world.run(30)
    assert swarm(world, 1).serving._jobs == {}


QUERY: dict[str, Any] = {"kind": "query", "query": {"intent": "x"}}
SLOW: dict[str, Any] = {
    "kind": "python-computation",
    "python": {"code": DOUBLED, "entry_point": "double", "calls": ["(1,)"]},
}
NONCES = count(1)


def bring(world: World, data: dict[str, Any] = QUERY, **changes: Any) -> Reason | None:
    """Has node 1 hear a task of node 0's; returns why it is refused."""
    head = {"nonce": f"{next(NONCES):032x}", "path": [me(world, 0)], "within_ms": 60_000, "work_ms": 10_000}
    said = envelope.verify(core(world, 0).seal(TASK, {**head, **data, **changes}, recipient=me(world, 1)))
    try:
        done(world, heard(world, 1, said))
    except Refused as refused:
        return refused.reason
    return None


def test_no_more_is_taken_of_one_node_than_the_bounds() -> None:
    world, workshop = two(Params(serve=True, per_peer=2))
    workshop.benches[1].takes_ms = 5_000
    assert [bring(world, SLOW) for _ in range(3)] == [None, None, Reason.TASK_FULL]
    swarm(world, 1).serving.params = Params(serve=True, waiting=1)
    assert bring(world, SLOW) is Reason.TASK_FULL
    world.run(20)
    swarm(world, 1).serving.params = Params(serve=True, per_hour=3)
    assert [bring(world), bring(world)] == [None, Reason.TASK_FULL]


def test_the_most_urgent_of_its_authors_tasks_goes_first() -> None:
    world, workshop = two()
    workshop.benches[1].takes_ms = 2_000
    made = [asked(world, 0, order(n, priority=n), seconds=0.3) for n in (1, 2, 9)]
    world.run(15)
    assert all(one.state is State.DONE for one in made)
    assert [job.calls for job in workshop.benches[1].jobs[1:]] == [("(1,)",), ("(9,)",), ("(2,)",)]


def test_nobody_who_was_not_let_in_has_anything_done() -> None:
    world, _ = two(strangers={1: (0,)})
    assert bring(world) is Reason.NOT_SERVED
    swarm(world, 1).serving.params = Params(serve=True, serve_whom="known")
    assert bring(world) is Reason.NOT_SERVED, "nor is it known: it has dealt with nobody yet"


def test_what_is_not_served_not_for_this_node_or_not_its_authors_is_refused() -> None:
    world, _ = two()
    assert bring(world) is None
    assert bring(world, kind="code-generation", query={"intent": "x"}) is Reason.BAD_BODY
    assert bring(world, path=[me(world, 1)]) is Reason.BAD_BODY
    assert bring(world, path=[me(world, 1), me(world, 0)]) is Reason.TASK_LOOP
    said = core(world, 0).seal(TASK, {"kind": "query"}, recipient="*")
    with pytest.raises(Refused):
        done(world, heard(world, 1, envelope.verify(said)))
    assert bring(world, path=[f"did:key:z6Mk{n}" for n in range(MAX_DEPTH)] + [me(world, 0)]) is Reason.BAD_BODY


def test_each_kind_is_done_by_one_handler() -> None:
    world, _ = two()
    serving = swarm(world, 1).serving
    assert list(serving.handlers) == [TaskKind.PYTHON, TaskKind.PROVE, TaskKind.QUERY]

    async def other(_: TaskBody, __: object) -> Any:
        raise AssertionError

    for kind in serving.handlers:
        with pytest.raises(UsageError, match="one handler"):
            serving.register(kind, other)


def test_what_a_node_can_is_said_when_it_changes_and_forgotten_when_it_is_silent() -> None:
    world, _ = two()
    told = swarm(world, 0).others()[me(world, 1)]
    assert [one.name for one in told.capabilities] == ["python-computation", "prove-skill", "query"]
    swarm(world, 1).serving.ready = False
    world.run(10)
    assert swarm(world, 0).others() == {}


def test_orders_that_make_no_sense_are_refused() -> None:
    world, _ = two()
    for wrong in (
        order(copies=2, agree=3),
        order(copies=17),
        order(copies=2, to=me(world, 1)),
        order(expect=("1", "2")),
        Order(Query(intent="x"), expect=("1",)),
    ):
        with pytest.raises(UsageError):
            asked(world, 0, wrong)
    with pytest.raises(NotFound):
        swarm(world, 0).delegating.get("f")
    first, second = asked(world, 0, order()), asked(world, 0, order())
    with pytest.raises((NotFound, UsageError)):
        swarm(world, 0).delegating.get("")
    assert swarm(world, 0).delegating.all()[:2] == [second, first]


def test_what_is_out_is_called_off_when_the_node_goes_down() -> None:
    world, workshop = two()
    workshop.benches[1].takes_ms = 5_000
    made = asked(world, 0, order(), seconds=2)
    done(world, swarm(world, 0).stop())
    assert made.state is State.CANCELLED
    with pytest.raises(Unavailable):
        asked(world, 0, order())


def test_words_that_come_late_or_twice_move_nothing_back() -> None:
    world, _ = two()
    made = asked(world, 0, order())
    one = made.attempts[0]
    for state in (State.ACCEPTED, State.RUNNING, State.FAILED):
        body = msgspec.to_builtins(TaskSaidBody(task=one.id, state=state))
        done(world, heard(world, 0, envelope.verify(core(world, 1).seal("task_said", body, recipient=me(world, 0)))))
    assert (one.state, made.state) == (State.DONE, State.DONE)
