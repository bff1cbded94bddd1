"""What is shown: plain values for JSON, made from rows. Doors and pages read these and never the store."""

from __future__ import annotations

from hansa.conduct.ledger import Dealing
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import iso
from hansa.node import recalls
from hansa.node.core import Core
from hansa.node.executor import Execution
from hansa.node.finder import Found
from hansa.node.hearing import rating
from hansa.node.ports import SkillFilter
from hansa.node.prover import Proof
from hansa.node.publishing import Publication
from hansa.node.rows import ALL, LedgerRow, PeerRow, SkillRow
from hansa.node.shelf import Shelf
from hansa.node.vault import open_skill
from hansa.skills import service
from hansa.skills.messages import SKILL
from hansa.skills.model import Cases, Origin, SkillState

View = dict[str, object]


class Views:
    """Reads for people and programs."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Reads the core's store."""
        self._core = core
        self._shelf = shelf
        self._read_to = 0
        self._refuted: dict[ContentId, None] = {}

    def skill(self, row: SkillRow) -> View:
        """Returns a skill in the shape of H2 and H5: computed numbers as fractions of 1, claims apart."""
        numbers = self._shelf.numbers(row.id)
        level = self._shelf.level(row)
        return {
            "trace_id": row.id,
            "intent": row.intent,
            "confidence": round(numbers.confidence, 6),
            "verification_score": round(numbers.verification_score, 6),
            "trials": numbers.trials,
            "harness": numbers.harness,
            "evidence": level.name,
            "evidence_meaning": level.meaning,
            "state": row.state.value,
            "reason": row.reason,
            "origin": row.origin.value,
            "instance_id": row.author,
            "media_type": row.media_type,
            "license": row.license,
            "tags": list(row.tags),
            "has_checks": row.has_checks,
            "refutations": self._shelf.refutations(row.id),
            "created_at": iso(row.added),
            "source": row.source,
        }

    def whole_skill(self, row: SkillRow) -> View:
        """Returns a skill with its content, findings, receipts and lineage.

        Raises:
            Refused: CORRUPT, when the stored bytes no longer fit the id.
        """
        skill = open_skill(row)
        view = self.skill(row)
        view["taken_back"] = self._taken_back(row.id)
        view["reasoning_path"] = [{"step": one.step, "action": one.action} for one in skill.reasoning_path]
        view["result"] = {
            "media_type": skill.result.media_type,
            "text": skill.result.text,
            "entry_point": skill.result.entry_point,
            "files": [{"path": one.path, "digest": one.digest, "size": one.size} for one in skill.result.files],
        }
        view["checks"] = [
            {"kind": "cases", "cases": [{"args": case.args, "expect": case.expect} for case in check.cases]}
            if isinstance(check, Cases)
            else {"kind": "python", "code": check.code}
            for check in skill.checks
        ]
        view["findings"] = [
            {
                "prover": one.prover,
                "harness": one.harness,
                "sandbox": one.sandbox,
                "outcome": one.outcome.value,
                "reason": one.reason,
                "trials": one.trials,
                "successes": one.successes,
                "passed": one.passed,
                "total": one.total,
                "at": iso(one.at),
            }
            for one in self._core.store.evidence(row.id)
        ]
        view["receipts"] = [self.ledger_entry(one) for one in self._core.store.receipts_about(row.id)]
        rated = rating(self._core, row.id)
        view["rating"] = {"held": rated.good, "failed": rated.bad, "sure": rated.sure / 1000}
        view["publishers"] = [one.author for one in self._core.store.records_about(row.id, SKILL)]
        view["lineage"] = self._shelf.ancestry_of(skill)
        return view

    def _taken_back(self, skill: ContentId) -> View | None:
        gone = self._core.store.tombstone(skill)
        if gone is None:
            return None
        recalled = recalls.is_recalled(self._core, skill)
        return {"at": iso(gone.at), "why": gone.why, "record": gone.record, "recalled": recalled}

    def found(self, one: Found) -> View:
        """Returns a search result with why it stands where it stands."""
        others = self._shelf.refuted_elsewhere(one.row.id)
        why = one.rank.why + (f" · refuted {others}x elsewhere" if others else "")
        view = self.skill(one.row)
        view |= {"score": round(one.rank.score, 6), "similarity": round(one.rank.similarity, 6), "why": why}
        return view

    def ledger_entry(self, row: LedgerRow) -> View:
        """Returns a link of the ledger."""
        return {
            "number": row.entry.number,
            "receipt": row.entry.receipt,
            "dealing": row.dealing,
            "subject": row.subject,
            "by": row.author,
            "reason": row.reason,
            "domain": row.domain,
            "skill": row.skill,
            "at": iso(row.at),
            "previous": row.entry.previous,
            "hash": row.entry.hash,
        }

    def publication(self, one: Publication, with_payload: bool = True) -> View:
        """Returns what publishing came to; `payload` is the very text that leaves the machine."""
        return {
            "trace_id": one.skill,
            "record": one.record,
            "published": one.record is not None,
            "new": one.new,
            "to": list(one.to),
            "gates": [
                {
                    "gate": gate.name,
                    "asked": gate.asked,
                    "found": gate.found,
                    "reason": gate.reason.code if gate.reason else "",
                }
                for gate in one.gates
            ],
            "payload": one.payload.decode() if with_payload else "",
        }

    def proof(self, one: Proof) -> View:
        """Returns what a proof came to."""
        finding = one.finding
        return {
            "trace_id": one.row.id,
            "intent": one.row.intent,
            "outcome": finding.outcome.value,
            "reason": finding.reason.code if finding.reason else "",
            "detail": finding.detail,
            "state": one.state.value,
            "held": self._is_held(one.row.id),
            "trials": finding.trials,
            "successes": finding.successes,
            "passed": finding.passed,
            "total": finding.total,
            "harness": one.harness,
            "wall_ms": round(finding.wall_us / 1000, 1),
            "claimed_pass": one.row.claimed_pass,
            "receipts": list(one.receipts),
            "source": one.row.source,
        }

    def _is_held(self, skill: ContentId) -> bool:
        row = self._core.store.skill(skill)
        return row is not None and service.is_held(row.state, row.reason)

    def execution(self, one: Execution) -> View:
        """Returns what executing an intent came to."""
        return {
            "how": one.how.value,
            "trace_id": one.skill,
            "intent": one.intent,
            "media_type": one.media_type,
            "value": one.value,
            "error": one.error,
            "cases": one.cases,
            "tried": list(one.tried),
            "wall_ms": round(one.wall_us / 1000, 3),
            "why": one.why,
        }

    def instances(self, after: str = "", limit: int = ALL) -> list[View]:
        """Returns the nodes this one has met (H5), by id; those above `after`."""
        return [
            {
                "instance_id": peer.id,
                "name": peer.name,
                "role": peer.role,
                "invited": peer.invited,
                "banned": peer.banned,
                "records_per_minute": peer.per_minute,
                "last_seen": iso(seen) if seen else None,
                "url": peer.url,
                "note": peer.note,
            }
            for peer in self._core.store.peers(after, limit)
            for seen in [self._last_seen(peer)]
        ]

    def _last_seen(self, peer: PeerRow) -> int:
        """Returns when something that a peer signed was last admitted here; 0 for never.

        Greetings are written down with the peer; for records that would be a write more for each one that comes in, so
        that the newest one that is kept tells, when somebody asks.
        """
        store = self._core.store
        newest = store.records_after(peer.id, store.last_seq(peer.id) - 1, 1)
        return max([peer.seen, *(row.received for row in newest)])

    def status(self) -> View:
        """Returns the node's counts; everything is measured here."""
        count = self._core.store.count_skills
        length, head = self._core.store.feed_mark()
        return {
            "instance_id": self._core.me,
            "name": self._core.settings.name,
            "role": self._core.settings.role,
            "network": self._core.settings.network,
            "constitution": self._core.settings.constitution.digest,
            "sandbox": self._core.sandbox.name if self._core.sandbox else None,
            "harness": self._core.sandbox.harness if self._core.sandbox else None,
            "skills": {state.value: count(SkillFilter(states=(state,))) for state in SkillState},
            "own": count(SkillFilter(origin=Origin.OWN)),
            "own_refuted": self._own_refuted(),
            "feed": {"length": length, "head": head},
            "outbox": len(self._core.store.outbox("pending")),
            "subscriptions": len(self._core.store.subscriptions()),
            "peers": len(self._core.store.peers()),
            "messages": self._core.counters.table(),
            "asks_first": self._core.asks_first,
        }

    def _own_refuted(self) -> int:
        """Returns how many skills that this node passed on, and holds, a receipt refutes; the ledger only grows."""
        store = self._core.store
        while rows := store.ledger(self._read_to, 1000):
            self._read_to = rows[-1].entry.number
            mine = (row for row in rows if row.subject == self._core.me and row.dealing == Dealing.SKILL_REFUTED)
            self._refuted |= dict.fromkeys(ContentId(row.skill) for row in mine)
        held = (store.skill(id_) for id_ in self._refuted)
        return sum(row is not None and row.state is not SkillState.REMOVED for row in held)
