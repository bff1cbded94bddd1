"""Where each setting comes from: the default, a line of `config.toml`, or a variable; for people who wonder why."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from hansa.entrypoints.config import Config, load

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in force.

    Attributes:
        origin: "default", "FILE:LINE", or the variable's name.
    """

    name: str
    value: Any
    origin: str

    def view(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return asdict(self)


def settings(home: Path, environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Returns every setting in force, with where it comes from.

    Raises:
        UsageError: one makes no sense; names it.
    """
    path = home / "config.toml"
    values = load(home).model_dump(mode="json")
    in_file = lines_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    given = {name.upper(): name for name in environment}
    found = []
    for name, field in Config.model_fields.items():
        inner = values[name].items() if is_dataclass(field.default) else [("", values[name])]
        for key, value in inner:
            full = f"{name}.{key}" if key else name
            asked = (f"HANSA_{name}__{key}" if key else f"HANSA_{name}", f"HANSA_{name}")
            variable = next((given[one.upper()] for one in asked if one.upper() in given), "")
            line = in_file.get(full) or in_file.get(name)
            origin = variable or (f"{path}:{line}" if line else DEFAULT)
            found.append(Setting(full, value, origin))
    return found


_TABLE = re.compile(r"^\s*\[\s*([\w.\"'-]+)\s*\]")
_NAME = re.compile(r"^\s*([\w.\"' -]+?)\s*=")


def lines_of(text: str) -> dict[str, int]:
    r"""Returns the line on which each name of a TOML text stands; of an inline table, the table's.

    >>> lines_of('port = 1\n\n[limits]\nmax_keys = 2\n')
    {'port': 1, 'limits.max_keys': 4}
    """
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        head, entry = _TABLE.match(line), _NAME.match(line)
        if head:
            section = _bare(head[1]) + "."
        elif entry and _is_an_entry(line):
            found.setdefault(section + _bare(entry[1]), number)
    return found


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _is_an_entry(line: str) -> bool:
    """Says whether a line is one by itself, and no part of a text that goes over several."""
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return line.rstrip().endswith(("[", "{", ",", '"""', "'''"))
