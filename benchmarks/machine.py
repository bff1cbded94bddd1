"""What figures depend on: the processor, the interpreter and the libraries. No names of hosts or folders."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def facts() -> str:
    """Returns one sentence about when and on what something is measured."""
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {_cores()} of {_processor()}, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"cryptography {version('cryptography')}, msgspec {version('msgspec')}{_load()}."
    )


def _load() -> str:
    """Says how busy the machine was before the run: servers of more than one thread get more of a crowded one."""
    return f"; load average before it {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""


def _cores() -> str:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{count} core{'s' if count > 1 else ''}"


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()
