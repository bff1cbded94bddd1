"""Which records travel over the overlay: all that may be told to anybody (`ports.Records.travelling`).

Gossip is told of each as it is kept, anti-entropy compares all of them, and what a neighbour asks for is read here:
from the signed bytes, checked again, so that nothing damaged leaves the node (goal L8). What is addressed to one node
does not travel, whoever holds it (threat 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hansa.conduct.card import KIND as CARD
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity import peek, roots
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import EVERYONE, ContentId
from hansa.kernel.instant import Instant
from hansa.node.core import Core
from hansa.node.rows import PutRecord, RecordRow, WithholdRecord
from hansa.node.vault import open_record
from hansa.overlay.frames import digest
from hansa.overlay.reconcile import Reconciler
from hansa.skills import messages as skills

ORDER = {
    kind: place
    for place, kind in enumerate(
        (
            roots.KIND,
            CARD,
            skills.SKILL,
            skills.EVIDENCE,
            RECEIPT,
            skills.TOMBSTONE,
            *governance.KINDS,
            *voting.KINDS,
        )
    )
}
"""What travels, and what rests on what: records are sent in this order, so that few of them come too early.

Not among them: a decision, which says how one node deals with another and binds nobody else, a shared note, which goes
where its author's operator brings it, an acknowledgement, and what is said of a lease, which are brought to whom they
are for (`answering`).
"""


class Travelling:
    """Keeps the holdings up with the store, and reads from it what is to be sent."""

    def __init__(
        self,
        core: Core,
        reconciler: Reconciler,
        now: Callable[[], Instant],
        announce: Callable[[RecordRow, Instant], None],
        seen: Callable[[RecordRow, Instant], None] = lambda *_: None,
    ) -> None:
        """Reads nothing yet.

        Args:
            now: the overlay's time.
            announce: told of each record that travels from now on.
            seen: told of each record that is kept from now on.
        """
        self._core = core
        self._reconciler = reconciler
        self._now = now
        self._announce = announce
        self._seen = seen

    def start(self) -> int:
        """Learns what is held, and is told from now on what is kept; returns how many records travel.

        Those for one node are among them, as the store does not say which they are, until somebody asks for them.
        """
        self._core.on_kept = self._kept
        for id_, kind in self._core.store.travelling(self._core.me):
            if kind in ORDER:
                self._reconciler.holdings.add(digest(id_))
        return len(self._reconciler.holdings)

    def stop(self) -> None:
        """Is told nothing any more."""
        self._core.on_kept = None

    def _kept(self, change: PutRecord | WithholdRecord) -> None:
        if isinstance(change, WithholdRecord):
            self._reconciler.holdings.drop(digest(change.record))
            return
        row, now = change.row, self._now()
        self._seen(row, now)
        if row.kind in ORDER and (row.author != self._core.me or change.in_feed) and self._is_for_all(change):
            self._reconciler.taken(digest(row.id), now)
            self._announce(row, now)

    def _is_for_all(self, change: PutRecord) -> bool:
        whom = change.recipient or peek.recipient_in(change.row.envelope, self._core.settings.limits)
        return whom == EVERYONE

    def words(self, ids: Sequence[ContentId]) -> list[RecordRow]:
        """Returns the records with these ids that travel and are whole, in the order in which they are best taken."""
        found = []
        for id_ in dict.fromkeys(ids):
            row = self._core.store.record(id_) if digest(id_) in self._reconciler.holdings else None
            if row is not None and self._may_go(row):
                found.append(row)
        return sorted(found, key=lambda row: (ORDER.get(row.kind, len(ORDER)), row.seq))

    def _may_go(self, row: RecordRow) -> bool:
        try:
            message = open_record(row, self._core.ring)
        except HansaError:
            self._core.noticed[row.id] = None
            return False
        if message.header.recipient == EVERYONE:
            return True
        self._reconciler.holdings.drop(digest(row.id))
        return False
