"""Between the frozen rows of `node.rows` and the columns of `schema`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any, TypeVar

import msgspec

from hansa.adapters.store import faults
from hansa.adapters.store.prepared import Fetched, Values
from hansa.conduct.ledger import Entry
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.membership import RequestRow
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
from hansa.overlay.invitation import Invitation
from hansa.skills.model import Evidence, Origin, Outcome, SkillState
from hansa.skills.reflections import By, Reflection, Went

Row = TypeVar("Row")


def values(row: Any) -> Values:
    """Returns the columns of a row; tuples become JSON arrays."""
    names = row.__struct_fields__ if isinstance(row, msgspec.Struct) else row.__dataclass_fields__
    found = {name: getattr(row, name) for name in names}
    for name in ("tags", "intents", "authors"):
        if name in found:
            found[name] = json.dumps(found[name], ensure_ascii=False, separators=(",", ":"))
    return found


def record_values(row: RecordRow, place: int | None) -> tuple[Any, ...]:
    """Returns the columns of a record in their order."""
    return (
        row.id,
        row.kind,
        row.author,
        row.seq,
        row.subject,
        row.created,
        row.received,
        row.envelope,
        place,
        row.came,
    )


def finding_values(record: ContentId, finding: Evidence) -> tuple[Any, ...]:
    """Returns the columns of a finding in their order, but for its number."""
    return (
        record,
        finding.skill,
        finding.prover,
        finding.harness,
        finding.sandbox,
        finding.outcome,
        finding.trials,
        finding.successes,
        finding.passed,
        finding.total,
        finding.digest,
        finding.reason,
        finding.at,
    )


def line_values(row: JournalRow) -> Values:
    """Returns the columns of a line of the journal."""
    return {
        "ref": row.ref,
        "box": row.box,
        "verdict": row.verdict,
        "reason": row.reason,
        "detail": row.detail,
        "at": row.at,
    }


def ledger_values(row: LedgerRow) -> Values:
    """Returns the columns of a ledger row, whose entry is spread out."""
    return asdict(row.entry) | {name: getattr(row, name) for name in _RECEIPT}


_RECEIPT = ("subject", "skill", "dealing", "at", "author", "reason", "domain")
"""Columns of a ledger row that say what its receipt says."""


def strings(text: str) -> tuple[str, ...]:
    """Returns the strings of a JSON array."""
    return tuple(json.loads(text))


def _sound(make: Callable[[Fetched], Row]) -> Callable[[Fetched], Row]:
    """Turns what a damaged row does to `make` into the fault that says so."""

    @wraps(make)
    def made(fetched: Fetched) -> Row:
        try:
            return make(fetched)
        except (ValueError, TypeError, RecursionError) as error:
            raise faults.bad_row(make.__name__.removesuffix("_row"), error) from None

    return made


@_sound
def record_row(fetched: Fetched) -> RecordRow:
    """Returns a record."""
    found = _unnumbered(fetched)
    if type(found["envelope"]) is not bytes:
        found["envelope"] = b""  # damaged: whoever opens it finds that it does not fit its id
    return RecordRow(**found)


@_sound
def owner_row(fetched: Fetched) -> tuple[ContentId, tuple[NodeId, SkillState]]:
    """Returns a skill's id, its author and its state."""
    return ContentId(fetched["id"]), (NodeId(fetched["author"]), SkillState(fetched["state"]))


@_sound
def skill_row(fetched: Fetched) -> SkillRow:
    """Returns a skill."""
    found = _unnumbered(fetched)
    if type(found["body"]) is not bytes:
        found["body"] = b""
    found["tags"] = strings(found["tags"])
    found["origin"] = Origin(found["origin"])
    found["state"] = SkillState(found["state"])
    found["has_checks"] = bool(found["has_checks"])
    if found["claimed_pass"] is not None:
        found["claimed_pass"] = bool(found["claimed_pass"])
    return SkillRow(**found)


@_sound
def evidence_row(fetched: Fetched) -> Evidence:
    """Returns a finding."""
    found = _unnumbered(fetched)
    del found["record"]
    found["outcome"] = Outcome(found["outcome"])
    return Evidence(**found)


def entry(fetched: Fetched) -> Entry:
    """Returns a link of the ledger."""
    return Entry(fetched["number"], fetched["receipt"], fetched["previous"], fetched["hash"])


@_sound
def ledger_row(fetched: Fetched) -> LedgerRow:
    """Returns a link of the ledger with what it is about."""
    return LedgerRow(entry(fetched), **{name: fetched[name] for name in _RECEIPT})


@_sound
def tombstone_row(fetched: Fetched) -> TombstoneRow:
    """Returns a tombstone."""
    return TombstoneRow(**_unnumbered(fetched))


@_sound
def journal_row(fetched: Fetched) -> JournalRow:
    """Returns a line of the journal."""
    return JournalRow(**_unnumbered(fetched))


@_sound
def outbox_row(fetched: Fetched) -> OutboxRow:
    """Returns a delivery."""
    return OutboxRow(**_unnumbered(fetched))


@_sound
def subscription_row(fetched: Fetched) -> SubscriptionRow:
    """Returns a subscription."""
    found = dict(fetched)
    for name in ("intents", "tags", "authors"):
        found[name] = strings(found[name])
    return SubscriptionRow(**found)


def reflection_values(reflection: Reflection) -> Values:
    """Returns the columns of a reflection, its id among them."""
    found = {name: getattr(reflection, name) for name in reflection.__struct_fields__} | {"id": reflection.id}
    found |= {"outcome": str(reflection.outcome), "source": str(reflection.source)}
    found["tags"] = json.dumps(reflection.tags, ensure_ascii=False, separators=(",", ":"))
    return found


@_sound
def reflection(fetched: Fetched) -> Reflection:
    """Returns a reflection."""
    found = _unnumbered(fetched)
    del found["id"]
    found |= {"tags": strings(found["tags"]), "outcome": Went(found["outcome"]), "source": By(found["source"])}
    return Reflection(**found)


@_sound
def peer_row(fetched: Fetched) -> PeerRow:
    """Returns a peer."""
    found = dict(fetched)
    return PeerRow(**found | {"invited": bool(found["invited"]), "banned": bool(found["banned"])})


@_sound
def invitation_row(fetched: Fetched) -> Invitation:
    """Returns an invitation."""
    found = dict(fetched)
    kept = found.pop("id")
    invitation = Invitation(**found | {"ask": bool(found["ask"])})
    if invitation.id != kept:
        raise ValueError("its id is not that of its secret")
    return invitation


@_sound
def request_row(fetched: Fetched) -> RequestRow:
    """Returns somebody who asked."""
    return RequestRow(**fetched)


def _unnumbered(fetched: Fetched) -> Values:
    found = dict(fetched)
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
    if not length.isdecimal():
        raise faults.bad_row("the feed's mark", ValueError(text[:80]))
    return int(length), head
