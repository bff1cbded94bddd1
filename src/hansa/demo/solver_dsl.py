"""The language in which the offline solver writes: kinds of values, and operators as Python templates.

An operator is one Python expression with holes, such as `{0}.split({1})`, and the kinds of values that may fill them.
The template is the only definition: it is compiled once to be evaluated and pasted together to be printed, so the
code that comes out is what was tried. Nothing here knows a task; the operators are the methods and built-ins of str,
int, float, list and dict, the three plainest token classes of `re`, and their element-wise versions.

Rules that keep a search harmless:
1. Kinds are read off the values; a value beyond the bounds has the kind TOO_LARGE and is never an operand.
2. Holes that decide how large a result is (repetition, padding, ranges, powers) take a NAT, which is at most MAX_NAT.
3. No template calls anything that was passed in, reads an attribute chosen by data, or changes its operands.

Example:
    >>> Op("{0}.split({1})", (TEXT, TEXT)).apply("a-b", "-")
    ['a', 'b']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_TEXT = 1_000  # characters
MAX_ITEMS = 200  # elements of a list, tuple or dictionary
MAX_INT = 10**12  # size of any number, either sign
MAX_NAT = 128  # the largest number that may decide the size of a result

Kind = str
Kinds = tuple[Kind, ...]

TOO_LARGE: Kind = "too large"
NO_KIND: Kind = "no kind"  # a value, or a row of values, that no operator takes

TEXT: Kinds = ("str",)
NAT: Kinds = ("nat",)
INT: Kinds = ("nat", "int")
NUMBER: Kinds = ("nat", "int", "float")
BOOL: Kinds = ("bool",)
DICT: Kinds = ("dict",)
OPTIONAL: Kinds = ("optional",)
TEXTS: Kinds = ("texts",)
NUMBERS: Kinds = ("numbers",)
ROWS: Kinds = ("rows",)
LIST: Kinds = ("texts", "numbers", "rows", "records", "mixed")
SEQUENCE: Kinds = TEXT + LIST
SCALAR: Kinds = TEXT + NUMBER + BOOL
ANY: Kinds = SCALAR + LIST + DICT

_ELEMENTS: dict[frozenset[type], Kind] = {
    frozenset(): "empty",
    frozenset({str}): "texts",
    frozenset({int}): "numbers",
    frozenset({float}): "numbers",
    frozenset({int, float}): "numbers",
    frozenset({list}): "rows",
    frozenset({tuple}): "rows",
    frozenset({dict}): "records",
}


def kind_of(value: Any) -> Kind:
    """Returns the kind of one value."""
    exact = type(value)
    if exact is str:
        return "str" if len(value) <= MAX_TEXT else TOO_LARGE
    if exact is bool:
        return "bool"
    if exact is int:
        return "nat" if 0 <= value <= MAX_NAT else "int" if -MAX_INT <= value <= MAX_INT else TOO_LARGE
    if exact is float:
        return "float" if -MAX_INT <= value <= MAX_INT else TOO_LARGE
    if exact is list or exact is tuple:
        return _ELEMENTS.get(frozenset(map(type, value)), "mixed") if len(value) <= MAX_ITEMS else TOO_LARGE
    if exact is dict:
        return "dict" if len(value) <= MAX_ITEMS else TOO_LARGE
    return "none" if value is None else NO_KIND


def joint_kind(values: Iterable[Any]) -> Kind:
    """Returns the kind that covers all of `values`, one value per case."""
    kinds = set(map(kind_of, values))
    if TOO_LARGE in kinds:
        return TOO_LARGE
    if len(kinds) == 1:
        return kinds.pop()
    if kinds <= set(NUMBER):
        return "float" if "float" in kinds else "int"
    if "none" in kinds:
        return "optional"
    kinds.discard("empty")
    if kinds <= set(LIST):
        return kinds.pop() if len(kinds) == 1 else "mixed"
    return NO_KIND


_SAFE = {f.__name__: f for f in (abs, all, any, dict, divmod, enumerate, float, format, int, len, list, max, min, range,
                                 reversed, round, set, sorted, str, sum, tuple, zip)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Op:
    """One way to build a value.

    Attributes:
        template: a Python expression with one numbered hole per operand.
        holes: the kinds that each hole takes.
        cost: what the operator adds to the size of an expression.
        apply: the template, compiled.
    """

    template: str
    holes: tuple[Kinds, ...]
    cost: int = 1
    apply: Callable[..., Any] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        names = [f"a{number}" for number in range(len(self.holes))]
        source = f"lambda {', '.join(names)}: {self.template.format(*names)}"
        # Only templates written in this module are compiled, never text from a request.
        object.__setattr__(self, "apply", eval(source, {"__builtins__": _SAFE, "re": re}))  # noqa: S307


def _ops(holes: tuple[Kinds, ...], *templates: str, cost: int = 1) -> tuple[Op, ...]:
    return tuple(Op(template, holes, cost) for template in templates)


# What is rarely the missing piece costs more, so that the search gets deeper with the rest.
_RARE = 2

_TEXT_TESTS = _ops((TEXT,), "{0}.isdigit()", "{0}.isalpha()", "{0}.isalnum()", "{0}.isupper()", "{0}.islower()", cost=2)
_NUMBER_TESTS = _ops((NUMBER, NUMBER), "({0} < {1})", "({0} <= {1})", "({0} == {1})", cost=_RARE)

# Operators that also work element by element.
_ELEMENTWISE: tuple[Op, ...] = (
    *_ops((TEXT,), "{0}.lower()", "{0}.upper()", "{0}.strip()", "{0}.split()", "int({0})"),
    *_ops((TEXT,), "{0}.title()", "{0}.capitalize()", "float({0})", cost=_RARE),
    *_ops((TEXT, TEXT), "({0} + {1})", "{0}.split({1})"),
    *_ops((TEXT, TEXT), "{0}.strip({1})", "{0}.partition({1})", cost=_RARE),
    *_ops((SEQUENCE,), "len({0})", "{0}[::-1]"),
    *_ops((SEQUENCE, INT), "{0}[{1}]", "{0}[:{1}]", "{0}[{1}:]"),
    *_ops((LIST,), "sorted({0})", "max({0})", "min({0})"),
    *_ops((NUMBERS,), "sum({0})"),
    *_ops((TEXTS, TEXT), "{1}.join({0})"),
    *_ops((NUMBER,), "str({0})", "(-{0})"),
    *_ops((NUMBER,), "abs({0})", "round({0})", "float({0})", cost=_RARE),
    *_ops((NUMBER, NUMBER), "({0} + {1})", "({0} - {1})", "({0} * {1})", "({0} / {1})"),
    *_ops((NUMBER, NUMBER), "({0} // {1})", "({0} % {1})", cost=_RARE),
    *_ops((DICT,), "list({0})", "list({0}.values())"),
    *_ops((DICT, SCALAR), "{0}[{1}]", "{0}.get({1})"),
)

_WHOLE: tuple[Op, ...] = (
    *_TEXT_TESTS,
    *_NUMBER_TESTS,
    *_ops((TEXT,), "{0}.splitlines()", "list({0})", "re.findall('[A-Za-z0-9]+', {0})"),
    *_ops((TEXT,), "{0}.swapcase()", "re.findall('[0-9]+', {0})", "re.findall('[A-Za-z]+', {0})", cost=_RARE),
    *_ops((TEXT, TEXT), "{0}.count({1})", "{0}.find({1})", "{0}.rpartition({1})", "({1} + {0} + {1})", cost=_RARE),
    *_ops((TEXT, TEXT), "{0}.removeprefix({1})", "{0}.removesuffix({1})", "{0}.rstrip({1})", cost=_RARE),
    *_ops((TEXT, TEXT), "({1} in {0})", "{0}.startswith({1})", "{0}.endswith({1})", cost=_RARE),
    *_ops((TEXT, TEXT, TEXT), "{0}.replace({1}, {2})"),
    *_ops((TEXT, NAT), "({0} * {1})"),
    *_ops((TEXT, NAT), "{0}.zfill({1})", "{0}.rjust({1})", "{0}.ljust({1})", cost=_RARE),
    *_ops((SEQUENCE,), "list(range(len({0})))"),
    *_ops((SEQUENCE, INT), "{0}[::{1}]"),
    *_ops((SEQUENCE, INT, INT), "{0}[{1}:{2}]", "{0}[{1}:{1} + {2}]"),
    *_ops((SEQUENCE, NUMBERS, INT), "[{0}[v:v + {2}] for v in {1}]"),
    *_ops((LIST,), "sorted({0}, reverse=True)", "[v for v in {0} if v]", "list(enumerate({0}))"),
    *_ops((LIST,), "[v for i, v in enumerate({0}) if v not in {0}[:i]]"),
    *_ops((ROWS,), "[list(v) for v in zip(*{0})]", "[w for v in {0} for w in v]", "dict({0})"),
    *_ops((LIST, LIST), "({0} + {1})", "list(zip({0}, {1}))", "dict(zip({0}, {1}))"),
    *_ops((LIST, LIST), "[v for v in {0} if v in {1}]", "[v for v in {0} if v not in {1}]", cost=_RARE),
    *_ops((NUMBERS, NUMBERS), *(f"[v {sign} w for v, w in zip({{0}}, {{1}})]" for sign in "+-*/")),
    *_ops((LIST, SCALAR), "({1} in {0})", "{0}.count({1})", "{0}.index({1})", "({0} + [{1}])", cost=_RARE),
    *_ops((ANY, ANY), "[{0}, {1}]", "({0}, {1})", cost=_RARE),
    *_ops((NUMBER,), "int({0})", "format({0}, '.2f')", "format({0}, ',')", cost=_RARE),
    *_ops((NUMBER, NUMBER), "min({0}, {1})", "max({0}, {1})", cost=_RARE),
    *_ops((NUMBER, NAT), "round({0}, {1})", cost=_RARE),
    *_ops((INT, INT), "divmod({0}, {1})", cost=_RARE),
    *_ops((INT, NAT), "({0} ** {1})", cost=_RARE),
    *_ops((NAT,), "list(range({0}))"),
    *_ops((NAT, NAT), "list(range({0}, {1}))"),
    *_ops((BOOL,), "(not {0})"),
    *_ops((BOOL, BOOL), "({0} and {1})", "({0} or {1})", cost=_RARE),
    *_ops((DICT,), "list({0}.items())", "{{v: k for k, v in {0}.items()}}", "len({0})"),
    *_ops((DICT, DICT), "({0} | {1})"),
    *_ops((OPTIONAL, SCALAR), "({1} if {0} is None else {0})"),
)

_LIST_OF: dict[Kind, Kind] = {"str": "texts", "nat": "numbers", "dict": "records", "texts": "rows"}


def _mapped(op: Op) -> Op:
    """Returns `op` applied to each element of a list in its first hole."""
    lists = tuple(_LIST_OF[kind] for kind in op.holes[0] if kind in _LIST_OF) or ROWS
    body = op.template.format("v", *(f"{{{number}}}" for number in range(1, len(op.holes))))
    return Op(f"[{body} for v in {{0}}]", (lists, *op.holes[1:]), op.cost)


def _filtered(op: Op) -> Op:
    """Returns the elements of a list in the first hole for which the test `op` holds."""
    lists = tuple(_LIST_OF[kind] for kind in op.holes[0] if kind in _LIST_OF)
    body = op.template.format("v", *(f"{{{number}}}" for number in range(1, len(op.holes))))
    return Op(f"[v for v in {{0}} if {body}]", (lists, *op.holes[1:]), op.cost)


OPS: tuple[Op, ...] = (
    *_ELEMENTWISE,
    *_WHOLE,
    *map(_mapped, _ELEMENTWISE),
    *map(_filtered, _TEXT_TESTS + _NUMBER_TESTS),
)
