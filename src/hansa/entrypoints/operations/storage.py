"""Operations on the store itself: looking it through, backing it up, mending what is damaged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from hansa.adapters import backup
from hansa.adapters.store import checking
from hansa.adapters.store.copying import Tell
from hansa.entrypoints import stores
from hansa.entrypoints.app import App
from hansa.entrypoints.errors import problem
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import HansaError, UsageError
from hansa.kernel.instant import iso

TOLD_EVERY_SECONDS = 0.1

Made = TypeVar("Made")


@operation("store.check", orders="full")
async def _check(app: App, given: Arguments) -> Outcome:
    found: list[checking.Findings] = []
    look = stores.checker(app.home, app.config.store.url)
    async for step in in_thread(lambda tell: look(given.get("full", False), tell), found):
        yield step
    await app.node.repairer.remember(found[0].ids("record"))
    yield Result(found[0].view() | {"store": stores.place(app.home, app.config.store.url)}, ok=found[0].ok)


@operation("store.backup", orders="path with_key")
async def _backup(app: App, given: Arguments) -> Outcome:
    target = Path(given["path"])
    if not target.is_absolute():
        raise UsageError(f"{target} is no absolute path: the node may have been started in another folder")
    stores.only_files(app.config.store.url, "back it up with pg_dump, or write all of it with hansa store export FILE")
    node, now, with_key = app.node.core.me, app.node.core.now(), given.get("with_key", False)
    made: list[backup.Manifest] = []
    work: Callable[[Tell], backup.Manifest] = lambda tell: backup.write(app.home, target, node, now, with_key, tell)  # noqa: E731
    async for step in in_thread(work, made):
        yield step
    yield Result(shown(target, made[0]))


@operation("store.repair", orders="go_on")
async def _repair(app: App, given: Arguments) -> Outcome:
    """Mends what can be mended, from what is here and from the sources; and, after a restore, asks them first."""
    node = app.node
    faults: list[dict[str, str]] = []
    came_back: list[str] = []
    for source in node.core.store.subscriptions():
        try:
            came_back += await node.recovery.ask(source.url)
        except HansaError as error:
            faults.append({"url": source.url, **problem(error)})
    if given.get("go_on", False):
        await node.recovery.go_on("the operator goes on without having asked every source")
    found: list[checking.Findings] = []
    look = stores.checker(app.home, app.config.store.url)
    async for step in in_thread(lambda tell: look(True, tell), found):
        yield step
    damage = found[0].damage
    for number, one in enumerate(damage, 1):
        await node.repairer.mend(one.what, one.id)
        yield Progress(number, len(damage), f"{one.what} {one.id[:12]}")
    async for step in in_thread(lambda tell: look(True, tell), found):
        yield step
    await node.repairer.remember(found[1].ids("record"))
    value = found[1].view() | {
        "mended": [one.id for one in damage if one not in found[1].damage],
        "came_back": came_back,
        "asks_first": node.core.asks_first,
        "restored": app.restored(),
        "faults": faults,
    }
    yield Result(value, ok=found[1].ok and not node.core.asks_first)


async def in_thread(work: Callable[[Tell], Made], made: list[Made]) -> AsyncIterator[Progress]:
    """Does long work beside the node, which goes on meanwhile; yields how far it is and adds what it made to `made`."""
    latest = Progress(0, 0, "")

    def tell(done: int, total: int, label: str) -> None:
        nonlocal latest
        latest = Progress(done, total, label)

    task = asyncio.ensure_future(asyncio.to_thread(work, tell))
    while not (await asyncio.wait({task}, timeout=TOLD_EVERY_SECONDS))[0]:
        yield latest
    made.append(task.result())


def shown(folder: Path, manifest: backup.Manifest) -> dict[str, Any]:
    """Returns a backup for people and programs."""
    return {
        "path": str(folder),
        "instance_id": manifest.node,
        "made": iso(manifest.made),
        "files": {name: {"bytes": one.bytes, "sha256": one.sha256} for name, one in sorted(manifest.files.items())},
        "rows": manifest.counts,
    }
