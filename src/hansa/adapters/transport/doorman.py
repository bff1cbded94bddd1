"""How many strangers may be at the door at once, and how often they may knock (attack 39).

In order, before anything is read of whoever comes:

1. handshakes that go on at once: in all, and of one host
2. handshakes begun: of one host in a minute, of all together in a second (token buckets)
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections import OrderedDict
from collections.abc import Iterator

from hansa.adapters.transport.params import Params
from hansa.admission.rate import Bucket, take
from hansa.kernel.errors import Refused
from hansa.kernel.instant import SECOND
from hansa.kernel.verdict import Reason
from hansa.node.ports import Clock

MAX_HOSTS = 4_096
"""Hosts whose knocking is remembered, of those that came last."""

_PERIOD = 5 * SECOND


class Doorman:
    """Counts who is at the door."""

    def __init__(self, params: Params, clock: Clock) -> None:
        """Has seen nobody."""
        self._params = params
        self._clock = clock
        self._open: dict[str, int] = {}
        self._hosts: OrderedDict[str, Bucket] = OrderedDict()
        self._all: Bucket | None = None

    @property
    def half_open(self) -> int:
        """Handshakes that go on."""
        return sum(self._open.values())

    @contextlib.contextmanager
    def entering(self, host: str) -> Iterator[None]:
        """Holds a place at the door.

        Args:
            host: a number of the Internet Protocol; "" where it is not known, which only counts with all.

        Raises:
            Refused: CROWDED or RATE.
        """
        group = group_of(host)
        if self.half_open >= self._params.max_half_open:  # 1
            raise Refused(Reason.CROWDED, "too many handshakes at once")
        if group and self._open.get(group, 0) >= self._params.max_half_open_per_host:  # 1
            raise Refused(Reason.CROWDED, "too many handshakes of one host at once")
        self._knock(group)  # 2
        self._open[group] = self._open.get(group, 0) + 1
        try:
            yield
        finally:
            self._open[group] -= 1
            if not self._open[group]:
                del self._open[group]

    def _knock(self, group: str) -> None:
        now = self._clock.now()
        if group:
            self._hosts[group], may = take(self._hosts.get(group), self._params.per_host_per_minute, now)
            self._hosts.move_to_end(group)
            if len(self._hosts) > MAX_HOSTS:
                self._hosts.popitem(last=False)
            if not may:
                raise Refused(Reason.RATE, "too many handshakes of one host in a minute")
        self._all, may = take(self._all, self._params.per_second * _PERIOD // SECOND, now, _PERIOD)
        if not may:
            raise Refused(Reason.RATE, "too many handshakes")


def group_of(host: str) -> str:
    """Returns what one owner is likely to have: an IPv4 address, or the network of 64 bits of an IPv6 one.

    >>> group_of("192.0.2.7"), group_of("2001:db8::1:2:3:4"), group_of("")
    ('192.0.2.7', '2001:db8::/64', '')
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if address.version == 4:
        return host
    inner = address.ipv4_mapped
    return str(inner) if inner else str(ipaddress.ip_network((int(address), 64), strict=False))
