"""The self-test bites: a sandbox that lost a layer is not used, and one that cannot build a layer runs nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from hansa.adapters.sandbox import (
    BUBBLEWRAP,
    LANDLOCK,
    NAMESPACES,
    ProcessSandbox,
    SandboxUnavailable,
    Tier,
    choose,
    layout,
    tiers,
)
from hansa.adapters.sandbox.tiers import Surroundings, interpreter
from hansa.kernel.jobs import SandboxJob, SelfTest
from tests.sandbox.conftest import self_test

pytestmark = pytest.mark.sandbox

# Layer: the file, what it says, what the weakened copy says instead, and a word of the failure that must come of it.
LOSSES = {
    "seccomp": ("confine.py", "self.calls.confine()", "pass", "socket"),
    "landlock": ("confine.py", "self.rules.confine()", "pass", "list a folder"),
    "rlimits": ("confine.py", "resource.setrlimit(kind, (bound, bound))", "pass", "more memory"),
    "closed files": ("confine.py", "close_from(KEPT_FILES)", "pass", "open files"),
    "environment": ("trial.py", "del posix.environ[name]", "pass", "environment"),
}
# What Landlock, seccomp or the dropped user already covers; kept as a second wall, and not seen by the self-test.
REDUNDANT = {
    "capabilities": ("confine.py", "            drop_capabilities()\n", ""),
    "undumpable": ("confine.py", "            prctl(PR_SET_DUMPABLE, 0)\n", ""),
}


def weakened(folder: Path, *edits: tuple[str, str, str]) -> Path:
    """Copies the inner program and edits the copy: there is no switch that would do it."""
    inside = folder / "inside"
    shutil.copytree(ProcessSandbox._inside, inside, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in edits:
        source = (inside / name).read_text(encoding="utf-8")
        assert old in source, f"{name} no longer says {old!r}"
        (inside / name).write_text(source.replace(old, new), encoding="utf-8")
    return inside


def run_self_test(tier: Tier, inside: Path, keep: int = 0) -> SelfTest:
    class Weakened(ProcessSandbox):
        _inside = inside

    async def tried() -> SelfTest:
        sandbox = Weakened(tier, keep)
        try:
            return await sandbox.self_test()
        finally:
            await sandbox.close()

    return asyncio.run(tried())


@pytest.mark.parametrize("layer", LOSSES)
def test_a_lost_layer_is_noticed(layer: str, tier: Tier, tmp_path: Path) -> None:
    *edit, word = LOSSES[layer]
    result = run_self_test(tier, weakened(tmp_path, (edit[0], edit[1], edit[2])))
    assert not result.ok
    assert any(word in failure for failure in result.failures), result.failures
    assert result.advice
    assert result.layers == ()


@pytest.mark.parametrize("layer", LOSSES)
def test_a_lost_layer_is_noticed_in_a_worker_that_stays(layer: str, tier: Tier, tmp_path: Path) -> None:
    *edit, word = LOSSES[layer]
    result = run_self_test(tier, weakened(tmp_path, (edit[0], edit[1], edit[2])), keep=2)
    assert any(word in failure for failure in result.failures), result.failures


def test_an_untidy_worker_is_noticed(tier: Tier, tmp_path: Path) -> None:
    """Files stay, and the supervisor does not look whether any do."""
    edits = (
        ("supervisor.py", "        self._workspace.clear()\n", ""),
        ("jail.py", "return is_untouched(cell.workspace.path)", "return True"),
    )
    result = run_self_test(tier, weakened(tmp_path, *edits), keep=2)
    assert any("earlier job" in failure for failure in result.failures), result.failures
    assert run_self_test(tier, ProcessSandbox._inside, keep=2).ok


@pytest.mark.parametrize("measure", REDUNDANT)
def test_a_second_wall_is_redundant(measure: str, tier: Tier, tmp_path: Path) -> None:
    """States which measures no probe depends on; should one of them come to matter, this test says so."""
    assert run_self_test(tier, weakened(tmp_path, REDUNDANT[measure])).ok


def test_no_new_privileges_is_a_condition_of_the_others(tier: Tier, tmp_path: Path) -> None:
    result = run_self_test(tier, weakened(tmp_path, ("confine.py", "            prctl(PR_SET_NO_NEW_PRIVS, 1)\n", "")))
    # Without it the kernel refuses the filter, or (as root) does not mind; bubblewrap has set it already.
    assert result.ok or "cannot start" in result.failures[0]


def test_a_lost_clock_is_noticed(tmp_path: Path) -> None:
    """One tier is enough: the clock is the supervisor's, which is the same in all. Behind it is RLIMIT_CPU, later."""
    tier = next((tier for tier in (NAMESPACES, LANDLOCK, BUBBLEWRAP) if self_test(tier).ok), None)
    if tier is None:
        pytest.skip("no sandbox here")
    result = run_self_test(tier, weakened(tmp_path, ("supervisor.py", 'child.stop("timeout")', "pass")))
    assert any("clock" in failure for failure in result.failures)


def test_a_lost_root_is_noticed(tmp_path: Path) -> None:
    if not self_test(NAMESPACES).ok:
        pytest.skip("no namespaces here")
    edits = (
        ("cell.py", 'namespaces.new_root(*setup["mounts"])', 'namespaces.mount(None, "/", None, 16384 | 1 << 18)'),
        ("namespaces.py", 'SCRATCH = "/scratch/own"', 'SCRATCH = "/mnt"'),
    )
    result = run_self_test(NAMESPACES, weakened(tmp_path, *edits))
    assert any("which files the host has" in failure for failure in result.failures)


