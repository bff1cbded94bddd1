"""Spans: none unless asked for; else one for each station, with codes and ids and no text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from hansa.adapters.tracing import ASKED_BY, OtelSpans, recorder
from hansa.kernel.errors import Refused
from hansa.node.spans import NAMES, NO_SPANS
from tests.node.world import SLUG, World, skill_message


@pytest.mark.parametrize(
    "environment",
    [{}, {"OTEL_SERVICE_NAME": "x"}, {ASKED_BY[0]: ""}, {ASKED_BY[0]: "http://x", "OTEL_SDK_DISABLED": "true"},
     {ASKED_BY[0]: "http://x", "OTEL_TRACES_EXPORTER": "none"}],
)  # fmt: skip
def test_nothing_is_recorded_unless_a_place_is_named(environment: dict[str, str]) -> None:
    assert recorder(environment) is NO_SPANS


def test_nothing_of_opentelemetry_is_imported_then() -> None:
    code = "import sys, hansa.entrypoints.app; sys.exit('opentelemetry.sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_place_gives_a_recorder() -> None:
    made = recorder({ASKED_BY[0]: "http://127.0.0.1:9"})
    assert isinstance(made, OtelSpans)
    made.close()


async def test_each_station_has_a_span_inside_the_one_before(tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    spans = OtelSpans(exporter, at_once=True)
    world = World(tmp_path)
    try:
        hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
        world.invite(hub, a)
        world.table.teach(SLUG)
        for one in (hub, a, b):
            one.node.core.spans = spans
            one.node.core.driver._spans = spans
        await b.subscribe(hub)
        await a.publish(SLUG, hub)
        await b.sync(hub)
        with pytest.raises(Refused):
            await b.node.inbox.receive(skill_message(a.key, SLUG, network="other").raw, "http")  # type: ignore[arg-type]
    finally:
        world.close()
        spans.close()
    found = exporter.get_finished_spans()
    assert {span.name for span in found} == {f"hansa.{name}" for name in NAMES}
    by_id = {span.context.span_id: span for span in found if span.context}
    parents = {(span.name, by_id[span.parent.span_id].name) for span in found if span.parent}
    inside = ("hansa.verify", "hansa.decide", "hansa.append")
    assert {(name, "hansa.receive") for name in inside} <= parents
    refused = [span for span in found if dict(span.attributes or {}).get("hansa.reason") == "wrong_network"]
    assert {span.name for span in refused} == {"hansa.receive"}
    for span in found:
        assert span.status.status_code is StatusCode.UNSET
        assert not span.events
        assert SLUG.intent not in str(dict(span.attributes or {}))


def test_a_fault_is_marked_by_its_kind_alone() -> None:
    exporter = InMemorySpanExporter()
    spans = OtelSpans(exporter, at_once=True)
    with pytest.raises(ValueError, match="secret"), spans.span("decide"):
        raise ValueError("a secret")
    [span] = exporter.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert not span.events
    spans.close()
