"""What a node of a field holds and shows: read from its disk and at its door, for `history.check`."""

from __future__ import annotations

import functools
import time
from typing import Any

from hansa.identity import envelope
from hansa.kernel.errors import Refused
from hansa.kernel.ids import chain
from tests.cluster.field import Node
from tests.cluster.history import History, View
from tests.e2e.test_kill_storm import on_disk

SETTLES_S = 60.0
"""How long it is waited for fates: how soon they come is no promise, and at the end nine stores are read at once."""

SLOW_S = 2.0

EFFECTS = """
SELECT record FROM evidence UNION ALL SELECT record FROM tombstones UNION ALL SELECT receipt FROM ledger
"""


@functools.cache
def is_sound(id_: str, raw: str) -> bool:
    """Says whether bytes are those of the record with an id, and signed by its author."""
    try:
        return envelope.verify(envelope.read(raw.encode())).id == id_
    except Refused:
        return False


def feed_of(node: Node) -> list[tuple[str, str]]:
    """Returns ids and signed bytes of a node's feed, of which the chain must end in the head that it signs."""
    found: list[tuple[str, str]] = []
    while items := node.get(f"/feed?after={len(found)}&limit=100")["items"]:
        found += [(one["id"], one["envelope"] or "") for one in items]
    return found


def settled(node: Node) -> dict[str, Any]:
    """Returns a node's status, once every message that came in has a fate; as it is, where that takes too long.

    Nodes say something to each other all the time, and what is on its way to the disk has none yet.
    """
    begun = time.monotonic()
    while True:
        status: dict[str, Any] = node.ask("status")
        took = time.monotonic() - begun
        if status["messages"]["balanced"] or took > SETTLES_S:
            if took > SLOW_S:
                print(f"node {node.number}: all fates after {took:.1f} s, {status['messages']}", flush=True)
            return status


def look(node: Node, history: History, thorough: bool = False) -> View:
    """Returns what a node holds and shows now.

    Args:
        thorough: the node checks its own store as well, and nobody pushes meanwhile.
    """
    feed = feed_of(node)
    with history.lock:
        sent = dict(history.sent)
    held = [id_ for (id_,) in on_disk(node.process, "SELECT id FROM records") if id_ in sent]
    effects = [id_ for (id_,) in on_disk(node.process, EFFECTS)]
    skills = dict(on_disk(node.process, "SELECT id, state FROM skills"))
    status = settled(node)
    damage: list[str] = []
    if thorough:
        damage += map(str, node.ask("store.check", full=True)["damage"])
        if status["feed"] != {"length": len(feed), "head": functools.reduce(chain, (id_ for id_, _ in feed), "")}:
            damage.append("its feed does not end in the head that it names")
    if not status["messages"]["balanced"]:
        damage.append(f"counters: {status['messages']}")
    return View(node.number, feed, held, effects, skills, bool(status["messages"]["balanced"]), damage)
