"""Processors and memory for a program, in one call (M19): real nodes in one process, over loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.borrowing import wants
from hansa.entrypoints.manager import MycorrhizalNetworkManager
from hansa.kernel.errors import NotFound, Unavailable, UsageError
from hansa.kernel.resources import Resource

OPEN: dict[str, Any] = {"overlay": {"open": True}, "log_level": "error"}


async def test_what_one_offers_another_borrows_by_one_call(tmp_path: Path) -> None:
    async with (
        MycorrhizalNetworkManager(tmp_path / "a", name="a", **OPEN) as a,
        MycorrhizalNetworkManager(tmp_path / "b", name="b", **OPEN) as b,
    ):
        ids = await a.offer_computational_resources(4, 8, 2)
        assert len(ids) == 2
        await b.connect_to_network([a.url])
        few = await b.request_computational_resources(1.5, 0.5, 0.5, wait_seconds=9)
        assert [one["resource"] for one in few["granted"]] == ["memory_capacity"]
        assert few["missing"] == {"computational_power": 1500}
        assert few["why"].startswith("refused: hoarding"), "of a stranger, until it has taken some"
        await b.ask("market.release", id=few["granted"][0]["lease"])

        await a.ask("peer.set", id=b.id, invited=True)
        found = await b.request_computational_resources(cpu_cores=1.5, memory_gb=0.5, duration_hours=0.5)
        assert found["missing"] == {}
        granted = {one["resource"]: one for one in found["granted"]}
        assert {one["lender"] for one in found["granted"]} == {a.id}
        amounts = {name: sum(one["amount"] for one in found["granted"] if one["resource"] == name) for name in granted}
        assert amounts == {"computational_power": 1500, "memory_capacity": 512}

        listed = (await b.ask("market.leases", borrowed=True)).value
        assert {one["state"] for one in listed["leases"]} == {"active"}, "what was given back goes on no more"
        assert (await b.ask("market.leases", lent=True)).value["leases"] == []
        assert (await b.ask("market.list")).value["requests"] == []
        assert (await a.ask("market.leases", lent=True)).value["count"] >= 2

        lease = listed["leases"][0]["lease"]
        with pytest.raises(UsageError, match="only its borrower"):
            await a.ask("market.release", id=lease[:12])
        assert (await b.ask("market.release", id=lease[:12])).value["lender"] == a.id
        with pytest.raises(NotFound, match="no lease"):
            await b.ask("market.release", id="f" * 64)

        flows = (await b.ask("market.flows")).value
        assert flows["total"] == 3
        assert flows["pairs"][0]["lender"] == a.id
        assert flows["sees"]["partners"] == 1
        assert (await b.ask("market.accounts", check=True)).value["same"]
        assert (await b.ask("market.match")).value["offers"] == 0, "nothing is asked for, so none is weighed"

        with pytest.raises(Unavailable, match=r"nobody lent anything within 0\.3 s: .*nobody else offers"):
            await a.request_computational_resources(1, 0, 0.5, wait_seconds=0.3)
        assert not [one for one in (await a.ask("market.list")).value["requests"] if one["own"]]


async def test_arguments_that_make_no_sense_are_named(tmp_path: Path) -> None:
    async with MycorrhizalNetworkManager(tmp_path / "a", log_level="error") as a:
        for given, told in (
            ((0, 0, 1), "are 0"), ((-1, 0, 1), "cpu_cores is -1"), ((0, float("nan"), 1), "memory_gb is nan"),
            ((0.0001, 0, 1), "less than one"), ((1, 0, 0), "--lasts"), ((1, 0, -1), "duration_hours"),
            (("many", 0, 1), "cpu_cores is many"), ((1, 0, 1e9), "--lasts"),
        ):  # fmt: skip
            with pytest.raises(UsageError, match=told):
                await a.request_computational_resources(*given, wait_seconds=0.1)
        with pytest.raises(UsageError, match="urgency"):
            await a.request_computational_resources(1, 0, 1, urgency_level=1001)
        with pytest.raises(UsageError, match="--price"):
            await a.offer_computational_resources(1, 0, 1, cpu_price="-1")
        with pytest.raises(UsageError, match="are 0"):
            await a.offer_computational_resources(0, 0, 1)
        assert (await a.ask("market.list")).value["offered"] == 0
    manager = MycorrhizalNetworkManager(tmp_path / "b", overlay={"on": False}, log_level="error")
    async with manager:
        with pytest.raises(Unavailable, match="takes no part"):
            await manager.request_computational_resources(1, 0, 1)


def test_cores_and_gib_are_counted_in_the_units_of_the_market() -> None:
    cpu, memory = wants(0.25, 1.5, ("0.06", "0"))
    assert (cpu.resource, cpu.amount, cpu.price) == (Resource.COMPUTATIONAL_POWER, 250, "0.06")
    assert (memory.resource, memory.amount) == (Resource.MEMORY_CAPACITY, 1536)
