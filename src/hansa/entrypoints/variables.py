"""Variables named HANSA_… that set nothing: slips, told with the name that was probably meant.

A slip in `config.toml` is refused, for that file is Hansa's alone. The environment belongs to others too (an
orchestrator names variables after a service, a model's key may be called anything): there a slip stops nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from hansa.entrypoints.config import Config, names
from hansa.entrypoints.problems import PREFIX, nearest

OF_COMMANDS = ("HANSA_HOME", "HANSA_SESSION")
"""What commands read beside the settings."""

OF_DEVELOPERS = ("HANSA_TEST_", "HANSA_BENCH_")
"""How the names begin that this project's own tests and measurements read."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A variable that sets nothing.

    Attributes:
        nearest: the variable that was probably meant; "" when none is near.
    """

    name: str
    nearest: str

    def __str__(self) -> str:
        """Returns the sentence that says what to do."""
        advice = f"{self.nearest} is the nearest that does" if self.nearest else "hansa config show names all settings"
        return f"the variable {self.name} sets nothing: {advice}"

    def view(self) -> dict[str, str]:
        """Returns it as plain values."""
        return asdict(self)


def settings_variables() -> list[str]:
    """Returns every variable that sets something."""
    return [PREFIX + one.upper().replace(".", "__") for one in names()]


def strays(config: Config, environment: Mapping[str, str] = os.environ) -> list[Stray]:
    """Returns the variables that begin like Hansa's and set nothing, by name.

    Args:
        config: the settings in force; the keys of models that it names are no strays.
    """
    right = [*settings_variables(), *OF_COMMANDS]
    read = {*right, *(route.key_env.upper() for route in config.llm)}
    ours = sorted(name for name in environment if name.upper().startswith(PREFIX))
    wrong = [one for one in ours if one.upper() not in read and not one.upper().startswith(OF_DEVELOPERS)]
    return [Stray(one, nearest(one.upper(), right)) for one in wrong]
