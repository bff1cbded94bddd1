"""Whether what lies with a receipt proves that its subject said two things in one place: nobody's word is needed.

Two messages under one number, or a yes and a no of one member on one proposal: the first is a record, the second lies
beside it as it came. Two feeds of one source:
both signed indexes lie in one proof, with the way from the one to the other (`overlay.heads`).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.conduct.ledger import Receipt
from hansa.governance import voting
from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Wire, parse, read_json
from hansa.node.ring import KeyRing
from hansa.overlay import messages as overlay
from hansa.overlay.heads import is_split
from hansa.overlay.messages import Index


class Split(Wire, frozen=True):
    """Proof that a source shows two feeds: the index that its author walked to, another one, and the way between."""

    index: str
    other: str
    link: str
    ids: Annotated[list[Id], msgspec.Meta(max_length=10_000)]


def flaw(receipt: Receipt, first: Verified | None, proof: bytes | None, ring: KeyRing, limits: Limits) -> str:
    """Returns why a receipt of two messages is not proved; "" when it is.

    Args:
        first: the record that it names first, if that is held.
        proof: the bytes that it names last, if they are held.
    """
    if proof is None or content_id(proof) != receipt.records[-1]:
        return "the bytes that would prove it are missing"
    try:
        if receipt.reason == Reason.FORK.code:
            return _flaw_of_feeds(receipt, proof, ring, limits)
        if first is None or first.id != receipt.records[0]:
            return "the first of the two messages is missing"
        other = ring.verify(envelope.read(proof, limits), ring, limits)
    except Refused as refusal:
        return f"what would prove it is none: {refusal.reason.text}"
    if _is_torn(first, other) and receipt.subject == first.author:
        return ""
    here = (receipt.subject, first.header.seq)
    if (first.author, first.header.seq) != here or (other.author, other.header.seq) != here or first.id == other.id:
        return "the two messages do not prove it"
    return ""


def _is_torn(first: Verified, other: Verified) -> bool:
    if (first.author, first.header.kind, other.header.kind) != (other.author, voting.VOTE, voting.VOTE):
        return False
    one, two = parse(first.body, voting.VoteBody), parse(other.body, voting.VoteBody)
    return one.proposal == two.proposal and one.choice is not two.choice


def _flaw_of_feeds(receipt: Receipt, proof: bytes, ring: KeyRing, limits: Limits) -> str:
    split = read_json(proof, Split)
    one, other = _index(split.index, ring, limits), _index(split.other, ring, limits)
    named = tuple(map(ContentId, receipt.records[:2]))
    shown = parse(one.body, Index), parse(other.body, Index)
    if (one.id, other.id) != named or {one.author, other.author} != {receipt.subject}:
        return "the two indexes are not the subject's, or others than it names"
    if not is_split(*shown, split.link, [ContentId(one) for one in split.ids]):
        return "the two indexes can be of one feed"
    return ""


def _index(text: str, ring: KeyRing, limits: Limits) -> Verified:
    message = envelope.verify(envelope.read(text.encode(), limits), ring, limits)
    if message.header.kind != overlay.INDEX:
        raise Refused(Reason.UNKNOWN_KIND, message.header.kind)
    return message
