"""Invitations: a short code that lets whoever has it ask to be let in, and shows them that they ask the right node.

    7K3M-9QXF-2B4H-KT6W-P8ZD          60 bits of secret (three groups), 40 bits of the inviter's id (two groups)
    http://127.0.0.1:8470/#7K3M-…     the same with the address to go to; the part behind # is sent to nobody

Rules, in order:

1. the joiner greets the node at the address, and goes on only if that node's id has the code's fingerprint
2. it signs a `join` addressed to that id, with a proof that it knows the secret: the secret itself goes nowhere, and
   the proof is good for this joiner and this inviter alone
3. the inviter looks for an invitation that the proof fits, neither used up nor expired, takes a use off it, and lets
   the joiner in, or notes that it asks (`node.joining`)

An invitation is open, until its last use is taken or its time is over; neither is undone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from hansa.kernel.errors import UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import DAY, MINUTE, Instant, iso

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a code can be read out."""

SECRET_BITS, FINGERPRINT_BITS = 60, 40
MAX_USES = 1_000
MIN_TIME_MS, MAX_TIME_MS = MINUTE, 90 * DAY
MAX_NOTE = 200
"""Bounds on one invitation: a code that lies about for a year, or lets a thousand in, is a door without a lock."""

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
        return _groups(self.secret << FINGERPRINT_BITS | self.fingerprint, _LETTERS)


class Phase(StrEnum):
    """Where an invitation is in its life."""

    OPEN = "open"
    USED_UP = "used up"
    EXPIRED = "expired"


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

    def phase(self, now: Instant) -> Phase:
        """Returns where it is in its life."""
        if self.uses <= 0:
            return Phase.USED_UP
        return Phase.OPEN if now < self.expires else Phase.EXPIRED

    def is_open(self, now: Instant) -> bool:
        """Says whether somebody may still come in by it."""
        return self.phase(now) is Phase.OPEN

    def used(self, now: Instant) -> Invitation:
        """Returns it with one use less.

        Raises:
            UsageError: it is not open.
        """
        if not self.is_open(now):
            raise UsageError(f"invitation {self.id} is {self.phase(now)}")
        return replace(self, uses=self.uses - 1)

    def validate(self) -> None:
        """Raises UsageError when what it promises makes no sense."""
        if not 1 <= self.uses <= MAX_USES:
            raise UsageError(f"an invitation is good for 1 to {MAX_USES} nodes, not {self.uses}")
        if not MIN_TIME_MS <= self.expires - self.created <= MAX_TIME_MS:
            raise UsageError(f"an invitation lasts a minute to 90 days; until {iso(self.expires)} is not that")
        if self.per_minute is not None and self.per_minute < 1:
            raise UsageError("records a minute: at least 1")
        if len(self.note) > MAX_NOTE:
            raise UsageError(f"a note has at most {MAX_NOTE} characters")


def fingerprint(inviter: NodeId) -> int:
    """Returns the part of a code that is of its inviter's id."""
    return int.from_bytes(hashlib.sha256(_DOMAIN + inviter.encode()).digest()[: FINGERPRINT_BITS // 8], "big")


def spelled(inviter: NodeId) -> str:
    """Returns an id's fingerprint as it ends that node's codes, for two people to compare."""
    return _groups(fingerprint(inviter), FINGERPRINT_BITS // 5)


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


def find(
    invitations: Iterable[Invitation], given: str, inviter: NodeId, joiner: NodeId, now: Instant
) -> Invitation | None:
    """Returns the open invitation that a proof is of.

    Each one is looked at, the closed ones too and also behind the one that fits: how long it takes says nothing of
    whether there ever was such a code.
    """
    found = None
    for one in invitations:
        if fits(one, given, inviter, joiner) and one.is_open(now):
            found = one
    return found


def _groups(number: int, count: int) -> str:
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))
    return "-".join(letters[start : start + _GROUP] for start in range(0, count, _GROUP))


def _bytes(secret: int) -> bytes:
    return secret.to_bytes(SECRET_BITS // 8 + 1, "big")
