"""Handing the records of a feed's page to the inbox: together, as long as the keys held here can judge them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import msgspec

from hansa.admission.service import Via
from hansa.identity import envelope
from hansa.identity.envelope import Signed
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node.caseroom import NotYet
from hansa.node.core import Core
from hansa.node.early import Early
from hansa.node.gathering import Fate, Wanted
from hansa.node.inbox import Inbox
from hansa.node.keyfetcher import KeyFetcher
from hansa.skills import messages
from hansa.skills.messages import SkillBody
from hansa.skills.model import Skill


@dataclass(frozen=True, slots=True)
class Pulled:
    """One item of a feed and what became of it: taken, or the reason why not.

    Attributes:
        skill: what it brought, if that was a skill and it was taken.
    """

    id: ContentId
    kind: str
    subject: str
    reason: Reason | None
    detail: str = ""
    skill: Skill | None = None


class FeedItem(msgspec.Struct, frozen=True):
    """An item of a feed page: its place, its record's id, and the record; None when the source's copy is damaged."""

    place: int
    id: str
    envelope: str | None = None


class Taker:
    """Takes in what feeds bring."""

    def __init__(self, core: Core, inbox: Inbox, keys: KeyFetcher, early: Early) -> None:
        """Works for one node."""
        self._core = core
        self._early = early
        self._inbox = inbox
        self._keys = keys

    async def take(self, items: Sequence[FeedItem], url: str, wanted: Wanted) -> AsyncIterator[Pulled]:
        """Yields what became of each item, in their order.

        Raises:
            Unavailable: keys could not be had; what came before was taken. DiskFull, Fault: from the store.
        """
        waiting: list[FeedItem | Pulled] = []
        for item in items:
            signed = self._read(item)
            if isinstance(signed, Signed) and not self._keys.judges(signed):
                async for pulled in self._receive(waiting, url, wanted):
                    yield pulled
                waiting = []
                await self._keys.look(url, signed)
            waiting.append(item if isinstance(signed, Signed) else signed)
        async for pulled in self._receive(waiting, url, wanted):
            yield pulled

    def _read(self, item: FeedItem) -> Signed | Pulled:
        """Returns the record of an item, if it is the one that the feed names."""
        if item.envelope is None:
            return Pulled(ContentId(item.id), "", "", Reason.CORRUPT, "its source withholds it")
        try:
            signed = envelope.read(item.envelope.encode(), self._core.settings.limits)
        except Refused as refusal:
            return Pulled(ContentId(item.id), "", "", refusal.reason, refusal.detail)
        if signed.id != item.id:
            detail = f"record {item.place} has another id"
            return Pulled(ContentId(item.id), "", "", Reason.MIX_AND_MATCH, detail)
        return signed

    async def _receive(self, waiting: Sequence[FeedItem | Pulled], url: str, wanted: Wanted) -> AsyncIterator[Pulled]:
        lines = [(one.envelope or "").encode() for one in waiting if isinstance(one, FeedItem)]
        fates = await self._inbox.receive_many(lines, Via.FEED, url, wanted)
        items = [one for one in waiting if isinstance(one, FeedItem)]
        came = {one.id: fate.missing for one, fate in zip(items, fates, strict=True) if isinstance(fate, NotYet)}
        await self._early.remember(came, url)
        told = iter(fates)
        for one in waiting:
            yield self._told(ContentId(one.id), next(told)) if isinstance(one, FeedItem) else one

    def _told(self, id_: ContentId, fate: Fate) -> Pulled:
        if isinstance(fate, Refused):
            held = self._core.store.record(id_) if fate.reason is Reason.DUPLICATE else None
            return Pulled(id_, held.kind if held is not None else "", "", fate.reason, fate.detail)
        if isinstance(fate, HansaError):
            raise fate
        skill = parse(fate.message.body, SkillBody).skill if fate.kind == messages.SKILL else None
        return Pulled(fate.id, fate.kind, fate.subject, None, skill=skill)
