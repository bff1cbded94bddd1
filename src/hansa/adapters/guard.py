"""Where this node may connect to (security default 9, threat 65).

An address is taken when it passes these checks, in order:

1. it is http or https with a host, and no user, query or fragment
2. this machine by its number (127.0.0.1, [::1]) or as `localhost`: only where the operator gave the address
3. a name is resolved once, here; *every* address it has must be allowed, and the connection goes to one of those
4. allowed is what is globally routable, and what lies in a network of the operator's list; an IPv4 address within an
   IPv6 one (mapped, 6to4, Teredo, NAT64) counts as itself
5. plain http goes to this machine and to networks of the list alone

Odd spellings (2130706433, 0x7f.1, 127.1) are no numbers here but names, and whatever they resolve to is judged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from hansa.kernel.errors import Unavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCALHOST = ("127.0.0.1", "::1")


def is_this_machine(host: str) -> bool:
    """Says whether a host, a number or a name, can be nothing but this machine; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Outbound:
    """Where this node may connect to.

    Attributes:
        lan: networks beyond the public ones, e.g. 192.168.0.0/16; plain http is allowed there. Each one that is added
            lets whoever gives this node an address reach into it.
    """

    lan: tuple[str, ...] = ()

    def validate(self) -> None:
        """Raises ValueError naming what is no network."""
        for text in self.lan:
            try:
                ipaddress.ip_network(text)
            except ValueError:
                raise ValueError(f"lan: {text} is no network: write it like 192.168.0.0/16") from None


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be connected to.

    Attributes:
        scheme, host, port, path: as the URL names them; `host` is what a certificate must be for.
        addresses: where to connect to, in the order in which to try.
    """

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


class Guard:
    """Judges addresses."""

    def __init__(self, outbound: Outbound | None = None, resolve: Resolve | None = None) -> None:
        """Judges by the operator's list; `resolve` is the machine's own unless a test says otherwise."""
        self._lan = tuple(ipaddress.ip_network(one) for one in (outbound or Outbound()).lan)
        self._resolve = resolve or _system

    async def target(self, url: str, own: bool = True) -> Target:
        """Returns where a URL leads to.

        Args:
            own: the operator gave it; False for one that came from anybody else.

        Raises:
            Unavailable: it is no address, its name is unknown, or it leads where this node does not go; says why.
        """
        scheme, host, port, path = _parts(url)  # 1
        number = _number(host)
        if host == "localhost" or (_is_here(number)):  # 2
            if own or (number is not None and self._listed(number)):
                addresses = (number,) if number else tuple(map(ipaddress.ip_address, _LOCALHOST))
                return Target(scheme, host, port, path, addresses)
            raise Unavailable(f"{url} leads to this machine itself, and it came from elsewhere: that is not followed")
        found = (number,) if number is not None else await self._addresses(host, port)  # 3
        for address in found:
            if not self._allowed(address):  # 4
                raise Unavailable(f"{url} leads to {address}, which is not public: {_setting(address)}")
            if scheme == "http" and not self._listed(address):  # 5
                raise Unavailable(f"{url} is not encrypted: give an https:// address, or {_setting(address)}")
        return Target(scheme, host, port, path, found)

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        try:
            texts = await self._resolve(host, port)
        except (OSError, UnicodeError):
            texts = ()
        found = dict.fromkeys(ipaddress.ip_address(text) for text in texts if "%" not in text)
        if not found or len(found) < len(dict.fromkeys(texts)):
            raise Unavailable(f"no node answers at {host}: there is no such name, or it leads nowhere")
        return tuple(found)

    def _allowed(self, address: Address) -> bool:
        inner = _within(address)
        return self._listed(address) or (_is_public(inner))

    def _listed(self, address: Address) -> bool:
        inner = _within(address)
        return any(inner in network for network in self._lan if network.version == inner.version)


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        good = parts.scheme in ("http", "https") and host and port != 0 and url.isprintable() and " " not in url
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise Unavailable(f"{url} is not the address of a node: write it like http://127.0.0.1:8470")
    return parts.scheme, host.lower(), port or (443 if parts.scheme == "https" else 80), parts.path.rstrip("/")


def _setting(address: Address) -> str:
    """Returns what to write where, so that an address is connected to."""
    inner = _within(address)
    network = ipaddress.ip_network((inner, 24 if inner.version == 4 else 64), strict=False)
    return f'put its network into outbound.lan to allow it (in config.toml: [outbound], lan = ["{network}"])'


def _number(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if address.version == 6 and address.is_site_local:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_here(number: Address | None) -> bool:
    return number is not None and str(number) in _LOCALHOST


def _within(address: Address) -> Address:
    """Returns the IPv4 address within an IPv6 one, where there is one: that is where the packets end."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


async def _system(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]
