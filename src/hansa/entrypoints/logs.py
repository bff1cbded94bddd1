"""Structured logs: one event a line, on standard error, with control characters made visible (threat 24)."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from hansa.kernel.plain import plain, plain_lines


def configure(level: str, as_json: bool) -> None:
    """Sets up logging for this process.

    Args:
        level: debug, info, warning or error; anything else is warning.
        as_json: JSON lines for machines instead of text for people.
    """
    number = getattr(logging, level.upper(), logging.WARNING)
    renderer: Any = structlog.processors.JSONRenderer() if as_json else _for_people()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    _take_over("mcp", number)


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
