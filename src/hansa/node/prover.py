"""Proving skills in the sandbox, and what follows from a finding: evidence, state, receipts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from hansa.conduct.ledger import Dealing, Receipt
from hansa.conduct.standing import Rung
from hansa.identity.envelope import Verified
from hansa.kernel.errors import NoSandbox, Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import lawful
from hansa.node.conduct import Conduct
from hansa.node.core import PROVED_IN, Core
from hansa.node.disproof import overtaken
from hansa.node.driver import Effects
from hansa.node.events import AFTER_PROOF, Value
from hansa.node.ports import Sandbox
from hansa.node.receipts import write
from hansa.node.rows import (
    OutboxRow,
    PutEvidence,
    PutMark,
    PutOutbox,
    PutRecord,
    RecordRow,
    SetSkillState,
    SkillRow,
)
from hansa.node.shelf import record_row
from hansa.node.vault import open_record, open_skill
from hansa.skills import messages, service
from hansa.skills.judge import Finding, job_for, judge
from hansa.skills.messages import SkillBody
from hansa.skills.model import Evidence, Origin, Outcome, Skill, SkillState, domain


@dataclass(frozen=True, slots=True)
class Proof:
    """A finding about a skill, and where the skill stands after it.

    Attributes:
        receipts: ids of the receipts that the finding led to.
    """

    row: SkillRow
    finding: Finding
    state: SkillState
    harness: str
    receipts: tuple[ContentId, ...] = ()

    @property
    def word(self) -> str:
        """What it came to, in one word: "proved", or the reason's code."""
        return self.finding.reason.code if self.finding.reason else "proved"


@dataclass(frozen=True, slots=True)
class Unproved:
    """A skill that could not be looked at, or was taken away meanwhile, and why."""

    row: SkillRow
    error: Refused | UsageError

    @property
    def word(self) -> str:
        """Why not, in one word."""
        return self.error.reason.code if isinstance(self.error, Refused) else "removed"


