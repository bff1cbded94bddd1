"""Charts as SVG and PNG, by matplotlib; the same chart gives the same SVG, byte for byte, with the same matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from hansa.adapters.plots.chart import COLOURS, Chart
from hansa.kernel.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 8.0, 4.5, 144
"""Inches, and points of a PNG for each."""

_DASHES = ("-", "--", "-.", ":")


def check() -> None:
    """Raises UsageError, naming the extra, where matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise UsageError(
            "plots are drawn by an extra that is not installed: pip install 'hansa[plots]'; tables and --json need none"
        ) from None


def drawn(charts: Sequence[Chart], kind: str) -> dict[str, bytes]:
    """Returns a picture of each chart, by its name.

    Args:
        charts: with names of their own.
        kind: `svg` or `png`.

    Raises:
        UsageError: matplotlib is not installed.
    """
    check()
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "hansa", "font.family": "DejaVu Sans", "svg.fonttype": "path"}):
        return {chart.name: _saved(_figure(chart), kind) for chart in charts}


def _saved(figure: Figure, kind: str) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return file.getvalue()


def _figure(chart: Chart) -> Figure:
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(chart.title)
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.y)
    if chart.logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
    for line, colour, dash in zip(chart.lines, cycle(COLOURS), cycle(_DASHES), strict=False):
        points = [(x, y) for x, y in line.points if not chart.logarithmic or (x > 0 and y > 0)]
        across, up = [x for x, _ in points], [y for _, y in points]
        if line.dots:
            axes.plot(across, up, ".", color=colour, label=line.name)
        else:
            axes.plot(across, up, dash, color=colour, label=line.name)
    _marked(axes, chart)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _marked(axes: Axes, chart: Chart) -> None:
    for where, what in chart.marks:
        axes.axvline(where, color="#666666", linewidth=0.8)
        axes.annotate(
            what, (where, 0.02), xycoords=("data", "axes fraction"), rotation=90, fontsize=8, color="#444444",
            xytext=(3, 0), textcoords="offset points",
        )  # fmt: skip
