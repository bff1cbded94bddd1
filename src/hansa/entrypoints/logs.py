"""Structured logs: one event a line, with control characters made visible (threat 24).

A command tells standard error. A node that is up also keeps a file in its data directory: one JSON object a line, put
aside at a bound and the oldest thrown away, so that it never fills a disk.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from functools import lru_cache
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import msgspec
import structlog

from hansa.entrypoints.home import LOGS
from hansa.kernel.instant import iso
from hansa.kernel.plain import plain, plain_lines

NAME = "hansa.log"
LAST_WORDS = "last-words.txt"
"""What a node in the background wrote to standard error: nothing, unless it could not start or crashed."""

AT_ONCE = 64 * 1024
"""Characters of lines that are written together, unless the log file is put aside before it has so many."""

OFF = 100
"""Above every level."""

_JSON = msgspec.json.Encoder(enc_hook=str)


def configure(level: str, as_json: bool, file: LogFile | None = None, file_level: str = "info") -> None:
    """Sets up logging for this process.

    Args:
        level: what standard error hears: debug, info, warning or error; anything else is warning.
        as_json: JSON lines for machines instead of text for people.
        file: where a node writes down what it does; `file_level` is what goes there.
    """
    shown, kept = number_of(level, logging.WARNING), number_of(file_level, OFF) if file else OFF
    renderer: Any = structlog.processors.JSONRenderer() if as_json else _for_people()
    global _fork  # noqa: PLW0603 - as much a part of the process as structlog's own settings
    _fork = _Fork(shown, kept, file)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _printable,
            _fork,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min(shown, kept)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    server = logging.getLogger("uvicorn")
    server.setLevel(logging.ERROR)
    if file and not server.handlers:
        server.addHandler(_Forward())
    _take_over("mcp", number_of(level, logging.WARNING))


class Entry(msgspec.Struct, frozen=True):
    """An event to be logged: when it happened (milliseconds UTC), its level, its name, and what belongs to it."""

    at: int
    level: str
    event: str
    ref: str
    text: str
    fields: Mapping[str, str | int]


def tell(entries: Sequence[Entry]) -> None:
    """Logs many entries as structlog would one by one; those for the file alone are written together."""
    together: list[str] = []
    for entry in entries:
        if _fork is not None and _fork.for_file_alone(entry.level):
            together.append(_line(entry))
            continue
        _write(together)
        together = []
        values = {"ref": entry.ref, "text": entry.text, **entry.fields}
        structlog.get_logger("hansa").log(number_of(entry.level, logging.ERROR), entry.event, **values)
    _write(together)


def _write(lines: Sequence[str]) -> None:
    if _fork is None or _fork.file is None:
        return
    part: list[str] = []
    size = 0
    for line in lines:
        if part and size + len(line) > _fork.file.at_once:
            _fork.file.write("\n".join(part))
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        _fork.file.write("\n".join(part))


def _line(entry: Entry) -> str:
    values = {
        "ref": entry.ref, "text": entry.text, **entry.fields,
        "event": entry.event, "level": entry.level, "timestamp": iso(entry.at),
    }  # fmt: skip
    line = _JSON.encode(values)
    if line.isascii() and b"\\" not in line and b"\x7f" not in line:  # then all of it is printable as it is
        return line.decode()
    return _as_json({name: plain(value) if isinstance(value, str) else value for name, value in values.items()})


def _as_json(event: Mapping[str, Any]) -> str:
    return _JSON.encode(event).decode()


@lru_cache(maxsize=16)
def number_of(level: str, otherwise: int) -> int:
    """Returns the number of a level's name."""
    found = getattr(logging, level.upper(), otherwise)
    return found if isinstance(found, int) else otherwise


class LogFile(RotatingFileHandler):
    """The newest log file of a node, readable by its owner only.

    A line that can't be written, on a full disk for one, is lost: a node does not fall over its log.
    """

    def __init__(self, home: Path, max_bytes: int, files: int) -> None:
        """Opens or makes the file.

        Args:
            max_bytes: size at which it is put aside.
            files: how many are kept, this one included.
        """
        folder = home / LOGS
        folder.mkdir(mode=0o700, exist_ok=True)
        super().__init__(folder / NAME, maxBytes=max_bytes, backupCount=files - 1, encoding="utf-8")
        self.at_once = min(AT_ONCE, max_bytes * 4 // 5)

    def write(self, line: str) -> None:
        """Appends a line, or several that belong together."""
        self.handle(logging.makeLogRecord({"msg": "%s", "args": (line,)}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        """Does without the line."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


class _Fork:
    """Writes what is important enough into the file, and lets on to standard error what is important enough there."""

    def __init__(self, shown: int, kept: int, file: LogFile | None) -> None:
        self._shown = shown
        self._kept = kept
        self.file = file

    def for_file_alone(self, level: str) -> bool:
        """Says whether entries of a level go to the file, and nowhere else."""
        number = number_of(level, logging.ERROR)
        return self.file is not None and self._kept <= number < self._shown

    def __call__(self, _: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        level = number_of(str(event.get("level", method)), logging.ERROR)
        if self.file is not None and level >= self._kept:
            self.file.write(_as_json(event))
        if level < self._shown:
            raise structlog.DropEvent
        return event


_fork: _Fork | None = None
"""Where this process logs to, once `configure` was called."""


class _Forward(logging.Handler):
    """Brings what the HTTP server says of its own faults into our log."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger("hansa").error(record.getMessage(), exc_info=record.exc_info)


class _Printable(logging.Handler):
    """Hands a library's log lines on to ours, in which control characters are visible."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        with contextlib.suppress(ValueError):  # standard error is closed: nobody listens
            structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def keep_root() -> None:
    """Has the root logger write as we do, before a library gives it a handler of its own that does not."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_Printable())


def _take_over(name: str, level: int) -> None:
    logger = logging.getLogger(name)
    logger.handlers[:] = [_Printable()]
    logger.propagate = False
    logger.setLevel(max(level, logging.WARNING))


def _for_people() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _printable(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = plain_lines(value) if name == "exception" else plain(value)
    return event
