"""Merkle trees word for word after RFC 9162, sections 2.1.1 and 2.1.3.1: the slow reference for batch signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from hansa.identity.envelope import pre_authentication_encoding
from hansa.identity.keys import SigningKey
from hansa.kernel import canonical
from tests.vectors.case import b64

BATCH_TYPE = "application/vnd.hansa.batch+json;v=1"


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Returns MTH(D[n])."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = _split(len(leaves))
    return hashlib.sha256(b"\1" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Returns PATH(m, D[n]): the siblings, from the leaf upwards."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(index - k, leaves[k:]), tree_hash(leaves[:k])]


def entry(
    signer: SigningKey, index: int, leaves: Sequence[bytes], changes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns a signature entry over a batch, for its message number `index`; `changes` bend the batch's fields."""
    batch = {"index": index, "path": b64(b"".join(path(index, leaves))), "size": len(leaves), **(changes or {})}
    sig = signer.sign(statement(tree_hash(leaves), len(leaves)))
    kept = {name: value for name, value in batch.items() if value is not ...}
    return {"batch": kept, "keyid": signer.public.did, "sig": b64(sig)}


def statement(root: bytes, size: int) -> bytes:
    """Returns the bytes that a batch signature signs."""
    return pre_authentication_encoding(BATCH_TYPE, canonical.encode({"root": root.hex(), "size": size}))


def _split(count: int) -> int:
    """Returns the largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1
