"""Who is asked for a task: those that can, in the order in which they are asked, each with why (S2, S12).

A node is not asked, by the first of these that holds:

1. this node deals with it no more, or is banned from dealing with it
2. it gave a wrong result before
3. it does not say that it can
4. it grants this node no task (where there is an agreement that says how many)

The others are asked in this order:

1. those that the operator invited, then those that have dealt well, then strangers
2. the shortest queue: what runs and waits there, for each of its places
3. the most trust
4. the shortest way, in milliseconds
5. by id, so that every run comes to the same
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from hansa.kernel.ids import NodeId


class Standing(IntEnum):
    """What this node knows of another one."""

    BARRED = 0
    STRANGER = 1
    KNOWN = 2
    INVITED = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may be asked.

    Attributes:
        can: names of what it says it can.
        places, queue: as it says.
        trust: thousandths. latency_ms: of the way there.
        wrong: results of its that were found wrong here.
        quota: tasks that an agreement grants; None where there is none.
    """

    node: NodeId
    can: tuple[str, ...]
    standing: Standing
    places: int = 1
    queue: int = 0
    trust: int = 0
    latency_ms: int = 0
    wrong: int = 0
    quota: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A candidate with why it stands where it stands; `fit` says whether it is asked at all."""

    node: NodeId
    fit: bool
    why: str


def place(needs: Sequence[str], candidates: Sequence[Candidate]) -> list[Placed]:
    """Returns all candidates: those that are asked first, in that order, then the others.

    Args:
        needs: names of capabilities, all of which it takes.
    """
    fit, unfit = [], []
    for one in candidates:
        why = _unfit(needs, one)
        if why:
            unfit.append(Placed(one.node, False, why))
        else:
            fit.append(one)
    ordered = sorted(fit, key=lambda one: (-one.standing, _queue(one), -one.trust, one.latency_ms, one.node))
    return [Placed(one.node, True, _why(one)) for one in ordered] + sorted(unfit, key=lambda one: one.node)


def _queue(one: Candidate) -> int:
    """Returns thousandths of a task that wait or run for each place."""
    return one.queue * 1_000 // max(1, one.places)


def _unfit(needs: Sequence[str], one: Candidate) -> str:
    if one.standing is Standing.BARRED:
        return "this node deals with it no more"
    if one.wrong:
        return f"{one.wrong} of its results were wrong"
    missing = [name for name in needs if name not in one.can]
    if missing:
        return f"does not say that it can: {', '.join(missing)}"
    if one.quota is not None and one.quota < 1:
        return "grants no more tasks"
    return ""


def _why(one: Candidate) -> str:
    return (
        f"{one.standing.name.lower()}, {one.queue} run or wait in {one.places} places, trust {one.trust},"
        f" {one.latency_ms} ms away"
    )


def agreed(values: Sequence[tuple[str, ...]], least: int) -> tuple[str, ...] | None:
    """Returns the result that at least `least` of several nodes came to, and more than any other; None for none."""
    counts: dict[tuple[str, ...], int] = {}
    for one in values:
        counts[one] = counts.get(one, 0) + 1
    ranked = sorted(counts.values(), reverse=True)
    if not ranked or ranked[0] < least or (len(ranked) > 1 and ranked[0] == ranked[1]):
        return None
    return next(one for one, many in counts.items() if many == ranked[0])
