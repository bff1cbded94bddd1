"""The nemesis: a schedule of faults that follows from a seed, all of which end before the quiet begins.

Each fault is a class with a `begin` and an `end`. Which ones come, when, and to whom is drawn beforehand, so that what
the nodes do does not change it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hansa.kernel.instant import HOUR
from hansa.kernel.rng import Rng
from hansa.sim.disk import Point, Trouble
from hansa.sim.world import World

STROBE_MS = 500
"""How often a strobing clock changes its mind."""


class Fault(Protocol):
    """Something that goes wrong for a while."""

    def begin(self, world: World) -> None:
        """Goes wrong."""

    def end(self, world: World) -> None:
        """Is over."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A process is killed and started again; in the middle of a write where a point is given."""

    node: int
    point: Point | None = None

    def begin(self, world: World) -> None:
        """Kills."""
        if self.point is None:
            world.crash(self.node)
        else:
            world.crash_in_write(self.node, self.point)

    def end(self, world: World) -> None:
        """Starts it again."""
        disk = world.residents[self.node].disk
        if disk is not None:
            disk.trap = None
        world.restart(self.node)


@dataclass(frozen=True, slots=True)
class Pause:
    """A process is stopped for a while."""

    node: int
    seconds: float

    def begin(self, world: World) -> None:
        """Stops it."""
        world.pause(self.node, self.seconds)

    def end(self, world: World) -> None:
        """Has it go on, if it does not yet."""
        world.resume(self.node)


@dataclass(frozen=True, slots=True)
class Cut:
    """Nothing comes through between some pairs."""

    pairs: tuple[tuple[int, int], ...]

    def begin(self, world: World) -> None:
        """Cuts."""
        world.cut(self.pairs)

    def end(self, world: World) -> None:
        """Mends."""
        world.mend(self.pairs)


@dataclass(frozen=True, slots=True)
class Weather:
    """The net is bad for all: loss, frames twice or late, long delays."""

    loss: float = 0.0
    duplicated: float = 0.0
    reordered: float = 0.0
    base_ms: int = 20

    def begin(self, world: World) -> None:
        """Turns bad."""
        world.weather(
            loss=self.loss, duplicated=self.duplicated, reordered=self.reordered, base_ms=self.base_ms,
        )  # fmt: skip

    def end(self, world: World) -> None:
        """Clears up."""
        world.weather()


@dataclass(frozen=True, slots=True)
class Jump:
    """A clock is set wrong, and right again."""

    node: int
    ms: int

    def begin(self, world: World) -> None:
        """Sets it wrong."""
        world.journal.note(self.node, f"clock {self.ms}")
        world.residents[self.node].clock.jump(self.ms)

    def end(self, world: World) -> None:
        """Sets it right."""
        one = world.residents[self.node]
        one.clock.offset_ms = one.skew_ms


@dataclass(frozen=True, slots=True)
class Strobe:
    """A clock jumps to and fro."""

    node: int
    ms: int
    times: int

    def begin(self, world: World) -> None:
        """Jumps, again and again."""
        world.journal.note(self.node, f"strobe {self.ms}")
        for turn in range(self.times):
            world.after(turn * STROBE_MS, world.residents[self.node].clock.jump, self.ms if turn % 2 == 0 else -self.ms)

    def end(self, world: World) -> None:
        """Sets it right."""
        one = world.residents[self.node]
        one.clock.offset_ms = one.skew_ms


@dataclass(frozen=True, slots=True)
class BadDisk:
    """A disk refuses writes, or takes long; None for slow."""

    node: int
    trouble: Trouble | None

    def begin(self, world: World) -> None:
        """Goes bad."""
        disk = world.residents[self.node].disk
        if disk is not None:
            world.journal.note(self.node, f"disk {self.trouble or 'slow'}")
            disk.trouble, disk.is_slow = self.trouble, self.trouble is None

    def end(self, world: World) -> None:
        """Is as good as new."""
        disk = world.residents[self.node].disk
        if disk is not None:
            disk.trouble, disk.is_slow = None, False


@dataclass(frozen=True, slots=True)
class OldBackup:
    """A backup is made, and later put in the place of the store."""

    node: int

    def begin(self, world: World) -> None:
        """Makes the backup."""
        world.back_up(self.node)

    def end(self, world: World) -> None:
        """Puts it back."""
        world.restore(self.node)


# ---- drawing them

Draw = Callable[[Rng, int, int], Fault]
"""Draws a fault for a world of so many nodes that lasts so many milliseconds."""


