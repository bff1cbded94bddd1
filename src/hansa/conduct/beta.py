"""How sure one may be that somebody deals well: the lower end of a Beta posterior, exact in integers.

After g good and b bad dealings and nothing known before (Bayes' uniform prior), the share of good ones is distributed
as Beta(1 + g, 1 + b). For whole parameters its distribution function is a tail of the binomial one,

    P(share <= x) = P(Binomial(g + b + 1, x) >= g + 1)

(NIST Digital Library of Mathematical Functions, 8.17.5), so that with x = k/1000 both sides are whole numbers over
1000^(g+b+1), and "the lower end is at least k/1000" is decided without rounding, alike on every machine.

>>> lower_bound(0, 0), lower_bound(3, 0), lower_bound(15, 0), lower_bound(16, 0), lower_bound(16, 1)
(0, 397, 794, 804, 727)
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from math import comb

SCALE = 1_000
"""A bound is given in thousandths."""

TAIL = 40
"""One in how many: the chance that the true share lies below the bound, as in a two-sided 95 % interval."""


def is_at_least(good: int, bad: int, thousandths: int) -> bool:
    """Says whether the share of good dealings lies above so many thousandths, but for one chance in `TAIL`."""
    trials, least = good + bad + 1, good + 1
    tail: int = sum(
        comb(trials, k) * thousandths**k * (SCALE - thousandths) ** (trials - k) for k in range(least, trials + 1)
    )
    whole: int = SCALE**trials
    return tail * TAIL <= whole


@lru_cache(maxsize=16_384)
def lower_bound(good: int, bad: int) -> int:
    """Returns the greatest number of thousandths for which `is_at_least` holds; 0 where nothing good is known.

    Raises:
        ValueError: a number is negative.
    """
    if good < 0 or bad < 0:
        raise ValueError(f"{good} good and {bad} bad dealings")
    if not good:
        return 0
    return bisect_left(range(1, SCALE + 1), True, key=lambda k: not is_at_least(good, bad, k))
