"""The commands on tasks, on a node that is not up: what they say, and with which exit code; and what they hand on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.steps import Result
from tests.cli.conftest import Hansa


@pytest.mark.parametrize(
    "words", [("run", "query", "--intent", "x"), ("list",), ("show", "4f1d"), ("cancel", "4f1d")], ids=" ".join
)
def test_without_a_node_that_is_up_they_say_so(node: Hansa, words: tuple[str, ...]) -> None:
    said = node("task", *words)
    assert said.code == 4 and "hansa up" in said.err


def test_an_unknown_kind_and_code_that_can_t_be_read_are_usage_errors(node: Hansa, tmp_path: Path) -> None:
    assert node("task", "run", "shell").code == 2
    assert node("task", "run", "python", "--code", str(tmp_path / "none.py")).code == 2
    (tmp_path / "long.py").write_text("#" * 70_000)
    assert node("task", "run", "python", "--code", str(tmp_path / "long.py")).code == 2


def test_what_is_given_is_handed_on_and_a_failure_is_exit_code_1(
    node: Hansa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    async def answered(_: Path, name: str, arguments: dict[str, Any]) -> AsyncIterator[Result]:
        asked.append((name, arguments))
        attempt = {"node": "did:key:z6Mk" + "a" * 40, "task": "0" * 64, "state": "failed", "why": "no", "checked": "",
                   "used_ms": 3, "harness": ""}  # fmt: skip
        yield Result(
            {"task": "f" * 64, "state": "failed", "error": "no", "values": [], "attempts": [attempt]}, ok=False
        )

    monkeypatch.setattr("hansa.entrypoints.reach.steps", answered)
    (tmp_path / "f.py").write_text("def f(x): return x\n")
    said = node("task", "run", "python", "--code", str(tmp_path / "f.py"), "--entry", "f", "--args", "(1,)",
                "--args", "(2,)", "--timeout", "2.5", "--to", "did:key:z6Mk")  # fmt: skip
    assert said.code == 1 and "failed: no" in said.out
    name, given = asked[0]
    assert name == "task.run" and given["calls"] == ["(1,)", "(2,)"] and given["within_ms"] == 2500
    assert (given["entry_point"], given["to"], given["code"]) == ("f", "did:key:z6Mk", "def f(x): return x\n")
    assert json.loads(node("task", "run", "query", "--intent", "x", "--json").out)["state"] == "failed"


def test_capabilities_are_shown_without_a_node_that_is_up(node: Hansa) -> None:
    said = node("capabilities")
    assert said.code == 0 and "served to others: nothing (the setting swarm.serve is false)" in said.out
