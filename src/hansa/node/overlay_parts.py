"""The parts of the overlay that a node runs, made from its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hansa.admission.versions import SUPPORTED
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.node.core import Core
from hansa.node.overlay_settings import OverlaySettings
from hansa.overlay import calling, gossip_params, link_params, members, reconcile_params, routes
from hansa.overlay.doing import Doing
from hansa.overlay.first_calls import Known
from hansa.overlay.frames import digest
from hansa.overlay.gossip import Gossip
from hansa.overlay.holdings import Holdings
from hansa.overlay.link_params import Policy
from hansa.overlay.members import Members
from hansa.overlay.own_presence import Facts
from hansa.overlay.presence import MAX_ADDRESSES
from hansa.overlay.reconcile import Reconciler
from hansa.overlay.routes import Routes


class Ticking(Protocol):
    """What is looked after from time to time."""

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`, so that it need not be called."""
        ...

    def tick(self, now: Instant) -> Doing:
        """Time has passed."""
        ...


class Part(Ticking, Protocol):
    """What all parts do alike."""

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> Doing:
        """A link ended."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each."""

    members: Members
    gossip: Gossip
    reconciler: Reconciler
    routes: Routes

    @property
    def each(self) -> tuple[Part, ...]:
        """All of them, in the order in which they are told what happens."""
        return (self.members, self.gossip, self.reconciler, self.routes)


def link_bounds(settings: OverlaySettings) -> link_params.Params:
    """Returns the bounds on links that the operator's `max_connections` leaves room for."""
    usual, most = link_params.Params(), settings.max_connections
    return replace(
        usual,
        policy=Policy(settings.policy),
        max_connections=most,
        **{
            name: min(most, getattr(usual, name)) for name in ("low", "target", "high", "outbound", "attach", "bridges")
        },
    )


def facts_of(core: Core, settings: OverlaySettings, addresses: Sequence[str]) -> Facts:
    """Returns what a node says of itself.

    Args:
        addresses: where others can dial it, the best first; of too many, the first ones are told.
    """
    interests = tuple(settings.specialisations)
    return Facts(tuple(addresses)[:MAX_ADDRESSES], core.settings.role, tuple(settings.offers()), interests)


def make_parts(
    core: Core,
    settings: OverlaySettings,
    rng: Rng,
    seeds: Sequence[Known] = (),
    addresses: Sequence[str] = (),
    transports: Sequence[str] = (),
) -> Parts:
    """Returns the parts for one node.

    Args:
        seeds: whom the operator named: dialled at the start and whenever the node is alone.
        addresses: where others can dial this node, the best first.
        transports: names of those that it speaks.
    """
    holdings = Holdings()
    facts = facts_of(core, settings, addresses)
    calls = calling.Params(most_ms=8 * SECOND)  # so that the halves of a network find each other soon
    now = core.now()
    return Parts(
        Members(
            core.me, facts, rng.child("members"), now, seeds, members.Params(links=link_bounds(settings), calls=calls)
        ),
        Gossip(core.me, gossip_params.Params(), rng.child("gossip"), lambda id_: digest(id_) in holdings),
        Reconciler(holdings, reconcile_params.Params(), rng.child("reconcile")),
        Routes(
            core.me, rng.child("routes"), routes.Params(say_soon_ms=20 * SECOND), tuple(transports), tuple(SUPPORTED)
        ),
    )
