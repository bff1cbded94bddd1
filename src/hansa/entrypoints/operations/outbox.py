"""Operations on what waits to be brought to others."""

from __future__ import annotations

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import NotFound, UsageError
from hansa.kernel.instant import Instant, iso
from hansa.node.outbox import STATES
from hansa.node.rows import OutboxRow


@operation("outbox.list")
async def _list(app: App, given: Arguments) -> Outcome:
    states, of = _states(given), (given.get("to", ""), given.get("id", ""))
    found = app.node.outbox.rows(states or ["pending"], *of)
    shown = [_view(app, row) for row in found[: given.get("limit", 100)]]
    refused = 0 if states else len(app.node.outbox.rows(["refused"], *of))
    yield Result({"deliveries": shown, "count": len(found), "refused": refused})


@operation("outbox.drop", orders="id to all states")
async def _drop(app: App, given: Arguments) -> Outcome:
    """Gives up what waits for an address, or of a record or skill; everything that waits only when told so."""
    found = _chosen(app, given, ["pending"])
    await app.node.outbox.drop(found)
    yield Result({"dropped": [_view(app, row) | {"state": "dropped"} for row in found], "count": len(found)})


@operation("outbox.retry", orders="id to all states")
async def _retry(app: App, given: Arguments) -> Outcome:
    """Tries what waits, was refused or was given up once more, now."""
    found = _chosen(app, given, ["pending", "refused", "dropped"])
    await app.node.outbox.again(found)
    async for delivery in app.node.publisher.deliver():
        yield Progress(1, max(1, len(found)), f"{delivery.row.record[:12]} {delivery.row.state}")
    states = {(row.record, row.url): row for row in app.node.outbox.rows(STATES)}
    after = [states.get((row.record, row.url), row) for row in found]
    ok = any(row.state == "delivered" for row in after)
    yield Result({"deliveries": [_view(app, row) for row in after], "count": len(after)}, ok=ok)


def _chosen(app: App, given: Arguments, states: list[str]) -> list[OutboxRow]:
    to, id_ = given.get("to", "").rstrip("/"), given.get("id", "")
    if not (to or id_ or given.get("all")):
        raise UsageError("say which: an id, --to ADDRESS, or --all")
    found = app.node.outbox.rows(states, to, id_)
    if not found:
        raise NotFound("no such delivery in the outbox: hansa outbox list shows what is there")
    return found


def _states(given: Arguments) -> list[str]:
    wanted = list(given.get("states") or ())
    for state in wanted:
        if state not in STATES:
            raise UsageError(f"{state!r} is none of {', '.join(STATES)}")
    return wanted


def _view(app: App, row: OutboxRow) -> dict[str, object]:
    return {
        "record": row.record,
        "trace_id": app.node.outbox.subject(row),
        "url": row.url,
        "state": row.state,
        "reason": row.reason,
        "tries": row.tries,
        "at": iso(Instant(row.at)),
    }
