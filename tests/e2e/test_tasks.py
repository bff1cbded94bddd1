"""Tasks over real nodes in one process, over loopback, in the real sandbox (S1, S2, S3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.manager import MycorrhizalNetworkManager as Manager
from hansa.entrypoints.swarm import Swarm
from hansa.kernel.errors import NotFound, UsageError
from tests.node.world import real_sandbox

OPEN: dict[str, Any] = {"overlay": {"open": True}, "log_level": "error"}
DOUBLE = {"code": "def double(x):\n    return 2 * x\n", "entry_point": "double", "calls": ["(21,)", "('ab',)"]}
SKILL = '''"""Give back what was given.

Steps:
1. Take it.
License: MIT
"""


def mine(x):
    """Do it.

    >>> mine(1)
    1
    """
    return x
'''


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Waits until something holds; fails after half a minute."""
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0)


async def heard_of(one: Manager, many: int) -> dict[str, Any]:
    """Returns what others can, once so many have said so."""

    async def heard() -> bool:
        return len((await one.ask("capabilities", probe=False)).value["others"]) >= many

    await until(heard)
    return await Swarm(one).capabilities()


@pytest.mark.skipif(isinstance(real_sandbox(), str), reason="no sandbox holds on this machine")
async def test_a_task_goes_to_who_serves_it_and_its_result_comes_back(tmp_path: Path) -> None:
    serves = {**OPEN, "swarm": {"serve": True}}
    async with (
        Manager(tmp_path / "a", name="a", **OPEN) as a,
        Manager(tmp_path / "b", name="b", **serves) as b,
        Manager(tmp_path / "c", name="c", **OPEN) as c,
    ):
        swarm = Swarm(a)
        for one, other in ((a, b), (a, c), (c, a)):
            await one.ask("peer.set", id=other.id, invited=True)
        await a.connect_to_network([b.url, c.url])
        seen = await heard_of(a, 1)
        assert [one["node"] for one in seen["others"]] == [b.id], "c serves nothing, and says nothing"
        assert seen["serves"] == [] and seen["own"][0]["proved"]

        refused = await swarm.delegate_task("python-computation", DOUBLE)
        assert (refused["success"], refused["state"]) == (False, "refused"), "a was not invited there"
        assert "task_not_served" in refused["error"]

        await b.ask("peer.set", id=a.id, invited=True)
        done = await swarm.delegate_task("python-computation", DOUBLE, correlation="first")
        assert (done["success"], done["values"], done["correlation"]) == (True, ["42", "'abab'"], "first")
        assert [one["node"] for one in done["attempts"]] == [b.id]

        failed = await swarm.delegate_task(
            "python-computation", {**DOUBLE, "code": "def double(x):\n    return open('/etc/passwd').read()\n"}
        )
        assert not failed["success"] and "/" not in failed["error"].replace("/etc/passwd", "")

        path = tmp_path / "mine.py"
        path.write_text(SKILL)
        id_ = (await a.ask("skill.add", paths=[str(path)])).value["added"][0]["trace_id"]
        proved = await swarm.delegate_task("prove-skill", {"skill": id_, "trials": 5})
        assert (proved["success"], proved["values"][:3]) == (True, ["pass", "5", "5"]), proved

        found = await swarm.delegate_task("query", {"intent": "give back what was given"})
        assert (found["success"], found["values"]) == (True, []), "what was proved for others is not held there"

        asked = await swarm.delegate_task("python-computation", DOUBLE, to=c.id)
        assert not asked["success"] and "task_not_served" in asked["error"], "off unless its operator turns it on"

        listed = (await a.ask("task.list")).value
        assert listed["count"] == 6 and listed["tasks"][0]["state"] == "refused"
        assert (await a.ask("task.show", id=done["task"][:12])).value["values"] == done["values"]
        assert (await b.ask("task.list")).value["for_others"]["done"] == 4
        with pytest.raises(NotFound):
            await a.ask("task.show", id="f" * 64)
        with pytest.raises(UsageError, match="not done by any node"):
            await a.ask("task.run", kind="code-generation")


@pytest.mark.skipif(isinstance(real_sandbox(), str), reason="no sandbox holds on this machine")
async def test_a_task_that_is_called_off_is_stopped_where_it_runs(tmp_path: Path) -> None:
    async with (
        Manager(tmp_path / "a", name="a", **OPEN) as a,
        Manager(tmp_path / "b", name="b", **OPEN, swarm={"serve": True}) as b,
    ):
        for one, other in ((a, b), (b, a)):
            await one.ask("peer.set", id=other.id, invited=True)
        await a.connect_to_network([b.url])
        await heard_of(a, 1)
        forever = {"code": "def f():\n    while True:\n        pass\n", "entry_point": "f", "calls": ["()"]}
        begun = (await a.ask("task.run", kind="python", detach=True, **forever)).value

        async def runs() -> bool:
            return bool((await a.ask("task.show", id=begun["task"])).value["state"] == "running")

        async def idle() -> bool:
            return not (await b.ask("task.list")).value["for_others"]["queue"]

        await until(runs)
        over = await Swarm(a).cancel_task(begun["task"])
        assert over["state"] == "cancelled"
        await until(idle)
        assert (await b.ask("task.list")).value["for_others"]["stopped"] == 1
