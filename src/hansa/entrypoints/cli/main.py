"""Joins the commands and turns errors into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from hansa import __version__
from hansa.entrypoints.cli import (
    federation_commands,
    llm_commands,
    node_commands,
    outbox_commands,
    reflect_commands,
    running_commands,
    skill_commands,
    watching_commands,
)
from hansa.entrypoints.cli.options import epilog
from hansa.entrypoints.errors import DONE, INTERRUPTED, exit_code
from hansa.kernel.errors import HansaError
from hansa.kernel.plain import plain

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Share what agents learnt: a skill from someone else is used only after this node has re-proved it.",
    epilog="First steps: hansa demo. Exit codes and settings: docs/reference.",
)
_PARTS = (
    node_commands,
    running_commands,
    watching_commands,
    skill_commands,
    federation_commands,
    outbox_commands,
    llm_commands,
    reflect_commands,
)
for part in _PARTS:
    cli.add_typer(part.cli)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hansa {__version__}")
        raise typer.Exit(DONE)


@cli.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = (
        False
    ),
) -> None:
    """Share what agents learnt: a skill from someone else is used only after this node has re-proved it."""


@cli.command(epilog=epilog("hansa demo", "hansa demo --keep"))
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the nodes running and print their addresses.")] = False,
    traces: Annotated[str, typer.Option(help="Folder of .jsonl agent traces to use as well.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """See it happen: a hub, A who learns and publishes, B who re-proves and uses, Mallory who lies and is caught."""
    from hansa.demo.show import run as run_demo  # the demonstration is no part of a node

    raise typer.Exit(run_demo(keep, traces, as_json))


def run() -> None:
    """Runs the command line; the entry point of `hansa`."""
    try:
        cli()
    except HansaError as error:
        typer.echo(f"hansa: {plain(str(error))}", err=True)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        sys.exit(DONE)


if __name__ == "__main__":
    run()
