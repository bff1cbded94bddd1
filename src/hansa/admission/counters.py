"""Counters that balance (reliability goal L7): received = admitted + ignored(reason) + rejected(reason)."""

from __future__ import annotations

from collections import Counter

from hansa.kernel.verdict import Reason, Verdict


class Counters:
    """Counts every message once when it comes in and once when its fate is known."""

    def __init__(self) -> None:
        """Starts at zero."""
        self.received = 0
        self.admitted = 0
        self.refused: Counter[Reason] = Counter()

    def came_in(self) -> None:
        """Counts a message before anything is known of it."""
        self.received += 1

    def ended(self, reason: Reason | None) -> None:
        """Counts the fate of a message: None for an accepted one, else the reason why it was stopped."""
        if reason is None:
            self.admitted += 1
        else:
            self.refused[reason] += 1

    @property
    def balanced(self) -> bool:
        """Says whether every message that came in has exactly one fate."""
        return self.received == self.admitted + self.refused.total()

    def table(self) -> dict[str, object]:
        """Returns the counts by verdict and reason code, for views and metrics."""
        by_verdict = {
            verdict: {r.code: n for r, n in sorted(self.refused.items(), key=_code) if r.verdict is verdict}
            for verdict in (Verdict.IGNORE, Verdict.REJECT)
        }
        return {
            "received": self.received,
            "admitted": self.admitted,
            "ignored": by_verdict[Verdict.IGNORE],
            "rejected": by_verdict[Verdict.REJECT],
            "balanced": self.balanced,
        }


def _code(item: tuple[Reason, int]) -> str:
    return item[0].code
