"""Every operation that changes something is written down, whichever door it came by; what only looks is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from hansa.entrypoints import operations
from hansa.entrypoints.audit import book, chain
from hansa.entrypoints.audit.book import Book
from hansa.entrypoints.audit.told import CALLER, Caller
from hansa.entrypoints.home import AGENT_TOKEN
from hansa.entrypoints.operations.registry import ORDERS
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import DiskFull, HansaError, UsageError
from tests.attacks.test_063_agents_door import door
from tests.attacks.test_066_every_route import CHANGES
from tests.cli.conftest import Hansa
from tests.node.world import Resident, World

SECRET = ("code", "invitation", "token", "key_file", "args", "cases", "payload", "record", "password")


@pytest.fixture
def node(tmp_path: Path) -> Any:
    world = World(tmp_path)
    made = world.settle("node")
    made.app.home.mkdir(exist_ok=True)
    made.app.audit = Book(made.app.home, lambda: int(made.clock.now()))
    yield made
    world.close()


def entries(home: Path) -> list[chain.Entry]:
    assert chain.verify(book.lines(home)).ok
    return [one for _, line in book.lines(home) if isinstance(one := chain.read(line[:-1]), chain.Entry)]


def test_whatever_changes_something_is_an_order() -> None:
    assert set(ORDERS) == set(CHANGES)


def test_no_argument_that_may_be_a_secret_is_named() -> None:
    assert not {name: named for name, named in ORDERS.items() if set(named) & set(SECRET)}


@pytest.mark.parametrize("name", sorted(operations.OPERATIONS))
async def test_an_operation_is_written_down_with_its_outcome_or_looks_only(node: Resident, name: str) -> None:
    by = Caller("mcp", "ann", ("prove", "read"), "s1")
    done = ""
    try:
        async for step in operations.run(node.app, name, {"id": "abcdef"}, by):
            done = "done" if getattr(step, "ok", False) else "refused"
    except (HansaError, AttributeError) as error:
        done = type(error).__name__.lower() if isinstance(error, HansaError) else chain.BROKEN_OFF
    found = entries(node.app.home)
    assert len(found) == (2 if name in CHANGES else 0)
    if found:
        assert (found[0].kind, found[0].what, found[1].kind, found[1].of) == ("order", name, "outcome", 1)
        assert found[0].by == {"door": "mcp", "user": "ann", "scopes": "prove read", "session": "s1"}
        assert found[1].outcome == done or done in ("refused", "notfound", "usageerror")


async def test_what_can_not_be_written_down_is_not_done(node: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise DiskFull("no room")

    monkeypatch.setattr(Book, "order", full)
    with pytest.raises(DiskFull):
        await node.ask("reflection.add", outcome="success", description="x")
    assert (await node.ask("reflection.list")).value["count"] == 0


async def test_what_was_done_stays_done_when_its_outcome_can_not_be_written(
    node: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise DiskFull("no room")

    structlog.reset_defaults()  # a command run before this in the same process has logged to a stream that is closed
    monkeypatch.setattr(Book, "outcome", full)
    await node.ask("reflection.add", outcome="success", description="x")
    assert (await node.ask("reflection.list")).value["count"] == 1
    assert chain.verify(book.lines(node.app.home)).unanswered == {1: "reflection.add"}


async def test_an_order_that_nobody_waits_for_is_broken_off(node: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*_: Any) -> Any:
        yield Progress(0, 1, "")
        yield Result({})

    monkeypatch.setitem(operations.OPERATIONS, "sync", slow)
    steps = operations.run(node.app, "sync", {})
    async for _ in steps:
        break
    await steps.aclose()
    assert entries(node.app.home)[1].outcome == chain.BROKEN_OFF


async def test_the_operators_door_says_who_and_an_agents_door_its_scopes(node: Resident) -> None:
    async with door(node) as http:
        headers = {"Authorization": "Bearer the-token"}
        body = {"outcome": "success", "description": "x"}
        for said in ({}, {CALLER: '{"door":"command","user":"ann"}'}):
            await http.post("/admin/operations/reflection.add", json=body, headers=headers | said)
        told = [one.by for one in entries(node.app.home) if one.kind == "order"]
        assert told == [{"door": "admin"}, {"door": "command", "user": "ann"}]
        lesser = (node.app.home / AGENT_TOKEN).read_text().strip()
        await http.post("/admin/operations/reflection.add", json=body, headers={"Authorization": f"Bearer {lesser}"})
        assert len(entries(node.app.home)) == 4


def test_a_command_is_written_down_and_read_without_the_node(node_home: Path, hansa: Hansa, tmp_path: Path) -> None:
    assert hansa("init").code == 0
    invited = hansa("peer", "invite", "--url", "http://127.0.0.1:1", "--json").json
    assert hansa("status").code == 0
    (order,) = hansa("audit", "list", "--json").json["orders"]
    assert (order["what"], order["outcome"], order["by"]["door"]) == ("peer.invite", "done", "command")
    text = b"".join(line for _, line in book.lines(node_home)).decode()
    assert invited["code"] not in text and invited["code"].replace("-", "") not in text
    head = hansa("audit", "verify", "--json").json["head"]
    hansa("reflect", "add", "success", "read dates")
    assert hansa("audit", "verify", "--head", head).code == 0
    assert hansa("audit", "verify", "--head", "0" * 63 + "1").code == 1
    assert hansa("audit", "export", "--to", tmp_path / "log").code == 0
    assert hansa("audit", "verify", tmp_path / "log").code == 0
    (tmp_path / "log").write_bytes((tmp_path / "log").read_bytes().replace(b"peer.invite", b"peer.remove"))
    said = hansa("audit", "verify", tmp_path / "log")
    assert said.code == 1 and "log:1" in said.out
    assert hansa("audit", "list", "--since", "1d").code == 0 and hansa("audit", "export").out.count("\n") == 5


def test_a_restore_is_written_down_and_takes_nothing_back(node_home: Path, hansa: Hansa, tmp_path: Path) -> None:
    hansa("init")
    assert hansa("store", "backup", tmp_path / "b").code == 0
    hansa("reflect", "add", "success", "read dates")
    assert hansa("store", "restore", tmp_path / "b").code == 0
    told = [one["what"] for one in hansa("audit", "list", "--json").json["orders"]]
    assert told == ["store.backup", "reflection.add", "store.restore"]
    assert hansa("audit", "verify").code == 0


def test_a_store_command_that_fails_says_so(node_home: Path, hansa: Hansa, tmp_path: Path) -> None:
    hansa("init")
    assert hansa("store", "migrate", "--to", "sqlite").code == 2
    (order,) = hansa("audit", "list", "--json").json["orders"]
    assert (order["what"], order["outcome"]) == ("store.migrate", "usageerror")


@pytest.fixture
def node_home(home: Path) -> Path:
    return home


async def test_an_operation_that_is_not_there_is_no_order(node: Resident) -> None:
    with pytest.raises(UsageError):
        await node.ask("no.such")
    assert entries(node.app.home) == []
