"""One conformance case, and how messages for cases are made: fixed keys, fixed times, every byte in our hands."""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding
from hansa.identity.keys import SigningKey
from hansa.kernel import canonical
from tests.attacks.specimens import NETWORK, NOW, key
from tests.vectors.bodies import BODIES, CONTEXT

ALICE, BOB, CAROL, DAVE = key(1), key(2), key(5), key(6)
MARK = "put something else here"
"""What `payload_with` replaces."""


@dataclass(frozen=True)
class Case:
    """A message, what its receiver knows, and what must become of it.

    Attributes:
        name: the flaw, or what is right; also the name of its folder.
        why: one sentence.
        reason: wire code of the refusal; "" for a message that must be accepted.
        check: the numbered check that refuses, as docs/reference/records.md counts.
        context: what differs from `CONTEXT`.
        needs: parts of the protocol that an implementation may lack.
    """

    name: str
    message: bytes
    why: str
    reason: str = ""
    check: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What must become of it."""
        return "refuse" if self.reason else "accept"

    @property
    def whole_context(self) -> dict[str, Any]:
        """All that the receiver knows."""
        return {**CONTEXT, **self.context}


def case(name: str, sent: bytes, why: str, refused: str = "", /, **context: Any) -> Case:
    """Returns a case; `refused` is "reason admission 1" and so on."""
    reason, _, check = refused.partition(" ")
    return Case(name, sent, why, reason, check, context)


def b64(data: bytes) -> str:
    """Returns base64 in its one spelling."""
    return base64.b64encode(data).decode()


def fields(kind: str = "hello", author: SigningKey = ALICE, body: Any = None, **changes: Any) -> dict[str, Any]:
    """Returns a payload's fields, right but for `changes`; `...` leaves a field out."""
    whole = {
        "version": "1.0",
        "network": NETWORK,
        "kind": kind,
        "author": author.public.did,
        "recipient": "*",
        "seq": 1,
        "created": NOW,
        "expires": 0,
        "body": copy.deepcopy(BODIES[kind][0]) if body is None else body,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def payload(kind: str = "hello", **changes: Any) -> bytes:
    """Returns canonical payload bytes."""
    return canonical.encode(fields(kind, **changes))


def payload_with(raw: bytes) -> bytes:
    """Returns a hello's payload with `raw` where its name stands, canonical or not."""
    whole = payload(body={"versions": ["1.0"], "name": MARK})
    return whole.replace(f'"{MARK}"'.encode(), raw)


def entry(signer: SigningKey, data: bytes, payload_type: str = PAYLOAD_TYPE) -> dict[str, Any]:
    """Returns a signature entry over payload bytes."""
    sig = signer.sign(pre_authentication_encoding(payload_type, data))
    return {"keyid": signer.public.did, "sig": b64(sig)}


def envelope(data: bytes, signatures: Any, **changes: Any) -> bytes:
    """Returns canonical envelope bytes that hold whatever is given; `...` leaves a field out."""
    whole = {"payload": b64(data), "payloadType": PAYLOAD_TYPE, "signatures": signatures, **changes}
    return canonical.encode({name: value for name, value in whole.items() if value is not ...})


def sealed(data: bytes, *signers: SigningKey) -> bytes:
    """Returns the envelope of payload bytes, signed rightly, whatever they are."""
    return envelope(data, [entry(signer, data) for signer in signers or (ALICE,)])


def message(kind: str = "hello", **changes: Any) -> bytes:
    """Returns a message, signed by its author, right but for `changes`."""
    author = changes.get("author", ALICE)
    named = {name: value for name, value in changes.items() if name != "author"}
    return sealed(payload(kind, author=author, **named), author)