class Prover:
    """Runs proofs, as many at a time as there are workers."""

    def __init__(self, core: Core, afterwards: Callable[[ContentId], Awaitable[None]] | None = None) -> None:
        """Works on the core's sandbox.

        Args:
            afterwards: told of each skill about which a finding was kept.
        """
        self._core = core
        self._conduct = Conduct(core)
        self._afterwards = afterwards
        self._slots = asyncio.Semaphore(core.settings.workers)
        self._running: dict[ContentId, asyncio.Task[Proof]] = {}

    def sandbox(self) -> Sandbox:
        """Returns the sandbox.

        Raises:
            NoSandbox: this node has none.
        """
        if self._core.sandbox is None:
            raise NoSandbox("this node has no sandbox, so it proves and runs nothing: see hansa doctor")
        return self._core.sandbox

    async def prove(self, row: SkillRow, trials: int | None = None, seed: int | None = None) -> Proof:
        """Proves one skill and keeps what follows; whoever asks for a proof that is under way gets that one.

        Args:
            trials: how many; by default as many as the skill's origin asks for.
            seed: of the first trial; by default it follows from the skill's id.

        Raises:
            NoSandbox: nothing was run.
            Refused: CORRUPT, TOMBSTONED; DiskFull, Fault: nothing was kept.
        """
        task = self._running.get(row.id)
        if task is None:
            task = asyncio.create_task(self._prove(row, trials, seed))
            self._running[row.id] = task
            self._core.meters.proving = len(self._running)
            task.add_done_callback(lambda _: self._ended(row.id))
        return await asyncio.shield(task)

    def _ended(self, skill: ContentId) -> None:
        self._running.pop(skill, None)
        self._core.meters.proving = len(self._running)

    async def _tried(self, row: SkillRow, trials: int | None) -> Proof | Unproved:
        try:
            return await self.prove(row, trials)
        except (Refused, UsageError) as error:
            return Unproved(row, error)

    async def _prove(self, row: SkillRow, trials: int | None, seed: int | None) -> Proof:
        skill = open_skill(row)
        params = self._core.settings.skills
        wanted = trials or self.usual_trials(row)
        seed = int(row.id[:8], 16) if seed is None else seed
        sandbox = self.sandbox()
        async with self._slots:
            job = job_for(skill, wanted, params.refute_trials, seed, self._core.settings.sandbox)
            with self._core.spans.span("prove", skill=row.id, trials=wanted):
                report = await sandbox.run(job)
        finding = judge(skill, report)
        self._core.meters.proved(finding.outcome.value, finding.wall_us)
        async with self._core.turns.of(row.id):
            proof = await self._keep(row, skill, finding, sandbox)
        if self._afterwards is not None:
            await self._afterwards(row.id)
        return proof

    def usual_trials(self, row: SkillRow) -> int:
        """Returns how many trials a proof of a skill has unless somebody says otherwise."""
        return self._core.settings.skills.prove_trials if row.origin is Origin.OWN else self._import_trials(row)

    def _import_trials(self, row: SkillRow) -> int:
        """Returns how long somebody else's skill is looked at: less long where its author is trusted in its domain."""
        core = self._core
        usual = core.settings.skills.import_trials
        rung = core.accounts.decide(row.author, core.now(), domain(row.tags)).rung
        return min(usual, core.settings.conduct.trusted_trials) if rung is Rung.TRUSTED else usual

    async def prove_all(
        self, rows: Sequence[SkillRow], trials: int | None = None, unless: Callable[[SkillRow], bool] | None = None
    ) -> AsyncIterator[Proof | Unproved]:
        """Proves many skills, several at once, and yields each as it is done; one that fails stops no other.

        Args:
            unless: looked at when a skill's turn comes; one for which it says True is passed over.

        Stopping half-way loses nothing: each finding is kept by itself, and no further one is begun.
        """
        left = list(reversed(rows))
        under_way: set[asyncio.Task[Proof | Unproved]] = set()
        try:
            while left or under_way:
                while left and len(under_way) < self._core.settings.workers:
                    row = left.pop()
                    if unless is None or not unless(row):
                        under_way.add(asyncio.create_task(self._tried(row, trials)))
                if not under_way:
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _keep(self, row: SkillRow, skill: Skill, finding: Finding, sandbox: Sandbox) -> Proof:
        current = self._core.lineages.now(row.id) or row
        after = service.after_proof(current.state, finding, current.reason)
        if after is SkillState.ADMITTED and row.origin is Origin.PEER and not self._core.settings.admit_proved:
            after = current.state
        code = finding.reason.code if finding.reason else ""
        undecided = finding.outcome is Outcome.INCONCLUSIVE and after is current.state
        in_use = after is SkillState.ADMITTED and not undecided
        objection = lawful.of_proof(self._core, row, skill, finding) if in_use else ""
        if objection:
            after, code = service.not_admitted(current.state), Reason.UNCONSTITUTIONAL.code
        if service.is_settled(current.state, current.reason):
            code = current.reason
        evidence = self._evidence(row.id, finding, sandbox)
        sealed = record_row(
            self._core.seal(messages.EVIDENCE, messages.evidence_body(evidence)),
            row.id,
            self._core.now(),
            self._core.ring,
        )
        told = row.origin is Origin.PEER and self._core.settings.findings
        in_feed = told == "all" or (told == "refutations" and finding.outcome is Outcome.FAIL)
        effects = Effects(
            [PutRecord(sealed, in_feed), PutEvidence(sealed.id, evidence), SetSkillState(row.id, after, code)]
        )
        verdict = finding.reason.verdict if finding.reason else Verdict.ACCEPT
        effects.changes.append(
            self._core.driver.note(row.id, Box.DOMAIN, verdict, finding.reason, _summary(finding, sandbox))
        )
        if objection:
            effects.changes.append(lawful.note(self._core, row.id, Box.DOMAIN, objection))
        if finding.outcome is Outcome.FAIL:
            effects.changes += overtaken(self._core, row.id, _told(finding))
        if self._core.store.mark(PROVED_IN) != sandbox.name:
            effects.changes.append(PutMark(PROVED_IN, sandbox.name))
        made: list[RecordRow] = []
        if row.origin is Origin.PEER:
            made = self._receipts(row, finding, sandbox.harness, sealed.id, effects, in_feed)
            self._report(finding, sealed, made, effects)
        _show(effects, row, finding, after, f"{skill.intent[:80]}: {_summary(finding, sandbox)}")
        await self._core.driver.perform(effects)
        await self._conduct.settle_all()
        return Proof(row, finding, after, sandbox.harness, tuple(one.id for one in made))

    def _evidence(self, skill: ContentId, finding: Finding, sandbox: Sandbox) -> Evidence:
        return Evidence(
            skill=skill,
            prover=self._core.me,
            harness=sandbox.harness,
            sandbox=sandbox.name,
            outcome=finding.outcome,
            trials=finding.trials,
            successes=finding.successes,
            passed=finding.passed,
            total=finding.total,
            digest=finding.digest,
            reason=finding.reason.code if finding.reason else "",
            at=self._core.now(),
        )

    def _receipts(
        self, row: SkillRow, finding: Finding, harness: str, evidence: ContentId, effects: Effects, in_feed: bool
    ) -> list[RecordRow]:
        """Writes one receipt for each author whose claim the finding refutes or confirms."""
        made = []
        for claim in self._claims(row.id):
            body = parse(claim.body, SkillBody)
            if service.is_lie(body.claim, finding, harness, self._core.settings.skills):
                dealing = Dealing.SKILL_REFUTED
            elif finding.outcome is Outcome.PASS:
                dealing = Dealing.SKILL_REPROVED
            else:
                continue
            receipt = Receipt(
                dealing=dealing,
                subject=claim.author,
                skill=row.id,
                records=(claim.id, evidence),
                reason=finding.reason.code if finding.reason else "",
                domain=domain(row.tags),
            )
            record = write(self._core, receipt, effects, in_feed=in_feed)
            if dealing is Dealing.SKILL_REFUTED:
                effects.changes.append(
                    self._core.driver.note(
                        row.id,
                        Box.STORE,
                        None,
                        finding.reason,
                        f"receipt {record.id[:12]}: {dealing} by {claim.author}",
                    )
                )
            made.append(record)
        return made

    def _report(self, finding: Finding, evidence: RecordRow, receipts: list[RecordRow], effects: Effects) -> None:
        """Tells the sources what their operator may be told: nothing, refutations, or all findings."""
        refuted = finding.outcome is Outcome.FAIL and bool(receipts)
        for subscription in self._core.store.subscriptions():
            if subscription.report == "all" or (subscription.report == "refutations" and refuted):
                for record in (evidence, *receipts):  # a receipt rests on the evidence: that goes first
                    outgoing = OutboxRow(record.id, subscription.url, "pending", at=self._core.now())
                    effects.changes.append(PutOutbox(outgoing))

    def _claims(self, skill: ContentId) -> list[Verified]:
        claims = []
        for record in self._core.store.records_about(skill, messages.SKILL):
            try:
                claims.append(open_record(record, self._core.ring))
            except Refused:
                continue  # damaged: withheld, and no receipt rests on it
        return [claim for claim in claims if claim.author != self._core.me]


def _show(effects: Effects, row: SkillRow, finding: Finding, after: SkillState, text: str) -> None:
    fields: dict[str, Value] = {"state": after.value, "trials": finding.trials, "successes": finding.successes}
    if finding.reason:
        fields["reason"] = finding.reason.code
    effects.show(AFTER_PROOF[finding.outcome], row.id, text, wall_ms=finding.wall_us // 1000, **fields)


def _told(finding: Finding) -> str:
    return "; ".join(filter(None, (finding.detail[:400], finding.reason.text if finding.reason else "")))


def _summary(finding: Finding, sandbox: Sandbox) -> str:
    text = (
        f"{finding.successes} of {finding.trials} trials, {finding.passed} of {finding.total} checks, "
        f"{sandbox.harness} in {sandbox.name}, {finding.wall_us / 1000:.0f} ms"
    )
    return f"{text}; {finding.detail}" if finding.detail else text
