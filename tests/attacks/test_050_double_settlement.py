"""Attack 50: double settlement, and amounts that are no amounts.

Passes when amounts are whole millionths from 0 on, every entry is made once whatever comes twice, in whatever order,
and all balances together are 0 at every moment.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.market.accounts import MOST, Accounts, Entry
from tests.market.things import an_id, node

PARTIES = [node(name) for name in "abcd"]

entries = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(PARTIES), st.sampled_from(PARTIES), st.integers(0, 10**12)),
    max_size=60,
)


@given(entries, st.integers(0, 2**32))
def test_money_is_neither_made_nor_lost_whatever_comes_twice_and_in_whatever_order(drawn: Any, seed: int) -> None:
    accounts, made = Accounts(), dict[int, tuple[Any, ...]]()
    steps = drawn * 2
    Random(seed).shuffle(steps)
    for number, debtor, creditor, amount in steps:
        entry = Entry(an_id(f"lease {number}"), debtor, creditor, amount)
        if debtor == creditor or made.get(number, (debtor, creditor, amount)) != (debtor, creditor, amount):
            with pytest.raises(Refused):
                accounts.enter(entry)
        else:
            assert accounts.enter(entry) is (number not in made)
            made[number] = (debtor, creditor, amount)
        assert sum(map(accounts.balance, PARTIES)) == 0
    for party in PARTIES:
        owed = sum(amount for _, creditor, amount in made.values() if creditor == party)
        owes = sum(amount for debtor, _, amount in made.values() if debtor == party)
        assert accounts.balance(party) == owed - owes
        assert sum(accounts.between(party, other) for other in PARTIES) == owed - owes
    assert Accounts(accounts.entries()).entries() == accounts.entries()


@pytest.mark.parametrize("amount", [-1, 1.0, float("nan"), float("inf"), True, "1", None, MOST + 1, 10**400])
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    accounts = Accounts()
    with pytest.raises(Refused) as refused:
        accounts.enter(Entry(an_id("x"), PARTIES[0], PARTIES[1], amount))
    assert refused.value.reason is Reason.BAD_BODY
    assert accounts.entries() == []


def test_a_lease_is_settled_once_with_one_amount() -> None:
    accounts = Accounts()
    entry = Entry(an_id("lease"), PARTIES[0], PARTIES[1], 700)
    assert [accounts.enter(entry), accounts.enter(entry)] == [True, False]
    with pytest.raises(Refused, match="something else"):
        accounts.enter(Entry(entry.id, PARTIES[0], PARTIES[1], 1))
    assert accounts.balance(PARTIES[1]) == 700
