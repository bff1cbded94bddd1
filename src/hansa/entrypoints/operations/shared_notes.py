"""Operations on notes that are shared with peers, and on those of peers that wait."""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.reflections import shown
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.instant import iso
from hansa.node.sharing import Waiting
from hansa.skills.sharing import CORROBORATIONS


@operation("reflection.share", orders="id to dry_run")
async def _share(app: App, given: Arguments) -> Outcome:
    """Shares a note, and brings it to where this node reports."""
    node, dry = app.node, bool(given.get("dry_run"))
    to = tuple(url.rstrip("/") for url in given.get("to") or ())
    done = await node.sharing.share(node.reflections.find(given["id"]), to, dry)
    delivered = 0
    if done.to and not dry:
        async for delivery in node.publisher.deliver():
            delivered += delivery.row.record == done.record and delivery.row.state == "delivered"
            yield Progress(delivered, len(done.to), f"{delivery.row.record[:12]} {delivery.row.state}")
    value = shown(done.reflection) | {
        "pattern": done.pattern, "record": done.record, "to": list(done.to), "delivered": delivered, "new": done.new,
        "dry_run": dry,
    }  # fmt: skip
    yield Result(value)


@operation("reflection.pending")
async def _pending(app: App, given: Arguments) -> Outcome:
    limit = given.get("limit", 50)
    found = app.node.sharing.waiting(given.get("after", 0), limit + 1)
    rows = [{"number": number, **_waiting(one)} for number, one in found[:limit]]
    more = found[limit - 1][0] if len(found) > limit else None
    yield Result({"pending": rows, "count": len(rows), "next": more, "corroborations": CORROBORATIONS})


def _waiting(one: Waiting) -> dict[str, Any]:
    body = one.body
    return {
        "id": one.pattern,
        "outcome": str(body.outcome),
        "description": body.description,
        "category": body.category,
        "tags": list(body.tags),
        "error": body.error,
        "trace_id": body.about,
        "at": iso(one.at),
        "authors": [{"id": author, "known": known} for author, known in one.authors],
    }


@operation("reflection.approve", orders="id")
async def _approve(app: App, given: Arguments) -> Outcome:
    one, note = await app.node.sharing.settle(given["id"], approve=True)
    yield Result({"id": one.pattern, "reflection": shown(note) if note else None})


@operation("reflection.drop", orders="id")
async def _drop(app: App, given: Arguments) -> Outcome:
    one, _ = await app.node.sharing.settle(given["id"], approve=False)
    yield Result({"id": one.pattern, "reflection": None})
