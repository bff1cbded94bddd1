"""Digests of what is held say which ids there are, and nothing else."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hansa.overlay.holdings import DIGITS, LEAF, Holdings, digest_of


def made(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


few = st.lists(st.integers(0, 400), max_size=120)
prefixes = st.text(DIGITS, max_size=4)


@given(few, prefixes)
def test_a_digest_is_the_one_of_its_definition(numbers: list[int], prefix: str) -> None:
    ids = [made(number) for number in numbers]
    assert Holdings(ids).digest(prefix) == digest_of(ids, prefix)


@given(st.sets(st.integers(0, 60), max_size=40), st.sets(st.integers(0, 60), max_size=40))
def test_equal_digests_are_equal_sets(one: set[int], other: set[int]) -> None:
    a, b = Holdings(map(made, sorted(one))), Holdings(map(made, sorted(other, reverse=True)))
    assert (a.digest() == b.digest()) is (one == other)


def test_ids_that_share_their_beginning_are_told_apart() -> None:
    alike = [bytes(31) + bytes([number]) for number in range(LEAF + 2)]
    assert Holdings(alike).digest() == digest_of(alike)
    assert Holdings(alike).digest() != Holdings(alike[1:]).digest()
    assert Holdings(alike).count("0" * 62) == LEAF + 2
    assert Holdings([b"\xff" * 32]).below("f" * 64) == [b"\xff" * 32]


class Machine(RuleBasedStateMachine):
    """A set of ids beside Python's own."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.model = Holdings(), set[bytes]()

    @rule(numbers=st.lists(st.integers(0, 200), min_size=1, max_size=60))
    def add(self, numbers: list[int]) -> None:
        for id_ in map(made, numbers):
            assert self.held.add(id_) is (id_ not in self.model)
            self.model.add(id_)

    @rule(number=st.integers(0, 200))
    def drop(self, number: int) -> None:
        assert self.held.drop(made(number)) is (made(number) in self.model)
        self.model.discard(made(number))

    @rule(prefix=prefixes)
    def ask_for_parts(self, prefix: str) -> None:
        assert self.held.parts(prefix) == tuple(digest_of(self.model, prefix + digit) for digit in DIGITS)

    @rule(prefix=prefixes, limit=st.integers(0, 50))
    def list_some(self, prefix: str, limit: int) -> None:
        ids = sorted(one for one in self.model if one.hex().startswith(prefix))
        assert self.held.below(prefix) == ids
        assert self.held.below(prefix, limit) == ids[:limit]
        assert self.held.count(prefix) == len(ids)

    @invariant()
    def the_same_set_has_the_same_digest(self) -> None:
        assert len(self.held) == len(self.model)
        assert self.held.digest() == digest_of(self.model)


TestHoldings = Machine.TestCase
