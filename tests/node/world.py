"""A league in one process: hubs and nodes with their real doors, joined by calls that never leave the process.

    world = World(tmp_path, "sqlite")
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    await a.add(DOUBLE)

What runs code here is `Table`, a sandbox that runs nothing and reports what the test has written down about a skill, or
the machine's real one. Time stands still until a test moves it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI

from hansa.adapters.clock import ManualClock
from hansa.adapters.index.sparse import SparseIndex
from hansa.adapters.keys import MemoryKeys
from hansa.adapters.lock import DataDirLock
from hansa.adapters.sandbox.choose import choose
from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.store.memory import MemoryStore
from hansa.adapters.store.sqlite import SqliteStore
from hansa.entrypoints import operations
from hansa.entrypoints.app import App
from hansa.entrypoints.config import Config
from hansa.entrypoints.http.door import make_door
from hansa.entrypoints.http.heads import server_config
from hansa.entrypoints.http.server import listen
from hansa.entrypoints.steps import Result as Done
from hansa.identity import envelope
from hansa.identity.envelope import Header, Signed
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Unavailable
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.jobs import (
    Attempt,
    SandboxJob,
    SandboxReport,
    SelfTest,
    StepReport,
    StepStatus,
    TrialEnd,
    TrialReport,
)
from hansa.node.core import Core
from hansa.node.delivering import Delivery
from hansa.node.node import Node
from hansa.node.ports import Answer, Sandbox, Solver, Store
from hansa.node.prover import Proof
from hansa.node.publishing import Publication
from hansa.node.rows import PeerRow, PutPeer, SkillRow, SubscriptionRow
from hansa.node.taking import Pulled
from hansa.skills.importing.draft import Draft
from hansa.skills.messages import SKILL, skill_body
from hansa.skills.model import MILLION, PYTHON, Case, Cases, Claim, Origin, Result, Skill, Step

START = 1_760_000_000_000
NETWORK = "hansa-test"
HARNESS = "table-1"


# ---- skills


def make_skill(name: str, code: str, cases: dict[str, str], intent: str = "", **fields: Any) -> Skill:
    """Returns a skill whose checks are data cases: arguments to expected value, both as Python literals."""
    checks = (Cases(cases=tuple(Case(args=args, expect=expect) for args, expect in cases.items())),) if cases else ()
    given: dict[str, Any] = {
        "intent": intent or name.replace("_", " "),
        "reasoning_path": (Step(step=1, action="Write it down."),),
        "result": Result(media_type=PYTHON, text=code, entry_point=name),
        "checks": checks,
        "license": "MIT",
        "tags": ("specimen",),
    }
    return Skill(**given | fields)


def multiplier(factor: int, **fields: Any) -> Skill:
    """Returns one of many good skills that differ by a number."""
    name = f"times_{factor}"
    code = f"def {name}(x):\n    return {factor} * x\n"
    return make_skill(name, code, {"(2,)": str(2 * factor), "(0,)": "0"}, f"multiply a number by {factor}", **fields)


DOUBLE = multiplier(2, tags=("arithmetic",))
SLUG = make_skill(
    "slugify",
    "def slugify(title):\n    return '-'.join(title.lower().split())\n",
    {"('Hello World',)": "'hello-world'", "('A',)": "'a'"},
    "turn a title into a slug",
    tags=("text",),
)
LIE = make_skill(
    "round_price",
    "def round_price(value):\n    return int(value * 100) / 100\n",
    {"(2.675,)": "2.68", "(0.125,)": "0.12"},
    "round a price to whole cents",
)
"""Its checks fail; whoever claims that they pass lies."""


def true_claim(**fields: Any) -> Claim:
    """Returns the claim that everything passed, under the harness of `Table`."""
    given: dict[str, Any] = {"confidence": 901_000, "verification_score": MILLION, "trials": 35, "harness": HARNESS}
    return Claim(**given | fields)


# ---- sandboxes


@dataclass(frozen=True)
class Behaviour:
    """What some code would do: the value of each call by its arguments, which scripts pass, what it tries."""

    values: dict[str, str]
    scripts: frozenset[str] = frozenset()
    attempts: tuple[Attempt, ...] = ()
    end: TrialEnd = TrialEnd.COMPLETED


def as_checked(skill: Skill) -> Behaviour:
    """Returns the behaviour of a skill that does what its checks ask for."""
    return Behaviour({case.args: case.expect for case in skill.cases}, frozenset(skill.scripts))


class Table:
    """Implements `node.ports.Sandbox` by looking up what the test has written down; runs nothing.

    Attributes:
        jobs: every job that was asked for.
        closed: while set to an event that is not set, jobs wait for it.
    """

    def __init__(self, harness: str = HARNESS) -> None:
        self.name = "table"
        self.harness = harness
        self.jobs: list[SandboxJob] = []
        self.closed: asyncio.Event | None = None
        self._known: dict[str, Behaviour] = {}

    def teach(self, skill: Skill, behaviour: Behaviour | None = None) -> None:
        """Writes down what a skill's code does; by default what its checks ask for."""
        self._known[skill.result.text] = behaviour or as_checked(skill)

    async def run(self, job: SandboxJob) -> SandboxReport:
        """Reports on a job."""
        self.jobs.append(job)
        if self.closed is not None:
            await self.closed.wait()
        known = self._known.get(job.code)
        trials: list[TrialReport] = []
        for _ in range(job.trials):
            trial = self._trial(job, known)
            trials.append(trial)
            failed = [any(step.status is not StepStatus.OK for step in one.steps) for one in trials]
            if job.stop_after and failed[-job.stop_after :] == [True] * job.stop_after:
                break
        control = None
        if job.control is not None:
            steps = [StepReport("script", n, StepStatus.FAILED) for n in range(len(job.scripts))]
            control = TrialReport(TrialEnd.COMPLETED, (StepReport("load", 0, StepStatus.OK), *steps))
        return SandboxReport(self.name, self.harness, tuple(trials), control)

    async def self_test(self) -> SelfTest:
        """Holds: there is nothing to break out of."""
        return SelfTest(True, (self.name,))

    def _trial(self, job: SandboxJob, known: Behaviour | None) -> TrialReport:
        if known is None:
            return TrialReport(TrialEnd.COMPLETED, (StepReport("load", 0, StepStatus.RAISED, error="SyntaxError"),))
        steps = [StepReport("load", 0, StepStatus.OK)]
        for number, args in enumerate(job.calls):
            value = known.values.get(args)
            status = StepStatus.RAISED if value is None else StepStatus.OK
            steps.append(StepReport("call", number, status, value, None if value else "KeyError"))
        for number, script in enumerate(job.scripts):
            steps.append(StepReport("script", number, StepStatus.OK if script in known.scripts else StepStatus.FAILED))
        digest = hashlib.sha256(repr(steps).encode()).hexdigest()
        return TrialReport(known.end, tuple(steps), known.attempts, 1_000, digest)


