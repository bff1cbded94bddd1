"""Commands on the node itself: init, id, doctor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import hanging, print_json, say, warn
from hansa.entrypoints.errors import REFUSED
from hansa.entrypoints.home import ROOT_KEY, home_directory, seen_by_others

if TYPE_CHECKING:
    from hansa.entrypoints.doctor import Check

cli = typer.Typer()


@cli.command(
    epilog=epilog(
        "hansa init", "hansa init --home ~/agents/a", "hansa init --store postgresql://hansa@db.example.org/hansa"
    )
)
def init(
    home: Home = None,
    store: Annotated[
        str, typer.Option("--store", help="Keep the rows at postgresql://USER@HOST/DATABASE; set in config.toml.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make the data directory and the node's keys. Prints the node's id."""
    from hansa.entrypoints.identities import create_identity  # brings in the cryptography library

    directory = home_directory(home)
    node_id = _with_database(directory, store) if store else create_identity(directory)
    if told := seen_by_others(directory):
        warn(f"{told}: chmod 700 {directory}")
    if as_json:
        print_json({"instance_id": node_id, "home": str(directory), "root_key": str(directory / ROOT_KEY)})
        return
    say(node_id)
    typer.echo(
        f"Made {directory}. {directory / ROOT_KEY} is what this node can be recovered with after a theft:", err=True
    )
    typer.echo("take it off this machine with hansa key move-root PATH; the node runs without it.", err=True)


def _with_database(directory: Path, url: str) -> str:
    """Makes a node whose rows are in a database, which must answer; nothing is made where it does not."""
    from hansa.adapters.store.bounds import StoreBounds
    from hansa.entrypoints import stores
    from hansa.entrypoints.identities import create_identity

    bounds = StoreBounds(str(stores.sound(url)))
    with stores.config_line(directory, url):
        asyncio.run(stores.make_database(directory, bounds))
        node_id = create_identity(directory)
    asyncio.run(stores.make_database(directory, bounds, node_id))
    return node_id


@cli.command("id", epilog=epilog("hansa id"))
def id_(home: Home = None, as_json: AsJson = False) -> None:
    """Print the node's id (a did:key)."""
    from hansa.entrypoints.identities import identity

    node_id = identity(home_directory(home))
    if as_json:
        print_json({"instance_id": node_id})
    else:
        say(node_id)


@cli.command(epilog=epilog("hansa doctor", "hansa doctor --json"))
def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Look at all that a node needs, and say what to do. Key, store, port, clock, sandbox, sources; changes nothing."""
    checks = asyncio.run(_examined(home_directory(home), quiet=as_json))
    states = [one.state for one in checks]
    failed = states.count("fail")
    if as_json:
        print_json({"ok": not failed, "checks": [one.view() for one in checks]})
    else:
        say(f"{len(checks)} checks: {states.count('ok')} fine, {states.count('warn')} worth a look, {failed} failed")
    if failed:
        raise typer.Exit(REFUSED)


async def _examined(directory: Path, quiet: bool) -> list[Check]:
    from hansa.entrypoints.doctor import examined

    marks = {"ok": "✓", "warn": "!", "fail": "✗"}
    checks: list[Check] = []
    async for one in examined(directory):
        checks.append(one)
        if not quiet:
            hanging(f"{marks[one.state]} {one.name}: ", one.text)
            if one.advice:
                hanging("  → ", one.advice)
    return checks
