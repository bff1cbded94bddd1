"""Which records are not to be asked for now: refused ones, such as are being judged, and such as came too early."""

from __future__ import annotations

import msgspec

from hansa.kernel.instant import SECOND, Instant

EARLY_TRIES = 6
"""Times that a record is asked for again before its time, since others came."""

JUDGING_MS = 60 * SECOND
"""How long a record that is being judged is not asked for, should nobody say what became of it."""

KEPT_BACK_MS = 10 * SECOND
"""How long a record that came too early is not asked for again."""

PATIENT_TRIES = 20
"""Times that a record is asked for again, after which it is asked for ever more rarely."""

MAX_UNWANTED = 50_000
"""Ids that are remembered; of too many the oldest go."""


class _Pause(msgspec.Struct, frozen=True):
    until: Instant
    tries: int
    since: Instant


class Unwanted:
    """Ids that are left alone for a while.

    Attributes:
        taken_at: when the last record was kept: what came too early may rest on it.
    """

    def __init__(self, again_ms: int, forget_ms: int) -> None:
        """Begins with none.

        Args:
            again_ms: after which time what could not be taken yet is asked for again, at first.
            forget_ms: after which time what was refused may be asked for once more.
        """
        self._again_ms, self._forget_ms = again_ms, forget_ms
        self._all: dict[bytes, _Pause] = {}
        self._here: dict[bytes, Instant] = {}
        self.taken_at = Instant(0)

    def is_over(self, id_: bytes, now: Instant) -> bool:
        """Says whether a record may be asked for."""
        if id_ in self._here and now < self._here[id_] + JUDGING_MS:
            return False
        pause = self._all.get(id_)
        if pause is None or now >= pause.until:
            return True
        early = pause.tries < EARLY_TRIES and self.taken_at > pause.since
        return early and now >= pause.since + self._again_ms

    @property
    def here(self) -> int:
        """How many records are here and being judged."""
        return len(self._here)

    def is_here(self, id_: bytes) -> bool:
        """Says whether a record is here and being judged."""
        return id_ in self._here

    def judging(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is here and being judged."""
        if id_ not in self._here and len(self._here) >= MAX_UNWANTED:
            del self._here[next(iter(self._here))]
        self._here[id_] = now

    def judged(self, id_: bytes) -> None:
        """Notes that what becomes of a record is known."""
        self._here.pop(id_, None)

    def taken(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is held now."""
        self.judged(id_)
        self.taken_at = now
        self._all.pop(id_, None)

    def put_off(self, id_: bytes, now: Instant) -> Instant:
        """Notes that a record can't be taken yet; returns when it may be asked for again, each time later."""
        known = self._all.get(id_)
        tries = known.tries + 1 if known else 1
        doublings = min(tries - 1, 3) + max(0, min(tries - PATIENT_TRIES, 16))
        until = Instant(now + min(self._again_ms << doublings, self._forget_ms))
        self._remember(id_, _Pause(until, tries, now))
        return until

    def kept_back(self, id_: bytes, now: Instant) -> None:
        """Notes that a record came too early and waits here."""
        self._remember(id_, _Pause(Instant(now + KEPT_BACK_MS), EARLY_TRIES, now))

    def refused(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is not wanted here."""
        self._remember(id_, _Pause(Instant(now + self._forget_ms), EARLY_TRIES, now))

    def _remember(self, id_: bytes, pause: _Pause) -> None:
        self.judged(id_)
        self._all.pop(id_, None)
        while len(self._all) >= MAX_UNWANTED:
            del self._all[next(iter(self._all))]
        self._all[id_] = pause
