"""Printing: tables and lines for people, JSON for programs. Whatever came from elsewhere is made safe first."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hansa.kernel.plain import plain, plain_lines

SHORT = 12
"""Characters of an id that are shown; commands take any start of one."""

WIDE = 240
GAP = 3
"""Blanks between two columns of a table."""

LEAST = 20
"""Characters that a column of text which may break over lines needs at least."""

_FOLDED = frozenset({"intent", "detail", "why", "reason", "without federation", "with federation", "value", "to",
                     "node", "name", "note", "what to do", "origin", "values", "operators", "what it is",
                     "what follows", "what mends it"})  # fmt: skip
"""Columns that may break their text over lines; all others stay whole."""

_DISPENSABLE = ("hash", "source", "checks", "from", "address", "invitation", "role", "ms", "reason", "confidence",
                "evidence", "when", "signed by", "trust", "lender", "borrower")  # fmt: skip
"""Columns that a narrow screen can do without, the first to go first; before them those in which nothing stands."""

_NODE_ID = "did:key:"
_START = 20
"""Characters of a node's id that are shown where the whole does not fit; commands take any start of one."""


def console() -> Console:
    """Returns the console for answers; wide where nobody looks, so that lines can be searched, or as COLUMNS asks."""
    fixed = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return Console(width=None if fixed else WIDE, soft_wrap=not sys.stdout.isatty(), highlight=False)


def print_json(value: dict[str, Any]) -> None:
    """Prints one JSON object; ASCII only, so that nothing in it reaches the terminal as control."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def say(text: str) -> None:
    """Prints one line."""
    console().print(Text(plain(text)))


def told_over(links: int) -> str:
    """Returns to how many neighbours something went over links."""
    return f"told {links} neighbour{'' if links == 1 else 's'}"


def warn(text: str) -> None:
    """Prints one line on standard error that stops nothing and is worth a look."""
    complain("! ", text)


def complain(head: str, text: str) -> None:
    """Prints text behind a head on standard error; on a terminal it breaks between words."""
    lines = [plain(text)]
    if sys.stderr.isatty():
        wide = max(LEAST, shutil.get_terminal_size().columns - len(head))
        lines = textwrap.wrap(lines[0], wide, break_long_words=False, break_on_hyphens=False) or lines
    for number, line in enumerate(lines):
        print((" " * len(head) if number else head) + line, file=sys.stderr)


def say_all(text: str) -> None:
    """Prints text of many lines, each made safe."""
    console().print(Text(plain_lines(text)))


def say_quoted(text: str) -> None:
    """Prints text of many lines that somebody else wrote: each behind a bar, so that none passes for a line of ours.

    On a terminal a line that is too long for it goes on behind a bar of its own.
    """
    lines = plain_lines(text).split("\n")
    wide = console().width - cell_len("  | ")
    if sys.stdout.isatty() and wide > LEAST:
        lines = [piece for line in lines for piece in chop_cells(line, wide) or [""]]
    say_all("\n".join(f"  | {line}" for line in lines))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = (), spare: Sequence[str] = ()
) -> None:
    """Prints a table; nothing in a cell is markup.

    Args:
        right: columns that hold numbers.
        spare: columns that are left out where every cell of theirs is empty.

    Where the screen is too narrow, the columns that can do without are left out, and named below.
    """
    cells = [[plain(str(cell)) for cell in row] for row in rows]
    used = [at for at, name in enumerate(columns) if name not in spare or any(row[at] for row in cells)]
    columns, cells = [columns[at] for at in used], [[row[at] for at in used] for row in cells]
    screen = console()
    if _width(columns, cells) > screen.width:
        cells = [[started(cell) for cell in row] for row in cells]
    kept = _fitting(columns, cells, screen.width)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at in kept:
        name = columns[at]
        made.add_column(
            name, justify="right" if name in right else "left", overflow="fold", no_wrap=name not in _FOLDED
        )
    for row in cells:
        made.add_row(*(Text(row[at]) for at in kept))
    screen.print(made)
    left_out = [name for at, name in enumerate(columns) if at not in kept and any(row[at] for row in cells)]
    if left_out:
        screen.print(Text(f"(no room for {', '.join(left_out)}: --json has all)"))


def _fitting(columns: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """Returns the places of the columns that fit, in order."""
    needed = _needed(columns, cells)
    kept = list(range(len(columns)))
    empty = [name for at, name in enumerate(columns) if name in _DISPENSABLE and not any(row[at] for row in cells)]
    for name in (*empty, *_DISPENSABLE):
        if sum(needed[at] + GAP for at in kept) <= width + GAP:
            break
        kept = [at for at in kept if columns[at] != name]
    return kept


def _needed(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """Returns the characters that each column needs; those that fold need `LEAST` only."""
    return [
        min(LEAST, longest) if name in _FOLDED else longest
        for at, name in enumerate(columns)
        for longest in [max([cell_len(name), *(cell_len(row[at]) for row in cells)])]
    ]


def _width(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Returns the characters that a table needs with every node's id whole."""
    ids = [[len(row[at]) for row in cells if row[at].startswith(_NODE_ID)] for at in range(len(columns))]
    return sum(max(needed, *found, 0) + GAP for needed, found in zip(_needed(columns, cells), ids, strict=True)) - GAP


def started(cell: str) -> str:
    """Returns the start of a node's id; anything else as it is."""
    return f"{cell[:_START]}…" if cell.startswith(_NODE_ID) and len(cell) > _START else cell


def hanging(head: str, text: str, width: int = 0) -> None:
    """Prints text behind a head; where it does not fit on one line, the following ones begin under its first word."""
    screen = console()
    wide = (width or screen.width) - cell_len(head)
    lines = textwrap.wrap(plain(text), wide, break_on_hyphens=False) if sys.stdout.isatty() and wide > LEAST else []
    for number, line in enumerate(lines or [plain(text)]):
        screen.print(Text((head if number == 0 else " " * cell_len(head)) + line))


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)")


def moment(text: str | None) -> str:
    """Returns a time as lists show it, to the second and with its zone; any other text as it is.

    >>> moment("2026-11-20T23:40:00.123Z"), moment("2026-11-20T23:40:00.123456+00:00"), moment(None)
    ('2026-11-20T23:40:00Z', '2026-11-20T23:40:00Z', '')
    """
    found = _MOMENT.fullmatch(text or "")
    return f"{found[1]}Z" if found else text or ""


def short(id_: str | None) -> str:
    """Returns the start of an id."""
    return (id_ or "")[:SHORT]


def percent(part: float) -> str:
    """Returns a fraction as a percentage."""
    return f"{100 * part:.1f} %"


def size(count: int) -> str:
    """Returns bytes as people read them."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def span(seconds: int) -> str:
    """Returns a length of time as people read it: its two largest units."""
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2])
