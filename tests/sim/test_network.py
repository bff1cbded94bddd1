"""Whole nodes among neighbours: what their parts do together, under virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hansa.entrypoints.simulation import NETWORK, Linked, Workshop
from hansa.identity import envelope, peek
from hansa.identity.envelope import Header
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.instant import HOUR
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.node.driver import Effects
from hansa.node.membership import DropPeer
from hansa.node.net_views import NetViews
from hansa.node.network import Network
from hansa.node.newsroom import MAX_PAYLOAD, MAX_VALUE
from hansa.node.overlay_settings import OverlaySettings
from hansa.node.rows import AppendLedger, DropSubscription, PeerRow, PutPeer
from hansa.overlay import frames
from hansa.overlay.frames import Word
from hansa.overlay.notices import KNOWLEDGE_DISCOVERY, RESOURCE_DISCOVERY, THREAT_ALERT, Mode, Notice
from hansa.overlay.presence import PRESENCE
from hansa.sim.workload import specimen
from hansa.sim.world import Params, Place, World
from hansa.skills import messages
from hansa.skills.model import Claim, SkillState
from tests.sim.worlds import say, take_back


class Chain(Workshop):
    """Each node may have links with the one before and the one after it, and knows all others as let in."""

    def __init__(self, settings: Callable[[int], OverlaySettings] = lambda _: OverlaySettings()) -> None:
        self.overlay = settings
        self.barred: dict[NodeId, None] = {}
        self.numbers: dict[NodeId, int] = {}

    def open(self, place: Place) -> Linked:
        self.numbers[place.keys.node_id] = place.number

        def near(whom: NodeId) -> bool:
            return abs(self.numbers.get(whom, 99) - place.number) == 1 and whom not in self.barred

        made = super().open(place)
        assert isinstance(made, Linked)
        old = made.network
        made.network = Network(
            made.node.core, made.node.inbox, place.transport, old.parts, self.overlay(place.number),
            place.rng.child("network"), near,
        )  # fmt: skip
        return made


def chain(nodes: int, workshop: Chain | None = None, seconds: float = 20) -> World:
    """Returns a world whose nodes stand in a row and know each other."""
    world = World(3, nodes, workshop or Chain(), Params(contacts=nodes - 1))
    for one in world.residents:
        others = [other for other in world.residents if other is not one]
        one.store.commit([[PutPeer(PeerRow(other.keys.node_id, invited=True)) for other in others]])
    world.start()
    world.run(seconds)
    return world


def net(world: World, number: int) -> Network:
    inhabitant = world.residents[number].inhabitant
    assert isinstance(inhabitant, Linked)
    return inhabitant.network


def core(world: World, number: int) -> Any:
    return net(world, number).core


def me(world: World, number: int) -> NodeId:
    return world.residents[number].keys.node_id


def heard(world: World, number: int, type_: str) -> list[str]:
    """Returns what notices of a type came to at a node."""
    shown = [one for one in core(world, number).driver.history if one.kind.code == "notice.heard"]
    return [str(one.fields["done"]) for one in shown if one.fields["type"] == type_]


def test_links_stand_between_neighbours_only_and_all_know_of_all() -> None:
    world = chain(4)
    assert [len(net(world, number).neighbours) for number in range(4)] == [1, 2, 2, 1]
    for number in range(4):
        others = sorted(me(world, other) for other in range(4) if other != number)
        assert sorted(net(world, number).parts.members.alive(net(world, number).now())) == others


def test_a_record_crosses_nodes_that_nobody_subscribed_to() -> None:
    world = chain(4)
    say(world, 3)
    world.run(3)
    skill = specimen(1).id
    assert all(one.store.skill(skill) is not None for one in world.residents)


def test_a_recall_follows_it() -> None:
    world = chain(4)
    say(world, 3)
    world.run(3)
    take_back(world, 3)
    world.run(3)
    states = [one.store.skill_state(specimen(1).id) for one in world.residents]
    assert states == [SkillState.REMOVED] * 4


def test_a_newcomer_gets_what_was_said_before_it_came() -> None:
    world = chain(3)
    world.crash(2)
    say(world, 0)
    world.run(5)
    world.restart(2)
    world.run(8)
    assert world.residents[2].store.skill(specimen(1).id) is not None


def test_somebody_who_is_not_wanted_any_more_loses_the_link() -> None:
    workshop = Chain()
    world = chain(3, workshop)
    workshop.barred[me(world, 1)] = None
    world.run(7)
    assert [len(net(world, number).neighbours) for number in (0, 2)] == [0, 0]


STANDS_OTHERWISE: dict[str, Callable[[NodeId], Any]] = {
    "banned": lambda whom: PutPeer(PeerRow(whom, banned=True)),
    "forgotten": DropPeer,
    "a source less": lambda _: DropSubscription("http://elsewhere"),
    "a receipt": lambda whom: AppendLedger(ContentId("0" * 64), whom, "", "skill_refuted", 1),
}


@pytest.mark.parametrize("change", STANDS_OTHERWISE)
def test_somebody_who_is_banned_loses_the_link_in_that_very_turn(change: str) -> None:
    workshop = Chain()
    world = chain(3, workshop)
    whom, said = me(world, 0), list[bool]()

    async def ban(inhabitant: Any) -> None:
        workshop.barred[whom] = None
        seen = inhabitant.network.frames_in
        inhabitant.network.core.kept(STANDS_OTHERWISE[change](whom))
        said.append(whom in inhabitant.network.neighbours)
        inhabitant.network.heard(whom, frames.encode(frames.Ping(1)))
        said.append(inhabitant.network.frames_in > seen)

    world.spawn(1, ban)
    world.run(0.01)
    assert said == [False, False]
    assert list(net(world, 1).neighbours) == [me(world, 2)]
    world.run(2)
    assert not net(world, 0).neighbours


def test_an_operators_ban_is_known_to_the_network_once_it_is_kept() -> None:
    workshop = Chain()
    world = chain(3, workshop)
    whom, said = me(world, 0), list[bool]()

    async def ban(inhabitant: Any) -> None:
        workshop.barred[whom] = None
        await inhabitant.network.core.driver.perform(Effects([PutPeer(PeerRow(whom, banned=True))]))
        said.append(whom in inhabitant.network.neighbours)

    world.spawn(1, ban)
    world.run(1)
    assert said == [False]
    assert list(net(world, 1).neighbours) == [me(world, 2)]


def test_a_peer_that_several_known_nodes_warn_of_loses_the_link_with_the_last_warning() -> None:
    world = chain(4)
    alert = Notice(type=THREAT_ALERT, payload={"peer": me(world, 0), "why": "it lies"})
    for number in (2, 3):
        net(world, number).propagate(alert)
    world.run(1)
    assert list(net(world, 1).neighbours) == [me(world, 2)]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    world = chain(3)
    for one in world.residents:
        one.clock.offset_ms -= HOUR
    say(world, 0)
    world.run(5)
    assert world.residents[2].store.skill(specimen(1).id) is not None
    assert len(net(world, 1).neighbours) == 2


def test_a_notice_to_one_node_takes_the_way_there_and_is_answered() -> None:
    world = chain(4, seconds=40)
    notice = Notice(
        type=KNOWLEDGE_DISCOVERY, payload={"ids": "0" * 64}, mode=Mode.MULTICAST,
        destination_nodes=(me(world, 3),), wants_ack=True,
    )  # fmt: skip
    id_ = net(world, 0).propagate(notice)
    world.run(5)
    assert [len(heard(world, number, KNOWLEDGE_DISCOVERY)) for number in (1, 2, 3)] == [0, 0, 1]
    assert list(net(world, 0).words.news.answers[id_]) == [me(world, 3)]


def test_a_notice_towards_a_resource_reaches_whoever_offers_it() -> None:
    rich = OverlaySettings(capacities=(f"{Resource.COMPUTATIONAL_POWER}=4",))
    world = chain(3, Chain(lambda number: rich if number == 2 else OverlaySettings()))
    net(world, 2).reached_at(("sim://2",))
    world.run(70)
    wanted = Resource.COMPUTATIONAL_POWER.value
    payload = {wanted: "1"}
    notice = Notice(type=RESOURCE_DISCOVERY, payload=payload, mode=Mode.RESOURCE_DIRECTED, resource=wanted)
    net(world, 0).propagate(notice)
    world.run(3)
    assert [len(heard(world, number, RESOURCE_DISCOVERY)) for number in (1, 2)] == [0, 1]


def test_two_known_nodes_that_warn_have_a_skill_held_and_one_has_it_proved_first() -> None:
    world = chain(3)
    say(world, 1)
    world.run(3)
    skill = specimen(1).id
    alert = Notice(type=THREAT_ALERT, payload={"skill": skill, "why": "it lies"})
    net(world, 0).propagate(alert)
    world.run(3)
    assert list(net(world, 2).words.news.first) == [skill]
    assert world.residents[2].store.skill(skill).reason == ""  # type: ignore[union-attr]
    net(world, 1).propagate(alert)
    world.run(3)
    row = world.residents[2].store.skill(skill)
    assert row is not None
    assert (row.state, row.reason) == (SkillState.QUARANTINED, Reason.ALERTED.code)


def test_a_notice_that_nobody_answers_is_sent_again() -> None:
    world = chain(3, seconds=40)
    world.pause(2, 12)
    notice = Notice(
        type=KNOWLEDGE_DISCOVERY, payload={"ids": "0" * 64}, mode=Mode.MULTICAST,
        destination_nodes=(me(world, 2),), wants_ack=True,
    )  # fmt: skip
    id_ = net(world, 0).propagate(notice)
    world.run(60)
    assert list(net(world, 0).words.news.answers[id_]) == [me(world, 2)]


def to(whom: NodeId, type_: str = "word_of_mine", payload: dict[str, str] | None = None) -> Notice:
    """Returns a notice to one node that wants an answer."""
    return Notice(
        type=type_, payload=payload or {"word": "hello"}, mode=Mode.MULTICAST, destination_nodes=(whom,), wants_ack=True
    )


def out(world: World, number: int, whom: int, **party: bool) -> None:
    """Has a node know another as one that it has not let in."""
    effects = Effects([PutPeer(PeerRow(me(world, whom), **party))])
    world.loop.create_task(core(world, number).driver.perform(effects))
    world.run(1)


@pytest.mark.parametrize("between", [0, 1])
def test_a_node_that_has_not_let_the_teller_in_answers_the_way_back_when_it_is_named(between: int) -> None:
    world = chain(2 + between, seconds=60)
    there = 1 + between
    out(world, there, 0)
    id_ = net(world, 0).propagate(to(me(world, there)))
    world.run(5)
    assert net(world, 0).words.news.answers[id_] == {me(world, there): ""}
    world.run(60)
    assert heard(world, there, "word_of_mine") == ["nothing"]


def test_a_stranger_that_names_nobody_is_not_answered_nor_one_with_no_way_back() -> None:
    world = chain(3, seconds=60)
    out(world, 1, 0)
    out(world, 2, 0)
    sent: list[bytes] = []
    routes = net(world, 2).parts.routes
    carry, along = routes.carry, routes.along
    routes.carry = lambda raw, *rest: sent.append(raw) or carry(raw, *rest)  # type: ignore[method-assign, func-returns-value]
    routes.along = lambda raw, *rest: sent.append(raw) or along(raw, *rest)  # type: ignore[method-assign, func-returns-value]
    id_ = net(world, 0).propagate(Notice(type="word_of_mine", payload={"word": "hello"}, wants_ack=True))
    lone = net(world, 0).words.news.propagate(to(me(world, 2)), net(world, 0).now())[1]
    (packet,) = [frame for _, frame in lone.sends if isinstance(frame, frames.Packet)]
    net(world, 2).heard(me(world, 1), frames.encode(Word(packet.raw)))
    by_another = net(world, 0).words.news.propagate(to(me(world, 2)), net(world, 0).now())[1]
    (other,) = [frame for _, frame in by_another.sends if isinstance(frame, frames.Packet)]
    relayed = frames.Packet(bytes(16), (me(world, 2),), (me(world, 1),), other.raw)
    net(world, 2).heard(me(world, 1), frames.encode(relayed))
    world.run(1)
    assert len(heard(world, 2, "word_of_mine")) == 3
    assert "noticed" not in [peek.named_kind(envelope.read(raw)) for raw in sent]
    assert net(world, 0).words.news.answers[id_] == {}


def test_a_notice_that_comes_again_is_answered_again_and_shown_and_done_once() -> None:
    world = chain(2)
    effects: list[object] = []
    news = net(world, 1).words.news
    carry_out = news._carry_out
    news._carry_out = lambda effect, *rest: effects.append(effect) or carry_out(effect, *rest)  # type: ignore[method-assign, func-returns-value]
    answered: list[Any] = []
    taken = net(world, 0).words.news._acks.noticed
    net(world, 0).words.news._acks.noticed = lambda *said: answered.append(said) or taken(*said)  # type: ignore[method-assign, func-returns-value]
    _, doing = net(world, 0).words.news.propagate(
        to(me(world, 1), KNOWLEDGE_DISCOVERY, {"ids": "0" * 64}), net(world, 0).now()
    )
    (packet,) = [frame for _, frame in doing.sends if isinstance(frame, frames.Packet)]
    for number in range(3):
        again = msgspec.structs.replace(packet, id=bytes([number]) * 16)
        net(world, 1).heard(me(world, 0), frames.encode(again))
        world.run(2)
    assert (len(heard(world, 1, KNOWLEDGE_DISCOVERY)), len(effects)) == (1, 1)
    assert len(answered) >= 3 and all(done == "fetch" for _, _, done in answered)


def test_what_a_notice_says_is_shown_in_short_and_plain() -> None:
    world = chain(2)
    payload = {"a": "a\x1b[2J\u202eb", "long": "x" * 2_000, **{f"n{at}": "y" * 100 for at in range(8)}}
    net(world, 0).propagate(Notice(type="word_of_mine", payload=payload))
    world.run(3)
    (shown,) = [one for one in core(world, 1).driver.history if one.kind.code == "notice.heard"]
    said = msgspec.json.decode(str(shown.fields["payload"]))
    assert said["a"] == "a\\x1b[2J\\u202eb"
    assert said["long"] == "x" * (MAX_VALUE - 1) + "…"
    assert said["…"] == f"{len(payload) - len(said) + 1} more"
    assert len(str(shown.fields["payload"])) < 2 * MAX_PAYLOAD


def test_own_news_that_nobody_was_asked_to_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.node.newsroom.MAX_ANSWERED", 2)
    world = chain(2)
    ids = [net(world, 0).propagate(Notice(type="word_of_mine", payload={"n": str(number)})) for number in range(4)]
    assert list(net(world, 0).words.news.unasked) == ids[2:]


def test_notices_that_were_heard_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.node.newsroom.MAX_HEARD", 2)
    world = chain(2)
    for number in range(4):
        net(world, 0).propagate(Notice(type="word_of_mine", payload={"n": str(number)}))
        world.run(1)
    assert len(net(world, 1).words.news._heard) == 2


def test_health_and_ways_are_shown() -> None:
    world = chain(4, seconds=60)
    views = NetViews(net(world, 0))
    (way,) = views.paths(me(world, 3))
    assert way["path"] == [me(world, number) for number in range(4)]
    health = views.health()
    assert all(0 <= health[name] <= 1 for name in ("overall", "connectivity", "redundancy", "trust", "flow", "balance"))
    assert health["connectivity"] == 1.0
    assert health["cut_nodes"]
    status = views.status()
    assert (status["links"], status["members"]) == (1, {"alive": 3})
    (peer, *others) = views.peers()
    assert peer["linked"] and not any(one["linked"] for one in others)
    assert peer["rtt_ms"] >= 40
    assert peer["messages_in"]


def test_an_incoming_link_shows_where_the_other_one_says_that_it_is_reached() -> None:
    world = chain(2)
    ends = [next(iter(net(world, number).neighbours.values())) for number in (0, 1)]
    assert [one == "" for one in sorted(ends)] == [True, False]
    for number, other in ((0, 1), (1, 0)):
        (peer,) = NetViews(net(world, number)).peers()
        assert (peer["url"], peer["incoming"]) == (f"sim://{other}", not ends[number])
        (shown,) = [one for one in core(world, number).driver.history if one.kind.code == "link.up"]
        assert shown.fields["url"] in (ends[number] or "", f"sim://{other}")


def test_why_a_call_made_no_link_is_shown_until_one_stands() -> None:
    world = chain(3)
    net(world, 0).no_links.failed(me(world, 2), "no way there")
    near, far = NetViews(net(world, 0)).peers()
    assert (near["no_link"], far["no_link"]) == ("", "no way there")


@pytest.mark.parametrize("flaw", ["forged", "other network", "future", "stale", "no presence"])
def test_bad_word_over_a_link_is_refused_counted_and_not_passed_on(flaw: str) -> None:
    world = chain(3)
    counters = core(world, 1).counters
    before, now = dict(counters.refused), int(core(world, 1).now())
    changed: dict[str, Any] = {
        "other network": {"network": "elsewhere"}, "future": {"created": now + HOUR}, "stale": {"created": now - HOUR},
    }.get(flaw, {})  # fmt: skip
    body = {"incarnation": -1} if flaw == "no presence" else {"incarnation": 5}
    key = world.residents[0].keys.key
    head = {"version": "1.0", "network": NETWORK, "kind": PRESENCE, "author": me(world, 0), "recipient": EVERYONE,
            "seq": now, "created": now, "expires": 0}  # fmt: skip
    raw = bytearray(envelope.seal(Header(**head | changed), body, [key]).raw)
    if flaw == "forged":
        at = raw.index(b'"sig":"') + 10
        raw[at] = ord("A") if raw[at] != ord("A") else ord("B")
    net(world, 1).heard(me(world, 0), frames.encode(Word(bytes(raw))))
    world.run(1)
    expected = {
        "forged": Reason.FORGED, "other network": Reason.WRONG_NETWORK, "future": Reason.FROM_FUTURE,
        "stale": Reason.STALE, "no presence": Reason.BAD_BODY,
    }[flaw]  # fmt: skip
    assert counters.refused[expected] == before.get(expected, 0) + 1
    assert counters.balanced
    assert not core(world, 2).counters.refused[expected]


def test_a_frame_that_is_none_is_the_neighbours_fault() -> None:
    world = chain(2)
    before = net(world, 1).parts.gossip.score(me(world, 0))
    for _ in range(3):
        net(world, 1).heard(me(world, 0), b"\xff\xff")
    world.run(3)
    assert net(world, 1).parts.gossip.score(me(world, 0)) < before


def test_what_a_stranger_to_this_node_sends_is_not_looked_at() -> None:
    world = chain(2)
    seen = net(world, 1).frames_in
    net(world, 1).heard(NodeId("did:key:zStranger"), msgspec.msgpack.encode(["ping", 1]))
    assert net(world, 1).frames_in == seen


def test_a_word_that_is_damaged_in_the_store_is_not_served() -> None:
    world = chain(2)
    say(world, 0)
    world.run(3)
    id_ = world.residents[0].store.record_ids("", 10)[0]
    world.residents[0].store.damage(id_, 2_000)
    assert net(world, 0).words.found([ContentId(id_)]) == []
    assert id_ in core(world, 0).noticed


def test_a_fault_in_one_turn_does_not_stop_the_next() -> None:
    world = chain(3)
    gauges, turns = net(world, 1).gauges, list[int]()

    def broken(*_: object) -> None:
        turns.append(world.loop.now_ms)
        raise RuntimeError("a fault of ours")

    gauges.tick = broken  # type: ignore[method-assign]
    for _ in range(2):  # the simulator's loop hands a fault to whoever runs it
        with pytest.raises(RuntimeError):
            world.run(25)
    assert turns[1] - turns[0] >= 9_000
    assert len(net(world, 1).neighbours) == 2


def test_a_copy_with_a_bad_signature_does_not_keep_the_record_away() -> None:
    world = chain(2)
    reconciler, now = net(world, 1).parts.reconciler, int(core(world, 1).now())
    head = Header(version="1.0", network=NETWORK, kind="skill", author=me(world, 0), recipient=EVERYONE, seq=now,
                  created=now, expires=0)  # fmt: skip
    signed = envelope.seal(head, messages.skill_body(specimen(1), Claim()), [world.residents[0].keys.key])
    raw = bytearray(signed.raw)
    raw[raw.index(b'"sig":"') + 10] ^= 1
    name = frames.digest(signed.id)
    for word, held in ((bytes(raw), False), (signed.raw, True)):
        reconciler.want(me(world, 0), [name])
        world.run(1)
        assert reconciler.is_asked(me(world, 0), name)
        world.after(0, net(world, 1).heard, me(world, 0), frames.encode(Word(word)))
        world.run(1)
        assert (name in reconciler.holdings) is held
