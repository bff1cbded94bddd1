"""The net between simulated nodes: delay, loss, duplication, reordering, bandwidth, and any partition.

A link is made as `node.transport.Transport` says, and carries frames in one of two ways:

- *stream* (what a real transport does): frames arrive in order, once. A lost one is sent again after `resend_ms`, then
  twice that, so loss is delay; where nothing comes through for `notice_ms`, both ends lose the link.
- *lossy*: each frame is lost, doubled or late by itself, and nobody is told, as by a neighbour that drops frames.

Each frame has one fate: sent + doubled = delivered + lost (by why) + in the air (`Counts`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from zlib import crc32

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.sim.journal import Journal
from hansa.sim.loop import MS, Process, VirtualLoop

MAX_QUEUE = 8 * 1024 * 1024
"""Bytes that may wait on one link in one direction; beyond that `send` says no."""
MAX_RESENDS = 6
"""How often in a row one frame of a stream is lost at most."""


@dataclass(frozen=True, slots=True)
class Params:
    """What the net does to frames.

    Attributes:
        base_ms, jitter_ms: one way takes the first, and up to the second in addition.
        loss: share of frames that are lost, in [0, 1). In a stream each is sent again, which takes longer.
        duplicated, reordered: shares that come twice, and late, by up to `late_ms`. Only where it is lossy.
        bytes_per_ms: what a link carries in one direction; 0 for any amount.
        lossy: frames are lost one by one instead of being sent again.
        resend_ms: after which a stream sends a lost frame again. Raising it makes loss dearer.
        notice_ms, connect_ms: after which a link through which nothing comes is lost, and an unanswered dial gives up.
    """

    base_ms: int = 20
    jitter_ms: int = 10
    loss: float = 0.0
    duplicated: float = 0.0
    reordered: float = 0.0
    late_ms: int = 500
    bytes_per_ms: int = 0
    lossy: bool = False
    resend_ms: int = 200
    notice_ms: int = 8_000
    connect_ms: int = 3_000

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("loss", "duplicated", "reordered"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1")
        for name in ("base_ms", "jitter_ms", "late_ms", "bytes_per_ms"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        for name in ("resend_ms", "notice_ms", "connect_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass(slots=True)
class Counts:
    """What became of all frames."""

    sent: int = 0
    doubled: int = 0
    delivered: int = 0
    in_air: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    @property
    def balanced(self) -> bool:
        """Says whether each frame has exactly one fate."""
        return self.sent + self.doubled == self.delivered + self.in_air + self.lost.total()


class Way:
    """One direction of a link."""

    __slots__ = ("broken", "free_us", "held", "host", "last_us", "link", "open_us", "queued", "to")

    def __init__(self, link: Link, host: Host, to: Host) -> None:
        self.link, self.host, self.to = link, host, to
        self.open_us = self.last_us = self.free_us = self.queued = 0
        self.held: list[bytes] = []


class Link:
    """A link between two hosts."""

    __slots__ = ("blocked_since", "open", "told", "ways")

    def __init__(self, one: Host, other: Host) -> None:
        self.open = True
        self.told: dict[int, None] = {}  # ends that know of it
        self.blocked_since = 0  # number of the partition; 0 while nothing is in the way
        self.ways = {one.number: Way(self, one, other), other.number: Way(self, other, one)}


class Host:
    """A machine on the net, whatever runs on it.

    Attributes:
        port: what answers at its address, if something does; `sim.transport.SimTransport`.
        process: whose calls what arrives here is.
        links: the ends of links that stand here, by the other host's number.
    """

    def __init__(self, number: int, id_: NodeId) -> None:
        self.number, self.id = number, id_
        self.url = f"sim://{number}"
        self.port: Port | None = None
        self.process = Process(f"host {number}")
        self.links: dict[int, Link] = {}
        self.air = 0  # frames on their way to this process

    @property
    def answers(self) -> bool:
        """Says whether a process listens here."""
        return self.port is not None and self.process.alive


class Port:
    """What a host's transport is told; see `sim.transport`."""

    def heard(self, source: Host, data: bytes) -> None:
        """A frame arrived."""

    def linked(self, other: Host, dialled: bool) -> None:
        """A link stands."""

    def lost(self, other: Host, reason: Reason | None) -> None:
        """A link ended."""


