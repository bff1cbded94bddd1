"""The operator's hand on the outbox: what waits, giving it up, trying again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Box
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import Change, OutboxRow, PutOutbox

OVER_LINKS = "overlay:"
"""How the address begins of what is for a node, wherever it is, and goes along a route (`node.answering`)."""

STATES = ("pending", "refused", "dropped", "delivered")
LIMIT = 10_000


def over_links(node: NodeId) -> str:
    """Returns the address of a node in the overlay."""
    return OVER_LINKS + node


def node_in(url: str) -> NodeId | None:
    """Returns the node that an address of the overlay names; None for any other address."""
    return NodeId(url.removeprefix(OVER_LINKS)) if url.startswith(OVER_LINKS) else None


class Outbox:
    """Deliveries of one node; bringing them is the publisher's."""

    def __init__(self, core: Core) -> None:
        """Works on the core's store."""
        self._core = core

    def rows(self, states: Sequence[str], url: str = "", record: str = "") -> list[OutboxRow]:
        """Returns deliveries in some states, oldest first.

        Args:
            url: only to this address.
            record: only of records, or about skills, whose id starts so.
        """
        found = [row for state in states for row in self._core.store.outbox(state, LIMIT)]
        return [row for row in found if (not url or row.url == url) and self._about(row, record)]

    def subject(self, row: OutboxRow) -> str:
        """Returns the skill that a delivery is about; "" for none."""
        record = self._core.store.record(row.record)
        return record.subject if record else ""

    async def drop(self, rows: Sequence[OutboxRow]) -> None:
        """Gives deliveries up: they are not tried again by themselves. What arrived already stays there."""
        effects = Effects()
        for row in rows:
            effects.changes.append(PutOutbox(replace(row, state="dropped", at=self._core.now())))
            effects.changes.append(self._note(row, f"given up by the operator after {row.tries} tries to {row.url}"))
            effects.show(Kind.DELIVERY_DROPPED, row.record, f"given up after {row.tries} tries", url=row.url)
        await self._core.driver.perform(effects)

    async def again(self, rows: Sequence[OutboxRow]) -> None:
        """Puts deliveries back among those that wait, and wakes who brings them."""
        changes = [PutOutbox(replace(row, state="pending", at=self._core.now())) for row in rows]
        await self._core.driver.perform(Effects(list(changes)))
        self._core.driver.outbox_filled.set()

    def _about(self, row: OutboxRow, start: str) -> bool:
        return not start or row.record.startswith(start) or self.subject(row).startswith(start)

    def _note(self, row: OutboxRow, text: str) -> Change:
        return self._core.driver.note(self.subject(row) or row.record, Box.SEND, None, None, text)
