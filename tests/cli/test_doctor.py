"""The doctor sees each kind of trouble, says what to do, and changes nothing."""

from __future__ import annotations

import socket
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from hansa.adapters.lock import Claim, DataDirLock
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.entrypoints.doctor import here, others
from hansa.entrypoints.mcp import rehearsal
from hansa.entrypoints.mcp.scopes import EVERYTHING
from hansa.kernel.jobs import SelfTest
from tests.cli.conftest import Hansa, Up

AGENTS = ("hansa.entrypoints.mcp",)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Gives what each tier's self-test comes to; the real ones are run in tests/sandbox, the agents' door below."""
    holds = {"bubblewrap": True, "namespaces": True, "landlock": True, "seatbelt": True}

    async def self_test(self: Any) -> SelfTest:
        name = self._tier.name
        return SelfTest(True, (name,)) if holds[name] else SelfTest(False, (name,), ("it leaks",), "Install it.")

    monkeypatch.setattr(ProcessSandbox, "self_test", self_test)
    monkeypatch.setattr(others, "OPTIONAL", ())
    return holds


@pytest.fixture
def quiet(home: Path, node: Hansa, sandbox: dict[str, bool]) -> Hansa:
    (home / "config.toml").write_text("port = 0\n")
    return node


def found(hansa: Hansa) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in hansa("doctor", "--json").json["checks"]}


def state(home: Path) -> dict[str, tuple[int, int, bytes]]:
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    return {path.name: (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_sound_node(quiet: Hansa, home: Path) -> None:
    quiet("status")
    before = state(home)
    said = quiet("doctor")
    assert said.code == 0
    assert "0 failed" in said.out
    assert state(home) == before
    assert {one["state"] for one in found(quiet).values()} == {"ok"}


def test_beside_a_node_that_is_up(up: Up, node: Hansa, sandbox: dict[str, bool]) -> None:
    checks = found(node)
    assert up.url in checks["port"]["text"]
    assert f"process {up.process.pid}" in checks["lock"]["text"]
    assert "every page sound" in checks["store"]["text"]
    assert node("doctor").code == 0
    assert node("status", "--json").json["process"]["running"]


@pytest.mark.parametrize("empty", [False, True], ids=["no directory", "an empty one"])
def test_where_there_is_no_node_yet_that_is_the_one_fault(
    hansa: Hansa, home: Path, sandbox: dict[str, bool], monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.setenv("HANSA_PORT", "0")  # whoever else is on this machine
    monkeypatch.setattr(others, "OPTIONAL", AGENTS)
    if empty:
        home.mkdir(mode=0o755)
    said = hansa("doctor", "--json")
    assert said.code == 1
    [fault] = [one for one in said.json["checks"] if one["state"] != "ok"]
    assert (fault["state"], fault["name"], fault["text"]) == ("fail", "node", f"there is none at {home} yet")
    assert "hansa init" in fault["advice"]
    assert {"port", "sandbox", "settings", "sqlite"} <= {one["name"] for one in said.json["checks"]}
    assert not home.exists() or not list(home.iterdir())
    assert "1 failed" in hansa("doctor").out


def test_where_there_can_be_no_node_it_is_said_why(hansa: Hansa, home: Path, sandbox: dict[str, bool]) -> None:
    home.write_text("a file")
    checks = hansa("doctor", "--json").json["checks"]
    faults = [
        one for one in checks if one["state"] != "ok" and one["name"] != "port"
    ]  # whoever else is on this machine
    assert [(one["name"], one["text"]) for one in faults] == [("data directory", f"{home} is no directory")]


def test_rules_of_a_nodes_own_are_read_and_tried(quiet: Hansa, home: Path) -> None:
    assert "the five articles alone" in found(quiet)["constitution"]["text"]
    rule = '[[rules]]\nname = "ours"\ntext = "MIT."\noccasions = ["publish"]\nmust = { license = { is = "MIT" } }\n'
    (home / "constitution.toml").write_text(rule + 'passes = [{ license = "MIT" }]\nfails = [{}]\n')
    assert found(quiet)["constitution"]["text"].endswith("1 rules of this node's own")
    (home / "constitution.toml").write_text(rule + 'passes = [{}]\nfails = [{ license = "MIT" }]\n')
    check = found(quiet)["constitution"]
    assert (check["state"], "rule ours" in check["text"]) == ("fail", True)
    assert "hansa constitution test" in check["advice"]


def test_a_node_whose_key_is_gone_is_no_new_one(quiet: Hansa, home: Path) -> None:
    quiet("status")
    for name in ("key", "roots.jsonl"):
        (home / name).unlink()
    assert found(quiet)["key"]["state"] == "fail" and found(quiet)["store"]["state"] == "ok"


@pytest.mark.parametrize(
    ("name", "state", "break_it"),
    [
        ("key", "fail", lambda home: (home / "key").chmod(0o644)),
        ("key", "fail", lambda home: (home / "key").write_bytes(b"nonsense")),
        ("data directory", "warn", lambda home: home.chmod(0o755)),
        ("settings", "fail", lambda home: (home / "config.toml").write_text("portt = 1")),
        ("sandbox", "fail", lambda home: (home / "config.toml").write_text("port = 0\nsandbox_tier = 'moat'")),
        ("store", "fail", lambda home: (home / "hansa.db").write_bytes(b"SQLite format 3\0" + b"x" * 5_000)),
        ("store", "fail", lambda home: (home / "hansa.db").write_bytes(b"nonsense" * 1_000)),
        ("store", "warn", lambda home: (home / "hansa.db-wal").write_bytes(b"x" * 40)),
    ],
)
def test_trouble_is_named_with_what_to_do(quiet: Hansa, home: Path, name: str, state: str, break_it: Any) -> None:
    quiet("status")
    break_it(home)
    check = found(quiet)[name]
    assert check["state"] == state, check
    assert check["advice"]


def test_a_variable_that_sets_nothing_is_worth_a_look(quiet: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSA_WORKERS", "2")
    assert found(quiet)["settings"]["text"].endswith("config.toml, HANSA_WORKERS")
    monkeypatch.setenv("HANSA_PROT", "9000")
    check = found(quiet)["settings"]
    assert check["state"] == "warn" and "HANSA_PROT" in check["text"] and "HANSA_PORT" in check["text"]


def test_a_damaged_page_is_found(quiet: Hansa, home: Path) -> None:
    quiet("status")
    with (home / "hansa.db").open("r+b") as file:
        for page in range(8, 40):
            file.seek(4096 * page + 10)
            file.write(b"\xff" * 200)
    assert found(quiet)["store"]["state"] == "fail"


def test_a_store_of_a_newer_hansa(quiet: Hansa, home: Path) -> None:
    quiet("status")
    with sqlite3.connect(home / "hansa.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    assert "newer" in found(quiet)["store"]["text"]


def test_a_port_that_somebody_else_has(quiet: Hansa, home: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        (home / "config.toml").write_text(f"port = {sock.getsockname()[1]}\n")
        assert found(quiet)["port"]["state"] == "fail"


def test_a_command_that_works_here(quiet: Hansa, home: Path) -> None:
    with DataDirLock(home, Claim("prove")):
        assert "hansa prove" in found(quiet)["lock"]["text"]


def test_a_tier_that_does_not_hold_is_worth_a_look_and_none_is_a_failure(quiet: Hansa, sandbox) -> None:
    sandbox["bubblewrap"] = False
    checks = found(quiet)
    assert (checks["sandbox bubblewrap"]["state"], checks["sandbox bubblewrap"]["advice"]) == ("warn", "Install it.")
    assert "namespaces is used" in checks["sandbox"]["text"]
    sandbox.update(namespaces=False, landlock=False)
    assert quiet("doctor").code == 1


@pytest.mark.parametrize("free_mib", [10, 500, 5_000])
def test_room_on_the_disk(quiet: Hansa, monkeypatch: pytest.MonkeyPatch, free_mib: int) -> None:
    usage = type("usage", (), {"free": free_mib * here.MIB})
    monkeypatch.setattr(here.shutil, "disk_usage", lambda _: usage)
    assert found(quiet)["disk"]["state"] == {10: "fail", 500: "warn", 5_000: "ok"}[free_mib]


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (60, "warn"), (1_000, "fail"), (-1_000, "fail")])
def test_the_clock_of_a_source(monkeypatch: pytest.MonkeyPatch, seconds: int, state: str) -> None:
    import asyncio
    from email.utils import formatdate

    import httpx2

    now = others.SystemClock().now()

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"Date": formatdate(now / 1000 + seconds, usegmt=True)})

    async def ask() -> Any:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
            return await others._asked(http, "http://127.0.0.1:1")

    assert asyncio.run(ask()).state == state


def test_a_source_that_does_not_answer(up: Up, node: Hansa, home: Path, tmp_path: Path, sandbox) -> None:
    other = tmp_path / "other"
    assert node("init", "--home", other).code == 0
    assert node("subscribe", up.url, "--home", other).code == 0
    checks = {one["name"]: one for one in node("doctor", "--home", other, "--json").json["checks"]}
    assert checks[f"source {up.url}"]["state"] == "ok"
    up.stop()
    checks = {one["name"]: one for one in node("doctor", "--home", other, "--json").json["checks"]}
    assert checks[f"source {up.url}"]["state"] == "warn"


def test_an_optional_part_tests_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    (tmp_path / "extra_part.py").write_text(
        "from hansa.kernel.errors import Unavailable\n"
        "async def self_test(home):\n    raise Unavailable('it is ill: call someone')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(others, "OPTIONAL", ("extra_part", "no_such_part"))
    [check] = asyncio.run(others.optional(tmp_path))
    assert (check.state, check.text, check.advice) == ("fail", "it is ill", "call someone")
    sys.modules.pop("extra_part")


def test_the_door_for_agents_is_opened_as_a_client_opens_it(
    quiet: Hansa, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "OPTIONAL", AGENTS)
    quiet("status")
    before = state(home)
    check = found(quiet)["mcp"]
    assert check["state"] == "ok" and "answers a client" in check["text"]
    assert state(home) == before


def test_a_door_for_agents_that_does_not_open(quiet: Hansa, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "OPTIONAL", AGENTS)
    (home / "key").write_bytes(b"nonsense")
    check = found(quiet)["mcp"]
    assert (check["state"], check["text"]) == ("fail", "does not come up")
    assert "hansa mcp" in check["advice"]


def test_a_door_for_agents_that_keeps_silent_or_lacks_a_tool(quiet: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "OPTIONAL", AGENTS)
    monkeypatch.setattr(rehearsal, "AGENT", EVERYTHING)
    check = found(quiet)["mcp"]
    assert check["state"] == "fail" and "publish_skill" in check["text"]

    silent = {"command": sys.executable, "args": ["-c", "import sys; sys.stdin.read()"], "env": {}}
    monkeypatch.setattr(rehearsal.clients, "entry", lambda *_, **__: silent)
    monkeypatch.setattr(rehearsal, "SECONDS", 0.1)
    assert found(quiet)["mcp"]["text"].startswith("no answer")


def test_a_door_for_agents_that_is_not_installed_is_worth_a_look(quiet: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "OPTIONAL", AGENTS)
    monkeypatch.setitem(sys.modules, "hansa.entrypoints.mcp.rehearsal", None)
    said = quiet("doctor", "--json")
    assert said.code == 0
    check = said.json["checks"][-1]
    assert (check["state"], check["advice"]) == ("warn", "pip install 'hansa[mcp]' if you want it")
