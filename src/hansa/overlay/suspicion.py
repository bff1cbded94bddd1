"""How long a doubt lasts before it is a verdict: Lifeguard's formula (Dadgar, Phillips and Currey 2017, section IV).

    low     = multiplier · max(1, log10 n) · probe interval
    high    = stretch · low
    timeout = max(low, high - (high - low) · log(c + 1) / log(k + 1))

n nodes take part, c of k independent confirmations have come. Without any, whoever doubts may itself be the one who is
slow, and waits long; each further node that tried in vain shortens the wait, the first the most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Params:
    """How patient a doubt is.

    Attributes:
        multiplier: low, in probe intervals and decades of nodes. Raising it gives the doubted more time to answer, and
            makes each failure seen later.
        stretch: high as a multiple of low. Raising it protects others better from a slow node that doubts alone.
        confirmations: k; more than so many count for nothing. Raising it asks more of those who agree.
    """

    multiplier: int = 4
    stretch: int = 6
    confirmations: int = 3

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not 1 <= self.multiplier <= 100:
            raise ValueError("multiplier must be between 1 and 100")
        if not 1 <= self.stretch <= 100:
            raise ValueError("stretch must be between 1 and 100")
        if not 0 <= self.confirmations <= 100:
            raise ValueError("confirmations must be between 0 and 100")


def timeout_ms(params: Params, nodes: int, confirmed: int, interval_ms: int) -> int:
    """Returns how many milliseconds a doubt lasts in all, counted from its beginning.

    Args:
        nodes: who could confirm or answer: n.
        confirmed: independent confirmations so far: c.

    >>> [timeout_ms(Params(), 10, confirmed, 1_000) for confirmed in range(5)]
    [24000, 14000, 8150, 4000, 4000]
    """
    low = round(params.multiplier * max(1.0, math.log10(max(1, nodes))) * interval_ms)
    high = params.stretch * low
    if params.confirmations == 0:
        return low
    share = math.log(confirmed + 1) / math.log(params.confirmations + 1)
    return max(low, round(high - (high - low) * share))
