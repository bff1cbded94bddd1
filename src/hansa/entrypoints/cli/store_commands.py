"""Commands on the store: check, backup, restore, repair. Those that take all of it along are in `moving_commands`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hansa.adapters.lock import DataDirLock, holder
from hansa.entrypoints.cli import moving_commands
from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.restored import waits
from hansa.entrypoints.cli.show import print_json, say, short, table
from hansa.entrypoints.home import KEY, STORE, home_directory, make_home
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import UsageError

if TYPE_CHECKING:
    from hansa.adapters.store.checking import Findings

store = typer.Typer(no_args_is_help=True, help="The store itself: check, back up, restore, repair, move.")
cli = typer.Typer()
cli.add_typer(store, name="store")
store.add_typer(moving_commands.cli)

SHOWN = 50
"""Damaged things that are shown; --json lists all."""

Made = TypeVar("Made")


@store.command(epilog=epilog("hansa store check", "hansa store check --full --json"))
def check(
    full: Annotated[
        bool, typer.Option("--full", help="Also every signature, index, file and word; takes longer.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Look the store through and name what is damaged, and what to do. Exit code 1 when something is."""
    directory = home_directory(home)
    at = holder(directory) if directory.is_dir() else None
    result = call(home, "store.check", as_json, full=full) if at else _check_alone(directory, full, as_json)
    if not as_json:
        _show_damage(result.value)
    finish(result)


def _begun(path: Path) -> bool:
    """Says whether anything of a store lies there."""
    from hansa.adapters.store import restoring

    return any(restoring.beside(path, end).exists() for end in ("", "-wal", ".restored"))


@store.command(epilog=epilog("hansa store backup ~/backups/monday", "hansa store backup friday --with-key"))
def backup(
    path: Annotated[Path, typer.Argument(help="Folder to make; it must not exist.")],
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key", help="Also the secret keys that lie there, the root key too: whoever has them is this node."
        ),
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write a whole, checked copy of the node's store. The node may be up meanwhile."""
    where = str(path.expanduser().absolute())
    result = call(home, "store.backup", as_json, path=where, with_key=with_key)
    if not as_json:
        _show_backup(result.value, "backed up to")
        if not with_key:
            say("no key is in it: without the key or the root key nobody can speak for this node again")


@store.command(epilog=epilog("hansa store restore ~/backups/monday"))
def restore(
    path: Annotated[Path, typer.Argument(help="Folder that hansa store backup wrote.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the store, which is kept aside. The node must be down."""
    from hansa.adapters import backup as backups
    from hansa.entrypoints import stores
    from hansa.entrypoints.audit.noting import written_down
    from hansa.entrypoints.identities import identity
    from hansa.entrypoints.operations.storage import shown

    directory, folder = home_directory(home), path.expanduser().absolute()
    stores.only_files(stores.url_of(directory), "restore them with pg_restore, or with hansa store import FILE")
    backups.read(folder)
    make_home(directory)
    with DataDirLock(directory), written_down(directory, "store.restore", path=folder), Bar() as bar:
        node = identity(directory) if (directory / KEY).exists() else None
        manifest, aside = backups.restore(directory, folder, node, bar.update)
    value = shown(folder, manifest) | {"kept": str(aside) if aside else ""}
    if as_json:
        print_json(value)
        return
    _show_backup(value, "restored from")
    if aside:
        say(f"what was there is in {aside}")
    say("next: hansa up or hansa sync asks your sources, and the peers you know, what this node has said since; until")
    say("then it signs nothing new. hansa store repair says what it waits for; with --go-on it goes on without asking.")


@store.command(epilog=epilog("hansa store repair", "hansa store repair --go-on", "hansa store repair --accept-loss"))
def repair(
    go_on: Annotated[
        bool, typer.Option("--go-on", help="After a restore: go on even if no source could be asked.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on without acknowledged writes that the log has lost.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Mend what is damaged. Anew from what is here, or asked again from your sources by its id."""
    if accept_loss:
        _accept_loss(home_directory(home), as_json)
    result = call(home, "store.repair", as_json, go_on=go_on)
    if not as_json:
        _show_repair(result.value)
    finish(result)


def _check_alone(directory: Path, full: bool, as_json: bool) -> Result:
    """Checks a store that no node has open; also one that no node would open."""
    from hansa.adapters.store import checking, connections, restoring
    from hansa.entrypoints import stores

    path = directory / STORE
    if url := stores.url_of(directory):
        with DataDirLock(directory), Bar() as bar:
            return _told(stores.checker(directory, url)(full, bar.update), url, as_json)
    if (directory / KEY).exists() and not _begun(path):
        value = {"ok": True, "full": full, "checked": {}, "damage": [], "store": str(path)}
        if as_json:
            print_json(value)
        return Result(value)
    if not directory.is_dir() or not _begun(path):
        raise UsageError(f"there is no store at {path}: run hansa init, or name the data directory with --home")
    with DataDirLock(directory), Bar() as bar:
        restoring.finish(path)
        lost = connections.lost_from_log(path)
        found = checking.check(path, full, bar.update)
        if lost:
            remedy = "put the file back, restore a backup, or hansa store repair --accept-loss"
            found.damage.insert(0, checking.Damage("log", path.name, lost, remedy))
    return _told(found, str(path), as_json)


def _told(found: Findings, place: str, as_json: bool) -> Result:
    result = Result(found.view() | {"store": place}, ok=found.ok)
    if as_json:
        print_json(result.value)
    return result


def _accept_loss(directory: Path, as_json: bool) -> None:
    from hansa.adapters.store import restoring
    from hansa.entrypoints import stores
    from hansa.entrypoints.audit.noting import written_down

    stores.only_files(stores.url_of(directory), "PostgreSQL keeps its own log, which can't be mended from here")
    with DataDirLock(directory), written_down(directory, "store.accept_loss"):
        aside = restoring.accept_loss(directory / STORE)
    if not as_json:
        say(f"the files as they were are in {aside}" if aside else "the log has lost nothing: nothing was changed")


def _show_damage(value: dict[str, Any]) -> None:
    counts = ", ".join(f"{number} {name}" for name, number in value["checked"].items())
    if value["ok"] and not counts:
        say("nothing to check yet: the store is made when the first thing is kept")
        return
    if value["ok"]:
        say(f"whole: {counts}" + ("" if value["full"] else " (hansa store check --full also checks every signature)"))
        return
    table(
        ("damaged", "which", "detail", "why"),
        ((one["what"], short(one["id"]), one["problem"], one["remedy"]) for one in value["damage"][:SHOWN]),
    )
    more = len(value["damage"]) - SHOWN
    say(f"{len(value['damage'])} damaged" + (f", {more} not shown: --json lists them" if more > 0 else ""))


def _show_backup(value: dict[str, Any], how: str) -> None:
    size = sum(one["bytes"] for one in value["files"].values())
    say(f"{how} {value['path']}: {', '.join(value['files'])}; {size} bytes")
    rows = {name: value["rows"].get(name, 0) for name in ("records", "skills", "ledger")}
    say(f"{rows['records']} records, {rows['skills']} skills, {rows['ledger']} ledger entries: all checked")


def _show_repair(value: dict[str, Any]) -> None:
    if value["came_back"]:
        say(f"{len(value['came_back'])} records that this node had signed came back from its sources")
    for one in value["faults"]:
        say(f"! {one['url']}: {one['message']}")
    if waiting := waits(value["restored"]):
        say(waiting)
    say(f"{len(value['mended'])} mended")
    _show_damage(value)
