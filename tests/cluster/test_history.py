"""Each check of a history finds what was planted for it, and nothing in a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hansa.identity.envelope import Signed
from tests.attacks.specimens import key, sealed
from tests.cluster.history import Healing, History, Law, View, check, check_node
from tests.cluster.looking import is_sound

SKILL = sealed(key(1), seq=1)
FINDING = sealed(key(1), kind="evidence", seq=2)
TOMBSTONE = sealed(key(1), kind="tombstone", seq=3)
RECORDS = (SKILL, FINDING, TOMBSTONE)

Planted = tuple[History, list[View]]


def shown(*records: Signed) -> list[tuple[str, str]]:
    return [(one.id, one.raw.decode()) for one in records]


def good() -> Planted:
    """Returns a history in which three nodes took a record each, and all three have all of them in the end."""
    history = History()
    history.sends(RECORDS)
    history.removes[TOMBSTONE.id] = "skill"
    held = [one.id for one in RECORDS]
    views = []
    for number, record in enumerate(RECORDS):
        history.acknowledged(number, record.id)
        effects = [FINDING.id, TOMBSTONE.id]
        views.append(View(number, shown(record), held, effects, {"skill": "removed"}))
    history.refused(1, SKILL.id, "duplicate")
    history.unheard(2, FINDING.id, excused=True)
    history.healings.append(Healing("halves", 3.0, 10.0))
    return history, views


def lost_where_acknowledged(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], held=[FINDING.id, TOMBSTONE.id], feed=[])


def lost_elsewhere(history: History, views: list[View]) -> None:
    views[2] = replace(views[2], held=[FINDING.id, TOMBSTONE.id])


def not_in_the_feed(history: History, views: list[View]) -> None:
    views[1] = replace(views[1], feed=[])


def never_the_same(history: History, views: list[View]) -> None:
    history.healings.append(Healing("alone", None, 10.0))


def the_same_too_late(history: History, views: list[View]) -> None:
    history.healings.append(Healing("alone", 10.1, 10.0))


def twice_in_the_feed(history: History, views: list[View]) -> None:
    history.told.remove((1, FINDING.id))  # so that only the copy is wrong
    views[1] = replace(views[1], feed=shown(FINDING, FINDING))


def twice_in_the_store(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], held=[*views[0].held, SKILL.id])


def counts_twice(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], effects=[FINDING.id, FINDING.id])


def acknowledged_twice(history: History, views: list[View]) -> None:
    history.acknowledged(0, SKILL.id)


def back_from_the_dead(history: History, views: list[View]) -> None:
    views[2] = replace(views[2], skills={"skill": "admitted"})


def uncounted(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], balanced=False)


def no_word(history: History, views: list[View]) -> None:
    history.unheard(0, SKILL.id, excused=False)


def other_bytes(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], feed=[(SKILL.id, FINDING.raw.decode())])


def forged(history: History, views: list[View]) -> None:
    raw = SKILL.raw.decode()
    place = raw.index('"sig":"') + 7
    other = "A" if raw[place] != "A" else "B"
    views[0] = replace(views[0], feed=[(SKILL.id, raw[:place] + other + raw[place + 1 :])])


def withheld(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], feed=[(SKILL.id, "")])


def damaged(history: History, views: list[View]) -> None:
    views[0] = replace(views[0], damage=["a page of the store"])


BAD: tuple[tuple[Callable[[History, list[View]], None], Law, int], ...] = (
    (lost_where_acknowledged, Law.L1, 0),
    (lost_elsewhere, Law.L1, 2),
    (not_in_the_feed, Law.L1, 1),
    (never_the_same, Law.L3, -1),
    (the_same_too_late, Law.L3, -1),
    (twice_in_the_feed, Law.L4, 1),
    (twice_in_the_store, Law.L4, 0),
    (counts_twice, Law.L4, 0),
    (acknowledged_twice, Law.L4, 0),
    (back_from_the_dead, Law.L6, 2),
    (uncounted, Law.L7, 0),
    (no_word, Law.L7, 0),
    (other_bytes, Law.L8, 0),
    (forged, Law.L8, 0),
    (withheld, Law.L8, 0),
    (damaged, Law.L8, 0),
)


def test_a_good_history_breaks_nothing() -> None:
    assert check(*good(), is_sound) == []


@pytest.mark.parametrize(("plant", "law", "node"), BAD, ids=[plant.__name__ for plant, _, _ in BAD])
def test_a_bad_history_is_found_out(plant: Callable[[History, list[View]], None], law: Law, node: int) -> None:
    history, views = good()
    plant(history, views)
    assert {(one.law, one.node) for one in check(history, views, is_sound)} == {(law, node)}


def test_a_node_that_was_killed_need_not_have_what_others_took() -> None:
    history, _ = good()
    alone = View(0, shown(SKILL), [SKILL.id], [], {"skill": "quarantined"})
    assert check_node(history, alone, is_sound) == []
    assert [one.law for one in check_node(history, View(0), is_sound)] == [Law.L1, Law.L1]
