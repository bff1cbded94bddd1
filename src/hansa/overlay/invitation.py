"""Invitations: a short code that lets whoever has it ask to be let in, and shows them that they ask the right node.

    7K3M-9QXF-2B4H-KT6W-P8ZD          60 bits of secret (three groups), 40 bits of the inviter's id (two groups)
    http://127.0.0.1:8470/#7K3M-…     the same with the address to go to; the part behind # is sent to nobody

Rules, in order:

1. the joiner greets the node at the address, and goes on only if that node's id has the code's fingerprint
2. it signs a `join` addressed to that id, with a proof that it knows the secret: the secret itself goes nowhere, and
   the proof is good for this joiner and this inviter alone
3. the inviter looks for an invitation that the proof fits, neither used up nor expired, takes a use off it, and lets
   the joiner in, or notes that it asks
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from hansa.kernel.errors import UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a code can be read out."""

SECRET_BITS, FINGERPRINT_BITS = 60, 40
_GROUP = 4
_LETTERS = (SECRET_BITS + FINGERPRINT_BITS) // 5
_ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0"})
_DOMAIN = b"hansa-join-v1"


@dataclass(frozen=True, slots=True)
class Code:
    """What an invitation's code says.

    Attributes:
        secret: number below 2**60.
        fingerprint: number below 2**40, of the inviter's id.
    """

    secret: int
    fingerprint: int

    def __str__(self) -> str:
        """Returns the code as it is read out."""
        number = self.secret << FINGERPRINT_BITS | self.fingerprint
        letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LETTERS)))
        return "-".join(letters[start : start + _GROUP] for start in range(0, _LETTERS, _GROUP))


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as its inviter keeps it.

    Attributes:
        secret: the code's secret.
        uses: how many may still come in by it.
        expires: milliseconds UTC.
        per_minute: records that whoever comes in may push in a minute; None: as many as anybody.
        ask: whoever comes is only noted, and waits for the operator's word.
        note: the inviter's own words.
    """

    secret: int
    uses: int
    expires: int
    created: int
    per_minute: int | None = None
    ask: bool = False
    note: str = ""

    @property
    def id(self) -> str:
        """Names it in lists; says nothing about the secret that could be used."""
        return hashlib.sha256(_DOMAIN + b"-id" + _bytes(self.secret)).hexdigest()[:8]

    def is_open(self, now: Instant) -> bool:
        """Says whether somebody may still come in by it."""
        return self.uses > 0 and now < self.expires


def fingerprint(inviter: NodeId) -> int:
    """Returns the part of a code that is of its inviter's id."""
    return int.from_bytes(hashlib.sha256(_DOMAIN + inviter.encode()).digest()[: FINGERPRINT_BITS // 8], "big")


def read_code(text: str) -> Code:
    """Returns the code in what somebody typed: case, blanks and dashes don't matter, nor letters that look alike.

    Raises:
        UsageError: it is none.
    """
    letters = "".join(text.upper().replace("-", " ").split()).translate(_ALIKE)
    if len(letters) != _LETTERS or any(letter not in ALPHABET for letter in letters):
        raise UsageError(f"{text[:60]} is no invitation code: it has five groups of four letters and digits")
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    return Code(number >> FINGERPRINT_BITS, number & (1 << FINGERPRINT_BITS) - 1)


def read_invitation(text: str) -> tuple[str, Code | None]:
    """Returns address and code in `address#code`; None without a code.

    Raises:
        UsageError: what stands behind # is no code.
    """
    url, _, code = text.strip().partition("#")
    return url.rstrip("/"), read_code(code) if code else None


def proof(secret: int, inviter: NodeId, joiner: NodeId) -> str:
    """Returns what shows that `joiner` knows the secret of an invitation of `inviter` (HMAC-SHA256, RFC 2104)."""
    told = b"\0".join((_DOMAIN, inviter.encode(), joiner.encode()))
    return hmac.new(_bytes(secret), told, hashlib.sha256).hexdigest()


def fits(invitation: Invitation, given: str, inviter: NodeId, joiner: NodeId) -> bool:
    """Says whether a proof is of this invitation; takes the same time either way."""
    return hmac.compare_digest(proof(invitation.secret, inviter, joiner), given)


def _bytes(secret: int) -> bytes:
    return secret.to_bytes(SECRET_BITS // 8 + 1, "big")
