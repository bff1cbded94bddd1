"""Attack 64: a page in a browser opens a WebSocket to the node's links.

Passes when: whatever has an Origin gets 403 before the upgrade, the node's own Origin included; so does a name that is
not this node's (DNS rebinding); nothing is compressed, whatever is asked for; a node without links answers 404; and
plain HTTP finds nothing there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hansa.adapters.clock import SystemClock
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.websocket import WebSocket, wire_url
from tests.identity.parties import me
from tests.node.world import Resident, World
from tests.transport.ends import Ear, serving


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Resident]:
    """A whole node, with its own door."""
    world = World(tmp_path)
    resident = world.settle("node")
    yield resident
    world.close()


@pytest.fixture
async def served(node: Resident) -> AsyncIterator[str]:
    """The address of its door, which takes links."""
    async with serving(node.door) as url:
        carrier = WebSocket(own=lambda _: True, address=url)
        fabric = Fabric(lambda: me(1), [carrier], SystemClock())
        await fabric.start(Ear())
        node.door.state.overlay = carrier
        yield url
        await fabric.stop()


async def status(url: str, **headers: str) -> int:
    """Returns the answer to an upgrade; 101 when it is taken."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        async with connect(wire_url(url), additional_headers=given, compression=None, proxy=None):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def test_a_node_gets_in(served: str) -> None:
    assert await status(served) == 101


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://localhost", "http://127.0.0.1:1", "own"]
)
async def test_whatever_has_an_origin_is_refused_before_the_upgrade(served: str, origin: str) -> None:
    assert await status(served, Origin=served if origin == "own" else origin) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin"])
async def test_a_page_is_refused_by_what_else_its_browser_says(served: str, site: str) -> None:
    assert await status(served, Sec_Fetch_Site=site) == 403


async def test_another_name_than_this_nodes_is_refused(served: str) -> None:
    port = int(served.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://rebound.example:{port}/overlay", host="127.0.0.1", port=port, compression=None, proxy=None)
    assert caught.value.response.status_code == 403


async def test_nothing_is_compressed_whatever_is_asked_for(served: str) -> None:
    async with connect(wire_url(served), compression="deflate", proxy=None) as socket:
        assert "Sec-WebSocket-Extensions" in socket.request.headers
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_a_node_that_takes_no_links_says_so(node: Resident) -> None:
    async with serving(node.door) as url:
        assert await status(url) == 404


async def test_plain_http_finds_nothing_there(served: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        for method in ("GET", "POST", "DELETE"):
            answer = await http.request(method, f"{served}/overlay", headers={"Content-Type": "application/json"})
            assert answer.status_code == 404, method
