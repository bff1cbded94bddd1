"""What is known, shared by copy: which records a lender gives for an ask, and how many of them have come (M5, M8).

| resource | records |
|---|---|
| learned_patterns | skills that are in use here |
| knowledge_base | this node's own findings about them |
| threat_intelligence | recalls, and this node's findings that refuted a skill |

The other two kinds that are copied have no records: an agent's snapshot goes by a notice, insights stay notes of this
node's own. Copies are signed records like any other: whoever gets one takes it in by the one way in, and proves a skill
itself before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from hansa.identity import peek
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.resources import Resource
from hansa.node.core import Core
from hansa.node.outbox import over_links
from hansa.node.ports import SkillFilter
from hansa.node.rows import OutboxRow, RecordRow, SkillRow
from hansa.skills.messages import EVIDENCE, SKILL
from hansa.skills.model import SkillState

COPIED = (Resource.LEARNED_PATTERNS, Resource.KNOWLEDGE_BASE, Resource.THREAT_INTELLIGENCE)
"""Resources that there are records of."""

MOST_LOOKED_AT = 1_000
"""Skills that are gone through for one ask."""

CAME = ("delivered", "duplicate")
"""How the delivery of a copy ends that has come: taken in, or there already."""


def choose(core: Core, resource: Resource, topic: str, amount: int, whom: NodeId) -> list[ContentId]:
    """Returns the ids of records to give, the newest first; none that whoever asks has written.

    Args:
        topic: the tag that they are to be about; "" for any.
        amount: how many at most.
    """
    found: dict[ContentId, None] = {}
    for row in _records(core, resource, topic):
        if row.author != whom and not row.withheld and _is_for_all(core, row):
            found[row.id] = None
            if len(found) == amount:
                break
    return list(found)


def _records(core: Core, resource: Resource, topic: str) -> Iterator[RecordRow]:
    store = core.store
    if resource is Resource.LEARNED_PATTERNS:
        for skill in _skills(core, topic, SkillState.ADMITTED):
            yield from _passed_on(core, skill.id)[:1]
    elif resource is Resource.KNOWLEDGE_BASE:
        for skill in _skills(core, topic, SkillState.ADMITTED):
            yield from _own_findings(core, skill.id)
    elif resource is Resource.THREAT_INTELLIGENCE:
        for gone in reversed(store.tombstones()):
            row = store.record(gone.record)
            if row is not None and _may_go(core, row) and (not topic or _is_about(core, gone.skill, topic)):
                yield row
        for skill in _skills(core, topic, SkillState.REFUSED):
            yield from _own_findings(core, skill.id)


def _may_go(core: Core, row: RecordRow) -> bool:
    """Says whether a record is one that others are told of anyway: of this node's own, what is in its feed."""
    return row.author != core.me or row.place is not None


def _passed_on(core: Core, skill: ContentId) -> list[RecordRow]:
    return [row for row in core.store.records_about(skill, SKILL) if _may_go(core, row)]


def _is_about(core: Core, skill: ContentId, topic: str) -> bool:
    row = core.store.skill(skill)
    return row is not None and topic in row.tags


def _skills(core: Core, topic: str, state: SkillState) -> list[SkillRow]:
    wanted = SkillFilter(states=(state,), tag=topic)
    return core.store.skills(wanted, limit=MOST_LOOKED_AT)[::-1]


def _own_findings(core: Core, skill: ContentId) -> list[RecordRow]:
    """Returns what this node found of a skill last, unless the skill is one that nobody but this node knows of."""
    if not _passed_on(core, skill):
        return []
    return [row for row in core.store.records_about(skill, EVIDENCE) if row.author == core.me][-1:]


def _is_for_all(core: Core, row: RecordRow) -> bool:
    return peek.recipient_in(row.envelope, core.settings.limits) == EVERYONE


def waiting(core: Core, records: tuple[ContentId, ...], whom: NodeId) -> list[OutboxRow]:
    """Returns the deliveries of copies to a node that are still under way."""
    rows = [one for record in records for one in core.store.deliveries_of(record)]
    return [one for one in rows if one.url == over_links(whom) and one.state == "pending"]


def delivered(core: Core, records: tuple[ContentId, ...], whom: NodeId) -> tuple[int, bool]:
    """Returns how many copies have come to a node, and whether no more are under way."""
    came, waits, url = 0, False, over_links(whom)
    for record in records:
        rows = [one for one in core.store.deliveries_of(record) if one.url == url]
        came += any(one.state in CAME or one.reason in CAME for one in rows)
        waits |= any(one.state == "pending" for one in rows)
    return came, not waits
