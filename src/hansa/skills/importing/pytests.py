"""Test functions, read into check scripts.

Each test function becomes one script: the imports, constants and helpers that it needs, its own source, and the call.
The skill's names are in the script's namespace already, so imports of the module under test go away. Of pytest, what a
plain function can stand in for is carried over: `raises`, `approx`, `fail`, `param` (see `standin`), `mark.parametrize`
as a loop, and fixtures that only return something as a call. A test that needs more is left out, and a note says so.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hansa.skills.importing.source import Function, Needs, Source, literal_value, used_names
from hansa.skills.importing.standin import CARRIED, stand_in
from hansa.skills.importing.text import cut, label

MAX_SCRIPT = 100_000
MAX_SCRIPTS = 100
MAX_TOTAL = 150_000
_ONLY_DECORATE = frozenset({"mark", "fixture"})
_OTHER_RUNS = frozenset({"skip", "skipif", "xfail", "usefixtures", "asyncio", "anyio", "trio"})
_SETUP = frozenset(f"{when}_{what}" for when in ("setup", "teardown") for what in ("module", "function", "method"))

_Loop = tuple[tuple[str, ...], bool, ast.expr]
"""Parameters, whether a row is one bare value, and the rows of a `parametrize`."""


@dataclass(slots=True)
class Scripts:
    """What the tests of a module came to.

    Attributes:
        left_out: names of tests that need a test runner.
    """

    scripts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def note(self) -> str:
        """Returns a note on what was left out, or "" when nothing was."""
        if not self.left_out:
            return ""
        names = cut(", ".join(label(name) for name in self.left_out), 300)
        how_many = "1 test was" if len(self.left_out) == 1 else f"{len(self.left_out)} tests were"
        return f"{how_many} left out for needing pytest or other files, or for being too many: {names}"


def is_test(node: ast.stmt) -> bool:
    """Says whether a statement is a test function."""
    return isinstance(node, Function) and node.name.startswith("test_")


def is_test_class(node: ast.stmt) -> bool:
    """Says whether a statement is a class of tests."""
    if not isinstance(node, ast.ClassDef):
        return False
    tests = [each for each in node.body if is_test(each)]
    return any(_last(base) == "TestCase" for base in node.bases) or (node.name.startswith("Test") and bool(tests))


def is_fixture(node: ast.stmt) -> bool:
    """Says whether a statement is a fixture of pytest."""
    return isinstance(node, Function) and any(_last(each) == "fixture" for each in node.decorator_list)


def read_tests(source: Source, module: str = "", in_skill: frozenset[int] = frozenset()) -> Scripts:
    """Returns the scripts that the tests in `source` come to.

    Args:
        source: a module with tests.
        module: name of the module under test, when the tests import it.
        in_skill: positions of those top-level statements that are part of the skill's own code.
    """
    found = Scripts()
    reader = _Reader(source, module, in_skill)
    for node in source.body:
        if isinstance(node, ast.ClassDef) and is_test_class(node):
            found.left_out.append(node.name)
        elif isinstance(node, Function) and is_test(node):
            room = MAX_TOTAL - sum(map(len, found.scripts)) if len(found.scripts) < MAX_SCRIPTS else 0
            script = reader.script(node) if room > 0 else None
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
        body = source.body
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        self.fixtures = {node.name: node for node in functions if is_fixture(node)}
        self.has_setup = any(node.name in _SETUP for node in functions) or any(
            _keyword(each, "autouse") for node in self.fixtures.values() for each in node.decorator_list
        )
        self.candidates = [
            node for at, node in enumerate(body) if at not in in_skill or isinstance(node, ast.Import | ast.ImportFrom)
        ]
        self.needs = Needs(self.candidates)
        self.dotted = {
            each.value.id
            for each in ast.walk(source.tree)
            if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)
        }

    def script(self, test: Function) -> str | None:
        """Returns the script of one test, or None when it needs a runner."""
        loops = _loops(test)
        if loops is None or self.has_setup or not isinstance(test, ast.FunctionDef) or _is_generator(test):
            return None
        fixtures = sorted(_required(test) - {name for names, _, _ in loops for name in names})
        if not all(self._is_plain_fixture(name) for name in fixtures):
            return None
        own = [test.args, *test.body, *(rows for _, _, rows in loops)]
        roots = frozenset(fixtures).union(*map(used_names, own))
        nodes = [self.candidates[at] for at in self.needs.of(roots)]
        nodes = [node for node in nodes if node is not test]
        if not all(self._is_carried(node) for node in (*nodes, test)):
            return None
        head = [line for node in nodes for line in self._lines(node)]
        uses = {name for node in (*nodes, *own) for name in _uses_of_pytest(node)}
        if uses:
            head.insert(0, stand_in(uses))
        futures = [node for node in self.candidates if _origin(node) == "__future__"]
        head = [self.source.segment(node) for node in futures] + head
        call = _call(test.name, loops, fixtures, self.source)
        return "\n".join([*head, "", self.source.segment(test), "", "", call, ""])

    def _is_plain_fixture(self, name: str) -> bool:
        """Says whether `name` is a fixture that needs nothing and only returns something."""
        node = self.fixtures.get(name)
        if node is None or _required(node) or _is_generator(node) or len(node.decorator_list) != 1:
            return False
        decorator = node.decorator_list[0]
        return not isinstance(decorator, ast.Call) or not decorator.keywords

    def _is_carried(self, node: ast.stmt) -> bool:
        """Says whether a script can do without pytest and without other files for this statement."""
        if isinstance(node, ast.Import):
            return all(alias.name != "pytest" or alias.asname in (None, "pytest") for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            if node.module == "pytest":
                return all(alias.name in CARRIED | _ONLY_DECORATE for alias in node.names)
            return not node.level or self._is_under_test(node)
        return _uses_of_pytest(node) <= CARRIED | _ONLY_DECORATE and _raises_in_with_only(node)

    def _is_under_test(self, node: ast.ImportFrom) -> bool:
        origin = node.module or ""
        first, _, _ = origin.partition(".")
        if not self.module or (not node.level and first != origin and first in sys.stdlib_module_names):
            return False
        return not origin or origin.rpartition(".")[2] == self.module

    def _lines(self, node: ast.stmt) -> Iterator[str]:
        """Yields a needed statement as the script has it."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                if self.module and alias.name.rpartition(".")[2] == self.module:
                    yield f"import skill as {alias.asname or self.module}"  # what the sandbox calls the loaded code
                elif alias.name != "pytest":
                    yield f"import {_aliased(alias.name, alias.asname)}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield from self._from_lines(node, alias)
        elif is_fixture(node) or is_test(node):
            yield self.source.segment(node) + "\n\n"
        else:
            yield self.source.decorated(node) + ("\n\n" if isinstance(node, Function | ast.ClassDef) else "")

    def _from_lines(self, node: ast.ImportFrom, alias: ast.alias) -> Iterator[str]:
        name = alias.asname or alias.name
        if node.module == "__future__":
            return  # put first by the caller
        if node.module == "pytest":
            if alias.name not in _ONLY_DECORATE:
                yield f"{name} = pytest.{alias.name}"
        elif alias.name == self.module and node.module != self.module and name in self.dotted:
            yield f"import skill as {name}"
        elif self._is_under_test(node) or (alias.name == self.module and self.module):
            if name != alias.name:
                yield f"{name} = {alias.name}"
        else:
            yield f"from {node.module} import {_aliased(alias.name, alias.asname)}"


