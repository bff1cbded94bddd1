"""`GET /events`: a token shows all, without one only what is public here; streams can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hansa.node import events
from hansa.node.events import Kind
from tests.node.world import SLUG, Resident, World, listening, multiplier, skill_message


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def hub(world: World) -> Resident:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    return hub


@pytest.fixture
def a(world: World, hub: Resident) -> Resident:
    return world.residents[1]


READ = {"Authorization": "Bearer read-token"}


async def heard(url: str, count: int, headers: dict[str, str] | None = None, **params: Any) -> list[dict[str, Any]]:
    """Returns the first events of a stream."""
    found: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=20) as http,
        http.stream("GET", f"{url}/events", headers=headers or {}, params=params) as stream,
    ):
        assert stream.status_code == 200
        async for line in stream.aiter_lines():
            if line:
                name, _, text = line.partition(": ")
                told[name] = text
            elif "event" in told:
                found.append({"kind": told["event"], "id": told.get("id"), **json.loads(told["data"])})
                if len(found) == count:
                    return found
                told = {}
    return found


async def answered(hub: Resident, headers: dict[str, str] | None = None, **params: str) -> httpx2.Response:
    """Returns how a stream begins, without waiting for its end."""
    async with (
        listening(hub.door) as url,
        httpx2.AsyncClient(trust_env=False, timeout=20) as http,
        http.stream("GET", f"{url}/events", headers=headers or {}, params=params) as response,
    ):
        if response.status_code != 200:
            await response.aread()
        return response


async def test_the_read_token_shows_private_events(hub: Resident) -> None:
    hub.app.read_token = "read-token"
    await hub.add(SLUG)
    async with listening(hub.door) as url:
        [event] = await heard(url, 1, READ, after="0")
        assert (event["kind"], event["ref"]) == ("skill.added", SLUG.id)
        [event] = await heard(url, 1, {"Authorization": "Bearer the-token"}, after="0")
        assert event["kind"] == "skill.added"


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer", "Basic read-token", "read-token", "Bearer read-token2"])
async def test_a_wrong_token_is_refused_and_not_taken_for_none(hub: Resident, value: str) -> None:
    hub.app.read_token = "read-token"
    assert (await answered(hub, {"Authorization": value})).status_code == 401


async def test_an_empty_token_opens_nothing(hub: Resident) -> None:
    hub.app.read_token = hub.app.token = ""
    assert (await answered(hub, {"Authorization": "Bearer"})).status_code == 401


async def test_what_lies_in_a_nodes_quarantine_is_told_to_nobody(hub: Resident, a: Resident) -> None:
    """A node that took a skill in, and does not pass it on, keeps its title to itself."""
    from hansa.admission.service import Via

    await a.node.inbox.receive(skill_message(hub.key, SLUG).raw, Via.FILE, "x")
    world_table = a.sandbox
    world_table.teach(multiplier(3))  # type: ignore[union-attr]
    await a.publish(multiplier(3))
    async with listening(a.door) as url:
        [first] = await heard(url, 1, after="0")
        assert first["kind"] == "skill.published"
        a.app.read_token = "read-token"
        [first] = await heard(url, 1, READ, after="0")
        assert first["kind"] == "skill.received"


async def test_last_event_id_goes_on_after_it(hub: Resident) -> None:
    hub.app.read_token = "read-token"
    for factor in (3, 5, 7):
        await hub.add(multiplier(factor))
    async with listening(hub.door) as url:
        first, *_ = await heard(url, 3, READ, after="0")
        rest = await heard(url, 2, READ | {"Last-Event-ID": first["id"]})
        assert [event["ref"] for event in rest] == [multiplier(5).id, multiplier(7).id]


async def test_an_id_of_another_start_is_answered_with_a_gap(hub: Resident) -> None:
    hub.app.read_token = "read-token"
    await hub.add(SLUG)
    async with listening(hub.door) as url:
        gap, event = await heard(url, 2, READ | {"Last-Event-ID": "17-3"})
    assert (gap["kind"], gap["missed"], gap["id"]) == ("stream.gap", 0, None)
    assert event["kind"] == "skill.added"


async def test_only_wanted_kinds(hub: Resident) -> None:
    hub.app.read_token = "read-token"
    await hub.add(SLUG)
    await hub.ask("peer.set", id=hub.id, invited=True)
    async with listening(hub.door) as url:
        [event] = await heard(url, 1, READ, after="0", kind="peer.invited")
    assert event["kind"] == "peer.invited"
    answer = await answered(hub, kind="skill.exploded")
    assert answer.status_code == 400
    assert "skill.added" in answer.json()["message"]


async def test_a_slow_reader_is_told_of_the_gap_and_sent_away(hub: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.app.read_token = "read-token"
    watcher = events.Watcher()
    watcher.missed = 4
    monkeypatch.setattr(events, "Watcher", lambda: watcher)
    async with listening(hub.door) as url:
        found = await heard(url, 99, READ)
    assert [(event["kind"], event["missed"]) for event in found] == [("stream.gap", 4)]
    assert hub.node.core.driver.stream.watchers == set()


async def test_there_is_a_bound_on_streams(hub: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.entrypoints.http.events.MAX_WATCHERS", 0)
    answer = await answered(hub)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_public_kinds_are_these_and_no_others() -> None:
    assert {kind.code for kind in Kind if kind.public} == {
        "skill.received", "skill.published", "skill.removed", "skill.recalled", "evidence.received",
        "receipt.skill_refuted",
        "receipt.skill_reproved", "receipt.false_accusation", "dispute.opened", "dispute.heard", "dispute.ruled",
        "stream.gap",
    }  # fmt: skip
