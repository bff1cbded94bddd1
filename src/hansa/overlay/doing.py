"""What the parts of this room want done. They decide; `node.network` does it, in the order of the fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from hansa.kernel.canonical import Json
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Reason
from hansa.overlay.frames import AnyFrame


@dataclass(frozen=True, slots=True)
class Dial:
    """Make a link to a node, at the first of these addresses that answers."""

    whom: NodeId
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """End the link to a node; the reason is for the journal, and goes to the node where it is at fault."""

    whom: NodeId
    reason: Reason


@dataclass(frozen=True, slots=True)
class Say:
    """Sign this and let it travel: a statement of this node's own, of a kind of this room."""

    kind: str
    body: Json


@dataclass(frozen=True, slots=True)
class Reply:
    """Sign this for one node, and hand the envelope back to `Routes.along` with the route that it is to go."""

    whom: NodeId
    kind: str
    body: Json
    route: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Let a signed envelope travel by gossip: no route to whom it is for is known, or none that carries."""

    raw: bytes
    whom: NodeId


class Judge(msgspec.Struct, frozen=True):
    """Hand an envelope that came over a link to the node's inbox; what comes of it is told to whoever asked."""

    source: NodeId
    raw: bytes
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Serve:
    """Send a neighbour records out of the store, as words."""

    whom: NodeId
    ids: tuple[ContentId, ...]


class Misdeed(StrEnum):
    """What a neighbour did on the wire that counts against it here, and nowhere else (attacks 39 to 43)."""

    BROKEN = "broken frames"
    INVALID = "invalid word"
    REPLAY = "word sent again"
    FLOOD = "over its rate"
    SILENT = "promised and not sent"
    WITHHELD = "words held back"
    GRAFT = "grafted too soon"
    FALSE_ALARM = "called a living node dead"


@dataclass(frozen=True, slots=True)
class Blame:
    """A neighbour did something that its score pays for; `count` times.

    Attributes:
        charged: whoever keeps scores saw it itself, and has charged it.
    """

    whom: NodeId
    what: Misdeed
    count: int = 1
    charged: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that people and metrics want to hear: a plain name, whom it is about, and a few words."""

    name: str
    about: str = ""
    detail: str = ""


class Doing(msgspec.Struct):
    """A list of things to be done, field by field."""

    blames: list[Blame] = []
    judges: list[Judge] = []
    says: list[Say] = []
    replies: list[Reply] = []
    spreads: list[Spread] = []
    sends: list[tuple[NodeId, AnyFrame]] = []
    serves: list[Serve] = []
    dials: list[Dial] = []
    closes: list[Close] = []
    events: list[Happened] = []

    def send(self, whom: NodeId, frame: AnyFrame) -> None:
        """Adds a frame for a neighbour."""
        self.sends.append((whom, frame))

    def add(self, other: Doing) -> Doing:
        """Adds all of another list, and returns this one."""
        self.blames += other.blames
        self.judges += other.judges
        self.says += other.says
        self.replies += other.replies
        self.spreads += other.spreads
        self.sends += other.sends
        self.serves += other.serves
        self.dials += other.dials
        self.closes += other.closes
        self.events += other.events
        return self
