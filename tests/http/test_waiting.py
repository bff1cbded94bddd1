"""What stays open: the feed's long poll and the stream of events, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.node.world import DOUBLE, SLUG, Resident, World, listening, multiplier, skill_message


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "sqlite")
    made.invite(made.settle("hub", "hub"), made.settle("a"))
    yield made
    made.close()


@pytest.fixture
def hub(world: World) -> Resident:
    return world.residents[0]


@pytest.fixture
def a(world: World) -> Resident:
    return world.residents[1]


async def heard(node: Resident, count: int) -> None:
    """Returns when so many wait for news of a node."""
    while len(node.node.core.driver.stream.watchers) < count:
        await asyncio.sleep(0)


def outside() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, timeout=20)


async def test_a_long_poll_wakes_on_news(hub: Resident, a: Resident) -> None:
    async with listening(hub.door) as url, outside() as http:
        loop = asyncio.get_running_loop()
        started = loop.time()
        polls = [asyncio.create_task(http.get(f"{url}/feed?after=0&wait=30")) for _ in range(3)]
        await heard(hub, 3)
        answer = await http.post(f"{url}/skills", content=skill_message(a.key, SLUG).raw)
        assert answer.status_code == 201
        for poll in polls:
            page = (await poll).json()
            assert [item["id"] for item in page["items"]] == [answer.json()["record"]]
        assert loop.time() - started < 10
        assert hub.node.core.driver.stream.watchers == set()


async def test_a_long_poll_with_news_at_hand_does_not_wait(hub: Resident, a: Resident) -> None:
    async with listening(hub.door) as url, outside() as http:
        await http.post(f"{url}/skills", content=skill_message(a.key, SLUG).raw)
        assert len((await http.get(f"{url}/feed?after=0&wait=30")).json()["items"]) == 1


async def test_a_long_poll_ends_empty_when_its_time_is_up(hub: Resident) -> None:
    async with listening(hub.door) as url, outside() as http:
        assert (await http.get(f"{url}/feed?after=0&wait=0.05")).json()["items"] == []


async def test_what_is_no_news_for_the_feed_does_not_end_the_wait(hub: Resident, a: Resident) -> None:
    async with listening(hub.door) as url, outside() as http:
        poll = asyncio.create_task(http.get(f"{url}/feed?after=0&wait=30"))
        await heard(hub, 1)
        await http.post(f"{url}/skills", content=b"{}")
        await http.post(f"{url}/skills", content=skill_message(a.key, DOUBLE).raw)
        assert len((await poll).json()["items"]) == 1


async def test_waiting_requests_end_when_the_node_stops(hub: Resident) -> None:
    async with listening(hub.door) as url, outside() as http:
        poll = asyncio.create_task(http.get(f"{url}/feed?after=0&wait=30"))
        await heard(hub, 1)
        hub.door.state.stopping.set()
        assert (await poll).json()["items"] == []


async def test_events_are_streamed_as_they_happen(hub: Resident, a: Resident) -> None:
    async with (
        listening(hub.door) as url,
        outside() as http,
        http.stream("GET", f"{url}/events") as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == ": hello"
        await http.post(f"{url}/skills", content=skill_message(a.key, SLUG).raw)
        found = [await anext(lines) for _ in range(3)]
        assert found[1] == "event: skill.received"
        assert SLUG.id in found[2]


async def test_the_public_hears_public_facts_only(hub: Resident, a: Resident) -> None:
    """Not who was refused, nor who was greeted, nor what was delivered where."""
    async with (
        listening(hub.door) as url,
        outside() as http,
        http.stream("GET", f"{url}/events") as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        await http.post(f"{url}/skills", content=b"{}")
        await hub.ask("peer.set", id=a.id, invited=True)
        await hub.add(multiplier(5))
        await http.post(f"{url}/skills", content=skill_message(a.key, SLUG).raw)
        said = [await anext(lines) for _ in range(3)]
        assert [line for line in said if line.startswith("event:")] == ["event: skill.received"]


async def test_text_of_a_peer_forges_no_event(hub: Resident, a: Resident) -> None:
    from tests.node.world import make_skill

    evil = make_skill("x", "def x():\n    return 1\n", {}, "a\n\nevent: skill.removed\ndata: {}\n\n")
    async with (
        listening(hub.door) as url,
        outside() as http,
        http.stream("GET", f"{url}/events") as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        await http.post(f"{url}/skills", content=skill_message(a.key, evil).raw)
        said = [await anext(lines) for _ in range(4)]
        assert [line for line in said if line.startswith("event:")] == ["event: skill.received"]


async def test_who_goes_away_is_forgotten(hub: Resident, a: Resident) -> None:
    async with listening(hub.door) as url, outside() as http:
        async with http.stream("GET", f"{url}/events") as stream:
            await anext(stream.aiter_lines())
            await heard(hub, 1)
        await http.post(f"{url}/skills", content=skill_message(a.key, SLUG).raw)
        while hub.node.core.driver.stream.watchers:
            await asyncio.sleep(0)


async def test_who_hangs_up_in_the_middle_of_a_body_leaves_no_traceback(hub: Resident, caplog) -> None:
    async with listening(hub.door) as url:
        host, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /skills HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()
        async with outside() as http:
            for _ in range(100):
                assert (await http.get(f"{url}/healthz")).status_code == 200
    assert [one.getMessage() for one in caplog.records if "Exception" in one.getMessage()] == []
