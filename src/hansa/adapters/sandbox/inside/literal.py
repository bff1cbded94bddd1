"""Reads a Python literal, as `ast.literal_eval` does.

Why not that: importing `ast` costs as much as starting the whole interpreter (it pulls in `re` and `enum`), and each
job pays for it. Even `_ast` costs a tenth of it, so plain tuples do without. The tests hold the two against each other.
"""

from __future__ import annotations

from .compiling import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

_ONLY_AST = 0x400
_PLAIN = frozenset("0123456789,()")  # outside strings; with these a constant can only be a tuple or a number
_INTRICATE = ("\\", '"', "\n", "\r", "\f")
_ONE_CONSTANT = 6  # bytes of code that do nothing but return it; a call of it would be more


def read(text: str) -> object:
    """Returns the value of the literal `text`, newly built each time.

    Raises:
        ValueError: it is an expression, but not a literal.
        SyntaxError: it is not an expression.
    """
    text = text.lstrip(" \t")
    if _is_plain(text):
        code = expression(text, "<arguments>")
        if len(code.co_code) <= _ONE_CONSTANT:
            return eval(code, {})  # noqa: S307 - it loads one constant and returns it
    return _value(compile(text, "<arguments>", "eval", flags=_ONLY_AST, dont_inherit=True).body)


def _is_plain(text: str) -> bool:
    """Returns whether it is made of numbers, tuples and strings in single quotes without escapes, and calls nothing."""
    pieces = text.split("'")
    if len(pieces) % 2 == 0 or any(mark in text for mark in _INTRICATE):
        return False
    outside = "0".join(pieces[::2]).replace(" ", "")
    opened = (outside[place - 1] for place, letter in enumerate(outside) if letter == "(" and place)
    return _PLAIN.issuperset(outside) and all(before in "(," for before in opened)


def warm() -> None:
    """Has the interpreter build what it builds on first use, so that trials forked later need not."""
    read("([],)")
    exec(compile("def f(): pass", "<nothing>", "exec"), {})


def _value(node: ast.AST) -> object:
    import _ast

    if isinstance(node, _ast.Constant):
        return node.value
    if isinstance(node, _ast.Tuple):
        return tuple([_value(item) for item in node.elts])
    if isinstance(node, _ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, _ast.Set):
        return {_value(item) for item in node.elts}
    if isinstance(node, _ast.Dict) and None not in node.keys:
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    if isinstance(node, _ast.Call) and _is_empty_set(node):
        return set()
    if isinstance(node, _ast.BinOp) and isinstance(node.op, _ast.Add | _ast.Sub):
        left, right = _signed(node.left), _number(node.right)
        if isinstance(left, int | float) and isinstance(right, complex):
            return left + right if isinstance(node.op, _ast.Add) else left - right
    return _signed(node)


def _is_empty_set(node: ast.Call) -> bool:
    import _ast

    return isinstance(node.func, _ast.Name) and node.func.id == "set" and not node.args and not node.keywords


def _signed(node: ast.AST) -> complex:
    import _ast

    if isinstance(node, _ast.UnaryOp) and isinstance(node.op, _ast.UAdd | _ast.USub):
        operand = _number(node.operand)
        return +operand if isinstance(node.op, _ast.UAdd) else -operand
    return _number(node)


def _number(node: ast.AST) -> complex:
    import _ast

    if isinstance(node, _ast.Constant):
        value = node.value
        if isinstance(value, int | float | complex) and not isinstance(value, bool):
            return value
    raise ValueError("not a literal")
