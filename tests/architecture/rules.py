"""The house rules that no linter knows, as pure functions: parsed source in, findings out.

A finding is one line, "path:line what". Names are followed through imports, so `from time import time as now` is seen
for what it is. Every rule is fed a bad snippet in `test_rules.py`, to show that it can fail.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50

PURE_ROOMS = (
    "skills",
    "conduct",
    "treaty",
    "governance",
    "overlay",
    "market",
    "swarm",
    "admission",
    "identity",
    "kernel",
)

_WALL_CLOCK = re.compile(
    r"time\.(time|time_ns|ctime|localtime|gmtime|strftime|asctime|clock_gettime(_ns)?)"
    r"|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today"
)
_ANY_CLOCK = re.compile(rf"time\.\w+|{_WALL_CLOCK.pattern}")
_CHANCE = re.compile(
    r"random(\.\w+)?|secrets(\.\w+)?|uuid\.uuid[14]|os\.(urandom|getrandom)"
    r"|numpy\.random\.(?!Generator|SeedSequence|PCG64|Philox|BitGenerator)\w+"
)
_SLEEP = re.compile(r"(time|asyncio|anyio|trio)\.sleep")
_ORDER_KEEPING = {"list", "tuple", "enumerate", "iter", "next", "zip", "map", "filter", "sum", "dict", "reversed"}
_ORDER_FREE = {"sorted", "set", "frozenset", "any", "all", "len", "min", "max"}


@dataclass
class Source:
    """One Python file: where it is (relative, with slashes) and what is in it."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file, parsed once."""
        return ast.parse(self.text, self.path)


Rule = Callable[[Source], list[str]]


# ------------------------------------------------------------------------------------------------------ names


def _origins(tree: ast.Module) -> dict[str, str]:
    """Returns what each imported name stands for, e.g. {"dt": "datetime.datetime", "np": "numpy"}."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, origins: dict[str, str]) -> str | None:
    """Returns the full dotted name of an expression that starts at an imported name, else None."""
    if isinstance(node, ast.Name):
        return origins.get(node.id)
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value, origins)
        return f"{base}.{node.attr}" if base else None
    return None


def _uses(source: Source, pattern: re.Pattern[str]) -> Iterator[tuple[ast.expr, str]]:
    """Yields every expression whose full name matches, called or only handed on."""
    tree = source.tree
    origins = _origins(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node, origins)
            if name and pattern.fullmatch(name):
                yield node, name


def _found(source: Source, node: ast.AST, what: str) -> str:
    return f"{source.path}:{getattr(node, 'lineno', 1)} {what}"


# ------------------------------------------------------------------------------------------------------ rules


def no_builtin_hash(source: Source) -> list[str]:
    """`hash()` differs between processes, so nothing may depend on it."""
    findings = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "hash" and isinstance(node.ctx, ast.Load):
            findings.append(_found(source, node, "builtin hash() differs between processes"))
    return findings + [_found(source, node, name) for node, name in _uses(source, re.compile(r"builtins\.hash"))]


def no_clock(source: Source) -> list[str]:
    """A pure room takes `now` as an argument and waits for nobody."""
    return [_found(source, node, f"reads a clock: {name}") for node, name in _uses(source, _ANY_CLOCK)]


def no_wall_clock(source: Source) -> list[str]:
    """What time it is comes from one place, `adapters/clock.py`; durations may be measured anywhere outside."""
    return [_found(source, node, f"reads the wall clock: {name}") for node, name in _uses(source, _WALL_CLOCK)]


def no_chance(source: Source) -> list[str]:
    """A pure room takes its random source as an argument."""
    return [_found(source, node, f"draws at random: {name}") for node, name in _uses(source, _CHANCE)]


def short_module(source: Source) -> list[str]:
    """A module that outgrows this is missing a noun."""
    lines = len(source.text.splitlines())
    return [f"{source.path}:1 {lines} lines, at most {MAX_MODULE_LINES}"] if lines > MAX_MODULE_LINES else []


def short_functions(source: Source) -> list[str]:
    """A function that outgrows this is missing a name for a part of it."""
    findings = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                findings.append(_found(source, node, f"{node.name}: {lines} lines, at most {MAX_FUNCTION_LINES}"))
    return findings


def no_broad_except(source: Source) -> list[str]:
    """Only drivers, adapters and doors may catch what they do not know."""

    def broad(kind: ast.expr | None) -> bool:
        if isinstance(kind, ast.Tuple):
            return any(broad(item) for item in kind.elts)
        return kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})

    handlers = (node for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler))
    return [_found(source, node, "catches everything") for node in handlers if broad(node.type)]


def no_sleep(source: Source) -> list[str]:
    """A test waits for an event, never for a while; `asyncio.sleep(0)` only lets others run."""
    yielding = {
        id(node.func)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == 0
    }
    return [_found(source, node, name) for node, name in _uses(source, _SLEEP) if id(node) not in yielding]


def no_conftest_as_plugin(source: Source) -> list[str]:
    """Finds a conftest named as a plugin: pytest has it under its path as well, and won't take one module twice.

    Which of the two comes first depends on the order in which files are collected. Import its fixtures instead.
    """
    named = [
        node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytest_plugins" for target in node.targets)
    ]
    texts = [one for value in named for one in ast.walk(value) if isinstance(one, ast.Constant)]
    return [_found(source, one, f"{one.value} as a plugin") for one in texts if str(one.value).endswith("conftest")]


def has_docstring(source: Source) -> list[str]:
    """A public module says what it is."""
    name = source.path.rsplit("/", 1)[-1]
    private = name.startswith("_") and name != "__init__.py"
    return [] if private or ast.get_docstring(source.tree) else [f"{source.path}:1 no module docstring"]


def no_unordered_iteration(source: Source) -> list[str]:
    """The order of a set is nobody's promise: sort it before something depends on it."""
    tree = source.tree
    calm = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ORDER_FREE
        for argument in node.args
    }
    findings = []
    for node in ast.walk(tree):
        for expression in _iterated(node, calm):
            if _is_set(expression):
                findings.append(_found(source, expression, "iterates over a set: sort it first"))
    return findings


