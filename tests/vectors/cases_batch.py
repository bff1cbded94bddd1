"""Cases of batch signatures: one signature over the root of a tree of messages (checks 1 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding
from tests.vectors import tree
from tests.vectors.case import ALICE, BOB, Case, b64, entry, envelope, payload

NEEDS = ("batch",)
PAYLOADS = [payload(seq=number) for number in range(1, 8)]
LEAVES = [pre_authentication_encoding(PAYLOAD_TYPE, one) for one in PAYLOADS]

_good = partial(Case, needs=NEEDS)
_shape = partial(Case, reason="bad_envelope", check="envelope 1", needs=NEEDS)
_forged = partial(Case, reason="forged", check="envelope 4", needs=NEEDS)


def cases() -> Iterator[Case]:
    """Yields the cases of batches."""
    for size, index in ((2, 0), (2, 1), (3, 2), (5, 4), (7, 3), (7, 6)):
        sent = envelope(PAYLOADS[index], [tree.entry(ALICE, index, LEAVES[:size])])
        yield _good(f"batch-{index}-of-{size}", sent, f"message {index} (from 0) of a batch of {size}")
    yield _good("batch-1023-of-1024", _largest(), "the last of the largest batch: ten siblings")
    both = [tree.entry(ALICE, 1, LEAVES[:3]), entry(ALICE, PAYLOADS[1])]
    yield _good("batch-and-alone", envelope(PAYLOADS[1], both), "signed in a batch and alone, by one key")
    yield from _places()
    yield from _trees()


def _largest() -> bytes:
    leaves = [b"leaf %d" % number for number in range(1023)] + [LEAVES[0]]
    return envelope(PAYLOADS[0], [tree.entry(ALICE, 1023, leaves)])


def _bent(**changes: Any) -> bytes:
    return envelope(PAYLOADS[3], [tree.entry(ALICE, 3, LEAVES, changes)])


def _places() -> Iterator[Case]:
    siblings = tree.path(3, LEAVES)
    one, whole = b64(siblings[0]), b64(b"".join(siblings))
    for name, changes, why in (
        ("batch-of-1", {"size": 1, "index": 0, "path": ""}, "a batch has at least 2 messages"),
        ("batch-of-1025", {"size": 1025}, "a batch has at most 1,024 messages"),
        ("batch-index-is-size", {"index": 7}, "places count from 0"),
        ("batch-index-negative", {"index": -1}, "places count from 0"),
        ("batch-path-empty", {"path": ""}, "place 3 of 7 has three siblings"),
        ("batch-path-too-short", {"path": one}, "place 3 of 7 has three siblings"),
        ("batch-path-too-long", {"path": b64(b"".join([*siblings, siblings[0]]))}, "place 3 of 7 has three siblings"),
        ("batch-path-half-a-hash", {"path": b64(b"".join(siblings)[:-16])}, "whole hashes of 32 bytes"),
        ("batch-path-other-spelling", {"path": whole + "\n"}, "base64 in its one spelling"),
        ("batch-path-for-another-size", {"size": 4}, "place 3 of 4 has two siblings"),
        ("batch-without-size", {"size": ...}, "index, path and size are all there"),
        ("batch-extra-field", {"hash": "sha256"}, "no other fields: the hash is not the sender's choice"),
        ("batch-index-true", {"index": True}, "true is no number"),
        ("batch-path-a-list", {"path": [one]}, "the siblings stand in one text"),
    ):
        yield _shape(name, _bent(**changes), why)
    beyond = tree.entry(ALICE, 1, LEAVES[:2], {"index": 2})
    why = "a tree of 2 has no place 2, though the path has the right length and leads to the root"
    yield _shape("batch-index-beyond-the-end", envelope(PAYLOADS[1], [beyond]), why)
    null = {**entry(ALICE, PAYLOADS[0]), "batch": None}
    yield _shape("batch-null", envelope(PAYLOADS[0], [null]), "a message alone has no batch, not even null")


def _trees() -> Iterator[Case]:
    seven = tree.entry(ALICE, 3, LEAVES)
    siblings = tree.path(3, LEAVES)
    yield _forged(
        "batch-another-message", envelope(PAYLOADS[2], [seven]), "this message is not in the tree at that place"
    )
    yield _forged("batch-another-index", _moved(), "another place of the tree")
    turned = b64(b"".join(reversed(siblings)))
    yield _forged("batch-path-reversed", _bent(path=turned), "siblings stand from the leaf upwards")
    yield _forged("batch-size-exchanged", _resized(), "the size is signed with the root")
    yield _forged("batch-by-another-key", _by_bob(), "somebody else's signature, under the author's key id")
    alone = {**entry(ALICE, PAYLOADS[3]), "batch": seven["batch"]}
    yield _forged(
        "batch-signature-of-the-message", envelope(PAYLOADS[3], [alone]), "the batch is signed, not the message"
    )
    bare = {name: value for name, value in seven.items() if name != "batch"}
    yield _forged("batch-left-out", envelope(PAYLOADS[3], [bare]), "a batch signature does not fit the message alone")
    yield _forged("batch-inner-node-as-message", _inner(), "leaves and inner nodes are hashed apart")
    yield _forged(
        "batch-root-signed-bare", _signed(tree.tree_hash(LEAVES)), "root and size are signed, with their own type"
    )
    typed = pre_authentication_encoding(PAYLOAD_TYPE, tree.statement(tree.tree_hash(LEAVES), 7))
    yield _forged("batch-signed-as-message", _signed(typed), "a batch is not signed as a message")
    yield Case(
        "batch-statement-as-message",
        envelope(
            b'{"root":"' + tree.tree_hash(LEAVES).hex().encode() + b'","size":7}', [bare], payloadType=tree.BATCH_TYPE
        ),
        "what a batch signature signs is no message",
        "bad_envelope",
        "envelope 3",
    )


def _moved() -> bytes:
    entry_ = tree.entry(ALICE, 3, LEAVES)
    entry_["batch"]["index"] = 2
    return envelope(PAYLOADS[3], [entry_])


def _resized() -> bytes:
    """Returns message 3 of 7 as 3 of 8: the path has the same length and leads to the same root."""
    entry_ = tree.entry(ALICE, 3, LEAVES)
    entry_["batch"]["size"] = 8
    return envelope(PAYLOADS[3], [entry_])


def _by_bob() -> bytes:
    return envelope(PAYLOADS[3], [{**tree.entry(BOB, 3, LEAVES), "keyid": ALICE.public.did}])


def _signed(data: bytes) -> bytes:
    return envelope(PAYLOADS[3], [{**tree.entry(ALICE, 3, LEAVES), "sig": b64(ALICE.sign(data))}])


def _inner() -> bytes:
    """Returns a message whose place is that of an inner node: as if a tree of 2 had that node for a leaf."""
    top = tree.path(0, LEAVES)[-1]
    batch = {"index": 0, "path": b64(top), "size": 2}
    return envelope(PAYLOADS[0], [{**tree.entry(ALICE, 0, LEAVES[:2]), "batch": batch}])
