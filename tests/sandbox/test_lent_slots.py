"""Work for others in the real sandbox: stopped within half a second of its lease's end, with nothing left of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.identity import envelope
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.market.lease import Ask, Lease
from hansa.market.lease_states import State
from hansa.market.model import Window
from hansa.market.slots import MIB, Params
from hansa.node.lent_slots import LentSlots
from hansa.skills.model import PYTHON, Case, Cases, Outcome, Result, Skill, Step
from hansa.skills.work import WORK, WORKED, WorkBody, WorkedBody
from tests.attacks.specimens import key
from tests.node.world import World, real_sandbox, speak

pytestmark = pytest.mark.sandbox
BORROWER = key(7)


def a_skill(body: str) -> Skill:
    return Skill(
        intent="keep a processor busy",
        reasoning_path=(Step(step=1, action="Go round."),),
        result=Result(media_type=PYTHON, text=f"def spin(x):\n    {body}\n", entry_point="spin"),
        checks=(Cases(cases=(Case(args="(2,)", expect="2"),)),),
    )


class Bench:
    """A lender with one lease, and what it says."""

    def __init__(self, folder: Path) -> None:
        found = real_sandbox()
        if isinstance(found, str):
            pytest.skip(found)
        self.sandbox: ProcessSandbox = found
        self.resident = World(folder).settle("lender", sandbox=found)
        core = self.core = self.resident.node.core
        self.book = self.resident.node.market.lender.book
        self.slots: LentSlots = self.resident.node.market.lent
        self.said: list[WorkedBody] = []
        self.slots.open(lambda raw, _: self.said.append(self._read(raw)))
        now = core.now()
        ask = Ask(
            ContentId("1" * 64), ContentId("0" * 64), BORROWER.public.did, Resource.COMPUTATIONAL_POWER, 1000, 0,
            Window(now, Instant(now + 10 * MINUTE)),
        )  # fmt: skip
        self.lease = Lease(ask, 1, State.ACTIVE, now)
        self.book.keep(self.lease)

    def _read(self, raw: bytes) -> WorkedBody:
        message = envelope.verify(envelope.read(raw))
        assert message.header.kind == WORKED
        return msgspec.convert(message.body, WorkedBody)

    def bring(self, skill: Skill, trials: int = 3) -> None:
        work = WorkBody(lease=self.lease.id, fence=1, skill=skill.id, trials=trials, seed=1, text=skill)
        body: Any = msgspec.to_builtins(work)
        said = envelope.verify(speak(BORROWER, WORK, body, recipient=self.core.me))
        self.slots.heard(said, self.core.me, self.core.now())

    async def turns(self, until: Callable[[], bool], seconds: float = 20) -> float:
        """Has the node's turns come as they do, five in a second; returns after how many seconds something is so."""
        loop, began = asyncio.get_running_loop(), time.monotonic()
        while not until() and time.monotonic() < began + seconds:
            turn = loop.create_future()
            loop.call_later(0.2, turn.set_result, None)
            await turn
            self.slots.tick(self.core.now())
        return time.monotonic() - began


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_what_is_brought_runs_in_the_sandbox_and_its_result_holds(bench: Bench) -> None:
    skill = a_skill("return x")
    bench.bring(skill)
    await bench.turns(lambda: bool(bench.said))
    (said,) = bench.said
    assert (said.outcome, said.trials, said.successes, said.sandbox) == (Outcome.PASS, 3, 3, bench.sandbox.name)
    assert len(set(said.digests)) == 1


async def test_what_reaches_for_files_is_told_as_that(bench: Bench) -> None:
    bench.bring(a_skill("open('/etc/passwd').read(); return x"))
    await bench.turns(lambda: bool(bench.said))
    assert (bench.said[0].outcome, bench.said[0].reason) == (Outcome.FAIL, "sandbox_file_access")


ENDS: dict[str, Callable[[Lease, Instant], Lease]] = {
    "given back": lambda lease, now: replace(lease, state=State.METERED, ended=now),
    "used up": lambda lease, now: replace(lease, used=lease.limit),
    "past": lambda lease, now: replace(lease, ask=replace(lease.ask, window=Window(lease.ask.window.begins, now))),
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_job_is_killed_within_half_a_second_of_the_end_of_its_lease(bench: Bench, end: str) -> None:
    bench.bring(a_skill("while True: pass"), trials=100)
    await bench.turns(lambda: False, seconds=1.0)
    assert bench.slots.running == 1
    held = bench.book.get(bench.lease.id)
    assert held is not None
    bench.book.keep(ENDS[end](held, bench.core.now()))
    took = await bench.turns(lambda: bench.slots.running == 0 and not bench.slots._ending)
    assert took <= 0.5
    assert bench.said == []


async def test_a_job_has_the_memory_that_is_lent_and_no_more(bench: Bench) -> None:
    bench.slots._params = Params(memory_mib=128)
    hungry = a_skill(f"data = bytearray({200 * MIB}); return x")
    bench.bring(hungry, trials=1)
    await bench.turns(lambda: bool(bench.said))
    assert bench.said[0].outcome is Outcome.FAIL
    memory = replace(
        bench.lease, fence=2,
        ask=replace(bench.lease.ask, id=ContentId("2" * 64), resource=Resource.MEMORY_CAPACITY, amount=256),
    )  # fmt: skip
    bench.book.keep(memory)
    bench.bring(hungry, trials=2)
    await bench.turns(lambda: len(bench.said) == 2)
    assert bench.said[1].outcome is Outcome.PASS
    assert bench.core.settings.sandbox.memory_bytes >= bench.said[1].memory_bytes == 384 * MIB
