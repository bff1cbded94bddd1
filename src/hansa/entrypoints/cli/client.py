"""Runs an operation for a command: on the node that is up in the data directory, or, when none is, in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import typer

from hansa.adapters.lock import holder
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.show import print_json
from hansa.entrypoints.errors import INTERRUPTED, REFUSED
from hansa.entrypoints.home import TOKEN, home_directory
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

_TOLD = {kind.__name__.lower(): kind for kind in (UsageError, NotFound, Unavailable, Busy, DiskFull, NoSandbox, Fault)}


def call(home: Path | None, name: str, as_json: bool = False, **arguments: Any) -> Result:
    """Runs an operation and returns its result, with a progress bar on a terminal.

    With `as_json` the result is printed as it is. The caller prints it otherwise, and ends with `finish`.

    Raises:
        HansaError: whatever the operation raises.
    """
    directory = home_directory(home)
    at = holder(directory) if directory.is_dir() else None
    work = _remote(directory, at.url, name, arguments) if at and at.url else _local(directory, name, arguments)
    try:
        result = asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(result.value)
    return result


def finish(result: Result) -> None:
    """Ends a command with the exit code that its result asks for."""
    if not result.ok:
        raise typer.Exit(REFUSED)


async def _local(directory: Path, name: str, arguments: dict[str, Any]) -> Result:
    from hansa.entrypoints import logs  # all of these are heavy, and not needed when a running node does the work
    from hansa.entrypoints.app import opened
    from hansa.entrypoints.config import load
    from hansa.entrypoints.operations import run

    config = load(directory)
    logs.configure(config.log_level, config.log_json)
    last = Result({}, ok=False)
    with Bar() as bar:
        async with opened(directory, config, recovering=name == "key.recover") as app:
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
    import httpx2

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
