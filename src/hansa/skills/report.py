"""The learning summary as Markdown, for people and for an agent's notes.

Whatever was noted is data: it is made one line, its control characters are escaped, and Markdown's own signs in it too.
"""

from __future__ import annotations

import re

from hansa.kernel.instant import iso
from hansa.kernel.plain import plain
from hansa.skills.learning import Learning, Pattern

_SIGNS = re.compile(r"([\\`*_{}\[\]<>|#])")


def markdown(found: Learning) -> str:
    """Returns the report."""
    if not found.count:
        return "# What was learnt\n\nNothing was noted yet.\n"
    outcomes = ", ".join(f"{count} {word}" for word, count in found.outcomes.items() if count)
    span = f", from {iso(found.since)[:10]} to {iso(found.until)[:10]}" if found.since else ""
    parts = [
        "# What was learnt",
        f"{found.count} reflections ({outcomes}) of {_sessions(found.sessions)}{span}.",
        _table(
            "How it goes",
            ("work", "noted", "went well", "at least", "lately", "trend"),
            [
                (_safe(one.category), str(one.count), _percent(one.rate), _percent(one.sure), _percent(one.recent),
                 one.trend)
                for one in found.categories
            ],
        ),
        _list("What went wrong more than once", tuple(one for one in found.failures if not one.overcome)),
        _list("What went well more than once", found.successes),
        _list("Overcome", found.lessons),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _list(title: str, patterns: tuple[Pattern, ...]) -> str:
    if not patterns:
        return ""
    return "\n".join([f"## {title}", "", *(_line(one) for one in patterns)])


def _line(one: Pattern) -> str:
    tags = f" [{', '.join(_safe(tag) for tag in one.tags)}]" if one.tags else ""
    last = f", last on {iso(one.last)[:10]}" if one.last else ""
    after = f"; {one.overcome} times well since" if one.overcome else ""
    what = f"{_safe(one.category)}: {_safe(one.signature)}{tags}"
    return f"- {one.count} times, {what} ({_sessions(one.sessions)}{last}{after})"


def _sessions(count: int) -> str:
    return f"{count} session" if count == 1 else f"{count} sessions"


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _safe(text: str) -> str:
    return _SIGNS.sub(r"\\\1", plain(text))
