"""What follows when somebody's keys change: the metadata is kept, and what a revoked key said too late is withheld.

1. the next version only, and none at all of a node that signed two different ones: its id is spent (threat 11)
2. what a key signed above its number is withheld: it stays in its place of the feed's chain, and counts for nothing
3. a skill that nobody stands behind any more is removed, until somebody does; one that only a withheld tombstone took
   away comes back to quarantine
4. a finding goes with the record that carried it; a receipt stays in the ledger, and is named there
5. a skill that was proved here by withheld findings alone comes back to quarantine: it is not used without a proof

All of it is one batch: a crash leaves the old keys and all records, or the new ones and none that is withheld.
"""

from __future__ import annotations

from hansa.conduct.ledger import Dealing
from hansa.identity import envelope, roots
from hansa.identity.envelope import Roster, Verified
from hansa.identity.keys import PublicKey
from hansa.identity.roots import Root, advance
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import recalls
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import (
    PutRecord,
    PutTombstone,
    RecordRow,
    SetSkillState,
    SkillRow,
    TombstoneRow,
    WithholdRecord,
)
from hansa.node.shelf import index_text
from hansa.node.vault import open_record
from hansa.skills import messages, service
from hansa.skills.messages import EvidenceBody
from hansa.skills.model import Origin, Outcome, SkillState


def take(core: Core, message: Verified, record: PutRecord) -> Effects:
    """Returns what taking a version of root metadata leads to, `record` first; the caller holds the author's turn.

    Raises:
        Refused: EQUIVOCATION, when the node's id is spent; ROLLBACK, when it is not the next version.
    """
    author = message.author
    if is_spent(core, author):
        raise Refused(Reason.EQUIVOCATION, "this node signed two root metadata of one version: its id is spent")
    chain = core.ring.chain(author)
    root = advance(chain[-1] if chain else None, envelope.read(message.raw), author)
    effects = Effects([record])
    withheld = _withheld(core, author, core.ring(author), root)
    for row in withheld:
        _withhold(core, row, root, {one.id for one in withheld}, effects)
    text = f"version {root.version} of {author}" + (f"; {len(withheld)} records withheld" if withheld else "")
    effects.show(Kind.KEYS_CHANGED, author, text, version=root.version, withheld=len(withheld))
    return effects


def sweep(core: Core, author: NodeId, before: Roster, root: Root) -> Effects:
    """Returns what withholds records that stood under `before` and were kept while the metadata was on its way."""
    effects = Effects()
    late = _withheld(core, author, before, root)
    for row in late:
        _withhold(core, row, root, {one.id for one in late}, effects)
    return effects


def count_withheld(effects: Effects) -> int:
    """Returns how many records effects withhold."""
    return sum(isinstance(change, WithholdRecord) for change in effects.changes)


def is_spent(core: Core, author: NodeId) -> bool:
    """Says whether this node holds the proof that an author signed two versions of one number."""
    return any(row.dealing == Dealing.EQUIVOCATED for row in core.store.receipts_about(ContentId(author)))


def _withheld(core: Core, author: NodeId, before: Roster, root: Root) -> list[RecordRow]:
    """Returns the records that stood under `before` and do not any more; reads no more than can be concerned."""
    fell = [_bound(root.signing, key) for key in sorted(before.keys | before.retired.keys(), key=lambda one: one.raw)
            if _bound(root.signing, key) < _bound(before, key)]  # fmt: skip
    found: list[RecordRow] = []
    after = min(fell, default=MAX_SAFE_INTEGER)
    while rows := core.store.records_after(author, after):
        after = rows[-1].seq
        found += [row for row in rows if row.kind != roots.KIND and _is_revoked(row, root.signing)]
    return found


def _bound(roster: Roster, key: PublicKey) -> int:
    """Returns the number up to which a key's signatures stand."""
    if key in roster.keys:
        return MAX_SAFE_INTEGER
    retired = roster.retired.get(key)
    return -1 if retired is None else retired.until


def _is_revoked(row: RecordRow, roster: Roster) -> bool:
    try:
        open_record(row, lambda _: roster)
    except Refused:
        return True
    return False


