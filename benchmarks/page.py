"""The page of figures, docs/benchmarks.md: a part for each subject, and only what was measured anew is replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.measure import Row, Target

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

HEAD = """\
# Benchmarks

This page is written by `make bench`; `make bench ARGS='messages store'` measures some subjects and replaces only their
parts. Nothing here is edited by hand.

Each figure is held against a reference that is measured in the same run, on the same machine, in turn with it. The
ratio is the median of the rounds, with the least and the greatest round behind it: a busy machine changes what is done
in a second, and hardly the ratio. *2.00x the time* is twice as slow as the reference, *2.00x as fast* is twice as fast.
"""

COLUMNS = ("what", "a second", "against", "ratio", "target", "held")


def updated(text: str, parts: Mapping[str, str], order: Sequence[str]) -> str:
    """Returns the page with some parts replaced.

    Args:
        text: the page as it was; may be empty.
        parts: new parts by the name of their subject, from `part`.
        order: all subjects; parts of others are dropped.
    """
    found = {one.partition("\n")[0]: one for one in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}
    kept = {name: "## " + one.strip() for name, one in found.items()} | dict(parts)
    return "\n\n".join([HEAD.strip(), *(kept[name].strip() for name in order if name in kept)]) + "\n"


def part(name: str, title: str, facts: str, body: str) -> str:
    """Returns a subject's part: what it is about, when and on what it was measured, and what was."""
    return f"## {name}\n\n{title}\n\n{facts}\n\n{body}"


def table(rows: Iterable[Row]) -> str:
    """Returns rows as a table in Markdown."""
    lines = [COLUMNS, ("---", "--:", "---", "---", "---", "---"), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    faster = row.target.faster if row.target else row.ratio < 1
    ratio = _factor(row.ratio, faster) + (" as fast" if faster else " the time")
    if row.low:
        low, high = (row.high, row.low) if faster else (row.low, row.high)
        ratio += f" ({_factor(low, faster)} to {_factor(high, faster)})"
    held = "" if row.target is None else "yes" if row.target.holds(row.ratio) else "**no**"
    return row.what, f"{row.per_second:,.0f}", row.reference, ratio, _wanted(row.target), held


def _wanted(target: Target | None) -> str:
    if target is None:
        return ""
    return f"at {'least' if target.faster else 'most'} {target.factor:g}x"


def _factor(ratio: float, faster: bool) -> str:
    return f"{1 / ratio if faster else ratio:.2f}x"
