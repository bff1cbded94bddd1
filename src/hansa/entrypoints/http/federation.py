"""The door for peers and programs (H5): skills out, the feed, greetings. What comes in is in `http.ingest`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from hansa.entrypoints.http.bodies import MAX_PAGE_BYTES, node_of, peer_of, read_body
from hansa.entrypoints.http.events import is_public, next_event
from hansa.identity.envelope import Signed
from hansa.identity.roots import MAX_VERSIONS
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.verdict import Reason
from hansa.node.driver import Effects
from hansa.node.finder import whole
from hansa.node.node import Node
from hansa.node.ports import SkillFilter
from hansa.node.recalls import is_recalled
from hansa.node.rows import PutBlob, RecordRow
from hansa.node.subscribing import FeedPage
from hansa.node.taking import FeedItem
from hansa.node.vault import open_blob, open_record, open_skill
from hansa.skills.model import SkillState

MAX_PAGE = 100
MAX_WAIT_SECONDS = 30.0

router = APIRouter()
Id = Annotated[str, Path(alias="id", pattern="^[0-9a-f]{4,64}$", description="A skill's id, or the start of it.")]
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items on a page.")]


@router.get("/skills", summary="Skills by intent (similarity > 0.7), tag or author: {skills, count, next}")
async def get_skills(
    request: Request,
    intent: Annotated[str, Query(max_length=4_000, description="What is wanted, in words.")] = "",
    tag: Annotated[str, Query(max_length=64, description="Only with this tag.")] = "",
    author: Annotated[str, Query(max_length=64, description="Only by this node.")] = "",
    after: Annotated[str, Query(pattern="^([0-9a-f]{64})?$", description="next of the page before.")] = "",
    limit: Limit = 20,
) -> dict[str, Any]:
    """Lists what this node passes on; numbers are this node's own, claims are not shown."""
    node = node_of(request)
    hub = node.core.settings.role == "hub"
    states = (SkillState.ADMITTED, SkillState.QUARANTINED) if hub else (SkillState.ADMITTED,)
    if intent:
        at_least = node.core.settings.ranking.filter_at
        found = [one for one in node.finder.find(intent, 4 * limit, states, at_least) if is_public(node, one.row.id)]
        chosen = [one for one in found if (not tag or tag in one.row.tags) and (not author or author == one.row.author)]
        views = [node.views.found(one) for one in whole(chosen[:limit])]
        return {"skills": views, "count": len(views), "next": None}
    wanted = SkillFilter(states=states, tag=tag, author=author, published=True)
    rows = node.core.store.skills(wanted, after=after, limit=limit)
    more = rows[-1].id if len(rows) == limit and node.core.store.skills(wanted, rows[-1].id, 1) else None
    return {"skills": [node.views.skill(row) for row in rows], "count": len(rows), "next": more}


@router.get("/skills/{id}", summary="One skill, with its findings and receipts")
async def get_skill(request: Request, id_: Id) -> dict[str, Any]:
    """Shows a skill that this node passes on."""
    return node_of(request).views.whole_skill(_published(request, id_))


@router.get("/skills/{id}/lineage", summary="Where a skill comes from")
async def get_lineage(request: Request, id_: Id) -> dict[str, Any]:
    """Shows a skill's ancestors as far as they are held here."""
    row = _published(request, id_)
    return node_of(request).shelf.ancestry_of(open_skill(row))


@router.get("/skills/{id}/files/{digest}", summary="A file of a bundle, by digest", response_class=Response)
async def get_file(request: Request, id_: Id, digest: Digest) -> Response:
    """Returns a file's bytes, never with a type that a browser would run."""
    row = _published(request, id_)
    data = node_of(request).core.store.blob(ContentId(digest))
    if data is None or digest not in {file.digest for file in open_skill(row).result.files}:
        raise NotFound("no such file in that skill")
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(open_blob(digest, data), media_type="application/octet-stream", headers=headers)


@router.put("/skills/{id}/files/{digest}", status_code=201, summary="Bring a file that a held skill names")
async def put_file(request: Request, id_: Id, digest: Digest) -> dict[str, str]:
    """Takes a file only when a skill held here names its digest and size: nothing else can be stored this way."""
    node = node_of(request)
    named = {file.digest: file.size for file in open_skill(_published(request, id_)).result.files}
    if digest not in named:
        raise NotFound("no such file in that skill")
    data = await read_body(request, named[digest])
    if len(data) != named[digest] or content_id(data) != digest:
        raise Refused(Reason.BAD_BODY, "the bytes do not fit the digest")
    await node.core.driver.perform(Effects([PutBlob(ContentId(digest), data)]))
    return {"digest": digest}


@router.get("/records/{id}", summary="A signed record, as it was received", response_class=Response)
async def get_record(
    request: Request, id_: Annotated[str, Path(alias="id", pattern="^[0-9a-f]{64}$", description="A record's id.")]
) -> Response:
    """Returns the exact envelope of a record in this node's feed."""
    row = node_of(request).core.store.record(ContentId(id_))
    if row is None or row.place is None:
        raise NotFound("no record with that id in this feed")
    open_record(row, node_of(request).core.ring)
    return Response(row.envelope, media_type="application/json")


