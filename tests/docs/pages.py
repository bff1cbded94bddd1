"""Reading the documentation: pages, fenced blocks with the comment that stands above them, links, headings.

Comments that mean something, each on its own line right above a block:

    <!-- terminal: hub -->    this and the following blocks of the page are typed in another terminal window
    <!-- exit: 1 -->          the last command of this block ends with that exit code
    <!-- file: a.py -->       the reader saves this block under that name
    <!-- not run: why -->     this block is shown, and not tried
    <!-- needs: curl -->      this block is tried where that program is installed

In a console block, lines that begin with "$ " are typed, "^C" is pressed, and the rest is what is shown: each such
line must come up, with "…" standing for anything. Ids, codes, times, fractions and numbers of three digits and more may
differ; an id or a code that is shown is learnt, and typed as the real one from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(\w*)\s*$")
_NOTE = re.compile(r"^<!-- (terminal|exit|file|not run|needs): (.+?) -->$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, the page's line where it begins, and the comments above it."""

    language: str
    text: str
    line: int
    notes: dict[str, str]


def all_pages() -> list[Path]:
    """Returns every page, by name."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """Returns a page's name, for the names of tests."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Yields the fenced blocks of a page in order."""
    notes: dict[str, str] = {}
    language, start, inside = "", 0, None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if inside is not None:
            if line.strip() == "```":
                yield Block(language, "\n".join(inside) + "\n", start, notes)
                inside, notes = None, {}
            else:
                inside.append(line)
        elif fence := _FENCE.match(line):
            language, start, inside = fence[1], number, []
        elif note := _NOTE.match(line):
            notes = {**notes, note[1]: note[2]}
        elif line.strip():
            notes = {}
    assert inside is None, f"{name_of(page)}:{start}: this block does not end"


def prose(page: Path) -> str:
    """Returns a page's text without its fenced blocks."""
    kept, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def links(page: Path) -> list[str]:
    """Returns the targets of all links of a page."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Returns the anchors that the headings of a page make."""
    titles = [found[1] for line in prose(page).splitlines() if (found := _HEADING.match(line))]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def table_rows(page: Path) -> list[list[str]]:
    """Returns the cells of every row of every table of a page, heads and rules left out."""
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        for line in prose(page).splitlines()
        if line.startswith("|")
    ]
    rules = {number for number, row in enumerate(rows) if all(set(cell) <= set("-:") for cell in row)}
    return [row for number, row in enumerate(rows) if number not in rules and number + 1 not in rules]
