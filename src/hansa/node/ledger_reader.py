"""Checking a ledger that came as a file (`ledger_file`), with nothing but the file: no store, no network, no clock.

1. each message: its signature, under the root metadata that came before it
2. each link: that it follows from the one before
3. each receipt: that it is there, and that whoever it speaks of has signed what it speaks of
4. the end: that there are as many links as the owner has signed, and that the last is theirs
5. each decision: that it comes out again, bit for bit, from the links up to it

What was signed by a key that its owner has revoked since is no flaw: it counted once, and is told as void.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import msgspec

from hansa.conduct.card import DECISION, Card, Decided
from hansa.conduct.card import KIND as CARD
from hansa.conduct.counting import Said
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Entry, Receipt, append
from hansa.identity import envelope, roots
from hansa.identity.envelope import Signed, Verified
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node import splits
from hansa.node.conduct import Replayed, again
from hansa.node.ledger_file import FORMAT, HEAD, Head, Line, Link
from hansa.node.ring import KeyRing
from hansa.node.rows import RecordRow
from hansa.node.shelf import record_row

MAX_LINE = 4 * 1024 * 1024
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in the file that does not hold: the link or line, and what is wrong."""

    where: str
    what: str


@dataclass(slots=True)
class Reading:
    """What a file holds, and what of it does not hold.

    Attributes:
        node: whose ledger it is.
        sealed: links that its owner has signed for.
        receipts: of good links, in order: the link's number, and what it says; without those that are void by now.
        as_signed: the same with those that are void.
        good: receipts of good links; proofs: digests of the bytes that some of them rest on.
        messages: those that are good, by id, in the file's order.
        void: those whose keys were revoked since.
        blobs: bytes by their digest.
        dropped: links whose place or receipt is not good.
    """

    node: str = ""
    sealed: int = 0
    links: int = 0
    receipts: list[tuple[int, Said]] = field(default_factory=list)
    as_signed: list[tuple[int, Said]] = field(default_factory=list)
    good: dict[ContentId, None] = field(default_factory=dict)
    proofs: dict[ContentId, None] = field(default_factory=dict)
    messages: dict[ContentId, Verified] = field(default_factory=dict)
    void: dict[ContentId, Verified] = field(default_factory=dict)
    blobs: dict[ContentId, bytes] = field(default_factory=dict)
    decisions: list[tuple[ContentId, Decided]] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    dropped: int = 0

    def replayed(self) -> Iterator[Replayed]:
        """Works every decision out again, with the cards and receipts of the file."""
        for id_, decided in self.decisions:
            used = self.cards.get(decided.card)
            if used is None or not used.computable:
                yield Replayed(id_, decided, None, f"the card {decided.card[:12]} is not here, or not known")
            else:
                yield again(id_, decided, used, self.node, partial(self._said, decided))

    def _said(self, decided: Decided, void: bool) -> Iterator[Said]:
        for number, said in self.as_signed if void else self.receipts:
            if number <= decided.entries and said.receipt.subject == decided.about:
                yield said


class _Roots:
    """The root metadata that came so far."""

    def __init__(self) -> None:
        self.rows: list[RecordRow] = []

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        return [row for row in self.rows if row.subject == subject and kind in ("", roots.KIND)]


