"""The source protocol's calls (M19): two real nodes in one process, over loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.entrypoints.manager import MycorrhizalNetworkManager
from hansa.kernel.errors import Unavailable, UsageError

OPEN = {"overlay": {"open": True}, "log_level": "error"}


async def test_two_nodes_of_one_program_link_and_share(tmp_path: Path) -> None:
    async with (
        MycorrhizalNetworkManager(tmp_path / "a", name="a", **OPEN) as a,
        MycorrhizalNetworkManager(tmp_path / "b", name="b", **OPEN) as b,
    ):
        assert a.id != b.id and a.url != b.url
        assert await b.connect_to_network([a.url, "http://127.0.0.1:1", a.url]) == [a.id]
        status = b.get_network_status()
        assert (status["instance_id"], status["links"]) == (b.id, 1)
        assert [one["instance_id"] for one in status["peers"] if one["linked"]] == [a.id]
        id_ = await b.share_knowledge_discovery("text", {"ids": ["0" * 64], "why": "worth a look"}, [a.id])
        assert len(id_) == 64
        assert len(await a.share_knowledge_discovery("text", {"ids": ["1" * 64]})) == 64
        with pytest.raises(UsageError, match="ids"):
            await b.share_knowledge_discovery("text", {"why": "nothing"})
        with pytest.raises(UsageError, match="content ids"):
            await b.share_knowledge_discovery("text", {"ids": ["no id"]})


async def test_it_can_be_stopped_and_started_again_with_the_same_identity(tmp_path: Path) -> None:
    manager = MycorrhizalNetworkManager(tmp_path / "a", log_level="error")
    with pytest.raises(Unavailable, match="initialize"):
        await manager.start()
    await manager.stop()
    await manager.initialize()
    first = manager.id
    with pytest.raises(Unavailable, match="start it first"):
        manager.get_network_status()
    await manager.start()
    await manager.start()
    assert manager.get_network_status()["links"] == 0
    await manager.stop()
    async with manager:
        assert manager.id == first


async def test_a_start_that_fails_leaves_the_directory_free(tmp_path: Path) -> None:
    async with MycorrhizalNetworkManager(tmp_path / "a", log_level="error") as a:
        port = int(a.url.rpartition(":")[2])
        with pytest.raises(Unavailable, match="can't listen"):
            async with MycorrhizalNetworkManager(tmp_path / "b", port=port, log_level="error"):
                pass
    async with MycorrhizalNetworkManager(tmp_path / "b", log_level="error"):
        pass


async def test_settings_that_make_no_sense_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="policy"):
        await MycorrhizalNetworkManager(tmp_path / "a", overlay={"policy": "loose"}).initialize()
