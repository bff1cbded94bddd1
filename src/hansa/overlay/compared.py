"""What anti-entropy knows of one neighbour."""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.kernel.instant import ALWAYS, Instant
from hansa.overlay.quotas import Bucket


@dataclass(slots=True)
class Compared:
    """A neighbour with whom holdings are compared.

    Attributes:
        next_at: when the next comparison is begun; `wait_ms` the time to the one after it.
        intake: what it may ask and compare.
        todo: ids that it has named and that are not here; `asked` those that it was asked for, and since when; `late`
            those that others were asked for since.
        brought_at: when it last brought something; `begun_at` when a comparison was last begun.
        over: frames of it that were too many.
        told_in, told: a second, and the frames that it was sent in that.
        gained: records that it brought since the last comparison.
    """

    next_at: Instant
    wait_ms: int
    intake: Bucket
    todo: dict[bytes, None] = field(default_factory=dict)
    asked: dict[bytes, Instant] = field(default_factory=dict)
    late: dict[bytes, None] = field(default_factory=dict)
    brought_at: int = 0
    begun_at: int = 0
    over: int = 0
    told_in: int = 0
    told: int = 0
    gained: int = 0

    @property
    def due(self) -> Instant:
        """When it is to be seen to; at each tick while it is asked for something."""
        return ALWAYS if self.asked or self.todo else self.next_at
