"""From `config.toml` to an answer: the routes in the settings are asked, and the commands tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.app import App, opened
from hansa.entrypoints.config import load
from hansa.entrypoints.identities import create_identity
from hansa.entrypoints.operations import run
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import NotFound
from tests.llm.fake import Fake, http, pieces, serving, whole
from tests.llm.test_solver import CASES, CODE


def settle(home: Path, *fakes: Fake, more: str = "") -> None:
    create_identity(home)
    routes = [f'[[llm]]\nname = "r{n}"\nurl = "{fake.url}"\nmodel = "m{n}"\n{more}' for n, fake in enumerate(fakes, 1)]
    (home / "config.toml").write_text("\n".join(routes))


async def result_of(app: App, name: str, **arguments: Any) -> Result:
    found = [step async for step in run(app, name, arguments) if isinstance(step, Result)]
    return found[-1]


@pytest.mark.sandbox
async def test_an_intent_is_solved_by_the_second_model_and_then_nobody_is_asked(tmp_path: Path) -> None:
    busy, able = http(429, b"", Retry_After="60"), pieces(f"```python\n{CODE}```")
    async with serving(busy) as one, serving(able) as two:
        settle(tmp_path, one, two)
        async with opened(tmp_path, load(tmp_path)) as app:
            cases = [{"args": case.args, "expect": case.expect} for case in CASES]
            asked = {"intent": "count the letters of a text", "args": "('four',)"}
            first = await result_of(app, "execute", **asked, cases=cases)
            second = await result_of(app, "execute", **asked)
            routes = (await result_of(app, "llm.list")).value["routes"]
    assert (first.value["how"], first.value["value"]) == ("solved", "4")
    assert (second.value["how"], second.value["value"]) == ("reused", "4")
    assert [len(one.asked), len(two.asked)] == [1, 1]
    assert [(route["name"], route["tokens_today"], route["calls_today"]) for route in routes] == [
        ("r1", 0, 1),
        ("r2", 15, 1),
    ]
    assert routes[0]["alone_ms"] > 0
    assert "asks to wait" in routes[0]["last_trouble"]


async def test_a_test_asks_each_route_for_one_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("R_KEY", "k")
    async with serving(whole("ok")) as one, serving(http(401, b"")) as two:
        settle(tmp_path, one, two, more='key_env = "R_KEY"\n')
        async with opened(tmp_path, load(tmp_path)) as app:
            both = await result_of(app, "llm.test")
            only = await result_of(app, "llm.test", route="r1")
            with pytest.raises(NotFound, match="no such route"):
                await result_of(app, "llm.test", route="r3")
    assert [(one["name"], one["ok"]) for one in both.value["routes"]] == [("r1", True), ("r2", False)]
    assert both.value["routes"][1]["problem"] == "refuses the key (401)"
    assert (both.ok, only.ok) == (False, True)
    assert one.keys == ["Bearer k", "Bearer k"]


async def test_without_routes_nothing_is_made(tmp_path: Path) -> None:
    settle(tmp_path)
    async with opened(tmp_path, load(tmp_path)) as app:
        assert app.models is None
        assert (await result_of(app, "llm.list")).value == {"routes": [], "count": 0}
    assert not (tmp_path / "spent.json").exists()
