"""Python text, read and never run: a tree, the text of each statement, and which statement needs which.

The nesting is bounded before anything is parsed (`nesting`). Every function here answers for any text whatsoever; none
raises.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hansa.skills.importing.nesting import is_flat
from hansa.skills.importing.text import plain_newlines, unfit

MAX_SOURCE = 256 * 1024

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_UNREADABLE = (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Source:
    """Python text that parses.

    Attributes:
        text: with line feeds as its only line ends.
        lines: its lines in UTF-8, as positions in the tree count bytes.
    """

    text: str
    tree: ast.Module
    lines: tuple[bytes, ...]

    @property
    def body(self) -> list[ast.stmt]:
        """The statements at the top level, in order."""
        return self.tree.body

    def segment(self, node: ast.stmt | ast.expr) -> str:
        """Returns the text of `node`, a function's decorators not included."""
        last = (node.end_lineno or node.lineno) - 1
        piece = list(self.lines[node.lineno - 1 : last + 1])
        piece[-1] = piece[-1][: node.end_col_offset]
        piece[0] = piece[0][node.col_offset :]
        return b"\n".join(piece).decode()

    def decorated(self, node: ast.stmt) -> str:
        """Returns the text of the statement `node` with its decorators, if it has any."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        return "".join(f"@{self.segment(each)}\n" for each in decorators) + self.segment(node)

    def first_line(self, node: ast.stmt) -> int:
        """Returns the number of the line on which `node` begins, its decorators included."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        return min([node.lineno, *(each.lineno for each in decorators)])

    def without(self, nodes: Iterable[ast.stmt]) -> str:
        """Returns the text less the lines of `nodes` and of the comments right above them.

        A statement that shares a line with one that stays, stays as well. Where lines go, the blank ones on both sides
        do not add up.
        """
        leaving = {id(node) for node in nodes}
        spans = [(self.first_line(node), node.end_lineno or node.lineno, id(node) in leaving) for node in self.body]
        busy = {line for first, last, leaves in spans if not leaves for line in (first, last)}
        gone: set[int] = set()
        for first, last, leaves in spans:
            if leaves and first not in busy and last not in busy:
                start = first
                while start > 1 and self.lines[start - 2].startswith(b"#"):
                    start -= 1
                gone.update(range(start, last + 1))
        kept: list[bytes] = []
        blanks: list[bytes] = []  # the longest run of blank lines since the last line that was kept
        run: list[bytes] = []
        for number, line in enumerate(self.lines, start=1):
            if number in gone:
                run = []
            elif not line.strip():
                run.append(line)
                blanks = run if len(run) >= len(blanks) else blanks
            else:
                kept += [*blanks, line]
                blanks, run = [], []
        return b"\n".join(kept).decode().strip("\n") + "\n"


def read_source(text: str) -> Source | str:
    """Returns `text` as Python, or what keeps it from being Python, in a few words."""
    text = plain_newlines(text)
    tree = _parse(text)
    if isinstance(tree, str):
        return tree
    return Source(text, tree, tuple(text.encode().split(b"\n")))


def _parse(text: str) -> ast.Module | str:
    if len(text) > MAX_SOURCE:
        return f"has {len(text)} characters, at most {MAX_SOURCE} are read"
    bad = unfit(text)
    if bad:
        return bad
    try:
        if not is_flat(text):
            return "nests too deeply"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in somebody else's text are not ours to print
            return ast.parse(text)
    except SyntaxError as error:
        return f"is not Python (line {error.lineno or 1})"
    except _UNREADABLE:
        return "is not Python that can be read"


class NotLiteral:
    """Stands for an expression that is not a Python literal."""


def literal_value(node: ast.expr) -> object:
    """Returns the value of a literal, or a `NotLiteral`."""
    try:
        return ast.literal_eval(node)
    except (*_UNREADABLE, TypeError, KeyError):
        return NotLiteral()


def literal_of(text: str) -> object:
    """Returns the value of a literal given as text, or a `NotLiteral`."""
    tree = _parse(text.strip())
    if isinstance(tree, str) or len(tree.body) != 1:
        return NotLiteral()
    statement = tree.body[0]
    return literal_value(statement.value) if isinstance(statement, ast.Expr) else NotLiteral()


def literal_text(value: object) -> str | None:
    """Returns `value` as a Python literal that is the same in every process, or None when there is none.

    The members of a set are sorted by their text, as their own order changes from run to run.
    """
    if isinstance(value, tuple | list | set):
        parts = [literal_text(item) for item in value]
        texts = [part for part in parts if part is not None]
        if len(texts) < len(parts):
            return None
        if isinstance(value, set):
            return "{" + ", ".join(sorted(texts)) + "}" if texts else "set()"
        return f"[{', '.join(texts)}]" if isinstance(value, list) else _tuple_text(texts)
    if isinstance(value, dict):
        pairs = [(literal_text(key), literal_text(item)) for key, item in value.items()]
        if any(key is None or item is None for key, item in pairs):
            return None
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    return _scalar_text(value)


def _tuple_text(texts: list[str]) -> str:
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def _scalar_text(value: object) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, str | bytes | bool | int | float | None):
        return None
    try:
        return repr(value)
    except ValueError:  # more digits than Python writes
        return None


def used_names(node: ast.AST) -> frozenset[str]:
    """Returns the names that `node` reads, anywhere within it."""
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return frozenset(name.id for name in names if isinstance(name.ctx, ast.Load))


def bound_names(node: ast.stmt) -> frozenset[str]:
    """Returns the names that the statement `node` binds in the scope it stands in."""
    return frozenset(_bound(node))


def _bound(node: ast.stmt) -> Iterator[str]:
    stack: list[ast.AST] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in each.names)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
        if not isinstance(each, _Scope):
            stack.extend(ast.iter_child_nodes(each))


class Needs:
    """Which of some statements need which: an index over the names that they bind and read."""

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        self.reads: list[frozenset[str]] = []
        self.binders: dict[str, list[int]] = {}
        for position, each in enumerate(statements):
            self.reads.append(used_names(each))
            for name in bound_names(each):
                self.binders.setdefault(name, []).append(position)

    def of(self, roots: Iterable[str]) -> list[int]:
        """Returns the positions of those statements that bind a name in `roots`, or one that such a statement reads."""
        found: set[int] = set()
        seen = set(roots)
        pending = list(seen)
        while pending:
            for position in self.binders.get(pending.pop(), ()):
                if position not in found:
                    found.add(position)
                    fresh = self.reads[position] - seen
                    seen |= fresh
                    pending.extend(fresh)
        return sorted(found)
