"""What a running node does for whoever runs it: log its events, feel its pulse, tell the service manager.

A sign of life goes out from the event loop itself, so that a node whose loop hangs is restarted by its manager.
"""

from __future__ import annotations

import asyncio
import gc
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from hansa import __version__
from hansa.adapters.notify import ALIVE, READY, STOPPING, notify, wants_signs_of_life
from hansa.entrypoints import logs
from hansa.entrypoints.app import App
from hansa.entrypoints.audit import noting
from hansa.entrypoints.pulse import LATE_SECONDS
from hansa.kernel.errors import HansaError
from hansa.node.driver import Effects
from hansa.node.events import BEGINNING, Event, Kind

PAUSE_SECONDS = 0.05
"""Between two writes to the log: many events are written as cheaply as one."""

YOUNG = 10_000
"""New objects after which the collector looks at them; its own 700 are less than one bulk makes."""

SWITCH_SECONDS = 0.0002
"""How long a thread computes while another one waits for its turn. The writer takes some ten turns for each group of
records, so that Python's own 5 ms would be longer than all of its work."""

LOW_BYTES = 64 * 1024 * 1024
"""Below this the store takes no more writes (`adapters.store.sqlite`)."""

log = structlog.get_logger("hansa")
_WARNINGS = frozenset({Kind.SKILL_REFUTED, Kind.DELIVERY_REFUSED, Kind.SOURCE_FAILED, Kind.NODE_HEALTH})


async def came_up(app: App) -> None:
    """Tells everybody that the node answers, and how far its audit log is: the journal and the logs keep that."""
    told, head = f"{app.config.role} answers", noting.start(app)
    await _show(app, Kind.NODE_UP, app.node.core.me, told, url=app.url, version=__version__, audit=head)
    notify(READY, f"STATUS={app.config.role} at {app.url}")


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Has the interpreter serve a busy node, while the block runs.

    The garbage collector leaves alone what was made until now, and looks less often at the rest. And the thread that
    writes does not wait long for the one that computes.
    """
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *before[1:])
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*before)
        gc.unfreeze()


async def stops(app: App) -> None:
    """Tells everybody that the node was asked to stop, and writes down what was not written yet."""
    await _show(app, Kind.NODE_STOPPING, app.node.core.me, "asked to stop")
    notify(STOPPING)


async def write_down(app: App) -> None:
    """Logs every event, a few times a second, until it is cancelled; what is left then is logged too."""
    stream, last = app.node.core.driver.stream, BEGINNING
    try:
        while True:
            async for group in stream.groups(last):
                last = group[-1].id or last
                logs.tell([_entry(event) for event in group])
                await asyncio.sleep(PAUSE_SECONDS)
    finally:
        logs.tell([_entry(event) for event in stream.since(last)[0]])


def _entry(event: Event) -> logs.Entry:
    level = "warning" if event.kind in _WARNINGS else "info"
    return logs.Entry(event.at, level, event.kind.code, event.ref, event.text, event.fields)


async def watch(app: App, stopping: asyncio.Event) -> None:
    """Measures how late the loop wakes, sees that there is room on the disk, and tells of changes."""
    alive = wants_signs_of_life()
    ill: set[str] = set()
    while not stopping.is_set():
        await app.pulse.beat(stopping)
        if alive:
            notify(ALIVE)
        found = {"event_loop": app.pulse.lag > LATE_SECONDS, "disk": shutil.disk_usage(app.home).free < LOW_BYTES}
        for part in sorted(found):
            if found[part] != (part in ill):
                ill ^= {part}
                state = "ill" if found[part] else "well"
                await _show(app, Kind.NODE_HEALTH, part, f"{part} is {state}", state=state)


async def _show(app: App, kind: Kind, ref: str, text: str, **fields: str) -> None:
    effects = Effects()
    effects.show(kind, ref, text, **fields)
    try:
        await app.node.core.driver.perform(effects)
    except HansaError as error:  # pragma: no cover - nothing is written for an event
        log.warning("event lost", error=str(error))
