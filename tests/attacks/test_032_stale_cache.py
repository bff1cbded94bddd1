"""Attack 32: an answer that was true once, state that is lost. A score follows from what is durable and the time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct import AllianceTracker, InteractionType, Relationship
from hansa.conduct.account import Deed
from hansa.conduct.dealings import Dealing
from hansa.kernel.instant import DAY
from tests.attacks.society import NOW, Observer, node
from tests.conduct.deeds import HISTORIES, account
from tests.conduct.test_standing import stand
from tests.node.test_conduct import b_reads, goods, league, push
from tests.node.world import World

CLOCK = [0]


@given(HISTORIES, st.integers(0, 60))
def test_asking_in_between_changes_no_later_answer(deeds: list[Deed], ask_every: int) -> None:
    once = account(deeds)
    often = account([])
    for number, deed in enumerate(deeds):
        often.add(deed)
        if ask_every and not number % ask_every:
            often.wrongs(deed.at)
            assert often.whole.sure >= 0
    assert (once.bond, once.debt, once.whole, once.domains) == (often.bond, often.debt, often.whole, often.domains)


@given(HISTORIES)
def test_a_question_about_another_time_changes_nothing(deeds: list[Deed]) -> None:
    held = stand(deeds, now=NOW)
    for days in (0, 1000, 1):
        stand(deeds, now=type(NOW)(NOW + days * DAY))
    assert stand(deeds, now=NOW) == held


def test_a_class_ages_while_nobody_asks() -> None:
    tracker = AllianceTracker(now=lambda: CLOCK[0])
    for _ in range(3):
        tracker.record_interaction("ann", InteractionType.REPLY_POSITIVE)
    assert tracker.classify("ann") is Relationship.ALLY
    CLOCK[0] += 91 * DAY
    assert tracker.classify("ann") is Relationship.NEUTRAL
    CLOCK[0] = 0


def test_what_came_since_somebody_asked_counts_when_they_are_asked_for_again() -> None:
    seen = Observer()
    rungs = []
    for _ in range(17):
        rungs.append(seen.accounts.decide(node("ann"), NOW, "text").rung)
        seen.keep("observer", "ann", Dealing.SKILL_REPROVED)
    assert rungs == [0] * 3 + [2] * 13 + [3]


def test_what_is_forgotten_in_memory_is_folded_again_alike() -> None:
    seen = Observer()
    for number in range(30):
        seen.keep("observer", "ann", Dealing.SKILL_REPROVED if number % 7 else Dealing.SKILL_REFUTED, "refuted")
    before = seen.accounts.decide(node("ann"), NOW, "text")
    fresh = Observer(store=seen.store)
    assert fresh.accounts.decide(node("ann"), NOW, "text") == before


async def test_every_acknowledged_dealing_is_there_after_a_restart(world: World) -> None:
    hub, a, b, _ = league(world)
    for start in (100, 200):
        await push(hub, a, *goods(world, 5, start))
        await b_reads(hub, b)
    before = [(one.node.core.accounts.account(a.id).good, one.node.conduct.decide(a.id)) for one in (hub, b)]
    after = [world.restart(hub), world.restart(b)]
    assert [(one.node.core.accounts.account(a.id).good, one.node.conduct.decide(a.id)) for one in after] == before
    assert before[0][0] == 10
