"""What a recall leads to on this node, wherever it came from: the skill goes, and what was made from it is held.

1. A recall binds here when it is by whoever first brought the skill here, or by this node's operator. What anybody else
   says takes nothing but its own word back (`skills.service.may_recall`, threat 19).
2. A skill whose recall binds is removed, also where others stand by the same content, and nobody brings it again.
3. Each skill that comes from it goes back to quarantine, this node's own among them, and leaves it by its operator's
   word alone. Those that the operator refused stay refused, and nothing of anybody's is deleted.
4. The operator may say that a recall of somebody else's is not to bind here (`Shelf.lift`); nobody forces a node.

Whether a recall binds is read each time from the signed record. No second place says so, and none can disagree with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import RecordRow, SetSkillState
from hansa.node.vault import open_record
from hansa.skills import messages, service
from hansa.skills.lineage import MAX_ANCESTORS
from hansa.skills.messages import TombstoneBody
from hansa.skills.model import Origin, SkillState, lineage_in


def lifted(skill: ContentId) -> str:
    """Returns the name of the mark that holds whose recalls of a skill bind here no more, on the operator's word."""
    return f"recall lifted {skill}"


def recall_of(core: Core, skill: ContentId, gone: Collection[ContentId] = ()) -> RecordRow | None:
    """Returns the recall of a skill that binds here; None when there is none.

    Args:
        gone: records that count no more.
    """
    if core.store.tombstone(skill) is None:
        return None
    row = core.store.skill(skill)
    binding = {core.me} | ({row.author} if row is not None and row.origin is Origin.PEER else set())
    lifted_ = core.store.mark(lifted(skill))
    for record in core.store.records_about(skill, messages.TOMBSTONE):
        if record.author in binding and record.author != lifted_ and record.id not in gone and _warns(core, record):
            return record
    return None


def is_recalled(core: Core, skill: ContentId) -> bool:
    """Says whether a recall binds here, also one that is on its way to the disk."""
    return core.lineages.is_being_recalled(skill) or recall_of(core, skill) is not None


def recalled_among(core: Core, skills: Iterable[ContentId]) -> ContentId | None:
    """Returns the first of some skills that is recalled."""
    return next((one for one in skills if is_recalled(core, one)), None)


def _warns(core: Core, record: RecordRow) -> bool:
    try:
        return parse(open_record(record, core.ring).body, TombstoneBody).recall
    except Refused:
        return True  # damaged: what it said is not known, so it may have warned


def bind(core: Core, skill: ContentId, author: str, why: str, effects: Effects) -> int:
    """Adds to `effects` what a recall that binds here leads to beyond removing the skill.

    Returns:
        How many skills that come from it were taken out of use.
    """
    effects.recalls.append(skill)
    held = hold_below(core, skill, skill, effects)
    core.meters.recalls += 1
    text = f"recalled by {author}: {why}" + (f"; {held} that come from it are held" if held else "")
    effects.show(Kind.SKILL_RECALLED, skill, text, author=author, held=held)
    return held


def why(core: Core, record: RecordRow) -> str:
    """Returns the reason that a tombstone gives; "" when it is damaged."""
    try:
        return parse(open_record(record, core.ring).body, TombstoneBody).why
    except Refused:
        return ""


def hold_below(core: Core, skill: ContentId, recalled: ContentId, effects: Effects) -> int:
    """Takes what comes from `skill` out of use, since `recalled` is; returns how many skills that were not yet."""
    return sum(_hold(core, one, recalled, effects) for one in core.lineages.below(skill))


def hold_new(core: Core, skill: ContentId, ancestors: Sequence[ContentId], effects: Effects) -> int:
    """Holds a skill that comes in with `effects`, and what comes from it, where one of its ancestors is recalled."""
    recalled = recalled_among(core, ancestors)
    if recalled is None:
        return 0
    effects.changes.append(SetSkillState(skill, SkillState.QUARANTINED, Reason.ANCESTOR_RECALLED.code))
    _say_held(core, skill, recalled, effects)
    return 1 + hold_below(core, skill, recalled, effects)


def hold_returned(core: Core, skill: ContentId, effects: Effects) -> int:
    """Holds a skill that comes back to quarantine with `effects`, where one of its ancestors is recalled."""
    return hold_new(core, skill, _ancestors(core, skill), effects)


def _ancestors(core: Core, skill: ContentId) -> list[ContentId]:
    """Returns the ancestors of a skill that are held here, nearest first, as far as a lineage may reach."""
    found = {skill: None}
    waiting = deque([skill])
    while waiting and len(found) <= MAX_ANCESTORS:
        row = core.store.skill(waiting.popleft())
        for parent in lineage_in(row.body) if row is not None else ():
            if parent not in found:
                found[ContentId(parent)] = None
                waiting.append(ContentId(parent))
    return list(found)[1:]


def _hold(core: Core, skill: ContentId, recalled: ContentId, effects: Effects) -> bool:
    row = core.lineages.now(skill)
    if row is None or row.state is SkillState.REMOVED or service.is_settled(row.state, row.reason):
        return False
    held = service.move(row.state, service.Trigger.HELD)
    effects.changes.append(SetSkillState(skill, held, Reason.ANCESTOR_RECALLED.code))
    _say_held(core, skill, recalled, effects)
    return True


def _say_held(core: Core, skill: ContentId, recalled: ContentId, effects: Effects) -> None:
    passed_on = is_passed_on(core, skill)
    note = f"held: it comes from {recalled[:12]}, which was recalled"
    if passed_on:  # what becomes of it elsewhere is for the operator to decide
        note += "; this node passed it on: hansa recall it too, if it has the same fault"
    effects.changes.append(core.driver.note(skill, Box.DOMAIN, Verdict.IGNORE, Reason.ANCESTOR_RECALLED, note))
    effects.show(Kind.SKILL_HELD, skill, note, ancestor=recalled, published=int(passed_on))
    core.meters.held += 1


def is_passed_on(core: Core, skill: ContentId) -> bool:
    """Says whether this node itself passed a skill on."""
    return any(one.author == core.me for one in core.store.records_about(skill, messages.SKILL))
