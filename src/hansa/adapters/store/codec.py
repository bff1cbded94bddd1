"""Between the frozen rows of `node.rows` and the columns of `schema`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from hansa.conduct.ledger import Entry
from hansa.node.rows import (
    JournalRow,
    LedgerRow,
    OutboxRow,
    PeerRow,
    RecordRow,
    SkillRow,
    SubscriptionRow,
    TombstoneRow,
)
from hansa.skills.model import Evidence, Origin, Outcome, SkillState

Values = dict[str, Any]


def values(row: Any) -> Values:
    """Returns the columns of a row; tuples become JSON arrays, enum members their values."""
    return {name: _plain(getattr(row, name)) for name in row.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value) if isinstance(value, str) else value


def ledger_values(row: LedgerRow) -> Values:
    """Returns the columns of a ledger row, whose entry is spread out."""
    return asdict(row.entry) | {"subject": row.subject, "skill": row.skill, "dealing": row.dealing, "at": row.at}


def _strings(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def record_row(row: Row[Any]) -> RecordRow:
    """Returns a record."""
    return RecordRow(**_without_number(row))


def skill_row(row: Row[Any]) -> SkillRow:
    """Returns a skill."""
    found = _without_number(row)
    found["tags"] = _strings(found["tags"])
    found["origin"] = Origin(found["origin"])
    found["state"] = SkillState(found["state"])
    return SkillRow(**found)


def evidence_row(row: Row[Any]) -> Evidence:
    """Returns a finding."""
    found = _without_number(row)
    del found["record"]
    found["outcome"] = Outcome(found["outcome"])
    return Evidence(**found)


def ledger_row(row: Row[Any]) -> LedgerRow:
    """Returns a ledger entry with what it is about."""
    found = row._mapping
    entry = Entry(found["number"], found["receipt"], found["previous"], found["hash"])
    return LedgerRow(entry, found["subject"], found["skill"], found["dealing"], found["at"])


def tombstone_row(row: Row[Any]) -> TombstoneRow:
    """Returns a tombstone."""
    return TombstoneRow(**_without_number(row))


def journal_row(row: Row[Any]) -> JournalRow:
    """Returns a line of the journal."""
    return JournalRow(**_without_number(row))


def outbox_row(row: Row[Any]) -> OutboxRow:
    """Returns a delivery."""
    return OutboxRow(**_without_number(row))


def subscription_row(row: Row[Any]) -> SubscriptionRow:
    """Returns a subscription."""
    found = dict(row._mapping)
    for name in ("intents", "tags", "authors"):
        found[name] = _strings(found[name])
    return SubscriptionRow(**found)


def peer_row(row: Row[Any]) -> PeerRow:
    """Returns a peer."""
    return PeerRow(**row._mapping)


def _without_number(row: Row[Any]) -> Values:
    found = dict(row._mapping)
    del found["number"]
    return found


def feed_text(length: int, head: str) -> str:
    """Returns the feed's mark as it is kept in `meta`."""
    return f"{length} {head}"


def feed_mark(text: str | None) -> tuple[int, str]:
    """Returns the feed's length and head from what `meta` keeps; (0, "") before the first."""
    if text is None:
        return 0, ""
    length, _, head = text.partition(" ")
    return int(length), head
