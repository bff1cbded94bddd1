"""Root metadata for tests: who holds which key, written as a message of kind "root"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hansa.identity.envelope import Signed, seal
from hansa.identity.keys import SigningKey
from hansa.identity.roots import KIND
from tests.attacks.specimens import NOW, header

IN_A_YEAR = NOW + 365 * 24 * 3600 * 1000


def root_body(
    version: int,
    roots: Sequence[SigningKey],
    signing: Sequence[SigningKey] | None = None,
    *,
    root_threshold: int = 1,
    signing_threshold: int = 1,
) -> dict[str, Any]:
    """Returns the body of root metadata; day-to-day keys are the root keys unless given."""
    return {
        "version": version,
        "root_keys": [key.public.did for key in roots],
        "root_threshold": root_threshold,
        "signing_keys": [key.public.did for key in (roots if signing is None else signing)],
        "signing_threshold": signing_threshold,
    }


def root(
    node: SigningKey, body: dict[str, Any], by: Sequence[SigningKey], *, expires: int = IN_A_YEAR, **changes: Any
) -> Signed:
    """Returns root metadata of `node`, signed by `by`."""
    head = header(node, **{"kind": KIND, "expires": expires, "seq": body.get("version", 1), **changes})
    return seal(head, body, list(by))
