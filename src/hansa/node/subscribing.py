"""Asking other nodes: the greeting, subscriptions, and pulling a feed (whose rules are in `overlay.feed`)."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec

from hansa.admission.versions import SUPPORTED
from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.identity.peek import named_author
from hansa.kernel.canonical import Json
from hansa.kernel.errors import NotFound, Refused, Unavailable, UsageError
from hansa.kernel.ids import EVERYONE, ContentId, NodeId, content_id, is_content_id
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse, read_json
from hansa.node.answers import no_node, their_refusal
from hansa.node.core import LIVE_MS, Core
from hansa.node.driver import Effects
from hansa.node.early import Early
from hansa.node.events import Kind
from hansa.node.inbox import Inbox
from hansa.node.keyfetcher import CHANGED, KeyFetcher
from hansa.node.ports import SkillFilter
from hansa.node.rows import (
    DropSubscription,
    PutBlob,
    PutSubscription,
    SubscriptionRow,
)
from hansa.node.taking import FeedItem, Pulled, Taker
from hansa.node.vault import open_skill
from hansa.node.witness import Witness
from hansa.overlay import feed
from hansa.overlay import messages as overlay
from hansa.overlay.feed import Mark
from hansa.overlay.messages import Index, Welcome
from hansa.skills.messages import SkillBody
from hansa.skills.model import Origin, Skill, SkillState

PAGE = 100
MAX_WAIT_SECONDS = 30.0


class FeedPage(msgspec.Struct, frozen=True):
    """A page of a feed, with the source's signed index."""

    index: str
    items: list[FeedItem]


@dataclass(frozen=True, slots=True)
class _Walked:
    """A page of a feed, the mark behind it, and the signed index that it came with."""

    page: FeedPage
    reached: Mark
    index: Verified


