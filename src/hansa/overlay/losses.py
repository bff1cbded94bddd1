"""Whether frames are lost on their way here, as the words show that neighbours say and do not say (no frame for it).

A neighbour says of each word, once, that it has it (`overlay.audit`). Who says a word and did not say one before it has
left a gap, and a gap is what a lost frame leaves. Who is dead or silent leaves none, as nothing comes after. Who says
less than half has reasons of its own, such as taking fewer authors' words, and tells nothing about the way.

A neighbour can leave gaps by will. What it gains by that is small: see `overlay.neighbours`.

>>> gaps(5, 0b01101), gaps(5, 0b01100), gaps(5, 0)
((5, 2), (3, 1), (0, 0))
"""

from __future__ import annotations

from collections.abc import Iterable


def gaps(due: int, said: int) -> tuple[int, int]:
    """Returns how many of the last words due to us came before one that was said, it included, and how many did not.

    Args:
        due: words that a neighbour should have said.
        said: which of those it said, as bits, the last one as the lowest.
    """
    if not said:
        return 0, 0
    since = (said & -said).bit_length() - 1
    return due - since, due - since - said.bit_count()


def are_lost(told: Iterable[tuple[int, int]], share: int, least: int) -> bool:
    """Says whether frames are lost, by the gaps of all neighbours.

    Args:
        told: for each neighbour what `gaps` makes of it.
        share: thousandths of what neighbours should have said that are missing at least.
        least: words that they should have said, of all together, before anything is concluded.
    """
    words = missing = 0
    for its, gone in told:
        if 2 * gone <= its:
            words += its
            missing += gone
    return words >= least and missing * 1000 >= share * words
