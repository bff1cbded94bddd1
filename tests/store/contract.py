"""Rows to test stores with, all made from small numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hansa.adapters.store.address import Address
from hansa.adapters.store.memory import MemoryStore
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.node.membership import RequestRow
from hansa.node.ports import SkillFilter, Store
from hansa.node.rows import (
    JournalRow,
    OutboxRow,
    PeerRow,
    PutRecord,
    RecordRow,
    SkillRow,
    SubscriptionRow,
    TombstoneRow,
)
from hansa.overlay.invitation import Invitation
from hansa.skills.model import Evidence, Origin, Outcome, SkillState
from hansa.skills.reflections import Reflection, Went

ANN = NodeId("did:key:zAnn")
BOB = NodeId("did:key:zBob")
ANY = SkillFilter()
NO_FLOOR = 0


KINDS = ("memory", "sqlite", "postgres")


def fresh_store(request: pytest.FixtureRequest, folder: Path, journal_bound: int = 100_000) -> Store:
    """Returns a fresh store of the kind that a fixture's parameter names."""
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgres" else ""
    return open_store(request.param, folder, journal_bound, url)


def open_store(kind: str, folder: Path, journal_bound: int = 100_000, url: str = "") -> Store:
    """Returns a store of a kind, fresh where nothing is in the folder or database."""
    if kind == "memory":
        return MemoryStore(journal_bound=journal_bound)
    if kind == "postgres":
        from hansa.adapters.store.postgres import PostgresStore

        return PostgresStore.open(Address.parse(url), journal_bound=journal_bound)
    return SqliteStore.open(folder / "hansa.db", journal_bound=journal_bound, min_free_bytes=NO_FLOOR)


def cid(name: object) -> ContentId:
    """Returns a content id that stands for `name`."""
    return content_id(repr(name).encode())


def record(number: int, **changed: Any) -> RecordRow:
    """Returns the record number `number` of ANN's."""
    fields: dict[str, Any] = {
        "id": cid(("record", number)),
        "kind": "skill",
        "author": ANN,
        "seq": number,
        "subject": cid(("skill", number)),
        "created": 1_700_000_000_000 + number,
        "received": 1_700_000_000_500 - number,
        "envelope": f"envelope {number}".encode(),
    }
    return RecordRow(**fields | changed)


def put(number: int, *, in_feed: bool = False, **changed: Any) -> PutRecord:
    """Returns the change that keeps that record."""
    return PutRecord(record(number, **changed), in_feed)


def skill(number: int, **changed: Any) -> SkillRow:
    """Returns the skill number `number`."""
    fields: dict[str, Any] = {
        "id": cid(("skill", number)),
        "intent": f"Convert the table number{number} into text",
        "body": b"body",
        "media_type": "text/x-python",
        "license": "MIT",
        "tags": ("text", f"tag{number}"),
        "has_checks": True,
        "origin": Origin.PEER,
        "author": ANN,
        "state": SkillState.QUARANTINED,
        "added": 1_700_000_000_000 + number,
        "source": f"file{number}.py",
    }
    return SkillRow(**fields | changed)


def finding(number: int, **changed: Any) -> Evidence:
    """Returns a finding about the skill number `number`."""
    fields: dict[str, Any] = {
        "skill": cid(("skill", number)),
        "prover": BOB,
        "harness": "cpython-3.11",
        "sandbox": "landlock",
        "outcome": Outcome.FAIL,
        "trials": 5,
        "successes": 0,
        "passed": 3,
        "total": 15,
        "digest": cid("digest"),
        "reason": "refuted",
        "at": 1_700_000_000_000,
    }
    return Evidence(**fields | changed)


def line(ref: str, detail: str = "") -> JournalRow:
    """Returns a line of the journal."""
    return JournalRow(ref, "admission", "reject", "forged", detail, 1_700_000_000_000)


def delivery(number: int, url: str = "http://a", state: str = "pending", **changed: Any) -> OutboxRow:
    """Returns a delivery of the record number `number`."""
    return OutboxRow(cid(("record", number)), url, state, **changed)


def source(url: str, **changed: Any) -> SubscriptionRow:
    """Returns a subscription."""
    return SubscriptionRow(url, BOB, **changed)


def invitation(number: int, **changed: Any) -> Invitation:
    """Returns the invitation number `number`."""
    fields: dict[str, Any] = {"secret": 2**59 + number, "uses": 1, "expires": 100 + number, "created": number}
    return Invitation(**fields | changed)


def request(name: str, **changed: Any) -> RequestRow:
    """Returns somebody who asked."""
    return RequestRow(NodeId(f"did:key:z{name}"), name, **changed)


def peer(name: str, **changed: Any) -> PeerRow:
    """Returns a peer."""
    return PeerRow(NodeId(f"did:key:z{name}"), name, **changed)


def gone(number: int, why: str = "wrong", record: ContentId | None = None) -> TombstoneRow:
    """Returns the tombstone of the skill number `number`."""
    return TombstoneRow(cid(("skill", number)), record or cid(("tombstone", number)), why, 1_700_000_000_000)


def note(number: int, **changed: Any) -> Reflection:
    """Returns the reflection number `number`."""
    fields: dict[str, Any] = {
        "outcome": Went.FAILURE,
        "description": f"try {number}",
        "category": "parsing" if number % 2 else "execute",
        "session": f"s{number % 3}",
    }
    return Reflection(**fields | changed)