def _withhold(core: Core, row: RecordRow, root: Root, gone: set[ContentId], effects: Effects) -> None:
    note = f"withheld: number {row.seq} by a key that version {root.version} of its owner's root metadata revokes"
    effects.changes.append(WithholdRecord(row.id))
    for ref in dict.fromkeys((row.id, row.subject)):
        if ref:
            effects.changes.append(core.driver.note(ref, Box.IDENTITY, Verdict.REJECT, Reason.REVOKED, note))
    skill = core.store.skill(ContentId(row.subject))
    if skill is None:
        return
    if row.kind == messages.SKILL:
        _without_word(core, skill, gone, effects)
    elif row.kind == messages.TOMBSTONE:
        _without_tombstone(core, skill, row, gone, effects)
    elif row.kind == messages.EVIDENCE and row.author == core.me:
        _without_finding(core, skill, row, gone, effects)


def _without_word(core: Core, skill: SkillRow, gone: set[ContentId], effects: Effects) -> None:
    if skill.state is SkillState.REMOVED or _is_stood_by(core, skill, gone):
        return
    after = service.move(skill.state, service.Trigger.REMOVED)
    effects.changes.append(SetSkillState(skill.id, after, Reason.REVOKED.code))
    effects.show(Kind.SKILL_REMOVED, skill.id, f"{skill.intent[:80]}: nobody stands behind it any more")


def _is_stood_by(core: Core, skill: SkillRow, gone: set[ContentId]) -> bool:
    """Says whether this node, or anybody whose word is not withheld, passed the skill on."""
    words = core.store.records_about(skill.id, messages.SKILL)
    return skill.origin is Origin.OWN or any(one.id not in gone for one in words)


def _without_tombstone(core: Core, skill: SkillRow, row: RecordRow, gone: set[ContentId], effects: Effects) -> None:
    held = core.store.tombstone(skill.id)
    if skill.state is not SkillState.REMOVED or held is None or held.record != row.id:
        return
    recall = recalls.recall_of(core, skill.id, gone)
    if recall is not None:  # it stays removed, by another's word
        effects.changes.append(PutTombstone(TombstoneRow(skill.id, recall.id, recalls.why(core, recall), held.at)))
        return
    if not _is_stood_by(core, skill, gone):
        return
    effects.changes.append(SetSkillState(skill.id, service.move(skill.state, service.Trigger.RETURNED)))
    recalls.hold_returned(core, skill.id, effects)
    effects.index.append((skill.id, index_text(skill.intent, skill.tags)))


def _without_finding(core: Core, skill: SkillRow, row: RecordRow, gone: set[ContentId], effects: Effects) -> None:
    """Takes back what a finding of this node's own led to, unless one that stands says so too, or its operator did."""
    if skill.state is not SkillState.ADMITTED or not _was_proved(core, skill) or _is_proved(core, skill, gone):
        return
    unproved = service.move(skill.state, service.Trigger.UNPROVED)
    effects.changes.append(SetSkillState(skill.id, unproved, Reason.REVOKED.code))
    why = f"the finding of number {row.seq} is withheld, for its key was revoked"
    note = f"back to quarantine: {why}; hansa prove makes a new one"
    effects.changes.append(core.driver.note(skill.id, Box.DOMAIN, Verdict.IGNORE, Reason.REVOKED, note))


def _was_proved(core: Core, skill: SkillRow) -> bool:
    """Says whether a finding led to where a skill stands; one that the operator approved may have none."""
    evidence = core.store.evidence(skill.id)
    return any(one.prover == core.me and one.outcome is Outcome.PASS for one in evidence)


def _is_proved(core: Core, skill: SkillRow, gone: set[ContentId]) -> bool:
    """Says whether a finding of this node's own stands by which a skill is proved."""
    own = [one for one in core.store.records_about(skill.id, messages.EVIDENCE) if one.author == core.me]
    return any(one.id not in gone and _passes(core, one) for one in own)


def _passes(core: Core, row: RecordRow) -> bool:
    try:
        return parse(open_record(row, core.ring).body, EvidenceBody).outcome is Outcome.PASS
    except Refused:
        return False  # damaged: nothing rests on it
