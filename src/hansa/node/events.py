"""What happens on a node, told to whoever watches: one closed list of kinds, one stream, and nothing kept for good.

1. An event is shown once its change is durable (`driver`); a kind that is not in `Kind` can't be shown.
2. Each has a number. The last `HISTORY` are kept, so that a watcher who was away goes on where it left off.
3. A watcher has a queue of `QUEUE` events. One that is too slow loses its place, never the node's time: it is told so
   by `stream.gap` and its stream ends; it comes back with the id of the last event that it saw.

What must be remembered is in the journal and in the ledger; a stream is for those who are there.

    async for event in stream.follow():
        print(event.kind.code, event.ref, event.text)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from enum import Enum

import msgspec

from hansa.kernel.errors import UsageError
from hansa.kernel.instant import Instant
from hansa.kernel.plain import plain
from hansa.skills.model import Outcome, SkillState

HISTORY = 1_000
QUEUE = 1_000
MAX_WATCHERS = 256
BEGINNING = "0"
"""Stands for the id of the event before the first."""

MAX_TEXT = 300

Value = str | int


class Kind(Enum):
    """What can happen: (code, what `ref` names, the fields it carries, whether it is public, what it means).

    A public event is told to anybody, once the skill that it is about is in the feed; all others want a token.
    """

    SKILL_ADDED = ("skill.added", "skill", (), False, "a skill of this node's own was added; not proved yet")
    SKILL_RECEIVED = ("skill.received", "skill", ("author",), True, "a signed skill came in and lies in quarantine")
    SKILL_PROVED = (
        "skill.proved", "skill", ("state", "trials", "successes", "wall_ms"), False, "a proof held here",
    )  # fmt: skip
    SKILL_REFUTED = (
        "skill.refuted", "skill", ("state", "reason", "trials", "successes", "wall_ms"), False, "a proof failed here",
    )  # fmt: skip
    SKILL_UNDECIDED = (
        "skill.undecided", "skill", ("state", "reason", "trials", "successes", "wall_ms"), False,
        "a proof came to no decision; the skill stays where it was",
    )  # fmt: skip
    SKILL_ADMITTED = ("skill.admitted", "skill", (), False, "the operator approved a skill")
    SKILL_REFUSED = ("skill.refused", "skill", ("reason",), False, "the operator, or its use, took a skill out of use")
    SKILL_PUBLISHED = ("skill.published", "skill", ("record",), True, "this node passed a skill on")
    SKILL_REMOVED = ("skill.removed", "skill", (), True, "a skill was taken back, or removed here")
    SKILL_RECALLED = (
        "skill.recalled", "skill", ("author", "held"), True,
        "a skill was recalled: it is gone for good, and `held` skills that come from it were taken out of use",
    )  # fmt: skip
    SKILL_HELD = (
        "skill.held", "skill", ("ancestor", "published"), False,
        "a skill waits for the operator's word, since one that it comes from was recalled; `published` is 1 where this"
        " node passed it on",
    )  # fmt: skip
    SKILL_ACKNOWLEDGED = (
        "skill.acknowledged", "skill", ("author", "removed", "derivatives"), False,
        "a holder says what became of a skill that was taken back or recalled",
    )  # fmt: skip
    EVIDENCE_RECEIVED = ("evidence.received", "skill", ("outcome", "author"), True, "somebody's finding came in")
    RECEIPT_REFUTED = (
        "receipt.skill_refuted", "skill", ("subject", "author"), True, "a receipt says that a claim was false",
    )  # fmt: skip
    RECEIPT_REPROVED = (
        "receipt.skill_reproved", "skill", ("subject", "author"), True, "a receipt says that a claim held",
    )  # fmt: skip
    RECEIPT_EQUIVOCATED = (
        "receipt.equivocated", "record", ("subject", "author"), False, "two messages under one number, with proof",
    )  # fmt: skip
    RECEIPT_OTHER = (
        "receipt.other", "record", ("dealing", "subject", "author"), False, "a receipt of any other dealing",
    )  # fmt: skip
    CARD_RECEIVED = ("card.received", "node", ("policy",), False, "a node's policy card came in")
    CONDUCT_DECIDED = (
        "conduct.decided", "node", ("rung", "reason", "domain", "engage"), False,
        "this node deals otherwise with somebody than before; the signed decision is kept",
    )  # fmt: skip
    RECEIPT_FALSE_ACCUSATION = (
        "receipt.false_accusation", "skill", ("subject", "author"), True, "a receipt says that an accusation was false",
    )  # fmt: skip
    DISPUTE_OPENED = (
        "dispute.opened", "skill", ("case", "ground", "author"), True, "somebody opened a dispute over a skill",
    )  # fmt: skip
    DISPUTE_HEARD = (
        "dispute.heard", "skill", ("case", "what", "author"), True, "something was said in a dispute over a skill",
    )  # fmt: skip
    DISPUTE_RULED = ("dispute.ruled", "skill", ("case", "ruled", "basis"), True, "this node ruled in a dispute")
    ROSTER_TOLD = ("roster.told", "roster", ("author", "epoch"), False, "a roster came in, or was founded here")
    PROPOSAL_MADE = (
        "proposal.made", "proposal", ("author", "risk", "ends"), False, "somebody asks whether something may change",
    )  # fmt: skip
    VOTE_CAST = ("vote.cast", "proposal", ("author", "choice"), False, "a member of a roster voted")
    VOTE_TORN = ("vote.torn", "proposal", ("author",), False, "a member voted both ways: both signed votes are kept")
    OUTCOME_TOLD = ("outcome.told", "proposal", ("author", "decided"), False, "a member told what came of a proposal")
    CONSENSUS_RESULT = (
        "consensus.result", "proposal", ("decided", "yes", "no", "silent"), False,
        "a vote was closed on this node: approved, refused, or undecided, which blocks",
    )  # fmt: skip
    CHANGE_APPLIED = (
        "change.applied", "proposal", ("diff", "basis"), False,
        "a diff was applied here; `basis` is applied, or local_override where nothing was decided",
    )  # fmt: skip
    LEASE_CHANGED = (
        "lease.changed", "lease", ("peer", "state", "lent"), False,
        "a lease that this node has asked for, or was asked for (`lent` is 1), stands otherwise",
    )  # fmt: skip
    REQUEST_AHEAD = (
        "request.ahead", "request", ("resource", "amount", "expected", "leased", "hour"), False,
        "this node asks for something ahead of time, since more is expected to be needed in that hour than is leased",
    )  # fmt: skip
    DELIVERY_DELIVERED = ("delivery.delivered", "record", ("url",), False, "a peer has taken a record")
    DELIVERY_REFUSED = ("delivery.refused", "record", ("url", "reason"), False, "a peer refuses a record for good")
    DELIVERY_WAITING = (
        "delivery.waiting", "record", ("url", "reason"), False, "a first try failed; it is tried again by itself",
    )  # fmt: skip
    DELIVERY_DROPPED = ("delivery.dropped", "record", ("url",), False, "the operator gave up a delivery")
    PEER_GREETED = ("peer.greeted", "node", ("name", "role"), False, "a node said hello")
    PEER_INVITED = ("peer.invited", "node", (), False, "the operator invited a node")
    PEER_BANNED = ("peer.banned", "node", (), False, "the operator banned a node")
    PEER_JOINED = ("peer.joined", "node", ("name", "invitation"), False, "a node came in by an invitation")
    PEER_ASKED = ("peer.asked", "node", ("name", "invitation"), False, "a node waits for the operator to let it in")
    PEER_REMOVED = ("peer.removed", "node", (), False, "the operator removed a node, or refused one that had asked")
    SOURCE_SUBSCRIBED = ("source.subscribed", "node", ("url",), False, "this node pulls from a source from now on")
    SOURCE_UNSUBSCRIBED = ("source.unsubscribed", "address", (), False, "this node pulls from a source no longer")
    SOURCE_PULLED = (
        "source.pulled", "address", ("taken", "refused", "reasons"), False,
        "news of a source were looked at; `reasons` has each code with its number, the most frequent first",
    )  # fmt: skip
    SOURCE_FAILED = (
        "source.failed", "address", ("reason",), False, "a source does not answer, or contradicts itself; told once",
    )  # fmt: skip
    SOURCE_SPLIT = (
        "source.split", "record", ("author",), False, "a source shows its readers two feeds; both indexes are kept",
    )  # fmt: skip
    LINK_UP = ("link.up", "node", ("url",), False, "a link to another node of the overlay stands")
    LINK_DOWN = (
        "link.down", "node", ("reason",), False, "a link ended; `reason` is empty where an end closed it in order",
    )  # fmt: skip
    MEMBER_CHANGED = (
        "member.changed", "node", ("state",), False,
        "a node of the overlay is alive, suspect, dead, has left, or was not heard of for long",
    )  # fmt: skip
    NOTICE_HEARD = (
        "notice.heard", "record", ("author", "type", "done", "payload"), False,
        "news for this node came over the overlay; `payload` is what it says, in short and made plain",
    )  # fmt: skip
    KEYS_CHANGED = ("keys.changed", "node", ("version", "withheld"), False, "somebody's signing or root keys changed")
    MESSAGE_REFUSED = (
        "message.refused", "record", ("reason", "box", "verdict"), False, "a message was not accepted",
    )  # fmt: skip
    REFLECTION_ADDED = ("reflection.added", "reflection", (), False, "a note on how work went was kept")
    REFLECTION_SHARED = ("reflection.shared", "reflection", ("author",), False, "a peer shared a note; it waits")
    NODE_UP = ("node.up", "node", ("url", "version", "audit"), False, "the node answers on its port")
    NODE_STOPPING = ("node.stopping", "node", (), False, "the node was asked to stop")
    NODE_HEALTH = ("node.health", "part", ("state",), False, "a part of the node fell ill, or is well again")
    NODE_FOLLOWED = (
        "node.followed", "node", ("records", "skills"), False, "another process of this node wrote records or skills",
    )  # fmt: skip
    STREAM_GAP = ("stream.gap", "stream", ("missed",), True, "events were missed: the watcher was slow, or away")

    def __init__(self, code: str, ref: str, fields: tuple[str, ...], public: bool, text: str) -> None:
        self.code = code
        self.ref = ref
        self.fields = fields
        self.names = frozenset(fields)
        self.public = public
        self.text = text


BY_CODE = {kind.code: kind for kind in Kind}
"""Kind by its code."""


def kind_of(code: str) -> Kind:
    """Returns a kind by its code.

    Raises:
        UsageError: there is none of that name.
    """
    found = BY_CODE.get(code)
    if found is None:
        raise UsageError(f"there is no event {plain(code, 40)!r}: the list is {', '.join(BY_CODE)}")
    return found


AFTER_PROOF = {
    Outcome.PASS: Kind.SKILL_PROVED,
    Outcome.FAIL: Kind.SKILL_REFUTED,
    Outcome.INCONCLUSIVE: Kind.SKILL_UNDECIDED,
}
AFTER_SETTLING = {SkillState.ADMITTED: Kind.SKILL_ADMITTED, SkillState.REFUSED: Kind.SKILL_REFUSED}
AFTER_DELIVERY = {"delivered": Kind.DELIVERY_DELIVERED, "refused": Kind.DELIVERY_REFUSED}


class Shown(msgspec.Struct, frozen=True):
    """An event before it has its place in the stream: made by a decision, shown when that is durable."""

    kind: Kind
    ref: str
    text: str
    fields: Mapping[str, Value]

    def __post_init__(self) -> None:
        """Holds the fields against the list.

        Raises:
            ValueError: a field too many or too few.
        """
        if tuple(self.fields) != self.kind.fields and self.fields.keys() != self.kind.names:
            raise ValueError(f"{self.kind.code} carries {self.kind.fields}, not {tuple(self.fields)}")


class Event(msgspec.Struct, frozen=True):
    """Something that happened.

    Attributes:
        id: place in the stream of this start of the node, as "START-NUMBER".
        ref: id of the skill, record or node that it is about, or an address.
        text: one line for people, made safe to print.
        at: milliseconds UTC.
        fields: what `kind.fields` names.
    """

    id: str
    kind: Kind
    ref: str
    text: str
    at: int
    fields: Mapping[str, Value]

    def view(self) -> dict[str, object]:
        """Returns it as plain values."""
        return {
            "id": self.id,
            "kind": self.kind.code,
            "ref": self.ref,
            "text": self.text,
            "at": self.at,
            **self.fields,
        }


class Watcher:
    """Somebody who watches: a bounded queue, and how many events did not fit into it.

    Attributes:
        missed: events that did not fit.
    """

    def __init__(self) -> None:
        """Begins with nothing."""
        self.missed = 0
        self._waiting: deque[Event] = deque()
        self._something = asyncio.Event()

    def __len__(self) -> int:
        """Counts what waits."""
        return len(self._waiting)

    def offer(self, event: Event) -> None:
        """Hands an event over; once one did not fit, all later ones are missed too, so that there is one gap."""
        if self.missed or len(self._waiting) >= QUEUE:
            self.missed += 1
        else:
            self._waiting.append(event)
            self._something.set()

    async def next(self) -> Event:
        """Returns what has waited longest, once something does."""
        while not self._waiting:
            self._something.clear()
            await self._something.wait()
        return self._waiting.popleft()

    async def take(self) -> list[Event]:
        """Returns all that waits, once something does."""
        taken = [await self.next(), *self._waiting]
        self._waiting.clear()
        return taken

    @property
    def behind(self) -> bool:
        """Says whether everything in order was taken, and the next event is one that is missing."""
        return self.missed > 0 and not self._waiting


class Stream:
    """Every event since the node was opened, the last of them to be had again."""

    def __init__(self, started: Instant) -> None:
        """Begins.

        Args:
            started: when the node was opened; part of each id, so that an id of another start is known as such.
        """
        self.shown = 0
        self.history: deque[Event] = deque(maxlen=HISTORY)
        self.watchers: set[Watcher] = set()
        self._started = int(started)

    def show(self, shown: Shown, at: Instant) -> Event:
        """Gives an event its place, and tells everybody."""
        self.shown += 1
        text = plain(shown.text, MAX_TEXT)
        event = Event(f"{self._started}-{self.shown}", shown.kind, shown.ref, text, int(at), shown.fields)
        self.history.append(event)
        for watcher in self.watchers:
            watcher.offer(event)
        return event

    def gap(self, missed: int, at: Instant) -> Event:
        """Returns the marker for events that a watcher did not get; it has no id, for nobody goes on after it.

        Args:
            missed: how many; 0 where nobody knows.
        """
        text = f"{missed} events were missed" if missed else "events of an earlier start are not kept"
        return Event("", Kind.STREAM_GAP, "", text, int(at), {"missed": missed})

    def since(self, last_id: str) -> tuple[list[Event], int]:
        """Returns what is kept of the events after `last_id`, and how many between are not kept any more.

        The number is -1 where it can't be known: the id is of another start, or no id at all.
        """
        if last_id == BEGINNING:
            return list(self.history), self.shown - len(self.history)
        start, _, number = last_id.partition("-")
        if start != str(self._started) or not number.isdecimal() or int(number) > self.shown:
            return list(self.history), -1
        kept = [event for event in self.history if _number(event) > int(number)]
        return kept, self.shown - int(number) - len(kept)

    @contextlib.contextmanager
    def watching(self) -> Iterator[Watcher]:
        """Gives a watcher that is offered every event while the block runs."""
        watcher = Watcher()
        self.watchers.add(watcher)
        try:
            yield watcher
        finally:
            self.watchers.discard(watcher)

    async def follow(self, last_id: str | None = None, kinds: Collection[Kind] = ()) -> AsyncIterator[Event]:
        """Yields events as they happen, without end; ends after a `stream.gap` when the caller is too slow.

        Args:
            last_id: id of the last event that was seen; those after it come first. None for new ones only.
            kinds: only these; empty for all.
        """
        async for group in self.groups(last_id):
            for event in group:
                if _wanted(event, kinds):
                    yield event

    async def groups(self, last_id: str | None = None) -> AsyncIterator[list[Event]]:
        """Yields what `follow` yields, all that waits at once."""
        with self.watching() as watcher:
            if first := self.caught_up(last_id):
                yield first
            while not watcher.behind:
                yield await watcher.take()
            yield [self.gap(watcher.missed, Instant(self.history[-1].at))]

    def caught_up(self, last_id: str | None) -> list[Event]:
        """Returns what came after `last_id` and is kept, behind a `stream.gap` where that is not all of it."""
        if last_id is None:
            return []
        kept, lost = self.since(last_id)
        first = [self.gap(max(0, lost), Instant(kept[0].at if kept else self._started))] if lost else []
        return [*first, *kept]


def _wanted(event: Event, kinds: Collection[Kind]) -> bool:
    return not kinds or event.kind in kinds or event.kind is Kind.STREAM_GAP


def _number(event: Event) -> int:
    return int(event.id.rpartition("-")[2])
