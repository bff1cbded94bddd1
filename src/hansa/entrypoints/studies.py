"""Studies with all that they need from outside: the solver of clearings, and pictures of what was found."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hansa.adapters.plots import images
from hansa.adapters.plots.chart import Chart, Line
from hansa.adapters.plots.page import page
from hansa.adapters.simplex import simplex
from hansa.kernel.errors import DiskFull, UsageError
from hansa.sim.studies import growth, stress
from hansa.sim.studies.growth import Grown, Tell
from hansa.sim.studies.stress import BASELINE_FROM, DOUBLES_AT, FAILS_AT, Stressed

KINDS = ("svg", "png")

Facts = Sequence[tuple[str, str]]


def grown(params: growth.Params, tell: Tell) -> Grown:
    """Runs a study of growth."""
    return growth.grow(params, simplex, tell)


def stressed(params: stress.Params, tell: Tell) -> Stressed:
    """Runs a study of failures under load."""
    return stress.stress(params, simplex, tell)


# ---- pictures


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures of a study, to be written to a folder.

    Attributes:
        name: of the study, with which the names of files begin.
        title, facts: what stands above the charts on the page.
    """

    name: str
    title: str
    facts: Facts
    charts: Sequence[Chart]


def check_plots(folder: Path) -> None:
    """Sees to it, before a study begins, that its pictures can be drawn and written.

    Raises:
        UsageError: matplotlib is not installed, or the folder can't be made.
    """
    images.check()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"can't write plots to {folder} ({error.strerror}): name a folder") from None


def written(gallery: Gallery, folder: Path) -> list[Path]:
    """Writes all pictures, over those of an earlier study of that kind, and returns their paths.

    Raises:
        UsageError: matplotlib is not installed, or something can't be written. DiskFull: no room.
    """
    files = {f"{gallery.name}.html": page(gallery.title, gallery.facts, gallery.charts).encode()}
    for kind in KINDS:
        pictures = images.drawn(gallery.charts, kind)
        files |= {f"{gallery.name}-{name}.{kind}": picture for name, picture in pictures.items()}
    paths = []
    for name, content in files.items():
        path = folder / name
        try:
            path.write_bytes(content)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"no room for {path}: free some space") from None
            raise UsageError(f"can't write {path} ({error.strerror})") from None
        paths.append(path)
    return paths


def growth_gallery(found: Grown, facts: Facts) -> Gallery:
    """Returns the pictures of a study of growth."""
    stages = found.stages
    size = [one.nodes for one in stages]

    def line(name: str, values: Sequence[float]) -> Line:
        return Line(name, list(zip(size, values, strict=True)))

    last = stages[-1]
    degrees = [(float(links), count / last.nodes) for links, count in last.degrees]
    scale_free = last.power_law is not None
    charts = (
        Chart(
            "shares", "Clustering and efficiency as the network grows", "nodes", "share", (
                line("flow efficiency", [one.flow_efficiency for one in stages]),
                line("global efficiency", [one.global_efficiency.value for one in stages]),
                line("clustering", [one.clustering.value for one in stages]),
            ),
        ),
        Chart(
            "paths", "Length of ways as the network grows", "nodes", "links", (
                line("mean of the shortest ways", [one.path_length.value for one in stages]),
                line("ways that units took", [one.sharing.hops for one in stages]),
            ),
        ),
        Chart(
            "size", "Nodes and edges", "nodes", "count",
            (line("nodes", size), line("edges", [one.edges for one in stages])),
        ),
        Chart(
            "degrees", f"Links of a node, {last.nodes:,} nodes", "links", "share of nodes",
            (Line("nodes with so many links", degrees, dots=scale_free),), logarithmic=scale_free,
        ),
    )  # fmt: skip
    return Gallery("growth", f"Growth of a network, {found.params.policy}", facts, charts)


def stress_gallery(found: Stressed, facts: Facts) -> Gallery:
    """Returns the pictures of a study of failures under load."""
    marks = [(BASELINE_FROM, "baseline"), (DOUBLES_AT, f"load x {found.params.load:g}"), (FAILS_AT, "failure")]
    if found.recovery_s:
        marks.append((FAILS_AT + found.recovery_s, "recovered"))
    units = (("wanted", found.wanted), ("in service", found.served))
    charts = (
        Chart(
            "performance", "Performance", "seconds", "units in service / units wanted",
            (Line("performance", list(enumerate(found.performance))),), tuple(marks),
        ),
        Chart(
            "units", "Units wanted and in service", "seconds", "units",
            tuple(Line(name, list(enumerate(values))) for name, values in units), tuple(marks),
        ),
    )  # fmt: skip
    title = f"{found.params.nodes:,} nodes, {found.params.failures:.0%} of them failing at {found.params.load:g}x load"
    return Gallery("stress", title, facts, charts)
