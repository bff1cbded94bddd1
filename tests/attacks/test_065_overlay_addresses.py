"""Attack 65: an address that a peer says of itself leads this node to places that its operator never named.

Passes when: links are dialled to addresses that are not public only where the operator gave them: as a seed, by
subscribing, by joining there, or by `hansa net connect`; never since a peer named it, whoever let that peer in.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hansa.entrypoints.operations.registry import run
from hansa.entrypoints.overlay import _is_own
from hansa.node.joining import given_mark
from hansa.node.rows import PeerRow, PutMark, PutPeer
from tests.node.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


INSIDE = "http://127.0.0.1:22"


@pytest.mark.parametrize("invitation", ["", "3f9a2c1d"], ids=["let in by hand", "came by an invitation"])
async def test_what_a_peer_says_of_itself_is_not_the_operators_word(world: World, invitation: str) -> None:
    a, b = world.settle("a"), world.settle("b")
    row = PeerRow(b.id, invited=True, invitation=invitation)
    await a.store.apply([PutPeer(replace(row, url=INSIDE))])
    assert not _is_own(a.app, INSIDE)


async def test_where_the_operator_joined_is(world: World) -> None:
    a = world.settle("a")
    await a.store.apply([PutMark(given_mark(INSIDE + "/"), a.id)])
    assert _is_own(a.app, INSIDE)


async def test_an_address_given_with_peer_add_is_the_operators_word_in_either_scheme(world: World) -> None:
    a, b = world.settle("a"), world.settle("b")
    await a.store.apply([PutPeer(PeerRow(b.id, invited=True, url="http://127.0.0.1:23"))])
    async for _ in run(a.app, "peer.set", {"id": b.id, "invited": True, "url": "ws://127.0.0.1:22/overlay"}):
        pass
    row = a.store.peer(b.id)
    assert row is not None and row.url == INSIDE
    assert (_is_own(a.app, INSIDE), _is_own(a.app, "http://127.0.0.1:23")) == (True, False)


@pytest.mark.parametrize("typed", ["ws://127.0.0.1:22/overlay", "ws://127.0.0.1:22", "http://127.0.0.1:22/"])
async def test_what_the_operator_typed_is_its_word_in_either_scheme(world: World, typed: str) -> None:
    a = world.settle("a")
    a.app.named[typed] = None
    assert _is_own(a.app, INSIDE)
    assert not _is_own(a.app, "http://127.0.0.1:23")


async def test_what_is_no_address_at_all_opens_nothing(world: World) -> None:
    a = world.settle("a")
    a.app.named["http://["] = None
    assert not _is_own(a.app, INSIDE)