@cache
def real_sandbox() -> ProcessSandbox | str:
    """Returns this machine's strongest sandbox, or why it has none; tested once per session."""
    try:
        return asyncio.run(choose())
    except SandboxUnavailable as error:
        return str(error)


# ---- the net


class Net:
    """Answers calls by address, as long as the address is plugged in.

    Attributes:
        down: addresses that do not answer.
        deaf_after: addresses whose door acts on a call but whose answer is lost.
        twists: what an address makes of its honest answers: f(method, path, answer).
        calls: (method, url, path) of every call made.
    """

    def __init__(self) -> None:
        self.doors: dict[str, FastAPI] = {}
        self.down: set[str] = set()
        self.deaf_after: set[str] = set()
        self.twists: dict[str, Callable[[str, str, Answer], Answer]] = {}
        self.calls: list[tuple[str, str, str]] = []

    async def call(self, method: str, url: str, path: str, body: bytes | None) -> Answer:
        """Calls a door."""
        self.calls.append((method, url, path))
        door = self.doors.get(url)
        if door is None or url in self.down:
            raise Unavailable(f"no node answers at {url}: is it up, and is the port right?")
        async with client(door, url) as http:
            answered = await http.request(method, path, content=body)
        if url in self.deaf_after:
            raise Unavailable(f"{url} broke off")
        answer = Answer(answered.status_code, answered.content)
        twist = self.twists.get(url)
        return twist(method, path, answer) if twist else answer


class LoopbackCaller:
    """Implements `node.ports.Caller` on a `Net`."""

    def __init__(self, net: Net) -> None:
        self._net = net

    async def get(self, url: str, path: str, wait: float = 0.0) -> Answer:
        return await self._net.call("GET", url, path, None)

    async def post(self, url: str, path: str, body: bytes) -> Answer:
        return await self._net.call("POST", url, path, body)

    async def put(self, url: str, path: str, body: bytes) -> Answer:
        return await self._net.call("PUT", url, path, body)


