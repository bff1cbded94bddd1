'''Test functions, read into check scripts.

Each test function becomes one script: the imports, constants and helpers that it needs, its own source, and the call.
The skill's names are in the script's namespace already, so imports of the module under test go away. Of pytest, what a
plain function can stand in for is carried over: `raises`, `approx`, `fail`, `param`, `mark.parametrize` (a loop) and
fixtures that only return something (a call). A test that needs more is left out, and a note says so.
'''

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from hansa.skills.importing.source import Source, bound_names, literal_value, needed, used_names
from hansa.skills.importing.text import cut, label

MAX_SCRIPT = 100_000
_CARRIED = frozenset({"raises", "approx", "fail", "param", "mark", "fixture"})
_OTHER_RUNS = frozenset({"skip", "skipif", "xfail", "usefixtures", "asyncio", "anyio", "trio"})

_STAND_IN = '''\
class pytest:
    """What this check uses of pytest."""

    class raises:
        def __init__(self, expected, match=None):
            self.expected, self.match, self.value = expected, match, None

        def __enter__(self):
            return self

        def __exit__(self, kind, value, trace):
            assert kind is not None, f"did not raise {self.expected}"
            if not issubclass(kind, self.expected):
                return False
            if self.match is not None:
                import re

                assert re.search(self.match, str(value)), f"{value} does not match {self.match}"
            self.type, self.value, self.tb = kind, value, trace
            return True

    class approx:
        __hash__ = None

        def __init__(self, expected, rel=None, abs=None):
            self.expected, self.rel, self.abs = expected, rel, abs

        def __repr__(self):
            return f"about {self.expected!r}"

        def __eq__(self, other):
            return self.near(other, self.expected)

        def near(self, found, wanted):
            if isinstance(wanted, dict):
                return (
                    isinstance(found, dict)
                    and found.keys() == wanted.keys()
                    and all(self.near(found[key], wanted[key]) for key in wanted)
                )
            if isinstance(wanted, (list, tuple)):
                return (
                    isinstance(found, (list, tuple))
                    and len(found) == len(wanted)
                    and all(map(self.near, found, wanted))
                )
            if found == wanted:
                return True
            if not isinstance(wanted, (int, float, complex)) or not isinstance(found, (int, float, complex)):
                return False
            rel = self.rel if self.rel is not None else 1e-6 if self.abs is None else 0
            gap = max(rel * max(wanted, -wanted) if not isinstance(wanted, complex) else rel, self.abs or 1e-12)
            return (found - wanted) * (found - wanted) <= gap * gap

    @staticmethod
    def fail(reason=""):
        raise AssertionError(reason)

    @staticmethod
    def param(*values, id=None):
        return values
'''


@dataclass(slots=True)
class TestScripts:
    """What the tests of a module came to.

    Attributes:
        left_out: names of tests that need a test runner.
    """

    scripts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def note(self) -> list[str]:
        """Returns a note on what was left out, if anything was."""
        if not self.left_out:
            return []
        names = cut(", ".join(label(name) for name in self.left_out), 300)
        return [f"{len(self.left_out)} tests need pytest and were not taken: {names}"]


def is_test(node: ast.stmt) -> bool:
    """Says whether a statement is a test function."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def is_test_class(node: ast.stmt) -> bool:
    """Says whether a statement is a class of tests."""
    if not isinstance(node, ast.ClassDef):
        return False
    bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
    methods = (each for each in node.body if is_test(each))
    return "TestCase" in bases or (node.name.startswith("Test") and next(methods, None) is not None)


def is_fixture(node: ast.stmt) -> bool:
    """Says whether a statement is a fixture of pytest."""
    return isinstance(node, ast.FunctionDef) and any(_last(each) == "fixture" for each in node.decorator_list)


def read_tests(source: Source, module: str, in_skill: frozenset[int] = frozenset()) -> TestScripts:
    """Returns the scripts that the tests in `source` come to.

    Args:
        source: a module with tests.
        module: name of the module under test, whose names are in the script's namespace.
        in_skill: positions of those top-level statements that are part of the skill's own code.
    """
    found = TestScripts()
    reader = _Reader(source, module, in_skill)
    for node in source.body:
        if is_test_class(node) and isinstance(node, ast.ClassDef):
            found.left_out.append(node.name)
        elif is_test(node) and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            script = reader.script(node)
            if script is None or len(script) > MAX_SCRIPT:
                found.left_out.append(node.name)
            else:
                found.scripts.append(script)
    return found


class _Reader:
    """Turns the test functions of one module into scripts."""

    def __init__(self, source: Source, module: str, in_skill: frozenset[int]) -> None:
        self.source = source
        self.module = module
        self.in_skill = in_skill
        self.fixtures = {node.name: node for node in source.body if isinstance(node, ast.FunctionDef) and is_fixture(node)}

    def script(self, test: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
        """Returns the script of one test, or None when it needs a runner."""
        loops = self._loops(test)
        if loops is None or not isinstance(test, ast.FunctionDef) or _is_generator(test):
            return None
        looped = {name for names, _ in loops for name in names}
        wanted = _required(test) - looped
        if any(not self._is_plain_fixture(name) for name in wanted):
            return None
        roots = used_names(test) | wanted
        nodes = [node for node in self._needed(roots, test) if node is not test]
        if not all(map(_stands_in, (*nodes, test))):
            return None
        head = [line for node in nodes for line in self._carry(node)]
        if any(_bound_to_pytest(node) for node in nodes):
            head.insert(sum(line.startswith("from __future__") for line in head), _STAND_IN)
        call = _call(test.name, loops, sorted(wanted), self.source)
        return "\n".join([*head, "", self.source.segment(test), "", call, ""]).lstrip("\n")

    def _needed(self, roots: Iterable[str], test: ast.stmt) -> list[ast.stmt]:
        body = self.source.body
        candidates = [
            position
            for position, node in enumerate(body)
            if position not in self.in_skill or isinstance(node, ast.Import | ast.ImportFrom)
        ]
        picked = {candidates[at] for at in needed(roots, [body[position] for position in candidates])}
        picked |= {at for at, node in enumerate(body) if isinstance(node, ast.ImportFrom) and node.module == "__future__"}
        return [body[position] for position in sorted(picked) if body[position] is not test]

    def _carry(self, node: ast.stmt) -> list[str]:
        """Returns a needed statement as the script has it."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return list(_import_lines(node, self.module))
        if is_fixture(node) or is_test(node):
            return [self.source.segment(node)]
        return [self.source.decorated(node)]

    def _is_plain_fixture(self, name: str) -> bool:
        """Says whether `name` is a fixture that needs nothing and only returns something."""
        node = self.fixtures.get(name)
        if node is None or _required(node) or _is_generator(node) or len(node.decorator_list) != 1:
            return False
        return not isinstance(node.decorator_list[0], ast.Call) or not node.decorator_list[0].keywords

    def _loops(self, test: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[tuple[str, ...], ast.expr]] | None:
        """Returns the parameters and rows of each `parametrize`, or None when a decorator is not understood."""
        loops = []
        for each in test.decorator_list:
            mark = each.func if isinstance(each, ast.Call) else each
            if not (isinstance(mark, ast.Attribute) and _last(mark.value) == "mark"):
                return None
            if mark.attr in _OTHER_RUNS:
                return None
            if mark.attr == "parametrize":
                loop = _loop(each)
                if loop is None:
                    return None
                loops.append(loop)
        return loops


