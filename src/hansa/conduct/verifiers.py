"""Whose word counts here beside this node's own: nodes that its operator names."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Refused

MAX_VERIFIERS = 100


@dataclass(frozen=True, slots=True)
class Params:
    """Whom this node believes.

    Attributes:
        verifiers: ids of nodes whose signed findings count here as if they were evidence, in disputes. Each one more
            is one more that could mislead this node; with none it goes by its own runs alone.
    """

    verifiers: tuple[str, ...] = ()

    def validate(self) -> None:
        """Raises ValueError naming the field when an id is none, or stands twice."""
        if len(self.verifiers) > MAX_VERIFIERS:
            raise ValueError(f"verifiers are at most {MAX_VERIFIERS}")
        for did in self.verifiers:
            try:
                PublicKey.from_did(did)
            except Refused:
                raise ValueError(f"verifiers must be ids of nodes, did:key:z…, and {did[:60]!r} is none") from None
        if len(dict.fromkeys(self.verifiers)) < len(self.verifiers):
            raise ValueError("verifiers names one node twice: it counts once")
