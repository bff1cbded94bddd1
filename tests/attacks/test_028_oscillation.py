"""Attack 28: dealing well until it pays to deal badly, again and again. It pays no more than honesty."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.account import Account, Deed
from hansa.conduct.standing import Case, Decision, Params, Rung, decide
from tests.attacks.specimens import scaled
from tests.conduct.deeds import GOOD, HISTORIES, MALICE, START, WRONG, account

PARAMS = Params()
CASE = Case("us", "them", invited=True, domain="parsing")
WORTH = {Rung.STRANGER: 0, Rung.NEWCOMER: 1, Rung.KNOWN: 2, Rung.TRUSTED: 3}
"""What a dealing brings its author, by how far they have come; a bad one brings no more, for nothing bad is used."""

BLOW = 3
"""What a bad deed may bring on top, where somebody relied on it: as much as being trusted once."""


def found(held: Account) -> Decision:
    return decide(held, CASE, START, PARAMS)


def gain(pattern: tuple[Deed, ...], rounds: int) -> int:
    """Returns what somebody gains who repeats a pattern of deeds; a blow pays where they were dealt with."""
    held, sum_ = Account(), 0
    for number in range(rounds):
        deed, stands = pattern[number % len(pattern)], found(held)
        if stands.engage:
            sum_ += WORTH[stands.rung] + (0 if deed.good else min(BLOW, WORTH[stands.rung]))
        held.add(deed)
    return sum_


def test_no_pattern_of_good_and_bad_gains_more_than_honesty_in_the_long_run() -> None:
    rounds = 600
    honest = gain((GOOD,), rounds)
    for length in range(1, 8):
        for pattern in product((GOOD, WRONG, MALICE), repeat=length):
            assert gain(pattern, rounds) <= honest + BLOW, pattern


def test_no_longer_run_of_goodness_before_a_blow_gains_more_than_honesty() -> None:
    for bad in (WRONG, MALICE):
        for run in range(1, scaled(60)):
            rounds = 40 * (run + 1)
            assert gain((*[GOOD] * run, bad), rounds) <= gain((GOOD,), rounds) + BLOW, (bad.reason, run)


@given(HISTORIES)
def test_a_proven_malicious_artefact_ends_trust_at_once(deeds: list[Deed]) -> None:
    held = account([*deeds, MALICE])
    assert (found(held).engage, found(held).rung) == (False, Rung.STRANGER)
    assert held.whole.sure == 0


@given(HISTORIES, st.integers(0, 15))
def test_it_takes_sixteen_verified_goods_to_be_trusted_again(deeds: list[Deed], good: int) -> None:
    held = account([*deeds, MALICE, *[GOOD] * good])
    assert found(held).rung < Rung.TRUSTED
    assert not found(held).engage
    for _ in range(held.debt):
        held.add(GOOD)
    assert found(held).reason != "proven_malice"
    assert found(held).rung is Rung.TRUSTED
    assert held.domain("parsing").sure >= 800