def _iterated(node: ast.AST, calm: set[int]) -> list[ast.expr]:
    """Returns the expressions that `node` goes through in order."""
    if isinstance(node, ast.For | ast.AsyncFor):
        return [node.iter]
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp) and id(node) not in calm:
        return [part.iter for part in node.generators]
    if isinstance(node, ast.Starred):
        return [node.value]
    if isinstance(node, ast.Call) and id(node) not in calm:
        if isinstance(node.func, ast.Name) and node.func.id in _ORDER_KEEPING:
            return list(node.args)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            return list(node.args)
    return []


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"set", "frozenset"}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return any(_is_set(side) or _is_view(side) for side in (node.left, node.right))
    return False


def _is_view(node: ast.expr) -> bool:
    """Whether it is the keys or the items of a mapping: in order by themselves, a set once they are combined."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"keys", "items"}


# ----------------------------------------------------------------------------------------------- any text file

_SERVERS = ("pypi.org" + "/simple", "files." + "pythonhosted", "pypi.python" + ".org", "--extra-index" + "-url")
_HOME = re.compile(r"(?<![\w.])/" + r"(?:root/\w|home/\w|Users/\w)")


def no_package_server(path: str, text: str) -> list[str]:
    """Nothing names the server that packages come from: that is the installing person's choice."""
    return [
        f"{path}:{number} names a package server"
        for number, line in enumerate(text.splitlines(), 1)
        if any(server in line for server in _SERVERS)
    ]


def no_home_path(path: str, text: str) -> list[str]:
    """Nothing names a folder that exists on one person's machine only."""
    return [
        f"{path}:{number} names a home folder" for number, line in enumerate(text.splitlines(), 1) if _HOME.search(line)
    ]
