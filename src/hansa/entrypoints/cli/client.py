"""Runs an operation for a command, wherever the node is, and shows how far it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import typer

from hansa.entrypoints import reach
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.show import print_json
from hansa.entrypoints.errors import INTERRUPTED, REFUSED
from hansa.entrypoints.home import home_directory
from hansa.entrypoints.steps import Progress, Result


def call(home: Path | None, name: str, as_json: bool = False, **arguments: Any) -> Result:
    """Runs an operation and returns its result, with a progress bar on a terminal.

    With `as_json` the result is printed as it is. The caller prints it otherwise, and ends with `finish`.

    Raises:
        HansaError: whatever the operation raises.
    """
    directory = home_directory(home)
    try:
        result = asyncio.run(_watched(directory, name, arguments))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(result.value)
    return result


def finish(result: Result) -> None:
    """Ends a command with the exit code that its result asks for."""
    if not result.ok:
        raise typer.Exit(REFUSED)


async def _watched(directory: Path, name: str, arguments: dict[str, Any]) -> Result:
    last = Result({}, ok=False)
    with Bar() as bar:
        async for step in reach.steps(directory, name, arguments):
            if isinstance(step, Progress):
                bar.update(step.done, step.total, step.label)
            else:
                last = step
    return last
