"""Attack 11: an author signs two different records with one sequence number and shows each to somebody else."""

from __future__ import annotations

from itertools import permutations

import pytest

from hansa.admission.service import Equivocation, Freshness, Via
from hansa.kernel.verdict import Reason
from tests.admission.memory import KINDS, gate
from tests.attacks.specimens import NOW, key, proved, refusal

ALICE, BOB = key(1), key(2)
DURABLE = [kind for kind, freshness in KINDS.items() if freshness is Freshness.DURABLE]


@pytest.mark.parametrize("via", [Via.FEED, Via.FILE, Via.LOCAL])
@pytest.mark.parametrize(("first", "second"), [(a, b) for a in DURABLE for b in DURABLE])
def test_the_second_record_of_a_number_is_refused_with_the_proof(first: str, second: str, via: Via) -> None:
    one, two = proved(ALICE, {"n": 1}, kind=first, seq=7), proved(ALICE, {"n": 2}, kind=second, seq=7)
    door = gate()
    door.take(one, via)
    refused = refusal(door.take, two, via)
    assert isinstance(refused, Equivocation)
    assert refused.reason is Reason.EQUIVOCATION
    assert (refused.first, refused.second) == (one.id, two.id)


def test_both_sides_of_a_split_view_find_it_when_they_exchange_records() -> None:
    one, two = proved(ALICE, {"n": 1}, seq=7), proved(ALICE, {"n": 2}, seq=7)
    left, right = gate(), gate()
    left.take(one)
    right.take(two)
    proofs = [refusal(left.take, two), refusal(right.take, one)]
    assert [{proof.first, proof.second} for proof in proofs] == [{one.id, two.id}] * 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whichever_comes_first_stays_and_every_other_is_refused(order: tuple[int, ...]) -> None:
    records = [proved(ALICE, {"n": n}, seq=7) for n in range(3)]
    door = gate()
    first, *others = [records[n] for n in order]
    door.take(first)
    assert {refusal(door.take, other).first for other in others} == {first.id}
    assert door.memory.at_sequence(first.author, 7) == first.id


@pytest.mark.parametrize(
    ("field", "value"), [("created", NOW + 1), ("expires", NOW + 1), ("recipient", gate().admission.me)]
)
def test_a_change_of_any_field_makes_it_another_record(field: str, value: object) -> None:
    door = gate()
    door.take(proved(ALICE, seq=7))
    assert refusal(door.take, proved(ALICE, seq=7, **{field: value})).reason is Reason.EQUIVOCATION


def test_the_same_record_again_is_a_duplicate_and_no_blame() -> None:
    door, record = gate(), proved(ALICE, seq=7)
    door.take(record)
    assert refusal(door.take, record).reason is Reason.DUPLICATE


def test_two_authors_may_use_one_number() -> None:
    door = gate()
    door.take(proved(ALICE, seq=7))
    assert door.take(proved(BOB, seq=7))
