"""Faults of a field, one after another; each begins with all well and ends healed.

`Faults.live` has a fault for a while, with work going on, then heals it and measures how long it takes until all nodes
hold the same. The time runs from the moment when the network is whole and every process runs; a killed one has come
back before, while the rest of the fault went on.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.cluster.field import Field, Node, Unreached
from tests.cluster.history import Healing, History, Violation, check_node
from tests.cluster.looking import is_sound, look
from tests.cluster.workload import Workload

LASTS_S = 8.0
"""How long a fault lasts: longer than a silent link does (`adapters.transport.params`, 6 s)."""

LASTS_LONG_S = 40.0
"""How long some of them last in a long run: until the others are given up for dead, and much is missed."""

POLL_S = 0.25
DOWN_S = 1.5
"""How long a killed node stays away before it is started again."""


class Faults:
    """The faults of one run.

    Attributes:
        violations: what was found at nodes that had been killed, before anything was sent to them again.
        seen: how often what was done.
    """

    def __init__(self, field: Field, work: Workload, history: History, random: Random, bound: float) -> None:
        """Does nothing yet.

        Args:
            bound: seconds after a healing in which all nodes must hold the same.
        """
        self._field = field
        self._work = work
        self._history = history
        self._random = random
        self._bound = bound
        self._lasts = LASTS_S
        self.violations: list[Violation] = []
        self.seen: Counter[str] = Counter()
        self.kinds: dict[str, Callable[[], None]] = {
            "halves": self._halves, "alone": self._alone, "killed": self._killed, "paused": self._paused,
            "loss": self._loss, "mixed": self._mixed,
        }  # fmt: skip

    def live(self, kind: str, lasts: float = LASTS_S) -> None:
        """Has a fault for a while, heals it, and notes how long it takes until all hold the same.

        Args:
            lasts: about how many seconds the fault lasts.
        """
        self._lasts = lasts
        with self._work.going_on():
            self.kinds[kind]()
        self._field.heal()
        for node in self._field.nodes:
            if node.paused:
                node.resume()
        healed, name = time.monotonic(), f"{kind} for {lasts:.0f} s"
        self._work.finish()
        while not self.agree():
            if time.monotonic() - healed > self._bound:
                self._history.healings.append(Healing(name, None, self._bound))
                return
            wait(POLL_S)
        self._history.healings.append(Healing(name, time.monotonic() - healed, self._bound))

    def agree(self) -> bool:
        """Says whether all nodes hold the same records."""
        try:
            told = self._field.each(lambda node: node.ask("net.status", timeout=self._bound))
        except Unreached:
            return False
        return len({(one["records"], one["records_digest"]) for one in told}) == 1

    # ---- kinds

    def _some(self, count: int) -> list[Node]:
        return self._random.sample(self._field.nodes, count)

    def _halves(self) -> None:
        self._cut_in_two()
        wait(self._lasts)

    def _cut_in_two(self) -> None:
        order = [one.number for one in self._some(len(self._field.nodes))]
        middle = len(order) // 2
        self._field.cut([order[:middle], order[middle:]])
        self.seen["cut in two"] += 1

    def _alone(self) -> None:
        away = [one.number for one in self._some(2)]
        self._field.cut([[one.number for one in self._field.nodes if one.number not in away]])
        self.seen["cut off"] += 2
        wait(self._lasts)

    def _killed(self) -> None:
        nodes = self._some(3)
        for node in nodes:
            wait(self._random.uniform(0, self._lasts / 6))
            self._kill(node)
        wait(DOWN_S)
        self._bring_back(nodes)
        wait(self._lasts / 4)

    def _kill(self, node: Node) -> None:
        node.kill()
        self.seen["kill -9"] += 1

    def _bring_back(self, nodes: list[Node]) -> None:
        """Starts nodes, and looks at what they kept before anybody pushes to them again."""
        self._field.start(one.number for one in nodes)
        for node in nodes:
            self.violations += check_node(self._history, look(node, self._history), is_sound)
            node.ready = True

    def _paused(self) -> None:
        for node in self._some(2):
            node.pause()
            self.seen["paused"] += 1
        wait(self._lasts)

    def _loss(self) -> None:
        how = self._field.narrow(one.number for one in self._field.nodes)
        self.seen[f"loss by {how}"] += 1
        wait(self._lasts)

    def _mixed(self) -> None:
        killed, paused, *_ = self._some(len(self._field.nodes))
        self._field.narrow([one.number for one in self._some(3)])
        self._cut_in_two()
        wait(self._random.uniform(0, self._lasts / 2))
        self._kill(killed)
        paused.pause()
        self.seen["paused"] += 1
        wait(DOWN_S)
        self._bring_back([killed])
        wait(self._lasts / 2)


def wait(seconds: float) -> None:
    """Lets a fault last: here time itself is what is tested, and there is no event to wait for."""
    threading.Event().wait(seconds)
