"""Why there is no link to somebody: what came of the last call to it, for its operator to read."""

from __future__ import annotations

from hansa.kernel.ids import NodeId

MOST = 256
"""Nodes of which it is remembered."""


class NoLinks:
    """What came of calls that made no link, by node."""

    def __init__(self) -> None:
        """Has heard of none."""
        self._why: dict[NodeId, str] = {}

    def failed(self, whom: NodeId, why: str) -> None:
        """Notes why a call made no link; of the nodes beyond `MOST` the one noted longest ago is forgotten."""
        self._why.pop(whom, None)
        self._why[whom] = why
        if len(self._why) > MOST:
            del self._why[next(iter(self._why))]

    def linked(self, whom: NodeId) -> None:
        """Forgets a node that a link stands to."""
        self._why.pop(whom, None)

    def why(self, whom: NodeId) -> str:
        """Returns why the last call to a node made no link; "" where none failed."""
        return self._why.get(whom, "")