class Reader:
    """Reads a file, line by line."""

    def __init__(self, limits: Limits) -> None:
        """Takes messages within `limits`."""
        self._limits = limits
        self._roots = _Roots()
        self._ring = KeyRing(self._roots)
        self._last: Entry | None = None
        self._sealed = b""
        self.found = Reading()

    def read(self, file: Iterable[bytes]) -> Iterator[int]:
        """Takes the lines in, and yields the number of each; `found` is whole when it ends.

        Raises:
            UsageError: it is no such file.
        """
        for number, data in enumerate(file, 1):
            line = self._line(data, number)
            if number == 1:
                self._head(line)
            elif line.format:
                self._flaw(f"line {number}", "another ledger begins here: a file holds one, the rest was not read")
                break
            elif line.record:
                self._record(line.record.encode(), number)
            elif line.blob:
                self._blob(line.blob, number)
            elif line.link:
                self._link(line.link)
            yield number
        if not self._sealed:
            raise UsageError("the file is empty: hansa ledger export writes one")
        self._end()

    def _line(self, data: bytes, number: int) -> Line:
        try:
            if len(data) > MAX_LINE:
                raise ValueError("too long")
            if number == 1 and data.startswith(GZIP):
                raise UsageError("that is packed with gzip: unpack it first, with gunzip")
            return msgspec.json.decode(data, type=Line)
        except (ValueError, RecursionError):
            if number == 1:
                raise UsageError("that is no ledger: hansa ledger export writes one") from None
            self._flaw(f"line {number}", "it can't be read")
            return Line()

    def _head(self, line: Line) -> None:
        if line.format != FORMAT or not line.node:
            raise UsageError("that is no ledger: hansa ledger export writes one")
        self.found.node = line.node
        self._sealed = line.head.encode()  # looked at last, when its owner's keys are here

    def _record(self, data: bytes, number: int) -> None:
        try:
            signed = envelope.read(data, self._limits)
            message = self._verified(signed)
            if message.header.kind == roots.KIND:
                self._roots.rows.append(record_row(message, message.author, Instant(message.header.created)))
                self._ring.forget(message.author)
            self._note(message)
        except Refused as refusal:
            self._flaw(f"line {number}", refusal.reason.text)

    def _verified(self, signed: Signed) -> Verified:
        try:
            message = self._ring.verify(signed, self._ring, self._limits)
        except Refused as refusal:
            if refusal.reason is not Reason.REVOKED:
                raise
            message = envelope.as_signed(signed, self._limits)
            self.found.void[message.id] = message
        else:
            self.found.messages[message.id] = message
        return message

    def _note(self, message: Verified) -> None:
        """Notes the owner's cards and decisions."""
        if message.author != self.found.node:
            return
        if message.header.kind == CARD:
            card = parse(message.body, Card)
            self.found.cards[card.digest] = card
        elif message.header.kind == DECISION:
            self.found.decisions.append((message.id, parse(message.body, Decided)))

    def _blob(self, text: str, number: int) -> None:
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error:
            self._flaw(f"line {number}", "its bytes can't be read")
            return
        self.found.blobs[content_id(data)] = data

    def _link(self, link: Link) -> None:
        follows = append(self._last, ContentId(link.receipt))
        good = (follows.number, follows.hash) == (link.number, link.hash)
        if not good:
            self._flaw(f"link {link.number}", "it does not follow from the one before it")
        self.found.links += 1
        self._last = Entry(link.number, ContentId(link.receipt), follows.previous, ContentId(link.hash))
        message = self._held(link.receipt)
        why = self._flaw_of(message)
        if why:
            self._flaw(f"link {link.number}", why)
        if good and not why and message is not None:
            said = Said(message.author, Instant(message.header.created), parse(message.body, Receipt))
            self.found.good[message.id] = None
            self.found.proofs |= {ContentId(one): None for one in said.receipt.records if one in self.found.blobs}
            self.found.as_signed.append((link.number, said))
            if message.id in self.found.messages:
                self.found.receipts.append((link.number, said))
        else:
            self.found.dropped += 1

    def _held(self, id_: str) -> Verified | None:
        return self.found.messages.get(ContentId(id_)) or self.found.void.get(ContentId(id_))

    def _flaw_of(self, message: Verified | None) -> str:
        """Returns what is wrong with a link's receipt; "" when nothing is."""
        if message is None or message.header.kind != RECEIPT:
            return "its receipt is missing or damaged"
        try:
            receipt = parse(message.body, Receipt)
        except Refused as refusal:
            return str(refusal)
        deed = self._held(receipt.records[0])
        if receipt.dealing is Dealing.EQUIVOCATED:
            proof = self.found.blobs.get(ContentId(receipt.records[-1]))
            return splits.flaw(receipt, deed, proof, self._ring, self._limits)
        if deed is None or deed.author != receipt.subject:
            return "what it speaks of is missing, or was signed by somebody else"
        if any(self._held(one) is None for one in receipt.records):
            return "a record that it rests on is missing or damaged"
        return ""

    def _end(self) -> None:
        try:
            message = envelope.verify(envelope.read(self._sealed, self._limits), self._ring, self._limits)
            head = parse(message.body, Head)
        except Refused as refusal:
            why = refusal.reason.text
            if not self._roots.records_about(self.found.node):
                why += ", and its owner's metadata of keys is not here: the file was cut off, or changed"
            self._flaw("head", why)
            return
        if (message.header.kind, message.author) != (HEAD, self.found.node):
            self._flaw("head", "it was signed by somebody else")
        self.found.sealed = head.entries
        if len(self.found.decisions) != head.decisions:
            told = f"{len(self.found.decisions)} decisions are here, its owner signed for {head.decisions}"
            self._flaw("decisions", told)
        if self.found.links < head.entries:
            self._flaw(f"link {self.found.links + 1}", f"cut off: its owner signed for {head.entries} links")
        elif (self._last.number if self._last else 0, self._last.hash if self._last else "") != (
            head.entries, head.head,
        ):  # fmt: skip
            self._flaw("head", "its owner signed for another end")

    def _flaw(self, where: str, what: str) -> None:
        self.found.flaws.append(Flaw(where, what))
