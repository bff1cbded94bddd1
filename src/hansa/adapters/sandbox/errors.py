"""The one error of this package."""

from __future__ import annotations


class SandboxUnavailable(Exception):
    """No code can be run safely on this host.

    Attributes:
        advice: what the operator can do about it, one sentence.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice
