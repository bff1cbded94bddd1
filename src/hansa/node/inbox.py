"""The one way in. Bytes become Signed, Verified, Admitted, and then a room decides; each refusal is counted and noted.

Every door calls `receive`, `receive_many` or `receive_words`: HTTP, a pulled feed, a file, links. There is no other
path from bytes to the store, and for one message it is the same as for many: read and verify each, gather what waits
(`node.gathering`), decide in order, keep with one commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence

from hansa.admission.service import Admitted, Equivocation, Via
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity import envelope, roots
from hansa.identity.envelope import Ring, Signed, Verified
from hansa.kernel.errors import DiskFull, HansaError, Refused
from hansa.kernel.ids import NodeId, content_id, is_content_id
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.market.messages import LASTING
from hansa.node.ahead import Ahead
from hansa.node.caseroom import TURN as CASES
from hansa.node.caseroom import Keep
from hansa.node.conduct import Conduct
from hansa.node.core import Core
from hansa.node.doorkeeper import TURN
from hansa.node.driver import KEPT, Effects
from hansa.node.events import Kind
from hansa.node.gathering import Arrival, Fate, Gathering, Taken, Wanted, let_go
from hansa.node.keeping import Keeping, Span
from hansa.node.lending import TURN as LEASES
from hansa.node.market import Market
from hansa.node.receipts import write
from hansa.node.rooms import OF_NO_SKILL, Rooms
from hansa.node.rows import PutBlob, PutRecord
from hansa.node.sharing import TURN as NOTES
from hansa.node.shelf import Shelf
from hansa.node.swarming import Swarm
from hansa.node.turns import Hold
from hansa.node.vault import Brought, brought, subject_of
from hansa.overlay import messages as overlay
from hansa.skills import messages
from hansa.skills.messages import SkillBody
from hansa.skills.sharing import REFLECTION

AHEAD = 2
"""Spans that may be on their way to the disk when the next messages are decided on."""

FOLLOWED_UP = (*governance.KINDS, *voting.KINDS)
"""Kinds after which something is settled anew."""

LIVE_DOORS = (overlay.HELLO, overlay.JOIN)
"""Kinds that ask for something now, each at a door of its own."""


class Inbox:
    """Receives messages and has the right room decide on each.

    Attributes:
        market: decides on leases, and trades where the node is in the overlay; None where it does not.
        ahead: asks for what will be needed, where the node is in the overlay.
    """

    def __init__(
        self,
        core: Core,
        shelf: Shelf,
        afterwards: Callable[[Taken], Awaitable[None]] | None = None,
        market: Market | None = None,
        ahead: Ahead | None = None,
        swarm: Swarm | None = None,
    ) -> None:
        """Works for one node.

        Args:
            market: decides on leases; without one they are unknown here.
            ahead: looks ahead for that market.
            swarm: does tasks of others, and asks them for its own.
            afterwards: told of what was taken and kept in disputes and votes, before whoever brought it is.
        """
        self._core = core
        self._afterwards = afterwards
        self._rooms = Rooms(core, shelf, market)
        self.market = market
        self.ahead = ahead
        self.swarm = swarm
        self._conduct = Conduct(core)
        self._keeping = Keeping()
        self._gathering = Gathering(self._decide_all, self._lost, lambda: self._keeping.until(AHEAD))
        self._hold = Hold(core.turns)

    @property
    def keep(self) -> Keep:
        """Returns the change that keeps a message, for those who decide on this node's own."""
        return self._rooms.keep

    async def receive(
        self, data: bytes, via: Via, source: str = "", wanted: Wanted | None = None, only: str = ""
    ) -> Taken:
        """Takes one message in, or refuses it and keeps nothing but a note.

        Args:
            data: the envelope's bytes, as they came.
            source: where from, for the journal.
            wanted: for pulled skills, whether one matches the subscription.
            only: the one kind that this door takes; "" for every durable one.

        Raises:
            Refused: with its reason; DiskFull, Fault: nothing was kept.
        """
        with self._core.spans.span("receive", via=str(via), bytes=len(data)):
            (outcome,) = await self._receive([(data, source)], via, wanted, only)
            if isinstance(outcome, HansaError):
                raise outcome
            return outcome

    async def receive_many(
        self, lines: Sequence[bytes], via: Via, source: str = "", wanted: Wanted | None = None, only: str = ""
    ) -> list[Fate]:
        """Takes many messages in, in their order; one that is refused stops no other.

        Returns:
            For each what `receive` would have returned or raised.
        """
        with self._core.spans.span("receive", via=str(via), messages=len(lines), bytes=sum(map(len, lines))):
            return await self._receive([(line, source) for line in lines], via, wanted, only)

    async def receive_words(self, words: Sequence[tuple[Signed | bytes, str]]) -> list[Fate]:
        """Takes in what came over links; else as `receive_many`.

        Args:
            words: each as it came, or as `envelope.read` gave it under this node's own limits, with its neighbour.
        """
        size = sum(len(word.raw if isinstance(word, Signed) else word) for word, _ in words)
        with self._core.spans.span("receive", via=str(Via.LINK), messages=len(words), bytes=size):
            return await self._receive(words, Via.LINK, None, "")

    async def _receive(
        self, lines: Sequence[tuple[Signed | bytes, str]], via: Via, wanted: Wanted | None, only: str
    ) -> list[Fate]:
        fates: list[Fate] = []
        ring = self._ring(only)
        rest = list(lines)
        while rest:
            together: list[Arrival] = []
            with self._core.spans.span("verify"):
                for line, source in rest:
                    one = self._arrive(line, via, source, wanted, only, ring)
                    together.append(one)
                    if isinstance(one.read, Verified) and one.read.header.kind == roots.KIND:
                        break  # what follows is judged by it
            del rest[: len(together)]
            fates += await self._gathering.enter(together)
        for fate in fates:
            if self._afterwards is not None and isinstance(fate, Taken) and fate.kind in FOLLOWED_UP:
                await self._afterwards(fate)
        return fates

    def _arrive(
        self, line: Signed | bytes, via: Via, source: str, wanted: Wanted | None, only: str, ring: Ring
    ) -> Arrival:
        """Reads and verifies one message, which asks the store for nothing but keys: it can be done at any time."""
        core = self._core
        signed, data = (line, line.raw) if isinstance(line, Signed) else (None, line)
        core.counters.came_in()
        core.meters.bytes_in += len(data)
        try:
            signed = signed or envelope.read(data, core.settings.limits)
            message = core.ring.verify(signed, ring, core.settings.limits)
            if message.author == core.me:  # from before a restore: what is sealed from now on must not have its number
                core.numbering.used(message.header.seq)
            now = core.ring.changes
            subject, skill = _subject(message)
            return Arrival(data, via, source, wanted, only, message, ring, now, message.id, subject, skill)
        except HansaError as error:  # theirs, or e.g. a damaged store, which names no key
            return Arrival(data, via, source, wanted, only, error, ring, 0, signed.id if signed else content_id(data))

    def _ring(self, only: str) -> Ring:
        now = self._core.now()
        return self._core.ring.live(now) if only in LIVE_DOORS else self._core.ring.taking(now)

    async def _decide_all(self, group: Sequence[Arrival]) -> None:
        """Decides on messages in order, and hands what follows from them to the store."""
        names = _names(group)
        if not self._hold.take_free(names):
            await self._keeping.until(0)  # then nothing is held
            await self._hold.take(names)
        handed_in = False
        try:
            span = self._decide_some(group)
            while len(span.decided) < len(group):
                group = group[len(span.decided) :]
                self._write(span)
                await self._keeping.until(0)
                span = self._decide_some(group)
            self._write(span, names)
            handed_in = True
        finally:
            if not handed_in:
                self._core.memory.arrive(self._core.memory.leave())
                self._hold.give(names)

    def _decide_some(self, group: Sequence[Arrival]) -> Span:
        """Decides on messages up to the first that must see what is not kept yet."""
        memory = self._core.memory
        memory.look_up([one.read for one in group if isinstance(one.read, Verified)])
        span = Span()
        with self._core.spans.span("decide", messages=len(group)):
            for one in group:
                if span.clashes(one) or self._keeping.clashes(one):
                    break
                fate, effects = self._decide(one)
                span.add(one, fate, effects)
                for change in effects.changes:
                    if isinstance(change, KEPT):
                        memory.coming(change)
        return span

    def _decide(self, one: Arrival) -> tuple[Fate, Effects]:
        try:
            if isinstance(one.read, HansaError):
                raise one.read
            header = one.read.header
            if one.ring_at != self._core.ring.changes and header.kind != roots.KIND:  # keys changed while it waited
                envelope.check_signers(one.ring(one.read.author), header.seq, one.read.signers)
            admitted = self._core.admission.admit(one.read, one.via, self._core.now())
            self._check_door(one.read, one.wanted, one.only)
            return self._carry_out(admitted, one)
        except Refused as refusal:
            return refusal, self._refusal(one, refusal)
        except HansaError as error:
            return error, Effects()

    def _write(self, span: Span, names: Collection[str] = ()) -> None:
        """Hands to the store what was decided; `names` are the turns to give back when it is written."""
        written = self._core.driver.perform_each([effects for _, _, effects in span.decided])
        leaving = self._core.memory.leave()

        def ended() -> None:
            self._core.memory.arrive(leaving)
            self._hold.give(names)
            let_go((one for one, _, _ in span.decided), self._lost)

        self._keeping.add(span, self._keep(span, written, leaving), ended)

    async def _keep(self, span: Span, written: Awaitable[list[HansaError | None]], leaving: Counter[NodeId]) -> None:
        """Waits until it is written, then counts and tells each fate."""
        errors = await written
        self._core.memory.arrive(leaving)
        if self._core.accounts.touched:
            await self._conduct.settle_all()  # before it is acknowledged: whoever asks then finds it settled
        await self._tell_each(span, errors)

    async def _tell_each(self, span: Span, errors: Sequence[HansaError | None]) -> None:
        late: list[tuple[Arrival, Refused]] = []
        for (one, fate, _), error in zip(span.decided, errors, strict=True):
            if isinstance(fate, Taken) and fate.kind == roots.KIND:
                self._core.ring.forget(fate.message.author)
            if error is None or not isinstance(fate, Taken):
                self._tell(one, fate)  # a refusal stands, and is counted, also when there is no room for its note
            elif isinstance(error, Refused):
                late.append((one, error))  # somebody was faster
            else:
                self._tell(one, error)
        if late:
            await self._core.driver.perform_each([self._refusal(one, refusal) for one, refusal in late])
        for one, refusal in late:
            self._tell(one, refusal)

    def _lost(self) -> None:
        self._core.counters.ended(Reason.INTERRUPTED)

    def _tell(self, one: Arrival, outcome: Fate) -> None:
        fate: Reason | None = Reason.INTERRUPTED
        if isinstance(outcome, Taken):
            fate = None
        elif isinstance(outcome, Refused):
            fate = outcome.reason
        elif isinstance(outcome, DiskFull):
            fate = Reason.STORE_FULL
        self._core.counters.ended(fate)
        one.settle(outcome)

    def _check_door(self, message: Verified, wanted: Wanted | None, only: str) -> None:
        kind = message.header.kind
        if kind not in self._rooms or (kind != only if only else kind in LIVE_DOORS):
            raise Refused(Reason.UNKNOWN_KIND, f"{kind} is not taken at this door")
        if wanted and kind == messages.SKILL and not wanted(parse(message.body, SkillBody), message):
            raise Refused(Reason.NOT_OURS)

    def _carry_out(self, admitted: Admitted, one: Arrival) -> tuple[Taken, Effects]:
        message = admitted.message
        kind = message.header.kind
        subject, effects = self._rooms.decide(admitted, one.source, one.skill)
        kept = isinstance(effects.changes[0], PutRecord)  # and says itself how it came
        if not kept or kind == roots.KIND:
            detail = f"{kind} by {message.author} {one.where}"
            ref = subject if kept else message.id
            effects.changes.append(self._core.driver.note(ref, Box.ADMISSION, Verdict.ACCEPT, None, detail))
        return Taken(message.id, kind, subject, message), effects

    def _refusal(self, one: Arrival, refusal: Refused) -> Effects:
        """Returns the note of a refusal, and the proof where there is one."""
        reason = refusal.reason
        if reason is Reason.DUPLICATE or (one.via is Via.LINK and reason.verdict is Verdict.IGNORE):
            return Effects()  # nobody's fault, and a storm of them must not fill the journal
        by = f"by {one.read.author} " if isinstance(one.read, Verified) else ""
        detail = f"{refusal.detail} ({by}{one.where})"
        effects = Effects([self._core.driver.note(one.ref, reason.box, reason.verdict, reason, detail)])
        if isinstance(refusal, Equivocation):
            self._prove_equivocation(refusal, one.data, effects)
        effects.show(
            Kind.MESSAGE_REFUSED, one.ref, reason.text, reason=reason.code, box=reason.box.value,
            verdict=reason.verdict.value,
        )  # fmt: skip
        return effects

    def _prove_equivocation(self, found: Equivocation, data: bytes, effects: Effects) -> None:
        """Keeps both signed messages and a receipt that names them: a proof that anybody can check (threat 11)."""
        first = self._core.store.record(found.first)
        if (
            self._core.asks_first
            or first is None
            or any(one.reason == Reason.EQUIVOCATION.code for one in self._core.store.journal(first.id))
        ):
            return  # one proof is enough
        digest = content_id(data)
        receipt = Receipt(
            dealing=Dealing.EQUIVOCATED,
            subject=first.author,
            skill="" if first.kind in OF_NO_SKILL else first.subject,
            records=(found.first, found.second, digest),
            reason=Reason.EQUIVOCATION.code,
        )
        effects.changes.append(PutBlob(digest, data))
        record = write(self._core, receipt, effects, first.subject)
        about = f"{found.second[:12]} has the same sequence number; both are kept, receipt {record.id[:12]}"
        effects.changes += [
            self._core.driver.note(first.id, Box.ADMISSION, None, Reason.EQUIVOCATION, about),
        ]


def _names(group: Sequence[Arrival]) -> dict[str, None]:
    """Returns whose turns a group needs: the authors', those of the skills it is about, and for joins `TURN`, last."""
    authors: set[str] = set()
    found: dict[str, None] = {}
    kinds: dict[str, None] = {}
    for one in group:
        if isinstance(one.read, Verified):
            header = one.read.header
            authors.add(header.author)
            found[header.author] = found[one.subject] = kinds[header.kind] = None
    # a name of somebody else's choice may be anybody's turn
    names = {name: None for name in found if name in authors or is_content_id(name)}
    if overlay.JOIN in kinds:
        names[TURN] = None  # whoever holds it waits for nobody's turn
    if governance.DISPUTE in kinds:
        names[CASES] = None
    if REFLECTION in kinds:
        names[NOTES] = None
    if any(kind in kinds for kind in LASTING):
        names[LEASES] = None
    return names


def _subject(message: Verified) -> tuple[str, Brought | None]:
    """Returns what a message is about (`vault.subject_of`), and the skill that it brings.

    "" and None for a body that is none, which is refused later.
    """
    try:
        if message.header.kind == messages.SKILL:
            skill = brought(message)
            return skill.id, skill
        return subject_of(message), None
    except Refused:
        return "", None
