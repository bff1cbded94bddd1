"""All that a store holds as lines of JSON, alike whatever database it comes from; and back.

    {"hansa_store":1,"schema":5,"node":"did:key:…"}         the head
    ["record",{"id":"…","envelope":"<base64>",…}]           each row, in the order in which the store has them
    …
    ["end",{"lines":1234,"sha256":"…"}]                     of the lines between

What follows from the rows is left out: numbers, indexes, words, the ends of feed and ledger. It is made anew by the
changes that the lines stand for, so that two stores with the same lines answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from hansa.adapters.store import codec
from hansa.adapters.store.memory import MemoryStore
from hansa.adapters.store.prepared import Fetched
from hansa.adapters.store.schema import SCHEMA
from hansa.kernel.errors import UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.plain import plain
from hansa.node.membership import PutInvitation, PutRequest, RequestRow
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    JournalRow,
    LedgerRow,
    OutboxRow,
    PeerRow,
    PutBlob,
    PutEvidence,
    PutMark,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutReflection,
    PutSkill,
    PutSubscription,
    PutTombstone,
    RecordRow,
    SkillRow,
    SubscriptionRow,
    TombstoneRow,
)
from hansa.overlay.invitation import Invitation
from hansa.skills.model import Evidence
from hansa.skills.reflections import Reflection

FORMAT = 1

NODE = "node"
"""Mark that says whose rows are in a database. It is left out: the head says it."""


class Found(msgspec.Struct, frozen=True):
    """A finding with the record that carries it."""

    record: ContentId
    finding: Evidence


class Blob(msgspec.Struct, frozen=True):
    """A bundle's file."""

    digest: ContentId
    data: bytes


class Mark(msgspec.Struct, frozen=True):
    """A fact about the store (`node.rows.PutMark`)."""

    name: str
    value: str


class Head(msgspec.Struct, frozen=True):
    """The first line.

    Attributes:
        hansa_store: the format's number.
        schema: of the program that wrote it.
        node: whose rows they are.
    """

    hansa_store: int
    schema: int
    node: NodeId


class End(msgspec.Struct, frozen=True):
    """The last line: how many lines stand between it and the head, and the digest of them with their ends."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of line.

    Attributes:
        row: what a line holds.
        change: what makes such a row.
        table, order: where a database has it; `made` reads one from its columns.
        held: the rows of a store in memory.
    """

    row: Any
    change: Callable[[Any], Change]
    table: str
    order: str
    made: Callable[[Fetched], Any]
    held: Callable[[MemoryStore], Iterable[Any]]


def _unlinked(row: LedgerRow) -> AppendLedger:
    return AppendLedger(
        row.entry.receipt, row.subject, row.skill, row.dealing, row.at, row.author, row.reason, row.domain
    )


_MARKS = f"meta WHERE key LIKE 'mark %' AND key != 'mark {NODE}' AND value != ''"

KINDS: Mapping[str, Kind] = {
    "record": Kind(
        RecordRow,
        lambda row: PutRecord(row, in_feed=row.place is not None),
        "records", "number", codec.record_row, lambda store: store._records.values(),
    ),
    "tombstone": Kind(
        TombstoneRow, PutTombstone, "tombstones", "number", codec.tombstone_row,
        lambda store: store._tombstones.values(),
    ),
    "skill": Kind(SkillRow, PutSkill, "skills", "number", codec.skill_row, lambda store: store._skills.values()),
    "finding": Kind(
        Found, lambda one: PutEvidence(one.record, one.finding), "evidence", "number",
        lambda row: Found(ContentId(row["record"]), codec.evidence_row(row)),
        lambda store: (Found(id_, store._evidence[id_]) for id_ in store._records if id_ in store._evidence),
    ),
    "receipt": Kind(LedgerRow, _unlinked, "ledger", "number", codec.ledger_row, lambda store: store._ledger.values()),
    "line": Kind(JournalRow, AppendJournal, "journal", "number", codec.journal_row, lambda store: store._journal),
    "delivery": Kind(OutboxRow, PutOutbox, "outbox", "number", codec.outbox_row, lambda store: store._outbox.values()),
    "source": Kind(
        SubscriptionRow, PutSubscription, "subscriptions", "url", codec.subscription_row,
        lambda store: store.subscriptions(),
    ),
    "peer": Kind(PeerRow, PutPeer, "peers", "id", codec.peer_row, lambda store: store.peers()),
    "invitation": Kind(
        Invitation, PutInvitation, "invitations", "created, id", codec.invitation_row,
        lambda store: store.invitations(),
    ),
    "request": Kind(RequestRow, PutRequest, "requests", "at, id", codec.request_row, lambda store: store.requests()),
    "reflection": Kind(
        Reflection, PutReflection, "reflections", "number", codec.reflection, lambda store: store._reflections.values()
    ),
    "blob": Kind(
        Blob, lambda one: PutBlob(one.digest, one.data), "blobs", "digest",
        lambda row: Blob(ContentId(row["digest"]), bytes(row["data"])),
        lambda store: (Blob(digest, store._blobs[digest]) for digest in sorted(store._blobs)),
    ),
    "mark": Kind(
        Mark, lambda one: PutMark(one.name, one.value), _MARKS, "key",
        lambda row: Mark(row["key"].removeprefix("mark "), row["value"]),
        lambda store: (Mark(name, text) for name, text in sorted(store._marks.items()) if text and name != NODE),
    ),
}  # fmt: skip
"""In the order in which they are written: what rests on something comes after it."""


