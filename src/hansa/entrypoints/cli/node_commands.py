"""Commands on the node itself: init, id, up, status, config, doctor."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import print_json, say, table
from hansa.entrypoints.config import home_directory, load
from hansa.entrypoints.errors import NO_SANDBOX
from hansa.entrypoints.home import KEY, create_identity, identity
from hansa.kernel.errors import NoSandbox

cli = typer.Typer()


@cli.command(epilog=epilog("hansa init", "hansa init --home ~/agents/a"))
def init(home: Home = None, as_json: AsJson = False) -> None:
    """Make the data directory and the node's key; prints the node's id."""
    directory = home_directory(home)
    node_id = create_identity(directory)
    if as_json:
        print_json({"instance_id": node_id, "home": str(directory)})
        return
    say(node_id)
    typer.echo(f"Made {directory}. Keep {directory / KEY}: it is this node.", err=True)


@cli.command("id", epilog=epilog("hansa id"))
def id_(home: Home = None, as_json: AsJson = False) -> None:
    """Print the node's id (a did:key)."""
    node_id = identity(home_directory(home))
    if as_json:
        print_json({"instance_id": node_id})
    else:
        say(node_id)


@cli.command(epilog=epilog("hansa config", "HANSA_PORT=9000 hansa config --json"))
def config(home: Home = None, as_json: AsJson = False) -> None:
    """Show every setting in force (config.toml, then HANSA_… variables, then flags)."""
    directory = home_directory(home)
    values: dict[str, Any] = load(directory).model_dump(mode="json")
    if as_json:
        print_json(values)
        return
    typer.echo(f"# {directory / 'config.toml'}", err=True)
    rows: list[tuple[str, object]] = []
    for name, value in values.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        rows += [(f"{name}.{key}" if key else name, one) for key, one in inner]
    table(("setting", "value"), rows)


@cli.command(epilog=epilog("hansa doctor"))
def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Try to break out of the sandbox in every way Hansa knows; says what to do when one works."""
    from hansa.entrypoints.app import TestedSandbox

    config = load(home_directory(home))
    sandbox = TestedSandbox(config.sandbox_tier)
    try:
        result = asyncio.run(sandbox.self_test())
    except NoSandbox as error:
        if as_json:
            print_json({"ok": False, "problem": str(error)})
            raise typer.Exit(NO_SANDBOX) from None
        raise
    if as_json:
        print_json({"ok": result.ok, "layers": list(result.layers), "harness": sandbox.harness})
    else:
        say(f"sandbox: {sandbox.name} ({sandbox.harness}): holds")
    if not result.ok:
        raise typer.Exit(NO_SANDBOX)
