"""Reads a node's numbers, each under the name of its family."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hansa import __version__
from hansa.entrypoints.app import App
from hansa.entrypoints.home import STORE
from hansa.entrypoints.pulse import resident_bytes
from hansa.entrypoints.stores import size_of
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.node.meters import Histogram
from hansa.node.ports import SkillFilter
from hansa.skills.model import Origin, SkillState


@dataclass(frozen=True, slots=True)
class Sample:
    """One number, or one histogram, of a family: the family's short name, and a value for each of its labels."""

    family: str
    value: float | Histogram
    labels: Mapping[str, str]


def gather(app: App) -> Iterator[Sample]:
    """Yields every sample of a node, family by family."""
    for part in (_about, _messages, _holdings, _work, _sources, _store, _process):
        for family, value, *labels in part(app):
            yield Sample(family, value, labels[0] if labels else {})


_Row = tuple[str, float | Histogram] | tuple[str, float | Histogram, dict[str, str]]


def _about(app: App) -> Iterator[_Row]:
    core = app.node.core
    harness = core.sandbox.harness if core.sandbox else ""
    told = {"version": __version__, "python": platform.python_version(), "role": core.settings.role}
    yield "build_info", 1, told | {"harness": harness}
    yield "start_time_seconds", app.since / 1000
    yield "uptime_seconds", max(0, core.now() - app.since) / 1000


def _messages(app: App) -> Iterator[_Row]:
    core = app.node.core
    yield "messages_received", core.counters.received
    accepted = {"box": Box.ADMISSION.value, "verdict": Verdict.ACCEPT.value, "reason": ""}
    yield "messages", core.counters.admitted, accepted
    for reason in Reason:
        if reason in core.counters.refused:
            told = {"box": reason.box.value, "verdict": reason.verdict.value, "reason": reason.code}
            yield "messages", core.counters.refused[reason], told
    yield "message_bytes", core.meters.bytes_in, {"direction": "in"}
    yield "message_bytes", core.meters.bytes_out, {"direction": "out"}
    yield "events", core.driver.stream.shown
    yield "watchers", len(core.driver.stream.watchers)


def _holdings(app: App) -> Iterator[_Row]:
    store = app.node.core.store
    for state in SkillState:
        for origin in Origin:
            number = store.count_skills(SkillFilter(states=(state,), origin=origin))
            yield "skills", number, {"state": state.value, "origin": origin.value}
    counts = store.counts()
    yield "records", counts.records
    yield "receipts", counts.receipts
    yield "feed_length", store.feed_mark()[0]
    yield "peers", len(store.peers())
    yield "subscriptions", len(store.subscriptions())
    for state_ in ("pending", "delivered", "refused", "dropped"):
        yield "outbox", counts.outbox.get(state_, 0), {"state": state_}
    yield "store_commits", counts.commits
    yield "store_batches", counts.batches


def _work(app: App) -> Iterator[_Row]:
    meters = app.node.core.meters
    for outcome in ("pass", "fail", "inconclusive"):
        yield "proofs", meters.proofs[outcome], {"outcome": outcome}
    yield "proof_seconds", meters.proof_seconds
    yield "proofs_under_way", meters.proving
    yield "workers", app.node.core.settings.workers
    yield "recalls", meters.recalls
    yield "held_back", meters.held
    yield "acknowledgements", meters.acknowledged
    for state in ("delivered", "refused", "pending"):
        yield "deliveries", meters.deliveries[state], {"state": state}


def _sources(app: App) -> Iterator[_Row]:
    """Tells of each source by its node's id; of several addresses of one node, the worst."""
    core = app.node.core
    worst: dict[str, tuple[int, float, int]] = {}
    for one in core.store.subscriptions():
        meter = core.meters.source(one.url)
        age = (core.now() - (meter.pulled or app.since)) / 1000
        before = worst.get(one.peer, (0, 0.0, 0))
        worst[one.peer] = (
            max(before[0], meter.behind), max(before[1], age), max(before[2], meter.failures),
        )  # fmt: skip
    for peer, (behind, age, failures) in worst.items():
        yield "source_lag_records", behind, {"peer": peer}
        yield "source_age_seconds", age, {"peer": peer}
        yield "source_failures", failures, {"peer": peer}


def _store(app: App) -> Iterator[_Row]:
    if app.config.store.url:
        yield "store_bytes", size_of(app.node.core.store), {"part": "database"}
        return
    for part, ending in (("database", ""), ("log", "-wal")):
        path = app.home / f"{STORE}{ending}"
        yield "store_bytes", path.stat().st_size if path.exists() else 0, {"part": part}
    yield "store_free_bytes", shutil.disk_usage(app.home).free


def _process(app: App) -> Iterator[_Row]:
    yield "event_loop_lag_seconds", app.pulse.lag
    yield "event_loop_lag_max_seconds", app.pulse.worst
    yield "resident_memory_bytes", resident_bytes()
    yield "cpu_seconds", time.process_time()
