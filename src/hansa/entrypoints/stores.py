"""Where a node's rows are: the file in its data directory, or the PostgreSQL database that `store.url` names.

Everything that opens or looks into a store comes through here. A node that has once had its rows in a database says so
in its directory (`store-address`): it must not begin an empty file there because a flag was left out.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from hansa.adapters.store.address import Address
from hansa.adapters.store.bounds import StoreBounds
from hansa.adapters.store.contents import NODE
from hansa.entrypoints.home import CONFIG, STORE, STORE_AT, TOKEN, write_whole
from hansa.kernel.errors import Busy, Unavailable, UsageError
from hansa.node.core import ASK_FIRST
from hansa.node.ports import Store
from hansa.node.rows import Change, PutMark

if TYPE_CHECKING:
    from hansa.adapters.store.beside import Beside
    from hansa.adapters.store.checking import Findings, Tell
    from hansa.adapters.store.postgres import PostgresStore
    from hansa.adapters.store.postgres_beside import PostgresBeside
    from hansa.adapters.store.sqlite import SqliteStore

_VARIABLE = "HANSA_STORE__URL"


async def open_store(home: Path, bounds: StoreBounds, node: str, shared: bool = False) -> SqliteStore | PostgresStore:
    """Opens the node's store, made when there is none.

    Args:
        shared: other processes of the node may have it open too; only in a database.

    Raises:
        UsageError: the database is another node's, is not there, or the rows are elsewhere.
        HansaError: see `SqliteStore.open` and `PostgresStore.open`.
    """
    if bounds.url:
        return await _open_database(home, bounds, node, shared)
    check_place(home, "")
    from hansa.adapters.store.sqlite import SqliteStore

    anew = (home / TOKEN).exists() and not any(home.glob(f"{STORE}*"))
    store = SqliteStore.open(
        home / STORE,
        journal_bound=bounds.journal_lines,
        min_free_bytes=bounds.min_free_bytes,
        max_bytes=bounds.max_bytes or None,
    )
    if anew:  # this node has had a store before: what it said may be known to others only
        await store.apply([PutMark(ASK_FIRST, "the store was gone")])
    return store


async def _open_database(home: Path, bounds: StoreBounds, node: str, shared: bool = False) -> PostgresStore:
    address = Address.parse(bounds.url)
    check_place(home, bounds.url)
    store = driver().open(address, journal_bound=bounds.journal_lines, shared=shared)
    try:
        owner = store.mark(NODE)
        if owner not in ("", node):
            raise UsageError(f"{address} holds the rows of {owner}: give this node a database of its own")
        if not owner:
            changes: list[Change] = [PutMark(NODE, node)]
            if (home / TOKEN).exists() and not store.counts().records:
                changes.append(PutMark(ASK_FIRST, "the store was gone"))
            await _apply_first(store, changes, node)
        remember(home, bounds.url)
    except BaseException:
        store.close()
        raise
    return store


async def _apply_first(store: PostgresStore, changes: list[Change], node: str) -> None:
    """Marks a database as this node's; another process of it may do so at the same moment."""
    try:
        await store.apply(changes)
    except Busy:
        if store.mark(NODE) != node:
            raise


async def make_database(home: Path, bounds: StoreBounds, node: str = "") -> None:
    """Makes the tables in a database; with a node, its rows belong there from now on.

    Raises:
        UsageError: it is another node's. HansaError: see `PostgresStore.open`.
    """
    if node:
        (await _open_database(home, bounds, node)).close()
        return
    store = driver().open(sound(bounds.url))
    owner = store.mark(NODE)
    store.close()
    if owner:
        raise UsageError(f"{bounds.url} holds the rows of {owner}: give this node a database of its own")


def driver() -> type[PostgresStore]:
    """Returns the store in PostgreSQL.

    Raises:
        UsageError: what it needs is not installed.
    """
    try:
        from hansa.adapters.store.postgres import PostgresStore
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise UsageError("store.url names a PostgreSQL database: pip install 'hansa[postgres]' first") from None
    return PostgresStore


def seats() -> ModuleType:
    """Returns what several processes of one node need beside a shared store.

    Raises:
        UsageError: what it needs is not installed.
    """
    driver()
    from hansa.adapters.store import postgres_replica

    return postgres_replica


