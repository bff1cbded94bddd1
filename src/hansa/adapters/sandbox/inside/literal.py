"""Reads a Python literal, as `ast.literal_eval` does.

Why not that: importing `ast` costs as much as starting the whole interpreter (it pulls in `re` and `enum`), and each
job pays for it. The tests hold the two against each other.
"""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

_ONLY_AST = 0x400


def read(text: str) -> object:
    """Returns the value of the literal `text`, newly built each time.

    Raises:
        ValueError: it is an expression, but not a literal.
        SyntaxError: it is not an expression.
    """
    tree = compile(text.lstrip(" \t"), "<arguments>", "eval", flags=_ONLY_AST, dont_inherit=True)
    return _value(tree.body)


def _value(node: ast.AST) -> object:
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
    return isinstance(node.func, _ast.Name) and node.func.id == "set" and not node.args and not node.keywords


def _signed(node: ast.AST) -> complex:
    if isinstance(node, _ast.UnaryOp) and isinstance(node.op, _ast.UAdd | _ast.USub):
        operand = _number(node.operand)
        return +operand if isinstance(node.op, _ast.UAdd) else -operand
    return _number(node)


def _number(node: ast.AST) -> complex:
    if isinstance(node, _ast.Constant):
        value = node.value
        if isinstance(value, int | float | complex) and not isinstance(value, bool):
            return value
    raise ValueError("not a literal")
