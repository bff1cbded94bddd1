"""A ledger as a file: everything that somebody needs to check it and to work its decisions out again elsewhere.

One JSON object a line:

1. the head: whose ledger, how many links, the hash of the last, and the same signed by its owner
2. `record`: a signed message: root metadata first, then policy cards; before each link the messages that its receipt
   rests on, and the receipt
3. `blob`: bytes that a receipt rests on and that are no record: the second of two messages under one number
4. `link`: number, receipt and hash
5. at the end the records of decisions

The signed head counts the links, so that a file that was cut off is known as such.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from hansa.conduct.card import DECISION
from hansa.conduct.card import KIND as CARD
from hansa.conduct.ledger import Receipt
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.wire import Id, Wire, parse
from hansa.node.core import Core
from hansa.node.rows import LedgerRow, RecordRow
from hansa.node.vault import open_signed

FORMAT = "hansa-ledger-1"
HEAD = "ledger_head"


class Head(Wire, frozen=True, kw_only=True):
    """Body of a message of kind "ledger_head": how long its author's ledger is, and how it ends."""

    entries: int
    head: str
    decisions: int


class Link(msgspec.Struct, frozen=True):
    """A link of the chain, as the file says it."""

    number: int
    receipt: Id
    hash: Id


class Line(msgspec.Struct, frozen=True):
    """A line of the file: one of these."""

    format: str = ""
    node: str = ""
    head: str = ""
    record: str = ""
    blob: str = ""
    link: Link | None = None


def lines(core: Core) -> Iterator[str]:
    """Yields the file of this node's ledger, line by line."""
    entries, head = core.store.ledger_mark()
    told: set[ContentId] = set()
    rows = _upto(core, entries)
    authors = dict.fromkeys([core.me, *(NodeId(one) for row in rows for one in (row.subject, row.author) if one)])
    decided = [one for author in authors for one in core.store.records_about(author, DECISION) if one.author == core.me]
    sealed = core.seal(HEAD, {"entries": entries, "head": head, "decisions": len(decided)})
    yield _line(format=FORMAT, node=core.me, head=sealed.raw.decode())
    for author in authors:
        yield from _records(core.ring.records(author), told)
    for author in authors:
        yield from _records(core.store.records_about(author, CARD), told)
    for row in _upto(core, entries):
        yield from _entry(core, row, told)
    yield from _records(decided, told)


def _upto(core: Core, entries: int) -> Iterator[LedgerRow]:
    after = 0
    while after < entries and (rows := core.store.ledger(after, min(1_000, entries - after))):
        after = rows[-1].entry.number
        yield from rows


def _entry(core: Core, row: LedgerRow, told: set[ContentId]) -> Iterator[str]:
    """Yields what a receipt rests on, the receipt and its link; of a damaged one the link alone."""
    record = core.store.record(row.entry.receipt)
    if record is not None:
        with suppress(Refused):
            named = [ContentId(one) for one in parse(open_signed(record).body, Receipt).records]
            yield from _records((one for one in map(core.store.record, named) if one is not None), told)
            for data in map(core.store.blob, named):  # before the receipt: it is checked by them
                if data is not None:
                    yield _line(blob=base64.b64encode(data).decode())
            yield from _records([record], told)
    yield _line(link={"number": row.entry.number, "receipt": row.entry.receipt, "hash": row.entry.hash})


def _records(rows: Iterable[RecordRow], told: set[ContentId]) -> Iterator[str]:
    for row in rows:
        if row.id not in told:
            told.add(row.id)
            yield _line(record=row.envelope.decode())


def _line(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
