"""The data directory, which holds all of a node, and what is in it before a node is opened.

key           what signs, mode 0600           config.toml   settings, if you wrote any
root.key      what names the signing key,     admin.token   lets this user's commands talk to a running node
              until you move it elsewhere     reader.token  lets programs and agents look: events, metrics, /mcp
roots.jsonl   the signed versions of who      agent.token   lets agents in at /mcp
              signs, the older one first      lock          held by the one process that has the directory open
hansa.db      the store                       spent.json    what models have cost today
hansa.index   what search has learnt from it  logs/         what a running node wrote down, the newest in hansa.log
store-address  the database that has the rows in place of hansa.db, where there is one
constitution.toml  rules of your own, if      last-start.json  the flags that the node last came up with
              you wrote any

Light commands load this module; what needs a key is in `identities`.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from hansa.kernel.errors import Unavailable, UsageError

KEY, ROOT_KEY, ROOTS, STORE, INDEX = "key", "root.key", "roots.jsonl", "hansa.db", "hansa.index"
STORE_AT = "store-address"
TOKEN, AGENT_TOKEN, READER_TOKEN = "admin.token", "agent.token", "reader.token"
SPENT, LOGS, CONFIG, LAST_START = "spent.json", "logs", "config.toml", "last-start.json"
CONSTITUTION = "constitution.toml"
TOKEN_LENGTH = 32


def home_directory(given: Path | None = None) -> Path:
    """Returns the data directory: the flag, else HANSA_HOME, else the platform's place for user data."""
    if given is not None:
        return given.expanduser()
    from_environment = os.environ.get("HANSA_HOME")
    if from_environment:
        return Path(from_environment).expanduser()
    from platformdirs import user_data_path

    return user_data_path("hansa", appauthor=False)


def make_home(home: Path) -> None:
    """Makes the data directory, for this user only.

    One in which somebody has put settings and rules, and nothing else, is closed to others; a folder that holds more
    may be meant for more, and is left as it is: see `seen_by_others`.

    Raises:
        Unavailable: no permission, or no room.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if seen_by_others(home) and {one.name for one in home.iterdir()} <= {CONFIG, CONSTITUTION}:
            home.chmod(0o700)
    except FileExistsError:
        raise UsageError(f"{home} is a file: choose a directory with --home") from None
    except OSError as error:
        raise Unavailable(f"can't make {home} ({error.strerror}): choose another with --home") from None


def seen_by_others(home: Path) -> str:
    """Returns a sentence on a data directory that other users can look into, or write to; "" when they can't."""
    try:
        mode = stat.S_IMODE(home.stat().st_mode)
    except OSError:  # whoever needs it says so
        return ""
    return f"{home} can be looked into by other users (mode {mode:o})" if mode & 0o077 else ""


def admin_token(home: Path, name: str = TOKEN) -> str:
    """Returns the token for commands of this user, or another of the tokens by its file's name; made at first use.

    Args:
        name: `READER_TOKEN` for the token of programs that only watch.

    It is written beside its place and moved there, so that a crash leaves a whole token or none.
    """
    path = home / name
    held = path.read_text(encoding="ascii").strip() if path.is_file() else ""
    if len(held) >= TOKEN_LENGTH:
        return held
    token = secrets.token_urlsafe(TOKEN_LENGTH)
    write_whole(path, token.encode() + b"\n")
    return token


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file of this user's beside its place and moves it there: a crash leaves the old one or the new one.

    Raises:
        Unavailable: no permission, or no room; the file is as before.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise Unavailable(f"can't write {path} ({error.strerror}): free some space, or give this user rights") from None
