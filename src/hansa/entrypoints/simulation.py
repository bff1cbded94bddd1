"""What simulated nodes are made of: the node itself on simulated ports. The composition root of `hansa sim`."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from hansa.adapters.keys import MemoryKeys
from hansa.adapters.store.simulated import SimulatedStore
from hansa.admission import service as admission
from hansa.admission.service import Via
from hansa.identity.envelope import Signed
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Unavailable
from hansa.kernel.ids import ContentId, content_id
from hansa.node.core import Core, Settings
from hansa.node.gathering import Taken
from hansa.node.network import Network
from hansa.node.node import Node
from hansa.node.overlay_parts import make_parts
from hansa.node.overlay_settings import OverlaySettings
from hansa.node.ports import Answer, Similar
from hansa.node.travelling import ORDER
from hansa.overlay.first_calls import Known
from hansa.sim.scenario import Report, play
from hansa.sim.world import Inhabitant, Place
from hansa.skills.model import Skill

NETWORK = "hansa-sim"


class NoIndex:
    """Implements `node.ports.Index` and finds nothing: no run asks."""

    def __init__(self) -> None:
        """Holds nothing yet."""
        self._held: dict[ContentId, None] = {}

    def held(self) -> Sequence[ContentId]:
        """Returns the skills that are in."""
        return list(self._held)

    def add(self, skill: ContentId, text: str) -> None:
        """Puts a skill in."""
        self._held[skill] = None

    def drop(self, skill: ContentId) -> None:
        """Takes a skill out."""
        self._held.pop(skill, None)

    def nearest(self, text: str, limit: int) -> list[Similar]:
        """Returns nothing."""
        return []

    def similarities(self, text: str, skills: Sequence[ContentId]) -> list[float]:
        """Says that all are the same."""
        return [1.0 for _ in skills]

    def similarity(self, text: str, other: str) -> float:
        """Says that all are the same."""
        return 1.0


class NoCaller:
    """Implements `node.ports.Caller`: no doors answer in a simulated world, word travels over the overlay."""

    async def get(self, url: str, path: str, wait: float = 0.0) -> Answer:
        """Raises Unavailable."""
        raise Unavailable(f"no door answers at {url} in a simulated world")

    async def post(self, url: str, path: str, body: bytes) -> Answer:
        """Raises Unavailable."""
        raise Unavailable(f"no door answers at {url} in a simulated world")

    async def put(self, url: str, path: str, body: bytes) -> Answer:
        """Raises Unavailable."""
        raise Unavailable(f"no door answers at {url} in a simulated world")


class Linked:
    """Implements `sim.world.Inhabitant`: a node with the overlay that real nodes have."""

    def __init__(self, node: Node, place: Place) -> None:
        """Joins a node with its place."""
        self.node = node
        seeds = [Known(whom, (url,)) for whom, url in place.contacts]
        parts = make_parts(node.core, OverlaySettings(), place.rng, seeds, (place.url,), ("sim",))
        self.network = Network(
            node.core, node.inbox, place.transport, parts, OverlaySettings(), place.rng.child("network")
        )

    async def start(self) -> None:
        """Listens, and looks for neighbours from then on."""
        await self.network.start()

    async def publish(self, signed: Signed) -> Taken:
        """Keeps what this node says; the network is told by the store."""
        return await self.node.inbox.receive(signed.raw, Via.LOCAL)


class Workshop:
    """Implements `sim.world.Workshop` with real nodes."""

    def keys(self, seed: int, number: int) -> MemoryKeys:
        """Returns the keys of a node, which follow from the run's seed."""
        return _keys(seed, number)

    def contents(self, number: int) -> SimulatedStore:
        """Returns an empty store."""
        return SimulatedStore()

    def shared(self, kind: str) -> bool:
        """Says whether records of a kind are to be at every node in the end."""
        return kind in ORDER

    def settings(self, place: Place) -> Settings:
        """Returns a node's settings: all take what all say."""
        return Settings(
            name=f"node {place.number}",
            network=NETWORK,
            findings="all",
            admission=admission.Params(open_to_all=True, records_per_minute=100_000),
        )

    def core(self, place: Place) -> Core:
        """Makes what the parts of a node share."""
        return Core(self.settings(place), place.keys, place.store, place.clock, NoIndex(), None, NoCaller())

    def open(self, place: Place) -> Inhabitant:
        """Makes a node with its overlay."""
        return Linked(Node(self.core(place)), place)


@lru_cache(maxsize=1_000)
def _keys(seed: int, number: int) -> MemoryKeys:
    return MemoryKeys(hashlib.sha256(b"simulated key %d %d" % (seed, number)).digest())


@contextmanager
def remembering() -> Iterator[None]:
    """Has each signature be checked, and the id of each skill be worked out, once in a process for all of its nodes.

    Both follow from their arguments alone, so that nothing is decided otherwise. What is garbage is not looked for
    meanwhile: when that happens depends on what else the process has done.
    """
    fits, id_ = PublicKey.fits, Skill.id
    setattr(PublicKey, "fits", lru_cache(maxsize=100_000)(fits))  # noqa: B010 - methods, which mypy guards
    setattr(Skill, "id", property(lru_cache(maxsize=10_000)(_id_of)))  # noqa: B010
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        setattr(PublicKey, "fits", fits)  # noqa: B010
        setattr(Skill, "id", id_)  # noqa: B010
        if collecting:
            gc.enable()


def _id_of(skill: Skill) -> ContentId:
    return content_id(skill.to_bytes())


def simulate(name: str, seed: int, nodes: int, seconds: float | None = None) -> Report:
    """Runs a scenario with real nodes; see `sim.scenario.play`."""
    with remembering():
        return play(name, seed, nodes, Workshop(), seconds)
