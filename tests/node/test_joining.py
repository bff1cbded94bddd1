"""Joining: who comes with a good code is in, once, on both sides; whoever does not is refused, and nothing is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hansa.identity.envelope import Signed, read
from hansa.kernel.errors import DiskFull, NotFound, Refused, Unavailable, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import DAY, MINUTE
from hansa.kernel.verdict import Reason
from hansa.node import doorkeeper
from hansa.node.core import ASK_FIRST
from hansa.node.doorkeeper import MAX_INVITATIONS
from hansa.node.ports import Answer
from hansa.node.rows import PeerRow, PutMark
from hansa.overlay.invitation import Invitation, proof, read_code, spelled
from hansa.overlay.messages import Outcome
from hansa.skills.model import SkillState
from tests.attacks.specimens import key
from tests.node.test_changing_keys import root_of
from tests.node.world import (
    DOUBLE,
    LIE,
    SLUG,
    START,
    Behaviour,
    Resident,
    World,
    meanwhile,
    skill_message,
    speak,
    true_claim,
)


async def invite(host: Resident, **given: Any) -> str:
    """Returns the link of a fresh invitation."""
    link = (await host.ask("peer.invite", url=host.url, **given)).value["link"]
    assert isinstance(link, str)
    return link


async def outcome(guest: Resident, link: str, **given: Any) -> str:
    """Returns what joining comes to: the outcome, or the code of the refusal."""
    try:
        return str((await guest.ask("join", invitation=link, **given)).value["outcome"])
    except Refused as refusal:
        return refusal.reason.code


def uses(host: Resident) -> list[int]:
    return [one.uses for one in host.store.invitations()]


def is_in(host: Resident, guest: Resident) -> bool:
    row = host.store.peer(guest.id)
    return row is not None and row.invited


@pytest.fixture
def hub(world: World) -> Resident:
    return world.settle("hub", "hub")


@pytest.fixture
def a(world: World, hub: Resident) -> Resident:
    return world.settle("a")


@pytest.fixture
def b(world: World, a: Resident) -> Resident:
    return world.settle("b")


# ---- in


async def test_who_joins_is_a_peer_on_both_sides_and_subscribed(world: World, hub: Resident, a: Resident) -> None:
    link = await invite(hub, per_minute=7, note="the Lübeck team")
    done = (await a.ask("join", invitation=link, url="https://a.example/")).value
    assert done == {"outcome": "admitted", "instance_id": hub.id, "fingerprint": spelled(hub.id), "name": "hub",
                    "role": "hub", "url": hub.url, "subscribed": True, "as": a.id, "tried_again": 0}  # fmt: skip
    there = hub.store.peer(a.id)
    assert there is not None
    assert (there.invited, there.per_minute, there.note, there.url, there.name) == (
        True, 7, "the Lübeck team", "https://a.example", "a",
    )  # fmt: skip
    here = a.store.peer(hub.id)
    assert here is not None and (here.invited, here.url, here.name, here.role) == (True, hub.url, "hub", "hub")
    assert [(one.url, one.peer) for one in a.store.subscriptions()] == [(hub.url, hub.id)]
    assert uses(hub) == [0]
    assert [one.kind.code for one in hub.node.core.driver.history][-1] == "peer.joined"


async def test_why_tells_how_a_node_came_in(hub: Resident, a: Resident) -> None:
    await outcome(a, await invite(hub))
    told = (await hub.ask("why", id=a.id)).value
    assert (told["id"], told["what"]) == (a.id, "a node that is in")
    assert any("invitation" in line["text"] for line in told["lines"])
    await hub.ask("peer.remove", id=a.id)
    assert (await hub.ask("why", id=a.id[:20])).value["what"] == "a node that is not in"


async def test_what_the_joiner_publishes_then_comes_in(world: World, hub: Resident, a: Resident) -> None:
    world.table.teach(SLUG)
    async with hub.http() as http:
        assert (await http.post("/skills", content=skill_message(a.key, DOUBLE).raw)).status_code == 403
    assert await outcome(a, await invite(hub)) == "admitted"
    await a.publish(SLUG, hub)
    assert hub.row(SLUG).state is SkillState.QUARANTINED


async def test_without_a_subscription_nothing_is_pulled(hub: Resident, a: Resident) -> None:
    assert await outcome(a, await invite(hub), subscribe=False) == "admitted"
    assert is_in(hub, a) and is_in(a, hub)
    assert a.store.subscriptions() == []


async def test_a_subscription_that_is_there_keeps_its_filters_and_its_place(hub: Resident, a: Resident) -> None:
    await a.ask("subscribe", url=hub.url, tags=["text"])
    before = a.store.subscriptions()
    assert await outcome(a, await invite(hub)) == "admitted"
    assert a.store.subscriptions() == before


async def test_whoever_looks_first_is_told_who_invites_and_keeps_nothing(hub: Resident, a: Resident) -> None:
    link = await invite(hub)
    told = (await a.ask("join.look", invitation=link)).value
    assert told == {"instance_id": hub.id, "fingerprint": spelled(hub.id), "name": "hub", "role": "hub",
                    "url": hub.url}  # fmt: skip
    assert link.endswith(told["fingerprint"])
    assert a.store.peer(hub.id) is None and a.store.subscriptions() == [] and uses(hub) == [1]


async def test_who_was_agreed_to_is_who_is_joined(hub: Resident, a: Resident, b: Resident) -> None:
    link = await invite(hub)
    assert await outcome(a, link, inviter=b.id) == "wrong_recipient"
    assert uses(hub) == [1] and not is_in(a, hub) and not is_in(hub, a)
    assert await outcome(a, link, inviter=hub.id) == "admitted"


async def test_the_keys_of_both_come_with_the_join(world: World, hub: Resident, a: Resident) -> None:
    for one in (hub, a, hub, a):
        await one.node.keyholder.rotate([root_of(one)])
    assert await outcome(a, await invite(hub)) == "admitted"
    for here, there in ((hub, a), (a, hub)):
        assert [one.id for one in here.node.core.ring.records(there.id)] == [
            one.id for one in there.node.core.ring.records(there.id)
        ]
        assert len(here.node.core.ring.records(there.id)) == 2


async def test_a_code_with_an_address_beside_it_is_as_good_as_a_link(hub: Resident, a: Resident) -> None:
    link = await invite(hub)
    assert await outcome(a, link.partition("#")[2].lower().replace("-", " "), at=hub.url) == "admitted"


async def test_joining_twice_takes_one_use(hub: Resident, a: Resident, b: Resident) -> None:
    link = await invite(hub, uses=2)
    assert [await outcome(a, link) for _ in range(3)] == ["admitted"] * 3
    assert uses(hub) == [1]
    assert await outcome(b, link) == "admitted"
    assert await outcome(a, link) == "admitted"  # used up, and this one is in
    assert uses(hub) == [0]


async def test_a_lost_answer_costs_nothing(world: World, hub: Resident, a: Resident) -> None:
    link = await invite(hub)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(502, b"") if path == "/join" else answer
    with pytest.raises(Refused):
        await a.ask("join", invitation=link)
    assert is_in(hub, a) and not is_in(a, hub)
    del world.net.twists[hub.url]
    assert await outcome(a, link) == "admitted"
    assert is_in(a, hub)
    assert uses(hub) == [0]


async def test_two_who_come_at_once_do_not_share_one_use(sqlite_world: World) -> None:
    hub = sqlite_world.settle("hub", "hub")
    guests = [sqlite_world.settle(f"guest{number}") for number in range(4)]
    link = await invite(hub)
    came = await asyncio.gather(*(outcome(one, link) for one in guests))
    assert sorted(came) == ["admitted", *["bad_invitation"] * 3]
    assert sum(is_in(hub, one) for one in guests) == 1
    assert uses(hub) == [0]


async def test_joins_that_are_decided_while_the_disk_stands_still_wait_for_each_other(sqlite_world: World) -> None:
    hub = sqlite_world.settle("hub", "hub")
    link = await invite(hub)
    secret = read_code(link.partition("#")[2]).secret
    joins = [_join(key(number).public.did, number, hub, secret) for number in (11, 12, 13)]
    await meanwhile(sqlite_world, *(hub.node.joined(one.raw, "test") for one in joins))
    assert sum(row.invited for row in hub.store.peers()) == 1
    assert uses(hub) == [0]


async def test_an_invitation_that_is_taken_back_meanwhile_does_not_come_back(sqlite_world: World) -> None:
    hub = sqlite_world.settle("hub", "hub")
    secret = read_code((await invite(hub, uses=5)).partition("#")[2]).secret
    (held,) = hub.store.invitations()
    message = _join(key(11).public.did, 11, hub, secret)
    await meanwhile(sqlite_world, hub.node.doorkeeper.withdraw(held.id), hub.node.joined(message.raw, "test"))
    assert hub.store.invitations() == [] and hub.store.peer(NodeId(key(11).public.did)) is None


async def test_joins_in_a_group_and_an_approval_do_not_wait_for_each_other_for_ever(sqlite_world: World) -> None:
    hub = sqlite_world.settle("hub", "hub")
    secret = read_code((await invite(hub, uses=3, ask=True)).partition("#")[2]).secret
    one, other = (NodeId(key(number).public.did) for number in (11, 12))
    await hub.node.joined(_join(other, 12, hub, secret).raw, "test")
    joins = [hub.node.joined(_join(did, number, hub, secret).raw, "test") for did, number in ((one, 11), (other, 12))]
    async with asyncio.timeout(10):
        done = await meanwhile(
            sqlite_world, hub.ask("peer.set", id=other, per_minute=5), hub.node.doorkeeper.approve(other), *joins
        )
    assert not [each for each in done if isinstance(each, BaseException)]
    assert [row.invited for row in hub.store.peers() if row.id == other] == [True]
    assert [row.id for row in hub.store.requests()] == [one]


def _join(did: str, number: int, hub: Resident, secret: int, **header: Any) -> Signed:
    body = {"proof": proof(secret, hub.id, NodeId(did)), "name": "", "role": "node", "url": ""}
    return speak(key(number), "join", body, **{"recipient": hub.id, "created": START} | header)


async def test_it_is_on_the_disk_before_the_answer(sqlite_world: World) -> None:
    hub, a = sqlite_world.settle("hub", "hub"), sqlite_world.settle("a")
    link = await invite(hub)
    assert await outcome(a, link) == "admitted"
    hub, a = sqlite_world.restart(hub), sqlite_world.restart(a)
    assert is_in(hub, a) and is_in(a, hub) and uses(hub) == [0]


async def test_a_full_disk_takes_no_use_and_lets_nobody_in(sqlite_world: World) -> None:
    hub, a = sqlite_world.settle("hub", "hub"), sqlite_world.settle("a")
    link = await invite(hub)
    secret = read_code(link.partition("#")[2]).secret
    sqlite_world.free_bytes = 0
    with pytest.raises(DiskFull):
        await hub.node.joined(_join(key(11).public.did, 11, hub, secret).raw, "test")
    sqlite_world.free_bytes = 1 << 40
    assert uses(hub) == [1] and hub.store.peer(NodeId(key(11).public.did)) is None
    assert await outcome(a, link) == "admitted"


# ---- not in


async def test_a_used_up_code_lets_nobody_else_in(hub: Resident, a: Resident, b: Resident) -> None:
    link = await invite(hub)
    assert [await outcome(a, link), await outcome(b, link)] == ["admitted", "bad_invitation"]
    assert not is_in(hub, b) and not is_in(b, hub)


async def test_an_expired_code_lets_nobody_in(world: World, hub: Resident, a: Resident) -> None:
    link = await invite(hub, lasts_ms=10 * MINUTE)
    world.clock.advance(10 * MINUTE)
    assert await outcome(a, link) == "bad_invitation"
    assert not is_in(hub, a) and uses(hub) == [1]


async def test_a_withdrawn_code_lets_nobody_in(hub: Resident, a: Resident) -> None:
    link = await invite(hub)
    (one,) = hub.store.invitations()
    assert (await hub.ask("peer.withdraw", id=one.id[:5])).value["withdrawn"]
    assert await outcome(a, link) == "bad_invitation"
    with pytest.raises(NotFound, match="no invitation has an id that starts with"):
        await hub.ask("peer.withdraw", id=one.id)


async def test_a_code_of_another_node_is_not_even_shown(world: World, hub: Resident, a: Resident, b: Resident) -> None:
    link = await invite(b)
    world.net.calls.clear()
    assert await outcome(a, link.replace(b.url, hub.url)) == "wrong_inviter"
    assert "/join" not in [path for _, _, path in world.net.calls]
    assert not is_in(a, hub) and not is_in(hub, a)


async def test_a_mistyped_code_is_refused_with_nothing_kept(hub: Resident, a: Resident) -> None:
    link = await invite(hub)
    wrong = link.replace(link[-24:-20], "0000")
    assert await outcome(a, wrong) == "bad_invitation"
    assert not is_in(hub, a) and uses(hub) == [1]
    row = hub.store.peer(a.id)
    assert row is not None and row.url == ""  # met by its greeting, and no more


async def test_nobody_joins_itself(hub: Resident) -> None:
    with pytest.raises(UsageError, match="this node itself"):
        await hub.ask("join", invitation=await invite(hub))


async def test_a_banned_node_does_not_come_in_by_a_code(hub: Resident, a: Resident) -> None:
    await hub.ask("peer.set", id=a.id, banned=True)
    assert await outcome(a, await invite(hub)) == "banned"
    assert not is_in(hub, a) and uses(hub) == [1]


async def test_a_hub_that_restored_a_backup_lets_nobody_in_by_what_is_in_it(world: World, hub: Resident, a) -> None:
    link = await invite(hub)
    await hub.store.apply([PutMark(ASK_FIRST, "restored")])
    hub = world.restart(hub)
    assert await outcome(a, link) == "restored"
    await hub.node.recovery.go_on("asked")
    assert hub.store.invitations() == []
    assert await outcome(a, link) == "bad_invitation"
    assert await outcome(a, await invite(hub)) == "admitted"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://hub", "no code behind a #"),
        ("http://hub/#nonsense", "is no invitation code"),
        ("nonsense", "is no invitation code"),
        ("7K3M-9QXF-2B4H-KT6W-P8ZD", "give the node's address as well"),
    ],
)
async def test_half_an_invitation_says_what_is_missing(a: Resident, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        await a.ask("join", invitation=text)


@pytest.mark.parametrize(
    "url", ["ftp://a", "http://a b", "http://a/#x", "http://a?x", "http://" + "a" * 300, "a.example"]
)
async def test_an_address_that_is_none_is_refused(hub: Resident, url: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        await hub.ask("peer.invite", url=url)
    assert hub.store.invitations() == []


async def test_what_a_joiner_says_is_its_address_is_shown_and_not_called(world: World, hub: Resident) -> None:
    secret = read_code((await invite(hub)).partition("#")[2]).secret
    body = {"proof": proof(secret, hub.id, NodeId(key(11).public.did)), "name": "x", "url": "javascript:alert(1)"}
    world.net.calls.clear()
    await hub.node.joined(speak(key(11), "join", body, recipient=hub.id).raw, "test")
    row = hub.store.peer(NodeId(key(11).public.did))
    assert row is not None and row.invited and row.url == ""
    assert world.net.calls == []


# ---- answers


@pytest.mark.parametrize("lie", ["another join", "another node", "not signed", "for another"])
async def test_an_answer_that_is_none_makes_no_peer(world: World, hub: Resident, a: Resident, lie: str) -> None:
    link = await invite(hub)
    good = {"outcome": "admitted", "name": "hub", "role": "hub"}

    def answered(method: str, path: str, answer: Answer) -> Answer:
        if path != "/join":
            return answer
        to = {"to": read(answer.body).id if lie == "another join" else _asked(answer)}
        liar = key(66) if lie == "another node" else hub.key
        recipient = key(67).public.did if lie == "for another" else a.id
        told = speak(liar, "joined", {**good, **to}, recipient=recipient, seq=START + 10**6)
        return Answer(200, b"{}" if lie == "not signed" else told.raw)

    world.net.twists[hub.url] = answered
    with pytest.raises(Refused) as refused:
        await a.ask("join", invitation=link)
    assert refused.value.reason in {
        "another join": {Reason.WRONG_RECIPIENT}, "another node": {Reason.WRONG_SIGNER},
        "not signed": {Reason.BAD_ENVELOPE}, "for another": {Reason.WRONG_RECIPIENT},
    }[lie]  # fmt: skip
    assert not is_in(a, hub) and a.store.subscriptions() == []


def _asked(answer: Answer) -> str:
    import msgspec

    to = msgspec.json.decode(read(answer.body).payload)["body"]["to"]
    assert isinstance(to, str)
    return to


async def test_a_node_that_does_not_answer_is_unavailable(world: World, hub: Resident, a: Resident) -> None:
    link = await invite(hub)
    world.net.down.add(hub.url)
    with pytest.raises(Unavailable):
        await a.ask("join", invitation=link)


# ---- asking first


async def test_who_asks_waits_until_it_is_approved(hub: Resident, a: Resident) -> None:
    link = await invite(hub, ask=True, per_minute=9, note="Ann")
    assert [await outcome(a, link, url="https://a.example") for _ in range(2)] == ["waiting"] * 2
    assert uses(hub) == [0]
    assert not is_in(hub, a) and not is_in(a, hub) and a.store.subscriptions() == []
    (request,) = (await hub.ask("peer.requests")).value["requests"]
    assert (request["instance_id"], request["name"], request["url"], request["note"]) == (
        a.id, "a", "https://a.example", "Ann",
    )  # fmt: skip
    assert (await hub.ask("peer.approve", id=a.id[:20])).value["invited"]
    assert hub.store.requests() == []
    row = hub.store.peer(a.id)
    assert row is not None and (row.invited, row.per_minute, row.note, row.url) == (True, 9, "Ann", "https://a.example")
    assert await outcome(a, link) == "admitted"
    assert is_in(a, hub)


async def test_who_is_refused_waits_no_more(hub: Resident, a: Resident) -> None:
    link = await invite(hub, ask=True)
    assert await outcome(a, link) == "waiting"
    await hub.ask("peer.refuse", id=a.id)
    assert hub.store.requests() == [] and not is_in(hub, a)
    assert await outcome(a, link) == "bad_invitation"
    for name in ("peer.approve", "peer.refuse"):
        with pytest.raises(NotFound, match="no node that waits"):
            await hub.ask(name, id=a.id)


async def test_who_waits_comes_in_by_a_code_that_does_not_ask(hub: Resident, a: Resident) -> None:
    assert await outcome(a, await invite(hub, ask=True)) == "waiting"
    assert await outcome(a, await invite(hub)) == "admitted"
    assert hub.store.requests() == []


async def test_a_ban_while_it_waits_is_not_lifted_by_approving(hub: Resident, a: Resident) -> None:
    await outcome(a, await invite(hub, ask=True))
    await hub.ask("peer.set", id=a.id, banned=True)
    with pytest.raises(UsageError, match="is banned"):
        await hub.ask("peer.approve", id=a.id)
    assert not is_in(hub, a)


async def test_an_id_that_fits_two_is_not_guessed(hub: Resident, a: Resident, b: Resident) -> None:
    link = await invite(hub, ask=True, uses=2)
    await outcome(a, link)
    await outcome(b, link)
    with pytest.raises(NotFound, match="more than one node that waits"):
        await hub.ask("peer.approve", id="did:key:z6Mk")
    assert len(hub.store.requests()) == 2


# ---- going


async def test_who_is_removed_may_not_push_and_is_not_pulled_from(hub: Resident, a: Resident, b: Resident) -> None:
    link = await invite(hub, uses=2)
    await outcome(a, link)
    assert (await hub.ask("peer.remove", id=a.id)).value["unsubscribed"] == []
    assert (await a.ask("peer.remove", id=hub.id)).value["unsubscribed"] == [hub.url]
    assert not is_in(hub, a) and not is_in(a, hub) and a.store.subscriptions() == []
    row = hub.store.peer(a.id)
    assert row is not None and (row.url, row.note, row.per_minute) == ("", "", None)
    with pytest.raises(NotFound):
        await hub.ask("peer.remove", id=b.id)


async def test_a_node_that_was_never_heard_of_is_forgotten_whole(hub: Resident) -> None:
    await hub.ask("peer.set", id=key(11).public.did, invited=True)
    await hub.ask("peer.remove", id=key(11).public.did)
    assert hub.store.peers() == []


async def test_removing_lifts_no_ban(hub: Resident, a: Resident) -> None:
    await hub.ask("peer.set", id=a.id, banned=True)
    await hub.ask("peer.remove", id=a.id)
    assert hub.store.peers() == [PeerRow(a.id, banned=True)]


# ---- bounds


async def test_there_are_so_many_open_invitations_and_no_more(world: World, hub: Resident) -> None:
    now = hub.node.core.now()
    for number in range(MAX_INVITATIONS):
        await hub.node.doorkeeper.issue(Invitation(number, 1, now + (MINUTE if number < 2 else DAY), now))
    with pytest.raises(UsageError, match="are open"):
        await invite(hub)
    world.clock.advance(MINUTE)
    await invite(hub)
    assert len(hub.store.invitations()) == MAX_INVITATIONS
    await invite(hub)
    with pytest.raises(UsageError, match="are open"):
        await invite(hub)


async def test_so_many_wait_and_no_more(hub: Resident, a: Resident, b: Resident, monkeypatch) -> None:
    monkeypatch.setattr(doorkeeper, "MAX_WAITING", 1)
    link = await invite(hub, ask=True, uses=5)
    assert [await outcome(a, link), await outcome(b, link)] == ["waiting", "crowded"]
    assert uses(hub) == [4]
    assert await outcome(a, link) == "waiting"
    await hub.ask("peer.refuse", id=a.id)
    assert await outcome(b, link) == Outcome.WAITING


# ---- what was refused before


async def test_reports_that_a_source_refuses_from_a_stranger_are_told_and_go_out_after_joining(
    world: World, hub: Resident, a: Resident, b: Resident
) -> None:
    world.invite(hub, a)
    world.table.teach(LIE, Behaviour({}))
    async with hub.http() as http:
        assert (await http.post("/skills", content=skill_message(a.key, LIE, true_claim()).raw)).status_code == 201
    assert not (await b.ask("subscribe", url=hub.url)).value["joined"]
    told = (await b.ask("sync")).value
    assert (told["reported"], told["pending"]) == (0, 0)
    (refused,) = told["not_heard"]
    assert (refused["url"], refused["reason"], refused["count"]) == (hub.url, "unknown_peer", 2)
    assert "ask its operator for an invitation" in refused["message"]
    other = world.settle("other", "hub")
    assert (await b.ask("join", invitation=await invite(other))).value["tried_again"] == 0
    assert (await b.ask("join", invitation=await invite(hub))).value["tried_again"] == 2
    assert (await b.ask("subscribe", url=hub.url)).value["joined"]
    told = (await b.ask("sync", url=hub.url)).value
    assert (told["reported"], told["not_heard"]) == (2, [])
    assert [row.dealing for row in hub.store.receipts_about(LIE.id)] == ["skill_refuted"]
