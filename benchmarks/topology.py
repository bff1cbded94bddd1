"""A million nodes in arrays: growing a network and healing it, against networkx and rustworkx.

Both references make the same graphs by the same rules, in the same run; all keep to one core, and processor time is
what is measured: networkx once, as it takes half a minute, ours and rustworkx in turn, the best of several rounds each,
as what else the machine does can only add to it. What healing is held against stands in
`benchmarks/networkx_healing.py`: once written as one would write it, with each node's candidates gathered, and once
with the same pick drawn lazily. Its time includes taking the dead out of networkx's graph and putting the new links in;
ours gives the links. The target for healing is held against the loss of 30 % of the hubs of a scale-free network; a
loss of 30 % of all nodes within bounds stands beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks import networkx_healing
from benchmarks.measure import Row, Target, at_least
from benchmarks.page import table
from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.graph import Graph, Mask
from hansa.sim.models.growth import preferential
from hansa.sim.models.healing import Healing, heal, tables, without_hubs

NODES = 1_000_000
ATTACH = 4
ROUNDS = 7
TABLE = 16
HUBS = 0.003
"""Share of all nodes: 30 % of the hundredth with the most links."""

FIRST = """
import time
from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.growth import preferential
from hansa.sim.models.healing import Healing, heal, tables, without_hubs
for graph in preferential(100, 4, Rng(1)), bounded(100, Bounds(), Rng(1)):
    heal(graph, without_hubs(graph, 0.3), tables(100, 4, Rng(2)), Healing(), Rng(3))
print(time.process_time())
"""


def body() -> str:
    """Returns the tables, in Markdown; one line that says how to have them where the references are not installed."""
    if not all(find_spec(name) for name in ("networkx", "numba", "rustworkx")):
        return "Not measured: `pip install 'hansa[bench,sim]'` brings networkx, rustworkx and numba."
    scale_free = preferential(NODES, ATTACH, Rng(1))
    limited = bounded(NODES, Bounds(), Rng(1))
    lines = [*growing(NODES), *healing(scale_free, limited)]
    return "\n\n".join((table(lines), _compiling(), "\n".join(_losses(scale_free, limited))))


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
    one, fast = (min(times) for times in zip(*pairs, strict=True))
    slow = _seconds(lambda: networkx.barabasi_albert_graph(nodes, ATTACH, seed=1))
    yield _best(what, one, slow, "networkx, one round", at_least(60))
    yield _best(what, one, fast, "rustworkx", at_least(3))
    steps = min(_seconds(lambda: bounded(nodes, Bounds(), Rng(1))) for _ in range(2))
    yield _best(f"grow {nodes:,} nodes within bounds, 6 to 12 links each", steps, slow, "networkx, as above")


def healing(scale_free: Graph, limited: Graph) -> Iterator[Row]:
    """Healing after the loss of hubs, against networkx."""
    free = Healing(low=ATTACH, target=ATTACH, high=scale_free.nodes)
    lost = f"30 % of the hubs of {scale_free.nodes:,} scale-free nodes"
    yield _healing(lost, scale_free, without_hubs(scale_free, HUBS), free, lazily=False, target=at_least(500))
    yield _healing(lost, scale_free, without_hubs(scale_free, HUBS), free, lazily=True)
    lost = f"the 30 % with the most links, of {limited.nodes:,} nodes within bounds"
    yield _healing(lost, limited, without_hubs(limited, 0.3), Healing(), lazily=False)


def _healing(lost: str, graph: Graph, alive: Mask, params: Healing, lazily: bool, target: Target | None = None) -> Row:
    known = tables(graph.nodes, TABLE, Rng(2))

    def mine() -> Any:
        return heal(graph, alive, known, params, Rng(3))

    made = mine().makers.size
    one = min(_seconds(mine) for _ in range(ROUNDS))
    copy, rows = networkx_healing.as_networkx(graph), known.tolist()
    dead = np.flatnonzero(~alive).tolist()
    slow = _seconds(lambda: networkx_healing.heal(copy, dead, rows, params, 3, lazily))
    what = f"heal after losing {lost}: {made:,} new links, peak {_peak(mine):,} MB"
    kind = "networkx, drawn lazily, one round" if lazily else "networkx, one round"
    return _best(what, one, slow, kind, target)


def _best(what: str, mine: float, other: float, reference: str, target: Target | None = None) -> Row:
    """Returns the line of two times, in seconds."""
    return Row(what, 1 / mine, reference, mine / other, target)


def _compiling() -> str:
    """Returns what the compiler took for all loops, which is in none of the figures above."""
    with tempfile.TemporaryDirectory() as folder:
        first, again = (_first_calls({**os.environ, "NUMBA_CACHE_DIR": folder}) for _ in range(2))
    return (
        f"Not in these figures: all loops are compiled once, in {first - again:.1f} s, and then kept on disk; "
        f"a process that finds them there has started and read them within {again:.1f} s."
    )


def _first_calls(environment: dict[str, str]) -> float:
    """Returns the processor time of a process that calls each model once, from its start."""
    command = [sys.executable, "-c", FIRST]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


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
