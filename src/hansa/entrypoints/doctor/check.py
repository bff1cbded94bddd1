"""What a check comes to: fine, worth a look, or broken; and one sentence that says what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: what was looked at.
        state: ok, warn (it works, something is worth a look) or fail (something does not work).
        text: what was found.
        advice: what to do about it; "" when nothing.
    """

    name: str
    state: str
    text: str
    advice: str = ""

    def view(self) -> dict[str, str]:
        """Returns it as plain values."""
        return asdict(self)


def good(name: str, text: str) -> Check:
    """Returns a check that found nothing wrong."""
    return Check(name, OK, text)


def doubtful(name: str, text: str, advice: str) -> Check:
    """Returns a check that found something worth a look."""
    return Check(name, WARN, text, advice)


def failed(name: str, text: str, advice: str = "") -> Check:
    """Returns a check that found something broken.

    Args:
        advice: by default what stands behind the last ": " of the text, as in every error of Hansa's.
    """
    if not advice and ": " in text:
        text, _, advice = text.rpartition(": ")
    return Check(name, FAIL, text, advice)
