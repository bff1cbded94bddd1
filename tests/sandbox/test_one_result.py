"""A proof comes out the same whether its worker is new or has served before: every starter skill, both ways."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hansa.adapters.sandbox import ProcessSandbox, Tier
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport
from hansa.skills.importing.draft import Draft
from hansa.skills.importing.python_file import read_python
from hansa.skills.judge import Finding, job_for, judge
from hansa.skills.model import Outcome, Skill
from hansa.starter import skill_files
from tests.sandbox.conftest import self_test
from tests.sandbox.host import ALL

pytestmark = pytest.mark.sandbox


@pytest.fixture
def strongest() -> Tier:
    """Gives the tier that a node would take here."""
    found = next((tier for tier in ALL if self_test(tier).ok), None)
    if found is None:
        pytest.skip("no sandbox here")
    return found


def starters() -> list[Skill]:
    drafts = [one for path in skill_files() for one in read_python(path.name, path.read_text(encoding="utf-8"))]
    return [one.skill for one in drafts if isinstance(one, Draft)]


async def both(tier: Tier, jobs: list[SandboxJob]) -> tuple[list[SandboxReport], list[SandboxReport]]:
    staying = ProcessSandbox(tier, keep=1)
    alone = [await ProcessSandbox(tier).run(job) for job in jobs]
    # In the other order: were anything left of the jobs before, it would be of other ones.
    together = [await staying.run(job) for job in reversed(jobs)]
    assert len(staying.pool) == 1
    await staying.close()
    return alone, together[::-1]


def untimed(finding: Finding) -> Finding:
    return replace(finding, wall_us=0)


def test_every_starter_skill_is_proved_alike(strongest: Tier) -> None:
    skills = starters()
    assert len(skills) >= 48
    jobs = [job_for(skill, 2, 3, seed, SandboxLimits()) for seed, skill in enumerate(skills)]
    alone, together = asyncio.run(both(strongest, jobs))
    for skill, one, other in zip(skills, alone, together, strict=True):
        assert [trial.digest for trial in one.trials] == [trial.digest for trial in other.trials]
        assert untimed(judge(skill, one)) == untimed(judge(skill, other))
        assert judge(skill, one).outcome is Outcome.PASS


ODD = {
    "order of sets": "def f(): return list({'b', 'a', 'c', 'd'}), [hash(x) for x in ('a', b'b', 1.5)]",
    "chance": "import random\ndef f(): return [random.random() for _ in range(3)], random.getrandbits(99)",
    "chance by way of another module": "import uuid, tempfile\ndef f():\n    import random\n    return random.random()",
    "chance not named": "def f(): return __import__('ran' + 'dom').random()",
    "chance without the module": "import statistics\ndef f(): return statistics.NormalDist().samples(2, seed=1)",
    "output": "def f(): print('x'); return __import__('sys').argv, len(__import__('os').environ)",
    "raising": "def f(): raise ValueError({'x', 'y'})",
}


@pytest.mark.parametrize("name", ODD)
def test_what_depends_on_the_start_does_not_depend_on_the_worker(name: str, tier: Tier) -> None:
    jobs = [SandboxJob(ODD[name], "f", calls=("()",), trials=trials, seed=11) for trials in (1, 2, 1)]

    async def all_ways() -> tuple[list[SandboxReport], list[SandboxReport]]:
        staying = ProcessSandbox(tier, keep=1)
        await staying.run(SandboxJob("import random\nrandom.seed(99)"))
        alone = [await ProcessSandbox(tier).run(job) for job in jobs]
        together = [await staying.run(job) for job in jobs]
        await staying.close()
        return alone, together

    alone, together = asyncio.run(all_ways())
    for one, other in zip(alone, together, strict=True):
        assert [trial.digest for trial in one.trials] == [trial.digest for trial in other.trials]
        assert [trial.steps for trial in one.trials] == [trial.steps for trial in other.trials]