@router.get("/roots", summary="A node's signed root metadata after a version: {roots}; by default this node's own")
async def get_roots(
    request: Request,
    node: Annotated[str, Query(max_length=64, description="Whose; the id of a node.")] = "",
    after: Annotated[int, Query(ge=0, le=MAX_VERSIONS, description="Version to go on from.")] = 0,
) -> dict[str, Any]:
    """Shows who may sign for a node; each version proves itself by the one before it."""
    core = node_of(request).core
    rows = core.ring.records(NodeId(node) if node else core.me, after)[:MAX_PAGE]
    return {"roots": [row.envelope.decode() for row in rows]}


@router.get("/policy", summary="This node's signed policy card: how it deals with others", response_class=Response)
async def get_policy(request: Request) -> Response:
    """Shows the rule by which this node deals with others, so that anybody can compute what it will do."""
    row = await node_of(request).conduct.signed_card()
    return Response(row.envelope, media_type="application/json")


@router.get("/heads", summary="What this node's sources showed it last: {heads}, signed by each source")
async def get_heads(request: Request) -> Response:
    """Shows the signed index of each source that was read, so that two readers of one source can compare."""
    heads = node_of(request).subscriber.witness.heads()
    return Response(msgspec.json.encode(heads), media_type="application/json")


@router.get("/instances", summary="Nodes this one has met: {instances, count, next}")
async def get_instances(
    request: Request,
    after: Annotated[str, Query(max_length=64, description="next of the page before.")] = "",
    limit: Limit = MAX_PAGE,
) -> dict[str, Any]:
    """Lists nodes by id."""
    shown = [
        {name: one[name] for name in ("instance_id", "name", "role", "last_seen")}
        for one in node_of(request).views.instances(after, limit)
    ]
    return {"instances": shown, "count": len(shown), "next": _next([str(one["instance_id"]) for one in shown], limit)}


@router.get("/revocations", summary="Skills that are gone for good")
async def get_revocations(
    request: Request,
    after: Annotated[str, Query(pattern="^([0-9a-f]{64})?$", description="next of the page before.")] = "",
    limit: Limit = MAX_PAGE,
) -> dict[str, Any]:
    """Lists tombstones, oldest first; a page is shorter where a skill has come back since."""
    store = node_of(request).core.store
    page = store.tombstones(after, limit)
    gone = [one for one in page if store.skill_state(one.skill) in (None, SkillState.REMOVED)]
    shown = [
        {
            "trace_id": one.skill,
            "record": one.record,
            "why": one.why,
            "recalled": is_recalled(node_of(request).core, one.skill),
        }
        for one in gone
    ]
    return {"revocations": shown, "count": len(gone), "next": _next([one.skill for one in page], limit)}


def _next(ids: list[str], limit: int) -> str | None:
    """Returns where the next page begins; None where a page was the last one, since it is not full."""
    return ids[-1] if len(ids) == limit else None


@router.post("/hello", summary="Greet this node: answers a signed welcome with the version to speak")
async def post_hello(request: Request) -> Response:
    """Takes a live hello and answers it."""
    node = node_of(request)
    body = await read_body(request, node.core.settings.limits.max_bytes)
    greeted = await node.greeted(body, peer_of(request))
    return _signed(greeted)


@router.get("/feed", summary="This node's feed after a place, with its signed index; waits when there is nothing new")
async def get_feed(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**40, description="Place to go on from.")] = 0,
    limit: Limit = MAX_PAGE,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for news.")] = 0,
) -> Response:
    """Returns a page of records in order; the chain over their ids ends in the signed head."""
    node = node_of(request)
    if wait and node.core.store.feed_mark()[0] <= after:
        await _news(node, wait, request.app.state.stopping)
    items: list[FeedItem] = []
    size = 0
    for row in node.core.store.feed(after, limit):
        size += len(row.envelope)
        if items and size > MAX_PAGE_BYTES:
            break
        items.append(FeedItem(row.place or 0, row.id, _whole(node, row)))
    page = FeedPage(node.publisher.index().raw.decode(), items)
    return Response(msgspec.json.encode(page), media_type="application/json")


async def _news(node: Node, seconds: float, stopping: asyncio.Event) -> None:
    """Waits until the feed may have grown, the time is up, or the node stops."""
    before = node.core.store.feed_mark()[0]
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with node.core.driver.listening() as watcher:
        while node.core.store.feed_mark()[0] == before and not stopping.is_set() and loop.time() < end:
            await next_event(watcher, stopping, max(0.01, end - loop.time()))


def _published(request: Request, id_: str) -> Any:
    """Returns a skill that this node passes on; others are not shown at this door (H23), nor told from none at all."""
    node = node_of(request)
    public = [one for one in node.core.store.skill_ids(id_, MAX_PAGE) if is_public(node, one)]
    row = node.core.store.skill(public[0]) if len(public) == 1 else None
    if row is None:
        raise NotFound(f"no skill here has an id that starts with {id_}" if not public else f"{id_} is not unique")
    if row.state is SkillState.REMOVED:
        raise Refused(Reason.TOMBSTONED)
    return row


def _whole(node: Node, row: RecordRow) -> str | None:
    """Returns a record's envelope; None for one that is damaged or revoked: withheld, and named by the reader."""
    try:
        open_record(row, node.core.ring)
    except Refused as refusal:
        if refusal.reason is Reason.CORRUPT:
            node.core.noticed[row.id] = None
        return None
    return row.envelope.decode()


def _signed(message: Signed) -> Response:
    return Response(message.raw, media_type="application/json")