class Subscriber:
    """What this node asks of others."""

    def __init__(self, core: Core, inbox: Inbox) -> None:
        """Works for one node."""
        self._core = core
        self._inbox = inbox
        self._pulling: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._incomplete: dict[str, dict[ContentId, Skill]] = {}
        self.keys = KeyFetcher(core, inbox)
        self.early = Early(core, inbox)
        self._taker = Taker(core, inbox, self.keys, self.early)
        self.witness = Witness(core)

    async def greet(self, url: str, peer: NodeId | None = None) -> Verified:
        """Says hello to the node at `url` and returns its welcome, which fits that hello.

        Args:
            peer: who must answer; None at the first greeting, when whoever answers is pinned.

        Raises:
            Unavailable: no answer, or none of a node. Refused: an answer that is not good, or a node's refusal.
        """
        settings = self._core.settings
        body: Json = {"versions": list(SUPPORTED), "name": settings.name, "role": settings.role, "skills": 0}
        await self._show_keys(url)
        sealed = self._core.seal(overlay.HELLO, body, recipient=peer or EVERYONE, expires_in=LIVE_MS)
        answer = await self._core.caller.post(url, "/hello", sealed.raw)
        if answer.status != 200:
            raise no_node(url, answer) or their_refusal(url, answer)
        welcome = await self.answered(url, answer.body, overlay.WELCOME, peer)
        if parse(welcome.body, Welcome).to != sealed.id:
            raise Refused(Reason.WRONG_RECIPIENT, "the welcome answers another hello")
        return welcome

    async def subscribe(self, wanted: SubscriptionRow) -> SubscriptionRow:
        """Greets a source, pins its node id and keeps the subscription; subscribing again changes the filters only.

        Raises:
            Unavailable, Refused: see `greet`; UsageError: the node would subscribe to itself.
        """
        before = self._find(wanted.url)
        welcome = await self.greet(wanted.url, before.peer if before else None)
        if welcome.author == self._core.me:
            raise UsageError(f"{wanted.url} is this node itself: subscribe to another one")
        async with self._core.turns.of(wanted.url):
            before = self._find(wanted.url)
            row = replace(wanted, peer=welcome.author, at=self._core.now())
            if before:
                row = replace(row, length=before.length, head=before.head)
            effects = Effects([PutSubscription(row)])
            effects.show(Kind.SOURCE_SUBSCRIBED, welcome.author, wanted.url, url=wanted.url)
            await self._core.driver.perform(effects)
        return row

    async def unsubscribe(self, url: str) -> None:
        """Forgets a subscription; what came by it stays.

        Raises:
            NotFound: there is none to that address.
        """
        async with self._core.turns.of(url):
            self._subscription(url)
            effects = Effects([DropSubscription(url)])
            self._core.meters.sources.pop(url, None)
            effects.show(Kind.SOURCE_UNSUBSCRIBED, url, url)
            await self._core.driver.perform(effects)

    async def pull(self, url: str) -> AsyncIterator[Pulled]:
        """Takes in what is new in a source's feed; stops, keeping what was taken, when the source contradicts itself.

        Raises:
            Unavailable: no answer. Refused: FROZEN, ROLLBACK, FORK, MIX_AND_MATCH and others: the source is at fault.
        """
        meter = self._core.meters.source(url)
        taken, reasons = 0, Counter[str]()
        try:
            async with self._pulling[url]:
                async for pulled in self._pull(self._subscription(url)):
                    taken += pulled.reason is None
                    reasons.update([pulled.reason.code] if pulled.reason else [])
                    yield pulled
        except (Refused, Unavailable) as error:
            await self._failed(url, error)
            raise
        meter.pulled, meter.failures, meter.behind = self._core.now(), 0, 0
        if taken or reasons:
            effects = Effects()
            why = ", ".join(f"{code} {number}" for code, number in reasons.most_common())
            refused = reasons.total()
            text = f"{taken} taken, {refused} not" + (f" ({why})" if why else "")
            effects.show(Kind.SOURCE_PULLED, url, text, taken=taken, refused=refused, reasons=why)
            await self._core.driver.perform(effects)

    async def _failed(self, url: str, error: Refused | Unavailable) -> None:
        meter = self._core.meters.source(url)
        meter.failures += 1
        if meter.failures == 1:
            reason = error.reason.code if isinstance(error, Refused) else Reason.UNREACHABLE.code
            effects = Effects()
            effects.show(Kind.SOURCE_FAILED, url, str(error), reason=reason)
            await self._core.driver.perform(effects)

    def _find(self, url: str) -> SubscriptionRow | None:
        return next((one for one in self._core.store.subscriptions() if one.url == url), None)

    def _subscription(self, url: str) -> SubscriptionRow:
        found = self._find(url)
        if found is None:
            raise NotFound(f"no subscription to {url}: hansa subscribe {url} first")
        return found

    async def said_by_me(self, url: str) -> list[bytes]:
        """Returns what a source's feed, walked from its beginning, names as this node's own; nothing of it is proved.

        Raises:
            Unavailable, Refused: see `pull`.
        """
        found: list[bytes] = []
        async for step in self._walk(self._subscription(url), Mark()):
            for item in step.page.items:
                data = (item.envelope or "").encode()
                with suppress(Refused):  # damaged: whatever it was, it is not taken
                    if named_author(envelope.read(data, self._core.settings.limits)) == self._core.me:
                        found.append(data)
        return found

    async def _pull(self, subscription: SubscriptionRow) -> AsyncIterator[Pulled]:
        self.keys.begin(subscription.url)
        await self._fetch_missing(subscription.url)
        start = mark = Mark(subscription.length, subscription.head)
        ids: list[ContentId] = []

        def wanted(body: SkillBody, message: Verified) -> bool:
            return self._wants(subscription, body, message)

        async for step in self._walk(subscription, mark):
            async for pulled in self._taker.take(step.page.items, subscription.url, wanted):
                if pulled.skill is not None:
                    await self._fetch_files(subscription.url, pulled.skill)
                yield pulled
            ids += [ContentId(item.id) for item in step.page.items]
            mark, index = step.reached, step.index
        await self._keep_mark(subscription.url, mark)
        await self.witness.walked(index, start, ids)

    async def _walk(self, subscription: SubscriptionRow, mark: Mark) -> AsyncIterator[_Walked]:
        """Yields the pages behind a mark; the last one ends in the signed head."""
        while True:
            with self._core.spans.span("pull", after=mark.length):
                page = await self._page(subscription, mark)
            index_message = await self._index_in(page, subscription)
            index = parse(index_message.body, Index)
            feed.check_index(mark, index, index_message.header.expires, self._core.now())
            self._core.meters.source(subscription.url).behind = max(0, index.length - mark.length)
            mark = feed.walk(mark, [ContentId(item.id) for item in page.items])
            feed.check_walk(mark, index)
            if not page.items and mark.length < index.length:
                raise Refused(Reason.MIX_AND_MATCH, "it shows fewer records than its index counts")
            yield _Walked(page, mark, index_message)
            if mark.length >= index.length:
                return

    async def _keep_mark(self, url: str, mark: Mark) -> None:
        """Remembers how far the feed was walked, once the walk has ended in the signed head; never before.

        Until then whoever sits in between could have shown other ids. A walk that breaks off starts again, and what it
        took the first time is a duplicate then.
        """
        async with self._core.turns.of(url):
            now = self._find(url)
            if now is not None:  # the operator may have changed or ended it meanwhile
                row = replace(now, length=mark.length, head=mark.head)
                await self._core.driver.perform(Effects([PutSubscription(row)]))

    async def wait_for_news(self, url: str, seconds: float) -> None:
        """Returns when the source may have news, or when it has kept quiet for that long.

        Raises:
            Unavailable: no answer. NotFound: there is no such subscription.
        """
        length = self._subscription(url).length
        wait = min(seconds, MAX_WAIT_SECONDS)
        await self._core.caller.get(url, f"/feed?after={length}&limit=1&wait={wait:g}", wait)

    async def _index_in(self, page: FeedPage, subscription: SubscriptionRow) -> Verified:
        """Returns the source's signed index; an old one shown again is what a frozen feed looks like."""
        try:
            data = page.index.encode()
            return await self.answered(subscription.url, data, overlay.INDEX, subscription.peer)
        except Refused as refusal:
            if refusal.reason in (Reason.STALE, Reason.EXPIRED):
                raise Refused(Reason.FROZEN, refusal.reason.code) from None
            raise

    async def _page(self, subscription: SubscriptionRow, mark: Mark) -> FeedPage:
        answer = await self._core.caller.get(subscription.url, f"/feed?after={mark.length}&limit={PAGE}")
        if answer.status != 200:
            raise their_refusal(subscription.url, answer)
        page = read_json(answer.body, FeedPage)
        for number, item in enumerate(page.items, mark.length + 1):
            if item.place != number or not is_content_id(item.id):
                raise Refused(Reason.MIX_AND_MATCH, f"record {number} is missing")
        return page

    async def _show_keys(self, url: str) -> None:
        """Brings this node's root metadata to a node that it will greet; there it is a duplicate, or new."""
        records = self._core.ring.records(self._core.me)
        for start in range(0, len(records), PAGE):
            lines = b"\n".join(record.envelope for record in records[start : start + PAGE])
            await self._core.caller.post(url, "/skills/bulk", lines)

    def _wants(self, subscription: SubscriptionRow, body: SkillBody, message: Verified) -> bool:
        skill = body.skill
        if subscription.authors and message.author not in subscription.authors:
            return False
        if subscription.tags and not set(subscription.tags) & set(skill.tags):
            return False
        if body.claim.trials < subscription.min_trials:
            return False
        near = self._core.settings.ranking.filter_at
        return not subscription.intents or any(
            self._core.index.similarity(intent, skill.intent) >= near for intent in subscription.intents
        )

    async def _fetch_files(self, url: str, skill: Skill) -> None:
        """Brings the files of a bundle; one that does not fit its digest is not kept, and asked for again later."""
        missing = [one for one in skill.result.files if self._core.store.blob(ContentId(one.digest)) is None]
        for file in missing:
            answer = await self._core.caller.get(url, f"/skills/{skill.id}/files/{file.digest}")
            if answer.status == 200 and content_id(answer.body) == file.digest and len(answer.body) == file.size:
                await self._core.driver.perform(Effects([PutBlob(ContentId(file.digest), answer.body)]))
            else:
                self._incomplete.setdefault(url, {})[skill.id] = skill

    async def _fetch_missing(self, url: str) -> None:
        """Asks again for files that were not there yet: an author brings them after the record."""
        waiting = self._incomplete.pop(url) if url in self._incomplete else self._bundles()
        self._incomplete[url] = {}
        for skill in waiting.values():
            await self._fetch_files(url, skill)

    def _bundles(self) -> dict[ContentId, Skill]:
        """Returns peers' bundles held here; looked up once, after a start."""
        found: dict[ContentId, Skill] = {}
        after = ""
        wanted = SkillFilter(states=(SkillState.QUARANTINED, SkillState.ADMITTED), origin=Origin.PEER)
        while rows := self._core.store.skills(wanted, after=after, limit=500):
            after = rows[-1].id
            for row in rows:
                with suppress(Refused):  # a damaged one is named wherever it is used
                    skill = open_skill(row)
                    if skill.result.files:
                        found[row.id] = skill
        return found

    async def answered(self, url: str, data: bytes, kind: str, peer: NodeId | None) -> Verified:
        """Returns the verified answer to a question of ours: right kind, right peer, fresh, for us."""
        signed = envelope.read(data, self._core.settings.limits)
        try:
            message = envelope.verify(signed, self._core.ring.live(self._core.now()))
        except Refused as refusal:
            if refusal.reason not in CHANGED or not await self.keys.fetch(url, peer):
                raise
            message = envelope.verify(signed, self._core.ring.live(self._core.now()))
        self._core.admission.check(message, self._core.now())
        if message.header.kind != kind or (peer is not None and message.author != peer):
            raise Refused(Reason.WRONG_SIGNER, "another node answers at that address than before")
        return message
