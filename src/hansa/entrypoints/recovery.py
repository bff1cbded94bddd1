"""A node of which only the root key is left: its metadata is asked back from those who know it.

A node must know its newest version before it signs the next one: two different versions of one number spend its id. So
the longest of all answers counts, and a node that is known nowhere is not recovered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from hansa.adapters.caller import HttpCaller
from hansa.adapters.guard import Guard
from hansa.adapters.keys import read_root_key
from hansa.entrypoints.config import load
from hansa.entrypoints.home import KEY, ROOTS, make_home
from hansa.entrypoints.identities import write_roots
from hansa.identity import envelope
from hansa.identity.roots import Root, advance
from hansa.kernel.errors import Refused, Unavailable, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.wire import read_json
from hansa.node.keyfetcher import RootsPage


def restore_metadata(home: Path, root_key: Path, urls: Sequence[str]) -> None:
    """Puts the root metadata of a root key's node into a directory that has none.

    Raises:
        UsageError: no addresses were given, or the directory is a node's already. Unavailable: nobody knows it.
    """
    if (home / ROOTS).is_file() or (home / KEY).is_file():
        return
    node_id, _ = read_root_key(root_key)
    if not urls:
        raise UsageError(
            f"{home} holds nothing of {node_id}: put roots.jsonl of a backup there,"
            " or name nodes that know it with --from URL"
        )
    guard = Guard(load(home).outbound)  # where the operator lets this node connect to, now as ever
    found = max((asyncio.run(_ask(url, node_id, guard)) for url in urls), key=len)
    if not found:
        raise Unavailable(f"none of {', '.join(urls)} knows root metadata of {node_id}: name another with --from")
    make_home(home)
    write_roots(home, found)


async def _ask(url: str, node_id: NodeId, guard: Guard) -> list[bytes]:
    """Returns what a node has of the metadata, as far as each version follows from the one before it."""
    caller = HttpCaller(guard)
    found: list[bytes] = []
    trusted: Root | None = None
    try:
        while True:
            answer = await caller.get(url.rstrip("/"), f"/roots?node={node_id}&after={len(found)}")
            page = read_json(answer.body, RootsPage).roots if answer.status == 200 else []
            for text in page:
                trusted = advance(trusted, envelope.read(text.encode()), node_id)
                found.append(text.encode())
            if not page:
                return found
    except (Refused, Unavailable):
        return found
    finally:
        await caller.close()
