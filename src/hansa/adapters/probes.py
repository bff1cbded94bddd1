"""Looks which tools a machine has that tasks may need one day; nothing is run (S1)."""

from __future__ import annotations

import shutil
from pathlib import Path

from hansa.swarm.capabilities import Capability, Probe

_GPU = (Path("/dev/nvidia0"), Path("/dev/kfd"))


def tools(models: int) -> list[Probe]:
    """Returns what was seen: git, a GPU, a route to a language model.

    Args:
        models: routes that are configured.
    """
    git, gpu = shutil.which("git") is not None, any(one.exists() for one in _GPU)
    return [
        _seen("git", git, "found" if git else "not found"),
        _seen("gpu", gpu, "a device is there" if gpu else "no device is there"),
        _seen("llm", models > 0, f"{models} routes are configured" if models else "no route is configured"),
    ]


def _seen(name: str, there: bool, detail: str) -> Probe:
    return Probe(Capability(name=name), there, False, detail)
