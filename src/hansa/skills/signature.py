"""Whether a call could fit a function, read from its source and never by running it.

Saves sandbox runs when candidates are tried on acceptance cases: one that can't even take the arguments need not be
started. It errs on the side of "could fit": what is not plain is let through, and the sandbox decides.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from hansa.skills.importing.source import Source, read_source

_TAKES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bytes": (bytes,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "List": (list,),
    "Sequence": (list, tuple, str),
    "tuple": (tuple,),
    "Tuple": (tuple,),
    "dict": (dict,),
    "Dict": (dict,),
    "Mapping": (dict,),
    "set": (set,),
    "Set": (set,),
}
"""Which literals an annotation takes; an annotation that is not here takes anything."""


def could_take(code: str, entry_point: str, arguments: str) -> bool:
    """Says whether the function `entry_point` in `code` could be called with `arguments`.

    Args:
        arguments: a Python literal of the tuple of positional arguments.
    """
    function = _function(code, entry_point)
    try:
        values = ast.literal_eval(arguments)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return True
    if function is None or not isinstance(values, tuple):
        return True
    parameters = [*function.args.posonlyargs, *function.args.args]
    required = len(parameters) - len(function.args.defaults)
    named_only = len(function.args.kwonlyargs) - sum(one is not None for one in function.args.kw_defaults)
    if len(values) < required or named_only:
        return False
    if len(values) > len(parameters) and function.args.vararg is None:
        return False
    return all(_fits(parameter.annotation, value) for parameter, value in zip(parameters, values, strict=False))


def parameters_of(code: str, entry_point: str) -> tuple[str, ...] | None:
    """Returns the names of what a function takes by place; None where that is not plain to see.

    >>> parameters_of("def repeat(count, word, times=1): return word", "repeat")
    ('count', 'word', 'times')
    """
    function = _function(code, entry_point)
    if function is None:
        return None
    return tuple(one.arg for one in [*function.args.posonlyargs, *function.args.args])


def given_count(arguments: str) -> int:
    """Returns how many arguments a Python literal of a tuple has; 0 for what is none."""
    try:
        values = ast.literal_eval(arguments)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return 0
    return len(values) if isinstance(values, tuple) else 0


@lru_cache(maxsize=1024)
def _function(code: str, entry_point: str) -> ast.FunctionDef | None:
    source = read_source(code)
    if not isinstance(source, Source):
        return None
    named = [one for one in source.body if isinstance(one, ast.FunctionDef) and one.name == entry_point]
    return named[-1] if named and not named[-1].decorator_list else None


def _fits(annotation: ast.expr | None, value: object) -> bool:
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _fits(annotation.left, value) or _fits(annotation.right, value)
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return value is None
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    taken = _TAKES.get(annotation.id) if isinstance(annotation, ast.Name) else None
    return taken is None or isinstance(value, taken)
