"""Who may sign for whom: each author's root metadata, read from the store when it is first asked for, and remembered.

One ring serves every place where a message is verified. They differ in what they ask:

    ring(author)       what stands: keys of today, and retired ones up to their numbers. For what is read back.
    ring.taking(now)   the same, but nobody signs under metadata past its expiry. For records that come in.
    ring.live(now)     the keys of today alone. For greetings, indexes, and word that goes round: they are about now.

A lookup is one step in a dictionary. Stored metadata that no longer proves itself makes everything of its node
unreadable rather than bringing a revoked key back.
"""

from __future__ import annotations

from typing import Protocol

from hansa.identity import envelope, roots
from hansa.identity.envelope import Ring, Roster, Signed, Verified, root_only
from hansa.identity.roots import MAX_VERSIONS, Root, advance
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason
from hansa.node.rows import RecordRow

REMEMBERED = 20_000
"""Authors whose metadata, or lack of it, is held in memory; beyond that all are forgotten and read again."""


class Records(Protocol):
    """Where root metadata lies; a store, or one that is being looked through."""

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        """Returns the records about a skill or a node, oldest first; of one kind when given. None that is withheld."""
        ...


class KeyRing:
    """Answers who may sign for an author; is itself the `Ring` for what is read back.

    Attributes:
        changes: how often anybody's metadata changed since the start.
    """

    def __init__(self, store: Records) -> None:
        """Reads from `store`."""
        self._store = store
        self._chains: dict[NodeId, tuple[Root, ...]] = {}
        self.changes = 0

    def __call__(self, author: NodeId) -> Roster:
        """Returns whose signatures stand for an author, whenever they were made."""
        chain = self.chain(author)
        return chain[-1].signing if chain else root_only(author)

    def taking(self, now: Instant) -> Ring:
        """Returns the ring for records that come in now.

        Raises (when called):
            Refused: EXPIRED, when the author's metadata is past its expiry.
        """

        def ring(author: NodeId) -> Roster:
            chain = self.chain(author)
            return roots.signers({author: chain[-1]}, now)(author) if chain else root_only(author)

        return ring

    def live(self, now: Instant) -> Ring:
        """Returns the ring for live messages: what a retired key says now was said too late."""
        taking = self.taking(now)

        def ring(author: NodeId) -> Roster:
            roster = taking(author)
            return Roster(roster.keys, roster.threshold) if roster.retired else roster

        return ring

    def chain(self, author: NodeId) -> tuple[Root, ...]:
        """Returns every version of an author's root metadata that is held, the first one first.

        Raises:
            Refused: CORRUPT, when a stored version no longer follows from the one before it.
        """
        chain = self._chains.get(author)
        if chain is None:
            if len(self._chains) >= REMEMBERED:
                self._chains.clear()
            chain = self._chains[author] = self._read(author)
        return chain

    def records(self, author: NodeId, after: int = 0) -> list[RecordRow]:
        """Returns the records that carry an author's root metadata, versions above `after`, in their order."""
        rows = self._store.records_about(author, roots.KIND)
        return sorted((row for row in rows if row.author == author and row.seq > after), key=lambda row: row.seq)

    def forget(self, author: NodeId) -> None:
        """Has the author's metadata read again; called whenever some of it was kept."""
        self._chains.pop(author, None)
        self.changes += 1

    def verify(self, signed: Signed, ring: Ring, limits: Limits | None = None) -> Verified:
        """Returns the message in `signed`, its author proved; root metadata proves itself by what it follows.

        Raises:
            Refused: see `envelope.verify` and `roots.advance`; WRONG_SIGNER, when a signing key uses a number that is
                kept for root metadata.
        """
        metadata = roots.read_root(signed, limits)
        if metadata is None:
            message = envelope.verify(signed, ring, limits)
            if message.header.seq <= MAX_VERSIONS and self.chain(message.author):
                raise Refused(Reason.WRONG_SIGNER, f"numbers up to {MAX_VERSIONS} are kept for root metadata")
            return message
        chain = self.chain(metadata.author)
        version = metadata.header.seq
        trusted = chain[min(version - 2, len(chain) - 1)] if version > 1 and chain else None
        advance(trusted, signed, metadata.author)
        return metadata

    def _read(self, author: NodeId) -> tuple[Root, ...]:
        chain: list[Root] = []
        for row in self.records(author):
            try:
                chain.append(advance(chain[-1] if chain else None, envelope.read(row.envelope), author))
            except Refused as refusal:
                about = f"root metadata {row.seq} of {author}: {refusal.reason.code}"
                raise Refused(Reason.CORRUPT, about) from None
        return tuple(chain)
