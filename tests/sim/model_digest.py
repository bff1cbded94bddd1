"""What the models come to for some seeds, as one hash; `python -m tests.sim.model_digest [without]` prints it.

`without` hides numba, as if it were not installed.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np

from hansa.kernel.rng import Rng


def digest() -> str:
    """Returns the hash of graphs of both kinds, of how each heals, and of how words spread over one under loss."""
    from hansa.sim.models.bounded import Bounds, bounded
    from hansa.sim.models.chance import generator
    from hansa.sim.models.growth import preferential
    from hansa.sim.models.healing import Healing, heal, tables, without_hubs
    from hansa.sim.models.spreading import Spreading, Tree
    from hansa.sim.models.travel import Net

    seen = hashlib.sha256()
    for seed in range(3):
        rng = Rng(seed)
        for graph, params in (
            (preferential(900, 3, rng.child("preferential")), Healing(3, 3, 900)),
            (bounded(700, Bounds(), rng.child("bounded")), Healing()),
            (bounded(200, Bounds(3, 2, 5, 1), rng.child("narrow")), Healing(2, 3, 5, 9)),
        ):
            alive, known = without_hubs(graph, 0.3), tables(graph.nodes, 4, rng.child("tables"))
            healed = heal(graph, alive, known, params, rng.child("heal"))
            after = healed.graph(graph, alive)
            for array in (graph.starts, graph.peers, graph.made, after.peers, healed.makers, healed.takers):
                seen.update(np.ascontiguousarray(array).tobytes())
            seen.update(str((healed.rounds, healed.short, healed.calls)).encode())
    links = bounded(300, Bounds(), Rng(1))
    network = Spreading(Net.over(links, generator(Rng(2)), loss=0.3), Tree(), Rng(3))
    for _ in range(3):
        word = network.spread(7)
        seen.update(np.stack((word.took, word.hops)).tobytes() + str(word.copies).encode())
    return seen.hexdigest()


if __name__ == "__main__":
    if sys.argv[1:] == ["without"]:
        sys.modules["numba"] = None  # type: ignore[assignment]
    print(digest())
