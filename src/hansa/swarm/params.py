"""The settings of delegated tasks."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.instant import HOUR, MINUTE, SECOND

WHOM = ("invited", "known")


@dataclass(frozen=True, slots=True)
class Params:
    """What a node does for others, and how it asks others.

    Attributes:
        serve: does tasks of others. Off, it does none, and says so to nobody.
        serve_whom: "invited" nodes only, or "known" ones too: those that have dealt well here.
        places: tasks of others that run at once.
        waiting: that wait for a place, of all nodes together.
        per_peer: of one node, that run or wait.
        per_hour: of one node, that begin in an hour.
        work_ms: milliseconds that one runs at most. Raising it lets others use more of this machine.
        memory_mib: of one at most.
        remembered: results that are told again when they are asked for again; the oldest are forgotten.
        remember_ms: milliseconds that a result is remembered.
        timeout_ms: milliseconds that an own task is waited for, unless it says another time.
        patience_ms: that a node that says nothing is waited for before another one is asked.
        tries: nodes that are asked for one result, one after the other, at most.
        spot_share: thousandths of the results of nodes that were not invited that are computed here as well.
    """

    serve: bool = False
    serve_whom: str = "invited"
    places: int = 1
    waiting: int = 16
    per_peer: int = 4
    per_hour: int = 120
    work_ms: int = 10 * SECOND
    memory_mib: int = 128
    remembered: int = 256
    remember_ms: int = 10 * MINUTE
    timeout_ms: int = MINUTE
    patience_ms: int = 10 * SECOND
    tries: int = 3
    spot_share: int = 100

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if self.serve_whom not in WHOM:
            raise ValueError(f"serve_whom must be {' or '.join(WHOM)}, not {self.serve_whom}")
        for name in ("places", "per_peer", "per_hour", "memory_mib", "remembered", "patience_ms", "tries"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.waiting < 0:
            raise ValueError("waiting must not be negative")
        for name in ("work_ms", "remember_ms", "timeout_ms"):
            if not 1 <= getattr(self, name) <= HOUR:
                raise ValueError(f"{name} must be 1 to {HOUR}")
        if not 0 <= self.spot_share <= 1_000:
            raise ValueError("spot_share must be 0 to 1000")
