"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
SkillId = Annotated[str, typer.Argument(metavar="ID", help="A skill's id, or the start of it.")]
SkillIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Skill ids, or the starts of them.")]


def epilog(*examples: str) -> str:
    """Returns the examples that end a command's help."""
    return "Examples:\n\n" + "\n\n".join(f"  {one}" for one in examples)
