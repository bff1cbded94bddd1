"""Messages as nodes send them, for whatever needs some."""

from __future__ import annotations

from hansa.adapters.keys import MemoryKeys
from hansa.identity import envelope
from hansa.identity.envelope import Header
from hansa.kernel.ids import EVERYONE

KEYS = MemoryKeys(bytes(range(32)))


def sealed(seq: int) -> envelope.Signed:
    """Returns a signed message of about 2 kB with a body of plain text."""
    header = Header(
        version="1.0", network="hansa", kind="evidence", author=KEYS.node_id, recipient=EVERYONE, seq=seq, created=1,
        expires=0,
    )  # fmt: skip
    return envelope.seal(header, {"text": f"{seq} " + "x" * 1_000}, [KEYS.key])
