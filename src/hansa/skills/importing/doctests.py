"""Examples in docstrings, read into checks.

An example that calls the entry point with literals and shows a literal becomes a data case, the stronger kind. If a
docstring has any other example (one that needs a name, prints, or raises), the docstring also becomes one script that
plays all of its examples in order. Both are read here and run in the sandbox only.
"""

from __future__ import annotations

import ast
import doctest
from collections.abc import Iterator
from dataclasses import dataclass, field

from hansa.skills.importing.source import (
    NotLiteral,
    Source,
    literal_of,
    literal_text,
    literal_value,
    read_source,
)
from hansa.skills.model import Case

MAX_CASES = 200
_MAX_LITERAL = 20_000

# The parser and the comparison are the standard library's. Its runner is not used: it sets up a debugger, which looks
# for a settings file in the home directory, and the sandbox would report that as an attempt to reach foreign files.
_PLAYER = """\
import contextlib
import doctest
import io
import traceback


def play(examples, names):
    checker = doctest.OutputChecker()
    for example in examples:
        flags = 0
        for flag, on in example.options.items():
            flags = flags | flag if on else flags & ~flag
        if flags & doctest.SKIP:
            continue
        shown = io.StringIO()
        error = None
        with contextlib.redirect_stdout(shown):
            try:
                exec(compile(example.source, "<example>", "single"), names)
            except Exception as raised:
                error = raised
        if example.exc_msg is None:
            if error is not None:
                raise error
            want, got = example.want, shown.getvalue()
        else:
            assert error is not None, f"{example.source.strip()} did not raise"
            want, got = example.exc_msg, "".join(traceback.format_exception_only(type(error), error))
            if flags & doctest.IGNORE_EXCEPTION_DETAIL:
                want, got = (text.split(":")[0].strip().rpartition(".")[2] + "\\n" for text in (want, got))
        assert checker.check_output(want, got, flags), f"{example.source.strip()} shows {got.strip()[:200]}"


play(doctest.DocTestParser().get_examples(TEXT), NAMES)
"""


@dataclass(slots=True)
class Examples:
    """What the docstrings of a module came to."""

    cases: list[Case] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def has_examples(docstring: str | None) -> bool:
    """Says whether a docstring shows at least one example."""
    return bool(_examples(docstring or ""))


def without_examples(docstring: str) -> str:
    """Returns the prose of a docstring: its text less the examples."""
    try:
        parts = doctest.DocTestParser().parse(docstring)
    except ValueError:  # uneven indentation: an example ends at the next blank line
        return _without_prompts(docstring)
    return "".join(part for part in parts if isinstance(part, str))


def _without_prompts(docstring: str) -> str:
    kept: list[str] = []
    in_example = False
    for line in docstring.split("\n"):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            kept.append(line)
    return "\n".join(kept)


def read_examples(source: Source, entry: str, parts: list[ast.stmt]) -> Examples:
    """Returns the cases and scripts that the docstrings of the module and of `parts`, its functions, come to."""
    found = Examples()
    for node in (source.tree, *parts):
        for docstring in _docstrings(node):
            _take(docstring, entry, found)
    distinct = list(dict.fromkeys(found.cases))
    if len(distinct) > MAX_CASES:
        found.notes.append(f"{len(distinct) - MAX_CASES} examples were left out: a skill has at most {MAX_CASES} cases")
    found.cases = distinct[:MAX_CASES]
    return found


def _docstrings(node: ast.AST) -> Iterator[str]:
    for each in (node, *(node.body if isinstance(node, ast.ClassDef) else ())):
        if isinstance(each, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            docstring = ast.get_docstring(each)
            if docstring:
                yield docstring


def _examples(docstring: str) -> list[doctest.Example] | None:
    try:
        return doctest.DocTestParser().get_examples(docstring)
    except ValueError:  # uneven indentation
        return None


def _take(docstring: str, entry: str, found: Examples) -> None:
    examples = _examples(docstring)
    if examples is None:
        found.notes.append("a docstring with badly indented examples was left out: line its examples up")
        return
    cases = [_case(example, entry) for example in examples if not example.options.get(doctest.SKIP)]
    found.cases.extend(case for case in cases if case is not None)
    if None in cases:
        shown = "".join(_text(example) for example in examples)
        lines = "".join(f"    {line!r}\n" for line in shown.splitlines(keepends=True))
        found.scripts.append(f"NAMES = dict(globals())\nTEXT = (\n{lines})\n\n{_PLAYER}")


def _text(example: doctest.Example) -> str:
    """Returns an example as it is written in a docstring."""
    first, *more = example.source.removesuffix("\n").split("\n")
    return "\n".join([f">>> {first}", *(f"... {line}" for line in more), example.want]) + "\n"


def _case(example: doctest.Example, entry: str) -> Case | None:
    """Returns the example as a data case, or None when it says more than a case can."""
    if example.options or example.exc_msg is not None:
        return None
    read = read_source(example.source)
    if isinstance(read, str) or len(read.body) != 1:
        return None
    statement = read.body[0]
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or call.keywords or not isinstance(call.func, ast.Name) or call.func.id != entry:
        return None
    args = [literal_value(arg) for arg in call.args]
    if any(isinstance(arg, NotLiteral) for arg in args):
        return None
    text = literal_text(tuple(args))
    expect = example.want.strip() or "None"  # an example that shows nothing returns None
    if text is None or literal_text(literal_of(expect)) is None:
        return None
    return Case(args=text, expect=expect) if max(len(text), len(expect)) <= _MAX_LITERAL else None
