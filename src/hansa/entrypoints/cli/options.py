"""Options that many commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from hansa.entrypoints.home import home_directory
from hansa.kernel.errors import HansaError, UsageError
from hansa.kernel.plain import plain

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="HANSA_HOME",
        readable=False,
        help="The node's data directory.",
        show_default="the user's data dir",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def skill_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Returns skills whose id starts as typed, for the shell's completion: read-only, and silent when it can't be."""
    from hansa.adapters.lock import holder
    from hansa.entrypoints.stores import looked_into

    try:
        home = home_directory(context.params.get("home"))
        with looked_into(home, holder(home) is not None) as store:
            rows = [store.skill(id_) for id_ in store.skill_ids(incomplete, COMPLETED)]
            return [(row.id[:12], plain(row.intent, 60)) for row in rows if row]
    except (HansaError, OSError):
        return []


def words(*choices: str) -> Callable[[str], list[str]]:
    """Returns what completes an option that takes one of these words; whether a word is one is for the command to say.

    >>> words("node", "hub")("h")
    ['hub']
    """

    def complete(incomplete: str) -> list[str]:
        return [one for one in choices if one.startswith(incomplete)]

    return complete


COMPLETED = 50
"""Ids that are offered at once."""

SkillId = Annotated[
    str, typer.Argument(metavar="ID", help="A skill's id, or the start of it.", autocompletion=skill_ids)
]
SkillIds = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Skill ids, or the starts of them.", autocompletion=skill_ids)
]
SomeIds = Annotated[
    list[str] | None, typer.Argument(metavar="[ID...]", help="By default all not tried yet.", autocompletion=skill_ids)
]


def interactive(what: str) -> bool:
    """Says that somebody at a terminal can be asked.

    Raises:
        UsageError: nobody can, and what would be asked may not be taken for granted.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{what}, and there is no terminal to ask at: say --yes")
    return True


def epilog(*examples: str) -> str:
    """Returns the examples that end a command's help."""
    return "Examples:\n\n" + "\n\n".join(f"  {one}" for one in examples)


def instant(text: str) -> int:
    """Returns milliseconds UTC of a day, or of so many days ago; 0 for nothing.

    Raises:
        UsageError: it is neither.
    """
    if not text:
        return 0
    try:
        if text.endswith("d"):
            at = datetime.fromtimestamp(_now(), UTC) - timedelta(days=int(text[:-1]))
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(1, int(at.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"--since {text}: write a day like 2026-11-20, or 7d for the last seven days") from None


def _now() -> float:
    from hansa.adapters.clock import SystemClock

    return SystemClock().now() / 1000
