"""Attack 67, seen from the door: no room is a typed refusal, nothing is half-done, and room that comes back is used.

Crashes, power losses and refusals at each step of the disk are in `tests/store/disk/test_sweep.py`, logs that lost
something in `tests/store/test_wal.py`, crashes of whole processes in `tests/e2e/test_kill_9.py` and, a thousand
of them, in `tests/e2e/test_kill_storm.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hansa.adapters.store import sqlite
from hansa.adapters.store.bounds import StoreBounds
from hansa.entrypoints.app import opened
from hansa.entrypoints.config import Config
from hansa.entrypoints.identities import create_identity
from hansa.kernel.errors import DiskFull, Unavailable
from hansa.skills.importing.draft import Draft
from hansa.skills.model import Claim
from tests.attacks.specimens import key
from tests.node.world import SLUG, World, multiplier, skill_message


async def full(tmp_path: Path, kind: str):
    world = World(tmp_path, kind)
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    world.table.teach(SLUG)

    def set_full(node, value: bool) -> None:
        if kind == "memory":
            node.store.full = value
        else:
            world.free_bytes = 0 if value else 1 << 40

    return world, hub, a, set_full


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_full_disk_is_507_and_then_the_same_message_is_taken(tmp_path: Path, kind: str) -> None:
    world, hub, a, set_full = await full(tmp_path, kind)
    raw = skill_message(a.key, SLUG).raw
    set_full(hub, True)
    async with hub.http() as http:
        for _ in range(3):
            answer = await http.post("/skills", content=raw)
            assert (answer.status_code, answer.headers["retry-after"]) == (507, "5")
        assert (await http.post("/skills", content=b"{}")).status_code in (400, 507)
        assert (await http.get("/readyz")).status_code == 200
        assert (await http.get("/skills")).json()["skills"] == []
        set_full(hub, False)
        assert (await http.post("/skills", content=raw)).status_code == 201
    assert hub.node.core.counters.balanced
    assert hub.refusals()["store_full"] == 3
    world.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_pull_onto_a_full_disk_keeps_its_place(tmp_path: Path, kind: str) -> None:
    world, hub, a, set_full = await full(tmp_path, kind)
    async with hub.http() as http:
        for n in (2, 3):
            await http.post("/skills", content=skill_message(a.key, multiplier(n)).raw)
    b = world.settle("b")
    await b.subscribe(hub)
    set_full(b, True)
    with pytest.raises(DiskFull):
        await b.pull(hub)
    assert b.store.subscriptions()[0].length == 0
    set_full(b, False)
    assert [one.reason for one in await b.pull(hub)] == [None, None]
    world.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_an_operation_on_a_full_disk_says_so_and_does_nothing(tmp_path: Path, kind: str) -> None:
    world, hub, a, set_full = await full(tmp_path, kind)
    await a.add(SLUG)
    set_full(a, True)
    for name, arguments in [
        ("prove", {"ids": [SLUG.id]}), ("peer.set", {"id": hub.id, "invited": True}),
        ("skill.remove", {"id": SLUG.id}), ("quarantine.settle", {"id": SLUG.id, "approve": True}),
    ]:  # fmt: skip
        with pytest.raises(DiskFull):
            await a.ask(name, **arguments)
    set_full(a, False)
    assert a.row(SLUG).state == "quarantined"
    assert a.store.evidence(SLUG.id) == []
    assert a.store.peers() == []
    assert (await a.ask("prove", ids=[SLUG.id])).ok
    world.close()


async def test_a_disk_that_is_read_only_refuses_writes_serves_reads_and_recovers_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The free-space floor of a real node, as its settings say it."""
    home = tmp_path / "node"
    create_identity(home)
    free = [1 << 40]
    monkeypatch.setattr(sqlite.SqliteStore.open.__func__, "__kwdefaults__", {  # type: ignore[attr-defined]
        **sqlite.SqliteStore.open.__func__.__kwdefaults__, "free": lambda _: free[0]})  # type: ignore[attr-defined]  # fmt: skip
    async with opened(home, Config(store=StoreBounds(min_free_bytes=1000))) as app:
        await app.node.shelf.add(Draft(SLUG, Claim(), "test"))
        free[0] = 999
        with pytest.raises(DiskFull, match="must stay free: free some space; nothing was written"):
            await app.node.shelf.add(Draft(multiplier(2), Claim(), "test"))
        assert app.node.find(SLUG.intent) == []  # not proved; and asking is no trouble
        assert app.node.core.store.skill(SLUG.id) is not None
        assert app.node.core.store.skill(multiplier(2).id) is None
        free[0] = 1000
        await app.node.shelf.add(Draft(multiplier(2), Claim(), "test"))
        assert app.node.core.store.skill(multiplier(2).id) is not None


async def test_a_refusal_is_still_that_refusal_when_the_disk_can_not_take_its_note(tmp_path: Path) -> None:
    world = World(tmp_path, "sqlite")
    hub = world.settle("hub", "hub")

    async def broken(batches: Sequence[object]) -> list[Unavailable]:
        return [Unavailable("the disk under hansa.db reports an error: check the disk, then try again")] * len(batches)

    hub.store.apply_each = broken  # type: ignore[method-assign, assignment]
    async with hub.http() as http:
        answer = await http.post("/skills", content=skill_message(key(1), SLUG).raw)
    assert (answer.status_code, answer.json()["reason"]) == (403, "unknown_peer")
    assert hub.node.core.counters.balanced
    world.close()
