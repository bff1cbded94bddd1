"""The numbers of failure detection; what is done with them stands in `overlay.detector`."""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.kernel.instant import MINUTE, SECOND
from hansa.overlay import suspicion


@dataclass(frozen=True, slots=True)
class Params:
    """How neighbours are probed.

    Attributes:
        interval_ms: between two probes of this node. Raising it costs fewer messages, and failures are seen later.
        ping_ms: how long the first `Pong` of a neighbour may take before others are asked to try.
        soonest_ms: how long a later one may take at least, by `overlay.patience`; at most it is an interval. Raising
            it makes failures be seen later, lowering it asks others in vain where a pause is short.
        reach_ms: how long those may take, their `Silent` included.
        favour_ms, favour_dial_ms: how long this node tries for others before it says `Silent`, over a link and by
            dialling; below `reach_ms` by a round trip.
        dial_ms: how long a link to who is no neighbour may take.
        helpers: how many others are asked. Raising it makes a false doubt rarer and costs two messages each.
        misses: probes in a row that no helper answered either, until the doubt falls on the other end all the same.
        favours: `Reach` of one neighbour that are worked on at once.
        dials: members that are looked for by dialling at once.
        stall_ms: a tick that comes so late shows that this node stood still.
        silence_ms: a link on which nothing comes for so long, and for three rounds of probes, is closed, whatever
            others say of its other end.
        prompt_ms: who answers a ping within so long of an accusation was accused falsely.
        suspicion: how long a doubt lasts.
    """

    interval_ms: int = SECOND
    ping_ms: int = 500
    soonest_ms: int = 200
    reach_ms: int = 1_500
    favour_ms: int = 500
    favour_dial_ms: int = 1_000
    dial_ms: int = 3 * SECOND
    helpers: int = 3
    misses: int = 3
    favours: int = 8
    dials: int = 8
    stall_ms: int = 500
    silence_ms: int = 30 * SECOND
    prompt_ms: int = 500
    suspicion: suspicion.Params = field(default_factory=suspicion.Params)

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not 50 <= self.interval_ms <= MINUTE:
            raise ValueError("interval_ms must be between 50 and a minute")
        if not 10 <= self.ping_ms <= self.interval_ms:
            raise ValueError("ping_ms must be between 10 and interval_ms")
        if not 10 <= self.soonest_ms <= self.ping_ms:
            raise ValueError("soonest_ms must be between 10 and ping_ms")
        if not 10 <= self.favour_ms <= self.favour_dial_ms:
            raise ValueError("favour_ms must be between 10 and favour_dial_ms")
        if not self.favour_dial_ms <= self.reach_ms <= MINUTE:
            raise ValueError("reach_ms must be between favour_dial_ms and a minute")
        if not self.reach_ms <= self.dial_ms <= MINUTE:
            raise ValueError("dial_ms must be between reach_ms and a minute")
        for name in ("helpers", "misses", "favours", "dials"):
            if not 1 <= getattr(self, name) <= 100:
                raise ValueError(f"{name} must be between 1 and 100")
        if not 100 <= self.stall_ms <= MINUTE:
            raise ValueError("stall_ms must be between 100 and a minute")
        if self.silence_ms < 2 * self.interval_ms:
            raise ValueError("silence_ms must be at least two intervals")
        if not 0 <= self.prompt_ms <= MINUTE:
            raise ValueError("prompt_ms must be between 0 and a minute")
        self.suspicion.validate()
