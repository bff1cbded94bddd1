"""What goes over a link once both ends are proved: sealed, so that nobody on the way reads, changes or repeats it.

Each direction has a key of its own, from the secret that both ends share and all that was said in the handshake
(HKDF-SHA256, RFC 5869). Each message is sealed with ChaCha20-Poly1305 (RFC 8439) under the number that it has in its
direction. The number is not sent: what comes twice, too early, or after one that was lost, does not open.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason

KEY_BYTES = 32
TAG_BYTES = 16
"""What sealing adds to a message."""

MAX_MESSAGES = 2**48
"""Messages under one key at most; at a million in a second that takes nine years."""


class _Direction:
    __slots__ = ("_cipher", "_count")

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)
        self._count = 0

    def _nonce(self) -> bytes:
        if self._count >= MAX_MESSAGES:
            raise Refused(Reason.BAD_LINK, "its keys are used up: make a new link")
        return self._count.to_bytes(12, "big")


class Sealer(_Direction):
    """Seals what this end sends, message by message."""

    __slots__ = ()

    def seal(self, plain: bytes) -> bytes:
        """Returns the sealed form of the next message.

        Raises:
            Refused: BAD_LINK, when the key has sealed all it may.
        """
        sealed = self._cipher.encrypt(self._nonce(), plain, None)
        self._count += 1
        return sealed


class Opener(_Direction):
    """Opens what the other end sent, in its order."""

    __slots__ = ()

    def open(self, sealed: bytes) -> bytes:
        """Returns the next message.

        Raises:
            Refused: BAD_LINK: it was changed, repeated or moved, or one before it was lost; the link is over.
        """
        try:
            plain = self._cipher.decrypt(self._nonce(), sealed, None)
        except InvalidTag:
            raise Refused(Reason.BAD_LINK, f"message {self._count} of the link does not open") from None
        self._count += 1
        return plain


def directions(secret: bytes, transcript: bytes) -> tuple[bytes, bytes]:
    """Returns the keys of a link: for what the end that dialled sends, and for what the other one sends.

    Args:
        secret: what X25519 gave both ends.
        transcript: hash of all that was said until now; keys are the same only where both heard the same.
    """
    both = HKDF(SHA256(), 2 * KEY_BYTES, salt=transcript, info=b"hansa-link-v1 keys").derive(secret)
    return both[:KEY_BYTES], both[KEY_BYTES:]
