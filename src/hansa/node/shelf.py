"""Skills on this node: adding one's own, moving them through quarantine, taking them away, and facts about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from hansa.admission.service import Via
from hansa.conduct.ledger import Dealing
from hansa.conduct.reputation import reputation
from hansa.identity import envelope
from hansa.identity.envelope import Ring, Signed, Verified, root_only
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import lawful, recalls
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import AFTER_SETTLING, Kind, Value
from hansa.node.hearing import heard
from hansa.node.rows import (
    LedgerRow,
    OutboxRow,
    PutBlob,
    PutMark,
    PutOutbox,
    PutRecord,
    PutSkill,
    PutTombstone,
    RecordRow,
    SetSkillState,
    SkillRow,
    TombstoneRow,
)
from hansa.node.vault import open_record, open_skill
from hansa.skills import messages, service
from hansa.skills.importing.draft import Draft
from hansa.skills.lineage import ancestry
from hansa.skills.messages import EvidenceBody
from hansa.skills.model import Level, Origin, Skill, SkillState, domain
from hansa.skills.policy import Standing, corroborations, level, standing
from hansa.skills.ranking import Facts


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing or recalling a skill came to.

    Attributes:
        record: the signed tombstone.
        told: addresses that it is brought to.
        held: skills that come from it, and were taken out of use.
        in_feed: whether whoever pulls from this node is told as well.
    """

    record: ContentId
    told: tuple[str, ...]
    held: int
    in_feed: bool


