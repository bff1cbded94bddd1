"""Charts as one HTML page that can be played with, and that needs nothing from elsewhere: no script, font or picture.

Its script is ours and stands in `page.html`, with the data beside it; docs/adr/0049-plots.md says why.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from itertools import cycle

from hansa.adapters.plots.chart import COLOURS, Chart

_MARK = re.compile("@(title|facts|charts)@")


def page(title: str, facts: Sequence[tuple[str, str]], charts: Sequence[Chart]) -> str:
    """Returns the page.

    Args:
        title: what it is about.
        facts: names and values that stand above the charts.
        charts: in order.
    """
    rows = "".join(f"<tr><td>{html.escape(name)}<td>{html.escape(value)}" for name, value in facts)
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    parts = {"@title@": html.escape(title), "@facts@": rows, "@charts@": _as_script([_coloured(one) for one in charts])}
    return _MARK.sub(lambda mark: parts[mark[0]], text)


def _coloured(chart: Chart) -> dict[str, object]:
    lines = [
        {"name": line.name, "points": [list(point) for point in line.points], "dots": line.dots, "colour": colour}
        for line, colour in zip(chart.lines, cycle(COLOURS), strict=False)
    ]
    return asdict(chart) | {"lines": lines}


def _as_script(value: object) -> str:
    """Returns JSON in which nothing can end the script that it stands in."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
