"""Attack 63: a page in a browser on this machine that calls /mcp, under this machine's name or another."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hansa.entrypoints.http import mcp_door
from hansa.entrypoints.http.gate import _is_number, host_of
from tests.mcp.league import admit
from tests.node.world import DOUBLE, Resident, World

HEADERS = {
    "Host": "127.0.0.1:8470",
    "Authorization": "Bearer the-token",
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path)
    yield world.settle("node")
    world.close()


@asynccontextmanager
async def door(node: Resident, client: tuple[str, int] = ("127.0.0.1", 5)) -> AsyncIterator[httpx2.AsyncClient]:
    task = await mcp_door.start(node.door)
    transport = httpx2.ASGITransport(node.door, client=client)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8470") as http:
            yield http
    finally:
        node.door.state.stopping.set()
        await task


async def status(
    http: httpx2.AsyncClient, headers: dict[str, Any], method: str = "POST", body: bytes | None = None
) -> int:
    given = {name: value for name, value in (HEADERS | headers).items() if value is not None}
    answer = await http.request(method, "/mcp", content=body or json.dumps(HELLO).encode(), headers=given)
    assert "the-token" not in answer.text
    return answer.status_code


@pytest.mark.parametrize(
    "headers",
    [{}, {"Host": "localhost:8470"}, {"Host": "[::1]:8470"}, {"Origin": "http://127.0.0.1:8470"},
     {"Host": "LOCALHOST:1", "Origin": "http://localhost:1"}, {"Authorization": "bearer the-token"},
     {"Content-Type": "application/json; charset=utf-8"}],
)  # fmt: skip
async def test_a_client_of_this_machine_with_a_token_is_let_in(node: Resident, headers: dict[str, Any]) -> None:
    async with door(node) as http:
        assert await status(http, headers) == 200


HOSTS = [
    "evil.example", "evil.example:8470", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1:8470",
    "0.0.0.0:8470", "", "127.0.0.2:8470", "2130706433", "[::]:1", "127.0.0.1@evil.example", "127.0.0.1:8470:80",
    "localhost.", "127.1", "[::ffff:127.0.0.1]",
]  # fmt: skip
ORIGINS = [
    "http://evil.example", "null", "", "http://127.0.0.1:9999", "http://localhost:8470", "https://127.0.0.1:9999",
    "http://127.0.0.1", "chrome-extension://x", "file://", "http://127.0.0.1:8470.evil.example",
    "http://evil.example#http://127.0.0.1:8470", "http://127.0.0.1:8470/", "*",
]  # fmt: skip
TYPES = [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
TOKENS = [None, "", "Bearer", "Bearer ", "Bearer the-toke", "Bearer the-tokenn", "Basic the-token", "Bearer THE-TOKEN",
          "Bearer the-token,", "Bearer null", "the-token"]  # fmt: skip


def _refusal(host: str) -> int:
    """A number passes the gate before all routes, and is then none of this machine's; so does `localhost.`."""
    return 421 if _is_number(host_of(host)) or host_of(host) == "localhost" else 403


def matrix() -> list[tuple[dict[str, Any], int]]:
    rows: list[tuple[dict[str, Any], int]] = [({"Host": host}, _refusal(host)) for host in HOSTS]
    rows += [({"Origin": origin}, 403) for origin in ORIGINS]
    rows += [({"Content-Type": kind}, 415) for kind in TYPES]
    return rows + [({"Authorization": token}, 401) for token in TOKENS]


def test_the_matrix_has_forty_cases() -> None:
    assert len(matrix()) >= 40


async def test_nothing_else_is_let_in_and_nothing_changes(node: Resident) -> None:
    await admit(node, DOUBLE)
    before = (node.store.feed_mark(), node.row(DOUBLE).state)
    async with door(node) as http:
        for headers, expected in matrix():
            assert await status(http, headers) == expected, headers
            for method in ("GET", "DELETE"):
                found = await status(http, headers, method)
                assert found == expected if expected in (401, 403, 421) else found in (200, 400, 405, 406, 415), (
                    method, headers, found,
                )  # fmt: skip
        assert node.door.state.mcp._apps
    assert (node.store.feed_mark(), node.row(DOUBLE).state) == before


async def test_the_server_of_a_token_is_made_when_the_token_is_first_used(node: Resident) -> None:
    async with door(node) as http:
        made = node.door.state.mcp._apps
        for headers, expected in matrix():
            if expected != 200:
                assert await status(http, headers) == expected
                assert made == {}
        assert await status(http, {}) == 200
        assert len(made) == 1


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.2", "2001:db8::1", "testclient"])
async def test_from_another_machine_it_is_shut_whatever_the_token(node: Resident, address: str) -> None:
    async with door(node, (address, 5)) as http:
        assert await status(http, {}) == 403


async def test_the_operator_can_name_hosts(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = world.settle("node", config={"mcp_hosts": ("agents.example",)})
    async with door(node, ("10.0.0.7", 5)) as http:
        assert await status(http, {"Host": "agents.example:443", "Origin": "https://agents.example:443"}) == 200
        assert await status(http, {"Host": "evil.example"}) == 403
        assert await status(http, {"Host": "agents.example", "Authorization": None}) == 401
    world.close()


async def test_a_node_that_is_not_up_lets_nobody_in(node: Resident) -> None:
    async with node.http() as http:
        answer = await http.post("/mcp", headers=HEADERS, json=HELLO)
    assert answer.status_code in (401, 403)


async def test_a_body_that_is_too_large_is_refused_unread(node: Resident) -> None:
    async with door(node) as http:
        assert await status(http, {}, body=b" " * (1024 * 1024 + 1)) == 413
