"""The composition root: the one place where real keys, stores, sandboxes and clients are made and joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hansa.adapters.caller import HttpCaller
from hansa.adapters.clock import SystemClock
from hansa.adapters.guard import Guard
from hansa.adapters.index.kept import KeptIndex
from hansa.adapters.llm.chain import Chain
from hansa.adapters.llm.solver import LlmSolver
from hansa.adapters.lock import NO_CLAIM, Claim, DataDirLock
from hansa.adapters.probes import tools
from hansa.adapters.sandbox import bases
from hansa.adapters.sandbox.choose import choose
from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import TIERS
from hansa.adapters.solver import CommandSolver, FirstOf
from hansa.adapters.tracing import recorder
from hansa.entrypoints.audit.book import Book
from hansa.entrypoints.config import Config
from hansa.entrypoints.home import INDEX, READER_TOKEN, admin_token
from hansa.entrypoints.identities import load_keys, read_roots, write_roots
from hansa.entrypoints.models import models
from hansa.entrypoints.pulse import Pulse
from hansa.entrypoints.replica import Replica, joined
from hansa.entrypoints.rules import constitution
from hansa.entrypoints.stores import open_store
from hansa.kernel.errors import Busy, NoSandbox, Refused, UsageError
from hansa.kernel.jobs import SandboxJob, SandboxReport, SelfTest
from hansa.kernel.resources import Resource
from hansa.node.core import PROVED_IN, Core
from hansa.node.network import Network
from hansa.node.node import Node
from hansa.node.ports import Solver, Store
from hansa.node.recovery import outlook


class TestedSandbox:
    """A sandbox that is chosen, and tests itself, before the first thing is run in it."""

    def __init__(self, tier: str = "", keep: int = 0, proved_in: str = "") -> None:
        """Keeps the wish.

        Args:
            tier: use this one only; empty: the strongest that works.
            keep: how many workers may wait for the next job.
            proved_in: the layers that the node's last proof ran in, maybe in another process; "" for none.

        Raises:
            UsageError: there is no such tier.
        """
        known = {one.name: one for one in TIERS}
        if tier and tier not in known:
            raise UsageError(f"setting sandbox_tier: {tier} is none of {', '.join(known)}")
        self._tiers = (known[tier],) if tier else TIERS
        self._keep = keep
        self._proved_in = proved_in
        self._chosen: ProcessSandbox | None = None
        self._choosing = asyncio.Lock()
        self._harness = ProcessSandbox(self._tiers[0]).harness

    @property
    def name(self) -> str:
        """The layers in force; says so when none was chosen yet, for each process tests anew."""
        if self._chosen:
            return self._chosen.name
        last = self._proved_in
        return f"{last} at the last proof, tested anew before the next" if last else "not tested yet"

    @property
    def harness(self) -> str:
        """What runs the code."""
        return self._harness

    async def run(self, job: SandboxJob) -> SandboxReport:
        """Runs a job.

        Raises:
            NoSandbox: none passes its self-test, with what to do about it; nothing was run.
        """
        sandbox = await self._ready()
        try:
            return await sandbox.run(job)
        except SandboxUnavailable as error:
            raise NoSandbox(f"{error} {error.advice}") from None

    async def self_test(self) -> SelfTest:
        """Tries to break out in all the ways it knows.

        Raises:
            NoSandbox: none passes.
        """
        return await (await self._ready()).self_test()

    async def close(self) -> None:
        """Ends the workers that wait for a job."""
        if self._chosen is not None:
            await self._chosen.close()

    async def _ready(self) -> ProcessSandbox:
        async with self._choosing:
            if self._chosen is None:
                try:
                    self._chosen = await choose(self._tiers, self._keep)
                except SandboxUnavailable as error:
                    raise NoSandbox(f"{error} {error.advice}") from None
            return self._chosen


@dataclass(slots=True)
class App:
    """An opened data directory with its node.

    Attributes:
        token: lets its holder order; read_token lets its holder watch.
        since: when it was opened (milliseconds UTC).
        url: where its door answers; "" while it has none.
        network: its place in the overlay, while it has one.
        named: addresses that the operator had it link to since the start, beside those in settings and store.
        pulse: how the process is, measured while its door is open.
        replica: its place among several processes of this node; None where it is the only one.
        audit: where orders are written down before they are carried out; None in worlds that have no directory.
    """

    home: Path
    config: Config
    node: Node
    lock: DataDirLock
    token: str
    models: Chain | None = None
    read_token: str = ""
    since: int = 0
    url: str = ""
    network: Network | None = None
    named: dict[str, None] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)
    replica: Replica | None = None
    audit: Book | None = None

    def restored(self) -> dict[str, int | bool] | None:
        """Returns what a restored node waits for before it signs again; None where it waits for nothing."""
        return outlook(self.node.core, self.network.words.recollecting.answered if self.network else ())


@asynccontextmanager
async def opened(
    home: Path, config: Config, claim: Claim = NO_CLAIM, wait: float = 0.0, recovering: bool = False
) -> AsyncIterator[App]:
    """Opens a node for as long as the block runs: lock, key, store, index.

    Args:
        claim: what the directory is held for, told to whoever finds it held.
        wait: seconds to wait for another command that holds it.
        recovering: open it without a signing key, too: what is done then is to make one.

    Raises:
        UsageError: no identity yet, a signing key that is lost or no longer in force, or a bad rule. Busy: another
            process has the directory. Unavailable, Fault: see the store.
    """
    me = load_keys(home).node_id  # says what is wrong before anything is made
    settings = replace(config.settings(), constitution=constitution(home))
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        since = int(clock.now())
        lock = DataDirLock(home, replace(claim, since=since))
        lock.acquire(wait)
        stack.callback(lock.release)
        audit = Book(home, lambda: int(clock.now()))
        spans = recorder()
        stack.callback(spans.close)
        caller = HttpCaller(Guard(config.outbound))
        stack.push_async_callback(caller.close)
        store = await open_store(home, config.store, me, config.replica)
        stack.callback(store.close)
        sandbox = None if config.role == "hub" else _sandbox(config, store)
        if sandbox is not None:
            stack.push_async_callback(sandbox.close)
        keys, index = load_keys(home), KeptIndex(home / INDEX)
        core = Core(settings, keys, store, clock, index, sandbox, caller, spans)
        replica = await stack.enter_async_context(joined(core, config.store.url)) if config.replica else None
        chain = await stack.enter_async_context(models(home, config, clock))
        capacities = {Resource(name): many for name, many in config.overlay.offers().items()}
        node = Node(core, _solver(config, chain), config.market(), capacities, config.swarm)
        node.swarm.tools = lambda: tools(len(config.llm))
        await _settle_keys(home, node, config.replica)
        if not recovering:
            _check_signing(home, node)
        node.start()
        stack.callback(index.keep)
        tokens = admin_token(home), admin_token(home, READER_TOKEN)
        yield App(home, config, node, lock, tokens[0], chain, tokens[1], since, replica=replica, audit=audit)


async def _settle_keys(home: Path, node: Node, shared: bool) -> None:
    """Brings directory and store to one state: each may have versions of the root metadata that the other lacks.

    Args:
        shared: another process of the node may do the same at the same moment.
    """
    known = read_roots(home)
    try:
        await node.keyholder.settle(known)
    except (Refused, Busy):
        if not shared:
            raise
        node.core.ring.forget(node.core.me)
        await node.keyholder.settle(known)
    save_roots(home, node)


def save_roots(home: Path, node: Node) -> None:
    """Writes the node's root metadata beside the store, where it is not there yet."""
    held = [record.envelope for record in node.core.ring.records(node.core.me)]
    if held != read_roots(home):
        write_roots(home, held)


def _check_signing(home: Path, node: Node) -> None:
    """Raises UsageError when what lies in the directory as the signing key is none, or is none any more."""
    root = node.keyholder.root
    if root is not None and node.core.keys.key.public not in root.signing.keys:
        raise UsageError(
            f"the key in {home} does not sign for this node any more (version {root.version} names another):"
            " put the newer key file there, or run hansa key recover --root-key FILE"
        )


def _sandbox(config: Config, store: Store) -> TestedSandbox:
    bases.clear_away()  # of nodes that were killed
    return TestedSandbox(config.sandbox_tier, config.workers, store.mark(PROVED_IN))


def _solver(config: Config, chain: Chain | None) -> Solver | None:
    """Returns what is asked when no skill fits: the command first, which costs nothing, then the models."""
    solvers: list[Solver] = [CommandSolver(config.solver, config.solver_seconds)] if config.solver else []
    if chain is not None:
        solvers.append(LlmSolver(chain))
    return FirstOf(solvers) if solvers else None
