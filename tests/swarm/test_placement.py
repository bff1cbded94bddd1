"""Who is asked for a task, and in which order (S2, S12)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.swarm.placement import Candidate, Standing, agreed, place

CAN = ("python-computation",)


def one(name: str, **facts: object) -> Candidate:
    return Candidate(NodeId(name), **{"can": CAN, "standing": Standing.KNOWN, **facts})  # type: ignore[arg-type]


def order(*candidates: Candidate) -> list[str]:
    return [str(one.node) for one in place(CAN, candidates) if one.fit]


def test_the_shortest_queue_for_its_places_goes_first() -> None:
    assert order(one("a", queue=3, places=1), one("b", queue=4, places=4), one("c", queue=2)) == ["b", "c", "a"]


def test_who_was_invited_goes_before_who_is_known_and_strangers_last() -> None:
    candidates = [one("a", standing=Standing.STRANGER), one("b"), one("c", standing=Standing.INVITED, queue=9)]
    assert order(*candidates) == ["c", "b", "a"]


def test_then_trust_and_then_the_shortest_way_and_then_the_id_decide() -> None:
    assert order(one("a", trust=1), one("b", trust=2)) == ["b", "a"]
    assert order(one("a", latency_ms=9), one("b", latency_ms=8)) == ["b", "a"]
    assert order(one("b"), one("a")) == ["a", "b"]


def test_who_can_t_or_may_not_is_not_asked_and_it_is_said_why() -> None:
    out = {
        "barred": one("barred", standing=Standing.BARRED),
        "wrong": one("wrong", wrong=1),
        "can": one("can", can=("git",)),
        "quota": one("quota", quota=0),
    }
    placed = place(CAN, list(out.values()))
    assert not any(one.fit for one in placed)
    told = {str(one.node): one.why for one in placed}
    assert "no more" in told["barred"] and "wrong" in told["wrong"]
    assert "python-computation" in told["can"] and "grants" in told["quota"]
    assert place(CAN, [one("q", quota=1)])[0].fit


FACTS = st.builds(
    Candidate,
    st.sampled_from([NodeId(f"node{n}") for n in range(30)]),
    st.sampled_from([CAN, ("git",)]),
    st.sampled_from(Standing),
    st.integers(1, 4),
    st.integers(0, 9),
    st.integers(0, 1000),
    st.integers(0, 100),
    st.integers(0, 1),
    st.none() | st.integers(0, 2),
)


@given(st.lists(FACTS, unique_by=lambda one: one.node), st.randoms())
def test_the_order_does_not_depend_on_that_of_the_candidates(candidates: list[Candidate], chance: object) -> None:
    mixed = list(candidates)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    placed = place(CAN, candidates)
    assert placed == place(CAN, mixed)
    assert len(placed) == len(candidates)
    by_id = {one.node: one for one in candidates}
    for one in placed:
        held = by_id[one.node]
        fine = held.standing is not Standing.BARRED and not held.wrong and held.can == CAN and held.quota != 0
        assert one.fit == fine


@given(st.lists(FACTS, unique_by=lambda one: one.node, min_size=1))
def test_a_longer_queue_never_moves_a_node_forward(candidates: list[Candidate]) -> None:
    from dataclasses import replace

    first = candidates[0]
    before = [one.node for one in place(CAN, candidates)]
    after = [one.node for one in place(CAN, [replace(first, queue=first.queue + 5), *candidates[1:]])]
    assert after.index(first.node) >= before.index(first.node)


def test_a_result_counts_where_enough_agree_and_more_than_on_any_other() -> None:
    a, b = ("1",), ("2",)
    assert agreed([a, a, b], 2) == a
    assert agreed([a, b], 1) is None
    assert agreed([a, a, b], 3) is None
    assert agreed([], 1) is None
    assert agreed([b], 1) == b
