"""Who votes: a list of nodes with an epoch, and how many of them must agree.

1. Of n members up to f = (n - 1) // 3 may lie or be silent (n >= 3f + 1; Castro and Liskov, "Practical Byzantine Fault
   Tolerance", OSDI 1999).
2. n - f must say the same for it to count: any two such groups have more than f members in common, so that at least one
   honest member would have had to say both.
3. A roster follows another one: its epoch is one higher, and enough of both have agreed to it.

A roster is known by its id, which covers members, epoch and what it follows: nobody can name other members under it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.verdict import Reason

MOST = 256
"""Members of a roster: each decision carries a signature of two thirds of them."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who votes.

    Attributes:
        members: node ids, each once, in order.
        epoch: 1 for the first roster, one more for each that follows.
        follows: id of the one before; "" for the first.
    """

    members: tuple[NodeId, ...]
    epoch: int = 1
    follows: str = ""

    def check(self) -> None:
        """Refuses what is no roster.

        Raises:
            Refused: BAD_BODY.
        """
        if not 1 <= len(self.members) <= MOST or list(self.members) != sorted(dict.fromkeys(self.members)):
            raise Refused(Reason.BAD_BODY, f"a roster has 1 to {MOST} members, each once, in order")
        if self.epoch < 1 or (self.epoch == 1) is not (not self.follows):
            raise Refused(Reason.BAD_BODY, "the first roster has epoch 1 and follows none; every other follows one")

    @property
    def id(self) -> ContentId:
        """What the roster is known by."""
        return content_id(canonical.encode(["hansa-roster-1", self.epoch, self.follows, list(self.members)]))

    @property
    def liars(self) -> int:
        """How many members may lie or be silent without harm: f."""
        return (len(self.members) - 1) // 3

    @property
    def quorum(self) -> int:
        """How many members must say the same: n - f.

        >>> [Roster(tuple(map(str, range(n)))).quorum for n in (1, 2, 3, 4, 7, 10)]
        [1, 2, 3, 3, 5, 7]
        """
        return len(self.members) - self.liars

    def succeeded(self, members: tuple[NodeId, ...]) -> Roster:
        """Returns the roster that would follow with other members."""
        return Roster(tuple(sorted(members)), self.epoch + 1, self.id)
