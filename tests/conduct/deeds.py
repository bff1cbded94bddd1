"""Deeds of every kind, for tests."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from hansa.conduct.account import Account, Deed
from hansa.conduct.dealings import MALICIOUS, Dealing
from hansa.conduct.standing import Params, PolicyName
from hansa.kernel.instant import DAY, Instant

START = Instant(1_790_000_000_000)

GOOD = Deed(START, Dealing.SKILL_REPROVED, "", "parsing")
WRONG = Deed(START, Dealing.SKILL_REFUTED, "refuted", "parsing")
MALICE = Deed(START, Dealing.SKILL_REFUTED, "sandbox_file_access", "parsing")

DOMAINS = ("parsing", "text", "dates")
TIMES = st.integers(0, 200 * DAY).map(lambda offset: Instant(START + offset))
DEEDS = st.builds(
    Deed,
    TIMES,
    st.sampled_from(Dealing),
    st.sampled_from(("", "refuted", *sorted(MALICIOUS))),
    st.sampled_from(DOMAINS),
)
HISTORIES = st.lists(DEEDS, max_size=60)


def account(deeds: Iterable[Deed], params: Params | None = None) -> Account:
    """Returns the account that deeds add up to."""
    used = params or Params()
    made = Account(used.patience, used.policy is PolicyName.CLASSIC)
    for deed in deeds:
        made.add(deed)
    return made
