"""What processes of one node on one database tell each other with each commit: the keys that it touched.

1. A commit adds a row: its number, which process made it, and its keys (`node.touched`). Numbers come in the order
   of commits and without a gap, since a writing transaction holds a lock until its end (`postgres_session`).
2. Whoever writes reads first, in the same transaction, what the others have added since a batch was decided on. A batch
   that rests on a key which they touched is not made: `Busy`, and nothing of it is written.
3. Listeners are woken by the commit itself (`NOTIFY`).

The last `KEPT` rows are kept; a process that fell behind further than that must be started anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hansa.adapters.store.grouping import Handed, Outcomes
from hansa.adapters.store.prepared import Fetched
from hansa.kernel.errors import Busy, Fault
from hansa.node.touched import rests_on, touches

CHANNEL = "hansa_commits"

KEPT = 50_000
"""Commits that are remembered: minutes of a busy hub."""

_TRIM_EVERY = 1_000

TABLE = """
CREATE TABLE IF NOT EXISTS commits (
    number bigint PRIMARY KEY, process bigint NOT NULL, keys text COLLATE "C" NOT NULL
)"""
_ADD = """
INSERT INTO commits (number, process, keys) SELECT coalesce(max(number), 0) + 1, $1, $2 FROM commits RETURNING number
"""
_TELL = f"SELECT pg_notify('{CHANNEL}', coalesce(current_schema(), ''))"
_SINCE = "SELECT number, process, keys FROM commits WHERE number > $1 ORDER BY number LIMIT $2"
_LAST = "SELECT coalesce(max(number), 0) AS last FROM commits"
_TRIM = f"DELETE FROM commits WHERE number <= $1 - {KEPT}"  # noqa: S608

Ask = Callable[..., Sequence[Fetched]]
"""Runs a statement given as text, with its values."""


class Commits:
    """The commits of all processes, as one of them sees them."""

    def __init__(self, process: int, ask: Ask) -> None:
        """Asks over a connection of the caller's.

        Args:
            process: a number that no other process has.
        """
        self._process = process
        self._ask = ask

    def last(self) -> int:
        """Returns the number of the last commit."""
        return int(self._ask(_LAST)[0]["last"])

    def others(self, since: int, most: int = KEPT) -> tuple[int, dict[str, int]]:
        """Returns the number of the last commit after `since`, and each key that others touched, with when.

        Args:
            most: commits that are looked at.

        Raises:
            Fault: some of them are not remembered any more.
        """
        rows = self._ask(_SINCE, since, most)
        if not rows:
            return since, {}
        if rows[0]["number"] > since + 1:
            raise Fault("this process fell too far behind the others of its node: start it anew")
        touched = {key: row["number"] for row in rows if row["process"] != self._process for key in _keys(row)}
        return rows[-1]["number"], touched

    def overtaken(self, group: Sequence[Handed]) -> Outcomes:
        """Returns for each batch why it may not be made any more, or None."""
        _, touched = self.others(min(one.since for one in group))
        if not touched:
            return [None] * len(group)
        return [_late(one, touched) for one in group]

    def add(self, made: Sequence[Handed]) -> None:
        """Tells of batches that the present transaction makes."""
        keys = dict.fromkeys(key for one in made for change in one.changes for key in touches(change))
        if not keys:
            return  # lines of the journal, notes of agents: nobody decides by them
        number = self._ask(_ADD, self._process, json.dumps(list(keys)))[0]["number"]
        self._ask(_TELL)
        if number % _TRIM_EVERY == 0:
            self._ask(_TRIM, number)


def _keys(row: Fetched) -> Iterable[str]:
    found: Any = json.loads(row["keys"])
    return map(str, found)


def _late(batch: Handed, touched: dict[str, int]) -> Busy | None:
    for change in batch.changes:
        for key in rests_on(change):
            if touched.get(key, 0) > batch.since:
                return Busy(f"another process of this node was faster ({key.partition(' ')[0]}): try again")
    return None
