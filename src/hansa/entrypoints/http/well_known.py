"""`/.well-known/agent-skills/`: the published skills of this node as Agent Skills (discovery 0.2.0).

What is listed is admitted here *and* passed on by this node: proved, and public already. Each entry names an artifact
by an address and a digest of its bytes; the address holds the whole trace id, so it always leads to the same content.
A skill with files of its own is served as a ZIP archive, any other as its SKILL.md.
"""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from hansa.adapters import archive
from hansa.entrypoints.http.bodies import node_of
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.node.catalogue import Entry
from hansa.node.node import Node
from hansa.node.vault import open_skill
from hansa.skills.exporting.bundle import DOCUMENT, Bundle
from hansa.skills.exporting.skill_md import longer_name, skill_name
from hansa.skills.messages import SKILL
from hansa.skills.model import SkillState

MAX_LISTED = 1_000
"""Skills in the index; the form knows no pages."""

SCHEMA = "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
ROOT = "/.well-known/agent-skills"

router = APIRouter()
TraceId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="A skill's whole trace id.")]
Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,64}$", description="Its name in the index.")]


@router.get(f"{ROOT}/index.json", summary="Published skills as Agent Skills (discovery 0.2.0)")
async def get_index(request: Request) -> dict[str, Any]:
    """Lists them, oldest first."""
    node = node_of(request)
    return {"$schema": SCHEMA, "skills": [_listed(node, one) for one in islice(node.catalogue.public(), MAX_LISTED)]}


@router.get(f"{ROOT}/{{id}}/{{name}}/SKILL.md", summary="A skill's SKILL.md", response_class=Response)
async def get_document(request: Request, id: TraceId, name: Name) -> Response:
    """Returns the document, never with a type that a browser would run."""
    return _artifact(_bundle(request, id, name).document, "text/markdown; charset=utf-8", DOCUMENT)


@router.get(f"{ROOT}/{{id}}/{{name}}.zip", summary="A skill with its files, as an archive", response_class=Response)
async def get_archive(request: Request, id: TraceId, name: Name) -> Response:
    """Returns the archive; the same skill has the same bytes everywhere."""
    node = node_of(request)
    return _artifact(archive.pack(node.catalogue.files(_bundle(request, id, name))), archive.MEDIA_TYPE, f"{name}.zip")


def _listed(node: Node, entry: Entry) -> dict[str, Any]:
    made = entry.bundle
    view = node.views.skill(entry.row)
    known = {name: view[name] for name in ("trace_id", "instance_id", "evidence", "trials", "confidence")}
    shown = {"name": made.name, "description": made.front_matter["description"], "hansa": known}
    if made.files:
        packed = content_id(archive.pack(node.catalogue.files(made)))
        return shown | {"type": "archive", "url": f"{ROOT}/{made.id}/{made.name}.zip", "digest": f"sha256:{packed}"}
    url = f"{ROOT}/{made.id}/{made.name}/{DOCUMENT}"
    return shown | {"type": "skill-md", "url": url, "digest": f"sha256:{content_id(made.document)}"}


def _bundle(request: Request, id_: str, name: str) -> Bundle:
    """Returns the bundle at an address; only what is admitted and public, and only under a name that it may have."""
    node = node_of(request)
    row = node.core.store.skill(ContentId(id_))
    public = any(record.place is not None for record in node.core.store.records_about(ContentId(id_), SKILL))
    if row is None or row.state is not SkillState.ADMITTED or not public:
        raise NotFound("no such skill is passed on here")
    own = skill_name(open_skill(row))
    if name not in (own, longer_name(own, row.id)):
        raise NotFound("no such skill is passed on here under that name")
    try:
        return node.catalogue.bundle(row, name)
    except Refused:
        raise NotFound("that skill can't be written as an Agent Skill") from None


def _artifact(data: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": f'"{content_id(data)}"',
    }
    return Response(data, media_type=media_type, headers=headers)
