"""What a change touches and what it rests on, as keys, for several processes of one node on one database.

Whoever decides reads, and what was read must not have changed when the decision is written. Within one process that is
what turns are for (`node.turns`). Between processes it is looked at when the changes are written: a batch is not made
when one of the keys that it rests on was touched by another process since (`adapters.store.postgres_shared`). Whoever
asked hears that somebody was faster, and asks again.

The same keys tell the other processes what to look at anew (`node.following`).

| key | touched by | rested on by |
|---|---|---|
| node ID | what the operator says of a node, a greeting, forgetting it | these, and every record and skill by it |
| keys ID | root metadata of a node | every record by it |
| skill ID | a skill that is new, moved, taken back | these, and every record about it |
| cases, votes, leases, notes | records of disputes, votes and leases, shared notes | the same |
| invitation, request, source, delivery, mark | writing one | writing it again |
| record, withheld, ledger, new ID | keeping a record, withholding one, a link of the ledger, a new skill | nothing |
"""

from __future__ import annotations

from collections.abc import Iterator

from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity import roots
from hansa.kernel.ids import is_content_id
from hansa.market.messages import LASTING
from hansa.node.membership import DropInvitations, DropPeer, DropRequest, PutInvitation, PutRequest
from hansa.node.rows import (
    AppendLedger,
    Change,
    DropSubscription,
    Mend,
    PutMark,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutSkill,
    PutSubscription,
    PutTombstone,
    RecordRow,
    SetSkillState,
    WithholdRecord,
)
from hansa.skills.sharing import REFLECTION

_ROOMS = {
    **dict.fromkeys(governance.KINDS, "cases"),
    **dict.fromkeys(voting.KINDS, "votes"),
    **dict.fromkeys(LASTING, "leases"),
    REFLECTION: "notes",
}


def touches(change: Change) -> Iterator[str]:
    """Yields the keys of what is otherwise once a change is made."""
    match change:
        case PutRecord(row):
            yield f"record {row.id}"
            if row.kind == roots.KIND:
                yield f"keys {row.author}"
            if row.kind in _ROOMS:
                yield _ROOMS[row.kind]
        case WithholdRecord(record):
            yield f"withheld {record}"
        case PutSkill(row):
            yield f"skill {row.id}"
            yield f"new {row.id}"
        case AppendLedger():
            yield f"ledger {change.subject}"
        case Mend(mended):
            yield from touches(mended)
        case _:
            yield from _written_over(change)


def rests_on(change: Change) -> Iterator[str]:
    """Yields the keys of what must be as it was for a change to be made."""
    match change:
        case PutRecord(row):
            yield from _of_record(row)
        case PutSkill(row):
            yield f"skill {row.id}"
            yield f"node {row.author}"
        case WithholdRecord() | AppendLedger() | Mend():
            return
        case _:
            yield from _written_over(change)


def _of_record(row: RecordRow) -> Iterator[str]:
    yield f"node {row.author}"
    yield f"keys {row.author}"
    if is_content_id(row.subject):
        yield f"skill {row.subject}"
    if row.kind in _ROOMS:
        yield _ROOMS[row.kind]


def _written_over(change: Change) -> Iterator[str]:
    """Yields the keys of what is read, changed and written again: touched and rested on alike."""
    match change:
        case SetSkillState(skill):
            yield f"skill {skill}"
        case PutTombstone(row):
            yield f"skill {row.skill}"
        case PutPeer(row):
            yield f"node {row.id}"
        case DropPeer(id_):
            yield f"node {id_}"
        case PutRequest(row):
            yield f"request {row.id}"
        case DropRequest(id_):
            yield f"request {id_}"
        case PutInvitation(invitation):
            yield f"invitation {invitation.id}"
        case DropInvitations(ids):
            yield from (f"invitation {id_}" for id_ in ids)
        case PutSubscription(row):
            yield f"source {row.url}"
        case DropSubscription(url):
            yield f"source {url}"
        case PutOutbox(row):
            yield f"delivery {row.record} {row.url}"
        case PutMark(name):
            yield f"mark {name}"
