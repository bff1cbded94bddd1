"""After a restore: what this node has said, asked of its neighbours; and the answers to theirs (`node.recovery`).

What comes of this node's own is not taken in at once: it would get into the feed in another order than the one in which
its subscribers have seen it. It is verified and held, and taken in by its numbers once enough neighbours have answered
(`overlay.recollection`) and nothing else comes in that it may rest on.
"""

from __future__ import annotations

import asyncio

from hansa.identity import peek, roots
from hansa.identity.envelope import Signed
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, MINUTE, NEVER, SECOND, Instant
from hansa.node.core import Core
from hansa.node.inbox import Inbox
from hansa.node.recovery import Found, bring_back, go_on, whom_to_ask
from hansa.overlay.doing import Blame, Doing, Misdeed
from hansa.overlay.frames import Mine, Yours, digest, named
from hansa.overlay.recollection import Recollection, is_enough
from hansa.overlay.reconcile import Reconciler

PAGE = 500
"""Records that are named in one answer."""

ANSWERS_PER_SECOND = 8
"""Questions of one neighbour that are answered in a second; more of them are its fault."""

QUIET_MS = 3 * SECOND
"""How long nothing may have come in before this node's own records are taken: they may rest on those of others."""

PATIENCE_MS = MINUTE
"""How long that is waited for."""


class Recollecting:
    """Asks and answers."""

    def __init__(self, core: Core, inbox: Inbox, reconciler: Reconciler) -> None:
        """Works for one node."""
        self._core = core
        self._inbox = inbox
        self._reconciler = reconciler
        self._asker = Recollection()
        self._held: dict[ContentId, Found] = {}
        self._came_at = Instant(0)
        self._enough_at: Instant | None = None
        self._looked_at = Instant(0)
        self._answered: dict[NodeId, tuple[int, int]] = {}
        self._taking: asyncio.Task[None] | None = None

    @property
    def answered(self) -> list[NodeId]:
        """The neighbours that have answered, strangers too."""
        return list(self._asker.answered)

    async def stop(self) -> None:
        """Waits until what is being taken in is kept."""
        if self._taking is not None:
            await asyncio.gather(self._taking, return_exceptions=True)

    # ---- links and frames

    def linked(self, peer: NodeId, now: Instant) -> Doing:
        """Asks a new neighbour, where something is to be asked."""
        return self._asker.linked(peer, now) if self._core.asks_first else Doing()

    def lost(self, peer: NodeId) -> None:
        """Forgets a neighbour; what it answered stands."""
        self._asker.lost(peer)
        self._answered.pop(peer, None)

    def heard(self, peer: NodeId, frame: Mine | Yours, now: Instant) -> Doing:
        """Answers a neighbour's question, or takes its answer."""
        if isinstance(frame, Mine):
            return self._answer(peer, frame, now)
        if not self._core.asks_first or not self._asker.expects(peer, frame):
            return Doing()
        ids = [named(id_) for id_ in frame.ids]
        here = frozenset(self._core.store.held(ids)) | self._held.keys()
        missing = [digest(id_) for id_ in ids if id_ not in here]
        self._reconciler.want(peer, missing)
        return self._asker.heard(peer, frame, missing, now)

    def _answer(self, peer: NodeId, frame: Mine, now: Instant) -> Doing:
        second, count = self._answered.get(peer, (0, 0))
        count = count + 1 if second == now // SECOND else 1
        self._answered[peer] = now // SECOND, count
        if count > ANSWERS_PER_SECOND:
            return Doing(blames=[Blame(peer, Misdeed.FLOOD)])
        rows = self._core.store.records_after(peer, frame.since - 1, PAGE + 1)
        later = rows[PAGE].seq if len(rows) > PAGE else 0
        ids = [digest(row.id) for row in rows[:PAGE]]
        doing = Doing()
        doing.send(peer, Yours(frame.since, tuple(id_ for id_ in ids if id_ in self._reconciler.holdings), later))
        return doing

    # ---- what comes

    def is_held_back(self, signed: Signed) -> bool:
        """Says whether something is this node's own, and to be held until all of it is here.

        Not so its root metadata, which the rest may be signed by; it has the lowest numbers.
        """
        if not self._core.asks_first or peek.named_author(signed) != self._core.me:
            return False
        return peek.named_kind(signed) != roots.KIND

    def hold(self, signed: Signed, source: NodeId, now: Instant) -> None:
        """Keeps a record of this node's own until all of them are taken in.

        Raises:
            Refused: it is not this node's own, or not signed by a key that is known here.
        """
        ring = self._core.ring
        ring.verify(signed, ring, self._core.settings.limits)
        self._core.numbering.used(peek.named_number(signed))
        self._held.setdefault(signed.id, Found(signed.raw, source))
        self._came_at = now
        name = digest(signed.id)
        self._reconciler.refused(name, now)  # it is here: nobody needs to send it again
        self._asker.came(name, now)

    def kept(self, id_: ContentId, now: Instant) -> None:
        """Notes that a record was kept: it is not lacking any more."""
        if self._core.asks_first:
            self._asker.came(digest(id_), now)

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`."""
        idle = self._taking is not None or not (self._held or self._core.asks_first)
        return NEVER if idle else ALWAYS

    def tick(self, now: Instant) -> Doing:
        """Asks on; goes on once enough have answered."""
        if self._taking is not None:
            return Doing()
        if not self._core.asks_first:  # also when the sources were asked meanwhile, or the operator went on
            self._release(now)
            return Doing()
        doing = self._asker.tick(now)
        if now >= self._looked_at + SECOND:
            self._looked_at = now
            if not self._is_enough():
                self._enough_at = None
            elif self._enough_at is None:
                self._enough_at = now
        if self._enough_at is not None and self._is_quiet(now):
            self._taking = asyncio.get_running_loop().create_task(self._take(now))
        return doing

    def _is_enough(self) -> bool:
        return is_enough(self._asker.answered, *whom_to_ask(self._core))

    def _is_quiet(self, now: Instant) -> bool:
        since = max(self._came_at, self._reconciler.taken_at, self._enough_at or now)
        return now >= since + QUIET_MS or now >= (self._enough_at or now) + PATIENCE_MS

    async def _take(self, now: Instant) -> None:
        try:
            taken = await bring_back(self._core, self._inbox, self._held.values())
            who = len(self._asker.answered)
            await go_on(self._core, f"{who} neighbours were asked; {len(taken)} of this node's own records came back")
        except HansaError:  # a full disk, say: the rest is taken another time
            self._enough_at = None
        finally:
            self._taking = None

    def _release(self, now: Instant) -> None:
        """Lets what is still held come like anything else: what rests on others that are not here yet, say."""
        for id_ in self._held:
            self._reconciler.put_off(digest(id_), now)
        if self._held:
            self._held.clear()
            self._asker = Recollection()
