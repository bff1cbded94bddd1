"""One member as this node sees it: where it is in its life, and what it last said of itself.

      alive ──doubted──▶ suspect ──timed out──▶ dead
        ▲ ▲                 │                    │
        │ └──────shown──────┘                    │      shown: it answered, or said something newer of itself
        └────────────────shown───────────────────┘

From each phase, a goodbye leads to left, and nothing heard for long to unheard; being shown leads back from both. The
incarnation rules are SWIM's (Das, Gupta and Motivala 2002): words are ordered by (incarnation, sequence number), and a
doubt that began at an incarnation is ended by a word of a higher one, which only the member itself can sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.presence import Presence


class Phase(StrEnum):
    """Where a member is in its life."""

    ALIVE = "alive"
    SUSPECT = "suspect"
    DEAD = "dead"
    LEFT = "left"
    UNHEARD = "unheard"


_THERE = (Phase.ALIVE, Phase.SUSPECT)


class Turn(StrEnum):
    """What moves a member on."""

    SHOWN = "shown"  # a link to it stands, it answered, or it spoke anew
    DOUBTED = "doubted"  # this node's own probe failed, directly and through others
    TIMED_OUT = "timed out"  # doubted for as long as the formula says, and probed in vain meanwhile
    GOODBYE = "goodbye"  # it said that it goes
    FADED = "faded"  # its presence is too old


TABLE: dict[tuple[Phase, Turn], Phase] = {
    (Phase.ALIVE, Turn.SHOWN): Phase.ALIVE,
    (Phase.ALIVE, Turn.DOUBTED): Phase.SUSPECT,
    (Phase.ALIVE, Turn.GOODBYE): Phase.LEFT,
    (Phase.ALIVE, Turn.FADED): Phase.UNHEARD,
    (Phase.SUSPECT, Turn.SHOWN): Phase.ALIVE,
    (Phase.SUSPECT, Turn.TIMED_OUT): Phase.DEAD,
    (Phase.SUSPECT, Turn.GOODBYE): Phase.LEFT,
    (Phase.SUSPECT, Turn.FADED): Phase.UNHEARD,
    (Phase.DEAD, Turn.SHOWN): Phase.ALIVE,
    (Phase.DEAD, Turn.GOODBYE): Phase.LEFT,
    (Phase.LEFT, Turn.SHOWN): Phase.ALIVE,
    (Phase.UNHEARD, Turn.SHOWN): Phase.ALIVE,
    (Phase.UNHEARD, Turn.GOODBYE): Phase.LEFT,
}
"""The phase after a turn. What is not in it can't happen: nobody dies who was not doubted first."""


class WrongTurn(ValueError):
    """A member was to be moved on in a way that the table does not have; nothing has changed."""


@dataclass(slots=True)
class Member:
    """A member's record.

    Attributes:
        since: when it came into its phase.
        incarnation, seq: of the newest word that it said of itself; seq is -1 before the first.
        heard: when that word came, or when it was last shown otherwise.
        said: what it says of itself; None before its first word.
        urls: where it was reached or says that it can be reached.
    """

    id: NodeId
    since: Instant
    heard: Instant
    phase: Phase = Phase.ALIVE
    incarnation: int = 0
    seq: int = -1
    said: Presence | None = None
    urls: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Says whether it counts as a member: doubt alone removes nobody."""
        return self.phase in _THERE

    def turn(self, turn: Turn, now: Instant) -> bool:
        """Moves it on; says whether its phase changed.

        Raises:
            WrongTurn: the table has no such turn.
        """
        after = TABLE.get((self.phase, turn))
        if after is None:
            raise WrongTurn(f"{self.phase} and {turn}")
        if turn is Turn.SHOWN:
            self.heard = now
        if after is self.phase:
            return False
        self.phase, self.since = after, now
        return True

    def is_newer(self, presence: Presence, seq: int) -> bool:
        """Says whether a word is newer than what is known."""
        return (presence.incarnation, seq) > (self.incarnation, self.seq)
