"""Operations that look and change nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hansa import __version__
from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.pulse import resident_bytes
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import Refused, Unavailable, UsageError
from hansa.kernel.instant import iso
from hansa.kernel.wire import parse
from hansa.node.events import kind_of
from hansa.node.finder import whole
from hansa.node.ports import SkillFilter
from hansa.node.rows import SkillRow
from hansa.node.vault import find_skill, open_record
from hansa.skills.messages import SKILL, SkillBody
from hansa.skills.model import Evidence, Origin, SkillState
from hansa.skills.model import Outcome as Finding


@operation("status")
async def _status(app: App, _: Arguments) -> Outcome:
    waiting = app.node.waiting(Origin.PEER)
    now = app.node.core.now()
    process = {
        "running": bool(app.url),
        "pid": os.getpid() if app.url else None,
        "url": app.url or None,
        "version": __version__,
        "since": iso(app.since) if app.url else None,
        "uptime_seconds": max(0, now - app.since) // 1000 if app.url else None,
        "event_loop_lag_ms": round(app.pulse.worst * 1000, 1) if app.url else None,
        "resident_bytes": resident_bytes() if app.url else None,
        "replica": app.replica.view() if app.replica else None,
    }
    about = {"home": str(app.home), "waiting": len(waiting), "restored": app.restored()}
    yield Result({"process": process} | app.node.views.status() | about)


@operation("events.list")
async def _events_list(app: App, given: Arguments) -> Outcome:
    """Lists what is kept of the events since the node was opened."""
    if not app.url:
        raise Unavailable(
            f"no node is up in {app.home}, and events are told while one is: hansa up, or look into hansa logs"
        )
    wanted = [kind_of(code) for code in given.get("kinds") or ()]
    kept = [one for one in app.node.core.driver.history if not wanted or one.kind in wanted]
    limit = given.get("limit", 50)
    yield Result({"events": [one.view() for one in kept[-limit:]], "count": len(kept[-limit:])})


@operation("find")
async def _find(app: App, given: Arguments) -> Outcome:
    if not given["intent"].strip():
        raise UsageError("say what is wanted: hansa find 'turn a title into a slug'")
    states = tuple(SkillState(state) for state in given.get("states") or ["admitted"])
    found = app.node.finder.find(given["intent"], given.get("limit", 10), states, given.get("at_least", 0.0))
    shown = whole(found)
    damaged = [one.row.id for one in found if one not in shown]
    views = [app.node.views.found(one) for one in shown]
    yield Result({"skills": views, "count": len(views), "damaged": damaged}, ok=bool(views))


@operation("skill.list")
async def _skill_list(app: App, given: Arguments) -> Outcome:
    states = tuple(SkillState(state) for state in given.get("states") or ())
    origin = Origin(given["origin"]) if given.get("origin") else None
    wanted = SkillFilter(states=states, origin=origin, tag=given.get("tag", ""), author=given.get("author", ""))
    store = app.node.core.store
    rows = store.skills(wanted, after=given.get("after", ""), limit=given.get("limit", 50))
    more = rows[-1].id if rows and store.skills(wanted, after=rows[-1].id, limit=1) else None
    views = [app.node.views.skill(row) for row in rows]
    yield Result({"skills": views, "count": store.count_skills(wanted), "next": more})


@operation("skill.show")
async def _skill_show(app: App, given: Arguments) -> Outcome:
    row = find_skill(app.node.core, given["id"])
    yield Result(app.node.views.whole_skill(row))


@operation("why")
async def _why(app: App, given: Arguments) -> Outcome:
    story = app.node.stories.why(given["id"])
    lines = [{"box": one.box, "state": one.state, "text": one.text} for one in story.lines]
    yield Result({"id": story.id, "what": story.what, "stopped_at": story.stopped_at, "lines": lines})


@operation("report")
async def _report(app: App, _: Arguments) -> Outcome:
    """Lists where a proof came to something else than what the skill's source, or a peer who passes it on, claims."""
    differing, agreeing, open_ = [], 0, 0
    after = ""
    store = app.node.core.store
    while rows := store.skills(SkillFilter(), after=after, limit=500):
        after = rows[-1].id
        for row in rows:
            claims = _claims(app, row)
            decided = [one for one in store.evidence(row.id) if one.prover == app.node.core.me] if claims else []
            if not decided or decided[-1].outcome is Finding.INCONCLUSIVE:
                open_ += len(claims)
                continue
            last = decided[-1]
            for claim in claims:
                if (last.outcome is Finding.PASS) == claim.passes:
                    agreeing += 1
                else:
                    differing.append(_difference(row, claim, last))
    yield Result({"differing": differing, "agreeing": agreeing, "undecided": open_})


@dataclass(frozen=True, slots=True)
class _Claim:
    """What is claimed of a skill, and by whom: a file that it was read from, or a node that passes it on."""

    by: str
    text: str
    passes: bool


def _claims(app: App, row: SkillRow) -> list[_Claim]:
    """Returns what a trace says of its own outcome, and the scores that peers claim; who claims nothing is left out."""
    core = app.node.core
    found = [] if row.claimed_pass is None else [_Claim(row.source, _WORDS[row.claimed_pass], row.claimed_pass)]
    for record in core.store.records_about(row.id, SKILL):
        if record.author == core.me:
            continue
        try:
            score = parse(open_record(record, core.ring).body, SkillBody).claim.verification_score
        except Refused:
            continue  # damaged: hansa store check names it
        if score:
            found.append(_Claim(record.author, f"{score / 10_000:.1f} %", True))
    return found


_WORDS = {True: "pass", False: "fail"}


def _difference(row: SkillRow, claim: _Claim, finding: Evidence) -> dict[str, object]:
    return {
        "trace_id": row.id,
        "source": claim.by,
        "claimed": claim.text,
        "computed": finding.outcome.value,
        "reason": finding.reason,
    }
