from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.skills.importing.nesting import MAX_BRANCHES, MAX_CHAIN, MAX_DEPTH, is_flat

FLAT = {
    "negative numbers": "x = [" + "-1, " * 5_000 + "]",
    "rows": "x = [" + "(1, [-2], {'a': b.c.d()}), " * 2_000 + "]",
    "lines": "x = -a.b(c)[0] + 1 if y else (2 ** 3)\n" * 3_000,
    "branches": "if a:\n    x = 1\n" + "elif a:\n    x = 1\n" * 400,
    "branches of several ifs": ("if a: pass\n" + "elif a: pass\n" * 300) * 20,
    "a comment of dashes": "# " + "-" * 5_000 + "\nx = 1",
    "a text of brackets": "x = '" + "(" * 5_000 + "'",
    "arguments": "f(" + ", ".join(f"lambda a{n}: -a{n}" for n in range(90)) + ")",
    "a chain": "x" + ".a()" * 240,
    "comparisons": "x" + " < y" * 3_000 + " and z" * 3_000,
}
DEEP = {
    "brackets": "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
    "prefixes": "-" * (MAX_DEPTH + 1) + "1",
    "prefixes in brackets": "-[" * 60 + "1" + "]" * 60,
    "not": "not " * (MAX_DEPTH + 1) + "x",
    "conditionals": "a if b else " * (MAX_DEPTH + 1) + "c",
    "lambdas": "lambda a, b: " * (MAX_DEPTH + 1) + "c",
    "chain": "x" + ".a" * (MAX_CHAIN + 1),
    "sum": "x" + " - x" * (MAX_CHAIN + 1),
    "chain of chains": "f(x" + ".a" * 300 + ")" + ".b" * 300,
    "branches": "if a: pass\n" + "elif a: pass\n" * (MAX_BRANCHES + 1),
    "branches with ifs inside": "if a: pass\n" + "elif a:\n if b: pass\n" * (MAX_BRANCHES + 1),
    "branches of inner ifs": "if a: pass\n"
    + "elif a: pass\n" * 300
    + "elif a:\n if b: pass\n"
    + " elif b: pass\n" * 300,
}


@pytest.mark.parametrize("name", FLAT)
def test_what_is_long_but_flat_is_read(name: str) -> None:
    ast.parse(FLAT[name])
    assert is_flat(FLAT[name])


@pytest.mark.parametrize("name", DEEP)
def test_what_is_deep_is_not(name: str) -> None:
    assert not is_flat(DEEP[name])


def test_the_standard_library_is_flat() -> None:
    """People's code never meets the bounds: of the files at hand, all do well within them."""
    for path in sorted(Path(ast.__file__).parent.glob("[a-e]*.py")):
        assert is_flat(path.read_text("utf-8")), path.name


def depth(node: ast.AST) -> int:
    """Returns the depth of a tree without recursion."""
    deepest, stack = 0, [(node, 1)]
    while stack:
        each, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in ast.iter_child_nodes(each))
    return deepest


PIECES = st.sampled_from(
    ["-", "not ", "(", ")", "[", "]", "a", "1", "+", ".b", ", ", " if c else ", "lambda: ", "lambda x, y: ", "**", "()"]
)


@given(st.lists(PIECES, max_size=30).map("".join), st.integers(1, 60))
def test_what_is_flat_makes_a_shallow_tree(piece: str, times: int) -> None:
    text = piece * times
    try:
        flat = is_flat(text)
        tree = ast.parse(text) if flat and len(text) < 20_000 else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    if tree is not None:
        assert depth(tree) <= 2 * (MAX_DEPTH + MAX_CHAIN) + 10 < sys.getrecursionlimit() * 2
