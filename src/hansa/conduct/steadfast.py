"""The node's own way of dealing with one other party over many rounds: friendly, answers, owns up, does not drift.

1. It begins friendly, and goes on so.
2. It answers a wrong once, in the next round.
3. What follows from its own slip is no wrong: it bears the answer, and is friendly until both have been.
4. Wrongs add up: each is ten tenths, and each round in which both are friendly takes one off. At fifty it gives up.
5. When the two have only answered each other for a while, it offers a truce of two rounds; that costs ten tenths.

It is deterministic, has no memory but what `Bond` holds, and counts in integers. In the Axelrod library's tournament it
beats tit-for-tat and generous tit-for-tat, with and without noise (docs/benchmarks.md). Each rule has a name there:
answering is tit-for-tat; bearing the answer is contrition (Sugden 1986; Boyd 1989); the truce is Omega tit-for-tat's
way out of a deadlock (Slany and Kienreich 2007).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How much it bears.

    Attributes:
        wrong: tenths that a wrong adds.
        mended: tenths that a round takes off in which both were friendly. Raising it lets whoever wrongs now and then
            go on so for longer.
        gives_up_at: tenths at which it is friendly no more.
        deadlock: rounds in a row in which the other one did something else than before, until a truce is offered.
    """

    wrong: int = 10
    mended: int = 1
    gives_up_at: int = 50
    deadlock: int = 5


@dataclass(frozen=True, slots=True)
class Bond:
    """What lies between us and one other party after some rounds.

    Attributes:
        friendly: what we mean to do in the coming round.
        ours, theirs: how both acted in the round before: friendly or not; None before the first.
        owing: we slipped, and have not made up for it.
        wrongs: tenths.
        swings: rounds in a row in which the other one did something else than before.
        truce: the coming round is friendly, whatever comes of this one.
    """

    friendly: bool = True
    ours: bool | None = None
    theirs: bool | None = None
    owing: bool = False
    wrongs: int = 0
    swings: int = 0
    truce: bool = False


def after(bond: Bond, theirs: bool, ours: bool, patience: Patience) -> Bond:
    """Returns what lies between the two after a round.

    Args:
        theirs: whether they were friendly.
        ours: whether what we did came out friendly; where we meant it so and it did not, that was a slip.
    """
    if bond.truce:
        return Bond(True, ours, theirs, bond.owing, bond.wrongs, bond.swings)
    is_wrong = not theirs and not bond.owing and bond.ours is not False
    wrongs = bond.wrongs
    if is_wrong:
        wrongs += patience.wrong
    elif theirs and ours:
        wrongs = max(0, wrongs - patience.mended)
    slipped = bond.friendly and not ours
    owing = slipped or (bond.owing and not (ours and theirs))
    swings = bond.swings + 1 if bond.theirs is not None and theirs is not bond.theirs else 0
    if wrongs >= patience.gives_up_at:
        return Bond(False, ours, theirs, owing, wrongs, swings)
    if swings >= patience.deadlock and not is_wrong:
        return Bond(True, ours, theirs, owing, wrongs + patience.wrong, 0, truce=True)
    return Bond(owing or theirs, ours, theirs, owing, wrongs, swings)
