"""Accounts: what a history adds up to, whatever its length, and that malice is not averaged away."""

from __future__ import annotations

import sys
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from hansa.conduct.account import DOMAINS, FIRST_DEBT, HALF, MILLION, WINDOW, Account, Deed, Window
from hansa.conduct.beta import lower_bound
from hansa.conduct.dealings import KINDS, Dealing, is_malice
from hansa.conduct.reputation import reputation
from hansa.conduct.trust import FULL, trust
from hansa.kernel.instant import DAY, Instant
from tests.conduct.deeds import GOOD, HISTORIES, MALICE, START, WRONG, account
from tests.growth import growth


@given(st.lists(st.booleans(), max_size=300))
@example([True] * 150 + [False] * 20)
def test_a_window_holds_the_last_dealings_one_by_one(seen: list[bool]) -> None:
    window = Window()
    for good in seen:
        window.add(good)
    kept = seen[-WINDOW:]
    assert (window.good, window.bad) == (kept.count(True), kept.count(False))
    runs = [kept[-number:] for number in range(1, len(kept) + 1)]
    assert window.sure == max((lower_bound(one.count(True), one.count(False)) for one in runs), default=0)


@given(HISTORIES)
def test_sums_are_those_of_the_list(deeds: list[Deed]) -> None:
    held = account(deeds)
    assert (held.good, held.bad) == (sum(one.good for one in deeds), sum(not one.good for one in deeds))
    assert held.offences == sum(one.malice for one in deeds)
    last = max((number for number, one in enumerate(deeds, 1) if one.malice), default=0)
    for name in {one.domain for one in deeds}:
        mine = [one.good for one in deeds[last:] if one.domain == name][-WINDOW:]
        assert (held.domain(name).good, held.domain(name).bad) == (mine.count(True), mine.count(False))


@given(HISTORIES)
def test_the_summary_is_the_formula_of_h7_to_a_millionth_for_each_dealing(deeds: list[Deed]) -> None:
    exact = 0.5
    for one in deeds:
        exact = 0.9 * exact + 0.1 * (1.0 if one.good else 0.0)
    assert abs(account(deeds).reputation / MILLION - exact) <= 10 / MILLION


def test_the_summary_begins_at_a_half_and_trusts_from_four_fifths_on() -> None:
    assert Account().reputation == HALF
    ten = [reputation(account([GOOD] * n), "parsing").trusted for n in range(12)]
    assert ten.index(True) == 9


def test_malice_ends_trust_at_once_however_much_good_there_was() -> None:
    before, after = account([GOOD] * 10_000), account([*[GOOD] * 10_000, MALICE])
    assert reputation(before, "parsing").sure > 900
    found = reputation(after, "parsing")
    assert (found.sure, found.trusted, found.malice) == (0, False, True)
    assert found.summary == before.reputation * 9 // 10, "the formula stays what it is; it decides nothing alone"


def test_sixteen_good_dealings_in_a_row_make_up_for_malice_and_twice_as_many_for_the_next() -> None:
    debts = []
    held = Account()
    for _ in range(4):
        held.add(MALICE)
        debts.append(held.debt)
        for _ in range(held.debt):
            assert held.debt
            held.add(GOOD)
        assert not held.debt
    assert debts == [FIRST_DEBT, 2 * FIRST_DEBT, 4 * FIRST_DEBT, 8 * FIRST_DEBT]


@given(st.integers(1, FIRST_DEBT - 1))
def test_a_wrong_on_the_way_back_begins_the_way_again(good: int) -> None:
    assert account([MALICE, *[GOOD] * good, WRONG]).debt == FIRST_DEBT


def test_days_forgive_wrongs_and_never_malice() -> None:
    held = account([WRONG, WRONG, MALICE])
    assert held.wrongs(START) == 30
    assert held.wrongs(Instant(START + 7 * DAY)) == 23
    assert held.wrongs(Instant(START + 400 * DAY)) == 0
    assert account([MALICE, replace(GOOD, at=Instant(START + 400 * DAY))]).debt == FIRST_DEBT - 1


@given(HISTORIES)
def test_what_was_made_before_what_is_in_already_counts_as_made_with_it(deeds: list[Deed]) -> None:
    latest, straight = START, []
    for one in deeds:
        latest = Instant(max(latest, one.at))
        straight.append(replace(one, at=latest))
    one, other = account(deeds), account(straight)
    assert (one.bond, one.debt, one.settled) == (other.bond, other.debt, other.settled)


def test_domains_beyond_the_bound_are_kept_together_and_trusted_for_nothing() -> None:
    held = account(replace(GOOD, domain=f"tag {n}") for n in range(DOMAINS + 50))
    assert len(held.domains) == DOMAINS + 1
    assert held.domain(f"tag {DOMAINS + 1}").length == 0
    assert held.good == DOMAINS + 50


def test_an_event_costs_the_same_however_many_there_were() -> None:
    held = {size: account([GOOD] * size) for size in (2_000, 8_000)}

    def some_more(history: str) -> None:
        for _ in range(300):
            held[len(history)].add(GOOD)

    assert growth(some_more, "x", 2_000) < 2  # a list that is scanned would take 4 times as long


def test_an_account_is_as_large_after_ten_thousand_dealings_as_after_a_thousand() -> None:
    def size(held: Account) -> int:
        return sum(sys.getsizeof(one.bits) for one in [held.whole, *held.domains.values(), *held.terms.values()])

    assert size(account([GOOD] * 10_000)) == size(account([GOOD] * 1_000))


def test_the_table_of_dealings_is_whole_and_says_what_is_malice() -> None:
    assert set(KINDS) == set(Dealing)
    assert all(one.weight for one in KINDS.values())
    assert not any(one.malice and one.good for one in KINDS.values())
    assert is_malice(Dealing.SKILL_REFUTED, "sandbox_network_access")
    assert not is_malice(Dealing.SKILL_REFUTED, "refuted")
    assert not is_malice(Dealing.SKILL_REPROVED, "sandbox_network_access")


# ---- trust (M13)


def test_trust_is_the_weighted_sum_of_its_four_terms() -> None:
    found = trust(account([*[GOOD] * 40, *[replace(GOOD, dealing=Dealing.LEASE_HONOURED)] * 20]))
    assert (found.reliability, found.accuracy) == (lower_bound(20, 0), lower_bound(40, 0))
    assert (found.contribution, found.security) == (1000, lower_bound(60, 0))
    weighted = 0.4 * found.reliability + 0.3 * found.accuracy + 0.2 * found.contribution + 0.1 * found.security
    assert found.total == int(weighted)


@given(HISTORIES)
def test_trust_lies_between_nothing_and_all_and_a_newcomer_has_none(deeds: list[Deed]) -> None:
    assert trust(Account()).total == 0
    assert 0 <= trust(account(deeds)).total <= 1000


@given(HISTORIES)
def test_malice_ends_trust(deeds: list[Deed]) -> None:
    assert trust(account([*deeds, replace(MALICE, dealing=Dealing.EQUIVOCATED)])).total == 0


def test_contribution_is_whole_from_so_many_dealings_on() -> None:
    assert [trust(account([GOOD] * n)).contribution for n in (0, FULL // 2, FULL, 3 * FULL)] == [0, 500, 1000, 1000]
