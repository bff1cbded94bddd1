"""Notes what is ordered past the list of operations: starts, and commands on a store that no node has open."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from hansa.adapters.clock import SystemClock
from hansa.entrypoints.audit import told
from hansa.entrypoints.audit.book import Book
from hansa.entrypoints.audit.chain import BROKEN_OFF, DONE
from hansa.entrypoints.audit.told import Caller
from hansa.entrypoints.errors import problem
from hansa.entrypoints.home import CONSTITUTION
from hansa.entrypoints.reach import this_user
from hansa.kernel.errors import HansaError

if TYPE_CHECKING:
    from hansa.entrypoints.app import App
    from hansa.entrypoints.config import Config

log = structlog.get_logger("hansa")

_FREE_TEXT = ("url", "solver", "command", "key", "token", "secret", "password", "headers", "llm")
"""Parts of names of settings whose texts may hold secrets: that they are set is noted, not to what."""


def start(app: App) -> str:
    """Notes that a node is up, with the settings in force that are no defaults; returns the head, to note elsewhere.

    Returns "" where it can't be written: the node is up nevertheless, and takes no orders until it can.
    """
    if app.audit is None:
        return ""
    rules = app.home / CONSTITUTION
    digest = hashlib.sha256(rules.read_bytes()).hexdigest() if rules.is_file() else ""
    try:
        app.audit.start({"settings": changed(app.config), "constitution": digest}, Caller("up", this_user()))
    except HansaError as error:
        log.error("audit.not_written", why=str(error))
        return ""
    return app.audit.head


def changed(config: Config) -> dict[str, Any]:
    """Returns the settings that are no defaults, by name; of texts that may hold a secret only that they are set."""
    values, usual = config.model_dump(mode="json"), type(config).model_construct().model_dump(mode="json")
    found: dict[str, Any] = {}
    for name, value in values.items():
        parts = value.items() if isinstance(value, dict) and isinstance(usual[name], dict) else [("", value)]
        for key, one in parts:
            if one != (usual[name].get(key) if key else usual[name]):
                full = f"{name}.{key}" if key else name
                found[full] = _shown(full, one)
    return found


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, bool | int | float) or not any(part in name for part in _FREE_TEXT):
        return told.shown(value)
    return "(set)" if value else ""


@contextmanager
def written_down(home: Path, what: str, **given: Any) -> Iterator[None]:
    """Notes an order on a directory whose lock this process holds, and what came of it.

    Raises:
        DiskFull, Unavailable: it can't be written; the block was not begun. Whatever the block raises.
    """
    clock = SystemClock()
    book = Book(home, lambda: int(clock.now()))
    number = book.order(what, told.arguments(given, tuple(given)), Caller(user=this_user()))
    outcome = BROKEN_OFF
    try:
        yield
        outcome = DONE
    except HansaError as error:
        outcome = problem(error)["reason"]
        raise
    finally:
        with suppress(HansaError):  # what was done stays done; the order then stands there without an outcome
            book.outcome(number, what, outcome, {})
