"""A million nodes in arrays: growing a network and healing it, against networkx and rustworkx.

Both references make the same graphs by the same rules, in the same run; all keep to one core, and processor time is
what is measured. networkx is measured once, as it takes half a
minute; the others in turn, several rounds. What healing is held against stands in `benchmarks/networkx_healing.py`:
once written as one would write it, with each node's candidates gathered, and once with the same pick drawn lazily.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks import networkx_healing
from benchmarks.measure import Row, at_least, row
from benchmarks.page import table
from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.graph import Graph, Mask
from hansa.sim.models.growth import preferential
from hansa.sim.models.healing import Healing, heal, tables, without_hubs

NODES = 1_000_000
ATTACH = 4
ROUNDS = 5
TABLE = 16
HUBS = 0.003
"""Share of all nodes: 30 % of the hundredth with the most links."""


def body() -> str:
    """Returns the tables, in Markdown; one line that says how to have them where the references are not installed."""
    if find_spec("networkx") is None or find_spec("rustworkx") is None:
        return "Not measured: `pip install 'hansa[bench]'` brings networkx and rustworkx."
    scale_free = preferential(NODES, ATTACH, Rng(1))
    limited = bounded(NODES, Bounds(), Rng(1))
    lines = [*growing(NODES), *healing(scale_free, limited)]
    return table(lines) + "\n\n" + "\n".join(_losses(scale_free, limited))


def growing(nodes: int) -> Iterator[Row]:
    """Growth by preferential attachment, against both."""
    import networkx
    import rustworkx

    def mine() -> Any:
        return preferential(nodes, ATTACH, Rng(1))

    mine()
    what = f"grow {nodes:,} nodes by preferential attachment, {ATTACH} links each, peak {_peak(mine):,} MB"
    pairs = [
        (_seconds(mine), _seconds(lambda: rustworkx.barabasi_albert_graph(nodes, ATTACH, seed=1)))
        for _ in range(ROUNDS)
    ]
    one = statistics.median(seconds for seconds, _ in pairs)
    slow = _seconds(lambda: networkx.barabasi_albert_graph(nodes, ATTACH, seed=1))
    yield row(what, [(one, slow)], "networkx, one round", at_least(60))
    yield row(what, pairs, "rustworkx", at_least(3))
    steps = _seconds(lambda: bounded(nodes, Bounds(), Rng(1)))
    yield row(f"grow {nodes:,} nodes within bounds, 6 to 12 links each", [(steps, slow)], "networkx, as above")


def healing(scale_free: Graph, limited: Graph) -> Iterator[Row]:
    """Healing after the loss of hubs, against networkx."""
    free = Healing(low=ATTACH, target=ATTACH, high=scale_free.nodes)
    lost = f"30 % of the hubs of {scale_free.nodes:,} scale-free nodes"
    yield _healing(lost, scale_free, without_hubs(scale_free, HUBS), free, lazily=False)
    yield _healing(lost, scale_free, without_hubs(scale_free, HUBS), free, lazily=True)
    lost = f"the 30 % with the most links, of {limited.nodes:,} nodes within bounds"
    yield _healing(lost, limited, without_hubs(limited, 0.3), Healing(), lazily=False)


def _healing(lost: str, graph: Graph, alive: Mask, params: Healing, lazily: bool) -> Row:
    known = tables(graph.nodes, TABLE, Rng(2))

    def mine() -> Any:
        return heal(graph, alive, known, params, Rng(3))

    made = mine().makers.size
    one = statistics.median(_seconds(mine) for _ in range(ROUNDS))
    copy, rows = networkx_healing.as_networkx(graph), known.tolist()
    dead = np.flatnonzero(~alive).tolist()
    slow = _seconds(lambda: networkx_healing.heal(copy, dead, rows, params, 3, lazily))
    what = f"heal after losing {lost}: {made:,} new links, peak {_peak(mine):,} MB"
    kind = "networkx, drawn lazily, one round" if lazily else "networkx, one round"
    return row(what, [(one, slow)], kind, None if lazily else at_least(500))


def _losses(scale_free: Graph, limited: Graph) -> Iterator[str]:
    yield "Share of the living in the greatest component, before and after healing:"
    yield ""
    yield "| network | dead, those with the most links first | before | target | held | after | calls a new link |"
    yield "| --- | --: | --: | --- | --- | --: | --: |"
    free = Healing(low=ATTACH, target=ATTACH, high=scale_free.nodes)
    for name, graph, params, share, target in (
        ("within bounds", limited, Healing(), 0.3, 0.95),
        ("within bounds", limited, Healing(), 0.5, None),
        ("scale-free", scale_free, free, HUBS, None),
        ("scale-free", scale_free, free, 0.1, None),
        ("scale-free", scale_free, free, 0.3, None),
    ):
        alive = without_hubs(graph, share)
        healed = heal(graph, alive, tables(graph.nodes, TABLE, Rng(2)), params, Rng(3))
        before, after = graph.giant_share(alive), healed.graph(graph, alive).giant_share(alive)
        asked = f"at least {target}; 1 after" if target else ""
        held = ("yes" if before >= target and after == 1 else "**no**") if target else ""
        calls = healed.calls / max(1, healed.makers.size)
        yield f"| {name} | {share:.1%} | {before:.4f} | {asked} | {held} | {after:.4f} | {calls:.2f} |"


def _seconds(work: Callable[[], Any]) -> float:
    """Returns the processor time of some work: all that is compared here keeps to one core."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _peak(work: Callable[[], Any]) -> int:
    """Returns the most memory that some work held at once, in megabytes, beside what was there before."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6)
