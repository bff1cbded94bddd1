"""Taking a node's rows along: `hansa store export`, `import` and `migrate`.

Beside a node that is up only an export is possible: it reads one moment. The others have the directory's lock.

Migrating goes by steps each of which can be done again: the rows are made and compared in the new place, which from
then on belongs to this node; settings name the new place; the old file is put aside. Where the new place holds exactly
these rows already, the first step was done before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hansa.adapters.lock import DataDirLock, holder
from hansa.adapters.store import connections, contents, moving, restoring
from hansa.adapters.store.beside import still
from hansa.adapters.store.bounds import StoreBounds
from hansa.adapters.store.grouping import Transactions
from hansa.adapters.store.moving import Moved, Tell
from hansa.adapters.store.session import SqliteSession
from hansa.adapters.store.sqlite import SqliteStore
from hansa.adapters.store.writes import put_meta
from hansa.entrypoints import stores
from hansa.entrypoints.audit.noting import written_down
from hansa.entrypoints.home import STORE
from hansa.kernel.errors import UsageError
from hansa.kernel.plain import plain
from hansa.node.core import ASK_FIRST

MOVED = ".moved"
FILE = "sqlite"
"""What `--to` calls the file in the data directory."""


def export(home: Path, target: Path, node: str, tell: Tell) -> Moved:
    """Writes all of the node's rows to a new file; the node may be up meanwhile.

    Raises:
        UsageError, Unavailable, Fault: nothing is left at `target`.
    """
    with reading(home) as session:
        return moving.write_file(session, target, node, tell)


def take_in(home: Path, source: Path, node: str, bounds: StoreBounds, tell: Tell) -> tuple[Moved, Path | None]:
    """Makes the node's rows from a file; the node is down. From then on it asks its sources first.

    Returns:
        What was taken in, and the folder with what was there before, if there was anything.

    Raises:
        UsageError: the file is damaged or another node's, or the database is not empty. Nothing was changed.
    """
    with DataDirLock(home), written_down(home, "store.import", path=source), moving.read_file(source) as (head, lines):
        if head.node != node:
            raise UsageError(f"{source} holds the rows of {plain(head.node, 80)}: its key is not in {home}")

        def fill(session: Transactions) -> Moved:
            moved = moving.take_in(session, lines, bounds.journal_lines, tell)
            put_meta(session, f"mark {ASK_FIRST}", "taken in from a file: this node may have said more since")
            return moved

        if bounds.url:
            stores.check_place(home, bounds.url)
            moved = stores.database().make(stores.sound(bounds.url), node, fill)
            stores.remember(home, bounds.url)
            return moved, None
        stores.check_place(home, "")
        path = home / STORE
        moved = moving.make_file(restoring.beside(path, restoring.INCOMING), fill)
        return moved, restoring.decide(path)


def to_database(home: Path, url: str, node: str, bounds: StoreBounds, tell: Tell) -> Moved:
    """Moves the rows from the file to a database, sets `store.url`, and puts the file aside; the node is down."""
    address, path = stores.sound(url), home / STORE
    with DataDirLock(home), written_down(home, "store.migrate", to=url):
        if not path.exists():
            raise UsageError(f"there is no {path} to move: its rows are in {stores.remembered(home) or 'no place yet'}")
        SqliteStore.open(path, min_free_bytes=0).close()  # whole, up to date, and without a log
        with stores.config_line(home, url), _moment(still(path)) as session:
            total = contents.count(session)
            moved: Moved = stores.database().make(
                address,
                node,
                lambda made: moving.take_in(made, contents.of_database(session), bounds.journal_lines, tell, total),
                same=moving.digest(session, tell, total),
            )
            stores.remember(home, url)
        path.rename(_aside(path))
    return moved


def to_file(home: Path, node: str, bounds: StoreBounds, tell: Tell) -> Moved:
    """Moves the rows from the database, which keeps them, to a file in the directory; the node is down."""
    path, url = home / STORE, stores.remembered(home)
    with DataDirLock(home), written_down(home, "store.migrate", to=FILE):
        if stores.configured(home):
            raise UsageError("take store.url out of config.toml and HANSA_STORE__URL first: the place is remembered")
        if not url or path.exists():
            raise UsageError(f"there is no database to move rows from: they are in {path}")
        incoming = restoring.beside(path, restoring.INCOMING)
        with stores.database().moment(stores.sound(url), owning=True) as session:
            total = contents.count(session)
            moved = moving.make_file(
                incoming,
                lambda made: moving.take_in(made, contents.of_database(session), bounds.journal_lines, tell, total),
            )
            stores.remember(home, "")
            restoring.decide(path)
    return moved


@contextmanager
def reading(home: Path) -> Iterator[Any]:
    """Yields a session that shows one moment of the node's rows, wherever they are, beside whoever has them open."""
    if url := stores.url_of(home):
        with stores.database().moment(stores.sound(url)) as database:
            yield database
        return
    path = home / STORE
    if not path.exists():
        raise UsageError(f"there is no store at {path} yet: the first command that needs it makes it")
    if holder(home) is None:
        with DataDirLock(home):
            SqliteStore.open(path, min_free_bytes=0).close()
            with _moment(still(path)) as file:
                yield file
        return
    with _moment(connections.open_reading(path)) as file:
        yield file


@contextmanager
def _moment(session: SqliteSession) -> Iterator[SqliteSession]:
    with closing(session):
        session.raw("BEGIN")
        yield session


def _aside(path: Path) -> Path:
    """Returns the name that a file gets whose rows were moved."""
    number = 1
    while path.with_name(f"{path.name}{MOVED}-{number}").exists():
        number += 1
    return path.with_name(f"{path.name}{MOVED}-{number}")
