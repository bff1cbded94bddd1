"""Printing: tables and lines for people, JSON for programs. Whatever came from elsewhere is made safe first."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hansa.kernel.plain import plain, plain_lines

SHORT = 12
"""Characters of an id that are shown; commands take any start of one."""

WIDE = 160
_FOLDED = frozenset({"intent", "detail", "why", "reason", "without federation", "with federation"})
"""Columns that may break their text over lines; all others stay whole."""


def console() -> Console:
    """Returns the console for answers; wide where nobody looks, so that lines can be searched."""
    return Console(width=None if sys.stdout.isatty() else WIDE, soft_wrap=not sys.stdout.isatty(), highlight=False)


def print_json(value: dict[str, Any]) -> None:
    """Prints one JSON object; ASCII only, so that nothing in it reaches the terminal as control."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def say(text: str) -> None:
    """Prints one line."""
    console().print(Text(plain(text)))


def say_all(text: str) -> None:
    """Prints text of many lines, each made safe."""
    console().print(Text(plain_lines(text)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> None:
    """Prints a table; nothing in a cell is markup.

    Args:
        right: columns that hold numbers.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        made.add_column(
            name, justify="right" if name in right else "left", overflow="fold", no_wrap=name not in _FOLDED
        )
    for row in rows:
        made.add_row(*(Text(plain(str(cell))) for cell in row))
    console().print(made)


def short(id_: str | None) -> str:
    """Returns the start of an id."""
    return (id_ or "")[:SHORT]


def percent(part: float) -> str:
    """Returns a fraction as a percentage."""
    return f"{100 * part:.1f} %"
