"""Notices: taking in those that concern this node, doing what they lead to, passing them on, and making own ones.

| mode | how it travels |
|---|---|
| broadcast | by gossip, to whom its topics concern |
| multicast | in a packet to each node that it names, along the best way |
| resource_directed | as a word to the neighbours that offer more of the resource, hop by hop |

What a notice changes, its handler says (`overlay.handlers`); here it is done: a skill is held, a peer's links are ended
for a day, records are asked for, a proof is made before others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.canonical import Json
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, DAY, NEVER, Instant
from hansa.kernel.plain import plain
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind, Shown
from hansa.node.overlay_parts import Parts
from hansa.node.rows import SetSkillState
from hansa.overlay import propagation
from hansa.overlay.acks import Acks
from hansa.overlay.doing import Close, Doing
from hansa.overlay.effects import About, Effect, Fetch, ProveFirst, Quarantine
from hansa.overlay.frames import Word
from hansa.overlay.gossip_params import Rank
from hansa.overlay.handlers import Heard, standard
from hansa.overlay.notices import NOTICE, NOTICED, Mode, Notice, Noticed, Priority, lane, read_notice
from hansa.overlay.propagation import Neighbour, Place
from hansa.skills import service
from hansa.skills.model import SkillState

STANDING = {Rank.BARRED: 0, Rank.STRANGER: 0, Rank.KNOWN: 2, Rank.TRUSTED: 3, Rank.URGENT: 3}
"""What a rank is in the handlers' terms."""

MAX_PROVE_FIRST = 256
MAX_ANSWERED = 256
"""Notices of this node whose answers are remembered."""

MAX_HEARD = 1_024
"""Notices that are known when they come again: they are answered again, and neither done nor shown twice."""

MAX_NAME, MAX_VALUE, MAX_PAYLOAD = 32, 120, 400
"""Characters of a name, of a value and of all of them that are shown of what a notice says."""

SHUN_MS = DAY
"""How long no link is held with a peer that several known nodes warn of, unless the operator says otherwise."""


