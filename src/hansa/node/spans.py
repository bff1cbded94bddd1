"""Where time goes on the way of a message: named stretches of work, told to whoever traces; to nobody by default.

The node opens a span around each station, one for all messages that are together there; the composition root gives it
something that records them, or `NO_SPANS`, whose spans are one object that does nothing. Attributes are ids, kinds,
counts and codes: never text of a skill.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

NAMES = ("receive", "verify", "decide", "append", "prove", "deliver", "pull")
"""Every span that a node opens, in the order of the picture."""


class Spans(Protocol):
    """Records stretches of work."""

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Returns a block to work in; what is opened within it is part of it, and an error that leaves it is noted."""
        ...

    def close(self) -> None:
        """Hands on what waits."""
        ...


class NoSpans:
    """Records nothing."""

    _NOTHING: AbstractContextManager[object] = nullcontext()

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Returns the one block that does nothing."""
        return self._NOTHING

    def close(self) -> None:
        """Has nothing to hand on."""


NO_SPANS = NoSpans()
