"""Operations on this node's own keys. What the root key signs is a file's, read when it is asked for and not kept."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from hansa.adapters.keys import read_root_key, write_root_key
from hansa.entrypoints.app import App, save_roots
from hansa.entrypoints.home import KEY, ROOT_KEY
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Result
from hansa.identity.keys import KEY_BYTES, PublicKey, SigningKey
from hansa.identity.roots import MAX_VERSIONS
from hansa.kernel.errors import Refused, Unavailable, UsageError
from hansa.kernel.instant import DAY, iso
from hansa.node.keyholder import Changed
from hansa.node.numbering import milliseconds
from hansa.node.succession import is_spent


@operation("key.show")
async def _show(app: App, _: Arguments) -> Outcome:
    core, root = app.node.core, app.node.keyholder.root
    roster = app.node.keyholder.roster
    retired = sorted(roster.retired.items(), key=lambda item: item[1].until)
    records = core.ring.records(core.me)
    sent = core.store.deliveries_of(records[-1].id) if records else []
    value: dict[str, Any] = {
        "instance_id": core.me,
        "version": root.version if root else 0,
        "signing_keys": sorted(key.did for key in roster.keys),
        "root_keys": sorted(key.did for key in root.roots.keys) if root else [core.me],
        "root_key_file": _root_file(app, "") if _is_here(app) else None,
        "retired": [{"key": key.did, "until": one.until, "until_time": _time(one.until)} for key, one in retired],
        "expires": iso(root.expires) if root and root.expires else None,
        "last_seq": _last_standing(app),
        "told": sorted(one.url for one in sent if one.state == "delivered"),
        "to_be_told": sorted(one.url for one in sent if one.state == "pending"),
        "spent": is_spent(core, core.me),
    }
    yield Result(value)


@operation("key.rotate", orders="valid_days")
async def _rotate(app: App, given: Arguments) -> Outcome:
    root = await _root(app, given)
    days = given.get("valid_days", 0)
    expires = app.node.core.now() + days * DAY if days else 0
    changed = await app.node.keyholder.rotate([root], expires=expires)
    yield await _told(app, changed)


@operation("key.recover", orders="valid_days root_key")
async def _recover(app: App, given: Arguments) -> Outcome:
    changed = await app.node.keyholder.rotate([await _root(app, given)], _number(given))
    yield await _told(app, changed)


@operation("key.revoke", orders="key after")
async def _revoke(app: App, given: Arguments) -> Outcome:
    try:
        key = PublicKey.from_did(given["key"])
    except Refused:
        raise UsageError(f"{given['key']} is no key: hansa key show lists this node's") from None
    changed = await app.node.keyholder.revoke(key, [await _root(app, given)], _number(given))
    yield await _told(app, changed)


@operation("key.rotate_root", orders="to")
async def _rotate_root(app: App, given: Arguments) -> Outcome:
    to = Path(given["to"])
    if app.node.keyholder.root is None:
        raise UsageError("this node has one key for everything: hansa key rotate parts them first")
    old = await _root(app, given)
    if os.path.lexists(to) and read_root_key(to)[0] != app.node.core.me:
        raise UsageError(f"{to} holds the root key of another node: name another file with --to")
    if not os.path.lexists(to):  # else one that a crash left behind, of this node and in force nowhere
        write_root_key(to, app.node.core.me, secrets.token_bytes(KEY_BYTES))
    new = SigningKey(read_root_key(to)[1])
    if new.public == old.public:
        raise UsageError(f"{to} holds the root key in force: name a file that is not there yet with --to")
    result = await _told(app, await app.node.keyholder.rotate_root([old], new))
    yield Result(result.value | {"root_key_file": str(to)})


async def _root(app: App, given: Arguments) -> SigningKey:
    """Returns the root key in the file that was named, once this node has heard what others know of its own keys."""
    if app.replica is not None:
        raise UsageError(
            "several processes sign for this node: stop all, change the keys where the setting replica is false, and"
            " bring the new key file to each"
        )
    path = Path(_root_file(app, given.get("root_key") or ""))
    node_id, seed = read_root_key(path)
    if node_id != app.node.core.me:
        raise UsageError(f"{path} holds the root key of {node_id}, and this node is {app.node.core.me}")
    if app.node.keyholder.root is None and not os.path.lexists(app.home / ROOT_KEY):
        write_root_key(app.home / ROOT_KEY, node_id, seed)  # the file that holds it now is about to be replaced
    for url in app.node.keyholder.addresses():  # after an old backup was restored, others know more than this node
        try:
            await app.node.subscriber.keys.fetch(url, app.node.core.me)
        except (Unavailable, Refused):
            continue
    return SigningKey(seed)


def _root_file(app: App, named: str) -> str:
    if named:
        return named
    return str(app.home / (ROOT_KEY if app.node.keyholder.root or (app.home / ROOT_KEY).exists() else KEY))


def _is_here(app: App) -> bool:
    return app.node.keyholder.root is None or (app.home / ROOT_KEY).is_file()


def _number(given: Arguments) -> int | None:
    """Returns the number that a key is good up to; None for now."""
    text = str(given.get("after") or "now")
    if text == "now":
        return None
    if not text.isdecimal() or int(text) >= 2**53:
        raise UsageError(f"--after {text}: give now, or the last sequence number that is yours (see hansa key show)")
    return int(text)


async def _told(app: App, changed: Changed) -> Result:
    save_roots(app.home, app.node)
    async for _ in app.node.publisher.deliver():
        pass
    core = app.node.core
    sent = core.store.deliveries_of(core.ring.records(core.me)[-1].id)
    return Result(
        {
            "instance_id": core.me,
            "version": changed.root.version,
            "signing_keys": sorted(key.did for key in changed.root.signing.keys),
            "root_keys": sorted(key.did for key in changed.root.roots.keys),
            "told": sorted(one.url for one in sent if one.state == "delivered"),
            "to_be_told": sorted(one.url for one in sent if one.state == "pending"),
            "withheld": changed.withheld,
        }
    )


def _last_standing(app: App) -> int | None:
    """Returns the last number of a record of this node that stands; None when only its root metadata does."""
    core = app.node.core
    last = core.store.last_seq(core.me)
    return None if last < 0 or (last <= MAX_VERSIONS and core.ring.records(core.me)) else last


def _time(number: int) -> str:
    """Returns when this node gave a number, which is the time or a little more."""
    return iso(milliseconds(number)) if number > 0 else ""
