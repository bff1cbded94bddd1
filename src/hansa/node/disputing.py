"""What this node's operator does in disputes: open, answer, bring evidence, rule, withdraw, appeal.

Each act is a signed message of this node, decided on by the room that decides on everybody's (`caseroom`). It is kept
and queued for its addresses at once, behind the records that it rests on, so that it comes nowhere too early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hansa.admission.service import Via
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import messages
from hansa.governance.case import Case, Ground, Ruled, Says
from hansa.governance.messages import AnswerBody, AppealBody, DisputeBody, FindingBody, WithdrawalBody
from hansa.identity import envelope
from hansa.kernel.errors import NotFound, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.wire import Wire, parse
from hansa.node.casebook import Casebook
from hansa.node.caseroom import TURN, CaseRoom, Keep
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.prover import Proof, Prover
from hansa.node.rows import OutboxRow, PutOutbox, RecordRow, SkillRow
from hansa.node.settling import Settler
from hansa.node.testimony import Testimony, open_held
from hansa.skills.messages import EVIDENCE, SKILL


class Disputant:
    """This node's hand in disputes."""

    def __init__(self, core: Core, book: Casebook, prover: Prover, settler: Settler, keep: Keep) -> None:
        """Works for one node."""
        self._core = core
        self._prover = prover
        self._settler = settler
        self._room = CaseRoom(core, keep)
        self.book = book

    async def open(
        self,
        row: SkillRow,
        ground: Ground,
        why: str,
        records: Sequence[str] = (),
        against: str = "",
        to: Sequence[str] = (),
    ) -> Case:
        """Opens a case over a skill, or over a receipt about it.

        Args:
            records: ids of what it rests on; by default this node's newest finding that shows it.
            against: id of the disputed record, or the start of it; needed where several could be meant.
            to: addresses; by default every source that this node subscribes to.

        Raises:
            UsageError: nothing shows it, or it is not clear who is accused. Refused: see `CaseRoom`.
        """
        disputed = self._disputed(row, ground, against)
        named = tuple(self._record(one).id for one in records) or self._shows(row, ground, disputed)
        body = DisputeBody(
            skill=row.id, record=disputed.id, respondent=disputed.author, ground=ground, why=why, records=named
        )  # fmt: skip
        id_ = await self._say(messages.DISPUTE, body, (disputed.id, *named), to)
        return self.book.find(id_)

    async def answer(self, case: Case, why: str, records: Sequence[str] = (), to: Sequence[str] = ()) -> ContentId:
        """Answers, as the respondent.

        Raises:
            Refused: NOT_PARTY, ENOUGH_SAID.
        """
        named = tuple(self._record(one).id for one in records)
        return await self._say(messages.ANSWER, AnswerBody(case=case.id, why=why, records=named), named, to, case)

    async def evidence(self, case: Case, trials: int | None = None, to: Sequence[str] = ()) -> tuple[Proof, ContentId]:
        """Runs the skill again, as one who is no party, and brings the finding; this node rules by it at once.

        Returns:
            What the run came to, and the id of the message that brings it.

        Raises:
            UsageError: this node is a party, or no run can show what is disputed. NoSandbox: nothing was run.
        """
        if self._core.me in case.parties:
            raise UsageError("this node is a party: its finding decides nothing (an appeal may name a new one)")
        if not case.ground.is_tried:
            raise UsageError(f"no run can show {case.ground}: hansa dispute rule {case.id[:12]} is your own word on it")
        if self._core.sandbox is None:
            raise UsageError("a hub runs nothing: it rules by verifiers that you name, see conduct.verifiers")
        proof = await self._prover.prove(self._skill(case), trials)
        found = self._findings(case.skill)[-1]
        body = FindingBody(case=case.id, record=found.id)
        return proof, await self._say(messages.FINDING, body, (found.id,), to, case)

    async def withdraw(self, case: Case, why: str = "", to: Sequence[str] = ()) -> ContentId:
        """Takes an accusation back, as its opener.

        Raises:
            Refused: NOT_PARTY, ENOUGH_SAID.
        """
        return await self._say(messages.WITHDRAWAL, WithdrawalBody(case=case.id, why=why), (), to, case)

    async def appeal(self, case: Case, why: str, records: Sequence[str] = (), to: Sequence[str] = ()) -> ContentId:
        """Asks for new runs, as a party.

        Args:
            records: new evidence; by default this node's newest finding about the skill.

        Raises:
            UsageError: there is no new evidence, or this node may not appeal. Refused: NOT_PARTY, BAD_BODY,
                ENOUGH_SAID.
        """
        problem = self.book.course(case).may_appeal(self._core.me, self._core.now(), self._core.settings.disputes)
        if problem and self._core.me in case.parties:
            raise UsageError(f"{problem}: hansa dispute show {case.id[:12]}")
        own = [one.id for one in self._findings(case.skill) if one.created > case.at]
        named = tuple(self._record(one).id for one in records) or tuple(own[-1:])
        if not named:
            raise UsageError(f"an appeal needs new evidence: hansa prove {case.skill[:12]}, or name it (--record)")
        return await self._say(messages.APPEAL, AppealBody(case=case.id, why=why, records=named), named, to, case)

    async def rule(self, case: Case, ruled: Ruled, why: str = "") -> None:
        """Rules on what no run can show, for this node alone.

        Raises:
            UsageError: runs decide this, or the accusation was withdrawn.
        """
        await self._settler.rule(case, ruled, why)

    # ---- how it is said

    async def _say(
        self, kind: str, body: Wire, named: Sequence[str], to: Sequence[str], case: Case | None = None
    ) -> ContentId:
        """Signs, keeps and queues a message, whole or not at all; then the case is settled anew."""
        core = self._core
        plain = msgspec.to_builtins(body)
        first = (case.id,) if case is not None else (plain["skill"], TURN)
        async with core.turns.of(*first):
            message = envelope.verify(core.seal(kind, plain), core.ring)
            _, effects = self._room.decide(core.admission.admit(message, Via.LOCAL, core.now()), "")
            opening = (case.id,) if case is not None else ()
            for url in self._targets(to, case):
                self._queue((*opening, *named), message.id, url, effects)
            await core.driver.perform(effects)
        held = self.book.held(case.id if case is not None else message.id)
        if held is not None:
            await self._settler.settle(held)
        return message.id

    def _targets(self, to: Sequence[str], case: Case | None) -> list[str]:
        """Returns where a message goes: as told, or to every source, and to wherever this node has told of the case."""
        sources = [one.url for one in self._core.store.subscriptions()]
        before = [one.url for one in self._core.store.deliveries_of(ContentId(case.id))] if case is not None else []
        return list(dict.fromkeys(to or [*sources, *before]))

    def _queue(self, before: Iterable[str], record: ContentId, url: str, effects: Effects) -> None:
        for id_ in dict.fromkeys((*before, record)):
            sent = [one.url for one in self._core.store.deliveries_of(ContentId(id_)) if one.state != "refused"]
            if url not in sent:
                outgoing = OutboxRow(ContentId(id_), url, "pending", at=self._core.now())
                effects.changes.append(PutOutbox(outgoing))

    # ---- what is meant

    def _disputed(self, row: SkillRow, ground: Ground, against: str) -> RecordRow:
        kind = RECEIPT if ground is Ground.FALSE_ACCUSATION else SKILL
        found = [one for one in self._core.store.records_about(row.id, kind) if one.author != self._core.me]
        found = [one for one in found if kind == SKILL or self._accuses(one)]
        meant = [one for one in found if one.id.startswith(against)]
        if len(meant) == 1:
            return meant[0]
        what = "receipt that refutes it" if kind == RECEIPT else "record in which somebody else passes it on"
        if not found or (against and not meant):
            raise NotFound(f"there is no such {what} here, so nobody can be accused")
        ids = ", ".join(f"{one.id[:12]} by {one.author}" for one in found[:5])
        raise UsageError(f"more than one {what} could be meant: name it with --against ({ids})")

    def _accuses(self, record: RecordRow) -> bool:
        opened = open_held(self._core, record.id)
        return opened is not None and parse(opened.body, Receipt).dealing is Dealing.SKILL_REFUTED

    def _shows(self, row: SkillRow, ground: Ground, disputed: RecordRow) -> tuple[str, ...]:
        """Returns this node's newest finding that shows what it wants to say."""
        if not ground.is_tried:
            raise UsageError(f"say what shows {ground}: name a record that is held here with --record")
        for one in reversed(self._findings(row.id)):
            now = self._core.now()
            as_if = Case("", row.id, disputed.id, self._core.me, disputed.author, ground, "", (one.id,), now)
            finding = Testimony(self._core, as_if).of(one.id)
            if finding is not None and finding.says is Says.SUPPORTS:
                return (one.id,)
        raise UsageError(f"no finding of this node's shows {ground}: hansa prove {row.id[:12]} says what it is")

    def _findings(self, skill: str) -> list[RecordRow]:
        rows = self._core.store.records_about(skill, EVIDENCE)
        return [one for one in rows if one.author == NodeId(self._core.me)]

    def _skill(self, case: Case) -> SkillRow:
        row = self._core.store.skill(ContentId(case.skill))
        if row is None:
            raise NotFound(f"the skill {case.skill[:12]} is not held here")
        return row

    def _record(self, id_or_prefix: str) -> RecordRow:
        text = id_or_prefix.strip().lower()
        found = self._core.store.record_ids(text, 2) if len(text) >= 4 else []
        row = self._core.store.record(found[0]) if len(found) == 1 else None
        if row is None:
            raise NotFound(f"no record here, or more than one, has an id that starts with {text[:64]!r}")
        return row
