"""The data directory, which holds all of a node, and what is in it before a node is opened.

key           the secret, mode 0600          config.toml   settings, if you wrote any
hansa.db      the store                      admin.token   lets this user's commands talk to a running node
spent.json    what models have cost today
read.token    lets a program watch: events, metrics
lock          held by the one process that has the directory open
logs/         what a running node wrote down, one JSON object a line, the newest in hansa.log
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from hansa.adapters.keys import FileKeys
from hansa.kernel.errors import Unavailable, UsageError

KEY, STORE, TOKEN, SPENT = "key", "hansa.db", "admin.token", "spent.json"
READ_TOKEN, LOGS = "read.token", "logs"
TOKEN_LENGTH = 32


def create_identity(home: Path) -> str:
    """Makes the data directory and the node's key; returns the node's id.

    Raises:
        UsageError: there is a key already. Unavailable: the directory can't be written.
    """
    make_home(home)
    return FileKeys.create(home / KEY).node_id


def identity(home: Path) -> str:
    """Returns the node's id.

    Raises:
        UsageError: there is no key yet, or its file is readable by others.
    """
    return FileKeys.load(home / KEY).node_id


def make_home(home: Path) -> None:
    """Makes the data directory, for this user only.

    Raises:
        Unavailable: no permission, or no room.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError:
        raise UsageError(f"{home} is a file: choose a directory with --home") from None
    except OSError as error:
        raise Unavailable(f"can't make {home} ({error.strerror}): choose another with --home") from None


def admin_token(home: Path, name: str = TOKEN) -> str:
    """Returns the token for commands of this user, made at first use.

    Args:
        name: `READ_TOKEN` for the token of programs that only watch.

    It is written beside its place and moved there, so that a crash leaves a whole token or none.
    """
    path = home / name
    held = path.read_text(encoding="ascii").strip() if path.is_file() else ""
    if len(held) >= TOKEN_LENGTH:
        return held
    token = secrets.token_urlsafe(TOKEN_LENGTH)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    fresh.replace(path)
    return token