class Walking(Protocol):
    """What is read from a database, within one transaction."""

    def walk(self, sql: str) -> Iterator[Fetched]:
        """Yields the rows of a statement's answer one by one."""
        ...


def of_database(session: Walking) -> Iterator[bytes]:
    """Yields a line for each row, without its end; all of one moment where the session is in a transaction.

    Raises:
        Fault: a row is damaged.
    """
    for name, kind in KINDS.items():
        for row in session.walk(f"SELECT * FROM {kind.table} ORDER BY {kind.order}"):  # noqa: S608
            yield _line(name, kind.made(row))


def of_memory(store: MemoryStore) -> Iterator[bytes]:
    """Yields a line for each row of a store in memory."""
    for name, kind in KINDS.items():
        for row in kind.held(store):
            yield _line(name, row)


def count(session: Any) -> int:
    """Returns how many lines a database will give, within one transaction."""
    asked = [f"SELECT count(*) AS count FROM {kind.table}" for kind in KINDS.values()]  # noqa: S608
    return sum(int(session.raw(one)[0]["count"]) for one in asked)


def head(node: str) -> bytes:
    """Returns the first line."""
    return msgspec.json.encode(Head(FORMAT, SCHEMA, NodeId(node)))


def end(lines: int, sha256: str) -> bytes:
    """Returns the last line."""
    return _line("end", End(lines, sha256))


def read_head(line: bytes) -> Head:
    """Reads the first line.

    Raises:
        UsageError: it is none, or of a newer Hansa.
    """
    try:
        found = msgspec.json.decode(line, type=Head)
    except msgspec.MsgspecError:
        raise UsageError("this is no file that hansa store export wrote") from None
    if found.hansa_store > FORMAT or found.schema > SCHEMA:
        raise UsageError(
            f"it was written by a newer Hansa (format {found.hansa_store}, schema {found.schema}): upgrade"
        )
    return found


def read_line(line: bytes) -> tuple[Change, bytes]:
    """Returns the change that a line stands for, and the line as this program writes it.

    Raises:
        UsageError: it is no line of such a file.
    """
    try:
        name, raw = msgspec.json.decode(line, type=tuple[str, msgspec.Raw])
        row = msgspec.json.decode(raw, type=KINDS[name].row)
    except (msgspec.MsgspecError, KeyError) as error:
        raise UsageError(f"a line of it can't be read ({plain(str(error), 100)}): export it again") from None
    return KINDS[name].change(row), _line(name, row)


def read_end(line: bytes) -> End | None:
    """Returns the end that a line is; None when it is no end.

    Raises:
        UsageError: it is a damaged one.
    """
    if not line.startswith(b'["end",'):
        return None
    try:
        return msgspec.json.decode(line, type=tuple[str, End])[1]
    except msgspec.MsgspecError:
        raise UsageError("its last line can't be read: export it again") from None


def _line(name: str, row: Any) -> bytes:
    return msgspec.json.encode([name, row])
