"""The one thing that a stranger can bring about is to be let in; that takes a code that is not overheard or guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hansa.identity.envelope import Signed, read
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import DAY, MINUTE
from hansa.node import doorkeeper
from hansa.overlay.invitation import Invitation, proof
from tests.attacks.forgeries import forgeries
from tests.attacks.specimens import key
from tests.node.ways import Target
from tests.node.world import START, Resident, World, speak

SECRET = 0x7A5E_0123_4567_89A
BOB, EVE = key(21), key(22)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
async def hub(world: World) -> Resident:
    made = world.settle("hub", "hub")
    await made.node.doorkeeper.issue(Invitation(SECRET, 3, START + DAY, START))
    return made


def did(signer: Any) -> NodeId:
    return NodeId(signer.public.did)


def join(signer: Any, hub: Resident, given: str = "", secret: int = SECRET, **header: Any) -> Signed:
    body = {"proof": given or proof(secret, hub.id, did(signer)), "name": "n", "role": "node", "url": ""}
    return speak(signer, "join", body, **{"recipient": hub.id} | header)


async def fate(hub: Resident, message: Signed | bytes) -> str:
    """Returns what a join comes to at the door: the signed outcome or reason, or the reason of the refusal before."""
    async with hub.http() as http:
        answer = await http.post("/join", content=message if isinstance(message, bytes) else message.raw)
    if answer.status_code != 200:
        return str(answer.json()["reason"])
    told = msgspec.json.decode(read(answer.content).payload)["body"]
    return str(told.get("reason") or told["outcome"])


def kept(hub: Resident) -> tuple[Any, ...]:
    return hub.store.peers(), hub.store.requests(), hub.store.invitations(), hub.store.feed_mark(), hub.store.sizes()


async def test_the_code_itself_works(hub: Resident) -> None:
    assert await fate(hub, join(BOB, hub)) == "admitted"
    assert [(row.id, row.invited) for row in hub.store.peers()] == [(did(BOB), True)]


async def test_a_proof_that_was_overheard_is_no_good_to_another_key(hub: Resident) -> None:
    overheard = proof(SECRET, hub.id, did(BOB))
    before = kept(hub)
    assert await fate(hub, join(EVE, hub, overheard)) == "bad_invitation"
    assert kept(hub) == before


async def test_a_proof_shown_to_one_node_is_no_good_at_another(world: World, hub: Resident) -> None:
    other = world.settle("other", "hub")
    await other.node.doorkeeper.issue(Invitation(SECRET, 3, START + DAY, START))
    shown = proof(SECRET, other.id, did(BOB))
    assert await fate(hub, join(BOB, other)) == "wrong_recipient"
    assert await fate(hub, join(BOB, hub, shown)) == "bad_invitation"


async def test_a_join_sent_again_lets_nobody_in(hub: Resident) -> None:
    message = join(BOB, hub)
    assert await fate(hub, message) == "admitted"
    await hub.ask("peer.remove", id=did(BOB))
    before = kept(hub)
    assert await fate(hub, message) == "old_sequence"
    assert kept(hub) == before


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"created": START - 10 * MINUTE}, "stale"),
        ({"created": START + 10 * MINUTE}, "from_future"),
        ({"expires": START - 1}, "expired"),
        ({"network": "elsewhere"}, "wrong_network"),
        ({"version": "9.0"}, "unsupported_version"),
    ],
)
async def test_a_join_out_of_time_or_place_is_refused(hub: Resident, header: dict[str, Any], reason: str) -> None:
    before = kept(hub)
    assert await fate(hub, join(BOB, hub, **header)) == reason
    assert kept(hub) == before


async def test_a_join_that_was_changed_is_refused(hub: Resident) -> None:
    before = kept(hub)
    good = join(BOB, hub)
    for name, raw in forgeries(good, [BOB, EVE]):
        assert await fate(hub, raw) not in ("admitted", "waiting", "bad_invitation"), name
    changed = good.raw.replace(read(good.raw).raw[20:24], b"AAAA", 1)
    assert await fate(hub, changed) not in ("admitted", "waiting", "bad_invitation")
    assert kept(hub) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"proof": ""},
        {"proof": "0" * 63},
        {"proof": "G" * 64},
        {"proof": "0" * 64, "url": "http://" + "a" * 300},
        {"proof": "0" * 64, "name": "n" * 65},
        {"proof": "0" * 64, "role": "r" * 17},
        {"proof": "0" * 64, "invited": True},
    ],
)
async def test_a_body_of_another_shape_is_refused(hub: Resident, body: dict[str, Any]) -> None:
    before = kept(hub)
    assert await fate(hub, speak(BOB, "join", body, recipient=hub.id)) == "bad_body"
    assert kept(hub) == before


@pytest.mark.parametrize("way", ["http", "bulk", "file", "feed"])
async def test_no_other_door_lets_in(world: World, way: str) -> None:
    target = await Target.ready(world, "hub")
    await target.node.node.doorkeeper.issue(Invitation(SECRET, 3, START + DAY, START))
    before = kept(target.node)
    assert await target.push(way, join(EVE, target.node).raw) == "unknown_kind"
    assert kept(target.node) == before


async def test_no_other_kind_is_taken_at_this_door(hub: Resident) -> None:
    hello = speak(BOB, "hello", {"versions": ["1.0"]}, recipient=hub.id)
    assert await fate(hub, hello) == "unknown_kind"
    assert hub.store.peers() == []


async def test_a_used_up_code_and_one_that_never_was_are_refused_alike(hub: Resident) -> None:
    await hub.node.doorkeeper.issue(Invitation(1, 1, START + DAY, START))
    await hub.node.doorkeeper.issue(Invitation(2, 1, START + MINUTE, START))
    assert await fate(hub, join(key(30), hub, secret=1)) == "admitted"
    hub.clock.advance(MINUTE)
    before = kept(hub)
    answers = []
    for secret in (1, 2, 3):  # used up, expired, unknown
        async with hub.http() as http:
            answer = await http.post("/join", content=join(EVE, hub, secret=secret, created=hub.clock.now()).raw)
        told = msgspec.json.decode(read(answer.content).payload)["body"]
        answers.append((answer.status_code, len(answer.content), {name: told[name] for name in told if name != "to"}))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][2] == {"outcome": "refused", "reason": "bad_invitation"}
    assert kept(hub) == before


async def test_guessing_is_held_to_a_rate_that_new_keys_do_not_raise(hub: Resident) -> None:
    before = kept(hub)
    guesses = [join(key(1_000 + number), hub, secret=number) for number in range(70)]
    fates = [await fate(hub, one) for one in guesses]
    assert fates == ["bad_invitation"] * 60 + ["rate_limited"] * 10
    assert await fate(hub, join(BOB, hub)) == "rate_limited"  # even a good one waits: all strangers share one rate
    assert kept(hub) == before
    hub.clock.advance(MINUTE)
    assert await fate(hub, join(BOB, hub, created=hub.clock.now())) == "admitted"


async def test_a_flood_of_asks_fills_nothing(hub: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "MAX_WAITING", 5)
    await hub.node.doorkeeper.issue(Invitation(9, 1_000, START + DAY, START, ask=True))
    fates = [await fate(hub, join(key(1_000 + number), hub, secret=9)) for number in range(20)]
    assert fates == ["waiting"] * 5 + ["crowded"] * 15
    assert len(hub.store.requests()) == len(hub.store.peers()) == 5
    assert [one.uses for one in hub.store.invitations() if one.secret == 9] == [995]


async def test_whoever_waits_may_do_nothing_yet(hub: Resident) -> None:
    await hub.node.doorkeeper.issue(Invitation(9, 1, START + DAY, START, ask=True))
    assert await fate(hub, join(BOB, hub, secret=9)) == "waiting"
    with pytest.raises(Refused, match="unknown_peer"):
        receipt = {"skill": "0" * 64, "why": ""}
        await hub.node.inbox.receive(speak(BOB, "tombstone", receipt).raw, _http())


def _http() -> Any:
    from hansa.admission.service import Via

    return Via.HTTP
