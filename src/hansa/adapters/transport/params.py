"""The numbers of links."""

from __future__ import annotations

from dataclasses import dataclass, fields

from hansa.overlay.frames import MAX_FRAME


@dataclass(frozen=True, slots=True)
class Params:
    """How links are made and kept.

    Attributes:
        max_links: neighbours at most. Each costs two tasks and up to `max_queue` bytes.
        max_incoming: of these, how many may have been begun by the other end; the rest is kept for this node's own
            choice, so that strangers can't fill all places.
        max_queue: bytes that may wait to be sent to one neighbour. Raising it rides out longer stalls, costs memory.
        beat_ms: after so much silence of its own an end says that it is there.
        idle_ms: after so much silence of the other end the link is lost. Raising it forgives longer stalls, and
            notices a frozen node later.
        handshake_ms: how long a handshake may take, from the connection to the end.
        max_half_open: handshakes that others began and that go on at once; each may hold some 200 KiB.
        max_half_open_per_host: of these, from one host.
        per_host_per_minute: handshakes that one host may begin in a minute.
        per_second: handshakes that all others together may begin in a second, on the average of five; each costs up to
            some 6 ms of work.
        closing_ms: how long what waits may take to be sent when a link is closed in order.
        settle_ms: for so long a link that stands is not exchanged for another to the same node.
    """

    max_links: int = 100
    max_incoming: int = 75
    max_queue: int = 4 * 1024 * 1024
    beat_ms: int = 2_000
    idle_ms: int = 6_000
    handshake_ms: int = 5_000
    max_half_open: int = 16
    max_half_open_per_host: int = 8
    per_host_per_minute: int = 60
    per_second: int = 20
    closing_ms: int = 500
    settle_ms: int = 2_000

    def validate(self) -> None:
        """Raises ValueError naming the field that makes no sense."""
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{field.name} must be at least 1")
        if self.max_queue < MAX_FRAME:
            raise ValueError(f"max_queue must hold one frame, {MAX_FRAME} bytes")
        if self.idle_ms < 2 * self.beat_ms:
            raise ValueError("idle_ms must be at least twice beat_ms, or one lost beat ends a link")
        if self.max_incoming > self.max_links:
            raise ValueError("max_incoming can't be above max_links")
