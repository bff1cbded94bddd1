"""Operations of agents and on Agent Skills: recording what was just done, and skills as folders of files."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import NotFound, UsageError
from hansa.node.catalogue import PAGE
from hansa.node.ports import SkillFilter
from hansa.node.rows import BY_AGENT, SkillRow
from hansa.node.vault import find_skill
from hansa.skills.exporting.bundle import Bundle
from hansa.skills.exporting.skill_md import longer_name
from hansa.skills.importing.draft import Rejected
from hansa.skills.importing.rows import BadRow
from hansa.skills.importing.traces import draft_of_row, read_row
from hansa.skills.model import SkillState


@operation("skill.record", orders="license")
async def _record(app: App, given: Arguments) -> Outcome:
    """Keeps what an agent says it did: one record in the format of traces, unproved, marked as an agent's."""
    try:
        draft = draft_of_row(read_row(msgspec.json.encode(given["record"])), BY_AGENT, given.get("license", ""))
    except BadRow as bad:
        raise UsageError(f"the record {bad}") from None
    if isinstance(draft, Rejected):
        raise UsageError(f"the record was not taken: {draft.problem}")
    id_, new = await app.node.shelf.add(draft)
    yield Result({"trace_id": id_, "new": new, "intent": draft.skill.intent, "notes": list(draft.notes)})


@operation("skill.entries")
async def _entries(app: App, given: Arguments) -> Outcome:
    """Lists admitted skills as Agent Skills: front matter and files by digest, no text of theirs."""
    entries, following = app.node.catalogue.admitted(given.get("after", ""), given.get("limit", PAGE))
    yield Result({"entries": [_shown(one.bundle) for one in entries], "next": following})


@operation("skill.entry")
async def _entry(app: App, given: Arguments) -> Outcome:
    yield Result(_shown(app.node.catalogue.bundle(_admitted(app, given["id"]))))


@operation("skill.file")
async def _file(app: App, given: Arguments) -> Outcome:
    """Returns one file of an admitted skill, in base64."""
    made = app.node.catalogue.bundle(_admitted(app, given["id"]))
    data = app.node.catalogue.file(made, given["path"])
    yield Result({"path": given["path"], "size": len(data), "data": _base64(data)})


@operation("skill.bundle")
async def _bundle(app: App, given: Arguments) -> Outcome:
    """Returns skills as folders of files, each under a name of its own; by default all that are admitted."""
    ids = given.get("ids") or ()
    rows = [find_skill(app.node.core, id_) for id_ in ids] or _all_admitted(app)
    bundles: list[dict[str, Any]] = []
    taken: set[str] = set()
    for number, row in enumerate(rows, 1):
        name, files = app.node.catalogue.for_disk(row)
        if name in taken:
            name, files = app.node.catalogue.for_disk(row, longer_name(name, row.id))
        if name not in taken:
            taken.add(name)
            written = [{"path": path, "data": _base64(data)} for path, data in files.items()]
            bundles.append({"trace_id": row.id, "name": name, "files": written})
        yield Progress(number, len(rows), name)
    yield Result({"bundles": bundles, "count": len(bundles)}, ok=bool(bundles))


def _shown(made: Bundle) -> dict[str, Any]:
    files = [{"path": one.path, "digest": one.digest, "size": one.size} for one in made.entries]
    return {"trace_id": made.id, "name": made.name, "front_matter": made.front_matter, "files": files}


def _admitted(app: App, id_: str) -> SkillRow:
    row = find_skill(app.node.core, id_)
    if row.state is not SkillState.ADMITTED:
        raise NotFound(
            f"{row.id[:12]} is {row.state} here, and only what is proved is served: hansa prove {row.id[:12]}"
        )
    return row


def _all_admitted(app: App) -> list[SkillRow]:
    rows: list[SkillRow] = []
    after = ""
    wanted = SkillFilter(states=(SkillState.ADMITTED,))
    while page := app.node.core.store.skills(wanted, after=after, limit=500):
        after = page[-1].id
        rows += page
    return rows


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
