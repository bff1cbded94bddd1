"""Records that gossip is taking to the neighbours just now: for a moment, comparing leaves them to it."""

from __future__ import annotations

from hansa.kernel.instant import Instant

MOST = 10_000
"""Records that are remembered; of more, the first ones are not."""


class UnderWay:
    """Ids of the last moment."""

    def __init__(self, lead: int) -> None:
        """Begins with none.

        Args:
            lead: milliseconds that gossip has.
        """
        self._lead = lead
        self._since: dict[bytes, Instant] = {}

    def add(self, id_: bytes, now: Instant) -> None:
        """Notes that gossip has begun to take a record on."""
        while self._since:
            first = next(iter(self._since))
            if len(self._since) < MOST and self._is(first, now):
                break
            del self._since[first]
        self._since[id_] = now

    def others(self, ids: list[bytes], now: Instant) -> list[bytes]:
        """Returns those ids that are not under way."""
        return [id_ for id_ in ids if not self._is(id_, now)]

    def _is(self, id_: bytes, now: Instant) -> bool:
        since = self._since.get(id_)
        return since is not None and since + self._lead > now
