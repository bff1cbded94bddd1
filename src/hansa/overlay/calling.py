"""Whom this node dials, and how soon again: one call to a node at a time, and a back-off that doubles to a minute."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import HOUR, MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.doing import Dial, Doing

_KEPT = 1_024


@dataclass(frozen=True, slots=True)
class Params:
    """How patient this node is with those whom it dials.

    Attributes:
        answer_ms: a call that made no link in so long has failed.
        first_ms, most_ms: wait after the first failure, and the longest; each further failure doubles it. Raising
            `most_ms` spares others, and finds again later who was away for long.
        rebuffed_ms: wait after the other end closed a link on purpose: it has enough of them.
        stable_ms: a link that stood so long makes earlier failures forgotten.
    """

    answer_ms: int = 5 * SECOND
    first_ms: int = SECOND
    most_ms: int = MINUTE
    rebuffed_ms: int = MINUTE
    stable_ms: int = 10 * SECOND

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not 100 <= self.answer_ms <= MINUTE:
            raise ValueError("answer_ms must be between 100 and a minute")
        if not 100 <= self.first_ms <= HOUR:
            raise ValueError("first_ms must be between 100 and an hour")
        if not self.first_ms <= self.most_ms <= HOUR:
            raise ValueError("most_ms must be between first_ms and an hour")
        if not 0 <= self.rebuffed_ms <= HOUR:
            raise ValueError("rebuffed_ms must be between 0 and an hour")
        if not 0 <= self.stable_ms <= HOUR:
            raise ValueError("stable_ms must be between 0 and an hour")


@dataclass(slots=True)
class _Line:
    """Calls to one node: failures in a row, when it may be called again, until when a call runs (0: none does)."""

    failures: int = 0
    not_before: int = 0
    until: int = 0
    at: int = 0


class Calls:
    """Calls by node."""

    def __init__(self, params: Params, rng: Rng) -> None:
        """Begins with no call made."""
        self._params = params
        self._rng = rng
        self._lines: dict[NodeId, _Line] = {}

    def is_running(self, whom: NodeId) -> bool:
        """Says whether a call to a node is under way."""
        line = self._lines.get(whom)
        return line is not None and line.until > 0

    def running(self, now: Instant, younger_ms: int) -> list[NodeId]:
        """Returns whom calls are under way to that began less than so long ago."""
        return [whom for whom, line in self._lines.items() if line.until and now - line.at < younger_ms]

    def may(self, whom: NodeId, now: Instant) -> bool:
        """Says whether a node may be called now."""
        line = self._lines.get(whom)
        return line is None or (not line.until and now >= line.not_before)

    def place(self, whom: NodeId, urls: tuple[str, ...], now: Instant, doing: Doing, urgent: bool = False) -> bool:
        """Calls a node; False, and nothing is done, without an address, during a call, and before its back-off is over.

        Args:
            urgent: to find out whether it lives: its back-off does not hold, but a pause of `first_ms` does.
        """
        line = self._lines.get(whom)
        if not urls or (line is not None and line.until):
            return False
        if line is not None and now < (
            min(line.not_before, line.at + self._params.first_ms) if urgent else line.not_before
        ):
            return False
        if line is None:
            self._forget(now)
            line = self._lines[whom] = _Line()
        line.at, line.until = now, now + self._params.answer_ms
        doing.dials.append(Dial(whom, urls))
        return True

    def linked(self, whom: NodeId) -> bool:
        """A link stands, whoever made it; says whether a call of this node was under way."""
        line = self._lines.get(whom)
        if line is None or not line.until:
            return False
        line.until = 0
        return True

    def lost(self, whom: NodeId, stood_ms: int, on_purpose: bool, now: Instant) -> None:
        """A link ended that stood for so long; `on_purpose` is that of the other end."""
        line = self._lines.setdefault(whom, _Line())
        if on_purpose:
            line.not_before = now + self._params.rebuffed_ms
        elif stood_ms >= self._params.stable_ms:
            line.failures, line.not_before = 0, 0
        else:
            self._failed(line, now)

    def overdue(self, now: Instant) -> list[NodeId]:
        """Returns whom calls failed to, and ends those calls."""
        failed = [whom for whom, line in self._lines.items() if line.until and now >= line.until]
        for whom in failed:
            self._failed(self._lines[whom], now)
        return failed

    def _failed(self, line: _Line, now: Instant) -> None:
        wait = min(self._params.most_ms, self._params.first_ms << min(line.failures, 16))
        line.failures, line.until = line.failures + 1, 0
        line.not_before = now + wait // 2 + self._rng.below(wait // 2 + 1)

    def _forget(self, now: Instant) -> None:
        if len(self._lines) >= _KEPT:
            self._lines = {whom: line for whom, line in self._lines.items() if line.until or line.not_before > now}
