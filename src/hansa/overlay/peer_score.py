"""How a neighbour behaves on the wire: one number for each, kept here and told to nobody (one of the four lenses).

The terms of go-libp2p-pubsub's score (score_params.go), fewer, for one mesh. All counters but P3's halve over time:

    P1  time in the mesh: a point a minute, ten at most
    P2  words that it brought first: a point each, fifty at most
    P3  silence: 30 while it has said less than a tenth of the last 24 words that it should have
    P4  invalid words: squared, times 10
    P7  misbehaviour beyond six instances: squared

    score = (P1 + P2 if it has brought something first and P3 is 0, else 0) - P3 - P4 - P7

That P1 counts for nothing by itself, and nothing outweighs P3, is the mend of GHSA-77r2-q4c3-v635: there, who never
forwarded anything kept a positive score. A neighbour that only ever gets words, and says that it has them, has 0.

A score outlives its link, so that calling again mends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import HOUR, MINUTE, SECOND, Instant
from hansa.overlay.doing import Misdeed

WEIGHTS: dict[Misdeed, int] = {
    Misdeed.BROKEN: 3,
    Misdeed.INVALID: 0,
    Misdeed.REPLAY: 1,
    Misdeed.FLOOD: 1,
    Misdeed.SILENT: 1,
    Misdeed.WITHHELD: 0,
    Misdeed.GRAFT: 2,
    Misdeed.FALSE_ALARM: 2,
}
"""Instances of misbehaviour that a misdeed counts for; invalid words and words held back have terms of their own."""

UNIT = 1_000


@dataclass(frozen=True, slots=True)
class ScoreParams:
    """What a neighbour's conduct counts for. Scores are whole points.

    Attributes:
        half_life: milliseconds in which counters halve; raising it makes scores slower to earn and to mend.
        time_most: points for time in the mesh, at most.
        first_most: points for words brought first, at most.
        audit_least: words that it should have said before it is held to any.
        audit_words: of those, the last ones that count. Raising it makes silence slower to show after good service.
        audit_share: thousandths of them that it must say. Raising it asks more of who takes fewer authors' words.
        silence: points that silence costs: enough to leave the mesh, not enough to be ignored, as silence mends itself.
        tolerated: instances of misbehaviour that cost nothing.
        ignore_below: what such a neighbour says is not followed up, and it is sent nothing.
        close_below: its link is ended.
        retained: milliseconds that a score outlives its link.
        retained_most: scores of ended links that are kept; the worst are kept longest.
    """

    half_life: int = MINUTE
    time_most: int = 10
    first_most: int = 50
    audit_least: int = 8
    audit_words: int = 24
    audit_share: int = 100
    silence: int = 30
    tolerated: int = 6
    ignore_below: int = -40
    close_below: int = -80
    retained: int = HOUR
    retained_most: int = 1_024

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not self.close_below < self.ignore_below < 0:
            raise ValueError("close_below must be below ignore_below, and both below 0")
        if -self.silence < self.ignore_below:
            raise ValueError("silence must not be enough to be ignored")
        if self.audit_least > self.audit_words:
            raise ValueError("audit_least must not be above audit_words")
        for one in fields(self):
            if not one.name.endswith("_below") and getattr(self, one.name) < 1:
                raise ValueError(f"{one.name} must be at least 1")
        if self.audit_share > 1000:
            raise ValueError("audit_share must be at most 1000")


class Conduct:
    """Counters of one neighbour, in thousandths; they halve with time.

    Attributes:
        due: how many words it should have said, as far as they count.
        said: which of those it said, the last one as the lowest bit.
    """

    __slots__ = ("due", "first", "gone", "invalid", "mesh_since", "misdeeds", "said", "value")

    def __init__(self) -> None:
        """Begins with nothing known."""
        self.first = self.due = self.said = self.invalid = self.misdeeds = 0
        self.mesh_since: Instant | None = None
        self.gone: Instant | None = None
        self.value = 0


def is_silent(due: int, said: int, params: ScoreParams) -> bool:
    """Says whether P3 holds for the last words due, and which of them were said, as bits; no while too few are due."""
    return due >= params.audit_least and said.bit_count() * 1000 < due * params.audit_share


def score(conduct: Conduct, now: Instant, params: ScoreParams) -> int:
    """Returns the score that follows from counters; the formula is the module's."""
    if not (conduct.first or conduct.due or conduct.invalid or conduct.misdeeds):
        return 0  # most of the time, of most
    silent = is_silent(conduct.due, conduct.said, params)
    good = 0
    if conduct.first >= UNIT // 8 and not silent:
        meshed = 0 if conduct.mesh_since is None else (now - conduct.mesh_since) // MINUTE
        good = min(params.time_most, meshed) + min(params.first_most, -(-conduct.first // UNIT))
    invalid = 10 * conduct.invalid * conduct.invalid // (UNIT * UNIT)
    beyond = max(0, conduct.misdeeds - params.tolerated * UNIT)
    return good - params.silence * silent - invalid - beyond * beyond // (UNIT * UNIT)


class Scores:
    """The conduct of all neighbours, and of those that were some lately."""

    def __init__(self, params: ScoreParams) -> None:
        """Begins with nobody."""
        self.params = params
        self._all: dict[NodeId, Conduct] = {}
        self._decayed = Instant(0)
        per_second = 0.5 ** (SECOND / params.half_life)
        self._keep = round(per_second * 1_000_000)

    def __len__(self) -> int:
        """Neighbours whose conduct is remembered."""
        return len(self._all)

    def linked(self, peer: NodeId) -> Conduct:
        """Returns the counters of a neighbour whose link stands; those of last time where they are kept still."""
        conduct = self._all.setdefault(peer, Conduct())
        conduct.gone = None
        return conduct

    def lost(self, peer: NodeId, now: Instant) -> None:
        """Keeps the counters of a link that ended for a while; of too many, the best are forgotten first."""
        conduct = self._all.get(peer)
        if conduct is None:
            return
        conduct.gone, conduct.mesh_since = now, None
        conduct.value = score(conduct, now, self.params)
        gone = [one for one, its in self._all.items() if its.gone is not None]
        if len(gone) > self.params.retained_most:
            del self._all[max(gone, key=lambda one: self._all[one].value)]

    def of(self, peer: NodeId) -> int:
        """Returns a neighbour's score as of the last look; 0 for whom nothing is known of."""
        conduct = self._all.get(peer)
        return 0 if conduct is None else conduct.value

    def blame(self, peer: NodeId, what: Misdeed, count: int, now: Instant) -> int:
        """Counts misdeeds of a neighbour, and returns its score."""
        conduct = self._all.get(peer)
        if conduct is None:
            return 0
        if what is Misdeed.INVALID:
            conduct.invalid += count * UNIT
        conduct.misdeeds += WEIGHTS[what] * count * UNIT
        conduct.value = score(conduct, now, self.params)
        return conduct.value

    def was_due(self, conduct: Conduct, said: bool) -> None:
        """Counts a word that a neighbour should have said by now, and whether it did."""
        conduct.due = min(self.params.audit_words, conduct.due + 1)
        conduct.said = (conduct.said << 1 | said) & ((1 << self.params.audit_words) - 1)

    def heartbeat(self, now: Instant) -> None:
        """Lets counters fade, and works out all scores anew."""
        seconds = min(HOUR // SECOND, max(0, now - self._decayed) // SECOND) if self._decayed else 0
        self._decayed = Instant(self._decayed + seconds * SECOND) if self._decayed else now
        keep = self._keep if seconds == 1 else round((self._keep / 1_000_000) ** seconds * 1_000_000)
        over: list[NodeId] = []
        for peer, conduct in self._all.items():
            if conduct.gone is not None and conduct.gone + self.params.retained <= now:
                over.append(peer)
                continue
            if seconds:
                conduct.first = conduct.first * keep // 1_000_000
                conduct.invalid = conduct.invalid * keep // 1_000_000
                conduct.misdeeds = conduct.misdeeds * keep // 1_000_000
            conduct.value = score(conduct, now, self.params)
        for peer in over:
            del self._all[peer]
