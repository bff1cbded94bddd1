"""`GET /events`: what happens here, as server-sent events, to those who may hear it.

1. Without a token: public kinds, about skills that this node passes on. With the read token or the operator's: all.
2. `Last-Event-ID` (or `after`) goes on after that event; what is not kept any more is named by `stream.gap`.
3. A comment every 15 s of quiet, so that both sides notice when the other is gone.
4. A watcher that is too slow gets what is in its queue, `stream.gap`, and the end of the stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from hansa.entrypoints.http.access import may_read
from hansa.entrypoints.http.bodies import as_ascii
from hansa.kernel.errors import Busy
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.node.events import MAX_WATCHERS, Event, Kind, Watcher, kind_of
from hansa.node.node import Node
from hansa.skills.messages import SKILL

HEARTBEAT_SECONDS = 15.0

router = APIRouter()
Allowed = Callable[[Event], bool]


@router.get("/events", summary="What happens here, as server-sent events", response_class=StreamingResponse)
async def get_events(
    request: Request,
    kind: Annotated[list[str] | None, Query(description="Only this kind; may be given more than once.")] = None,
    after: Annotated[str, Query(max_length=64, description="Id of the last event seen; 0 for all that is kept.")] = "",
    last_event_id: Annotated[str, Header(max_length=64, description="The same, as a browser sends it.")] = "",
) -> StreamingResponse:
    """Streams events without end; public facts only, unless the caller brings a token."""
    node: Node = request.app.state.node
    kinds = frozenset(kind_of(code) for code in kind or ())
    private = may_read(request)
    if len(node.core.driver.stream.watchers) >= MAX_WATCHERS:
        raise Busy(f"{MAX_WATCHERS} others watch already: try again later")

    def allowed(event: Event) -> bool:
        if event.kind is Kind.STREAM_GAP:
            return True
        if kinds and event.kind not in kinds:
            return False
        return private or (event.kind.public and is_public(node, ContentId(event.ref)))

    frames = _frames(node, request.app.state.stopping, last_event_id or after or None, allowed)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _frames(node: Node, stopping: asyncio.Event, last_id: str | None, allowed: Allowed) -> AsyncIterator[str]:
    stream = node.core.driver.stream
    with stream.watching() as watcher:
        yield ": hello\n\n"
        for event in stream.caught_up(last_id):
            if allowed(event):
                yield _frame(event)
        while not stopping.is_set():
            if watcher.behind:
                yield _frame(stream.gap(watcher.missed, Instant(node.core.now())))
                return
            found = await next_event(watcher, stopping)
            if found is None:
                yield ": still here\n\n"
            elif allowed(found):
                yield _frame(found)


def _frame(event: Event) -> str:
    view = {name: value for name, value in event.view().items() if name not in ("id", "kind")}
    last = f"id: {event.id}\n" if event.id else ""
    return f"event: {event.kind.code}\ndata: {as_ascii(view)}\n{last}\n"


async def next_event(watcher: Watcher, stopping: asyncio.Event, seconds: float = HEARTBEAT_SECONDS) -> Event | None:
    """Returns the next event; None after some quiet, or when the node stops."""
    waits = {asyncio.ensure_future(watcher.next()), asyncio.ensure_future(stopping.wait())}
    done, pending = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in pending:
        one.cancel()
    results = [one.result() for one in done]
    return next((one for one in results if isinstance(one, Event)), None)


def is_public(node: Node, id_: ContentId) -> bool:
    """Says whether a skill is among those that this node passes on."""
    return any(row.place is not None for row in node.core.store.records_about(id_, SKILL))
