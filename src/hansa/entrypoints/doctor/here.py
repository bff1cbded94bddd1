"""Checks of what lies on this machine: directory, key, settings, disk, process, port, store, clock."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
import stat
from pathlib import Path

from hansa import __version__
from hansa.adapters.clock import SystemClock
from hansa.adapters.keys import FileKeys
from hansa.adapters.lock import NAME as LOCK
from hansa.adapters.lock import holder
from hansa.adapters.store.connections import OLDEST_SQLITE
from hansa.entrypoints import rules
from hansa.entrypoints.config import Config
from hansa.entrypoints.doctor.check import FAIL, Check, doubtful, failed, good
from hansa.entrypoints.home import KEY, ROOTS, STORE, seen_by_others
from hansa.entrypoints.stores import looked_into, sound, url_of
from hansa.entrypoints.variables import settings_variables, strays
from hansa.kernel.errors import HansaError, NotFound, Unavailable
from hansa.kernel.instant import Instant, iso
from hansa.node.numbering import milliseconds

MIB = 1024 * 1024
LOW_MIB, LEAST_MIB = 1024, 64
"""Below the first a disk fills up soon; below the second the store takes no more writes."""

MOST_CHECKED = 512 * MIB
"""A larger store is looked into without reading every page: that takes minutes."""

FIRST_RELEASE = Instant(1_760_000_000_000)
"""October 2025: a clock before that is wrong."""

_BROKEN_SQLITE = ((3, 7, 0), (3, 51, 2))
"""Versions that can corrupt a file when two connections checkpoint at the same moment."""


def version() -> Check:
    """Names what runs."""
    return good("version", f"hansa {__version__}, {platform.python_implementation()} {platform.python_version()}")


def no_node(home: Path) -> Check | None:
    """Says that there is no node yet, or why there can be none; None when there is anything of one."""
    if any(os.path.lexists(home / name) for name in (KEY, ROOTS, STORE)):
        return None
    found = data_directory(home) if os.path.lexists(home) else None
    if found and found.state == FAIL:
        return found
    return failed("node", f"there is none at {home} yet", "run hansa init, or name another data directory with --home")


def data_directory(home: Path) -> Check:
    """Looks at the directory's owner and mode."""
    try:
        status = home.stat()
    except OSError as error:
        return failed("data directory", f"{home} ({error.strerror})", "run hansa init, or name another with --home")
    if not stat.S_ISDIR(status.st_mode):
        return failed("data directory", f"{home} is no directory", "name another with --home")
    if status.st_uid != os.geteuid():
        owner = f"{home} belongs to user {status.st_uid}, and this is {os.geteuid()}"
        return failed("data directory", owner, "run hansa as the user who owns it")
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return failed("data directory", f"{home} can't be written to", f"chmod u+rwx {home}")
    if told := seen_by_others(home):
        return doubtful("data directory", told, f"chmod 700 {home}")
    return good("data directory", str(home))


def key(home: Path) -> Check:
    """Reads the key, as a node does at its start."""
    try:
        node_id = FileKeys.load(home / KEY).node_id
    except HansaError as error:
        return failed("key", str(error))
    return good("key", node_id)


def settings(home: Path, config: Config) -> Check:
    """Says where the settings come from; that they are valid was seen before."""
    if wrong := strays(config):
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return doubtful("settings", f"valid, but {wrong[0]}{more}", "unset it, or set the right one")
    path = home / "config.toml"
    given = sorted(one for one in os.environ if one.upper() in settings_variables())
    places = [str(path)] if path.exists() else []
    return good("settings", f"valid, from {', '.join(places + given) or 'the defaults alone'}")


def constitution(home: Path) -> Check:
    """Reads the rules of this node's own, and tries their fixtures, as a node does at its start."""
    try:
        found = rules.constitution(home)
    except HansaError as error:
        return failed("constitution", str(error), "put it right there; hansa constitution test looks again")
    own = f"{len(found.rules)} rules of this node's own" if found.rules else "the five articles alone"
    return good("constitution", f"{found.digest[:12]}, {own}")


def disk(home: Path) -> Check:
    """Looks for room."""
    free = shutil.disk_usage(home).free // MIB
    if free < LEAST_MIB:
        return failed("disk", f"{free} MiB free: the store writes nothing below {LEAST_MIB}", "free some space")
    if free < LOW_MIB:
        return doubtful("disk", f"{free} MiB free", "free some space before it is less than 64 MiB")
    return good("disk", f"{free // 1024} GiB free")


