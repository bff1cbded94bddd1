"""Everybody whom this node knows: members by id, moved on by what they say and by what is found out about them.

Rules, in order:

1. a presence counts when its (incarnation, sequence number) is above what is known; its author alone can raise either
2. a doubt is ended by a word of a higher incarnation, a death also by any newer word that comes long after it
3. without a newer presence for three periods a member that is no neighbour is unheard
4. there is room for so many members; who is gone makes room first, and nobody who is there does
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import HOUR, MINUTE, SECOND, Instant
from hansa.overlay.doing import Doing, Happened
from hansa.overlay.member import Member, Phase, Turn
from hansa.overlay.presence import Presence

_SWEEP_MS = 5 * SECOND


@dataclass(frozen=True, slots=True)
class Params:
    """How long and how many members are remembered.

    Attributes:
        period_ms: how often a member repeats its presence.
        faded_after: periods without a presence after which it is unheard. Raising it bears more loss, and keeps who
            went without a word on the list for longer.
        settle_ms: a newer word of the same incarnation revives the dead only when it comes so long after the death;
            sooner it may have been under way since before.
        forget_ms: who is gone is forgotten after so long.
        most: members that are remembered. Raising it costs memory, some 1 KB each.
    """

    period_ms: int = MINUTE
    faded_after: int = 3
    settle_ms: int = 10 * SECOND
    forget_ms: int = HOUR
    most: int = 4_096

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not SECOND <= self.period_ms <= HOUR:
            raise ValueError("period_ms must be between a second and an hour")
        if not 2 <= self.faded_after <= 100:
            raise ValueError("faded_after must be between 2 and 100")
        if not 0 <= self.settle_ms <= HOUR:
            raise ValueError("settle_ms must be between 0 and an hour")
        if self.forget_ms < self.settle_ms:
            raise ValueError("forget_ms must not be below settle_ms")
        if not 1 <= self.most <= 1_000_000:
            raise ValueError("most must be between 1 and 1000000")


class Roster:
    """Members by id, without this node itself.

    Attributes:
        due: before then nothing comes of `sweep`.
    """

    def __init__(self, me: NodeId, params: Params) -> None:
        """Begins with nobody."""
        self._me = me
        self._params = params
        self._members: dict[NodeId, Member] = {}
        self.due = 0
        self._full = False
        self._charts: dict[NodeId, dict[NodeId, None]] = {}

    def __len__(self) -> int:
        """Returns how many are remembered, gone or not."""
        return len(self._members)

    def get(self, whom: NodeId) -> Member | None:
        """Returns a member's record."""
        return self._members.get(whom)

    def all(self) -> list[Member]:
        """Returns everybody, in the order in which they were heard of first."""
        return list(self._members.values())

    def there(self) -> list[Member]:
        """Returns who counts as a member now."""
        return [one for one in self._members.values() if one.is_there]

    def charted(self, whom: NodeId, neighbours: Sequence[NodeId]) -> None:
        """A member said who its neighbours are."""
        if whom in self._members:
            self._charts[whom] = dict.fromkeys(neighbours)

    def degree(self, whom: NodeId) -> int:
        """Returns how many neighbours a member says it has; 0 where it has not said."""
        return len(self._charts.get(whom, ()))

    def are_neighbours(self, one: NodeId, other: NodeId) -> bool:
        """Says whether one of two members says that the other is its neighbour."""
        return other in self._charts.get(one, ()) or one in self._charts.get(other, ())

    def may_accuse(self, accuser: NodeId, whom: NodeId) -> bool:
        """Says whether somebody can know of a failure: a neighbour by the accused's own word, if it gave one."""
        chart = self._charts.get(whom)
        return chart is None or accuser in chart

    def met(self, whom: NodeId, urls: tuple[str, ...], now: Instant, doing: Doing) -> Member:
        """Returns the record of a node that a link stands to; its handshake proved that it lives."""
        member = self._members.get(whom)
        if member is None:
            self._make_room()
            member = self._members[whom] = Member(whom, now, now)
            doing.events.append(Happened("member_alive", whom, "met"))
        if urls and member.said is None:
            member.urls = urls
        self.turn(member, Turn.SHOWN, now, doing)
        return member

    def said(self, author: NodeId, presence: Presence, seq: int, now: Instant, doing: Doing) -> bool:
        """Takes a presence; says whether its author is new here, or back."""
        member = self._members.get(author)
        if member is None:
            if presence.leaving or not self._make_room():
                return False
            member = self._members[author] = Member(author, now, now)
            doing.events.append(Happened("member_alive", author, "presence"))
            self._take(member, presence, seq)
            return True
        if not member.is_newer(presence, seq):  # 1
            return False
        was_there, raised = member.is_there, presence.incarnation > member.incarnation
        late = now - member.since >= self._params.settle_ms
        self._take(member, presence, seq)
        if presence.leaving:
            if member.phase is not Phase.LEFT:
                self.turn(member, Turn.GOODBYE, now, doing)
            return False
        doubted = member.phase is Phase.SUSPECT or (member.phase is Phase.DEAD and not late)
        if raised or not doubted:  # 2
            self.turn(member, Turn.SHOWN, now, doing)
        return member.is_there and not was_there

    def turn(self, member: Member, turn: Turn, now: Instant, doing: Doing, why: str = "") -> None:
        """Moves a member on, and tells whoever wants to hear it.

        Raises:
            WrongTurn: its life has no such turn.
        """
        if member.turn(turn, now):
            self._full = False
            doing.events.append(Happened(f"member_{member.phase}", member.id, why or turn))

    def sweep(self, neighbours: Mapping[NodeId, object], now: Instant, doing: Doing) -> None:
        """Lets go of who was not heard of for long; looks every few seconds only."""
        if now < self.due:
            return
        self.due = now + _SWEEP_MS
        oldest = now - self._params.faded_after * self._params.period_ms
        forgotten = now - self._params.forget_ms
        for one in list(self._members.values()):
            if one.is_there:
                if one.heard < oldest and one.id not in neighbours:  # 3
                    self.turn(one, Turn.FADED, now, doing)
            elif one.since < forgotten:
                self._drop(one.id)

    @staticmethod
    def _take(member: Member, presence: Presence, seq: int) -> None:
        member.incarnation, member.seq, member.said = presence.incarnation, seq, presence
        member.urls = presence.addresses or member.urls

    def _make_room(self) -> bool:
        if len(self._members) < self._params.most:
            return True
        if self._full:
            return False
        gone = [one for one in self._members.values() if not one.is_there]
        if not gone:  # 4
            self._full = True  # looked up once, until somebody goes: a flood costs no more
            return False
        self._drop(min(gone, key=lambda one: one.since).id)
        return True

    def _drop(self, whom: NodeId) -> None:
        self._full = False
        del self._members[whom]
        self._charts.pop(whom, None)
