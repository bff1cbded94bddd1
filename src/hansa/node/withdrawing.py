"""Taking in a tombstone: whoever passed a skill on takes it back, or recalls it; see `skills.service` for the rules.

What follows is one batch: the record, the skill's and its descendants' new states, and the acknowledgement.
"""

from __future__ import annotations

from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import acknowledging, recalls
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import PutRecord, PutTombstone, SetSkillState, TombstoneRow
from hansa.skills import service
from hansa.skills.messages import TombstoneBody
from hansa.skills.model import SkillState


def take(core: Core, message: Verified, known: service.Known, record: PutRecord, source: str) -> tuple[str, Effects]:
    """Returns the skill that a tombstone is about, and what follows from it.

    Args:
        known: what is known of that skill.
        source: where the tombstone came from.

    Raises:
        Refused: UNKNOWN_SKILL, NOT_AUTHOR, DUPLICATE.
    """
    body = parse(message.body, TombstoneBody)
    id_ = ContentId(body.skill)
    state = core.memory.state(id_)
    if state is None:
        raise Refused(Reason.UNKNOWN_SKILL, id_[:12])
    ours = message.author == core.me  # comes back to us after an old backup was restored
    goes = ours or service.after_tombstone(message.author, known, body.recall)
    binds = body.recall and (ours or service.may_recall(message.author, known))
    effects = Effects([record])
    if goes and (binds or state is not SkillState.REMOVED):
        effects.changes.append(PutTombstone(TombstoneRow(id_, message.id, body.why, record.row.received)))
    if goes and state is not SkillState.REMOVED:
        after = service.move(state, service.Trigger.REMOVED)
        effects.changes.append(SetSkillState(id_, after, Reason.TOMBSTONED.code))
        effects.drops.append(id_)
    note = f"{'recalled' if body.recall else 'taken back'} by {message.author}: {body.why}"
    if body.recall and not goes:
        note += "; it stays, as this node's own" if known.own else "; it stays, for others stand by it"
    effects.changes.append(core.driver.note(id_, Box.DOMAIN, Verdict.REJECT, Reason.TOMBSTONED, note))
    effects.show(Kind.SKILL_REMOVED, id_, note)
    held = recalls.bind(core, id_, message.author, body.why, effects) if binds else 0
    if not ours:
        gone = goes or state is SkillState.REMOVED
        acknowledging.acknowledge(core, message, id_, gone, held, source, effects)
    return id_, effects