def process(home: Path) -> Check:
    """Looks who has the directory."""
    try:
        at = holder(home) if home.is_dir() else None
    except HansaError as error:
        return failed("lock", str(error))
    if at is None:
        return good("lock", "no node is up here")
    if not at.is_node:
        since = f" since {iso(Instant(at.claim.since))}" if at.claim.since else ""
        return doubtful(
            "lock", f"process {at.pid} (hansa {at.claim.command}) works here{since}", "wait until it is done"
        )
    mode = stat.S_IMODE((home / LOCK).stat().st_mode)
    if mode & 0o022:
        return failed("lock", f"{home / LOCK} can be written by other users", f"chmod 600 {home / LOCK}")
    return good("lock", f"a node is up at {at.url or 'no address yet'} (process {at.pid})")


def port(home: Path, config: Config) -> Check:
    """Looks whether the port is free, or taken by this very node."""
    at = holder(home) if home.is_dir() else None
    if at and at.url:
        return good("port", f"held by the node that is up at {at.url}")
    if config.port == 0:
        return good("port", "a free one is taken at each start")
    if what := taken(config):
        return failed("port", what, "stop what listens there, or set another port")
    return good("port", f"{config.host} port {config.port} is free")


def taken(config: Config) -> str:
    """Says why nobody can listen where the settings say; "" when that is free."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((config.host, config.port))
        except OSError as error:
            return f"{config.host} port {config.port} can't be listened on ({error.strerror})"
    return ""


def sqlite() -> Check:
    """Looks at the version of SQLite that this Python brings."""
    found = sqlite3.sqlite_version_info
    if found < OLDEST_SQLITE:
        return failed("sqlite", f"SQLite {sqlite3.sqlite_version}", "use a Python with SQLite 3.35 or newer")
    if _BROKEN_SQLITE[0] <= found <= _BROKEN_SQLITE[1]:
        return good("sqlite", f"{sqlite3.sqlite_version}; its WAL-reset fault is kept off by having one writer only")
    return good("sqlite", sqlite3.sqlite_version)


def store(home: Path) -> Check:
    """Opens the store read-only and has SQLite check it."""
    path = home / STORE
    if url := url_of(home):
        return _database(home, url)
    if not path.exists():
        return good("store", "none yet: the first command that needs it makes it")
    try:
        at = holder(home)
        with looked_into(home, at is not None) as found:
            small = path.stat().st_size <= MOST_CHECKED
            faulty = found.faults() if small else []
            records, receipts, _ = found.totals()
    except HansaError as error:
        return failed("store", str(error))
    if faulty:
        return failed("store", f"{path} is damaged ({faulty[0]})", "restore it from a backup")
    text = f"schema {found.schema}, {records} records, {receipts} receipts, "
    if found.unfinished:
        return doubtful("store", f"{text}not closed in order", "nothing: the next start completes and checks it")
    return good("store", text + ("every page sound" if small else "too large to check every page here"))


def _database(home: Path, url: str) -> Check:
    """Looks into a store that is in PostgreSQL."""
    try:
        with looked_into(home, held=False) as found:
            unsafe = found.faults()
            records, receipts, _ = found.totals()
            schema = found.schema
    except HansaError as error:
        return failed("store", str(error))
    text = f"{sound(url)}, schema {schema}, {records} records, {receipts} receipts"
    return doubtful("store", f"{text}: {unsafe[0]}", "ALTER SYSTEM SET fsync = on") if unsafe else good("store", text)


def clock(home: Path) -> Check:
    """Looks for a clock that stands, runs backwards, or is behind the newest record of this node."""
    made = SystemClock()
    first, now = made.stopwatch_us(), made.now()
    if made.stopwatch_us() < first:
        return failed("clock", "the monotonic clock runs backwards", "restart this machine")
    if now < FIRST_RELEASE:
        return failed("clock", f"it says {iso(now)}", "set it: live messages are refused by everybody")
    try:
        me = FileKeys.load(home / KEY).node_id
        with looked_into(home, holder(home) is not None) as found:
            ahead = milliseconds(found.last_seq(me)) - now
    except (HansaError, NotFound, Unavailable):
        ahead = 0
    if ahead > 60_000:
        what = f"it says {iso(now)}, {ahead // 1000} s before this node's newest record"
        return doubtful(
            "clock", what, "set it, or wait: numbers go on from the newest, but peers see them in the future"
        )
    return good("clock", iso(now))
