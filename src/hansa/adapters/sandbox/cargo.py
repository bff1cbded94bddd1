"""What travels to the inner program on its stdin: its own modules, compiled, with what to build; then jobs.

Format of each: eight bytes of length (little-endian), then a `marshal` value: first the modules, then what to build,
then the fields of one job at a time. `marshal` is not safe for bytes of others; here it only ever goes from us to a
bare interpreter of the very same version.
"""

from __future__ import annotations

import ast
import marshal
import re
import sys
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from hansa.adapters.sandbox import seccomp
from hansa.adapters.sandbox.layout import enterable, layout, spot
from hansa.kernel.jobs import SandboxJob, SandboxLimits

# In the order of their imports: each is executed once all that it imports are there.
_MODULES = (
    "kernel", "runtime", "records", "compiling", "literal", "landlock", "filter", "namespaces", "watch", "confine",
    "workspace", "seeding", "report", "cell", "trial", "supervisor", "job", "jail",
)  # fmt: skip

# These cover what lies apart in the folders of the runtime; the others have to name all that does not.
_WITH_MOUNTS = ("bubblewrap", "namespaces")

# Runs first in the bare interpreter: unpacks the modules as a package `inside` and calls the last of them.
START = """
import marshal, posix as os, sys
def _exactly(length):
    parts = []
    while length:
        part = os.read(0, min(length, 1 << 20))
        if not part:
            os._exit(75)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
def _next():
    return marshal.loads(_exactly(int.from_bytes(_exactly(8), "little")))
_modules = _next()
_package = sys.modules["inside"] = type(sys)("inside")
_package.__path__ = []
for _name, _code in _modules:
    _module = sys.modules["inside." + _name] = type(sys)("inside." + _name)
    _module.__package__ = "inside"
    setattr(_package, _name, _module)
    exec(_code, _module.__dict__)
_package.jail.main(_next(), _next)
"""


@cache
def _program(folder: Path) -> bytes:
    return _frame(
        tuple((name, _compile(name, (folder / f"{name}.py").read_text(encoding="utf-8"))) for name in _MODULES)
    )


def _compile(name: str, source: str) -> CodeType:
    return compile(_Bare().visit(ast.parse(source)), f"<{name}>", "exec", optimize=2)


class _Bare(ast.NodeTransformer):
    """Takes out what costs and is not needed in there.

    Annotations: reading them takes a quarter of the time. And `os`, of which the inner program uses no more than what
    `posix` has: with what it imports it takes a tenth of an interpreter's start. Code that wants it imports it.
    """

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            if alias.name == "os":
                alias.name, alias.asname = "posix", "os"
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "__future__" else node  # a file to find and read, for annotations alone

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        bare = ast.Pass() if node.value is None else ast.Assign([node.target], node.value)
        return ast.copy_location(bare, node)


_PLAIN = frozenset(
    {
        "abc", "ast", "base64", "bisect", "calendar", "cmath", "collections", "collections.abc", "copy", "csv",
        "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "html",
        "io", "itertools", "json", "math", "operator", "random", "re", "statistics", "string", "struct", "textwrap",
        "time", "types", "typing", "unicodedata", "urllib.parse", "zlib",
    }
)  # fmt: skip
"""Modules of the standard library that do nothing when they are imported but define things."""

WARM = ("re",)
"""What a worker that stays has imported before its first job: dear (5 ms, with what it imports) and much used.

Whatever is in here makes each trial a little dearer, since a fork copies the table of its pages.
"""

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


def setup(folder: Path, tier: str, parent: int, base: str, limits: SandboxLimits, once: bool) -> bytes:
    """Returns the bytes that make a bare interpreter the inner program.

    Args:
        folder: where the inner modules' source is.
        tier: the tier's name.
        parent: the process id that the inner program must not outlive.
        base: directory below which scratch directories are made; empty for tiers with a tmpfs.
        limits: bounds on each trial of every job.
        once: whether it ends with its first job.

    Raises:
        RefusedError: there is no seccomp filter for this machine.
    """
    bounds = {
        "wall_ms": limits.wall_ms,
        "memory_bytes": limits.memory_bytes,
        "output_bytes": limits.output_bytes,
        "file_bytes": limits.file_bytes,
        "threads": limits.threads,
    }
    here = layout()
    fields = {"tier": tier, "parent": parent, "base": base, "limits": bounds, "once": once, "warm": WARM}
    fields |= {"folders": here.folders, "mounts": (spot(here.mounted), here.mounted, here.links, here.hidden)}
    fields["enterable"] = enterable(here.folders)
    if sys.platform.startswith("linux"):
        readable = here.granted if tier in _WITH_MOUNTS else here.named
        fields |= {"readable": readable, "filter": (seccomp.template(), seccomp.OWN_PID)}
    return _program(folder) + _frame(fields)


def request(job: SandboxJob, token: str) -> bytes:
    """Returns the bytes that hand over one job.

    Args:
        job: what to run; its limits are those that the inner program was set up with.
        token: what the answer has to begin with.
    """
    return _frame(
        {
            "code": job.code,
            "entry_point": job.entry_point,
            "calls": job.calls,
            "scripts": job.scripts,
            "trials": job.trials,
            "seed": job.seed,
            "control": job.control,
            "stop_after": job.stop_after,
            "preload": preload(job) if job.trials > 1 else (),
            "token": token,
        }
    )


def _frame(value: Any) -> bytes:
    body = marshal.dumps(value)
    return len(body).to_bytes(8, "little") + body
