"""Keys, headers and sealed messages for tests: everything follows from small numbers, so each run makes the same ones.

>>> sealed(key(1)).id == sealed(key(1)).id
True
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

import pytest

from hansa.identity.envelope import Header, Signed, Verified, seal, verify
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason

NOW = Instant(1_760_000_000_000)
NETWORK = "hansa-test"
DIGEST = hashlib.sha256(b"specimen").hexdigest()

BODIES: dict[str, dict[str, Any]] = {
    "skill": {"claim": {"successes": 9, "trials": 10}, "skill": {"code": "def f(x):\n    return x\n", "name": "f"}},
    "evidence": {"digest": DIGEST, "outcome": "proved", "skill": DIGEST, "successes": 3, "trials": 3},
    "tombstone": {"reason": "withdrawn", "skill": DIGEST},
    "hello": {"name": "Lübeck", "role": "node", "skills": 0, "versions": ["1.0"]},
    "welcome": {"name": "Visby", "role": "node", "to": DIGEST, "version": "1.0"},
    "index": {"head": DIGEST, "length": 7},
    "presence": {"addresses": ["wss://harbour.example"], "incarnation": 3, "role": "hub"},
    "suspicion": {"incarnation": 3, "whom": "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"},
    "links": {"links": []},
    "arrived": {"envelope": DIGEST, "packet": DIGEST[:32]},
    "notice": {"payload": {"skill": DIGEST}, "type": "threat_alert"},
    "noticed": {"to": DIGEST},
    "offers": {"offers": []},
    "requests": {"requests": []},
    "lease_ask": {"amount": 1, "begins": 1, "ends": 2, "offer": DIGEST, "price": 0, "resource": "memory_capacity"},
    "lease": {"ask": DIGEST, "fence": 1, "state": "granted", "take_by": 1},
    "lease_act": {"act": "take", "ask": DIGEST},
    "reflection": {"description": "x", "outcome": "success"},
    "roster": {"epoch": 1, "members": ["did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"]},
    "proposal": {"base": DIGEST, "diff": DIGEST, "ends": 1, "rationale": "x", "risk": "low", "roster": DIGEST},
    "vote": {
        "base": DIGEST,
        "choice": "yes",
        "diff": DIGEST,
        "ends": 1,
        "epoch": 1,
        "proposal": DIGEST,
        "roster": DIGEST,
    },
    "outcome": {"decided": "undecided", "proposal": DIGEST},
    "root": {
        "root_keys": ["did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"],
        "root_threshold": 1,
        "signing_keys": ["did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"],
        "signing_threshold": 1,
        "version": 1,
    },
}
"""A plausible body for each kind. Identity and admission don't look inside; only the shape matters here."""


def scaled(count: int) -> int:
    """Returns `count` times HANSA_TEST_SCALE: 1 in a test run, more before a release."""
    return max(1, int(count * float(os.environ.get("HANSA_TEST_SCALE", "1"))))


def key(number: int) -> SigningKey:
    """Returns the signing key number `number`."""
    return SigningKey(hashlib.sha256(b"test key %d" % number).digest())


def header(author: SigningKey, /, **changes: Any) -> Header:
    """Returns a fresh, complete header by `author`, with `changes`."""
    fields: dict[str, Any] = {
        "version": "1.0",
        "network": NETWORK,
        "kind": "skill",
        "author": author.public.did,
        "recipient": EVERYONE,
        "seq": 1,
        "created": NOW,
        "expires": 0,
    }
    return Header(**{**fields, **changes})


def sealed(author: SigningKey, body: dict[str, Any] | None = None, /, **changes: Any) -> Signed:
    """Returns a message by `author` that is right in everything, but for `changes` to its header."""
    head = header(author, **changes)
    return seal(head, BODIES.get(head.kind, {}) if body is None else body, [author])


def proved(author: SigningKey, body: dict[str, Any] | None = None, /, **changes: Any) -> Verified:
    """Returns `sealed`, verified."""
    return verify(sealed(author, body, **changes))


def refusal(call: Callable[..., object], *args: Any, **kwargs: Any) -> Refused:
    """Returns how `call` refuses; the test fails when it does not."""
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value


def reason(call: Callable[..., object], *args: Any, **kwargs: Any) -> Reason:
    """Returns why `call` refuses; the test fails when it does not."""
    return refusal(call, *args, **kwargs).reason
