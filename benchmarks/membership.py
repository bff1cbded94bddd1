"""Who is still there? Failure detection beside SWIM as published, with the same suspicion multiplier of 4.

Both run in virtual time over the same network of 5 to 40 ms, with 5 % of all members starved of CPU: they stand still
for 1 to 16 s again and again, and run for some milliseconds between. Healthy members are then stopped without a word.
What is counted are verdicts and accusations against members that were healthy, pauses of starved ones in which anybody
gave them up, and the time from a stop to the first verdict. The published protocol links everybody to everybody; ours
has some eight links a node, so what it learns of others travels by gossip, which is taken to reach everybody within a
second in both (`tests.overlay.hall`, which leaves out nothing that decides: a test holds it against an event for each
arrival). Messages are pings, pongs, reaches and silents; links that are dialled to look for somebody are counted apart.
HANSA_BENCH_MEMBERS is the number of members, HANSA_BENCH_SECONDS how long it runs, HANSA_BENCH_SEED another chance.
What it costs grows with the square of the members: two minutes of processor time for a thousand, a quarter of one for
300.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from tests.overlay.hall import Hall
from tests.overlay.plain_swim import Mesh
from tests.overlay.village import Village, name, url

MEMBERS = int(os.environ.get("HANSA_BENCH_MEMBERS", "1000"))
SECONDS = int(os.environ.get("HANSA_BENCH_SECONDS", "40"))
SEED = int(os.environ.get("HANSA_BENCH_SEED", "1"))
WARM_UP, STOPPED, STOPS_EVERY = 15 * SECOND, 10, 2 * SECOND


class Large(Hall):
    """A hall in which everybody has heard of everybody."""

    def __init__(self, count: int, seed: int) -> None:
        """Makes the members, and lets each hear a presence of each."""
        super().__init__(count, seed)
        for house in self.houses.values():
            for number in range(count):
                if number != house.number:
                    body = {"incarnation": 1, "addresses": [url(number)]}
                    house.members.spoken(name(number), "presence", body, 0, Instant(self.now), name(number))


def _starve(village: Village, slow: list[NodeId], rng: Rng) -> list[tuple[int, int, NodeId]]:
    pauses = []

    def stall(whom: NodeId) -> None:
        busy = rng.between(1_000, 16_000)
        pauses.append((village.now, village.now + busy, whom))
        village.stall(whom, busy)
        village.at(busy + rng.between(2, 40), lambda: stall(whom))

    for whom in slow:
        village.at(rng.below(5_000), lambda whom=whom: stall(whom))
    return pauses


def _played(village: Village, warm_up: int) -> Mapping[str, float]:
    village.run(warm_up)
    slow = dict.fromkeys(name(number) for number in range(0, MEMBERS, 20))
    pauses = _starve(village, list(slow), Rng(4))
    began, sent = village.now, sum(one.sent for one in village.houses.values())
    dialled = sum(one.dialled for one in village.houses.values())
    stops: dict[NodeId, int] = {}
    for number in range(STOPPED):
        whom = name(7 + number * (MEMBERS // STOPPED))
        whom = name(8 + number * (MEMBERS // STOPPED)) if whom in slow else whom

        def stop(whom: NodeId = whom) -> None:
            stops[whom] = village.now
            village.crash(whom)

        village.at((5 + 2 * number) * SECOND, stop)
    started = time.process_time()
    village.run(SECONDS * SECOND)
    spent = time.process_time() - started
    verdicts = [(at, whom) for at, _, what, whom in village.happened if what == "member_dead" and at >= began]
    said = [(at, whom) for at, _, kind, whom in village.accused if kind in ("suspicion", "suspect") and at >= began]
    first = [
        min((at for at, about in verdicts if about == whom), default=village.now) - at0 for whom, at0 in stops.items()
    ]
    return {
        "first verdict after, s (median)": statistics.median(first) / SECOND,
        "first verdict after, s (slowest)": max(first) / SECOND,
        "verdicts against healthy members": sum(
            whom not in slow and at < stops.get(whom, at + 1) for at, whom in verdicts
        ),
        "accusations of healthy members": sum(whom not in slow and at < stops.get(whom, at + 1) for at, whom in said),
        "pauses of starved members with a verdict, %": 100
        * sum(any(about == whom and since < at <= until for at, about in verdicts) for since, until, whom in pauses)
        / max(1, len(pauses)),
        "probes and answers, a node and second": (sum(one.sent for one in village.houses.values()) - sent)
        / MEMBERS
        / SECONDS,
        "links dialled, a node and minute": (sum(one.dialled for one in village.houses.values()) - dialled)
        / MEMBERS
        / SECONDS
        * 60,
        "words said, a node and minute": sum(at >= began for at, *_ in village.accused) / MEMBERS / SECONDS * 60,
        "CPU of one node-second with the network, µs": spent / MEMBERS / SECONDS * 1e6,
    }


TARGETS = {
    "first verdict after, s (median)": 0.55,
    "verdicts against healthy members": 1 / 7,
    "accusations of healthy members": 1 / 7,
}


def body() -> str:
    """Plays both, and returns what came of it as a table."""
    plain = _played(Mesh(MEMBERS, SEED), 3 * SECOND)
    ours = _played(Large(MEMBERS, SEED), WARM_UP)
    lines = [
        f"{MEMBERS:,} members, {SECONDS} s, {STOPPED} stopped.",
        "",
        "| what | SWIM | ours | ratio | target | held |",
        "| --- | --: | --: | --: | --: | --- |",
    ]
    for what, theirs in plain.items():
        ratio = ours[what] / theirs if theirs else float(ours[what] > 0)
        target = TARGETS.get(what)
        bound = 4.0 if what.startswith("probes") else None
        held = "" if target is None else "yes" if ratio <= target else "**no**"
        if bound is not None:
            held = "yes" if ours[what] <= bound else "**no**"
        wanted = f"at most {target:.2f}" if target else f"at most {bound:.0f} a second" if bound else ""
        lines.append(f"| {what} | {theirs:.2f} | {ours[what]:.2f} | {ratio:.2f} | {wanted} | {held} |")
    return "\n".join(lines)
