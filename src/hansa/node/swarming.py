"""A node among nodes that do tasks for each other: says what it can, hears what others can, asks and is asked (S1, S2).

serving       does the tasks of others, once its probes have passed
delegating    asks others for its own
swarm         knows who says that it can what, and who is asked first
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from hansa.conduct.beta import SCALE
from hansa.conduct.trust import trust
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, NoSandbox
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import ALWAYS, MINUTE, SECOND, Instant
from hansa.kernel.jobs import SandboxJob, SandboxLimits
from hansa.node.core import Core
from hansa.node.delegating import Delegating
from hansa.node.hearsay import Room
from hansa.node.serving import Carry, Serving
from hansa.node.task_handlers import Find, Handlers, computed
from hansa.overlay.doing import Doing, Say
from hansa.swarm.capabilities import MAX_CAPABILITIES, Capability, CapabilityBody, Probe, read_capability
from hansa.swarm.messages import CAPABILITY, TASK, TASK_SAID, TASK_STOP
from hansa.swarm.params import Params
from hansa.swarm.placement import Candidate, Placed, Standing, place
from hansa.swarm.tasks import TaskBody, TaskKind

AGAIN_MS = MINUTE
"""After which time what this node can is said again; `SOON_MS`: where only its queue has changed."""

SOON_MS = 5 * SECOND

MOST_HEARD = 4_096
"""Nodes of which it is remembered what they can; the oldest words are forgotten."""

THOUSAND = 1_000

_PROBE = SandboxJob("def probe(a, b):\n    return a * b\n", "probe", ("(6, 7)",), stop_after=0)
_ANSWER = ("42",)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a node said that it can: under which number, and until when that is fresh."""

    number: int
    until: Instant
    body: CapabilityBody


