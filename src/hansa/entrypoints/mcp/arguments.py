"""What is wrong with the arguments of a call, in our words: what it is, and what the parameter takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hansa.entrypoints import problems
from hansa.kernel.plain import plain

MOST_TOLD = 4
"""Faults that one answer names; a model mends those, and is told of the rest then."""

_DAY = "must be a day, written like 2026-11-20, not {input}"
WORDS: Mapping[str, str] = {
    **problems.WORDS,
    "string_too_short": "must have at least {min_length} characters",
    "string_pattern_mismatch": "has not the form of one: {input}",
    "too_long": "must have at most {max_length} entries, not {actual_length}",
    "list_type": "must be a list, not {input}",
    "model_type": "must be an object, not {input}",
    "model_attributes_type": "must be an object, not {input}",
    "extra_forbidden": "is no field of it",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
}
"""Our sentence for each kind of error that the library finds; `input` is what was given."""


def told(tool: str, errors: Sequence[Mapping[str, Any]], given: Iterable[str], schema: Mapping[str, Any]) -> str:
    """Returns what is wrong with a call: the faults, then what each parameter of theirs takes.

    Args:
        errors: what the library found, in its form.
        given: names of the arguments.
        schema: of the tool's input, as clients see it.
    """
    parameters: Mapping[str, Any] = schema.get("properties", {})
    strays = [plain(name, 40) for name in given if name not in parameters]
    more = f"; and {len(errors) - MOST_TOLD} more" if len(errors) > MOST_TOLD else ""
    faults = "; ".join(_fault(one) for one in errors[:MOST_TOLD]) + more
    lines = [f"{tool} was not run: {faults}" if errors else f"{tool} was not run"]
    if strays:
        lines.append(
            f"there is no parameter {', '.join(strays[:MOST_TOLD])}: it takes {', '.join(parameters) or 'none'}"
        )
    for name in dict.fromkeys(str(one["loc"][0]) for one in errors[:MOST_TOLD] if one["loc"]):
        if about := _description(parameters.get(name, {})):
            lines.append(f"{name}: {about}")
    return "\n".join(lines)


def _fault(error: Mapping[str, Any]) -> str:
    name = _name(error["loc"])
    shown = plain(repr(error["input"]), 40)
    if error["type"] == "literal_error":
        choices = re.findall(r"'([^']+)'", str(error["ctx"]["expected"]))
        return f"{name} must be one of {', '.join(choices)}, not {shown}"
    words = WORDS.get(error["type"], "is not what it takes: {input}")
    return f"{name} {words.format_map({**error.get('ctx', {}), 'input': shown})}"


def _name(path: Iterable[str | int]) -> str:
    """Returns the place of a fault, as it is written in code.

    >>> _name(("cases", 0, "args"))
    'cases[0].args'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _description(parameter: Mapping[str, Any]) -> str:
    """Returns what is said of a parameter; of one that may be left out, it stands with the first thing it can be."""
    either = parameter.get("anyOf") or [{}]
    return str(parameter.get("description") or either[0].get("description") or "")