def _pairs(groups: Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    place = {number: at for at, group in enumerate(groups) for number in group}
    return tuple((a, b) for a in place for b in place if place[a] != place[b])


def halves(rng: Rng, nodes: int, ms: int) -> Fault:
    """Cuts the net into two halves."""
    order = rng.shuffled(range(nodes))
    return Cut(_pairs([order[: nodes // 2], order[nodes // 2 :]]))


def isolated(rng: Rng, nodes: int, ms: int) -> Fault:
    """Cuts one node off."""
    one = rng.below(nodes)
    return Cut(_pairs([[one], [other for other in range(nodes) if other != one]]))


def one_way(rng: Rng, nodes: int, ms: int) -> Fault:
    """Lets nothing out of one node, and everything in."""
    one = rng.below(nodes)
    return Cut(tuple((one, other) for other in range(nodes) if other != one))


def bridge(rng: Rng, nodes: int, ms: int) -> Fault:
    """Leaves two halves that only one node hears both of."""
    order = rng.shuffled(range(nodes))
    half = (nodes - 1) // 2
    return Cut(_pairs([order[1 : 1 + half], order[1 + half :]]))


def ring(rng: Rng, nodes: int, ms: int) -> Fault:
    """Leaves each node with its two neighbours on a ring: every one sees a part, no two the same."""
    order = rng.shuffled(range(nodes))
    place = {number: at for at, number in enumerate(order)}
    far = [
        (a, b) for a in range(nodes) for b in range(nodes)
        if a != b and (place[a] - place[b]) % nodes not in (1, nodes - 1)
    ]  # fmt: skip
    return Cut(tuple(far))


DRAWS: Mapping[str, Draw] = {
    "kill": lambda rng, nodes, ms: Kill(rng.below(nodes)),
    "kill in a write": lambda rng, nodes, ms: Kill(rng.below(nodes), rng.pick(tuple(Point))),
    "pause": lambda rng, nodes, ms: Pause(rng.below(nodes), ms / 1000),
    "halves": halves,
    "isolated": isolated,
    "one way": one_way,
    "bridge": bridge,
    "ring": ring,
    "loss": lambda rng, nodes, ms: Weather(loss=0.2),
    "double": lambda rng, nodes, ms: Weather(duplicated=0.1, reordered=0.1),
    "delay": lambda rng, nodes, ms: Weather(base_ms=rng.between(200, 2_000)),
    "clock": lambda rng, nodes, ms: Jump(rng.below(nodes), rng.pick((-HOUR, -60_000, 60_000, HOUR))),
    "strobe": lambda rng, nodes, ms: Strobe(rng.below(nodes), rng.pick((-5_000, 5_000)), max(1, ms // STROBE_MS)),
    "disk full": lambda rng, nodes, ms: BadDisk(rng.below(nodes), Trouble.FULL),
    "disk error": lambda rng, nodes, ms: BadDisk(rng.below(nodes), Trouble.IO_ERROR),
    "slow disk": lambda rng, nodes, ms: BadDisk(rng.below(nodes), None),
    "old backup": lambda rng, nodes, ms: OldBackup(rng.below(nodes)),
}
"""Every kind of fault, by name."""


class Nemesis:
    """Plans faults and does them.

    Attributes:
        plan: (begin, end, name, fault), milliseconds from when it was unleashed.
    """

    def __init__(self, rng: Rng, nodes: int, kinds: Sequence[str], count: int, quiet_ms: int) -> None:
        """Draws a plan.

        Args:
            kinds: names out of `DRAWS`.
            count: how many faults.
            quiet_ms: when the last one is over.
        """
        self.plan: list[tuple[int, int, str, Fault]] = []
        for number in range(count if kinds and quiet_ms > 1_000 else 0):
            own = rng.child(number)
            begin = own.below(quiet_ms - 1_000)
            end = own.between(begin + 500, quiet_ms)
            name = own.pick(kinds)
            self.plan.append((begin, end, name, DRAWS[name](own.child(name), nodes, end - begin)))
        self.plan.sort(key=lambda one: (one[0], one[1], one[2]))

    def unleash(self, world: World) -> None:
        """Has all of the plan happen, from now on."""
        for begin, end, name, fault in self.plan:
            world.after(begin, self._do, world, name, fault.begin)
            world.after(end, self._do, world, f"no {name}", fault.end)

    @staticmethod
    def _do(world: World, name: str, step: Callable[[World], None]) -> None:
        world.journal.note("nemesis", name)
        step(world)