class Shelf:
    """The node's skills."""

    def __init__(self, core: Core) -> None:
        """Works on the core's store and index."""
        self._core = core

    def fill_index(self) -> int:
        """Brings the index in line with the store; returns how many skills can be found.

        1. What the index brought along is believed only if some of its texts are those of the store.
        2. What it holds and the store does not is dropped.
        3. What it lacks is added.
        """
        index, store = self._core.index, self._core.store
        present = store.ids_of_skills(_PRESENT)
        held, wanted = index.held(), dict.fromkeys(present)
        sound = all(self._indexed_as_stored(id_) for id_ in held[:: max(1, len(held) // _SAMPLE)] if id_ in wanted)
        for id_ in held:
            if not sound or id_ not in wanted:
                index.drop(id_)
        known = frozenset(index.held())
        for id_ in present:
            row = store.skill(id_) if id_ not in known else None
            if row is not None:
                index.add(id_, index_text(row.intent, row.tags))
        return len(present)

    def _indexed_as_stored(self, id_: ContentId) -> bool:
        row = self._core.store.skill(id_)
        if row is None:
            return False
        text = index_text(row.intent, row.tags)
        (found,) = self._core.index.similarities(text, [id_])
        return abs(found - self._core.index.similarity(text, text)) < 1e-3

    async def add(self, draft: Draft) -> tuple[ContentId, bool]:
        """Keeps a skill of this node's own, unproved; adding it again changes nothing.

        Returns:
            Its id, and whether it is new.

        Raises:
            Refused: BAD_BODY, TOMBSTONED, BAD_LINEAGE, UNCONSTITUTIONAL; DiskFull.
        """
        async with self._core.turns.of(draft.skill.id):
            return await self._add(draft)

    async def _add(self, draft: Draft) -> tuple[ContentId, bool]:
        skill = parse(msgspec.to_builtins(draft.skill), Skill)  # whoever made it: within the bounds of a skill, or not
        id_ = skill.id
        held = self._core.store.skill(id_)
        if held is not None and held.state is not SkillState.REMOVED:
            return id_, False
        before = self.known(id_)
        known = service.Known(tombstoned=before.tombstoned, recalled=before.recalled)
        lineage = service.receive(skill, self._core.me, known, self.parents, self._core.settings.skills)
        lawful.check_draft(self._core, skill)
        row = skill_row(skill, Origin.OWN, self._core.me, self._core.now(), draft.source, draft.claimed_pass)
        effects = Effects([PutSkill(row), *(PutBlob(ContentId(digest), data) for digest, data in draft.blobs)])
        if held is not None:
            effects.changes.append(SetSkillState(id_, service.move(held.state, service.Trigger.RETURNED)))
        effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, None, None, f"added from {draft.source}"))
        recalls.hold_new(self._core, id_, lineage.resolved, effects)
        effects.show(Kind.SKILL_ADDED, id_, skill.intent)
        effects.index.append((id_, index_text(skill.intent, skill.tags)))
        await self._core.driver.perform(effects)
        return id_, True

    async def settle(self, row: SkillRow, trigger: service.Trigger, why: str = "") -> SkillState:
        """Moves a skill by an operator's word (approve, reject).

        Raises:
            UsageError: the skill's state does not allow it. Refused: UNCONSTITUTIONAL, when a rule objects; CORRUPT.
        """
        async with self._core.turns.of(row.id):
            return await self._settle(self._core.lineages.now(row.id) or row, trigger, why)

    async def _settle(self, row: SkillRow, trigger: service.Trigger, why: str) -> SkillState:
        after = service.move(row.state, trigger)
        if after is SkillState.ADMITTED:
            await self._check_approval(row)
        reason = Reason.OPERATOR if trigger is service.Trigger.REJECTED else None
        verdict = Verdict.REJECT if reason else Verdict.ACCEPT
        effects = Effects([SetSkillState(row.id, after, reason.code if reason else "")])
        note = f"{trigger} by the operator" + (f": {why}" if why else "")
        effects.changes.append(self._core.driver.note(row.id, Box.DOMAIN, verdict, reason, note))
        refused: dict[str, Value] = {"reason": reason.code} if reason else {}
        effects.show(AFTER_SETTLING[after], row.id, row.intent, **refused)
        await self._core.driver.perform(effects)
        return after

    async def _check_approval(self, row: SkillRow) -> None:
        try:
            lawful.check_approval(self._core, row, open_skill(row))
        except Refused as refusal:
            if refusal.reason is Reason.UNCONSTITUTIONAL:
                note = lawful.note(self._core, row.id, Box.DOMAIN, refusal.detail)
                await self._core.driver.perform(Effects([note]))
            raise

    async def remove(self, row: SkillRow, why: str, recall: bool = False) -> Removed:
        """Takes a skill away for good; where this node had passed it on, a signed tombstone follows.

        Args:
            recall: warn of it as well; then what comes from it here is held.

        Raises:
            UsageError: it is removed, or recalled, already.
        """
        async with self._core.turns.of(row.id):
            return await self._remove(self._core.lineages.now(row.id) or row, why, recall)

    async def _remove(self, row: SkillRow, why: str, recall: bool) -> Removed:
        known = self.known(row.id)
        if row.state is SkillState.REMOVED and known.tombstoned and not (recall and not known.recalled):
            raise UsageError(f"that skill is {'recalled' if known.recalled else 'removed'} already")
        after = SkillState.REMOVED if row.state is SkillState.REMOVED else service.move(row.state, _REMOVED)
        sealed = self._core.seal(messages.TOMBSTONE, messages.tombstone_body(row.id, why, recall))
        passed_on = self._core.store.records_about(row.id, messages.SKILL)
        published = [record for record in passed_on if record.author == self._core.me]
        told = sorted({sent.url for record in published for sent in self._core.store.deliveries_of(record.id)})
        record = record_row(sealed, row.id, self._core.now(), self._core.ring)
        done = "recalled" if recall else "removed"
        effects = Effects(
            [
                PutRecord(record, in_feed=bool(published)),
                PutTombstone(TombstoneRow(row.id, record.id, why, self._core.now())),
                SetSkillState(row.id, after, Reason.TOMBSTONED.code),
                *(PutOutbox(OutboxRow(record.id, url, "pending", at=self._core.now())) for url in told),
                self._core.driver.note(row.id, Box.DOMAIN, Verdict.REJECT, Reason.TOMBSTONED, f"{done} here: {why}"),
            ]
        )
        effects.show(Kind.SKILL_REMOVED, row.id, row.intent)
        held = recalls.bind(self._core, row.id, self._core.me, why, effects) if recall else 0
        await self._core.driver.perform(effects)
        self._core.index.drop(row.id)
        return Removed(record.id, tuple(told), held, bool(published))

    async def lift(self, row: SkillRow, why: str) -> SkillState:
        """Lets recalls of a skill by whoever first brought it bind here no more.

        Where somebody still stands by the skill it comes back to quarantine; what was made from it stays held.

        Raises:
            UsageError: no recall of it binds here, or this node has recalled it itself.
        """
        async with self._core.turns.of(row.id):
            recall = recalls.recall_of(self._core, row.id)
            if recall is None:
                raise UsageError("no recall of that skill binds here: see hansa recall status")
            if recall.author == self._core.me:
                raise UsageError("this node recalled that skill itself, and that is final: add it with a change")
            known, after = self.known(row.id), row.state
            effects = Effects([PutMark(recalls.lifted(row.id), recall.author)])
            if known.published_by - known.withdrawn_by and row.state is SkillState.REMOVED:
                after = service.move(row.state, service.Trigger.RETURNED)
                effects.changes.append(SetSkillState(row.id, after))
                recalls.hold_returned(self._core, row.id, effects)
                effects.index.append((row.id, index_text(row.intent, row.tags)))
            note = f"a recall by {recall.author} binds here no more, says the operator" + (f": {why}" if why else "")
            effects.changes.append(self._core.driver.note(row.id, Box.DOMAIN, Verdict.ACCEPT, None, note))
            await self._core.driver.perform(effects)
            return after

    async def expel(self, row: SkillRow, reason: Reason, detail: str) -> None:
        """Refuses a skill that was in use, for what it did when it was used."""
        async with self._core.turns.of(row.id):
            now = self._core.lineages.now(row.id) or row
            if now.state is not SkillState.ADMITTED:
                return
            effects = Effects([SetSkillState(row.id, service.move(now.state, service.Trigger.FAILED), reason.code)])
            effects.changes.append(self._core.driver.note(row.id, Box.DOMAIN, reason.verdict, reason, detail))
            effects.show(Kind.SKILL_REFUSED, row.id, f"{row.intent[:80]}: {detail}", reason=reason.code)
            await self._core.driver.perform(effects)

    def known(self, id_: ContentId) -> service.Known:
        """Returns what was said of a skill so far: who passed it on, who took it back, and whether we removed it."""
        store = self._core.store
        row = store.skill(id_)
        withdrawn = frozenset(one.author for one in store.records_about(id_, messages.TOMBSTONE))
        return service.Known(
            tombstoned=self._core.me in withdrawn,
            own=row is not None and row.origin is Origin.OWN,
            withdrawn_by=withdrawn,
            published_by=frozenset(one.author for one in store.records_about(id_, messages.SKILL)),
            origin=row.author if row is not None and row.author != store.mark(recalls.lifted(id_)) else "",
            recalled=bool(withdrawn) and recalls.is_recalled(self._core, id_),
        )

    def parents(self, id_: ContentId) -> Sequence[ContentId] | None:
        """Returns the parents that a skill held here names; None when it is not held, or damaged."""
        row = self._core.store.skill(id_)
        if row is None:
            return None
        try:
            return tuple(ContentId(one) for one in open_skill(row).lineage)
        except Refused:
            return None

    def ancestry_of(self, skill: Skill) -> dict[str, object]:
        """Returns the lineage of a skill for people and programs."""
        params = self._core.settings.skills
        lineage = tuple(ContentId(one) for one in skill.lineage)
        found = ancestry(skill.id, lineage, self.parents, params.max_parents, params.max_depth)
        return {
            "parents": list(lineage),
            "depth": found.depth,
            "resolved": [self._named(one) for one in found.resolved],
            "unresolved": list(found.unresolved),
        }

    def numbers(self, id_: ContentId) -> Standing:
        """Returns the computed numbers of a skill, from this node's own evidence."""
        return standing(self._core.store.evidence(id_), self._core.me)

    def signed_numbers(self, id_: ContentId) -> Standing:
        """Returns the same numbers as `numbers`, read from the signed findings themselves: what a gate rests on.

        Raises:
            Refused: CORRUPT, when a finding of this node no longer fits its id.
        """
        own = [one for one in self._core.store.records_about(id_, messages.EVIDENCE) if one.author == self._core.me]
        found = []
        for record in own:
            message = open_record(record, self._core.ring)
            found.append(parse(message.body, EvidenceBody).as_evidence(message.author, message.header.created))
        return standing(found, self._core.me)

    def level(self, row: SkillRow) -> Level:
        """Returns a skill's evidence level here."""
        evidence = heard(self._core, row.id)
        return level(evidence, self._core.me, row.origin is Origin.PEER, self._core.settings.skills.witnesses)

    def refutations(self, id_: ContentId) -> int:
        """Returns how many refutation receipts the ledger holds about a skill, whoever signed them: to be shown."""
        return len(self._refuting(id_))

    def refuted_elsewhere(self, id_: ContentId) -> int:
        """Returns how many of these receipts are by others: what their authors are to hear of, and no rank rests on."""
        receipts = (self._core.store.record(row.entry.receipt) for row in self._refuting(id_))
        return sum(one is not None and not one.withheld and one.author != self._core.me for one in receipts)

    def _refuting(self, id_: ContentId) -> list[LedgerRow]:
        return [row for row in self._core.store.receipts_about(id_) if row.dealing == Dealing.SKILL_REFUTED]

    def _refuted_here(self, id_: ContentId) -> int:
        """Counts this node's own refutations: what others say is shown, and changes no rank (threat 27)."""
        receipts = (self._core.store.record(row.entry.receipt) for row in self._refuting(id_))
        return sum(one is not None and not one.withheld and one.author == self._core.me for one in receipts)

    def facts(self, row: SkillRow) -> Facts:
        """Returns what ranks a skill."""
        core, evidence, me = self._core, heard(self._core, row.id), self._core.me
        found = level(evidence, me, row.origin is Origin.PEER, core.settings.skills.witnesses)
        share = 1.0
        if row.origin is Origin.PEER:
            share = reputation(core.accounts.account(row.author), domain(row.tags)).share
        return Facts(found, standing(evidence, me).confidence, Instant(row.added), self._refuted_here(row.id), share)

    def corroborated(self, row: SkillRow) -> bool:
        """Says whether a skill may be reused where nothing but its own checks speaks for it (threat 17)."""
        asked = self._core.settings.ranking.corroborations
        return row.origin is Origin.OWN or corroborations(heard(self._core, row.id), row.author) >= asked

    def _named(self, id_: ContentId) -> dict[str, str]:
        row = self._core.store.skill(id_)
        if row is None:
            raise NotFound(f"no skill here has the id {id_}")
        return {"trace_id": id_, "intent": row.intent}


_SAMPLE = 16
"""Texts of an index from a file that are compared with the store's."""

_REMOVED = service.Trigger.REMOVED
_PRESENT = (SkillState.QUARANTINED, SkillState.ADMITTED, SkillState.REFUSED)


def index_text(intent: str, tags: Sequence[str]) -> str:
    """Returns what a skill is searched by."""
    return intent if not tags else f"{intent} ({' '.join(tags)})"


def skill_row(
    skill: Skill,
    origin: Origin,
    author: str,
    now: Instant,
    source: str,
    claimed: bool | None = None,
    *,
    data: bytes = b"",
) -> SkillRow:
    """Returns the row of a skill that is new here, in quarantine; `data` are its bytes, where they were written."""
    body = data or skill.to_bytes()
    return SkillRow(
        id=content_id(body),
        intent=skill.intent,
        body=body,
        media_type=skill.result.media_type,
        license=skill.license,
        tags=skill.tags,
        has_checks=bool(skill.checks),
        origin=origin,
        author=NodeId(author),
        state=SkillState.QUARANTINED,
        added=now,
        source=source,
        claimed_pass=claimed,
    )


@lru_cache(maxsize=256)
def way(via: Via, source: str) -> str:
    """Says by which way something came, and from where, in at most 500 characters."""
    return plain(f"via {via} from {source}" if source else f"via {via}", 500)


def record_row(
    message: Signed | Verified, subject: str, now: Instant, ring: Ring = root_only, came: str = ""
) -> RecordRow:
    """Returns the row of a message; one of this node's own is verified like anybody's before it is kept."""
    verified = message if isinstance(message, Verified) else envelope.verify(message, ring)
    header, author, raw = verified.header, verified.author, verified.raw
    return RecordRow(verified.id, header.kind, author, header.seq, subject, header.created, now, raw, None, came)