def client(door: FastAPI, url: str = "http://127.0.0.1") -> httpx2.AsyncClient:
    """Returns a client that speaks to a door in this process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(door), base_url=url)


# ---- residents


@dataclass
class Resident:
    """A node of the world, opened, with the handles a test needs."""

    name: str
    url: str
    app: App
    door: FastAPI
    keys: MemoryKeys
    clock: ManualClock
    store: Store
    sandbox: Sandbox | None
    settings: dict[str, Any] = field(default_factory=dict)
    solver: Solver | None = None

    @property
    def node(self) -> Node:
        return self.app.node

    @property
    def id(self) -> NodeId:
        return self.keys.node_id

    @property
    def key(self) -> SigningKey:
        return self.keys.key

    def http(self) -> httpx2.AsyncClient:
        """Returns a client of this node's door."""
        return client(self.door, self.url)

    async def ask(self, name: str, **arguments: Any) -> Done:
        """Runs an operation, as a command does, and returns its result."""
        last = None
        async for step in operations.run(self.app, name, arguments):
            if isinstance(step, Done):
                last = step
        assert last is not None
        return last

    async def add(self, skill: Skill, claimed: bool | None = None) -> ContentId:
        """Adds a skill of this node's own."""
        id_, _ = await self.node.shelf.add(Draft(skill, Claim(), "test", claimed_pass=claimed))
        return id_

    def row(self, skill: Skill | str) -> SkillRow:
        """Returns a skill's row; the test fails when it is not held."""
        row = self.store.skill(ContentId(skill if isinstance(skill, str) else skill.id))
        assert row is not None
        return row

    def holds(self, skill: Skill) -> bool:
        return self.store.skill(skill.id) is not None

    async def prove(self, skill: Skill | str) -> Proof:
        return await self.node.prover.prove(self.row(skill))

    async def publish(self, skill: Skill, *to: Resident) -> Publication:
        """Adds, proves and publishes a skill, and brings it to its addresses."""
        if not self.holds(skill):
            await self.add(skill)
        await self.prove(skill)
        publication = await self.node.publisher.publish(self.row(skill), tuple(one.url for one in to))
        assert not publication.shut, publication.shut
        await self.deliver()
        return publication

    async def deliver(self) -> list[Delivery]:
        return [one async for one in self.node.publisher.deliver()]

    async def subscribe(self, source: Resident, **filters: Any) -> SubscriptionRow:
        return await self.node.subscriber.subscribe(SubscriptionRow(source.url, NodeId(""), **filters))

    async def pull(self, source: Resident) -> list[Pulled]:
        return [one async for one in self.node.subscriber.pull(source.url)]

    async def prove_waiting(self) -> list[Proof]:
        return [one async for one in self.node.prove_waiting(Origin.PEER)]

    async def sync(self, source: Resident) -> list[Pulled]:
        """Pulls, proves what came, and reports."""
        pulled = await self.pull(source)
        await self.prove_waiting()
        await self.deliver()
        return pulled

    def say(self, kind: str, body: Any, recipient: str = EVERYONE, **header: Any) -> Signed:
        """Returns a message signed by this node, with whatever header fields a test wants."""
        return speak(self.key, kind, body, recipient=recipient, **{"created": self.clock.now(), **header})

    def refusals(self) -> dict[str, int]:
        """Returns how many messages were refused, by reason code."""
        return {reason.code: count for reason, count in self.node.core.counters.refused.items()}


_SEQ = [START + 10**9]  # far from the numbers that nodes give by their clocks


def speak(key: SigningKey, kind: str, body: Any, **header: Any) -> Signed:
    """Returns a message by a key: by default a fresh one to everyone, under a sequence number never used before."""
    _SEQ[0] += 1
    fields: dict[str, Any] = {
        "version": "1.0",
        "network": NETWORK,
        "kind": kind,
        "author": key.public.did,
        "recipient": EVERYONE,
        "seq": _SEQ[0],
        "created": START,
        "expires": 0,
    }
    return envelope.seal(Header(**fields | header), body, [key])


def skill_message(key: SigningKey, skill: Skill, claim: Claim | None = None, **header: Any) -> Signed:
    """Returns the message in which a key's owner passes a skill on."""
    return speak(key, SKILL, skill_body(skill, claim or true_claim()), **header)


