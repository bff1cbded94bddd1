"""Commands that take all of a store along: export, import, migrate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.show import print_json, say
from hansa.entrypoints.home import home_directory

if TYPE_CHECKING:
    from hansa.adapters.store.moving import Moved

cli = typer.Typer()


@cli.command(epilog=epilog("hansa store export ~/all.jsonl"))
def export(
    path: Annotated[Path, typer.Argument(help="File to make; it must not exist.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write all rows to a file, whichever database they are in. No key is in it."""
    from hansa.entrypoints import moves
    from hansa.entrypoints.identities import identity

    directory, target = home_directory(home), path.expanduser().absolute()
    node = identity(directory)
    with Bar() as bar:
        moved = moves.export(directory, target, node, bar.update)
    _told(moved, {"path": str(target)}, as_json)
    if not as_json:
        say(f"{moved.lines} rows are in {target}, readable by you alone: codes of invitations are in it")


@cli.command("import", epilog=epilog("hansa store import ~/all.jsonl"))
def import_(
    path: Annotated[Path, typer.Argument(help="File that hansa store export wrote.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make the store anew from such a file, whole or not at all. The node must be down."""
    from hansa.entrypoints import moves
    from hansa.entrypoints.config import load
    from hansa.entrypoints.identities import identity

    directory, source = home_directory(home), path.expanduser().absolute()
    node, bounds = identity(directory), load(directory).store
    with Bar() as bar:
        moved, aside = moves.take_in(directory, source, node, bounds, bar.update)
    _told(moved, {"path": str(source), "kept": str(aside) if aside else ""}, as_json)
    if as_json:
        return
    say(f"{moved.lines} rows were taken in and compared")
    if aside:
        say(f"what was there is in {aside}")
    say("until it has heard what it has said since, this node signs nothing: hansa up and hansa sync ask its sources;")
    say("hansa status says who is waited for, and hansa store repair --go-on ends it where there is nobody to ask")


@cli.command(epilog=epilog("hansa store migrate --to postgresql://hansa@db.example.org/hansa"))
def migrate(
    to: Annotated[str, typer.Option("--to", help="postgresql://USER@HOST/DATABASE, empty; or sqlite, back to a file.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Move all rows to another database, and use that from then on. The node must be down."""
    from hansa.entrypoints import moves, stores
    from hansa.entrypoints.config import load
    from hansa.entrypoints.identities import identity

    directory = home_directory(home)
    node, bounds = identity(directory), load(directory).store
    with Bar() as bar:
        if to == moves.FILE:
            moved = moves.to_file(directory, node, bounds, bar.update)
        else:
            moved = moves.to_database(directory, to, node, bounds, bar.update)
    place = stores.place(directory, "" if to == moves.FILE else to)
    _told(moved, {"store": place}, as_json)
    if not as_json:
        say(f"{moved.lines} rows are in {place}, compared with where they came from")
        say("the place they came from keeps them: remove it when you are sure")


def _told(moved: Moved, more: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"rows": moved.lines, "sha256": moved.sha256} | more)
