"""What is wrong with settings, in our words: what, and where it was said, so that it can be put right there."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hansa.kernel.errors import UsageError
from hansa.kernel.plain import plain

PREFIX = "HANSA_"
LIST = 'must be a list, written ["one", "two"]; in a variable too, within single quotes for the shell'

WORDS: Mapping[str, str] = {
    "int_parsing": "must be a whole number, not {input}",
    "int_parsing_size": "must be a whole number of a usual size",
    "int_type": "must be a whole number, not {input}",
    "int_from_float": "must be a whole number, not {input}",
    "float_parsing": "must be a number, not {input}",
    "float_type": "must be a number, not {input}",
    "finite_number": "must be a number, not {input}",
    "bool_parsing": "must be true or false, not {input}",
    "bool_type": "must be true or false, not {input}",
    "string_type": "must be text, not {input}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than": "must be above {gt}, not {input}",
    "greater_than_equal": "must be at least {ge}, not {input}",
    "less_than_equal": "must be at most {le}, not {input}",
    "tuple_type": LIST,
    "dataclass_type": "is a section: its settings stand below [{name}], or in variables HANSA_{upper}__NAME",
    "missing": "must be given",
    "no_host": "must be an IP address or the name of a host, without scheme and port, not {host}",
    "unexpected_keyword_argument": "there is no such setting",
}
"""Our sentence for each kind of error that the library finds; `name`, `upper` and `input` are the setting's."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that makes no sense.

    Attributes:
        name: of the setting; its start alone where it stands in a list.
        what: what is wrong with it.
        origin: "FILE:LINE", a variable's name, or a flag; "" when nothing says it.
    """

    name: str
    what: str
    origin: str

    def __str__(self) -> str:
        """Returns the sentence."""
        where = f" (in {self.origin})" if self.origin else ""
        return f"setting {self.name}: {self.what}{where}"

    def view(self) -> dict[str, str]:
        """Returns it for programs."""
        return {"setting": self.name, "problem": self.what, "origin": self.origin}


class BadSettings(UsageError):
    """Settings make no sense; `problems` are all that was found."""

    def __init__(self, problems: Sequence[Problem], all_told: bool = False) -> None:
        """Says the first, and how many there are; only how many where each is told beside it."""
        self.problems = tuple(problems)
        if all_told and len(problems) > 1:
            super().__init__(f"{len(problems)} settings make no sense")
            return
        more = f"; {len(problems) - 1} more: hansa config check names all" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")


@dataclass(frozen=True, slots=True)
class Given:
    """What was said of settings, and where.

    Attributes:
        text: of the file.
        flags: by the setting's name.
    """

    path: Path
    text: str = ""
    flags: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def origin(self, name: str) -> str:
        r"""Returns where a setting is said: the first of flag, variable and file that names it or its section.

        >>> Given(Path("config.toml"), "[limits]\nmax_keys = 2", {}, {}).origin("limits.max_keys")
        'config.toml:2'
        """
        top = name.partition(".")[0]
        if self.flags.get(top) is not None:
            return f"the flag --{top.replace('_', '-')}"
        spelled = {one.upper(): one for one in self.environment}
        for one in (name, top):
            if variable := spelled.get(PREFIX + one.upper().replace(".", "__")):
                return variable
        lines = lines_of(self.text)
        line = lines.get(name) or lines.get(name.rpartition(".")[0]) or lines.get(top) or table_of(self.text, top)
        return f"{self.path}:{line}" if line else ""


def in_our_words(error: Mapping[str, Any], given: Given) -> Problem:
    """Returns what the library found, as it is told."""
    path = [str(part) for part in error["loc"]]
    name = ".".join(part for part in path if not part.isdigit())
    shown = plain(str(error["input"]), 40) or "nothing"
    if error["type"] == "literal_error":
        choices = [one.strip("'") for one in re.findall(r"'[^']*'", str(error["ctx"]["expected"]))]
        return Problem(name, f"{shown} is none of {', '.join(filter(None, choices))}", given.origin(name))
    if name == "llm" and error["type"] == "tuple_type":
        return Problem(name, "must be tables that begin with [[llm]]", given.origin(name))
    words = WORDS.get(error["type"], str(error["msg"]))
    what = words.format_map({"name": name, "upper": name.upper(), "input": shown, **error.get("ctx", {})})
    return Problem(name, what, given.origin(".".join(path)))


def slip(name: str, names: Iterable[str], given: Given) -> Problem:
    """Returns the problem of a name in the file that is no setting's; `names` are all that are."""
    meant = nearest(name, names)
    advice = f"{meant} is the nearest that is one" if meant else "hansa config schema names all"
    return Problem(re.sub(r"\.\d+", "", name), f"there is no such setting: {advice}", given.origin(name))


def nearest(name: str, names: Iterable[str]) -> str:
    """Returns the one of `names` that is most like `name`; "" when none is near.

    >>> nearest("HANSA_PROT", ["HANSA_HOST", "HANSA_PORT"]), nearest("HANSA_SEVENTEEN", ["HANSA_PORT"])
    ('HANSA_PORT', '')
    """
    bare = {one.removeprefix(PREFIX): one for one in names}  # the common start would make all alike
    return next((bare[one] for one in get_close_matches(name.removeprefix(PREFIX), bare, 1)), "")


_TABLE = re.compile(r"^\s*\[(\[?)\s*([\w.\"'-]+)\s*\]")
_NAME = re.compile(r"^\s*([\w.\"' -]+?)\s*=")


def lines_of(text: str) -> dict[str, int]:
    r"""Returns the line on which each name of a TOML text stands; of an inline table, the table's.

    A table that may be repeated is numbered, and has the line of its head.

    >>> lines_of('port = 1\n\n[limits]\nmax_keys = 2\n[[llm]]\nname = "x"')
    {'port': 1, 'limits.max_keys': 4, 'llm': 5, 'llm.0': 5, 'llm.0.name': 6}
    """
    found: dict[str, int] = {}
    section = ""
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        head, entry = _TABLE.match(line), _NAME.match(line)
        if head and head[1]:
            name = _bare(head[2])
            section = f"{name}.{counts.get(name, 0)}."
            counts[name] = counts.get(name, 0) + 1
            found.setdefault(name, number)
            found.setdefault(section.rstrip("."), number)
        elif head:
            section = _bare(head[2]) + "."
        elif entry and _is_an_entry(line):
            found.setdefault(section + _bare(entry[1]), number)
    return found


def table_of(text: str, name: str) -> int:
    """Returns the line on which a table begins; 0 when none does."""
    heads = ((number, _TABLE.match(line)) for number, line in enumerate(text.splitlines(), 1))
    return next((number for number, head in heads if head and _bare(head[2]).partition(".")[0] == name), 0)


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _is_an_entry(line: str) -> bool:
    """Says whether a line is one by itself, and no part of a text that goes over several."""
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return line.rstrip().endswith(("[", "{", ",", '"""', "'''"))
