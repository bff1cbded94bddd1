"""What failures under load do to a network (M18): 10 % of the nodes die while twice as much is asked for as usual.

A run, in seconds: from 0 requests come at the usual load; from 60 the baseline is measured; at 90 the load is
multiplied; at 180 nodes die, all at once and without a word; requests count that are undecided then or come until 240;
at 420 the last of them is decided. Work lasts 20 to 60 s, and a request's window is two to three times as long.

Each node offers 50 to 150 units of one of the kinds that are leased, and a request asks for 20 to 180 of one; the usual
load is a share of all that nodes offer, 0.3 unless said otherwise: the middle of the 10 to 50 % at which servers mostly
run (Barroso and Hoelzle, "The case for energy-proportional computing", IEEE Computer 40, 2007). With u for it, twice
the load and a tenth of the nodes dead, 2 u of 0.9 is asked for; from u = 0.45 on nobody could serve all.

What is reported, each of living borrowers only, as nobody waits for the answer of a dead one's request:

    performance               units in service / units wanted and not yet done, in one second
    performance degradation   1 - (worst second after the failure) / (mean of the baseline)
    recovery time             seconds from the failure until performance is back at 95 % of the baseline and stays there
                              for 10 s; none if it does not come back, 0 if it never left
    alternative path use      work delivered over another way than the best, as that was broken, of all work that was
                              delivered after the failure for requests that count
    request fulfilment rate   requests that got all of their units, for as long as needed, before their deadline, of all
                              that count; one that lacks a single unit is not fulfilled
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hansa.kernel.errors import UsageError
from hansa.kernel.rng import Rng
from hansa.market.problem import Solver
from hansa.overlay.link_params import Policy
from hansa.sim.studies.failing import Failure, failure
from hansa.sim.studies.growth import Tell, least_nodes, network, rounded
from hansa.sim.studies.stress_run import COUNTED_S, Asked, Counts, Run

BASELINE_FROM, DOUBLES_AT, FAILS_AT, ENDS_AT = 60, 90, 180, 420
RECOVERED, STEADY_S = 0.95, 10
"""Share of the baseline at which a network counts as recovered, and for how many seconds it must stay there."""

MOST_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Params:
    """What is done to what.

    Attributes:
        nodes: how many.
        failures: share of them that die.
        load: times the usual load, from second 90 on.
        usual: the usual load, as a share of all that is offered.
        policy: by which rule links are chosen.
        seed: all chance follows from it.
    """

    nodes: int = 100
    failures: float = 0.1
    load: float = 2.0
    usual: float = 0.3
    policy: Policy = Policy.BOUNDED
    seed: int = 1

    def validate(self) -> None:
        """Raises UsageError naming the number that makes no sense, and what would."""
        least = least_nodes(self.policy)
        if not least < self.nodes <= MOST_NODES:
            raise UsageError(f"nodes must be between {least + 1} and {MOST_NODES:,} under {self.policy}")
        if not 0 <= self.failures <= 0.9:
            raise UsageError("failures must be a share of the nodes between 0 and 0.9, such as 0.1")
        if not 0 < self.load <= 10:
            raise UsageError("load must be above 0 and at most 10 times the usual")
        if not 0 < self.usual <= 1:
            raise UsageError("usual load must be a share above 0 of what is offered, and at most 1")


@dataclass(frozen=True, slots=True)
class Requests:
    """What became of requests: how many, fulfilled of them; units that they asked for and got in time."""

    count: int
    fulfilled: int
    asked: int
    delivered: int

    @property
    def rate(self) -> float:
        """Share of them that were fulfilled; 1 where there were none."""
        return self.fulfilled / self.count if self.count else 1.0


@dataclass(frozen=True, slots=True)
class Repair:
    """How the network itself got over it.

    Attributes:
        dead: nodes that died.
        first_verdict_s, last_verdict_s: seconds until a dead node's first and last neighbour gave it up; the median
            over the dead.
        healed_s: seconds until all who missed links had made new ones.
        links: new links; short: living nodes that still have too few.
    """

    dead: int
    first_verdict_s: float
    last_verdict_s: float
    healed_s: int
    links: int
    short: int


@dataclass(frozen=True, slots=True)
class Stressed:
    """What a stress study found.

    Attributes:
        performance: in each second, from 0 to 1; of units served and wanted.
        baseline: its mean before the load rose.
        before: requests that came and were decided before the failure; after: those that count.
    """

    params: Params
    performance: tuple[float, ...]
    served: tuple[int, ...]
    wanted: tuple[int, ...]
    baseline: float
    before: Requests
    after: Requests
    repair: Repair
    paths: Counts

    @property
    def degradation(self) -> float:
        """1 - (worst second after the failure) / (mean of the baseline); 0 where none was worse."""
        return max(0.0, 1 - min(self.performance[FAILS_AT:]) / self.baseline) if self.baseline else 0.0

    @property
    def recovery_s(self) -> int | None:
        """Seconds until performance is back at 95 % of the baseline for 10 s; None if it does not come back."""
        return recovery(self.performance[FAILS_AT:], RECOVERED * self.baseline)

    @property
    def alternative_use(self) -> float:
        """Share of the work delivered after the failure that went over another way, as the best was broken."""
        return self.paths.other_way / self.paths.delivered if self.paths.delivered else 0.0

    @property
    def fulfilment(self) -> float:
        """Share of the requests that count which were fulfilled."""
        return self.after.rate

    def as_json(self) -> dict[str, Any]:
        """Returns it for programs; fractions to six places."""
        found = {
            "study": "stress",
            "params": asdict(self.params),
            "performance_degradation": self.degradation,
            "recovery_time_s": self.recovery_s,
            "alternative_path_use": self.alternative_use,
            "request_fulfilment_rate": self.fulfilment,
            "baseline": self.baseline,
            "before": asdict(self.before) | {"rate": self.before.rate},
            "after": asdict(self.after) | {"rate": self.after.rate},
            "repair": asdict(self.repair),
            "paths": asdict(self.paths),
            "at_s": {"baseline": BASELINE_FROM, "load": DOUBLES_AT, "failure": FAILS_AT, "end": ENDS_AT},
            "performance": self.performance,
            "served": self.served,
            "wanted": self.wanted,
        }
        named: dict[str, Any] = rounded(found)
        return named


def recovery(performance: Sequence[float], enough: float) -> int | None:
    """Returns after how many seconds performance is enough, and stays so for 10 s or to the end.

    >>> recovery([0.5, 0.7] + [1.0] * 20, 0.95)
    2
    """
    good = 0
    for second, value in enumerate(performance):
        good = good + 1 if value >= enough else 0
        if good == STEADY_S:
            return second + 1 - STEADY_S
    return None


def stress(params: Params, solve: Solver, tell: Tell = lambda done, of, what: None) -> Stressed:
    """Runs a network under load, lets nodes die, and says what came of it.

    Args:
        params: what is done to what.
        solve: finds the optimum of a clearing.
        tell: is told how far it is.

    Raises:
        UsageError: a number makes no sense.
    """
    params.validate()
    rng = Rng(params.seed).child("stress")
    graph = network(params.nodes, params.policy, rng.child("links"))
    happens = failure(graph, params.policy, params.failures, FAILS_AT, rng.child("failure"))
    run = Run(graph, happens, (params.usual, params.load, DOUBLES_AT), rng.child("run"), solve)
    while run.now < ENDS_AT:
        tell(run.now, ENDS_AT, f"second {run.now} of {ENDS_AT}")
        run.second()
    performance = tuple(min(1.0, served / due) if due else 1.0 for served, due in zip(run.served, run.due, strict=True))
    return Stressed(
        params=params,
        performance=performance,
        served=tuple(run.served),
        wanted=tuple(run.due),
        baseline=float(np.mean(performance[BASELINE_FROM:DOUBLES_AT])),
        before=_summed([one for one in run.requests if one.decided_at is not None and one.decided_at < FAILS_AT]),
        after=_summed([one for one in run.requests if _counts(one, run)]),
        repair=_repair(happens),
        paths=run.counts,
    )


def _counts(asked: Asked, run: Run) -> bool:
    """Says whether a request counts: it was undecided at the failure, or came soon after; its borrower lives."""
    undecided = asked.decided_at is None or asked.decided_at >= FAILS_AT
    return asked.since < FAILS_AT + COUNTED_S and undecided and bool(run.alive[asked.borrower])


def _summed(requests: Sequence[Asked]) -> Requests:
    return Requests(
        len(requests),
        sum(one.fate is True for one in requests),
        sum(one.units for one in requests),
        sum(one.in_time for one in requests),
    )


def _repair(happens: Failure) -> Repair:
    found = happens.found
    dead = happens.dead.size
    return Repair(
        dead=dead,
        first_verdict_s=float(np.median(found.first)) / 1000 if dead else 0.0,
        last_verdict_s=float(np.median(found.last)) / 1000 if dead else 0.0,
        healed_s=happens.healed_at - happens.at,
        links=happens.links,
        short=happens.short,
    )
