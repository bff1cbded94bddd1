"""Sharing notes with peers, and keeping those of peers apart until they may be used (`skills.sharing`).

A note of a peer is a record and nothing else while it waits: it is in no list of notes, so that no recall, no summary
and no agent comes upon it. Once it is borne out, or the operator takes it, it becomes a note marked with its origin.
What the operator dropped stays dropped, whoever says it again. What was taken in stays until `reflect prune`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.admission.service import Admitted
from hansa.identity.envelope import Verified
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.disproof import as_found
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import OutboxRow, PutMark, PutOutbox, PutRecord, PutReflection
from hansa.node.shelf import record_row
from hansa.node.vault import open_record
from hansa.skills import sharing
from hansa.skills.reflections import By, Reflection
from hansa.skills.sharing import REFLECTION, ReflectionBody

TURN = "notes"
"""Name of the turn in which the list of shared notes grows; held after that of the note."""

COUNT = "shared notes"
OF_STRANGERS = "shared notes of strangers"
APPROVED, DROPPED, BORNE_OUT = "approved", "dropped", "borne out"


@dataclass(frozen=True, slots=True)
class Shared:
    """A note that was shared, or would be.

    Attributes:
        record: id of the signed message; None for a dry run.
        new: False when this node had shared the same before.
    """

    reflection: Reflection
    pattern: ContentId
    record: ContentId | None
    to: tuple[str, ...]
    new: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A note of others that is not used here.

    Attributes:
        authors: who said it, the first one first; with whether each is known here.
    """

    pattern: ContentId
    body: ReflectionBody
    at: int
    authors: tuple[tuple[NodeId, bool], ...]


