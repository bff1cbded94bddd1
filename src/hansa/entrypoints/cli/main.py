"""Joins the commands and turns errors into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from hansa import __version__
from hansa.entrypoints.cli import (
    audit_commands,
    conduct_commands,
    config_commands,
    constitution_commands,
    dispute_commands,
    federation_commands,
    key_commands,
    ledger_commands,
    llm_commands,
    market_commands,
    mcp_commands,
    net_commands,
    node_commands,
    outbox_commands,
    peer_commands,
    quarantine_commands,
    recall_commands,
    reflect_commands,
    running_commands,
    service_commands,
    sim_commands,
    skill_commands,
    store_commands,
    task_commands,
    vote_commands,
    watching_commands,
)
from hansa.entrypoints.cli.options import epilog
from hansa.entrypoints.cli.show import complain, print_json
from hansa.entrypoints.errors import DONE, INTERRUPTED, REFUSED, exit_code, problem
from hansa.kernel.errors import HansaError
from hansa.kernel.plain import plain

Misused: Any = typer.BadParameter.__mro__[2]
"""What a wrong command line raises: ClickException, of the click that this version of Typer uses or brings along."""

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Share what agents learnt: a skill from someone else is used only after this node has re-proved it.",
    epilog="First steps: hansa demo. Exit codes and settings: docs/reference.",
)
_PARTS = (
    node_commands,
    config_commands,
    constitution_commands,
    running_commands,
    service_commands,
    watching_commands,
    skill_commands,
    quarantine_commands,
    recall_commands,
    federation_commands,
    dispute_commands,
    vote_commands,
    peer_commands,
    net_commands,
    market_commands,
    task_commands,
    conduct_commands,
    ledger_commands,
    audit_commands,
    outbox_commands,
    key_commands,
    mcp_commands,
    llm_commands,
    reflect_commands,
    store_commands,
    sim_commands,
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
    """See it happen: A learns, B re-proves, Mallory is found out. A hub passes on what A publishes."""
    from hansa.demo.show import run as run_demo  # the demonstration is no part of a node

    raise typer.Exit(run_demo(keep, traces, as_json))


def run() -> None:
    """Runs the command line; the entry point of `hansa`."""
    try:
        sys.exit(cli(standalone_mode=False) or DONE)
    except HansaError as error:
        _tell(problem(error), exit_code(error))
        complain("hansa: ", str(error))
        for note in getattr(error, "__notes__", ()):
            complain("  ", note)
        sys.exit(exit_code(error))
    except Misused as error:
        _tell({"reason": "usageerror", "message": plain(error.format_message())}, error.exit_code)
        error.show()
        sys.exit(error.exit_code)
    except typer.Abort:
        _tell({"reason": "declined", "message": "nothing was done"}, REFUSED)
        typer.echo("hansa: nothing was done", err=True)
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        _tell({"reason": "interrupted", "message": "interrupted"}, INTERRUPTED)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        sys.exit(DONE)


def _tell(error: dict[str, Any], code: int) -> None:
    """With --json, an error is one JSON object on standard output as well, so that a program reads one place only."""
    words = sys.argv[1:]
    asked = words[: words.index("--")] if "--" in words else words
    if "--json" in asked:
        print_json({"error": error, "exit_code": code})


if __name__ == "__main__":
    run()
