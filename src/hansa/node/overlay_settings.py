"""Settings of a node's place in the overlay; the source protocol's node settings (M21) are among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hansa.kernel.errors import UsageError
from hansa.kernel.resources import Resource
from hansa.market.quantities import amount_of
from hansa.node.core import FINDINGS

TRANSPORTS = ("websocket", "zenoh")
POLICIES = ("bounded", "preferential")

_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """How a node takes part in the overlay.

    Attributes:
        on: take links, and make them, while the node runs.
        open: link with nodes that were not invited here, too. Off by default (security default 1).
        policy: which links are kept: bounded (some, diverse and well-behaved) or preferential (the more linked a node
            is, the likelier; the source protocol's).
        max_connections: links at most; who comes after that is refused.
        transports: websocket (on this node's own port), zenoh (needs the extra), or both: then it is a bridge.
        addresses: where others can dial this node, e.g. "http://node.example:8470"; empty: where it listens, if others
            can reach that.
        seeds: addresses to dial beside those of the sources that this node pulls from, and of the nodes it knows.
        zenoh_listen: Zenoh endpoints to listen on, e.g. "tcp/127.0.0.1:7447".
        zenoh_connect: Zenoh endpoints of peers or routers to connect to.
        zenoh_tls: a folder with ca.pem, cert.pem and key.pem, for endpoints that begin with "tls/" or "quic/".
        findings: what everybody is told of what this node found out about the skills of others: none, refutations, all.
        location: where the node is, in the operator's words; shown, never trusted.
        capacities: what it can give, and lends at once at most, e.g. "computational_power=4 cores" or
            "memory_capacity=8 GiB"; a bare number counts the resource's units, thousandths of a core or MiB.
        specialisations: topics that it wants to hear of, and is good at.
    """

    on: bool = True
    open: bool = False
    policy: str = "bounded"
    max_connections: int = 100
    transports: tuple[str, ...] = ("websocket",)
    addresses: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    zenoh_listen: tuple[str, ...] = ()
    zenoh_connect: tuple[str, ...] = ()
    zenoh_tls: str = ""
    findings: str = "refutations"
    location: str = ""
    capacities: tuple[str, ...] = ()
    specialisations: tuple[str, ...] = ()

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if self.policy not in POLICIES:
            raise ValueError(f"policy must be {' or '.join(POLICIES)}, not {self.policy}")
        if self.findings not in FINDINGS:
            raise ValueError(f"findings must be {' or '.join(FINDINGS)}, not {self.findings}")
        if not 1 <= self.max_connections <= 1_000:
            raise ValueError("max_connections must be between 1 and 1000")
        if not self.transports:
            raise ValueError("transports: name at least one, or set overlay.on to false")
        for name in self.transports:
            if name not in TRANSPORTS:
                raise ValueError(f"transports must be of {', '.join(TRANSPORTS)}, not {name}")
        if len(self.location) > 64:
            raise ValueError("location must have at most 64 characters")
        for one in self.capacities:
            _capacity(one)
        for one in self.specialisations:
            if not _WORD.match(one):
                raise ValueError(f"specialisations must be words of a-z, 0-9, . _ and -, not {one}")

    def offers(self) -> Mapping[str, int]:
        """Returns what the node can give: the amount by resource."""
        return dict(map(_capacity, self.capacities))


def _capacity(text: str) -> tuple[str, int]:
    """Returns a resource and its units; raises ValueError where it is written otherwise."""
    name, _, amount = (one.strip() for one in text.partition("="))
    if name not in list(Resource) or not amount:
        raise ValueError(f"capacities must be written resource=amount, of {', '.join(Resource)}; not {text}")
    try:
        return name, amount_of(Resource(name), int(amount) if amount.isdecimal() else amount)
    except UsageError as error:
        raise ValueError(f"capacities {error}") from None
