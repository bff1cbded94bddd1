"""Every metric of a node: its name, what kind it is, its labels, and what it says. Nothing else is told.

Labels hold codes from closed lists and ids of nodes, never text: no intent, no name, no address of a source.
"""

from __future__ import annotations

from dataclasses import dataclass

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: without the ending that a counter or a bucket adds to it when written.
        kind: counter, gauge or histogram.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str

    @property
    def sample_names(self) -> tuple[str, ...]:
        """The names under which its samples are written."""
        if self.kind == HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (f"{self.name}_total",) if self.kind == COUNTER else (self.name,)


_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("build_info", GAUGE, "version python role harness", "Always 1; the labels say what runs."),
    ("start_time_seconds", GAUGE, "", "When the node was opened, in seconds since 1970."),
    ("uptime_seconds", GAUGE, "", "How long it has been open."),
    ("messages_received", COUNTER, "", "Messages that came in by any way."),
    ("messages", COUNTER, "box verdict reason", "Their fates: accepted ones have the box admission and no reason."),
    ("message_bytes", COUNTER, "direction", "Bytes of envelopes: in to the inbox, out to peers."),
    ("events", COUNTER, "", "Events shown; docs/reference/events.md names the kinds."),
    ("watchers", GAUGE, "", "Streams of events that are open."),
    ("skills", GAUGE, "state origin", "Skills held."),
    ("records", GAUGE, "", "Signed records held."),
    ("receipts", GAUGE, "", "Entries of the ledger."),
    ("feed_length", GAUGE, "", "Records in the node's feed."),
    ("peers", GAUGE, "", "Nodes that this one has met, invited or banned."),
    ("proofs", COUNTER, "outcome", "Proofs done: pass, fail, inconclusive."),
    ("proof_seconds", HISTOGRAM, "", "Wall time of one proof, all its trials together."),
    ("proofs_under_way", GAUGE, "", "Proofs that run, or wait for a worker."),
    ("workers", GAUGE, "", "Proofs that may run at the same time."),
    ("recalls", COUNTER, "", "Recalls of skills that bind here."),
    ("held_back", COUNTER, "", "Skills taken out of use since one that they come from was recalled."),
    ("acknowledgements", COUNTER, "", "Taken from holders of skills that were taken back or recalled."),
    ("deliveries", COUNTER, "state", "Tries to bring a record to a peer: delivered, refused, pending for no answer."),
    ("outbox", GAUGE, "state", "Deliveries by state; pending ones wait to be brought."),
    ("subscriptions", GAUGE, "", "Sources that are pulled from."),
    ("source_lag_records", GAUGE, "peer", "Records of a source that were not looked at yet, when it was last asked."),
    ("source_age_seconds", GAUGE, "peer", "Seconds since a source was last walked to its end."),
    ("source_failures", GAUGE, "peer", "Tries to pull from a source that failed in a row."),
    ("store_bytes", GAUGE, "part", "Size of the store's files: the database, and its log."),
    ("store_free_bytes", GAUGE, "", "Bytes free on the disk that holds the store."),
    ("store_commits", COUNTER, "", "Transactions written."),
    ("store_batches", COUNTER, "", "Sets of changes in them; batches a commit is what group commit saves."),
    ("event_loop_lag_seconds", GAUGE, "", "By how much the event loop was late, last."),
    ("event_loop_lag_max_seconds", GAUGE, "", "The same, the worst of the last minute."),
    ("resident_memory_bytes", GAUGE, "", "Memory of the node's process in RAM; the sandbox's is not in it."),
    ("cpu_seconds", COUNTER, "", "Processor time of the node's process."),
)

FAMILIES: dict[str, Family] = {
    name: Family(f"hansa_{name}", kind, tuple(labels.split()), text) for name, kind, labels, text in _ROWS
}
"""Every family by its short name."""