class Sharing:
    """This node's shared notes, own ones and those of others."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core

    async def share(self, one: Reflection, to: Sequence[str] = (), dry_run: bool = False) -> Shared:
        """Signs a note of this node's own, into its feed, and into the outbox for each address.

        Args:
            to: addresses; by default every source that this node subscribes to.
            dry_run: decide and show everything, keep and send nothing.

        Raises:
            UsageError: it is somebody else's. Refused: SECRET, naming the kind and never the secret.
        """
        if one.source is By.PEER:
            raise UsageError("that note came from a peer: who shares it vouches for it; note what you saw yourself")
        if found := sharing.secrets_of(one):
            raise Refused(Reason.SECRET, ", ".join(found))
        core, targets = self._core, tuple(to) or tuple(source.url for source in self._core.store.subscriptions())
        body = sharing.shared_body(one)
        pattern = parse(body, ReflectionBody).pattern
        before = [row for row in core.store.records_about(pattern, REFLECTION) if row.author == core.me]
        if dry_run:
            return Shared(one, pattern, None, targets, not before)
        effects = Effects()
        if before:
            id_ = before[0].id
        else:
            sealed = core.seal(REFLECTION, body)
            id_ = sealed.id
            effects.changes.append(PutRecord(record_row(sealed, pattern, core.now(), core.ring), in_feed=True))
        done = {row.url for row in core.store.deliveries_of(id_) if row.state == "delivered"}
        rows = [OutboxRow(id_, url, "pending", at=core.now()) for url in targets if url not in done]
        effects.changes += [PutOutbox(row) for row in rows]
        note = f"note shared as {id_[:12]} to {', '.join(targets) or 'its own feed'}"
        effects.changes.append(core.driver.note(pattern, Box.SEND, Verdict.ACCEPT, None, note))
        await core.driver.perform(effects)
        return Shared(one, pattern, id_, targets, not before)

    def decide(self, admitted: Admitted, keep: PutRecord) -> tuple[str, Effects]:
        """Returns the pattern that a shared note is about, and what follows from it.

        Args:
            keep: the change that keeps the message.

        Raises:
            Refused: BAD_BODY, DUPLICATE, ENOUGH_SAID.
        """
        message = admitted.message
        body = parse(message.body, ReflectionBody)
        pattern, author = body.pattern, message.author
        said = self._said(pattern)
        if any(one.author == author for one in said):
            raise Refused(Reason.DUPLICATE, "its author has shared that before")
        effects = Effects([keep])
        if author == self._core.me:  # back from elsewhere, after the store was lost
            return pattern, effects
        effects.changes += self._counted(author)
        if not said:
            number = self._number(COUNT) + 1
            effects.changes += [PutMark(COUNT, str(number)), PutMark(f"shared note {number}", pattern)]
        others = [one for one in (*said, message) if one.author != self._core.me]
        known = [one for one in others if self._knows(one.author)]
        effects.show(Kind.REFLECTION_SHARED, pattern, body.description[:200], author=author)
        own = [one.author for one in said if one.author == self._core.me]
        counted = [one.author for one in known] + own
        if not self.verdict(pattern) and sharing.corroborated(others[0].author, counted) and known:
            bodies = [parse(one.body, ReflectionBody) for one in known]
            note = self._note(bodies, known[0].author, known[0].header.created)
            effects.changes += [PutReflection(note), PutMark(self._mark(pattern), BORNE_OUT)]
        return pattern, effects

    def waiting(self, after: int = 0, limit: int = 2**30) -> list[tuple[int, Waiting]]:
        """Returns what waits, with numbers above `after`, the oldest first."""
        found: list[tuple[int, Waiting]] = []
        for number in range(after + 1, self._number(COUNT) + 1):
            pattern = ContentId(self._core.store.mark(f"shared note {number}"))
            one = None if self.verdict(pattern) else self._waiting(pattern)
            if one is not None:
                found.append((number, one))
                if len(found) == limit:
                    break
        return found

    async def settle(self, id_: str, approve: bool) -> tuple[Waiting, Reflection | None]:
        """Takes a note that waits into this node's own, or drops it for good.

        Args:
            id_: of the note, or the start of it.

        Raises:
            NotFound: none that waits is called so.
        """
        found = [one for _, one in self.waiting() if len(id_) >= 4 and one.pattern.startswith(id_)]
        if len(found) != 1:
            raise NotFound(
                f"{'no' if not found else 'more than one'} waiting note is called {id_}: hansa reflect pending"
            )
        (one,) = found
        async with self._core.turns.of(one.pattern, TURN):
            if not approve:
                await self._core.driver.perform(Effects([PutMark(self._mark(one.pattern), DROPPED)]))
                return one, None
            note = self._note([one.body], one.authors[0][0], one.at)
            await self._core.driver.perform(Effects([PutReflection(note), PutMark(self._mark(one.pattern), APPROVED)]))
        return one, note

    def verdict(self, pattern: str) -> str:
        """Returns what became of a note: "approved", "dropped", "borne out"; "" while it waits."""
        return self._core.store.mark(self._mark(pattern))

    # ---- what is held

    def _note(self, bodies: list[ReflectionBody], author: NodeId, at: int) -> Reflection:
        return as_found(self._core, sharing.taken_in(bodies, author, at))

    def _waiting(self, pattern: ContentId) -> Waiting | None:
        said = [one for one in self._said(pattern) if one.author != self._core.me]
        if not said:
            return None
        authors = tuple((one.author, self._knows(one.author)) for one in said)
        return Waiting(pattern, parse(said[0].body, ReflectionBody), said[0].header.created, authors)

    def _said(self, pattern: str) -> list[Verified]:
        rows = self._core.store.records_about(pattern, REFLECTION)
        return [open_record(row, self._core.ring) for row in rows if not row.withheld]

    def _counted(self, author: NodeId) -> list[PutMark]:
        """Returns the counts with one more note of an author.

        Raises:
            Refused: ENOUGH_SAID.
        """
        names = {f"{COUNT} of {author}": sharing.MAX_PER_AUTHOR}
        if not self._knows(author):
            names[OF_STRANGERS] = sharing.MAX_OF_STRANGERS
        for name, most in names.items():
            if self._number(name) >= most:
                raise Refused(Reason.ENOUGH_SAID, f"{most} notes are the most")
        return [PutMark(name, str(self._number(name) + 1)) for name in names]

    def _knows(self, author: NodeId) -> bool:
        row = self._core.store.peer(author)
        return row is not None and row.invited and not row.banned

    def _number(self, name: str) -> int:
        return int(self._core.store.mark(name) or 0)

    @staticmethod
    def _mark(pattern: str) -> str:
        return f"shared note {pattern}"
