"""What notices change here (M10): one handler for each type, and each changes a decision.

| type | changes |
|---|---|
| threat_alert | what is proved first; with `CORROBORATION` known authors of different roots, what is quarantined |
| consciousness_sync | which agent gets a task, and which relay a packet |
| resource_discovery | whom a resource is asked of |
| knowledge_discovery | which records are asked for |

A handler is told who the author is here (`Heard.rank`, `Heard.root`): a notice of a stranger changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, is_content_id
from hansa.kernel.instant import DAY, HOUR, MINUTE, Instant
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.verdict import Reason
from hansa.overlay import notices
from hansa.overlay.effects import (
    About,
    AgentState,
    Effect,
    Fetch,
    Offered,
    ProveFirst,
    Quarantine,
    Snapshot,
    Subject,
)
from hansa.overlay.notices import Notice

FIELDS = {
    notices.THREAT_ALERT: "skill=ID or peer=NODE, and why=TEXT if you like",
    notices.CONSCIOUSNESS_SYNC: "load=0…1000 running=NUMBER clock=NUMBER, and model=NAME goals=DIGEST if you like",
    notices.RESOURCE_DISCOVERY: "RESOURCE=AMOUNT, of as many as you like",
    notices.KNOWLEDGE_DISCOVERY: 'ids="ID ID…"',
}
"""What each type takes, as people write it."""

STRANGER, NEWCOMER, KNOWN = 0, 1, 2
"""Ranks, as `lane` takes them."""

CORROBORATION = 2
"""Known authors with roots of their own that it takes to quarantine something."""

MAX_AUTHORS = 1_024
"""Authors of whom something is kept, for each type."""

ALERTS_EACH = 32
"""Subjects that one author's alerts count for at once; of more, its oldest counts no longer."""

ALERT_MS = DAY
STATE_MS = 5 * MINUTE
OFFER_MS = HOUR
OFFERS_EACH = 16


@dataclass(frozen=True, slots=True)
class Heard:
    """A verified notice, and who its author is here.

    Attributes:
        rank: its author's standing, 0 to 3, as `notices.lane` takes it.
        root: who let its author in, at the beginning: of those whom this node's operator knows, the one whose
            invitation led to it, or the author itself. Two authors of one root speak with one voice. Empty: nobody
            knows.
    """

    id: ContentId
    author: NodeId
    notice: Notice
    rank: int
    root: str = ""


Handler = Callable[[Heard, Instant], Sequence[Effect]]


class Handlers:
    """Which handler reads which type."""

    def __init__(self) -> None:
        """Begins with none."""
        self._handlers: dict[str, Handler] = {}

    def register(self, type_: str, handler: Handler) -> None:
        """Has a handler read a type.

        Raises:
            ValueError: it has one.
        """
        if type_ in self._handlers:
            raise ValueError(f"{type_} has a handler")
        self._handlers[type_] = handler

    def handle(self, heard: Heard, now: Instant) -> list[Effect]:
        """Returns what a notice leads to; nothing for a stranger's, and for a type that nobody reads.

        Raises:
            Refused: BAD_BODY: its payload is not what its type asks for.
        """
        handler = self._handlers.get(heard.notice.type)
        if handler is None:
            return []
        return list(handler(heard, now)) if heard.rank > STRANGER else []


class Alerts:
    """Alerts that count, by author: {"skill": id} or {"peer": node id}, and "why"."""

    def __init__(self, me: NodeId) -> None:
        """Begins with none; nobody quarantines `me`."""
        self._me = me
        self._said: dict[NodeId, dict[Subject, tuple[Instant, ContentId, str]]] = {}

    def __call__(self, heard: Heard, now: Instant) -> list[Effect]:
        """Returns what an alert leads to.

        Raises:
            Refused: BAD_BODY.
        """
        subject = _subject(heard.notice.payload)
        if subject.name in (self._me, heard.author):
            return []
        if heard.rank < KNOWN or not heard.root:
            return [ProveFirst(subject, (heard.id,))]
        own = _touched(self._said, heard.author)
        own.pop(subject, None)
        own[subject] = (now, heard.id, heard.root)
        if len(own) > ALERTS_EACH:
            del own[next(iter(own))]
        voices: dict[str, ContentId] = {}
        for said in self._said.values():
            at, id_, root = said.get(subject, (now - ALERT_MS, heard.id, ""))
            if at > now - ALERT_MS:
                voices[root] = id_
        because = tuple(sorted(voices.values()))
        return [(Quarantine if len(voices) >= CORROBORATION else ProveFirst)(subject, because)]


def _subject(payload: Mapping[str, str]) -> Subject:
    about = [one for one in About if one in payload]
    if len(about) != 1:
        raise Refused(Reason.BAD_BODY, "an alert is about one skill or one peer")
    name = payload[about[0]]
    good = is_content_id(name) if about[0] is About.SKILL else name.startswith("did:key:z") and len(name) <= 64
    if not good:
        raise Refused(Reason.BAD_BODY, f"no id of a {about[0]}")
    return Subject(about[0], name)


