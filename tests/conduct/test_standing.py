"""What somebody may ask of us: the table of the policy, and what holds for every history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct import classic
from hansa.conduct.account import Account, Deed
from hansa.conduct.classic import UNIT, Relationship, Strategy
from hansa.conduct.dealings import KINDS, Dealing
from hansa.conduct.standing import Case, Decision, Params, PolicyName, Rung, decide
from hansa.kernel.instant import DAY, Instant
from tests.conduct.deeds import DOMAINS, GOOD, HISTORIES, MALICE, START, WRONG, account
from tests.conduct.oracle import exact

NOW = Instant(START + 300 * DAY)
GUEST = Case("us", "them", invited=True, domain="parsing")
STRANGER = replace(GUEST, invited=False)


def stand(deeds: list[Deed], case: Case = GUEST, now: Instant = START, params: Params | None = None) -> Decision:
    used = params or Params()
    return decide(account(deeds, used), case, now, used)


@pytest.mark.parametrize(
    ("deeds", "rung", "reason", "engage"),
    [
        ([], Rung.NEWCOMER, "nothing_proved_yet", True),
        ([WRONG], Rung.NEWCOMER, "answers_a_wrong", True),
        ([WRONG, GOOD], Rung.NEWCOMER, "answers_a_wrong", True),
        ([WRONG, *[GOOD] * 3], Rung.KNOWN, "dealt_well", True),
        ([*[WRONG] * 3, *[GOOD] * 16], Rung.TRUSTED, "proved_in_domain", True),
        ([GOOD], Rung.NEWCOMER, "few_dealings", True),
        ([GOOD] * 3, Rung.KNOWN, "dealt_well", True),
        ([GOOD] * 15, Rung.KNOWN, "dealt_well", True),
        ([GOOD] * 16, Rung.TRUSTED, "proved_in_domain", True),
        ([*[GOOD] * 16, WRONG], Rung.NEWCOMER, "answers_a_wrong", True),
        ([*[GOOD] * 16, WRONG, *[GOOD] * 2], Rung.NEWCOMER, "answers_a_wrong", True),
        ([*[GOOD] * 16, WRONG, *[GOOD] * 3], Rung.KNOWN, "dealt_well", True),
        ([*[GOOD] * 40, WRONG, *[GOOD] * 3], Rung.TRUSTED, "proved_in_domain", True),
        ([WRONG] * 5, Rung.STRANGER, "too_many_wrongs", False),
        ([*[GOOD] * 500, *[WRONG] * 5], Rung.STRANGER, "too_many_wrongs", False),
        ([*[GOOD] * 500, MALICE], Rung.STRANGER, "proven_malice", False),
        ([MALICE, *[GOOD] * 2], Rung.STRANGER, "proven_malice", False),
        ([MALICE, *[GOOD] * 15], Rung.KNOWN, "proven_malice", False),
        ([MALICE, *[GOOD] * 16], Rung.TRUSTED, "proved_in_domain", True),
        ([MALICE, *[GOOD] * 16, MALICE, *[GOOD] * 31], Rung.TRUSTED, "proven_malice", False),
        ([replace(GOOD, dealing=Dealing.EQUIVOCATED)], Rung.STRANGER, "proven_malice", False),
    ],
)
def test_the_table_of_the_policy(deeds: list[Deed], rung: Rung, reason: str, engage: bool) -> None:
    found = stand(deeds)
    assert (found.rung, found.reason, found.engage) == (rung, reason, engage)


def test_whom_nobody_invited_is_a_stranger_until_known() -> None:
    assert [stand([GOOD] * n, STRANGER).rung for n in (0, 2, 3, 16)] == [
        Rung.STRANGER, Rung.STRANGER, Rung.KNOWN, Rung.TRUSTED,
    ]  # fmt: skip


def test_whoever_is_trusted_in_one_domain_is_known_in_others() -> None:
    assert stand([GOOD] * 30, replace(GUEST, domain="dates")).rung is Rung.KNOWN


def test_days_bring_whoever_was_given_up_back_and_malice_never() -> None:
    given_up, malicious = [WRONG] * 5, [MALICE]
    assert not stand(given_up, now=START).engage
    assert stand(given_up, now=Instant(START + DAY)).engage
    assert not stand(malicious, now=Instant(START + 10_000 * DAY)).engage


def test_a_ban_is_a_persons_word() -> None:
    found = stand([GOOD] * 30, replace(GUEST, banned=True))
    assert (found.engage, found.relationship, found.reason) == (False, Relationship.IGNORE, "ignore_list")


@given(HISTORIES, st.sampled_from(DOMAINS), st.booleans())
def test_nobody_who_is_not_banned_has_less_than_a_fresh_key(deeds: list[Deed], domain: str, invited: bool) -> None:
    fresh = stand([], replace(STRANGER, domain=domain), NOW)
    found = stand(deeds, replace(GUEST, domain=domain, invited=invited), NOW)
    assert found.rung >= fresh.rung
    assert found.score >= fresh.score


@given(HISTORIES, HISTORIES, st.sampled_from(DOMAINS), st.booleans())
def test_whoever_goes_on_is_never_behind_a_fresh_key_that_does_the_same(
    before: list[Deed], since: list[Deed], domain: str, invited: bool
) -> None:
    stayed = stand([*before, *since], replace(GUEST, domain=domain, invited=invited), NOW)
    left = stand(since, replace(STRANGER, domain=domain), NOW)
    assert stayed.rung >= left.rung
    assert stayed.score >= left.score


@given(HISTORIES, st.integers(0, 400))
def test_a_good_dealing_costs_nobody_anything(deeds: list[Deed], days: int) -> None:
    now = Instant(START + days * DAY)
    before, after = stand(deeds, now=now), stand([*deeds, replace(GOOD, at=now)], now=max(now, NOW))
    assert after.rung >= before.rung or before.reason != "proven_malice"
    assert after.engage or not before.engage


@given(HISTORIES)
def test_malice_ends_everything_at_once(deeds: list[Deed]) -> None:
    found = stand([*deeds, replace(MALICE, at=NOW)], now=NOW)
    assert (found.rung, found.engage, found.reason) == (Rung.STRANGER, False, "proven_malice")


@given(HISTORIES)
def test_a_decision_is_a_pure_function(deeds: list[Deed]) -> None:
    assert stand(deeds, now=NOW) == stand(deeds, now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"known_from": 0},
        {"trusted_at": 1000},
        {"mended": 0},
        {"verifiers": ("somebody",)},
        {"newcomer_proofs": 0},
    ],
)
def test_parameters_that_make_no_sense_are_named(wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} "):
        Params(**wrong).validate()  # type: ignore[arg-type]


# ---- classic as the node's policy

CLASSIC = Params(PolicyName.CLASSIC)


@given(HISTORIES)
def test_classic_scores_dealings_by_the_protocols_formula(deeds: list[Deed]) -> None:
    ordered = sorted(deeds, key=lambda one: one.at)
    events = [(int(one.at), KINDS[one.dealing].weight) for one in ordered]
    assert stand(ordered, now=NOW, params=CLASSIC).score == exact(events, NOW) * UNIT


def test_classic_begins_friendly_with_everybody() -> None:
    found = stand([], STRANGER, params=CLASSIC)
    assert (found.engage, found.reason) == (True, "unknown_user_start_cooperative")


def test_classic_tosses_its_coin_once_a_day_so_that_nothing_that_is_sent_moves_it() -> None:
    fallen = {
        day: {
            stand([GOOD], replace(GUEST, domain=name), Instant(START + day * DAY), CLASSIC).engage for name in DOMAINS
        }
        for day in range(40)
    }
    assert all(len(one) == 1 for one in fallen.values())
    assert {True, False} == set().union(*fallen.values())


def test_an_empty_account_of_classic_has_no_score() -> None:
    assert decide(Account(with_history=True), GUEST, NOW, CLASSIC).score == 0
    assert isinstance(classic.STRATEGIES[Relationship.ALLY], Strategy)
