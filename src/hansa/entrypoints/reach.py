"""Runs an operation wherever the node is: on the one that is up in the data directory, else in this process.

The command line and `hansa mcp` come this way. With no node up, the directory is opened for one operation and let go of
again, so that several agents and commands can take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from hansa.adapters.lock import Claim, Holder, holder
from hansa.entrypoints.audit.told import CALLER, Caller
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

_TOLD = {kind.__name__.lower(): kind for kind in (UsageError, NotFound, Unavailable, Busy, DiskFull, NoSandbox, Fault)}


WAIT_SECONDS = 5.0
"""How long an operation waits for another process that has the data directory."""

TICK_SECONDS = 0.05


def this_user() -> str:
    """Returns the name of the user whose process this is, as the operating system has it; "" where it has none."""
    import pwd  # asked for here: not every system has it

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def address(directory: Path) -> str | None:
    """Returns where the node that is up in a data directory answers, or None when none is up."""
    at = holder(directory) if directory.is_dir() else None
    return at.url if at and at.url else None


def node_at(directory: Path, end: float = 0.0) -> Holder | None:
    """Returns the node that is up in a directory; one that is just coming up is waited for until `end`.

    Raises:
        Busy: it is still coming up then.
    """
    while (at := _node(directory)) and not at.url:
        _check_time(directory, at, end)
        time.sleep(TICK_SECONDS)
    return at


async def steps(
    directory: Path, name: str, arguments: dict[str, Any], by: Caller | None = None
) -> AsyncIterator[Progress | Result]:
    """Yields what an operation yields; while the directory changes hands, looks again for a while.

    Args:
        by: who orders it, for the audit log; by default this user's command.

    Raises:
        HansaError: whatever the operation raises, and Busy, when another process keeps the data directory.
    """
    by = by or Caller(user=this_user())
    end = time.monotonic() + WAIT_SECONDS
    while True:
        while (at := _node(directory)) and not at.url:
            _check_time(directory, at, end)
            await asyncio.sleep(TICK_SECONDS)
        found = _remote(directory, at.url, name, arguments, by) if at else _local(directory, name, arguments, by)
        try:
            async for step in found:
                yield step
            return
        except _Held as held:
            if time.monotonic() >= end:
                raise held.error from None


def _node(directory: Path) -> Holder | None:
    at = holder(directory) if directory.is_dir() else None
    return at if at and at.is_node else None


def _check_time(directory: Path, at: Holder, end: float) -> None:
    if time.monotonic() >= end:
        raise Busy(f"the node in {directory} (process {at.pid}) is still coming up: try again in a moment")


class _Held(Exception):
    """The directory was taken between looking and opening."""

    def __init__(self, error: Busy) -> None:
        self.error = error


async def _local(directory: Path, name: str, arguments: dict[str, Any], by: Caller) -> AsyncIterator[Progress | Result]:
    from hansa.entrypoints import logs  # all of these are heavy, and not needed when a running node does the work
    from hansa.entrypoints.app import opened
    from hansa.entrypoints.config import load
    from hansa.entrypoints.operations import run

    config = load(directory)
    logs.configure(config.log_level, config.log_json)
    async with contextlib.AsyncExitStack() as stack:
        claim = Claim(name.replace(".", " "))
        try:
            opening = opened(directory, config, claim, WAIT_SECONDS, recovering=name == "key.recover")
            app = await stack.enter_async_context(opening)
        except Busy as error:
            raise _Held(error) from None
        async for step in run(app, name, arguments, by):
            yield step


class _Line(msgspec.Struct):
    progress: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    ok: bool = True
    error: dict[str, str] | None = None


async def _remote(
    directory: Path, url: str, name: str, arguments: dict[str, Any], by: Caller
) -> AsyncIterator[Progress | Result]:
    import httpx2

    headers = {"Authorization": f"Bearer {_token(directory)}", CALLER: json.dumps(asdict(by))}
    timeout = httpx2.Timeout(None, connect=5.0)
    content = msgspec.json.encode(arguments)
    ended = False
    try:
        async with (
            httpx2.AsyncClient(timeout=timeout, trust_env=False) as client,
            client.stream("POST", f"{url}/admin/operations/{name}", content=content, headers=headers) as response,
        ):
            if response.status_code != 200:
                text = (await response.aread()).decode(errors="replace")[:300]
                raise Unavailable(f"the node at {url} does not take orders ({response.status_code}): {text}")
            async for text in response.aiter_lines():
                step = _step(text)
                if step is not None:
                    ended = ended or isinstance(step, Result)
                    yield step
    except httpx2.TransportError:
        raise Unavailable(f"the node at {url} broke off: see its log, and try again") from None
    if not ended:
        raise Fault(f"the node at {url} gave no result")


def _token(directory: Path) -> str:
    try:
        return (directory / TOKEN).read_text(encoding="ascii").strip()
    except OSError as error:
        where = directory / TOKEN
        raise Unavailable(f"the token in {where} can't be read ({error.strerror}): restart that node") from None


def _step(text: str) -> Progress | Result | None:
    line = msgspec.json.decode(text, type=_Line)
    if line.error:
        raise _raised(line.error)
    if line.progress:
        return Progress(line.progress["done"], line.progress["total"], line.progress["label"])
    return Result(line.result, line.ok) if line.result is not None else None


def _raised(told: dict[str, str]) -> HansaError:
    """Returns the error that a running node told of, as if it had happened here."""
    reason = BY_CODE.get(told.get("reason", ""))
    if reason:
        return Refused(reason, told.get("detail", ""))
    return _TOLD.get(told.get("reason", ""), Fault)(told.get("message", "unknown"))
