"""Bounds that hold before anything is parsed (architecture.md, "Records, ids, signatures"; threats 12, 13)."""

from __future__ import annotations

from dataclasses import dataclass

HARD_MAX_BYTES = 1024 * 1024
"""No configuration can raise the message size above this."""

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer every JSON reader agrees on (RFC 7493, section 2.2)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one message, checked on its bytes.

    Attributes:
        max_bytes: size of the whole message. Raising it lets larger skills in and costs memory per request;
            never above `HARD_MAX_BYTES`.
        max_depth: nesting of arrays and objects.
        max_keys: object keys in the whole message.
        max_items: array elements in the whole message.
    """

    max_bytes: int = 256 * 1024
    max_depth: int = 32
    max_keys: int = 1_000
    max_items: int = 10_000

    def validate(self) -> None:
        """Raises ValueError naming the field when a bound makes no sense."""
        if not 1 <= self.max_bytes <= HARD_MAX_BYTES:
            raise ValueError(f"max_bytes must be between 1 and {HARD_MAX_BYTES}, not {self.max_bytes}")
        for name in ("max_depth", "max_keys", "max_items"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


WHOLE_ANSWERS = Limits(max_bytes=5 * 1024 * 1024)
"""Bounds on what another node answers: a page of a feed has at most 4 MiB of records, each of them a text in it."""

ARGUMENTS = Limits(max_bytes=HARD_MAX_BYTES)
"""Bounds on what a holder of a token asks for: the text of a skill, with its checks, in one call."""