def database() -> ModuleType:
    """Returns what reads and makes a whole store in PostgreSQL.

    Raises:
        UsageError: what it needs is not installed.
    """
    driver()
    from hansa.adapters.store import postgres_moving

    return postgres_moving


def check_place(home: Path, url: str) -> None:
    """Looks whether the rows of the node in `home` can be where `url` says ("": in its directory).

    Raises:
        UsageError: they are elsewhere.
    """
    was = remembered(home)
    if was and not url:
        raise UsageError(f"the rows of this node are in {was}: set store.url in {home / CONFIG}, or say --store {was}")
    if url and (home / STORE).exists():
        raise UsageError(
            f"the rows of this node are in {home / STORE}: hansa store migrate --to {url} moves them first"
        )


def remember(home: Path, url: str) -> None:
    """Notes in the directory that the rows are in a database; "" takes the note away."""
    path = home / STORE_AT
    if not url:
        path.unlink(missing_ok=True)
    elif remembered(home) != url:
        write_whole(path, url.encode() + b"\n")


def remembered(home: Path) -> str:
    """Returns the database that the rows were in last; "" for none."""
    try:
        return (home / STORE_AT).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def url_of(home: Path) -> str:
    """Returns what the settings say of the place, read without making all settings; "" where they say nothing sound.

    For commands that only look, and for the shell's completion. Flags of a node that is up are in `remembered`.
    """
    return configured(home) or remembered(home)


def configured(home: Path) -> str:
    """Returns what variable or config.toml say of the place; "" where they say nothing sound."""
    given = {name.upper(): value for name, value in os.environ.items()}
    url = given.get(_VARIABLE)
    if url is None:
        try:
            section = tomllib.loads((home / CONFIG).read_text(encoding="utf-8")).get("store", {})
        except (OSError, ValueError, RecursionError):
            section = {}
        url = section.get("url", "") if isinstance(section, dict) else ""
    return str(url)


def looked_into(home: Path, held: bool) -> Beside | PostgresBeside:
    """Returns the store as it can be looked into beside the process that has it open; used as a block.

    Args:
        held: another process has the directory's file open right now.

    Raises:
        HansaError: it can't be looked into.
    """
    if url := url_of(home):
        driver()
        from hansa.adapters.store.postgres_beside import PostgresBeside

        return PostgresBeside(sound(url))
    from hansa.adapters.store.beside import Beside

    return Beside(home / STORE, held)


def sound(url: str) -> Address:
    """Returns the address.

    Raises:
        UsageError: it is none.
    """
    try:
        return Address.parse(url)
    except ValueError as error:
        raise UsageError(f"store.url {error}") from None


def place(home: Path, url: str) -> str:
    """Returns where the rows are, for people."""
    return url or str(home / STORE)


def checker(home: Path, url: str) -> Callable[[bool, Tell], Findings]:
    """Returns what looks the store at `url` ("": in the directory) through, given `full` and who is told of it."""
    if url:
        driver()
        from hansa.adapters.store import postgres_checking

        return lambda full, tell: postgres_checking.check(sound(url), full, tell)
    from hansa.adapters.store import checking

    return lambda full, tell: checking.check(home / STORE, full, tell)


def size_of(store: Store) -> int:
    """Returns the bytes that a store in a database takes there; 0 for another."""
    return store.size() if isinstance(store, driver()) else 0


def only_files(url: str, instead: str) -> None:
    """Refuses what can be done with a file alone, and says what to do instead.

    Raises:
        UsageError: the rows are in a database.
    """
    if url:
        raise UsageError(f"the rows of this node are in {sound(url)}: {instead}")


@contextmanager
def config_line(home: Path, url: str) -> Iterator[None]:
    """Sets `store.url` in config.toml once the block is through; looks before it whether that can be done.

    Raises:
        UsageError: the file has a section [store] already, which is its owner's to change.
    """
    path = home / CONFIG
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    section = tomllib.loads(text).get("store", {}) if text else {}
    if section.get("url", url) != url or (section and "url" not in section):
        raise UsageError(f'write url = "{url}" into the section [store] of {path} first')
    yield
    if not section:
        try:
            write_whole(path, (text + ("\n" if text else "") + f'[store]\nurl = "{url}"\n').encode())
        except Unavailable as error:
            raise Unavailable(f'{error}; then write url = "{url}" into its section [store]') from None
