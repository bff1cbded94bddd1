"""The composition root: the one place where real keys, stores, sandboxes and clients are made and joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hansa.adapters.caller import HttpCaller
from hansa.adapters.clock import SystemClock
from hansa.adapters.guard import Guard
from hansa.adapters.index.hashed import HashedIndex
from hansa.adapters.keys import FileKeys
from hansa.adapters.llm.chain import Chain
from hansa.adapters.llm.solver import LlmSolver
from hansa.adapters.lock import DataDirLock
from hansa.adapters.sandbox.choose import choose
from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import TIERS
from hansa.adapters.solver import CommandSolver, FirstOf
from hansa.adapters.store.sqlite import SqliteStore
from hansa.entrypoints.config import Config
from hansa.entrypoints.home import KEY, STORE, admin_token
from hansa.entrypoints.models import models
from hansa.kernel.errors import NoSandbox, UsageError
from hansa.kernel.jobs import SandboxJob, SandboxReport, SelfTest
from hansa.node.core import Core
from hansa.node.node import Node
from hansa.node.ports import Solver


class TestedSandbox:
    """A sandbox that is chosen, and tests itself, before the first thing is run in it."""

    def __init__(self, tier: str = "") -> None:
        """Keeps the wish.

        Args:
            tier: use this one only; empty: the strongest that works.

        Raises:
            UsageError: there is no such tier.
        """
        known = {one.name: one for one in TIERS}
        if tier and tier not in known:
            raise UsageError(f"setting sandbox_tier: {tier} is none of {', '.join(known)}")
        self._tiers = (known[tier],) if tier else TIERS
        self._chosen: ProcessSandbox | None = None
        self._choosing = asyncio.Lock()
        self._harness = ProcessSandbox(self._tiers[0]).harness

    @property
    def name(self) -> str:
        """The layers in force; says so when none was chosen yet."""
        return self._chosen.name if self._chosen else "not tested yet"

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

    async def _ready(self) -> ProcessSandbox:
        async with self._choosing:
            if self._chosen is None:
                try:
                    self._chosen = await choose(self._tiers)
                except SandboxUnavailable as error:
                    raise NoSandbox(f"{error} {error.advice}") from None
            return self._chosen


@dataclass(slots=True)
class App:
    """An opened data directory with its node."""

    home: Path
    config: Config
    node: Node
    lock: DataDirLock
    token: str
    models: Chain | None = None


@asynccontextmanager
async def opened(home: Path, config: Config) -> AsyncIterator[App]:
    """Opens a node for as long as the block runs: lock, key, store, index.

    Raises:
        UsageError: no identity yet. Busy: another process has the directory. Unavailable, Fault: see the store.
    """
    keys = FileKeys.load(home / KEY)
    lock = DataDirLock(home)
    lock.acquire()
    caller = HttpCaller(Guard(config.outbound))
    try:
        store = SqliteStore.open(home / STORE)
        try:
            sandbox = None if config.role == "hub" else TestedSandbox(config.sandbox_tier)
            clock = SystemClock()
            core = Core(config.settings(), keys, store, clock, HashedIndex(), sandbox, caller)
            async with models(home, config, clock) as chain:
                node = Node(core, _solver(config, chain))
                node.start()
                yield App(home, config, node, lock, admin_token(home), chain)
        finally:
            store.close()
    finally:
        await caller.close()
        lock.release()


def _solver(config: Config, chain: Chain | None) -> Solver | None:
    """Returns what is asked when no skill fits: the command first, which costs nothing, then the models."""
    solvers: list[Solver] = [CommandSolver(config.solver, config.solver_seconds)] if config.solver else []
    if chain is not None:
        solvers.append(LlmSolver(chain))
    return FirstOf(solvers) if solvers else None
