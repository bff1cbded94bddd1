"""A world: whole nodes on one virtual loop, with the handles by which faults are done to them.

    world = World(seed=7, nodes=5, workshop=workshop)      # entrypoints.simulation makes a real workshop
    world.start()
    world.run(10)
    world.partition([(0, 1), (2, 3, 4)])
    world.run(20)
    world.heal()
    assert world.converge(within=30) is not None and not world.violations

What a node is made of is the workshop's business; a world gives it a place: keys, clock, store, transport, chance.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hansa.identity.envelope import Signed
from hansa.kernel.canonical import Json
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.node.gathering import Taken
from hansa.node.node import Node
from hansa.node.ports import Keys
from hansa.node.transport import Transport
from hansa.sim import disk as disks
from hansa.sim import net as nets
from hansa.sim.clock import NodeClock
from hansa.sim.disk import Contents, Disk, Point
from hansa.sim.history import History
from hansa.sim.invariants import Checker, Violation
from hansa.sim.journal import Journal
from hansa.sim.loop import MS, Process, VirtualLoop
from hansa.sim.net import Host, Net
from hansa.sim.transport import SimTransport

POLL_MS = 100
"""How often it is looked whether a world has converged."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a world gives a node.

    Attributes:
        rng: the node's own chance; another one after each start.
        contacts: whom it knows when it starts: id and address.
    """

    number: int
    keys: Keys
    clock: NodeClock
    store: Contents
    transport: Transport
    url: str
    rng: Rng
    contacts: tuple[tuple[NodeId, str], ...]


class Inhabitant(Protocol):
    """A running node with its overlay."""

    @property
    def node(self) -> Node:
        """The node."""
        ...

    async def start(self) -> None:
        """Begins to listen and to dial; returns when it has begun, or runs as long as the node does."""
        ...

    async def publish(self, signed: Signed) -> Taken:
        """Keeps what this node itself says and lets it travel. When it returns, the node has promised to keep it.

        Raises:
            Refused, DiskFull, Fault: nothing was kept.
        """
        ...


class Workshop(Protocol):
    """Makes what a world is made of."""

    def keys(self, seed: int, number: int) -> Keys:
        """Returns the keys of a node; the same ones each time."""
        ...

    def contents(self, number: int) -> Contents:
        """Returns an empty store."""
        ...

    def open(self, place: Place) -> Inhabitant:
        """Makes a node; nothing runs yet."""
        ...

    def shared(self, kind: str) -> bool:
        """Says whether records of a kind are to be at every node in the end."""
        ...


@dataclass(frozen=True, slots=True)
class Params:
    """What a world is like.

    Attributes:
        contacts: nodes that each one knows when it starts; raising it makes for a denser beginning.
        skew_ms: how far a clock may be wrong from the start, either way.
        drift_ppm: how much a clock may gain or lose, in millionths.
        net, disk: of the net and the disks.
    """

    contacts: int = 3
    skew_ms: int = 200
    drift_ppm: int = 50
    net: nets.Params = field(default_factory=nets.Params)
    disk: disks.Params = field(default_factory=disks.Params)


class Resident:
    """One node of a world, running or not.

    Attributes:
        inhabitant: None while it is down.
        starts: how often it was started.
        backup: a copy of its store that it may be set back to.
    """

    def __init__(self, number: int, host: Host, keys: Keys, clock: NodeClock, store: Contents) -> None:
        self.number, self.host, self.keys, self.clock, self.store = number, host, keys, clock, store
        self.skew_ms = clock.offset_ms
        self.process = Process(f"node {number}")
        self.inhabitant: Inhabitant | None = None
        self.disk: Disk | None = None
        self.backup: Contents | None = None
        self.starts = 0

    @property
    def up(self) -> bool:
        """Says whether a process runs, paused or not."""
        return self.inhabitant is not None

    @property
    def paused(self) -> bool:
        """Says whether its process is stopped."""
        return self.process.held is not None


class World:
    """Many nodes, one clock, one seed.

    Attributes:
        residents: all nodes, running or not.
        history: what was said and promised.
        checker: the invariants.
    """

    def __init__(self, seed: int, nodes: int, workshop: Workshop, params: Params | None = None) -> None:
        """Makes the nodes; none runs yet."""
        self.seed, self.params, self.workshop = seed, params or Params(), workshop
        self.rng = Rng(seed)
        self.loop = VirtualLoop()
        self.journal = Journal(self.loop)
        self.net = Net(self.loop, self.rng.child("net"), self.journal, self.params.net)
        self.history = History()
        self.residents = [self._settle(number) for number in range(nodes)]
        self.checker = Checker(self)
        self.net.tap = self.checker.on_frame

    def _settle(self, number: int) -> Resident:
        rng, params = self.rng.child("clock", number), self.params
        keys = self.workshop.keys(self.seed, number)
        skew = rng.between(-params.skew_ms, params.skew_ms)
        clock = NodeClock(self.loop, skew, rng.between(-params.drift_ppm, params.drift_ppm))
        return Resident(number, self.net.host(keys.node_id), keys, clock, self.workshop.contents(number))

    # ---- time

    def start(self) -> None:
        """Starts all nodes, one after the other within a tenth of a second."""
        for one in self.residents:
            self.after(self.rng.child("start", one.number).below(100), self.restart, one.number)

    def run(self, seconds: float) -> None:
        """Lets time pass; ends early, at the next tenth of a second, once an invariant is broken."""
        end = self.loop.now_ms + round(seconds * 1000)
        while self.loop.now_ms < end and not self.violations:
            self.loop.run_until(min(end, self.loop.now_ms + POLL_MS))

    def after(self, ms: int, function: Callable[..., object], *args: object) -> None:
        """Has something done to the world after so many virtual milliseconds."""
        self.loop.post(ms * MS, self.net.context, function, *args)

    def converge(self, within: float) -> int | None:
        """Lets time pass until all nodes hold the same records.

        Returns:
            How many virtual milliseconds it took; None when it took longer than `within` seconds (L3).
        """
        begun = self.loop.now_ms
        while not self.checker.converged():
            if self.loop.now_ms - begun >= within * 1000 or self.violations:
                return None
            self.run(POLL_MS / 1000)
        return self.loop.now_ms - begun

    @property
    def violations(self) -> Sequence[Violation]:
        """What was found to be broken."""
        return self.checker.violations

    def close(self) -> None:
        """Ends all processes."""
        for one in self.residents:
            self.crash(one.number)
        with suppress(HansaError):
            self.loop.run_until(self.loop.now_ms)
        self.loop.close()

    # ---- processes

    def restart(self, number: int) -> None:
        """Starts a node on what is durable; nothing happens where it runs."""
        one = self.residents[number]
        if one.up:
            return
        one.starts += 1
        self.journal.note(number, "start")
        one.process = one.host.process = Process(f"node {number}.{one.starts}")
        one.disk = Disk(self.loop, self.rng.child("disk", number, one.starts), one.process, self.params.disk)
        one.disk.committed = self.checker.on_commit(number)
        one.store = one.store.reopened(one.disk)
        place = Place(
            number, one.keys, one.clock, one.store, SimTransport(self.net, one.host), one.host.url,
            self.rng.child("node", number, one.starts), self._contacts(number),
        )  # fmt: skip
        one.inhabitant = one.process.context.copy().run(self._open, place)
        self.loop.spawn(one.process, one.inhabitant.start())

    def _open(self, place: Place) -> Inhabitant:
        made = self.workshop.open(place)
        made.node.start()
        return made

    def _contacts(self, number: int) -> tuple[tuple[NodeId, str], ...]:
        """Returns whom a node knows: the next one round the ring, which keeps all together, and some at random."""
        hosts = self.net.hosts
        others = [one for one in hosts if one.number != number]
        first = hosts[(number + 1) % len(hosts)]
        rest = self.rng.child("contacts", number).shuffled([one for one in others if one is not first])
        chosen = [first, *rest][: self.params.contacts] if others else []
        return tuple((one.id, one.url) for one in chosen)

    def crash(self, number: int) -> None:
        """Kills a node's process where it stands; what was not durable is gone."""
        one = self.residents[number]
        if not one.up:
            return
        self.journal.note(number, "crash")
        one.process.alive = False
        one.inhabitant = None
        self.net.vanish(one.host)
        self.loop.kill(one.process)
        self.checker.on_crash(number)

    def crash_in_write(self, number: int, point: Point) -> None:
        """Kills a node's process in its next write to the disk, before or after the commit."""
        one = self.residents[number]
        disk = one.disk
        if not one.up or disk is None:
            return

        def trap(reached: Point) -> None:
            if reached is point:
                disk.trap = None
                self.crash(number)

        disk.trap = trap

    def pause(self, number: int, seconds: float) -> None:
        """Stops a node's process for a while; its neighbours lose it where that takes too long."""
        one = self.residents[number]
        if not one.up or one.paused:
            return
        self.journal.note(number, "pause")
        process = one.process
        self.loop.pause(process)
        ms = round(seconds * 1000)
        if ms > self.params.net.notice_ms:
            self.after(self.params.net.notice_ms, self._unheard, number, process)
        self.after(ms, self.resume, number, process)

    def _unheard(self, number: int, process: Process) -> None:
        one = self.residents[number]
        if one.process is process and one.up and one.paused:
            self.net.give_up(one.host)

    def resume(self, number: int, process: Process | None = None) -> None:
        """Has a paused process go on."""
        one = self.residents[number]
        if one.up and one.paused and process in (None, one.process):
            self.journal.note(number, "resume")
            self.loop.resume(one.process)

    def back_up(self, number: int) -> None:
        """Copies a node's store, to be put back by `restore`."""
        one = self.residents[number]
        self.journal.note(number, "backup")
        one.backup = one.store.copied()

    def restore(self, number: int) -> None:
        """Puts the backup in the place of a node's store, by hand and without a word to the node, and starts it."""
        one = self.residents[number]
        if one.backup is None:
            return
        self.crash(number)
        self.journal.note(number, "restore")
        one.store = one.backup.copied()
        self.checker.on_restore(number)
        self.restart(number)

    # ---- net, disk, clock

    def partition(self, groups: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
        """Cuts the net into groups that hear nothing of each other; returns the pairs that were cut."""
        place = {number: at for at, group in enumerate(groups) for number in group}
        pairs = [(a, b) for a in place for b in place if place[a] != place[b]]
        self.cut(pairs)
        return pairs

    def cut(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Lets nothing through from the first to the second of each pair."""
        self.journal.note("net", f"cut {len(pairs)}")
        self.net.block(pairs)

    def mend(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Lets everything through between these again."""
        self.journal.note("net", f"mend {len(pairs)}")
        self.net.unblock(pairs)

    def weather(self, **changes: Any) -> None:
        """Changes what the net does to frames; with nothing, back to what it was."""
        self.journal.note("net", f"weather {sorted(changes)}")
        self.net.params = replace(self.params.net, **changes)

    def heal(self) -> None:
        """Ends all faults: net, disks, clocks; what is down is started, what is paused goes on."""
        self.journal.note("world", "heal")
        self.net.unblock()
        self.weather()
        for one in self.residents:
            one.clock.offset_ms = one.skew_ms
            if one.disk is not None:
                one.disk.trouble, one.disk.is_slow, one.disk.trap = None, False, None
            self.resume(one.number)
            self.restart(one.number)
        self.checker.check()

    def damage(self, number: int, rng: Rng) -> None:
        """Flips a bit in one of a node's records."""
        one = self.residents[number]
        ids = one.store.record_ids("", 1_000_000)
        if ids:
            id_ = rng.pick(ids)
            self.journal.note(number, f"damage {id_[:12]}")
            one.store.damage(id_, rng.below(1 << 20))
            self.checker.on_damage(number, id_)

    # ---- work

    def spawn(self, number: int, work: Callable[[Inhabitant], Coroutine[Any, Any, object]]) -> None:
        """Has something done by a node, in its process; nothing happens where it is down."""
        inhabitant = self.residents[number].inhabitant
        if inhabitant is not None:
            self.loop.spawn(self.residents[number].process, work(inhabitant))

    async def publish(self, number: int, inhabitant: Inhabitant, kind: str, body: Json) -> Signed | None:
        """Has a node say something; returns it once the node has acknowledged it, None when it refused."""
        try:
            signed = inhabitant.node.core.seal(kind, body)
            await inhabitant.publish(signed)
        except HansaError as error:
            self.history.refuse(error)
            self.journal.note(number, f"refused {kind} {type(error).__name__}")
            return None
        self.journal.note(number, f"acknowledged {kind} {signed.id[:12]}")
        self.history.acknowledge(number, signed.id)
        return signed
