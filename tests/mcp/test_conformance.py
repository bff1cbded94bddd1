"""The official conformance suite of MCP, against the server that the product assembles, behind its own door."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mcp import node as npm
from tests.mcp.fixtures import conforming
from tests.mcp.league import admit, at_port, folder_skill
from tests.node.world import DOUBLE, SLUG, World

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")]
SECONDS = 240


@pytest.fixture
def suite() -> Path:
    return npm.package(npm.CONFORMANCE) / "dist" / "index.js"


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """Gives the address of `/mcp` behind the node's own checks; the suite knows no tokens, so one is put in front."""
    world = World(tmp_path)
    resident = world.settle("node")
    # the suite looks into the first skill of the list, the oldest: it must have a folder to descend into
    await admit(resident, folder_skill(), DOUBLE, SLUG, publish=True)
    resident.door.state.mcp.make = conforming
    door = resident.door.state.mcp
    inner = door._token_of

    def with_token(request):
        request.scope["headers"] = [*request.scope["headers"], (b"authorization", b"Bearer the-token")]
        return inner(type(request)(request.scope, request.receive))

    door._token_of = with_token
    async with at_port(resident) as address:
        yield f"{address.replace('127.0.0.1', 'localhost')}/mcp"
    world.close()


TASKS = "the tasks extension (SEP-2663) is not offered"
NOT_SCORED = {
    "server-sse-polling": "a stream that was broken off is not taken up again: no events are kept",
    "http-header-validation": "one of 14 checks, of the SDK; the suite's own reference server does not pass it either",
    "tasks-lifecycle": TASKS,
    "tasks-capability-negotiation": TASKS,
    "tasks-wire-fields": TASKS,
    "tasks-request-state-removal": TASKS,
    "tasks-mrtr-input": TASKS,
    "tasks-request-headers": TASKS,
    "tasks-dispatch-and-envelope": TASKS,
    "tasks-required-task-error": TASKS,
    "tasks-mrtr-composition": TASKS,
}
"""Scenarios that fail, none of which the suite counts for a revision, each with the reason."""


async def run(suite: Path, tmp_path: Path, *words: str) -> str:
    """Runs the suite, and returns what it says."""
    done = await asyncio.to_thread(npm.run, suite, "server", *words, folder=tmp_path, seconds=SECONDS)
    text = re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    assert done.returncode == 0, text[-6_000:]
    return text


@pytest.mark.parametrize(("revision", "least"), [("2025-11-25", 30), ("2026-07-28", 37)])
async def test_every_scenario_that_a_revision_requires_passes(
    suite: Path, url: str, tmp_path: Path, revision: str, least: int
) -> None:
    text = await run(suite, tmp_path, "--url", url, "--requirements", revision)
    marks = {name: mark for mark, name in re.findall(r"^([✓✗]) ([\w-]+): ", text, re.MULTILINE)}
    failed = {name for name, mark in marks.items() if mark == "✗"}
    assert failed <= NOT_SCORED.keys(), text[-6_000:]
    assert len(marks) - len(failed) >= least, text[-6_000:]


@pytest.mark.parametrize(("name", "least"), [("directory", 7), ("enumeration", 30), ("manifest", 4)])
async def test_the_skills_extension_passes(suite: Path, url: str, tmp_path: Path, name: str, least: int) -> None:
    words = ("--url", url, "--scenario", f"sep-2640-skills-{name}", "--spec-version", "2026-07-28", "--force")
    text = await run(suite, tmp_path, *words)
    counted = re.search(r"Passed: (\d+)/(\d+), 0 failed", text)
    assert counted, text
    assert counted[1] == counted[2] and int(counted[1]) >= least, text
