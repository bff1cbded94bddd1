"""Taking 561 coding traces from a hub: subscribe, pull, and re-prove each one in the sandbox.

The traces are those of `../shared/data` where it is, HumanEval's 164 and MBPP's 397 by the same agent; elsewhere as
many small skills made here. All are signed by one author, lie in a hub of its own process, and are pulled and proved by
the commands a user types. That a command starts is part of its time.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.ingest import a_skill, all_created, header, lines
from benchmarks.load import send_all
from benchmarks.measure import Row, row
from benchmarks.proofs import start
from hansa.adapters.keys import MemoryKeys
from hansa.entrypoints.identities import create_identity
from hansa.identity import envelope
from hansa.identity.envelope import Signed
from hansa.skills.importing.draft import Draft
from hansa.skills.importing.traces import read_traces
from hansa.skills.messages import SKILL, skill_body
from hansa.skills.model import Claim, Skill
from hansa.skills.policy import Params

AUTHOR = MemoryKeys(bytes([9]) * 32)
FOLDER = Path(__file__).parents[2] / "shared" / "data" / "traces"
FILES = ("humaneval-agent-a.jsonl", "mbpp-agent-a.jsonl")
COUNT = 561
BULK = 50
"""Skills in a bulk: traces are larger than findings."""


def rows() -> Iterable[Row]:
    """All of it against its proofs alone; the pull by itself; a proof against so many starts of an interpreter."""
    real, skills = _skills()
    with tempfile.TemporaryDirectory() as name, servers.hub(Path(name), [AUTHOR]) as hub:
        sealed = [_sealed(skill, claim) for skill, claim in skills]
        send_all(hub.port, lines(sealed, BULK), 1, all_created)
        home = Path(name) / "b"
        create_identity(home)
        url = f"http://127.0.0.1:{hub.port}"
        _hansa(home, "subscribe", url)
        pull, pulled = _timed(home, "sync", "--no-prove")
        prove, proved = _timed(home, "prove")
    count = len(sealed)
    bare = _bare()
    assert len(proved["proofs"]) == count, (pulled, len(proved["proofs"]))
    held = sum(one["outcome"] == "pass" for one in proved["proofs"])
    what = f"{count} {'traces' if real else 'skills made here'}"
    trials = Params().import_trials
    yield row(f"subscribe to {what}, pull and re-prove, {held} hold", [((pull + prove) / count, prove / count)],
              "the proofs alone")  # fmt: skip
    yield row(f"pull {what}", [(pull / count, prove / count)], "the proofs alone")
    yield row(f"re-prove {what}, {trials} trials each, with a control", [(prove / count, bare)],
              "a bare interpreter start")  # fmt: skip


def _skills() -> tuple[bool, list[tuple[Skill, Claim]]]:
    """Returns the skills with what is claimed of them, and whether they are the real ones."""
    if not FOLDER.is_dir():
        return False, [(a_skill(number), Claim()) for number in range(1, COUNT + 1)]
    drafts: list[Draft] = []
    for name in FILES:
        with (FOLDER / name).open("rb") as file:
            drafts += [one for one in read_traces(name, file, "MIT") if isinstance(one, Draft)]
    return True, [(one.skill, one.claim) for one in {one.skill.id: one for one in drafts}.values()]


def _sealed(skill: Skill, claim: Claim) -> Signed:
    return envelope.seal(header(AUTHOR, SKILL), skill_body(skill, claim), [AUTHOR.key])


def _timed(home: Path, *words: str) -> tuple[float, Any]:
    begun = time.perf_counter()
    told = _hansa(home, *words)
    return time.perf_counter() - begun, told


def _hansa(home: Path, *words: str) -> Any:
    """Returns what a command says; findings that did not hold are no failure here."""
    command = [*servers.HANSA, *words, "--home", str(home), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.stdout, (words, done.returncode)
    return json.loads(done.stdout)


def _bare(times: int = 20) -> float:
    start()
    begun = time.perf_counter()
    for _ in range(times):
        start()
    return (time.perf_counter() - begun) / times
