"""The default policy as a player of the Axelrod library (https://axelrod.readthedocs.io), which is an extra.

Importing this module needs that library.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hansa.conduct.steadfast import Bond, Patience, after

axl: Any = import_module("axelrod")


class Steadfast(axl.Player):  # type: ignore[misc]
    """Plays as `hansa.conduct.steadfast` decides."""

    name = "Steadfast"
    classifier = {  # noqa: RUF012 - the library's own way
        "memory_depth": float("inf"),
        "stochastic": False,
        "long_run_time": False,
        "inspects_source": False,
        "manipulates_source": False,
        "manipulates_state": False,
    }

    def __init__(self) -> None:
        super().__init__()
        self.bond = Bond()

    def strategy(self, opponent: Any) -> Any:
        """Returns what it does next."""
        if self.history:
            theirs, ours = opponent.history[-1] is axl.Action.C, self.history[-1] is axl.Action.C
            self.bond = after(self.bond, theirs, ours, Patience())
        return axl.Action.C if self.bond.friendly else axl.Action.D
