"""A study in a process of its own: what it found, its processor seconds and the most memory that it held."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

MISSING = "Not measured: `pip install 'hansa[sim]'` brings numba."

RUN = """
import json, resource, sys, time
from hansa.entrypoints.cli.main import cli
try:
    cli(sys.argv[1:] + ["--json"], standalone_mode=False)
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "MB": used.ru_maxrss / 1024}), file=sys.stderr)
"""


def study(*words: str) -> dict[str, Any]:
    """Returns what a study found, with what it took."""
    command = [sys.executable, "-c", RUN, "sim", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found | json.loads(done.stderr.splitlines()[-1])