def test_a_kept_root_user_is_noticed(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not self_test(NAMESPACES).ok:
        pytest.skip("only a node that runs as root changes the user")
    edit = ("cell.py", "uid = namespaces.NOBODY if privileged else None", "uid = None")
    edits = (
        edit,
        (
            "cell.py",
            'TmpfsWorkspace(limits["file_bytes"], namespaces.NOBODY)',
            'TmpfsWorkspace(limits["file_bytes"], 0)',
        ),
    )
    result = run_self_test(NAMESPACES, weakened(tmp_path, *edits))
    assert any("threads" in failure for failure in result.failures)


def test_an_uncounted_thread_is_noticed(tmp_path: Path) -> None:
    if not self_test(LANDLOCK).ok:
        pytest.skip("no Landlock here")
    edit = ("supervisor.py", "if child.too_many_threads():", "if False:")
    result = run_self_test(LANDLOCK, weakened(tmp_path, edit))
    assert any("threads" in failure for failure in result.failures)


def test_bubblewrap_without_bubblewrap_is_noticed() -> None:
    if not self_test(LANDLOCK).ok:
        pytest.skip("no Landlock here")
    pretended = replace(BUBBLEWRAP, command=NAMESPACES.command, host_base=True)
    result = asyncio.run(ProcessSandbox(pretended).self_test())
    assert any("which files the host has" in failure for failure in result.failures)


def test_an_interpreter_that_looks_for_its_library_beside_itself_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the official images, whose interpreter has `$ORIGIN/../lib` in it: in the sandbox it lies elsewhere."""
    if not self_test(BUBBLEWRAP).ok:
        pytest.skip("no bubblewrap here")
    real = Path(interpreter())
    library = real.parents[1] / "lib" / str(sysconfig.get_config_var("INSTSONAME"))
    program = real.read_bytes()
    place, name = str(library.parent).encode() + b"\0", library.name.encode() + b"\0"
    if not library.is_file() or (program.count(place), program.count(name)) != (1, 1):
        pytest.skip("this interpreter has no library of its own that it finds by a path")
    other = name[:-2] + b"~\0"  # a name that the system has not got as well
    program = program.replace(place, b"$ORIGIN/../lib".ljust(len(place), b"\0")).replace(name, other)
    for folder in ("bin", "lib"):
        (tmp_path / folder).mkdir()
    shutil.copy(library, tmp_path / "lib" / other[:-1].decode())
    moved = tmp_path / "bin" / "python"
    moved.write_bytes(program)
    moved.chmod(0o755)
    monkeypatch.setattr("hansa.adapters.sandbox.process.interpreter", lambda: str(moved))
    own = [*layout.own(), str(tmp_path / "lib")]
    for module in (layout, tiers):
        monkeypatch.setattr(module, "own", lambda: own)
    assert asyncio.run(ProcessSandbox(BUBBLEWRAP).self_test()).failures == ()


@pytest.mark.parametrize("step", ["self.rules.confine()", "self.calls.confine()", "self._limit(limits)"])
def test_a_layer_that_cannot_be_applied_stops_the_code(step: str, tier: Tier, tmp_path: Path) -> None:
    class Broken(ProcessSandbox):
        _inside = weakened(tmp_path, ("confine.py", step, 'raise RefusedError("broken")'))

    with pytest.raises(SandboxUnavailable, match="broken"):
        asyncio.run(Broken(tier).run(SandboxJob("print('ran')")))


def test_a_crash_of_the_supervisor_is_no_pass(tier: Tier, tmp_path: Path) -> None:
    class Crashing(ProcessSandbox):
        _inside = weakened(tmp_path, ("supervisor.py", "steps = reading.finish()", "steps = 1 / 0"))

    report = asyncio.run(Crashing(tier).run(SandboxJob("", scripts=("pass",), trials=3, control="")))
    assert [trial.end for trial in report.trials] == ["exited"]
    assert [step.status for step in report.trials[0].steps] == ["not_run", "not_run"]
    assert report.control is not None
    assert report.control.end == "exited"


def test_the_strongest_tier_that_holds_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    holding = [tier for tier in (BUBBLEWRAP, NAMESPACES, LANDLOCK) if self_test(tier).ok]
    if not holding:
        pytest.skip("no sandbox here")
    assert asyncio.run(choose()).name == "+".join(holding[0].layers)
    monkeypatch.setenv("PATH", "/nowhere")
    rest = [tier for tier in holding if tier is not BUBBLEWRAP]
    if rest:
        assert asyncio.run(choose()).name == "+".join(rest[0].layers)


def test_no_tier_means_refusal_with_advice() -> None:
    def nothing(_: Surroundings) -> list[str] | None:
        return None

    tiers = [replace(tier, command=nothing) for tier in (BUBBLEWRAP, NAMESPACES)]
    with pytest.raises(SandboxUnavailable) as caught:
        asyncio.run(choose(tiers))
    assert "apt-get install bubblewrap" in caught.value.advice
    assert "sysctl" in caught.value.advice


def test_a_program_that_cannot_start_is_refused() -> None:
    with pytest.raises(SandboxUnavailable):
        asyncio.run(ProcessSandbox(replace(LANDLOCK, command=lambda _: ["/nowhere/python"])).run(SandboxJob("")))
    with pytest.raises(SandboxUnavailable, match="sorry"):
        asyncio.run(ProcessSandbox(replace(LANDLOCK, command=lambda _: ["/bin/echo", "sorry"])).run(SandboxJob("")))
