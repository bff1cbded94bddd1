"""Operations on this node's skills: adding, proving, executing, quarantine, files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hansa.adapters import files
from hansa.admission.service import Via
from hansa.entrypoints.app import App
from hansa.entrypoints.errors import problem
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.identity import roots
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from hansa.node import ledger_file
from hansa.node.ports import SkillFilter
from hansa.node.prover import Proof, Unproved
from hansa.node.rows import SkillRow
from hansa.node.vault import find_skill, open_record
from hansa.node.work_views import brought
from hansa.skills import service
from hansa.skills.importing.draft import Rejected
from hansa.skills.messages import SKILL
from hansa.skills.model import Case, Origin, SkillState


@operation("skill.add", orders="paths license")
async def _skill_add(app: App, given: Arguments) -> Outcome:
    found = files.sources([Path(path) for path in given["paths"]])
    total = sum(files.count(source) for source in found)
    added, known, rejected, notes = [], 0, [], []
    done = noted = 0
    for source in found:
        for draft in files.read(source, given.get("license", "")):
            done += 1
            if isinstance(draft, Rejected):
                rejected.append({"source": source.below(draft.source), "problem": draft.problem})
            else:
                try:
                    id_, new = await app.node.shelf.add(draft)
                except Refused as refusal:
                    rejected.append({"source": source.below(draft.source), "problem": str(refusal)})
                    continue
                noted += await app.node.reflections.add(draft.reflections)
                if new:
                    added.append({"trace_id": id_, "intent": draft.skill.intent, "source": draft.source})
                else:
                    known += 1
                notes += [{"source": source.below(draft.source), "note": note} for note in draft.notes]
            yield Progress(done, total, draft.source)
    value = {"added": added, "already_here": known, "rejected": rejected, "notes": notes, "reflections": noted}
    yield Result(value, ok=bool(added or known))


@operation("skill.look")
async def _skill_look(app: App, given: Arguments) -> Outcome:
    """Says which skill an id means, so that somebody can be asked before anything becomes of it."""
    row = find_skill(app.node.core, given["id"])
    yield Result({"trace_id": row.id, "intent": row.intent, "state": row.state.value})


@operation("skill.remove", orders="id why")
async def _skill_remove(app: App, given: Arguments) -> Outcome:
    row = find_skill(app.node.core, given["id"])
    done = await app.node.shelf.remove(row, given.get("why", ""))
    yield Result({"trace_id": row.id, "state": "removed", "told": list(done.told), "in_feed": done.in_feed})


@operation("skill.export")
async def _skill_export(app: App, given: Arguments) -> Outcome:
    envelopes: list[str] = []
    authors: dict[NodeId, None] = {}
    for id_ in given["ids"]:
        row = find_skill(app.node.core, id_)
        records = app.node.core.store.records_about(row.id, SKILL)
        if not records:
            raise UsageError(f"{row.id[:12]} was never published: hansa publish {row.id[:12]} signs it first")
        for record in records:
            open_record(record, app.node.core.ring)
            envelopes.append(record.envelope.decode())
            authors[record.author] = None
    keys = [one.envelope.decode() for author in authors for one in app.node.core.ring.records(author)]
    yield Result({"envelopes": keys + envelopes, "count": len(envelopes)})


@operation("skill.import", orders="path")
async def _skill_import(app: App, given: Arguments) -> Outcome:
    lines = [line for line in files.lines_of(Path(given["path"])) if line.strip()]
    if lines and ledger_file.FORMAT.encode() in lines[0][:64]:
        raise UsageError(f"that is a ledger: hansa ledger import {given['path']}")
    taken: list[dict[str, str]] = []
    keys: list[dict[str, str]] = []
    refused: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            record = await app.node.inbox.receive(line, Via.FILE, Path(given["path"]).name)
            one = {"record": record.id, "kind": record.kind, "skill": record.subject}
            (keys if record.kind == roots.KIND else taken).append(one)
        except Refused as refusal:
            where = known if refusal.reason is Reason.DUPLICATE else refused
            where.append({"line": number, **problem(refusal)})
        yield Progress(number, len(lines), f"line {number}")
    value = {"taken": taken, "keys": keys, "already_here": known, "refused": refused}
    yield Result(value, ok=bool(taken or keys) or not refused)


@operation("prove", orders="ids trials again origin leased")
async def _prove(app: App, given: Arguments) -> Outcome:
    node = app.node
    if node.core.asks_first:
        raise Refused(Reason.RESTORED)  # a finding could not be signed: nothing is run for it
    if given.get("ids"):
        rows = [find_skill(node.core, id_) for id_ in given["ids"]]
    else:
        again = given.get("again", False)
        origin = Origin(given["origin"]) if given.get("origin") else None
        rows = node.unproved(origin) if again else node.waiting(origin)
    without = [row for row in rows if not row.has_checks]
    proofs: list[Proof | Unproved] = []
    borrowed = node.market.proofs.prove_all(rows, node.prover) if given.get("leased") else None
    made = node.prover.prove_all(rows, given.get("trials")) if borrowed is None else borrowed.run()
    async for proof in made:
        proofs.append(proof)
        yield Progress(len(proofs), len(rows), f"{proof.row.id[:12]} {proof.word}")
    counts = Counter(proof.word for proof in proofs)
    views = [node.views.proof(proof) for proof in proofs if isinstance(proof, Proof)]
    ok = not given.get("ids") or all(proof.word == "proved" for proof in proofs)
    value: dict[str, Any] = {"proofs": views, "counts": dict(counts), "without_checks": len(without)}
    if borrowed is not None:
        value["leases"] = brought(borrowed.tallies)
    yield Result(value | {"unprovable": {} if given.get("ids") else _unprovable(app)}, ok=ok)


def _unprovable(app: App) -> dict[str, object]:
    """Returns what lies in quarantine and is not proved by proving again: without checks, or tried before."""
    core = app.node.core
    tried = len(app.node.unproved()) - len(app.node.waiting())
    bare: list[SkillRow] = []
    after = ""
    while page := core.store.skills(SkillFilter(states=(SkillState.QUARANTINED,)), after=after, limit=500):
        after = page[-1].id
        bare += [row for row in page if not row.has_checks]
    return {"without_checks": len(bare), "ids": [row.id for row in bare[:5]], "tried_before": tried}


@operation("execute", orders="session")
async def _execute(app: App, given: Arguments) -> Outcome:
    cases = [Case(args=one["args"], expect=one["expect"]) for one in given.get("cases") or ()]
    done = await app.node.execute(given["intent"], given.get("args"), cases, given.get("session", ""))
    yield Result(app.node.views.execution(done), ok=done.skill is not None and not done.error)


@operation("quarantine.settle", orders="id approve why")
async def _settle(app: App, given: Arguments) -> Outcome:
    row = find_skill(app.node.core, given["id"])
    trigger = service.Trigger.APPROVED if given["approve"] else service.Trigger.REJECTED
    after = await app.node.shelf.settle(row, trigger, given.get("why", ""))
    yield Result({"trace_id": row.id, "intent": row.intent, "state": after.value})
