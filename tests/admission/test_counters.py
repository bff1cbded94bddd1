"""Reliability goal L7: whatever came in has exactly one fate."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.admission.counters import Counters
from hansa.admission.service import Guest, Params, Via
from hansa.kernel.errors import Refused
from hansa.kernel.instant import HOUR
from hansa.kernel.verdict import Reason, Verdict
from tests.admission.memory import gate
from tests.attacks.specimens import NOW, key, proved, scaled

often = settings(max_examples=scaled(150), deadline=None, derandomize=True)


@given(st.lists(st.none() | st.sampled_from(Reason)))
@often
def test_counters_balance_after_any_sequence(fates: list[Reason | None]) -> None:
    counters = Counters()
    for fate in fates:
        counters.came_in()
        assert not counters.balanced
        counters.ended(fate)
        assert counters.balanced
    assert counters.admitted == fates.count(None)
    assert counters.refused == Counter(fate for fate in fates if fate)


@given(st.lists(st.none() | st.sampled_from(Reason)), st.sampled_from(["lost", "twice"]))
@often
def test_a_message_with_no_fate_or_two_is_noticed(fates: list[Reason | None], flaw: str) -> None:
    counters = Counters()
    for fate in fates:
        counters.came_in()
        counters.ended(fate)
    counters.came_in() if flaw == "lost" else counters.ended(None)
    assert not counters.balanced
    assert counters.table()["balanced"] is False


@given(st.lists(st.none() | st.sampled_from(Reason)))
@often
def test_the_table_names_every_count_once(fates: list[Reason | None]) -> None:
    counters = Counters()
    for fate in fates:
        counters.came_in()
        counters.ended(fate)
    table = counters.table()
    ignored, rejected = table["ignored"], table["rejected"]
    assert isinstance(ignored, dict)
    assert isinstance(rejected, dict)
    assert table["received"] == len(fates) == counters.admitted + sum(ignored.values()) + sum(rejected.values())
    assert ignored == {r.code: fates.count(r) for r in Reason if r in fates and r.verdict is Verdict.IGNORE}
    assert rejected == {r.code: fates.count(r) for r in Reason if r in fates and r.verdict is Verdict.REJECT}
    assert list(ignored) == sorted(ignored)


MESSAGES = st.fixed_dictionaries(
    {
        "seq": st.integers(0, 4),
        "kind": st.sampled_from(["skill", "hello", "gossip"]),
        "created": st.sampled_from([NOW, NOW - HOUR, NOW + HOUR]),
        "expires": st.sampled_from([0, NOW, NOW + 1]),
        "network": st.sampled_from(["hansa-test", "hansa-test", "elsewhere"]),
    }
)


@given(st.lists(st.tuples(st.integers(1, 3), MESSAGES, st.sampled_from(Via)), max_size=20))
@settings(max_examples=scaled(60), deadline=None, derandomize=True)
def test_every_message_at_the_gate_is_counted_once(arrivals: list[tuple[int, dict[str, object], Via]]) -> None:
    invited, banned = key(1).public.did, key(2).public.did
    door = gate(params=Params(records_per_minute=2), guests={invited: Guest(True), banned: Guest(banned=True)})
    counters = Counters()
    for author, changes, via in arrivals:
        counters.came_in()
        try:
            door.take(proved(key(author), **changes), via)
        except Refused as refused:
            counters.ended(refused.reason)
        else:
            counters.ended(None)
    assert counters.balanced
    assert counters.received == len(arrivals)
    assert counters.admitted == len(door.memory.ids)
