"""Arbitrary values of the skills room, all within the bounds of their wire types."""

from __future__ import annotations

from hypothesis import strategies as st

from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.jobs import Attempt, SandboxReport, StepReport, StepStatus, TrialEnd, TrialReport
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.skills.model import (
    MILLION,
    PYTHON,
    Case,
    Cases,
    Claim,
    Evidence,
    File,
    Outcome,
    Result,
    Script,
    Skill,
    Step,
)

ME = "did:key:me"

ids = st.binary(max_size=4).map(content_id)
lines = st.text(min_size=1, max_size=20)
words = st.text(min_size=1, max_size=8)

steps = st.builds(Step, step=st.integers(1, 10_000), action=lines)
files = st.builds(File, path=words, digest=ids, size=st.integers(0, 1024 * 1024))
results = st.builds(
    Result,
    media_type=st.sampled_from([PYTHON, "text/markdown", "text/x-ü"]),
    text=st.text(max_size=60),
    entry_point=st.text(max_size=10),
    files=st.lists(files, max_size=3).map(tuple),
)
cases = st.builds(Case, args=st.text(min_size=2, max_size=12), expect=lines)
checks = st.one_of(
    st.builds(Cases, cases=st.lists(cases, min_size=1, max_size=3).map(tuple)),
    st.builds(Script, code=lines),
)
skills = st.builds(
    Skill,
    intent=lines,
    reasoning_path=st.lists(steps, max_size=3).map(tuple),
    result=results,
    checks=st.lists(checks, max_size=3).map(tuple),
    license=st.text(max_size=10),
    tags=st.lists(words, max_size=3).map(tuple),
    lineage=st.lists(ids, max_size=3, unique=True).map(tuple),
)
claims = st.builds(
    Claim,
    confidence=st.integers(0, MILLION),
    verification_score=st.integers(0, MILLION),
    trials=st.integers(0, MAX_SAFE_INTEGER),
    harness=st.text(max_size=12),
)


@st.composite
def findings_by(draw: st.DrawFn, provers: st.SearchStrategy[str], skill: ContentId) -> Evidence:
    """One piece of evidence about `skill`, its numbers in agreement with each other."""
    trials = draw(st.integers(0, 40))
    total = draw(st.integers(0, 100))
    return Evidence(
        skill=skill,
        prover=draw(provers),
        harness=draw(st.sampled_from(["cpython-3.11", "cpython-3.12", "cpython-3.13"])),
        sandbox="namespaces",
        outcome=draw(st.sampled_from(Outcome)),
        trials=trials,
        successes=draw(st.integers(0, trials)),
        passed=draw(st.integers(0, total)),
        total=total,
        digest=content_id(b""),
        at=draw(st.integers(0, 1_000)),
    )


reprs = st.one_of(
    st.none(),
    st.sampled_from(["1", "True", "'a'", "[1, 2]", "nan", "object()", "(", "\x00", "\ud800", "1" * 5_000]),
    st.text(max_size=10),
)
step_reports = st.builds(
    StepReport,
    kind=st.sampled_from(["load", "call", "script", "other"]),
    index=st.integers(0, 4),
    status=st.sampled_from(StepStatus),
    value=reprs,
    error=st.one_of(st.none(), st.text(max_size=10)),
)
attempts = st.builds(
    Attempt, what=st.sampled_from(["file", "network", "process", "native", "?"]), target=st.text(max_size=10)
)
trial_reports = st.builds(
    TrialReport,
    end=st.sampled_from(TrialEnd),
    steps=st.lists(step_reports, max_size=6, unique_by=lambda step: (step.kind, step.index)).map(tuple),
    attempts=st.lists(attempts, max_size=2).map(tuple),
    wall_us=st.integers(0, 10**9),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
)
sandbox_reports = st.builds(
    SandboxReport,
    sandbox=st.just("namespaces"),
    harness=st.just("cpython-3.11"),
    trials=st.lists(trial_reports, max_size=4).map(tuple),
    control=st.one_of(st.none(), trial_reports),
)
