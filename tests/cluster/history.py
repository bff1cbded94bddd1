"""What was sent, what was answered, what was seen: and which of the promises L1 to L8 that breaks.

A pure check of a history, apart from the field that it comes from, so that histories that are bad on purpose can be
held against it (`test_history`). L2 and L5 are about stores with a quorum and about votes; no node has these yet.

| promise | broken by |
|---|---|
| L1 acknowledged is durable | an acknowledged record that is not held, or not once in the feed; in the end, anywhere |
| L3 convergence | nodes whose holdings differ when the time after a healing is over |
| L4 effects once | a record twice in a feed or a store, two effects of one record, or acknowledged twice by one node |
| L6 no zombies | a skill whose tombstone was acknowledged, and that is not removed where the tombstone is held |
| L7 no silent drop | counters that do not balance; a message without an answer by a node to which nothing happened |
| L8 no bad data served | a record whose bytes are withheld, not those of its id, or not signed by its author |
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hansa.identity.envelope import Signed


class Law(StrEnum):
    """The promises that are checked."""

    L1 = "L1"
    L3 = "L3"
    L4 = "L4"
    L6 = "L6"
    L7 = "L7"
    L8 = "L8"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken."""

    law: Law
    node: int
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.law} at node {self.node}: {self.what}"


@dataclass(frozen=True, slots=True)
class View:
    """What one node holds and shows at one time.

    Attributes:
        feed: ids and signed bytes of its feed, in order; "" for bytes that it withholds.
        held: ids of the records in its store that were sent.
        effects: ids of the records of which an effect is in the store: a finding that counts, a tombstone that binds.
        skills: the state of each skill that was sent.
        balanced: what it says of its counters.
        damage: what its own check of its store, and the coherence of its tables, found.
    """

    node: int
    feed: Sequence[tuple[str, str]] = ()
    held: Sequence[str] = ()
    effects: Sequence[str] = ()
    skills: dict[str, str] = field(default_factory=dict)
    balanced: bool = True
    damage: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Healing:
    """How long after a healing all nodes held the same; `None` when they did not in time."""

    fault: str
    seconds: float | None
    bound: float


@dataclass
class History:
    """What the test did, and what it was told; several threads write it.

    Attributes:
        sent: each record of which a byte may have left, by its id.
        told: which node acknowledged which records, in the order of the answers; 409 is no acknowledgement.
        removes: the skill that a tombstone takes back, by the id of the tombstone.
        refusals: answers other than taken and duplicate, with their reasons.
        unanswered: node and record, where an answer was cut off; `excused` says of a node whether it then might.
        healings: one for each.
    """

    sent: dict[str, Signed] = field(default_factory=dict)
    told: list[tuple[int, str]] = field(default_factory=list)
    removes: dict[str, str] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    unanswered: list[tuple[int, str]] = field(default_factory=list)
    unexcused: list[tuple[int, str]] = field(default_factory=list)
    healings: list[Healing] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sends(self, records: Iterable[Signed]) -> None:
        """Notes records before they leave."""
        with self.lock:
            self.sent |= {one.id: one for one in records}

    def acknowledged(self, node: int, record: str) -> None:
        """Notes that a node took a record."""
        with self.lock:
            self.told.append((node, record))

    def refused(self, node: int, record: str, reason: str) -> None:
        """Notes that a node did not take a record."""
        with self.lock:
            if reason == "duplicate":
                self.duplicates += 1
            else:
                self.refusals[reason] += 1

    def unheard(self, node: int, record: str, excused: bool) -> None:
        """Notes that no answer came."""
        with self.lock:
            self.unanswered.append((node, record))
            if not excused:
                self.unexcused.append((node, record))

    def told_by(self, node: int) -> list[str]:
        """Returns what a node acknowledged."""
        with self.lock:
            return [record for number, record in self.told if number == node]

    @property
    def acknowledged_ids(self) -> dict[str, None]:
        """What any node acknowledged."""
        with self.lock:
            return dict.fromkeys(record for _, record in self.told)


def check(history: History, views: Sequence[View], is_sound: Callable[[str, str], bool]) -> list[Violation]:
    """Returns what a history and what the nodes show in the end break.

    Args:
        is_sound: says whether bytes are those of a record with an id, and signed by its author.
    """
    found = [
        Violation(Law.L3, -1, f"{one.fault}: nodes differ {one.bound:.0f} s after the healing")
        for one in history.healings
        if one.seconds is None or one.seconds > one.bound
    ]
    twice = Counter(history.told)
    found += [Violation(Law.L4, node, f"{id_} acknowledged {n} times") for (node, id_), n in twice.items() if n > 1]
    found += [Violation(Law.L7, node, f"no word on {id_}") for node, id_ in history.unexcused]
    found += [
        Violation(Law.L1, view.node, f"{id_}, acknowledged elsewhere, is not here")
        for view in views
        for id_ in sorted(history.acknowledged_ids.keys() - set(view.held))
    ]
    for view in views:
        found += check_node(history, view, is_sound)
    return found


def check_node(history: History, view: View, is_sound: Callable[[str, str], bool]) -> list[Violation]:
    """Returns what one node breaks by itself, at any time: it need not have heard of the others' records."""
    broken: list[tuple[Law, str]] = []
    fed, held = Counter(id_ for id_, _ in view.feed), Counter(view.held)
    for id_ in history.told_by(view.node):
        if not held[id_]:
            broken.append((Law.L1, f"{id_} was acknowledged and is lost"))
        if fed[id_] != 1:
            broken.append((Law.L1, f"{id_} was acknowledged and is {fed[id_]} times in the feed"))
    for name, counted in (("feed", fed), ("store", held), ("effects", Counter(view.effects))):
        broken += [(Law.L4, f"{id_} is {times} times in the {name}") for id_, times in counted.items() if times > 1]
    for tombstone, skill in history.removes.items():
        state = view.skills.get(skill)
        if tombstone in held and state is not None and state != "removed":
            broken.append((Law.L6, f"{skill} is {state}, though {tombstone} takes it back"))
    if not view.balanced:
        broken.append((Law.L7, "its counters do not balance"))
    broken += [(Law.L8, f"{id_} is served and not sound") for id_, raw in view.feed if not is_sound(id_, raw)]
    broken += [(Law.L8, one) for one in view.damage]
    return [Violation(law, view.node, what) for law, what in broken]
