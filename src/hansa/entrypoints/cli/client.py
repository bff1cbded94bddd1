"""Runs an operation for a command: on the node that is up in the data directory, or, when none is, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import typer

from hansa.adapters.lock import Claim, Holder, holder
from hansa.entrypoints import logs
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.show import print_json
from hansa.entrypoints.config import home_directory, load
from hansa.entrypoints.errors import INTERRUPTED, REFUSED
from hansa.entrypoints.home import TOKEN
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import (
    Busy,
    DiskFull,
    Fault,
    HansaError,
    NoSandbox,
    NotFound,
    Refused,
    Unavailable,
    UsageError,
)
from hansa.kernel.verdict import BY_CODE

WAIT_SECONDS = 5.0
"""How long a command waits for another one that has the data directory."""

_TOLD = {kind.__name__.lower(): kind for kind in (UsageError, NotFound, Unavailable, Busy, DiskFull, NoSandbox, Fault)}


def call(home: Path | None, name: str, as_json: bool = False, **arguments: Any) -> Result:
    """Runs an operation and returns its result, with a progress bar on a terminal.

    With `as_json` the result is printed as it is. The caller prints it otherwise, and ends with `finish`.

    Raises:
        HansaError: whatever the operation raises.
    """
    directory = home_directory(home)
    try:
        result = _anywhere(directory, name, arguments)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(result.value)
    return result


def _anywhere(directory: Path, name: str, arguments: dict[str, Any]) -> Result:
    """Runs an operation where the directory is open; while that changes hands, looks again for a while."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        at = node_at(directory, end)
        if at:
            return asyncio.run(_remote(directory, at.url, name, arguments))
        try:
            return asyncio.run(_local(directory, name, arguments))
        except _Held as held:
            if time.monotonic() >= end:
                raise held.error from None


def node_at(directory: Path, end: float = 0.0) -> Holder | None:
    """Returns the node that is up in a directory; one that is just coming up is waited for until `end`.

    Raises:
        Busy: it is still coming up then.
    """
    while (at := holder(directory) if directory.is_dir() else None) and at.is_node:
        if at.url:
            return at
        if time.monotonic() >= end:
            raise Busy(f"the node in {directory} (process {at.pid}) is still coming up: try again in a moment")
        time.sleep(0.05)
    return None


class _Held(Exception):
    """The directory was taken between looking and opening."""

    def __init__(self, error: Busy) -> None:
        self.error = error


def finish(result: Result) -> None:
    """Ends a command with the exit code that its result asks for."""
    if not result.ok:
        raise typer.Exit(REFUSED)


async def _local(directory: Path, name: str, arguments: dict[str, Any]) -> Result:
    from hansa.entrypoints.app import opened  # heavy, and not needed when a running node does the work
    from hansa.entrypoints.operations import run

    config = load(directory)
    logs.configure(config.log_level, config.log_json)
    last = Result({}, ok=False)
    async with contextlib.AsyncExitStack() as stack:
        bar = stack.enter_context(Bar())
        claim = Claim(name.replace(".", " "))
        try:
            app = await stack.enter_async_context(opened(directory, config, claim, WAIT_SECONDS))
        except Busy as error:
            raise _Held(error) from None
        async for step in run(app, name, arguments):
            if isinstance(step, Progress):
                bar.update(step.done, step.total, step.label)
            else:
                last = step
    return last


class _Line(msgspec.Struct):
    progress: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    ok: bool = True
    error: dict[str, str] | None = None


async def _remote(directory: Path, url: str, name: str, arguments: dict[str, Any]) -> Result:
    try:
        token = (directory / TOKEN).read_text(encoding="ascii").strip()
    except OSError as error:
        where = directory / TOKEN
        raise Unavailable(f"the token in {where} can't be read ({error.strerror}): restart that node") from None
    timeout = httpx2.Timeout(None, connect=5.0)
    with Bar() as bar:
        try:
            async with (
                httpx2.AsyncClient(timeout=timeout, trust_env=False) as client,
                client.stream(
                    "POST",
                    f"{url}/admin/operations/{name}",
                    content=msgspec.json.encode(arguments),
                    headers={"Authorization": f"Bearer {token}"},
                ) as response,
            ):
                if response.status_code != 200:
                    text = (await response.aread()).decode(errors="replace")[:300]
                    raise Unavailable(f"the node at {url} does not take orders ({response.status_code}): {text}")
                async for text in response.aiter_lines():
                    line = msgspec.json.decode(text, type=_Line)
                    if line.progress:
                        bar.update(line.progress["done"], line.progress["total"], line.progress["label"])
                    elif line.error:
                        raise _raised(line.error)
                    elif line.result is not None:
                        return Result(line.result, line.ok)
        except httpx2.TransportError:
            raise Unavailable(f"the node at {url} broke off: see its log, and try again") from None
    raise Fault(f"the node at {url} gave no result")


def _raised(told: dict[str, str]) -> HansaError:
    """Returns the error that a running node told of, as if it had happened here."""
    reason = BY_CODE.get(told.get("reason", ""))
    if reason:
        return Refused(reason, told.get("detail", ""))
    return _TOLD.get(told.get("reason", ""), Fault)(told.get("message", "unknown"))
