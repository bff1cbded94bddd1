"""Backups: a folder with a whole copy of the store and a manifest, and putting one back.

    manifest.json   node id, when, what is in it, size and SHA-256 of each file
    hansa.db        the store, one moment of it, checked after it was written
    config.toml     the settings, if there were any
    constitution.toml  rules that the node has added, if there were any
    roots.jsonl     the node's root metadata, if it has any: public, and nothing speaks for the node without it
    key             only when asked for: whoever has it signs for this node
    root.key        only when asked for, and only if it still lies there: whoever has it *is* this node

A backup is written beside its place and renamed when it is whole; nothing is ever overwritten; only its owner can read
it. A restore checks everything before it changes anything; see `store.restoring` for how it is made safe.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import msgspec

from hansa.adapters.store import restoring
from hansa.adapters.store.checking import Findings, check
from hansa.adapters.store.copying import Tell, copy, copy_file, sync
from hansa.adapters.store.schema import SCHEMA
from hansa.kernel.errors import DiskFull, Fault, UsageError

FORMAT = "hansa-backup-1"
MANIFEST, STORE, KEY, CONFIG = "manifest.json", "hansa.db", "key", "config.toml"
CONSTITUTION = "constitution.toml"
ROOTS, ROOT_KEY = "roots.jsonl", "root.key"
OPEN, SECRET = (CONFIG, CONSTITUTION, ROOTS), (ROOT_KEY, KEY)
"""Files beside the store: those that are always in a backup, and those that are there only when asked for. The signing
key comes last: a directory without one is no node yet."""

MAX_MANIFEST = 64 * 1024


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself.

    Attributes:
        node: id of the node whose store it is.
        made: milliseconds UTC.
        schema: number of the store's tables; a newer program brings them up to date.
        counts: rows by table.
        files: by name.
    """

    format: str
    node: str
    made: int
    schema: int
    counts: dict[str, int]
    files: dict[str, Part]


def write(
    home: Path, target: Path, node: str, now: int, with_key: bool = False, tell: Tell = lambda *_: None
) -> Manifest:
    """Writes a backup of the node in `home` to the new folder `target`; the node may be up.

    Raises:
        UsageError: there is something at `target`, or no folder to put it in.
        Fault: the store is damaged. DiskFull, Unavailable. Nothing is left at `target`.
    """
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists: a backup overwrites nothing; name another place")
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise UsageError(
            f"can't write to {target.parent} ({error.strerror}): name a folder that you can write to"
        ) from None
    try:
        copy(home / STORE, staging / STORE, tell)
        found = check(staging / STORE, full=True, tell=tell)
        if not found.ok:
            raise Fault(_refusal(home / STORE, found, "no backup was made; hansa store repair mends"))
        for name in (*OPEN, *(SECRET if with_key else ())):
            if (home / name).is_file():
                copy_file(home / name, staging / name)
        parts = {path.name: part(path) for path in sorted(staging.iterdir())}
        manifest = Manifest(FORMAT, node, now, SCHEMA, found.counts, parts)
        (staging / MANIFEST).touch(0o600)
        (staging / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        for path in (staging / MANIFEST, staging):
            sync(path)
        staging.rename(target)
        sync(target.parent)
    except OSError as error:
        raise DiskFull(
            f"{target} can't be written ({error.strerror}): no backup was made; name another place"
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def read(folder: Path) -> Manifest:
    """Returns the manifest of a backup whose files are all there, bit by bit.

    Raises:
        UsageError: it is no backup, or not whole.
    """
    try:
        with (folder / MANIFEST).open("rb") as file:
            manifest = msgspec.json.decode(file.read(MAX_MANIFEST), type=Manifest)
        if manifest.format != FORMAT or set(manifest.files) - {STORE, *OPEN, *SECRET} or STORE not in manifest.files:
            raise UsageError(f"{folder} is a backup of a form that this Hansa does not know: upgrade hansa")
        wrong = [name for name, stated in manifest.files.items() if part(folder / name) != stated]
    except OSError as error:
        raise UsageError(f"{folder} is no whole backup ({error.filename}: {error.strerror}): give the folder that"
                         " hansa store backup wrote") from None  # fmt: skip
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(f"{folder / MANIFEST} is damaged ({error}): take another backup") from None
    if wrong:
        raise UsageError(f"{folder / wrong[0]} does not fit the manifest: this backup is damaged; take another")
    if manifest.schema > SCHEMA:
        raise UsageError(f"{folder} was made by a newer Hansa (schema {manifest.schema}, here {SCHEMA}): upgrade hansa")
    return manifest


def restore(home: Path, folder: Path, node: str | None, tell: Tell = lambda *_: None) -> tuple[Manifest, Path | None]:
    """Puts a backup in the place of the store in `home`, whose lock the caller holds.

    Args:
        node: id of the node in `home`; None when it has no key, and the backup's is taken.

    Returns:
        The manifest, and the folder that keeps what was there; None when nothing was.

    Raises:
        UsageError: no whole backup, or another node's; Fault: what is in it is damaged. Nothing was changed.
        DiskFull, Unavailable: nothing was changed.
    """
    manifest = read(folder)
    if node is not None and node != manifest.node:
        raise UsageError(
            f"{folder} is a backup of {manifest.node}, and {home} belongs to {node}: name that node's folder"
        )
    if node is None and KEY not in manifest.files:
        raise UsageError(
            f"there is no key in {home} and none in the backup: copy the key of {manifest.node} there first"
        )
    store = home / STORE
    incoming = restoring.beside(store, restoring.INCOMING)
    try:
        restoring.finish(store)
        incoming.unlink(missing_ok=True)
        copy_file(folder / STORE, incoming)
        if part(incoming) != manifest.files[STORE]:
            raise UsageError(f"{folder / STORE} changed while it was read: try again; nothing was changed")
        found = check(incoming, full=True, tell=tell)
        if not found.ok:
            raise Fault(_refusal(folder / STORE, found, "nothing was changed: take another backup"))
        for name in (*OPEN, *(SECRET if node is None else ())):  # a root key that was moved away stays away
            if name in manifest.files and not (home / name).exists():
                copy_file(folder / name, home / name)
        return manifest, restoring.decide(store)
    except OSError as error:
        raise DiskFull(f"{home} can't be written ({error.strerror}): free some space and restore again") from None
    finally:
        incoming.unlink(missing_ok=True)


def part(path: Path) -> Part:
    """Returns size and digest of a file."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            digest.update(block)
            size += len(block)
    return Part(size, digest.hexdigest())


def _refusal(path: Path, found: Findings, what_to_do: str) -> str:
    first = found.damage[0]
    more = f" and {len(found.damage) - 1} more" if len(found.damage) > 1 else ""
    return f"{path} is damaged ({first.what} {first.id[:12]}: {first.problem[:80]}{more}): {what_to_do}"
