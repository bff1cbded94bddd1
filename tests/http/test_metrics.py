"""`GET /metrics`: what Prometheus reads is what the node counted, tells no text, and is told to the right people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from hansa.entrypoints.metrics import FAMILIES, gather, written
from hansa.entrypoints.metrics.gather import Sample
from hansa.node.meters import Histogram
from tests.node.world import LIE, SLUG, Resident, World, skill_message

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "hansa.json"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def hub(world: World) -> Resident:
    return world.settle("hub", "hub", config={"hosts": ("hub", "node.example")})


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Returns every sample, as Prometheus's own parser reads it."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return read(text)[name, frozenset(labels.items())]


async def busy(world: World) -> Resident:
    """Returns a node that has seen something of everything."""
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.table.teach(SLUG)
    await b.subscribe(hub)
    await a.publish(SLUG, hub)
    await hub.http().post("/skills", content=skill_message(a.key, LIE).raw)
    await b.sync(hub)
    await b.http().post("/skills", content=b"{}")
    return b


async def test_it_says_what_the_node_counted(world: World) -> None:
    b = await busy(world)
    text = written(gather(b.app))
    assert value(text, "hansa_skills", state="admitted", origin="peer") == 1
    assert value(text, "hansa_skills", state="refused", origin="peer") == 1
    assert value(text, "hansa_proofs_total", outcome="pass") == 1
    assert value(text, "hansa_proofs_total", outcome="fail") == 1
    assert value(text, "hansa_proof_seconds_count") == 2
    assert value(text, "hansa_messages_total", box="identity", verdict="reject", reason="bad_envelope") == 1
    assert value(text, "hansa_messages_total", box="admission", verdict="accept", reason="") == 2
    received = value(text, "hansa_messages_received_total")
    assert received == sum(number for (name, _), number in read(text).items() if name == "hansa_messages_total")
    assert value(text, "hansa_subscriptions") == 1
    assert value(text, "hansa_records") == b.store.counts().records > 0
    assert value(text, "hansa_source_failures", peer=world.residents[0].id) == 0


async def test_every_family_is_written_and_read_back_as_what_it_is(world: World) -> None:
    b = await busy(world)
    kinds = {one.name: one.type for one in text_string_to_metric_families(written(gather(b.app)))}
    assert kinds == {family.name: family.kind for family in FAMILIES.values()}


async def test_no_text_of_anybody_is_in_it(world: World) -> None:
    b = await busy(world)
    text = written(gather(b.app))
    for secret in (SLUG.intent, LIE.intent, b.url, world.residents[0].url, '"hub"', SLUG.id[:12], "the-token"):
        assert secret not in text.replace('role="node"', "")


@given(st.lists(st.floats(0, 400, allow_nan=False), max_size=60))
def test_a_histogram_is_read_back(values: list[float]) -> None:
    made = Histogram((0.01, 1.0, 30.0))
    for one in values:
        made.observe(one)
    found = read(written([Sample("proof_seconds", made, {})]))
    for bound in ("0.01", "1", "30"):
        count = sum(one <= float(bound) for one in values)
        by_bound = {dict(labels).get("le"): number for (_, labels), number in found.items()}
        assert next(number for le, number in by_bound.items() if le and float(le) == float(bound)) == count
    assert found["hansa_proof_seconds_count", frozenset()] == len(values)
    assert found["hansa_proof_seconds_sum", frozenset()] == pytest.approx(sum(values))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters='\\"\n'), max_size=40))
def test_a_label_is_read_back_whatever_is_in_it(text: str) -> None:
    found = read(written([Sample("source_failures", 3, {"peer": text})]))
    assert found == {("hansa_source_failures", frozenset({("peer", text)})): 3}


def test_labels_that_are_not_the_familys_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        written([Sample("records", 1, {"intent": "x"})])


# ---- to whom


def client(door: Any, address: str = "127.0.0.1", name: str = "127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(door, client=(address, 5))
    return httpx2.AsyncClient(transport=transport, base_url=f"http://{name}:8470")


@pytest.mark.parametrize(
    ("address", "name", "headers", "status"),
    [
        ("127.0.0.1", "127.0.0.1", {}, 200),
        ("127.0.0.1", "localhost", {}, 200),
        ("::1", "[::1]", {}, 200),
        ("10.0.0.9", "127.0.0.1", {}, 401),
        ("127.0.0.1", "evil.example", {}, 403),  # the gate, which stands before all routes
        ("127.0.0.1", "node.example", {}, 401),  # a name of this node is no proof of being on its machine
        ("127.0.0.1", "127.0.0.1", {"Origin": "http://127.0.0.1:8470"}, 401),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}, 401),
        ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=10.0.0.9"}, 401),
        ("127.0.0.1", "127.0.0.1", {"Authorization": "Bearer nonsense"}, 401),
        ("10.0.0.9", "node.example", {"Authorization": "Bearer read-token"}, 200),
        ("10.0.0.9", "node.example", {"Authorization": "bearer the-token"}, 200),
    ],
)
async def test_this_machine_and_holders_of_a_token(hub: Resident, address, name, headers, status) -> None:
    hub.app.read_token = "read-token"
    async with client(hub.door, address, name) as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status


@pytest.mark.parametrize(("setting", "bare", "with_token"), [("token", 401, 200), ("off", 404, 404)])
async def test_the_setting_says_who(world: World, setting: str, bare: int, with_token: int) -> None:
    node = world.settle("n", config={"metrics": setting})
    node.app.read_token = "read-token"
    async with client(node.door) as http:
        assert (await http.get("/metrics")).status_code == bare
        answer = await http.get("/metrics", headers={"Authorization": "Bearer read-token"})
        assert answer.status_code == with_token


async def test_it_is_plain_text_of_the_version_that_prometheus_knows(hub: Resident) -> None:
    async with client(hub.door) as http:
        answer = await http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


# ---- the dashboard


def test_the_dashboard_asks_for_metrics_that_exist_with_labels_that_they_have() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    known = {name: set(one.labels) | ({"le"} if name.endswith("_bucket") else set())
             for one in FAMILIES.values() for name in one.sample_names}  # fmt: skip
    asked: set[str] = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            names = re.findall(r"hansa_\w+", target["expr"])
            assert names
            assert set(names) <= known.keys(), target["expr"]
            labels = {one for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for one in group.split(", ")}
            labels |= set(re.findall(r"[{,](\w+)=", target["expr"])) - {"instance"}
            assert all(labels <= known[name] for name in names), target["expr"]
            asked.update(names)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len(asked) > 20
