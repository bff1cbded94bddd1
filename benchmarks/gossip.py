"""How word travels among a thousand nodes: copies of each word to a node, hops and time until it has it, CPU for it.

1,000 nodes, 12 links each on average of 20 to 80 ms, in one process under a virtual clock; ten authors in turn. The
reference is a flood over a mesh of six links a node, as GossipSub pushes, over the same links. With 30 % dead, these
fall silent at once, and neighbours notice after five seconds; the reference has no repair here.
"""

from __future__ import annotations

import heapq
import time

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from tests.overlay.crowd import Crowd, Node, percentile

NODES, DEGREE, MESH = 1_000, 12, 6
AUTHORS, WORDS, EVERY = 10, 10, 400

COLUMNS = ("", "copies a node", "hops to 99 %", "p50, ms", "p99, ms", "reached", "simulation, CPU µs a delivery")


def body(nodes: int = NODES, words: int = WORDS) -> str:
    """Returns the table, in Markdown."""
    crowd = Crowd(nodes)
    crowd.weave(DEGREE)
    authors = crowd.rng.child("authors").sample(crowd.honest, AUTHORS)
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    mesh = _mesh(crowd)
    lines.append(_ours("first word of each author", crowd, AUTHORS, authors, 0))
    lines.append(_ours("clean", crowd, words, authors, 1_000))
    lines.append(_flood("clean, mesh of six", crowd, mesh, authors))
    for node in crowd.rng.child("dead").sample([one for one in crowd.honest if one not in authors], nodes * 3 // 10):
        crowd.kill(node)
    lines.append(_ours("30 % dead", crowd, words, authors, 2_000))
    lines.append(_flood("30 % dead, mesh of six", crowd, mesh, authors))
    lines.append(_ours("30 % dead, half a minute later", crowd, words, authors, 3_000))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _ours(what: str, crowd: Crowd, words: int, authors: list[Node], first: int) -> tuple[str, ...]:
    for node in crowd.honest:
        node.copies = 0
    started = time.process_time()
    said = crowd.talk(words, EVERY, first, authors)
    crowd.run(6_000)
    cpu = (time.process_time() - started) * 1e6 / (words * len(crowd.living()))
    copies = sum(node.copies for node in crowd.living()) / (words * len(crowd.living()))
    return _line(what, copies, crowd.hops_to(0.99, said), crowd.delays(said), crowd.share_delivered(said), f"{cpu:.0f}")


def _line(what: str, copies: float, hops: float, delays: list[int], reached: float, cpu: str) -> tuple[str, ...]:
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    return what, f"{copies:.2f}", f"{hops:.1f}", str(p50), str(p99), f"{reached:.2%}", cpu


def _mesh(crowd: Crowd) -> dict[NodeId, list[NodeId]]:
    """Returns a mesh over the crowd's links, of six for each node as far as they go."""
    chance: Rng = crowd.rng.child("mesh")
    mesh: dict[NodeId, list[NodeId]] = {one: [] for one in crowd.nodes}
    pairs = [(one, other) for one, node in crowd.nodes.items() for other in node.peers if one < other]
    for one, other in chance.shuffled(pairs):
        if len(mesh[one]) < MESH and len(mesh[other]) < MESH:
            mesh[one].append(other)
            mesh[other].append(one)
    return mesh


def _flood(what: str, crowd: Crowd, mesh: dict[NodeId, list[NodeId]], authors: list[Node]) -> tuple[str, ...]:
    living = {node.id for node in crowd.living()}
    copies, hops, delays, reached = 0, 0.0, [], 0
    for author in authors:
        at: dict[NodeId, tuple[float, int]] = {}
        queue: list[tuple[float, int, NodeId, NodeId]] = [(0.0, 0, author.id, author.id)]
        while queue:
            now, far, node, source = heapq.heappop(queue)
            copies += node != source
            if node in at:
                continue
            at[node] = now, far
            for other in mesh[node]:
                if other != source and other in living:
                    heapq.heappush(queue, (now + crowd.latencies[node, other], far + 1, other, node))
        order = sorted(far for _, far in at.values())
        hops += order[min(len(order) - 1, int(0.99 * len(order)))] / len(authors)
        delays += [int(now) for now, _ in at.values()]
        reached += len(at)
    total = len(living) * len(authors)
    return _line(what, copies / total, hops, sorted(delays), reached / total, "")
