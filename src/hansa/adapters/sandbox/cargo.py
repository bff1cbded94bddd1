"""What travels to the inner program on its stdin: its own modules, compiled, and one job.

Format: eight bytes of length (little-endian), then a `marshal` value `(modules, request)`. `marshal` is not safe for
bytes of others; here it only ever goes from us to a bare interpreter of the very same version.
"""

from __future__ import annotations

import marshal
import re
from functools import cache
from pathlib import Path
from types import CodeType

from hansa.kernel.jobs import SandboxJob

# In the order of their imports: each is executed once all that it imports are there.
_MODULES = (
    "kernel", "runtime", "records", "literal", "landlock", "seccomp", "namespaces", "watch", "confine", "workspace",
    "trial", "supervisor", "jail",
)  # fmt: skip

# Runs first in the bare interpreter: unpacks the modules as a package `inside` and calls the last of them.
START = """
import marshal, os, sys
def _exactly(length):
    parts = []
    while length:
        part = os.read(0, min(length, 1 << 20))
        if not part:
            os._exit(75)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
_modules, _request = marshal.loads(_exactly(int.from_bytes(_exactly(8), "little")))
_package = sys.modules["inside"] = type(sys)("inside")
_package.__path__ = []
for _name, _code in _modules:
    _module = sys.modules["inside." + _name] = type(sys)("inside." + _name)
    _module.__package__ = "inside"
    setattr(_package, _name, _module)
    exec(_code, _module.__dict__)
_package.jail.main(_request)
"""


@cache
def _compiled(folder: Path) -> tuple[tuple[str, CodeType], ...]:
    return tuple(
        (name, compile((folder / f"{name}.py").read_text(encoding="utf-8"), f"<{name}>", "exec", optimize=2))
        for name in _MODULES
    )


_PLAIN = frozenset(
    {
        "abc", "ast", "base64", "bisect", "calendar", "cmath", "collections", "collections.abc", "copy", "csv",
        "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "html",
        "io", "itertools", "json", "math", "operator", "random", "re", "statistics", "string", "struct", "textwrap",
        "time", "types", "typing", "unicodedata", "urllib.parse", "zlib",
    }
)  # fmt: skip
"""Modules of the standard library that do nothing when they are imported but define things."""

_IMPORTS = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.MULTILINE)


def preload(job: SandboxJob) -> tuple[str, ...]:
    """Returns the plain modules that a job's code names, to be imported once, before the trials are forked.

    Read as text, so nothing of the code runs; what is not in `_PLAIN` is left to the locked trial.
    """
    named: set[str] = set()
    for source in (job.code, *job.scripts):
        for of_from, of_import in _IMPORTS.findall(source):
            named.update(part.split(" as ")[0].strip() for part in (of_from or of_import).split(","))
    return tuple(sorted(named & _PLAIN))


def pack(folder: Path, tier: str, parent: int, base: str, job: SandboxJob) -> bytes:
    """Returns the bytes to write to the inner program.

    Args:
        folder: where the inner modules' source is.
        tier: the tier's name.
        parent: the process id that the inner program must not outlive.
        base: directory below which scratch directories are made; empty for tiers with a tmpfs.
        job: what to run.
    """
    limits = job.limits
    fields = {
        "code": job.code,
        "entry_point": job.entry_point,
        "calls": job.calls,
        "scripts": job.scripts,
        "trials": job.trials,
        "seed": job.seed,
        "control": job.control,
        "stop_after": job.stop_after,
        "preload": preload(job) if job.trials > 1 else (),
        "limits": {
            "wall_ms": limits.wall_ms,
            "memory_bytes": limits.memory_bytes,
            "output_bytes": limits.output_bytes,
            "file_bytes": limits.file_bytes,
            "threads": limits.threads,
        },
    }
    request = {"tier": tier, "parent": parent, "base": base, "job": fields}
    body = marshal.dumps((_compiled(folder), request))
    return len(body).to_bytes(8, "little") + body
