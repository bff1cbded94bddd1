"""Whom somebody means by an id, or the start of one."""

from __future__ import annotations

from hansa.entrypoints.app import App
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import NodeId


def named(app: App, text: str) -> NodeId:
    """Returns the node that is meant: by its whole id, the start of one that is known here, or "me".

    Raises:
        NotFound: nobody here has an id that starts so, or more than one.
    """
    core = app.node.core
    if text == "me":
        return core.me
    try:
        PublicKey.from_did(text)
    except Refused:
        others = (row.id for row in core.store.peers())
        known = {*others, *core.store.subjects(limit=1_000_000), *map(NodeId, core.settings.conduct.verifiers)} - {
            core.me
        }
        found = sorted(one for one in (known or {core.me}) if text and one.startswith(text))
        if len(found) != 1:
            raise NotFound(
                f"{'nobody' if not found else 'more than one'} here has an id that starts with {text[:64]!r}: "
                "see hansa peer list and hansa standing"
            ) from None
        return found[0]
    return NodeId(text)
