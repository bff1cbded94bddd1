"""Who is there: presence, failure detection, the address table and the links of one node, joined to one part (M1, M2).

It hears three things: what neighbours say on their links (`heard`), what anybody said in a signed word that gossip
brought and the inbox took (`spoken`), and that links stand or end. Of words on others these count:

1. the author is a member that is there; this node's own words that come back, and a node's word against itself, do not
2. the accused says itself that the author is its neighbour, or has not said who its neighbours are
3. where this node is accused, it answers by itself, with a higher incarnation
4. else it looks for itself (`overlay.detector`)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from hansa.kernel import wire
from hansa.kernel.canonical import Json
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import ALWAYS, NEVER, Instant
from hansa.kernel.rng import Rng
from hansa.overlay import calling, candidates, detecting, link_params, own_presence, roster
from hansa.overlay.calling import Calls
from hansa.overlay.candidates import Candidates
from hansa.overlay.detector import Detector
from hansa.overlay.doing import Doing
from hansa.overlay.first_calls import Known
from hansa.overlay.frames import Ping, Pong, Reach, Silent
from hansa.overlay.linking import Linking
from hansa.overlay.member import Member
from hansa.overlay.own_presence import Facts, OwnPresence
from hansa.overlay.presence import PRESENCE, Presence, Suspicion
from hansa.overlay.roster import Roster


@dataclass(frozen=True, slots=True)
class Params:
    """The numbers of all that membership consists of, each with its own page."""

    roster: roster.Params = field(default_factory=roster.Params)
    own: own_presence.Params = field(default_factory=own_presence.Params)
    calls: calling.Params = field(default_factory=calling.Params)
    detector: detecting.Params = field(default_factory=detecting.Params)
    table: candidates.Params = field(default_factory=candidates.Params)
    links: link_params.Params = field(default_factory=link_params.Params)

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("roster", "own", "calls", "detector", "table", "links"):
            try:
                getattr(self, name).validate()
            except ValueError as error:
                raise ValueError(f"{name}.{error}") from None


class _Anchor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    whom: NodeId
    urls: tuple[str, ...]


class Members:
    """Membership as one node sees it.

    Attributes:
        due: before then nothing comes of `tick`, as long as `awake` is called instead; worked out there, and moved up
            by whatever comes in but for pings and answers to them.
    """

    def __init__(
        self,
        me: NodeId,
        facts: Facts,
        rng: Rng,
        now: Instant,
        named: Sequence[Known] = (),
        params: Params | None = None,
    ) -> None:
        """Begins alone.

        Args:
            facts: what to say of this node.
            rng: a stream of its own.
            named: whom the operator named, or an invitation came from: dialled at the start and whenever alone.
        """
        params = params or Params()
        self._me = me
        self._left = False
        self.due = ALWAYS
        self._table = Candidates(rng.child("key").bytes(32), params.table)
        self._roster = Roster(me, params.roster)
        self._calls = Calls(params.calls, rng.child("calls"))
        self._own = OwnPresence(facts, params.own, rng.child("own"), now)
        self._detector = Detector(self._roster, self._calls, params.detector, rng.child("detector"), now)
        self._linking = Linking(self._roster, self._calls, self._table, named, params.links, rng.child("links"))
        for one in named:
            self._table.add(one.whom, one.urls, "named")

    # ---- what happens

    def linked(self, peer: NodeId, now: Instant, url: str = "", dialled: bool = False) -> Doing:
        """A link stands.

        Args:
            url: what was dialled; nothing where the other end began it.
            dialled: this node began it; a call of its own that was under way shows that too.
        """
        doing = Doing()
        self.due = ALWAYS
        own = self._calls.linked(peer) or dialled
        before = self._roster.get(peer)
        was = before.phase if before else None
        if own:
            self._table.add(peer, (url,) if url else before.urls if before else (), "link")
            self._table.answered(peer)
        member = self._roster.met(peer, (url,) if own and url else (), now, doing)
        self._detector.linked(peer, now, doing)
        self._linking.linked(peer, own, url if own else "", was, now, doing)
        if len(self._linking.links) == 1:
            self._own.arrived(now)
        if member.said is None:
            self._own.answer(1, now)
        return doing

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> Doing:
        """A link ended; `on_purpose` when an end closed it in order."""
        doing = Doing()
        self.due = ALWAYS
        self._linking.lost(peer, on_purpose, now)
        self._detector.lost(peer, on_purpose, now, doing)
        return doing

    def heard(self, peer: NodeId, frame: Ping | Pong | Reach | Silent, now: Instant) -> Doing:
        """A neighbour said something; of a node without a link nothing is heard."""
        doing = Doing()
        if peer in self._linking.links:
            self._detector.heard(peer, frame, now, doing)
            if isinstance(frame, Ping):
                if frame.doubted:
                    self._own.doubted(self._own.incarnation)
                    self.due = ALWAYS
            elif not isinstance(frame, Pong):
                self.due = ALWAYS
        return doing

    def spoken(
        self,
        author: NodeId,
        kind: str,
        body: Mapping[str, Any],
        seq: int,
        now: Instant,
        via: NodeId | None = None,
    ) -> Doing:
        """A signed word of kind "presence" or "suspicion" was taken by the inbox.

        Args:
            seq: of the envelope; later words of an author have higher ones.
            via: the neighbour that brought it: the source of the addresses in it.

        Raises:
            Refused: BAD_BODY.
        """
        doing = Doing()
        self.due = ALWAYS
        if kind == PRESENCE:
            presence = wire.parse(body, Presence)
            if author != self._me:
                self._presence(author, presence, seq, now, via, doing)
        else:
            accused = wire.parse(body, Suspicion)
            if author not in (self._me, accused.whom):
                self._suspicion(author, accused, now, doing)
        return doing

    def _presence(
        self, author: NodeId, presence: Presence, seq: int, now: Instant, via: NodeId | None, doing: Doing
    ) -> None:
        before = self._roster.get(author)
        incarnation = before.incarnation if before else presence.incarnation
        if self._roster.said(author, presence, seq, now, doing):
            self._own.answer(len(self._roster), now)
        if before is not None and before.is_there and before.incarnation > incarnation:
            self._detector.spoke(before, now, doing)
        member = before or self._roster.get(author)
        if member is not None and member.said is presence and not presence.leaving:
            self._table.add(author, presence.addresses, via or candidates.range_of(presence.addresses))

    def _suspicion(self, author: NodeId, said: Suspicion, now: Instant, doing: Doing) -> None:
        accuser = self._roster.get(author)
        if accuser is None or not accuser.is_there:  # 1
            return
        if said.whom == self._me:
            if said.incarnation == self._own.incarnation and self.health == 0:
                self._detector.false_alarm(author, self._me, doing)
            self._own.doubted(said.incarnation)  # 3
            return
        member = self._roster.get(said.whom)
        if member is not None and self._roster.may_accuse(author, said.whom):  # 2
            self._detector.accused(author, member, said.incarnation, now)  # 4

    # ---- what is due

    def awake(self, now: Instant) -> None:
        """Notes that this node runs, whatever is due; called about every 100 ms."""
        if not self._left:
            self._detector.awake(now)

    def tick(self, now: Instant) -> Doing:
        """Does what is due; called about every 100 ms."""
        doing = Doing()
        if self._left:
            self.due = NEVER
            return doing
        if self._own.tick(now, doing):
            self._detector.awareness.worse()
        self._detector.tick(now, doing)
        self._linking.tick(now, doing)
        self._roster.sweep(self._linking.links, now, doing)
        self.due = Instant(min(self._own.due, self._detector.due, self._linking.due, self._roster.due))
        return doing

    def leave(self, now: Instant) -> Doing:
        """Says goodbye; nothing is probed or dialled from now on. Links are ended by whoever stops the node."""
        doing = Doing()
        self._own.leave(now, doing)
        self._left = True
        self.due = NEVER
        return doing

    # ---- what is known

    def known(self, now: Instant) -> list[Member]:
        """Returns copies of all records: who is there and who is gone, without this node."""
        return [replace(one) for one in self._roster.all()]

    def alive(self, now: Instant) -> list[NodeId]:
        """Returns who counts as a member: doubt alone removes nobody."""
        return [one.id for one in self._roster.there()]

    def neighbours(self) -> list[NodeId]:
        """Returns who a link stands to, those that were only looked at not counted, in the order of the links."""
        return [one.whom for one in self._linking.links.values() if not one.visit]

    def addresses(self, whom: NodeId) -> tuple[str, ...]:
        """Returns where a node says that it can be dialled; nothing of one that is not known."""
        member = self._roster.get(whom)
        return member.urls if member else ()

    @property
    def incarnation(self) -> int:
        """This node's own."""
        return self._own.incarnation

    @property
    def health(self) -> int:
        """How slow this node seems to itself: 0 (healthy) to 8."""
        return self._detector.awareness.score

    def presence(self) -> Presence:
        """Returns what this node says of itself now."""
        return self._own.presence()

    # ---- what others tell it

    def changed(self, facts: Facts, now: Instant) -> None:
        """Something else is to be said of this node from now on."""
        self.due = ALWAYS
        self._own.changed(facts, now)

    def graded(self, scores: dict[NodeId, float]) -> None:
        """Takes the scores of neighbours; links of the worst go first where there are too many."""
        self._linking.graded(scores)

    def charted(self, whom: NodeId, neighbours: Sequence[NodeId]) -> None:
        """Takes from a member's "links" who its neighbours are: for `preferential`, for helpers and accusers."""
        self._roster.charted(whom, neighbours)

    # ---- over a restart

    def candidates(self, now: Instant) -> dict[str, Json]:
        """Returns what is to be kept over a restart, as plain JSON; it is secret, for it has the table's key."""
        anchors: list[Json] = [[one.whom, list(one.urls)] for one in self._linking.kept_anchors()]
        return {"incarnation": self._own.incarnation, "anchors": anchors, "table": self._table.kept()}

    def restore(self, kept: Mapping[str, Json], now: Instant) -> None:
        """Takes back what `candidates` gave, before the first tick; what has another shape is skipped."""
        incarnation, anchors = kept.get("incarnation"), kept.get("anchors")
        if isinstance(incarnation, int) and 0 <= incarnation < 2**53 - 1:
            self._own.kept(incarnation)
        for raw in anchors if isinstance(anchors, Sequence) else ():
            try:
                one = msgspec.convert(raw, _Anchor)
            except msgspec.ValidationError:
                continue
            self._linking.anchors.append(Known(one.whom, one.urls))
        self._table.restore(kept.get("table"))
