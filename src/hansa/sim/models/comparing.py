"""What anti-entropy brings of a word: neighbours compare what they hold, and who lacks it asks (`overlay.reconcile`).

The node's own pacing, for one word whose holders are told apart by nothing else. Rules, in order:

1. each end of a link compares every `slow_ms` to a quarter more, at a time of its own
2. who is asked and holds something else says what it holds; who lacks the word then asks for it, and who has it says so
3. who asked one neighbour asks no other for `patience_ms`
4. whom it came to in this way compares with all of its neighbours after `soon_ms`; it passes the word on as well if
   neighbours had named it (that is for gossip to do)
5. for `lead_ms` after it came by gossip a node does not name a word in comparisons

Left out: the levels of digests, as few ids are held; the quicker pace of a link over which something just came; that
patience is measured; and that who asked in vain asks of two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hansa.sim.models.calendar import Calendar, Numbers
from hansa.sim.models.chance import below
from hansa.sim.models.graph import Mask, Positions
from hansa.sim.models.travel import GRAIN, Net

KINDS = ("settled", "compare", "sums", "held", "fetch", "record")
"""What can be due."""

LOOKS = 100
"""Milliseconds between looks at links whose nodes have the word for `lead_ms`: most of these have it at both ends."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The numbers of anti-entropy that the model has, with its meanings, in milliseconds.

    Attributes:
        slow_ms: time between two comparisons over a link on which nothing was missing lately.
        soon_ms: after which time a node to which something was brought compares with the others.
        patience_ms: how long an asked neighbour may take before another one is asked.
        lead_ms: how long gossip is left to bring a record to the neighbours, before comparing does.
    """

    slow_ms: int = 5_000
    soon_ms: int = 300
    patience_ms: int = 1_000
    lead_ms: int = 500

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        for one in fields(self):
            if getattr(self, one.name) < 1 or getattr(self, one.name) % GRAIN:
                raise ValueError(f"{one.name} must be a multiple of {GRAIN}, and at least that")


class Comparing:
    """Comparisons about one word.

    Attributes:
        brought: nodes to which the word came by this first.
        copies: times that it came by this; `sent` times that it was sent.
    """

    def __init__(
        self,
        net: Net,
        pace: Pace,
        chance: np.random.Generator,
        calendar: Calendar,
        has: Callable[[NDArray[np.integer]], Mask],
    ) -> None:
        """Begins with no comparison under way.

        Args:
            net: the links.
            pace: how often.
            chance: decides when, and what is lost.
            calendar: where what is to come is noted; whoever runs it hands it back to `due`.
            has: says which of some nodes have the word.
        """
        self._net, self._pace, self._chance, self._calendar, self._has = net, pace, chance, calendar, has
        self._owners = net.graph.owners()
        self._patient = np.zeros(net.graph.nodes, np.int64)
        self.brought = np.zeros(net.graph.nodes, np.bool_)
        self.copies = self.sent = 0

    def had(self, nodes: Numbers, now: int) -> None:
        """Nodes have the word from now on."""
        at = now + self._pace.lead_ms + LOOKS
        self._calendar.put("settled", np.full(nodes.size, at - at % LOOKS), nodes)  # 5

    def due(self, kind: str, now: int, columns: tuple[Numbers, ...]) -> Positions:
        """Takes what is due; returns the positions at whose owners the word came, new or not."""
        if kind == "record":
            self.copies += columns[0].size
            return columns[0]
        getattr(self, "_" + kind)(now, *columns)
        return np.empty(0, np.int64)

    def came(self, nodes: Numbers, now: int) -> None:
        """Nodes have the word by this, and had it not before."""
        self.brought[nodes] = True
        self._begin(nodes, now, self._pace.soon_ms)  # 4

    def _send(self, kind: str, now: int, positions: Positions, *columns: Numbers) -> None:
        come = self._net.arrives(positions, self._chance)
        times = (now + self._net.latency[positions])[come]
        self._calendar.put(kind, times, self._net.mirrors[positions[come]], *(column[come] for column in columns))

    def _settled(self, now: int, nodes: Numbers) -> None:
        self._begin(nodes, now, 0)

    def _begin(self, nodes: Numbers, now: int, soon: int) -> None:
        rows = self._net.graph.rows(nodes.astype(np.int32))
        rows = self._unlike(rows)
        theirs = self._net.mirrors[rows]
        self._calendar.put("compare", now + (np.full(rows.size, soon) if soon else self._wait(rows.size)), rows)
        self._calendar.put("compare", now + self._wait(theirs.size), theirs)

    def _wait(self, size: int) -> Numbers:
        """Returns times until the next comparison, seen from any moment."""
        slow = self._pace.slow_ms // GRAIN
        wait: Numbers = GRAIN * (1 + below(self._chance, slow + below(self._chance, slow // 4 + 1, size), size))
        return wait

    def _unlike(self, positions: Positions) -> Positions:
        """Returns the positions of living links of which one end has the word only."""
        peers = self._net.graph.peers[positions]
        unlike: Positions = positions[self._net.alive[peers] & (self._has(peers) != self._has(self._owners[positions]))]
        return unlike

    def _compare(self, now: int, at: Positions) -> None:  # 1
        at = self._unlike(at)
        self._send("sums", now, at, self._has(self._owners[at]).astype(np.int64))
        slow = self._pace.slow_ms // GRAIN
        self._calendar.put("compare", now + GRAIN * (slow + below(self._chance, slow // 4 + 1, at.size)), at)

    def _sums(self, now: int, at: Positions, theirs: Numbers) -> None:  # 2
        mine = self._has(self._owners[at])
        at = at[mine != theirs]
        self._send("held", now, at, mine[mine != theirs].astype(np.int64))

    def _held(self, now: int, at: Positions, theirs: Numbers) -> None:  # 2
        mine = self._has(self._owners[at])
        told = at[mine & (theirs == 0)]
        self._send("held", now, told, np.ones(told.size, np.int64))
        at = at[~mine & (theirs == 1)]
        at = at[self._patient[self._owners[at]] <= now]  # 3
        at = at[np.unique(self._owners[at], return_index=True)[1]]
        self._patient[self._owners[at]] = now + self._pace.patience_ms
        self._send("fetch", now, at)

    def _fetch(self, now: int, at: Positions) -> None:
        self.sent += at.size
        self._send("record", now, at)