class Net:
    """All hosts and what is between them.

    Attributes:
        hosts: by number; addresses are `sim://NUMBER`.
        blocked: pairs (from, to) between which nothing comes through.
        tap: is shown each frame that is put on the net, with who sends it.
    """

    def __init__(self, loop: VirtualLoop, rng: Rng, journal: Journal, params: Params | None = None) -> None:
        """Makes an empty net; what it draws comes from `rng`."""
        self.loop = loop
        self.params = params or Params()
        self.params.validate()
        self.counts = Counts()
        self.hosts: list[Host] = []
        self.blocked: dict[tuple[int, int], None] = {}
        self.tap: Callable[[Host, bytes], None] | None = None
        self._rng = rng
        self._journal = journal
        self._cut = 0
        self.context: Context = copy_context()

    def host(self, id_: NodeId) -> Host:
        """Puts one more machine on the net."""
        made = Host(len(self.hosts), id_)
        self.hosts.append(made)
        return made

    # ---- partitions

    def block(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Lets nothing through from the first to the second of each pair, besides what is blocked already."""
        self.blocked.update(dict.fromkeys(pairs))
        self._look_at_links()

    def unblock(self, pairs: Iterable[tuple[int, int]] | None = None) -> None:
        """Lets everything through again; what streams held back arrives."""
        for pair in list(self.blocked) if pairs is None else list(pairs):
            self.blocked.pop(pair, None)
        self._look_at_links()

    def is_blocked(self, one: Host, other: Host) -> bool:
        """Says whether nothing comes through from one host to another."""
        return (one.number, other.number) in self.blocked

    def _look_at_links(self) -> None:
        self._cut += 1
        for host in self.hosts:
            for number, link in list(host.links.items()):
                if number < host.number:
                    continue  # each link once
                other = self.hosts[number]
                stuck = self.is_blocked(host, other) or self.is_blocked(other, host)
                if stuck and not link.blocked_since:
                    link.blocked_since = self._cut
                    self._after(self.params.notice_ms * MS, self._notice, link, self._cut)
                elif not stuck and link.blocked_since:
                    link.blocked_since = 0
                for way in link.ways.values():
                    if not self.is_blocked(way.host, way.to):
                        self._let_go(way)

    def _let_go(self, way: Way) -> None:
        held, way.held = way.held, []
        for data in held:
            way.queued -= len(data)
            self._stream(way, data)

    def _notice(self, link: Link, cut: int) -> None:
        if link.open and link.blocked_since == cut:
            self.break_link(link, Reason.UNREACHABLE)

    # ---- links

    def delay_us(self) -> int:
        """Returns how long one way takes now."""
        return self.params.base_ms * MS + self._rng.below(self.params.jitter_ms * MS + 1)

    def resend_us(self, first_ms: int) -> int:
        """Returns how much longer something takes that is sent again until it comes through."""
        wait, total = first_ms * MS, 0
        if self.params.loss:
            for _ in range(MAX_RESENDS):
                if not self._rng.happens(self.params.loss):
                    break
                total += wait
                wait *= 2
        return total

    def join(self, dialler: Host, taker: Host) -> None:
        """Has a link stand between two hosts: first where it is taken, then where it was dialled."""
        old, other = taker.links.get(dialler.number), dialler.links.get(taker.number)
        if other is not None:
            return  # both dialled at once: the first one stays; or the dialler is about to hear that it is lost
        if old is not None:  # the dialler does not know of it any more: it was started anew
            self._end(taker, dialler, old, Reason.BAD_LINK)
        link = Link(dialler, taker)
        back = self.delay_us()
        link.ways[taker.number].open_us = self.loop.now_us + back
        dialler.links[taker.number] = taker.links[dialler.number] = link
        self._journal.note(taker.number, f"link {dialler.number}")
        if self.is_blocked(dialler, taker) or self.is_blocked(taker, dialler):
            self._look_at_links()
        self.tell(taker, 0, _linked, taker, dialler, False, link)
        self.tell(dialler, back, _linked, dialler, taker, True, link)

    def close(self, host: Host, other: Host) -> None:
        """Ends a link in order: what was sent before arrives before."""
        link = host.links.get(other.number)
        if link is None or not link.open:
            return
        way = link.ways[host.number]
        self._journal.note(host.number, f"close {other.number}")
        link.open = False
        self.tell(host, 0, self._end, host, other, link, None)
        after = max(self.delay_us(), way.last_us - self.loop.now_us)
        late = self.params.notice_ms * MS if self.is_blocked(host, other) else 0
        self.tell(other, after + late, self._end, other, host, link, None if not late else Reason.UNREACHABLE)

    def break_link(self, link: Link, reason: Reason) -> None:
        """Ends a link that nothing comes through any more; each end notices by itself."""
        link.open = False
        one, other = (way.host for way in link.ways.values())
        self.tell(one, 0, self._end, one, other, link, reason)
        self.tell(other, self.delay_us(), self._end, other, one, link, reason)

    def vanish(self, host: Host) -> None:
        """Has a host's process be gone: its neighbours see their links broken, as soon as word of it can reach them."""
        host.port = None
        self._drop("crash", host.air)
        host.air = 0
        for number, link in list(host.links.items()):
            other = self.hosts[number]
            del host.links[number]
            self._drop_held(link)
            if link.open:
                link.open = False
                cut = self.is_blocked(host, other)
                after = self.params.notice_ms * MS if cut else self.delay_us()
                reason = Reason.UNREACHABLE if cut else Reason.BAD_LINK
                self.tell(other, after, self._end, other, host, link, reason)

    def give_up(self, host: Host) -> None:
        """Has all links of a host be lost at both ends: it was silent for too long."""
        for link in list(host.links.values()):
            if link.open:
                self.break_link(link, Reason.UNREACHABLE)

    def _end(self, host: Host, other: Host, link: Link, reason: Reason | None) -> None:
        link.open = False
        self._drop_held(link)
        if host.links.get(other.number) is link:
            del host.links[other.number]
            if host.port is not None and host.number in link.told:
                self._journal.note(host.number, f"lost {other.number} {reason.code if reason else ''}")
                host.port.lost(other, reason)

    def _drop_held(self, link: Link) -> None:
        for way in link.ways.values():
            if way.held:
                self._drop("link", len(way.held))
                way.held = []

    # ---- frames

    def send(self, host: Host, other: Host, data: bytes) -> bool:
        """Puts a frame on the link between two hosts; False without a link, or with too much on it."""
        link = host.links.get(other.number)
        if link is None:
            return False
        way = link.ways[host.number]
        if way.queued + len(data) > MAX_QUEUE:
            return False
        if self.tap is not None:
            self.tap(host, data)
        counts = self.counts
        counts.sent += 1
        counts.in_air += 1
        if not link.open:
            self._drop("link")
        elif self.params.lossy:
            self._scatter(way, data)
        else:
            self._stream(way, data)
        return True

    def _stream(self, way: Way, data: bytes) -> None:
        way.queued += len(data)
        to, params, now = way.to, self.params, self.loop.now_us
        if self.blocked and self.is_blocked(way.host, to):
            way.held.append(data)
            return
        takes = self.delay_us() + (self.resend_us(params.resend_ms) if params.loss else 0)
        at = max(now + takes, way.last_us, way.open_us)
        if params.bytes_per_ms:
            way.free_us = max(way.free_us, now) + len(data) * MS // params.bytes_per_ms
            at = max(at, way.free_us + params.base_ms * MS)
        way.last_us = at
        to.air += 1
        self.loop.post(at - now, to.process.context, self._arrive, way, data)

    def _scatter(self, way: Way, data: bytes) -> None:
        """Lets each copy of a frame have its own fate."""
        blocked = self.is_blocked(way.host, way.to)
        if blocked or self._rng.happens(self.params.loss):
            self._drop("partition" if blocked else "loss")
            return
        copies = 1
        if self._rng.happens(self.params.duplicated):
            copies = 2
            self.counts.doubled += 1
            self.counts.in_air += 1
        for _ in range(copies):
            delay = self.delay_us()
            if self._rng.happens(self.params.reordered):
                delay += self._rng.below(self.params.late_ms * MS + 1)
            way.queued += len(data)
            way.to.air += 1
            at = max(self.loop.now_us + delay, way.open_us)
            self.loop.post(at - self.loop.now_us, way.to.process.context, self._arrive, way, data)

    def _arrive(self, way: Way, data: bytes) -> None:
        way.queued -= len(data)
        link, to = way.link, way.to
        to.air -= 1
        if to.links.get(way.host.number) is not link or to.port is None:
            self._drop("link")
        elif self.params.lossy and self.blocked and self.is_blocked(way.host, to):
            self._drop("partition")
        else:
            counts = self.counts
            counts.in_air -= 1
            counts.delivered += 1
            self._journal.note(to.number, f"< {way.host.number} {len(data)} {crc32(data):08x}")
            to.port.heard(way.host, data)

    def _drop(self, why: str, count: int = 1) -> None:
        self.counts.in_air -= count
        self.counts.lost[why] += count

    # ---- time

    def _after(self, delay_us: int, function: Callable[..., object], *args: object) -> None:
        self.loop.post(delay_us, self.context, function, *args)

    def tell(self, host: Host, delay_us: int, function: Callable[..., object], *args: object) -> None:
        """Has something happen at a host, in its process."""
        self.loop.post(delay_us, host.process.context, function, *args)


def _linked(host: Host, other: Host, dialled: bool, link: Link) -> None:
    if host.port is not None and host.links.get(other.number) is link and link.open:
        link.told[host.number] = None
        host.port.linked(other, dialled)
