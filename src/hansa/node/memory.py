"""What admission must remember, answered from the store; for a group of messages looked up at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property

import msgspec

from hansa.admission.service import Guest
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.node.ports import Store
from hansa.node.rows import PutRecord, PutSkill
from hansa.skills.messages import EVIDENCE, SKILL
from hansa.skills.model import Origin, SkillState, bytes_of_files

REMEMBERED = 20_000
"""Authors of whom the highest number is held in memory."""

FEW = 4
"""Messages up to which each is looked up by itself, since that costs less than one question for all."""


class _Found(msgspec.Struct, frozen=True):
    asked: frozenset[ContentId]
    held: frozenset[ContentId]
    places: dict[tuple[NodeId, int], ContentId]
    guests: dict[NodeId, Guest] = {}
    states: dict[ContentId, SkillState | None] = {}


def _weight(change: PutRecord | PutSkill) -> int:
    """Returns how many bytes of its author's share something takes."""
    if isinstance(change, PutRecord):
        return len(change.row.envelope)
    return bytes_of_files(change.row.body) if change.row.origin is Origin.PEER else 0


def bytes_asked(message: Verified) -> int:
    """Returns how much a message would take of its author's share: itself, and the files that its skill names.

    They are counted when they are named, before any is brought. The body is not held to its shape yet.
    """
    if message.header.kind != SKILL:
        return len(message.raw)
    skill = message.body.get("skill")
    result = skill.get("result") if isinstance(skill, dict) else None
    files = result.get("files") if isinstance(result, dict) else None
    sizes = [one.get("size") for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    return len(message.raw) + sum(size for size in sizes if isinstance(size, int) and size > 0)


class StoreMemory:
    """Implements `admission.service.Memory`.

    What `look_up` has found holds until `leave`. Whoever calls it decides on these messages at once, without waiting
    for anything in between. What is decided on counts toward its author's share from then on, as `coming` first, and
    in the end as `kept`.
    """

    def __init__(self, store: Store, is_barred: Callable[[NodeId], bool] = lambda _: False) -> None:
        """Reads from `store`; `is_barred` says whom this node's policy does not deal with."""
        self._store = store
        self._is_barred = is_barred
        self._found: _Found | None = None
        self._held = 0
        self._last: dict[NodeId, int] = {}
        self._coming: Counter[NodeId] = Counter()
        self._leaving: Counter[NodeId] = Counter()

    @cached_property
    def _bytes(self) -> Counter[NodeId]:
        """What each author has in the store: counted when first asked for, and kept up by `kept`."""
        counted = Counter(self._store.sizes())
        self._held = counted.total()
        return counted

    def kept(self, change: PutRecord | PutSkill) -> None:
        """Counts a record that was just kept, or the files that a skill of a peer names."""
        author = change.row.author
        if isinstance(change, PutRecord) and author in self._last and change.row.seq > self._last[author]:
            self._last[author] = change.row.seq
        if "_bytes" in self.__dict__:
            weight = _weight(change)
            self._bytes[author] += weight
            self._held += weight

    def bytes_of(self, author: NodeId) -> int:
        """Returns how many bytes of records are held of an author, and are about to be."""
        return self._bytes[author] + self._leaving[author] + self._coming[author]

    def bytes_held(self) -> int:
        """Returns how many bytes of records are held in all."""
        return self._held if "_bytes" in self.__dict__ else self._bytes.total()

    def coming(self, change: PutRecord | PutSkill) -> None:
        """Counts what was decided on and is about to be written."""
        self._bytes  # noqa: B018 - counted before any of it is in the store, or it would count twice
        self._coming[change.row.author] += _weight(change)

    def look_up(self, messages: Sequence[Verified]) -> None:
        """Looks up what admission will ask about these messages."""
        if len(messages) <= FEW:
            self._found = _Found(frozenset(), frozenset(), {})
            return
        known = [one for one in messages if not self._is_newest(one.author, one.header.seq)]
        self._found = _Found(
            frozenset([one.id for one in messages]),
            frozenset(self._store.held([one.id for one in known])),
            self._store.records_at([(one.author, one.header.seq) for one in known]),
        )
        with suppress(HansaError):  # a damaged row: then each finding asks for its own skill
            self._found.states.update(self._states(messages))

    def leave(self) -> Counter[NodeId]:
        """Forgets what was looked up: from now on each question goes to the store.

        Returns:
            What was coming, by author; it still counts, until it is handed to `arrive`.
        """
        self._found = None
        leaving, self._coming = self._coming, Counter()
        for author, size in leaving.items():
            self._leaving[author] += size
        return leaving

    def arrive(self, leaving: Counter[NodeId]) -> None:
        """Takes off what is written by now, and counted as kept, or will never be; a second time changes nothing."""
        for author, size in leaving.items():
            self._leaving[author] -= size
            if not self._leaving[author]:
                del self._leaving[author]
        leaving.clear()

    def holds(self, message: ContentId) -> bool:
        """Says whether a record with this id is held."""
        if self._found and message in self._found.asked:
            return message in self._found.held
        return bool(self._store.held([message]))

    def at_sequence(self, author: NodeId, seq: int) -> ContentId | None:
        """Returns the record that has this sequence number."""
        if self._found and self._found.asked:
            return self._found.places.get((author, seq))
        return self._store.record_at(author, seq)

    def live_floor(self, author: NodeId) -> int:
        """Returns the highest sequence number of a live message taken from `author`."""
        peer = self._store.peer(author)
        return peer.live_seq if peer else -1

    def guest(self, author: NodeId) -> Guest:
        """Returns what the operator has settled about `author`."""
        guest = self._found.guests.get(author) if self._found else None
        if guest is None:
            peer = self._store.peer(author)
            barred = self._is_barred(author)
            guest = Guest(peer.invited, peer.banned, peer.per_minute, barred) if peer else Guest(barred=barred)
            if self._found:
                self._found.guests[author] = guest
        return guest

    def state(self, skill: ContentId) -> SkillState | None:
        """Returns the state of a skill; None when it is not held here."""
        if self._found is None:
            return self._store.skill_state(skill)
        if skill not in self._found.states:
            self._found.states[skill] = self._store.skill_state(skill)
        return self._found.states[skill]

    def _states(self, messages: Sequence[Verified]) -> dict[ContentId, SkillState | None]:
        """Returns the states of the skills that findings are about."""
        about = (one.body.get("skill") for one in messages if one.header.kind == EVIDENCE)
        skills = list(dict.fromkeys(ContentId(one) for one in about if isinstance(one, str)))
        held = self._store.owners(skills)
        return {one: held[one][1] if one in held else None for one in skills}

    def _is_newest(self, author: NodeId, seq: int) -> bool:
        """Says whether an author's number is above all that are held: then it is not, nor is what it numbers."""
        if author not in self._last:
            if len(self._last) >= REMEMBERED:
                self._last.clear()
            withheld = self._store.record_at(author, -1)  # and with it the numbers that such records had before
            self._last[author] = MAX_SAFE_INTEGER if withheld else self._store.last_seq(author)
        return seq > self._last[author]
