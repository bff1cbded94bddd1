"""Where each setting comes from: the default, a line of `config.toml`, or a variable; for people who wonder why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from hansa.entrypoints.config import Config, load
from hansa.entrypoints.problems import lines_of

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
