"""Attack 65: an address that a peer says of itself leads this node to places that its operator never named.

Passes when: links are dialled to addresses that are not public only where the operator gave them: as a seed, by
subscribing, by joining there, or by `hansa net connect`; never since a peer named it, whoever let that peer in.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