class Swarm:
    """One node's part in it.

    Attributes:
        tools: looks what else there is on this machine: git, a GPU, a language model.
        probes: what was found when it was last looked.
    """

    def __init__(self, core: Core, params: Params, find: Find) -> None:
        """Knows of nobody yet.

        Args:
            find: looks among the skills that are proved here.
        """
        params.validate()
        self._core = core
        self.params = params
        self.serving = Serving(core, params)
        Handlers(core, find).registered(self.serving)
        self.delegating = Delegating(core, params, self.placed, self._compute)
        self.tools: Callable[[], Sequence[Probe]] = tuple
        self.probes: tuple[Probe, ...] = ()
        self._heard: dict[NodeId, _Heard] = {}
        self._latency: Callable[[NodeId], int] = lambda _: 0
        self._said: tuple[CapabilityBody | None, Instant] = None, ALWAYS
        self._up = False
        self._prober: asyncio.Task[None] | None = None

    def rooms(self) -> dict[str, Room]:
        """Returns who is concerned by the words of tasks, by kind."""
        return {
            CAPABILITY: self.heard,
            TASK: self.serving.heard,
            TASK_SAID: self.delegating.heard,
            TASK_STOP: self.serving.stop_heard,
        }

    def start(self, carry: Carry, latency: Callable[[NodeId], int]) -> None:
        """Takes part over the overlay from now on.

        Args:
            carry: sends a signed envelope to one node.
            latency: milliseconds to a node.
        """
        self._up, self._latency = True, latency
        self._said = None, ALWAYS
        self.serving.open(carry)
        self.delegating.open(carry)
        if self.params.serve:
            self._prober = asyncio.get_running_loop().create_task(self._try_out())

    async def stop(self) -> None:
        """Takes part no more, and waits for what is being done."""
        self._up = False
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        await self.delegating.close()
        await self.serving.close()

    # ---- what this node can

    async def _try_out(self) -> None:
        await self.probe()
        self.serving.ready = any(one.proved and one.capability.name == TaskKind.PYTHON for one in self.probes)

    async def probe(self) -> tuple[Probe, ...]:
        """Tries what this node can, and returns what was found: a computation is run, tools are looked for."""
        self.probes = (await self._probe_sandbox(), *self.tools())
        return self.probes

    async def _probe_sandbox(self) -> Probe:
        sandbox = self._core.sandbox
        name = Capability(name=TaskKind.PYTHON.value, version=sandbox.harness if sandbox is not None else "")
        if sandbox is None:
            return Probe(name, False, False, "this node has no sandbox")
        try:
            test = await sandbox.self_test()
            if not test.ok:
                return Probe(name, True, False, f"the sandbox does not hold: {'; '.join(test.failures)[:200]}")
            came = computed(await sandbox.run(_PROBE), 1)
        except HansaError as error:
            return Probe(name, False, False, str(error)[:200])
        if came.values != _ANSWER:
            return Probe(name, True, False, f"6 times 7 came to {came.values or came.error}")
        return Probe(name, True, True, f"computed in {sandbox.name}")

    def capabilities(self) -> tuple[Capability, ...]:
        """Returns what this node says that it can: what it serves, and tools that it saw; nothing unless it serves."""
        if not (self.params.serve and self.serving.ready):
            return ()
        proved = next((one.capability.version for one in self.probes if one.proved), "")
        kinds = [Capability(name=kind.value, version=proved) for kind in self.serving.handlers]
        tools = [one.capability for one in self.probes if one.there and one.capability.name != TaskKind.PYTHON.value]
        return (*kinds, *tools)[:MAX_CAPABILITIES]

    @property
    def due(self) -> Instant:
        """Always where this node serves; else while something is remembered."""
        return ALWAYS if self.params.serve else self.serving.due

    def tick(self, now: Instant) -> Doing:
        """Says what this node can, when that has changed and now and then; stops what is of no use any more."""
        self.serving.tick(now)
        before, at = self._said
        can = self.capabilities()
        if not self._up or (not can and before is None):
            return Doing()
        body = CapabilityBody(capabilities=can, places=self.params.places, queue=self.serving.queue)
        passed = now - at if now >= at else AGAIN_MS
        changed = before is None or before.capabilities != body.capabilities
        if not changed and passed < (SOON_MS if body != before else AGAIN_MS):
            return Doing()
        self._said = (body if can else None), now
        return Doing(says=[Say(CAPABILITY, msgspec.to_builtins(body))])

    # ---- what others can

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in what somebody says that it can; an older word than its last changes nothing.

        Raises:
            Refused: BAD_BODY, also when something is named twice.
        """
        body = read_capability(said.body)
        author, header = said.author, said.header
        last = self._heard.get(author)
        if author == self._core.me or (last is not None and last.number >= header.seq):
            return Doing()
        self._heard.pop(author, None)
        until = Instant(header.created + self._core.settings.admission.window_ms)
        self._heard[author] = _Heard(header.seq, until, body)
        if len(self._heard) > MOST_HEARD:
            del self._heard[next(iter(self._heard))]
        return Doing()

    def others(self) -> dict[NodeId, CapabilityBody]:
        """Returns what others say that they can, as far as it is fresh."""
        now = self._core.now()
        return {node: one.body for node, one in self._heard.items() if now < one.until and one.body.capabilities}

    def standing(self, node: NodeId) -> Standing:
        """Returns what this node knows of another one."""
        guest = self._core.memory.guest(node)
        if guest.banned or guest.barred:
            return Standing.BARRED
        if guest.invited:
            return Standing.INVITED
        return Standing.KNOWN if self._core.accounts.is_known(node, self._core.now()) else Standing.STRANGER

    def placed(self, kind: TaskKind) -> list[Placed]:
        """Returns who can be asked for a kind, each with why, the best first; then who can't."""
        wrong = self.delegating.wrong
        return place([kind.value], [
            Candidate(
                node, tuple(one.name for one in body.capabilities), self.standing(node), body.places, body.queue,
                trust(self._core.accounts.account(node)).total * THOUSAND // SCALE, self._latency(node),
                wrong.get(node, 0),
            )
            for node, body in self.others().items()
        ])  # fmt: skip

    async def _compute(self, body: TaskBody) -> tuple[str, ...]:
        """Computes a task here.

        Raises:
            HansaError: there is no sandbox, or it came to no value.
        """
        data, sandbox, own = body.python, self._core.sandbox, self._core.settings.sandbox
        if sandbox is None or isinstance(data, msgspec.UnsetType):
            raise NoSandbox("there is none")
        limits = SandboxLimits(min(own.wall_ms, body.work_ms), own.memory_bytes)
        job = SandboxJob(data.code, data.entry_point, data.calls, stop_after=0, limits=limits)
        came = computed(await sandbox.run(job), len(data.calls))
        if came.error:
            raise NoSandbox(came.error)
        return came.values
