"""A whole node, with 10,000 skills of others that are proved here: starting, finding, resting.

Each is held against a bound, not a reference, so a busy machine shows; CPU time stands beside, with no target. Measured
are the seconds until `hansa up` answers, the memory two seconds later, and a `find` in process. With
HANSA_BENCH_LARGE=1 there are 100,000 skills, which takes minutes to prepare.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.intents import intents, questions
from benchmarks.measure import Row, at_most, row
from benchmarks.samples import KEYS
from hansa.adapters.keys import FileKeys
from hansa.adapters.store.sqlite import SqliteStore
from hansa.entrypoints.app import opened
from hansa.entrypoints.config import load
from hansa.entrypoints.home import KEY, STORE
from hansa.entrypoints.identities import create_identity
from hansa.identity import envelope
from hansa.identity.envelope import Header, Signed
from hansa.kernel.ids import EVERYONE, content_id
from hansa.kernel.instant import Instant
from hansa.node.rows import Change, PutEvidence, PutRecord, PutSkill, SetSkillState
from hansa.node.shelf import record_row, skill_row
from hansa.skills.messages import skill_body
from hansa.skills.model import PYTHON, Claim, Evidence, Origin, Outcome, Result, Skill, SkillState, Step

SKILLS = 100_000 if os.environ.get("HANSA_BENCH_LARGE") else 10_000
ASKED = 300
STARTS = 3
_BATCH = 500


def rows() -> Iterable[Row]:
    """An empty node, then one with many skills."""
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder) / "empty", Path(folder) / "full"
        for home in (empty, full):
            create_identity(home)
        texts = intents(SKILLS)
        asyncio.run(_fill(full, texts))
        asyncio.run(ask(full, questions(texts, 20)))  # the first start makes the index
        starts, works, sizes = zip(*[start(empty) for _ in range(STARTS)], strict=True)
        yield row("start an empty node and rest 2 s (CPU)", [(one, 1.5) for one in works], "1.5 s")
        yield row("start an empty node", [(one, 1.5) for one in starts], "1.5 s", at_most(1))
        yield row("memory of an empty node at rest, MB", [(one, 120.0) for one in sizes], "120 MB", at_most(1))
        starts, works, _ = zip(*[start(full) for _ in range(STARTS)], strict=True)
        yield row(f"start a node with {SKILLS:,} skills and rest 2 s (CPU)", [(one, 2.0) for one in works], "2 s")
        yield row(f"start a node with {SKILLS:,} skills", [(one, 2.0) for one in starts], "2 s", at_most(1))
        taken = asyncio.run(ask(full, questions(texts, ASKED)))
        for kind, times, target in zip(("", " (CPU)"), zip(*taken, strict=True), (at_most(1), None), strict=True):
            for name, place in (("median", ASKED // 2), ("99th percentile", ASKED * 99 // 100)):
                what = f"find among {SKILLS:,} skills of one author, {name}{kind}"
                yield row(what, [(sorted(times)[place], 0.05)], "50 ms", target)


def start(home: Path) -> tuple[float, float, float]:
    """Returns the seconds until a node is up, its CPU time from start to end, and its memory at rest in megabytes."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "hansa.entrypoints.cli.main", "up", "--home", str(home), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = ""
        while not told.endswith("}\n"):
            told += process.stdout.readline()
        took = time.perf_counter() - begun
        assert json.loads(told)["url"]
        time.sleep(2)
        resident = subprocess.check_output(["ps", "-o", "rss=", "-p", str(process.pid)], text=True)
        process.send_signal(signal.SIGTERM)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, worked, int(resident) / 1024


async def ask(home: Path, asked: list[str]) -> list[tuple[float, float]]:
    """Returns the seconds that each question took, and the CPU time."""
    async with opened(home, load(home)) as app:
        taken = []
        for question in asked:
            begun, worked = time.perf_counter(), time.process_time()
            app.node.find(question)
            taken.append((time.perf_counter() - begun, time.process_time() - worked))
        return taken


async def _fill(home: Path, texts: list[str]) -> None:
    me = FileKeys.load(home / KEY)
    store = SqliteStore.open(home / STORE)
    for start in range(0, len(texts), _BATCH):
        batch = range(start, min(len(texts), start + _BATCH))
        await store.apply([change for number in batch for change in held(number, texts[number], me.node_id)])
    store.close()


def held(number: int, intent: str, me: str) -> list[Change]:
    """Returns a peer's signed skill of about 2 kB, as it is kept once it was proved here."""
    code = f"def f_{number}(x):\n" + "".join(f"    x = x + {step} if x else {number}\n" for step in range(24))
    result = Result(media_type=PYTHON, text=code + "    return x\n", entry_point=f"f_{number}")
    skill = Skill(intent=intent, reasoning_path=(Step(step=1, action="Do it."),), result=result)
    record = record_row(_signed(skill, number), skill.id, Instant(1))
    row = skill_row(skill, Origin.PEER, KEYS.node_id, Instant(number), "http://peer")
    found = Evidence(skill.id, me, "cpython", "none", Outcome.PASS, 5, 5, 5, 5, content_id(b"out"), "", number)
    proof = content_id(b"proof %d" % number)
    return [
        PutRecord(record, in_feed=True),
        PutSkill(row),
        PutEvidence(proof, found),
        SetSkillState(skill.id, SkillState.ADMITTED),
    ]


def _signed(skill: Skill, number: int) -> Signed:
    header = Header(
        version="1.0", network="hansa", kind="skill", author=KEYS.node_id, recipient=EVERYONE, seq=number + 1,
        created=1, expires=0,
    )  # fmt: skip
    return envelope.seal(header, skill_body(skill, Claim()), [KEYS.key])
