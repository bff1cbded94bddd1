"""Attack 26: leaving a bad name behind with a new key. Nobody who is not banned has less than a fresh key has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.account import Deed
from hansa.conduct.standing import Case, Params, Rung, decide
from hansa.conduct.trust import trust
from hansa.kernel.instant import DAY, Instant
from hansa.kernel.verdict import Reason
from tests.conduct.deeds import DOMAINS, HISTORIES, START, account
from tests.node.test_conduct import READER, b_reads, goods, league, push
from tests.node.world import World

NOW = Instant(START + 300 * DAY)
PARAMS = Params()


def privileges(deeds: list[Deed], case: Case, now: Instant) -> tuple[bool, Rung, int]:
    """Returns what somebody may: push at all where only the invited may, how far they have come, their trust."""
    held = account(deeds)
    found = decide(held, case, now, PARAMS)
    return case.invited and found.engage, found.rung, trust(held).total


@given(HISTORIES, st.sampled_from(DOMAINS), st.booleans(), st.integers(0, 1000))
def test_a_fresh_key_never_has_more_than_any_that_is_not_banned(
    deeds: list[Deed], domain: str, invited: bool, days: int
) -> None:
    now = Instant(NOW + days * DAY)
    fresh = privileges([], Case("us", "new", domain=domain), now)
    held = privileges(deeds, Case("us", "old", invited=invited, domain=domain), now)
    assert all(mine >= new for mine, new in zip(held, fresh, strict=True))


@given(HISTORIES, HISTORIES, st.sampled_from(DOMAINS))
def test_rejoining_never_gains_whatever_one_does_from_then_on(
    before: list[Deed], since: list[Deed], domain: str
) -> None:
    stayed = privileges([*before, *since], Case("us", "old", domain=domain), NOW)
    left = privileges(since, Case("us", "new", domain=domain), NOW)
    assert all(old >= new for old, new in zip(stayed, left, strict=True))


async def test_the_second_life_of_an_offender_gains_nothing_on_real_nodes(world: World) -> None:
    hub, _, b, mallory = league(world)
    await push(hub, mallory, READER)
    await b_reads(hub, b)
    reborn = world.settle("reborn")
    old = await push(hub, mallory, *goods(world, 1))
    new = await push(hub, reborn, *goods(world, 1, 200))
    assert (old, new) == ([(403, Reason.BARRED.code)], [(403, Reason.UNKNOWN_PEER.code)])
    for domain in ("", *DOMAINS):
        mine, fresh = b.node.conduct.decide(mallory.id, domain), b.node.conduct.decide(reborn.id, domain)
        assert (mine.rung, fresh.rung) == (Rung.STRANGER, Rung.STRANGER)