def _loop(mark: ast.expr) -> tuple[tuple[str, ...], ast.expr] | None:
    if not isinstance(mark, ast.Call) or len(mark.args) != 2 or any(key.arg != "ids" for key in mark.keywords):
        return None
    names = literal_value(mark.args[0])
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        return None
    params = [each for each in ast.walk(mark.args[1]) if isinstance(each, ast.Call) and _last(each.func) == "param"]
    if any(key.arg != "id" for each in params for key in each.keywords):
        return None
    lone = isinstance(literal_value(mark.args[0]), str) and len(names) == 1
    if lone and params:
        return None
    return (tuple(names) if not lone else (names[0], "")), mark.args[1]


def _call(test: str, loops: list[tuple[tuple[str, ...], ast.expr]], fixtures: list[str], source: Source) -> str:
    """Returns the call of a test, in one loop per `parametrize`. A lone name is written (name, "")."""
    lines, arguments = [], [f"{name}={name}()" for name in fixtures]
    for depth, (names, rows) in enumerate(loops):
        lines.append(f"{'    ' * depth}for row_{depth} in (\n{source.segment(rows)}\n):")
        if names[-1] == "":
            arguments.append(f"{names[0]}=row_{depth}")
        else:
            arguments.append(f"**dict(zip({names!r}, row_{depth}, strict=True))")
    return "\n".join([*lines, f"{'    ' * len(loops)}{test}({', '.join(arguments)})"])


def _import_lines(node: ast.Import | ast.ImportFrom, module: str) -> Iterable[str]:
    """Yields an import as the script has it: of the module under test only new names are left, of pytest a stand-in."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name == "pytest":
                yield from [f"{alias.asname} = pytest"] if alias.asname not in (None, "pytest") else []
            elif alias.name.rpartition(".")[2] == module:
                yield f"import skill as {alias.asname or module}"  # what the sandbox calls the code it has loaded
            else:
                yield f"import {_aliased(alias)}"
        return
    origin = "." * node.level + (node.module or "")
    for alias in node.names:
        if origin == "pytest":
            yield f"{alias.asname or alias.name} = pytest.{alias.name}"
        elif origin.rpartition(".")[2] == module or (node.level and not node.module and alias.name != module):
            yield from [f"{alias.asname} = {alias.name}"] if alias.asname not in (None, alias.name) else []
        elif alias.name == module and (node.level or module not in ("", origin)):
            yield f"import skill as {alias.asname or module}"
        else:
            yield f"from {origin} import {_aliased(alias)}"


def _aliased(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _last(node: ast.expr) -> str:
    """Returns the last name of a dotted name, whether it is called or not."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _required(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Returns the parameters of a function that have no default."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    without = positional[: len(positional) - len(given.defaults)]
    keyword = [arg for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return frozenset(arg.arg for arg in (*without, *keyword))


def _is_generator(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))


def _bound_to_pytest(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name == "pytest" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "pytest"


def _stands_in(node: ast.stmt) -> bool:
    """Says whether a statement uses only what the stand-in for pytest has, in the ways that it has."""
    if isinstance(node, ast.ImportFrom) and node.module == "pytest":
        return all(alias.name in _CARRIED - {"mark", "fixture"} for alias in node.names) or False
    contexts = {
        id(item.context_expr) for each in ast.walk(node) if isinstance(each, ast.With | ast.AsyncWith) for item in each.items
    }
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "pytest":
            if each.attr not in _CARRIED:
                return False
        elif isinstance(each, ast.Call) and _last(each) == "raises":
            known = all(key.arg == "match" for key in each.keywords)
            if id(each) not in contexts or len(each.args) != 1 or not known:
                return False
    return bool(bound_names(node)) or True