class World:
    """Makes residents, and opens them again after a restart.

    Attributes:
        kind: "memory" or "sqlite".
        table: what all residents' sandboxes know, unless a resident is given another.
        disk: while it is cleared, nothing is written to any SQLite store.
        free_bytes: what is free on the disk under every SQLite store.
    """

    def __init__(self, folder: Path, kind: str = "memory") -> None:
        self.folder = folder
        self.kind = kind
        self.net = Net()
        self.table = Table()
        self.clock = ManualClock(START)
        self.residents: list[Resident] = []
        self.disk = threading.Event()
        self.disk.set()
        self.free_bytes = 1 << 40

    def settle(
        self,
        name: str,
        role: str = "node",
        *,
        sandbox: Sandbox | None = None,
        solver: Solver | None = None,
        config: dict[str, Any] | None = None,
    ) -> Resident:
        """Makes a node with an identity of its own, and plugs it in at http://NAME."""
        keys = MemoryKeys(hashlib.sha256(name.encode()).digest())
        home = self.folder / name
        home.mkdir()
        store = self._open(home)
        used = None if role == "hub" else sandbox or self.table
        settings = {
            "name": name,
            "role": role,
            "network": NETWORK,
            "workers": 2,
            "hosts": (name,),
            "overlay": {"on": False},
            **(config or {}),
        }
        return self._join(Resident(name, f"http://{name}", None, None, keys, self.clock, store, used, settings, solver))  # type: ignore[arg-type]

    def restart(self, resident: Resident) -> Resident:
        """Ends a node and opens it again on what it had stored; a memory store lives on."""
        if self.kind == "sqlite":
            resident.store.close()
            resident.store = self._open(self.folder / resident.name)
        return self._join(resident)

    def invite(self, host: Resident, *guests: Resident) -> None:
        """Lets guests push to a host."""
        for guest in guests:
            _apply(host, PutPeer(PeerRow(guest.id, invited=True, per_minute=100_000)))

    def close(self) -> None:
        for one in self.residents:
            one.store.close()

    def _join(self, resident: Resident) -> Resident:
        config = Config(**resident.settings)
        core = Core(
            config.settings(),
            resident.keys,
            resident.store,
            resident.clock,
            SparseIndex(),
            resident.sandbox,
            LoopbackCaller(self.net),
        )
        node = Node(core, resident.solver)
        node.start()
        home = self.folder / resident.name
        resident.app = App(home, config, node, DataDirLock(home), "the-token")
        resident.door = make_door(resident.app)
        self.net.doors[resident.url] = resident.door
        if resident not in self.residents:
            self.residents.append(resident)
        return resident

    def _open(self, home: Path) -> Store:
        if self.kind == "memory":
            return MemoryStore()
        path = home / "hansa.db"
        if not path.exists():
            shutil.copy(_empty_store(), path)  # migrating anew for each test would take longer than the tests
        return SqliteStore.open(path, min_free_bytes=1, free=self._free)

    def _free(self, _: Path) -> int:
        self.disk.wait(10)
        return self.free_bytes


def _apply(resident: Resident, *changes: Any) -> None:
    """Makes changes from outside of any loop, or from within one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(resident.store.apply(changes))
        return
    if isinstance(resident.store, MemoryStore):
        coroutine = resident.store.apply(changes)
        try:
            coroutine.send(None)
        except StopIteration:
            return
    thread = threading.Thread(target=lambda: asyncio.run(resident.store.apply(changes)))
    thread.start()
    thread.join()


@cache
def _empty_store() -> Path:
    path = Path(tempfile.mkdtemp(prefix="hansa-empty-")) / "hansa.db"
    SqliteStore.open(path, min_free_bytes=0).close()
    return path


async def meanwhile(world: World, *work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Runs all of `work` at once on a disk that stands still until each has decided and waits to be written down."""
    world.disk.clear()
    tasks = [asyncio.ensure_future(one) for one in work]
    for _ in range(50):
        await asyncio.sleep(0)
    world.disk.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def listening(door: Any, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serves a door on a free port of this machine, and gives its address."""
    sock = listen(host, 0)
    server = uvicorn.Server(server_config(door))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield f"http://{host}:{sock.getsockname()[1]}"
    finally:
        door.state.stopping.set()
        server.should_exit = True
        await task


def intents(rows: Sequence[Any]) -> list[str]:
    """Returns the intents of rows or findings, in order."""
    return [getattr(one, "row", one).intent for one in rows]