class NewsRoom:
    """Takes notices in, and makes them.

    Attributes:
        first: skills that are to be proved before others, in the order in which somebody warned of them.
        later: has effects performed.
        answers: who has answered which notice of this node's, and with which word.
        unasked: notices of this node's that nobody was asked to answer.
    """

    def __init__(
        self,
        core: Core,
        parts: Parts,
        rng: Rng,
        offers: dict[str, int],
        rank: Callable[[NodeId, str], Rank],
        later: Callable[[Effects], None],
    ) -> None:
        """Works for one node.

        Args:
            offers: what this node has of which resource.
            rank: what an author has earned here.
            later: has effects performed.
        """
        self._core = core
        self._parts = parts
        self._rng = rng
        self._offers = offers
        self._rank = rank
        self.later = later
        self.known = standard(core.me)
        self.first: dict[ContentId, None] = {}
        self.answers: dict[ContentId, dict[NodeId, str]] = {}
        self.unasked: dict[ContentId, None] = {}
        self._heard: dict[ContentId, str] = {}
        self._acks = Acks()
        self._way = (0, 0)
        self._neighbours: dict[NodeId, Neighbour] = {}
        self._shunned: dict[NodeId, Instant] = {}

    # ---- who is near

    def presence(self, peer: NodeId, interests: tuple[str, ...], offers: tuple[str, ...]) -> None:
        """Notes what a node says of itself; of those that are neighbours it is used."""
        self._neighbours[peer] = Neighbour(interests, dict.fromkeys(offers, 1))

    def shuns(self, peer: NodeId, now: Instant) -> bool:
        """Says whether several known nodes warn of a peer."""
        return now < self._shunned.get(peer, 0)

    # ---- taking in

    def came_over(self, hops: int, stalled: int) -> None:
        """Notes by which way the word came that is heard next: links crossed, and how many without getting nearer."""
        self._way = hops, stalled

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in a notice.

        Raises:
            Refused: BAD_BODY.
        """
        notice = read_notice(said.body)
        doing = Doing()
        if notice.mode is Mode.RESOURCE_DIRECTED:
            self._pass_on(said, notice, via, doing)
        if not self._concerns(notice) or said.author == self._core.me:
            return doing
        earned = self._rank(said.author, NOTICE)
        if said.id not in self._heard:
            heard = Heard(said.id, said.author, notice, STANDING[earned], self._root(said.author))
            effects = self.known.handlers.handle(heard, now)
            for effect in effects:
                self._carry_out(effect, via, now, doing)
            self._core.driver.stream.show(_shown(said, notice, effects), self._core.now())
            self._heard[said.id] = type(effects[0]).__name__.lower() if effects else ""
            if len(self._heard) > MAX_HEARD:
                del self._heard[next(iter(self._heard))]
        if notice.wants_ack:
            self._answer(said, notice, earned, now, doing)
        return doing

    def answered(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in the answer to a notice of this node's."""
        body = parse(said.body, Noticed)
        if self._acks.noticed(said.author, ContentId(body.to), body.done):
            self.answers.get(ContentId(body.to), {})[said.author] = body.done
        return Doing()

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`."""
        return ALWAYS if len(self._acks) else NEVER

    def tick(self, now: Instant) -> Doing:
        """Sends again what was not answered in time (M9, repair)."""
        doing = Doing()
        for raw, node in self._acks.due(now):
            doing.add(self._parts.routes.carry(raw, node, now))
        return doing

    def _concerns(self, notice: Notice) -> bool:
        if notice.mode is Mode.MULTICAST:
            return self._core.me in notice.destination_nodes
        if notice.mode is Mode.RESOURCE_DIRECTED:
            return self._offers.get(notice.resource, 0) > 0
        return True

    def _root(self, author: NodeId) -> str:
        """Returns who let a node in: those whom the operator knows stand for themselves, for others nobody does."""
        known = self._core.memory.guest(author).invited or self._core.accounts.is_known(author, self._core.now())
        return author if known else ""

    def _pass_on(self, said: Verified, notice: Notice, via: NodeId | None, doing: Doing) -> None:
        neighbours = {one: self._neighbours.get(one, Neighbour()) for one in self._parts.members.neighbours()}
        hops, stalled = self._way
        place = Place(self._core.me, via, 0 if via is None else max(1, hops), stalled, self._offers)
        rank = STANDING[self._rank(said.author, NOTICE)]
        found = propagation.onward(
            notice, lane(notice.priority, rank), place, neighbours, propagation.Params(), self._rng
        )
        for one in found.words:
            doing.send(one, Word(said.raw, min(255, place.hops + 1), min(255, found.stalled)))

    # ---- carrying out

    def _carry_out(self, effect: Effect, via: NodeId, now: Instant, doing: Doing) -> None:
        if isinstance(effect, Quarantine):
            self._quarantine(effect, now, doing)
        elif isinstance(effect, ProveFirst) and effect.subject.about is About.SKILL:
            self.first[ContentId(effect.subject.name)] = None
            while len(self.first) > MAX_PROVE_FIRST:
                del self.first[next(iter(self.first))]
        elif isinstance(effect, Fetch):
            missing = self._core.store.held(effect.ids)
            doing.add(self._parts.gossip.wish(via, [one for one in effect.ids if one not in missing], now))

    def _quarantine(self, effect: Quarantine, now: Instant, doing: Doing) -> None:
        name, core = effect.subject.name, self._core
        because = ", ".join(one[:12] for one in effect.because)
        if effect.subject.about is About.PEER:
            self._shunned[NodeId(name)] = Instant(now + SHUN_MS)
            doing.closes.append(Close(NodeId(name), Reason.UNKNOWN_PEER))
            note = core.driver.note(name, Box.DOMAIN, Verdict.IGNORE, Reason.ALERTED, f"no links for a day: {because}")
            self.later(Effects([note]))
            return
        row = core.store.skill(ContentId(name))
        if row is None or row.state is SkillState.REMOVED or service.is_settled(row.state, row.reason):
            return
        held = service.move(row.state, service.Trigger.HELD)
        note = core.driver.note(name, Box.DOMAIN, Verdict.IGNORE, Reason.ALERTED, f"held: notices {because}")
        effects = Effects([SetSkillState(row.id, held, Reason.ALERTED.code), note])
        effects.show(Kind.SKILL_HELD, row.id, f"held: notices {because}", ancestor="", published=0)
        self.later(effects)

    def _answer(self, said: Verified, notice: Notice, earned: Rank, now: Instant, doing: Doing) -> None:
        """Answers a notice; a stranger only when it named this node, and only on the way by which it came.

        Otherwise each key that somebody makes could have this node send word all over the network.
        """
        back: tuple[NodeId, ...] = ()
        if earned in (Rank.BARRED, Rank.STRANGER):
            is_asked = earned is Rank.STRANGER and notice.mode is Mode.MULTICAST
            back = self._parts.routes.back(said.raw, said.author) if is_asked else ()
            if not back:
                return
        body = msgspec.to_builtins(Noticed(to=said.id, done=self._heard[said.id]))
        window = self._core.settings.admission.window_ms
        sealed = self._core.seal(NOTICED, body, recipient=said.author, expires_in=window)
        routes = self._parts.routes
        doing.add(routes.along(sealed.raw, back, now) if back else routes.carry(sealed.raw, said.author, now))

    # ---- making

    def propagate(self, notice: Notice, now: Instant) -> tuple[ContentId, Doing]:
        """Signs a notice and lets it travel; returns its id, by which answers are found, and what is to be done.

        Raises:
            Refused: BAD_BODY; also when its payload is not what its type asks for: every node would refuse it.
        """
        body: Json = msgspec.to_builtins(notice)
        assert isinstance(body, dict)  # noqa: S101 - a struct is an object
        me = self._core.me
        standard(me).handlers.handle(Heard(ContentId(""), me, read_notice(body), STANDING[Rank.TRUSTED], me), now)
        signed = self._core.seal(NOTICE, body, expires_in=self._core.settings.admission.window_ms)
        said = envelope.verify(signed, self._core.ring)
        self._way = 0, 0
        if notice.wants_ack:
            self._acks.sent(said.id, signed.raw, notice.destination_nodes, now)
            self.answers[said.id] = {}
            while len(self.answers) > MAX_ANSWERED:
                del self.answers[next(iter(self.answers))]
        else:
            self.unasked[said.id] = None
            while len(self.unasked) > MAX_ANSWERED:
                del self.unasked[next(iter(self.unasked))]
        doing = Doing()
        if notice.mode is Mode.MULTICAST:
            others = [one for one in notice.destination_nodes if one != self._core.me]
            doing.add(self._parts.routes.carry_all(signed.raw, others, now))
        elif notice.mode is Mode.RESOURCE_DIRECTED:
            self._pass_on(said, notice, None, doing)
        else:
            rank = Rank.URGENT if notice.priority is Priority.CRITICAL else Rank.TRUSTED
            doing.add(self._parts.gossip.spread(said.id, signed.raw, rank, now, topic_of(notice)))
        return said.id, doing


def topic_of(notice: Notice) -> str:
    """Returns what gossip asks neighbours' interests for: the first topic, "" for everybody's."""
    return notice.interests[0] if notice.interests else ""


def _shown(said: Verified, notice: Notice, effects: Sequence[Effect]) -> Shown:
    did = ", ".join(type(one).__name__.lower() for one in effects) or "nothing"
    text = f"{notice.type} by {said.author}: {did}"
    fields = {"author": said.author, "type": notice.type, "done": did, "payload": shown_payload(notice.payload)}
    return Shown(Kind.NOTICE_HEARD, said.id, text, fields)


def shown_payload(payload: Mapping[str, str]) -> str:
    """Returns what a notice says as one JSON object of short, plain texts; under "…" how many more there are.

    It is somebody else's text, so that nothing in it reaches a terminal or a log as it is (threat 24).
    """
    shown: dict[str, str] = {}
    left = MAX_PAYLOAD
    for number, (name, value) in enumerate(payload.items()):
        one = plain(name, MAX_NAME), plain(value, MAX_VALUE)
        left -= len(one[0]) + len(one[1])
        if left < 0:
            shown["…"] = f"{len(payload) - number} more"
            break
        shown[one[0]] = one[1]
    return msgspec.json.encode(shown).decode()