class Snapshots:
    """The last state of each agent: {"load", "running", "model", "goals", "clock"}, as texts."""

    def __init__(self) -> None:
        """Begins with none."""
        self._states: dict[NodeId, tuple[Instant, AgentState]] = {}

    def __call__(self, heard: Heard, now: Instant) -> list[Effect]:
        """Returns the new state; nothing when it is no later than the last.

        Raises:
            Refused: BAD_BODY.
        """
        payload = heard.notice.payload
        goals = payload.get("goals", "")
        if goals and not is_content_id(goals):
            raise Refused(Reason.BAD_BODY, "goals is a digest")
        state = AgentState(
            load=_number(payload, "load", 1000),
            running=_number(payload, "running"),
            model=payload.get("model", "")[:64],
            goals=goals,
            clock=_number(payload, "clock"),
        )
        known = self._states.get(heard.author)
        if known and known[1].clock >= state.clock:
            return []
        _keep(self._states, heard.author, (now, state))
        return [Snapshot(heard.author, state)]

    def state(self, node: NodeId, now: Instant) -> AgentState | None:
        """Returns what is known of an agent, of the last five minutes."""
        known = self._states.get(node)
        return known[1] if known and known[0] > now - STATE_MS else None

    def loads(self, now: Instant) -> dict[NodeId, int]:
        """Returns thousandths in use by node, for `Routes.weigh`."""
        return {node: state.load for node, (at, state) in self._states.items() if at > now - STATE_MS}


class Directory:
    """Who has how much of what: amounts by resource id, as texts; 0 takes an offer back."""

    def __init__(self) -> None:
        """Begins empty."""
        self._offers: dict[NodeId, tuple[Instant, dict[str, int]]] = {}

    def __call__(self, heard: Heard, now: Instant) -> list[Effect]:
        """Returns what is offered, each resource by itself.

        Raises:
            Refused: BAD_BODY.
        """
        said = {resource: _number(heard.notice.payload, resource) for resource in heard.notice.payload}
        offers = {**self._offers.get(heard.author, (now, {}))[1], **said}
        kept = {resource: amount for resource, amount in offers.items() if amount}
        if len(kept) > OFFERS_EACH:
            raise Refused(Reason.BAD_BODY, f"more than {OFFERS_EACH} resources")
        _keep(self._offers, heard.author, (now, kept))
        return [Offered(heard.author, resource, amount) for resource, amount in said.items()]

    def who_has(self, resource: str, now: Instant) -> list[tuple[NodeId, int]]:
        """Returns who offered a resource within the hour, and how much, the most first."""
        found = [
            (node, offers[resource])
            for node, (at, offers) in self._offers.items()
            if at > now - OFFER_MS and resource in offers
        ]
        return sorted(found, key=lambda one: (-one[1], one[0]))


def wanted(heard: Heard, now: Instant) -> list[Effect]:
    """Reads a knowledge_discovery, {"ids": content ids with blanks between them}: they are asked for.

    Raises:
        Refused: BAD_BODY.
    """
    ids = list(dict.fromkeys(heard.notice.payload.get("ids", "").split()))
    if not ids or not all(map(is_content_id, ids)):
        raise Refused(Reason.BAD_BODY, "ids are content ids with blanks between them")
    return [Fetch(tuple(map(ContentId, ids)), heard.author)]


def _number(payload: Mapping[str, str], name: str, most: int = MAX_SAFE_INTEGER) -> int:
    text = payload.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= most):
        raise Refused(Reason.BAD_BODY, f"{name} is a whole number up to {most}")
    return int(text)


K = TypeVar("K")
V = TypeVar("V")


def _keep(table: dict[NodeId, V], author: NodeId, value: V) -> None:
    table.pop(author, None)
    table[author] = value  # last in order: heard last
    if len(table) > MAX_AUTHORS:
        del table[next(iter(table))]


def _touched(table: dict[NodeId, dict[K, V]], author: NodeId) -> dict[K, V]:
    own = table.get(author, {})
    _keep(table, author, own)
    return own


@dataclass(frozen=True, slots=True)
class Standard:
    """The four handlers that every node has, and what they know."""

    handlers: Handlers
    alerts: Alerts
    snapshots: Snapshots
    directory: Directory


def standard(me: NodeId) -> Standard:
    """Returns a registry with the four handlers."""
    made = Standard(Handlers(), Alerts(me), Snapshots(), Directory())
    made.handlers.register(notices.THREAT_ALERT, made.alerts)
    made.handlers.register(notices.CONSCIOUSNESS_SYNC, made.snapshots)
    made.handlers.register(notices.RESOURCE_DISCOVERY, made.directory)
    made.handlers.register(notices.KNOWLEDGE_DISCOVERY, wanted)
    return made
