"""What others have on offer and ask for, as they say it over the overlay: the last word of each, while it is fresh.

It is word, and lasts as long as word does (`admission.window_ms`): whoever still means it says it again. Nothing here
is believed: a lender grants what it likes, and what it does not grant is asked for elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.identity.envelope import Verified
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.market.messages import OFFERS, read_offers, read_requests
from hansa.market.model import Offer, Request

MAX_TRADERS = 1_024
"""Nodes of which word is held; of more, the one that was silent longest is forgotten."""


@dataclass(frozen=True, slots=True)
class _Said:
    number: int
    until: Instant
    what: tuple[Offer, ...] | tuple[Request, ...]


class Bazaar:
    """The words of others."""

    def __init__(self, window_ms: int) -> None:
        """Has heard nothing.

        Args:
            window_ms: how long a word is fresh.
        """
        self._window = window_ms
        self._offers: dict[NodeId, _Said] = {}
        self._requests: dict[NodeId, _Said] = {}
        self.changes = 0

    def heard(self, said: Verified) -> None:
        """Takes in a word; one that is older than what its author said last changes nothing.

        Raises:
            Refused: BAD_BODY, when something in it makes no sense, or is there twice.
        """
        author, header = said.author, said.header
        what: tuple[Offer, ...] | tuple[Request, ...]
        if header.kind == OFFERS:
            table, what = self._offers, read_offers(author, said.body)
        else:
            table, what = self._requests, read_requests(author, said.body)
        last = table.get(author)
        if last is not None and last.number >= header.seq:
            return
        table.pop(author, None)
        table[author] = _Said(header.seq, Instant(header.created + self._window), what)
        while len(table) > MAX_TRADERS:
            del table[next(iter(table))]
        self.changes += 1

    def forget(self, whom: NodeId) -> None:
        """Forgets what a node said."""
        held = [table.pop(whom, None) for table in (self._offers, self._requests)]
        self.changes += any(one is not None for one in held)

    def offers(self, now: Instant) -> list[Offer]:
        """Returns what others have on offer: not over, and not all lent."""
        found = [one for said in self._fresh(self._offers, now) for one in said.what]
        return [one for one in found if isinstance(one, Offer) and one.amount > 0 and one.window.ends > now]

    def requests(self, now: Instant) -> list[Request]:
        """Returns what others ask for, as far as it can still be met."""
        found = [one for said in self._fresh(self._requests, now) for one in said.what]
        return [one for one in found if isinstance(one, Request) and one.window.ends - one.lasts > now]

    def _fresh(self, table: dict[NodeId, _Said], now: Instant) -> list[_Said]:
        for author in [author for author, one in table.items() if now >= one.until]:
            del table[author]
        return list(table.values())
