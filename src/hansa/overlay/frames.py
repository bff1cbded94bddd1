"""What neighbours say to each other on a link: small frames in msgpack, each an array that begins with its tag.

A frame is no record: nothing of it is kept or passed on as said by somebody. Whom it is from is known from the link,
which proved both ends (`identity.handshake`); what must hold beyond one link travels inside as a signed envelope
(`Word.raw`, `Packet.raw`). A tag that this version does not know is skipped, so that versions can meet.
"""

from __future__ import annotations

from typing import Annotated, get_args

import msgspec

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Reason

MAX_FRAME = 1024 * 1024
"""Bytes of one frame at most: the hard limit of an envelope; checked before anything is parsed."""

MAX_IDS = 1_024
"""Ids that one frame may name."""

MAX_ROUTE = 16
"""Nodes that a packet may pass, and nodes that it may be meant for."""

Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Ids = Annotated[tuple[Digest, ...], msgspec.Meta(max_length=MAX_IDS)]
_Node = Annotated[NodeId, msgspec.Meta(min_length=8, max_length=64)]
_Route = Annotated[tuple[_Node, ...], msgspec.Meta(max_length=MAX_ROUTE)]
_Nonce = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_Hops = Annotated[int, msgspec.Meta(ge=0, le=255)]
_Prefix = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{0,64}\Z")]


class Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One thing that a neighbour says."""


# ---- membership: who is alive (M2)


class Ping(Frame, frozen=True, tag="ping"):
    """Asks for a `Pong` with the same nonce. `doubted` tells the neighbour that it is under suspicion here."""

    nonce: _Nonce
    doubted: bool = False


class Pong(Frame, frozen=True, tag="pong"):
    """Answers a `Ping`, or a `Reach` once the third node answered."""

    nonce: _Nonce


class Reach(Frame, frozen=True, tag="reach"):
    """Asks the neighbour to ping a third node, which did not answer, and to say how it went."""

    nonce: _Nonce
    whom: _Node


class Silent(Frame, frozen=True, tag="silent"):
    """Answers a `Reach`: asked in time, and heard nothing. It shows that whoever was asked is awake."""

    nonce: _Nonce


# ---- gossip: how word travels (M9)


class Word(Frame, frozen=True, tag="word"):
    """One signed envelope. `hops` counts the links that it has crossed; it is advice, never a reason to drop alone.

    `stalled` counts those of them, the last ones, that brought a notice no nearer to the resource that it looks for.
    """

    raw: bytes
    hops: _Hops = 0
    stalled: _Hops = 0


class Have(Frame, frozen=True, tag="have"):
    """Names what was heard lately, for whoever missed it."""

    ids: _Ids


class Want(Frame, frozen=True, tag="want"):
    """Asks for what a `Have` named."""

    ids: _Ids


class Graft(Frame, frozen=True, tag="graft"):
    """Asks to be sent words at once from now on."""


class Prune(Frame, frozen=True, tag="prune"):
    """Asks for names of words only, and not to be grafted again before so many milliseconds have passed."""

    back_off_ms: _Count


# ---- anti-entropy: what was missed


class Sums(Frame, frozen=True, tag="sums"):
    """Names the digests of the 16 parts below a prefix of ids, in order; empty bytes for a part that has none.

    A single part is the digest of all that is below the prefix: the question whether there is any difference.
    """

    prefix: _Prefix
    parts: Annotated[tuple[Annotated[bytes, msgspec.Meta(max_length=32)], ...], msgspec.Meta(max_length=16)]


class Held(Frame, frozen=True, tag="held"):
    """Names ids below a prefix. All that are held there, which asks for the others; as an answer, some of them."""

    prefix: _Prefix
    ids: _Ids
    answer: bool = False


class Fetch(Frame, frozen=True, tag="fetch"):
    """Asks for records that a `Held` named, again where they were lost on the way."""

    ids: _Ids


# ---- after a restore: what one has said oneself


class Mine(Frame, frozen=True, tag="mine"):
    """Asks for the ids of records that whoever asks has said itself, under numbers from `since` on."""

    since: _Count


class Yours(Frame, frozen=True, tag="yours"):
    """Answers a `Mine`: ids in the order of their numbers. `later` is what to ask from next; 0 when these are all."""

    since: _Count
    ids: _Ids
    later: _Count = 0


# ---- routing: how a message reaches one node that is no neighbour (M3, M4)


class Packet(Frame, frozen=True, tag="packet"):
    """Carries one signed envelope along a route that its sender chose.

    Attributes:
        id: drawn by the sender; its answer and its loss are known by it.
        route: the nodes that it is still to pass, the one it is meant for last.
        past: the nodes that it has passed, the sender first.
        raw: the envelope.
    """

    id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    route: _Route
    past: _Route
    raw: bytes


class Stuck(Frame, frozen=True, tag="stuck"):
    """Says on the way back that a packet could not go on: the link from `at` to `to` is not there."""

    id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    at: _Node
    to: _Node
    back: _Route


AnyFrame = (
    Ping | Pong | Reach | Silent
    | Word | Have | Want | Graft | Prune
    | Sums | Held | Fetch
    | Mine | Yours
    | Packet | Stuck
)  # fmt: skip
"""All that this version says and understands."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[AnyFrame] = msgspec.msgpack.Decoder(AnyFrame)
_TAG = msgspec.msgpack.Decoder(list[msgspec.Raw])
_NAME = msgspec.msgpack.Decoder(Annotated[str, msgspec.Meta(max_length=32)])
_KNOWN = frozenset(str(kind.__struct_config__.tag) for kind in get_args(AnyFrame))


def encode(frame: AnyFrame) -> bytes:
    """Returns a frame's bytes."""
    return _ENCODER.encode(frame)


def decode(data: bytes) -> AnyFrame | None:
    """Returns the frame in some bytes; None for one of a kind that a later version may know.

    Raises:
        Refused: TOO_LARGE; BAD_FRAME, when it is no frame, or one that breaks a bound.
    """
    if len(data) > MAX_FRAME:
        raise Refused(Reason.TOO_LARGE, f"{len(data)} bytes")
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _is_newer(data):
            return None
        raise Refused(Reason.BAD_FRAME, str(error)[:120]) from None


def _is_newer(data: bytes) -> bool:
    try:
        parts = _TAG.decode(data)
        return bool(parts) and _NAME.decode(parts[0]) not in _KNOWN
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def digest(id_: ContentId) -> bytes:
    """Returns a content id as 32 bytes."""
    return bytes.fromhex(id_)


def named(digest_: bytes) -> ContentId:
    """Returns the content id that 32 bytes name."""
    return ContentId(digest_.hex())
