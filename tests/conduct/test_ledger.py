"""The ledger shows the first place at which somebody changed it, and receipts are read strictly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.ledger import GENESIS, Dealing, Entry, Receipt, append, first_fault
from hansa.kernel import canonical
from hansa.kernel.ids import ContentId, chain, content_id
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from tests.attacks.specimens import reason

ids = st.integers(0, 50).map(lambda number: content_id(b"%d" % number))


def ledger(receipts: list[ContentId]) -> list[Entry]:
    entries: list[Entry] = []
    for receipt in receipts:
        entries.append(append(entries[-1] if entries else None, receipt))
    return entries


ledgers = st.lists(ids, min_size=1, max_size=12).map(ledger)


def obvious_head(receipts: list[ContentId]) -> str:
    """The chain's end, from the first receipt on."""
    head = GENESIS
    for receipt in receipts:
        head = chain(head, receipt)
    return head


def test_an_empty_ledger_has_no_fault() -> None:
    assert first_fault([]) is None


def test_the_first_entry_follows_nothing() -> None:
    receipt = content_id(b"1")
    assert append(None, receipt) == Entry(1, receipt, GENESIS, chain(GENESIS, receipt))


@given(st.lists(ids, max_size=12))
def test_each_entry_covers_all_before_it(receipts: list[ContentId]) -> None:
    entries = ledger(receipts)
    assert first_fault(entries) is None
    for place, entry in enumerate(entries):
        assert entry.number == place + 1
        assert entry.hash == obvious_head(receipts[: place + 1])
        assert entry.previous == obvious_head(receipts[:place])


@given(ledgers, st.data())
def test_a_changed_entry_is_named(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    other = content_id(b"other")
    field = data.draw(st.sampled_from(["number", "receipt", "previous", "hash"]))
    value = data.draw(st.integers(-1, 99).filter(lambda n: n != place + 1)) if field == "number" else other
    forged = [*entries[:place], replace(entries[place], **{field: value}), *entries[place + 1 :]]
    assert first_fault(forged) == place + 1


@given(ledgers, st.data())
def test_a_changed_entry_with_a_fitting_hash_shows_at_the_next(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    before = entries[place - 1] if place else None
    forged = [*entries[:place], append(before, content_id(b"other")), *entries[place + 1 :]]
    assert first_fault(forged) == (place + 2 if place + 1 < len(entries) else None)


@given(ledgers, st.data())
def test_a_dropped_entry_is_named_unless_it_was_the_last(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    last = place == len(entries) - 1
    assert first_fault(entries[:place] + entries[place + 1 :]) == (None if last else place + 1)


@given(ledgers, st.data())
def test_a_swap_is_named_at_its_first_place(entries: list[Entry], data: st.DataObject) -> None:
    one, two = sorted(data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2)))
    swapped = list(entries)
    swapped[one], swapped[two] = swapped[two], swapped[one]
    assert first_fault(swapped) == (None if one == two else one + 1)


@given(ledgers, ids, st.data())
def test_an_entry_put_in_between_is_named(entries: list[Entry], receipt: ContentId, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    doubled = [*entries[: place + 1], entries[place], *entries[place + 1 :]]
    assert first_fault(doubled) == place + 2
    fitting = append(entries[place - 1] if place else None, receipt)
    put_in = [*entries[:place], fitting, *entries[place:]]
    assert first_fault(put_in) == place + 2


@given(ledgers)
def test_a_ledger_that_does_not_begin_at_its_beginning_is_named_at_once(entries: list[Entry]) -> None:
    begun = [append(Entry(0, content_id(b""), GENESIS, content_id(b"")), entries[0].receipt)]
    assert first_fault(begun) == 1


# ---- receipts

GOOD: dict[str, Any] = {
    "dealing": "skill_refuted",
    "subject": "did:key:z6Mk",
    "skill": content_id(b"skill"),
    "records": [content_id(b"claim"), content_id(b"evidence")],
    "reason": "refuted",
}
ONE = content_id(b"one")


@pytest.mark.parametrize("dealing", Dealing)
def test_a_receipt_is_read_as_it_was_written(dealing: Dealing) -> None:
    body = {**GOOD, "dealing": dealing.value}
    receipt = parse(canonical.decode(canonical.encode(body)), Receipt)
    assert receipt == Receipt(
        dealing=dealing,
        subject="did:key:z6Mk",
        skill=GOOD["skill"],
        records=tuple(GOOD["records"]),
        reason="refuted",
    )


def test_a_receipt_may_be_about_no_skill() -> None:
    body = {key: GOOD[key] for key in ("dealing", "subject", "records")}
    assert (parse(body, Receipt).skill, parse(body, Receipt).reason) == ("", "")


@pytest.mark.parametrize("field", ["dealing", "subject", "records"])
def test_a_receipt_without_what_was_done_by_whom_and_the_proof_is_none(field: str) -> None:
    assert reason(parse, {key: value for key, value in GOOD.items() if key != field}, Receipt) is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("dealing", "skill_praised"),
        ("dealing", "SKILL_REFUTED"),
        ("dealing", None),
        ("subject", ""),
        ("subject", "x" * 65),
        ("subject", 1),
        ("skill", "x" * 65),
        ("skill", None),
        ("records", []),
        ("records", [ONE] * 9),
        ("records", [ONE[1:]]),
        ("records", [ONE.upper()]),
        ("records", [ONE + "\n"]),
        ("records", ONE),
        ("records", None),
        ("reason", "x" * 65),
        ("amount", 1),
    ],
)
def test_a_receipt_of_another_shape_is_refused(field: str, bad: Any) -> None:
    assert reason(parse, {**GOOD, field: bad}, Receipt) is Reason.BAD_BODY


@pytest.mark.parametrize("change", [lambda body: body | {"records": [ONE]}, lambda body: body | {"records": [ONE] * 8}])
def test_one_to_eight_records_prove_a_dealing(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    assert parse(change(GOOD), Receipt).records
