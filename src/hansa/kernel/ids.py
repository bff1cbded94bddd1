"""Names for things: content ids and node ids.

A content id is the SHA-256 of exact bytes, in lower-case hex: whoever holds the bytes can check the name, and nobody
can take a name that belongs to other bytes. A node id is a `did:key` (see `identity.keys`).
"""

from __future__ import annotations

import hashlib
import re
from typing import NewType

ContentId = NewType("ContentId", str)
"""SHA-256 of exact bytes as 64 lower-case hex digits."""

NodeId = NewType("NodeId", str)
"""`did:key:z…` of a node's root Ed25519 key."""

EVERYONE = "*"
"""Recipient of a message that is meant for whoever reads it."""

_CONTENT_ID = re.compile(r"[0-9a-f]{64}\Z")


def content_id(data: bytes) -> ContentId:
    """Returns the content id of `data`: SHA-256, lower-case hex."""
    return ContentId(hashlib.sha256(data).hexdigest())


def is_content_id(text: str) -> bool:
    """Says whether `text` is written exactly as a content id is."""
    return _CONTENT_ID.match(text) is not None


def chain(previous: str, item: str) -> ContentId:
    """Returns the next link of a hash chain: SHA-256 over a domain tag, the previous link and the item.

    Both parts are fixed-length hex or empty, so their concatenation is unambiguous.
    """
    return content_id(f"hansa-chain-v1\n{previous}\n{item}".encode())
