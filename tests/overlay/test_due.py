"""When parts say that they are due: two alike hear the same, and one of them is ticked only then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hansa.identity.envelope import seal
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import NEVER, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay import reconcile_params
from hansa.overlay.doing import Doing
from hansa.overlay.frames import Fetch, Frame, Held, Packet, Ping, Pong, Reach, Silent, Stuck, Sums
from hansa.overlay.holdings import Holdings
from hansa.overlay.links_said import Links, LinkSaid
from hansa.overlay.members import Members
from hansa.overlay.own_presence import Facts
from hansa.overlay.presence import PRESENCE, SUSPICION
from hansa.overlay.reconcile import Reconciler
from hansa.overlay.routes import Routes
from tests.attacks.specimens import header, key, scaled

ME = NodeId("did:key:zMe")
PEERS = [NodeId(f"did:key:z{number}") for number in range(3)]
IDS = [hashlib.sha256(b"%d" % number).digest() for number in range(60)]
LETTERS = [seal(header(key(1), kind="notice"), {"text": text}, [key(1)]).raw for text in ("one", "two")]
STEPS, TICK_MS = 100, 200

Act = Callable[[Any, Instant], Doing | None]


def same(acts: Callable[[Rng, Sequence[Frame]], list[Act]], busy: Any, lazy: Any, rng: Rng) -> int:
    """Has two parts hear the same and compares what they want done; returns how many ticks the second one was spared.

    Only some kinds of acts happen in a run, each its own (swarm testing): where everything happens, all is always due.

    Args:
        acts: draws what may happen next, one of each kind; it is told which frames the parts have sent.
    """
    now, spared = Instant(1_000 * SECOND), 0
    sent: list[Frame] = []
    kinds = rng.sample(range(len(acts(rng, sent))), rng.between(1, 4))
    for peer in PEERS:
        assert busy.linked(peer, now) == lazy.linked(peer, now)
    many = rng.pick([2, 3, 12])
    for _ in range(STEPS):
        for _ in range(rng.below(many)):
            happens = acts(rng, sent)[rng.pick(kinds)]
            one, two = happens(busy, now), happens(lazy, now)
            assert one == two
            sent += [frame for _, frame in one.sends] if one is not None else []
            now = Instant(now + rng.below(200 // many))
        now = Instant(now + TICK_MS + (rng.below(3_000) if rng.happens(0.02) else 0))
        if isinstance(lazy, Members):
            lazy.awake(now)
        is_due = now >= lazy.due
        spared += not is_due
        ticked = busy.tick(now)
        assert (lazy.tick(now) if is_due else Doing()) == ticked
        sent += [frame for _, frame in ticked.sends]
        del sent[:-8]
    return spared


def comparing(rng: Rng, sent: Sequence[Frame]) -> list[Act]:
    peer, id_ = rng.pick(PEERS), rng.pick(IDS)
    some = tuple(sorted(rng.sample(IDS, rng.between(1, 4))))
    return [
        lambda part, now: part.linked(peer, now),
        lambda part, now: part.lost(peer, False, now),
        lambda part, now: part.hurry(peer, now),
        lambda part, now: part.hurry_others(peer, now),
        lambda part, now: part.heard(peer, Sums("", (id_,)), now),
        lambda part, now: part.heard(peer, Sums("", (id_,) * 16), now),
        lambda part, now: part.heard(peer, Held("", some), now),
        lambda part, now: part.heard(peer, Fetch(some), now),
        lambda part, now: part.want(peer, some),
        lambda part, now: part.came(peer, id_, now),
        lambda part, now: part.taken(id_, now),
        lambda part, now: part.put_off(id_, now),
        lambda part, now: part.judging(id_, now),
        lambda part, now: part.kept_back(id_, now),
        lambda part, now: part.refused(id_, now),
    ]


def knowing(rng: Rng, sent: Sequence[Frame]) -> list[Act]:
    peer, other, seq = rng.pick(PEERS), rng.pick([ME, *PEERS]), rng.below(1_000_000)
    nonces = [frame.nonce for frame in sent if isinstance(frame, Ping | Reach)]
    nonce = rng.pick(nonces) if nonces else 1
    word = {"incarnation": rng.below(3), "addresses": [f"ws://{peer}:1"], "leaving": rng.happens(0.1)}
    accused = {"whom": other, "incarnation": rng.below(3)}
    return [
        lambda part, now: part.linked(peer, now, f"ws://{peer}:1", True),
        lambda part, now: part.linked(peer, now),
        lambda part, now: part.lost(peer, False, now),
        lambda part, now: part.lost(peer, True, now),
        lambda part, now: part.heard(peer, Ping(7, doubted=nonce % 2 == 0), now),
        lambda part, now: part.heard(peer, Pong(nonce), now),
        lambda part, now: part.heard(peer, Silent(nonce), now),
        lambda part, now: part.heard(peer, Reach(seq, other), now),
        lambda part, now: part.spoken(peer, PRESENCE, word, seq, now, peer),
        lambda part, now: part.spoken(peer, SUSPICION, accused, seq, now),
        lambda part, now: part.changed(Facts(interests=(f"i{seq % 2}",)), now),
    ]


def _link(whom: NodeId) -> LinkSaid:
    return LinkSaid(whom=whom, latency_ms=10, bandwidth=1_000, utilisation=0)


def carrying(rng: Rng, sent: Sequence[Frame]) -> list[Act]:
    peer, other, seq = rng.pick(PEERS), rng.pick(PEERS), rng.below(1_000_000)
    links = Links(links=(_link(ME), _link(other)))
    ids = [frame.id for frame in sent if isinstance(frame, Packet)]
    name = rng.pick(ids) if ids else bytes(16)
    return [
        lambda part, now: part.linked(peer, now),
        lambda part, now: part.lost(peer, False, now),
        lambda part, now: Doing() if part.said(peer, links, seq, now, now) else None,
        lambda part, now: part.carry(LETTERS[seq % 2], other, now),
        lambda part, now: part.heard(peer, Stuck(name, peer, other, (ME,)), now),
        lambda part, now: part.heard(peer, Packet(name, (ME,), (peer,), b"x"), now),
    ]


@pytest.mark.parametrize("seed", range(scaled(100)))
def test_nothing_comes_of_carrying_before_it_is_due(seed: int) -> None:
    busy, lazy = (Routes(ME, Rng(seed)) for _ in range(2))
    same(carrying, busy, lazy, Rng(seed).child("carrying"))


@pytest.mark.parametrize("seed", range(scaled(100)))
def test_nothing_comes_of_comparing_before_it_is_due(seed: int) -> None:
    rng = Rng(seed).child("comparing")
    params = reconcile_params.Params(frames_per_second=rng.pick([16, 200]))
    busy, lazy = (Reconciler(Holdings(IDS[:20]), params, Rng(seed)) for _ in range(2))
    same(comparing, busy, lazy, rng)


@pytest.mark.parametrize("seed", range(scaled(100)))
def test_nothing_comes_of_membership_before_it_is_due(seed: int) -> None:
    busy, lazy = (Members(ME, Facts(), Rng(seed), Instant(1_000 * SECOND)) for _ in range(2))
    same(knowing, busy, lazy, Rng(seed).child("knowing"))


def test_a_node_that_left_is_never_due() -> None:
    node = Members(ME, Facts(), Rng(1), Instant(0))
    assert node.due == 0
    node.leave(Instant(0))
    assert node.due == NEVER and node.tick(NEVER) == Doing()


def test_who_has_no_neighbour_has_nothing_to_compare() -> None:
    node = Reconciler(Holdings(), reconcile_params.Params(), Rng(1))
    assert node.due == NEVER
    node.linked(PEERS[0], Instant(5))
    assert 5 < node.due < NEVER


def quiet() -> tuple[Reconciler, Instant]:
    """Returns a part that has just compared with its one neighbour, and does so again in some seconds."""
    node, now = (
        Reconciler(Holdings(IDS[:20]), reconcile_params.Params(frames_per_second=16), Rng(1)),
        Instant(1_000 * SECOND),
    )
    node.linked(PEERS[0], now)
    for _ in range(4):
        now = node.due
        node.tick(now)
    assert node.due >= now + 5 * SECOND
    return node, now


def test_who_is_asked_for_something_is_seen_to_at_each_tick() -> None:
    node, now = quiet()
    assert node.heard(PEERS[0], Held("", tuple(IDS[30:31])), now).sends
    assert node.due <= now


def test_a_comparison_that_was_one_too_many_goes_on_within_a_second() -> None:
    node, now = quiet()
    for _ in range(16):
        node.heard(PEERS[0], Sums("", (IDS[0],)), now)
    assert node.due <= now + SECOND


def test_a_favour_is_due_when_its_time_is_over() -> None:
    node, now = Members(ME, Facts(), Rng(3), Instant(0)), Instant(10)
    for peer in PEERS[:2]:
        node.linked(peer, now)
    node.tick(now)
    node.heard(PEERS[0], Reach(5, PEERS[1]), Instant(20))
    sent: list[Frame] = []
    while Silent(5) not in sent:
        now = max(Instant(now + 1), node.due)
        sent = [frame for _, frame in node.tick(now).sends]
    assert now == 520
