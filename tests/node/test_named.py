"""Whom a node knows by address is read from the store only when it may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.entrypoints.overlay import Named
from hansa.node.driver import Effects
from hansa.node.membership import DropPeer
from hansa.node.rows import Change, DropSubscription, PeerRow, PutPeer, PutSubscription, SubscriptionRow
from tests.attacks.specimens import key
from tests.node.world import SLUG, Resident, World


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path)
    yield world.settle("node")
    world.close()


async def test_it_is_read_again_once_peers_or_sources_changed_and_not_before(
    node: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, peers = [], node.store.peers
    monkeypatch.setattr(node.store, "peers", lambda: (asked.append(1), peers())[1])
    named, whom, other = Named(node.node.core), key(1).public.did, key(2).public.did

    async def after(change: Change) -> tuple[dict[str, str], int]:
        await node.node.core.driver.perform(Effects([change]))
        asked.clear()
        return [dict(named.now()) for _ in range(3)][-1], len(asked)

    assert named.now() == {}
    let_in = PeerRow(whom, invited=True, url="http://peer")
    assert await after(PutPeer(let_in)) == ({"http://peer": whom}, 1)
    source = SubscriptionRow("http://source", other)
    assert await after(PutSubscription(source)) == ({"http://peer": whom, "http://source": other}, 1)
    assert await after(DropSubscription("http://source")) == ({"http://peer": whom}, 1)
    assert await after(PutPeer(PeerRow(whom, invited=True, banned=True, url="http://peer"))) == ({}, 1)
    assert await after(DropPeer(whom)) == ({}, 1)
    await node.add(SLUG)
    asked.clear()
    assert (named.now(), asked) == ({}, [])