def _loops(test: Function) -> list[_Loop] | None:
    """Returns the `parametrize` marks of a test, or None when one of its decorators is not understood."""
    loops = []
    for each in test.decorator_list:
        mark = each.func if isinstance(each, ast.Call) else each
        if not isinstance(mark, ast.Attribute) or _last(mark.value) != "mark" or mark.attr in _OTHER_RUNS:
            return None
        if mark.attr == "parametrize":
            loop = _loop(each)
            if loop is None:
                return None
            loops.append(loop)
    return loops


def _loop(mark: ast.expr) -> _Loop | None:
    if not isinstance(mark, ast.Call) or len(mark.args) != 2 or any(key.arg != "ids" for key in mark.keywords):
        return None
    given = literal_value(mark.args[0])
    names = [name.strip() for name in given.split(",")] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not names:
        return None
    if not all(isinstance(name, str) and name.isidentifier() for name in names):
        return None
    bare = isinstance(given, str) and len(names) == 1
    params = [each for each in ast.walk(mark.args[1]) if isinstance(each, ast.Call) and _last(each) == "param"]
    if (bare and params) or any(key.arg != "id" for each in params for key in each.keywords):
        return None
    return tuple(names), bare, mark.args[1]


def _call(test: str, loops: list[_Loop], fixtures: list[str], source: Source) -> str:
    """Returns the call of a test, in one loop for each `parametrize`."""
    lines, arguments = [], [f"{name}={name}()" for name in fixtures]
    for depth, (names, bare, rows) in enumerate(loops):
        lines.append(f"{'    ' * depth}for row_{depth} in (\n{source.segment(rows)}\n{'    ' * depth}):")
        arguments.append(f"{names[0]}=row_{depth}" if bare else f"**dict(zip({names!r}, row_{depth}, strict=True))")
    return "\n".join([*lines, f"{'    ' * len(loops)}{test}({', '.join(arguments)})"])


def _aliased(name: str, asname: str | None) -> str:
    return f"{name} as {asname}" if asname else name


def _origin(node: ast.stmt) -> str | None:
    return node.module if isinstance(node, ast.ImportFrom) and not node.level else None


def _last(node: ast.expr) -> str:
    """Returns the last name of a dotted name, whether it is called or not."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _keyword(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and any(key.arg == name for key in node.keywords)


def _required(node: Function) -> frozenset[str]:
    """Returns the parameters of a function that have no default."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    bare = positional[: len(positional) - len(given.defaults)]
    bare += [arg for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return frozenset(arg.arg for arg in bare)


def _is_generator(node: Function) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))


def _raises_in_with_only(node: ast.stmt) -> bool:
    """Says whether each `raises(Error)` or `raises(Error, match=…)` in `node` heads a with statement."""
    nodes = list(ast.walk(node))
    heads = {id(item.context_expr) for each in nodes if isinstance(each, ast.With) for item in each.items}
    calls = [each for each in nodes if isinstance(each, ast.Call) and _last(each) == "raises"]
    return all(
        id(call) in heads and len(call.args) == 1 and all(key.arg == "match" for key in call.keywords) for call in calls
    )


def _uses_of_pytest(node: ast.AST) -> frozenset[str]:
    """Returns which names of pytest `node` uses as `pytest.name`, or imports from it."""
    names: Iterable[str] = (
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "pytest"
    )
    if isinstance(node, ast.ImportFrom) and node.module == "pytest":
        names = (alias.name for alias in node.names)
    return frozenset(names)
