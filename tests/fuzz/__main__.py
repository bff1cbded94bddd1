"""Fuzzes one target, or all of them.

    python -m tests.fuzz canonical --runs 1000000
    python -m tests.fuzz all --runs 20000 --seed 7

With atheris (the extra `fuzz`) the inputs are led by what they reach; without it, or with --blind, seeds are mutated
blindly. Exit code 0 when only errors of the tree came out, 1 with the input and the traceback of what else did.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.blind import inputs
from tests.fuzz.targets import TARGETS, clean_up

ROOT = Path(__file__).parents[2]


def blind(name: str, runs: int, seed: int) -> None:
    """Fuzzes one target without atheris; raises what was found, with the input as a note."""
    target = TARGETS[name]
    for data in inputs(target.seeds(), runs, seed):
        try:
            target(data)
        except BaseException as found:
            found.add_note(f"{name}: found with {data!r}")
            raise


def led(name: str, runs: int, seed: int) -> tuple[int, str]:
    """Fuzzes one target with atheris; returns its exit code, 0 when nothing was found, and what it wrote."""
    command = [sys.executable, "-m", "tests.fuzz.led", name, str(runs), str(seed)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TMPDIR": folder}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, **pipes)  # type: ignore[call-overload]
    return done.returncode, done.stdout


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description="Fuzz what takes bytes from elsewhere.")
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--runs", type=int, default=20_000, help="executions of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blind", action="store_true", help="without atheris")
    options = parser.parse_args()
    use_atheris = not options.blind and importlib.util.find_spec("atheris") is not None
    status = 0
    for name in TARGETS if options.target == "all" else [options.target]:
        start = time.perf_counter()
        if use_atheris:
            code, told = led(name, options.runs, options.seed)
            print(told if code else "", end="")
            status |= code != 0
        else:
            blind(name, options.runs, options.seed)
        print(f"{name}: {options.runs} runs in {time.perf_counter() - start:.1f} s", flush=True)
    clean_up()
    return status


if __name__ == "__main__":
    sys.exit(main())
