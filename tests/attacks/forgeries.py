"""What an attacker does to a message: damage it anywhere, or sign it with anything but its author's key.

Every way into a node must refuse all of it, so the makers are here and the ways in are in `test_001`.

    >>> from tests.attacks.specimens import key, sealed
    >>> [name for name, _ in forgeries(sealed(key(1)), [key(1), key(2)])][:2]
    ['no signature', 'no signatures field']
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hansa.identity.envelope import PAYLOAD_TYPE, Signed, pre_authentication_encoding
from hansa.identity.keys import SigningKey
from hansa.kernel import canonical
from tests.attacks import edwards

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def mutations(raw: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yields `count` versions of `raw`, each with one byte flipped, replaced, taken out or put in."""
    random = Random(seed)
    for _ in range(count):
        at = random.randrange(len(raw))
        old = raw[at]
        match random.randrange(4):
            case 0:
                new = bytes([old ^ 1 << random.randrange(8)])
            case 1:
                new = bytes([(old + random.randrange(1, 256)) % 256])
            case 2:
                new = b""
            case _:
                new = bytes([old, random.randrange(256)])
        yield raw[:at] + new + raw[at + 1 :]


def forgeries(message: Signed, keys: list[SigningKey]) -> list[tuple[str, bytes]]:
    """Returns messages that claim to be `message`, named by their flaw; none was signed as it stands by its author.

    Args:
        message: sealed by `keys[0]` alone.
        keys: the author's key, only used for other bytes than these, then somebody else's.
    """
    return [*_unsigned(message), *_by_others(message, keys), *_of_other_bytes(message, keys[0])]


def envelope(payload: bytes, signatures: Any, payload_type: str = PAYLOAD_TYPE, **more: Any) -> bytes:
    """Returns canonical envelope bytes that hold whatever is given."""
    fields = {"payload": _b64(payload), "payloadType": payload_type, "signatures": signatures, **more}
    return canonical.encode(fields)


def signature(keyid: str, sig: bytes | str) -> dict[str, str]:
    """Returns one entry of an envelope's signatures; text stands as it is, bytes become base64."""
    return {"keyid": keyid, "sig": sig if isinstance(sig, str) else _b64(sig)}


def with_fields(message: Signed, **changes: Any) -> bytes:
    """Returns the payload of `message` with some fields changed, and nobody's signature over that."""
    return canonical.encode({**json.loads(message.payload), **changes})


def base58(data: bytes) -> str:
    """Returns base58btc, slow and obvious."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def did(raw: bytes, multicodec: bytes = b"\xed\x01") -> str:
    """Returns the did:key of any bytes, good key or not."""
    return "did:key:z" + base58(multicodec + raw)


def _unsigned(message: Signed) -> list[tuple[str, bytes]]:
    author, payload = message.signatures[0][0], message.payload
    digest = hashlib.sha256(payload).digest()
    keyless = f"sha256:{digest.hex()}"
    bare: dict[str, Any] = {"payload": _b64(payload), "payloadType": PAYLOAD_TYPE}
    sigs: dict[str, bytes | str] = {
        "empty signature": "",
        "zero signature": bytes(64),
        "hash for a signature": digest,
        "hash twice for a signature": digest * 2,
        "sha256: text for a signature": keyless,
        "sha256: text in base64 for a signature": keyless.encode(),
        "null for a signature": "null",
        "the key for a signature": author,
    }
    wholes: dict[str, Any] = {
        "null signatures": None,
        "sha256: text for signatures": keyless,
        "true for signatures": True,
        "object for signatures": signature(author, bytes(64)),
        "signature without key id": [{"sig": _b64(bytes(64))}],
        "signature without sig": [{"keyid": author}],
        "null sig": [{"keyid": author, "sig": None}],
        "signature as bare text": [keyless],
    }
    return [
        ("no signature", envelope(payload, [])),
        ("no signatures field", canonical.encode(bare)),
        ("payload alone", payload),
        ("signature field of other protocols", canonical.encode({**bare, "signature": keyless})),
        ("verification switched off by the sender", envelope(payload, [], verified=True)),
        ("algorithm none", envelope(payload, [], alg="none")),
        *((name, envelope(payload, [signature(author, sig)])) for name, sig in sigs.items()),
        *((name, envelope(payload, whole)) for name, whole in wholes.items()),
    ]


def _by_others(message: Signed, keys: list[SigningKey]) -> list[tuple[str, bytes]]:
    (author, good), payload = message.signatures[0], message.payload
    forged: list[tuple[str, bytes]] = []
    for number, other in enumerate(keys[1:], 1):
        mine = other.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
        me = str(other.public.did)
        forged += [
            (f"other key {number}, honest about it", envelope(payload, [signature(me, mine)])),
            (f"other key {number} under the author's key id", envelope(payload, [signature(author, mine)])),
            (f"author's signature under key id {number}", envelope(payload, [signature(me, good)])),
            (
                f"author's signature and one by other key {number}",
                envelope(payload, [signature(author, good), signature(me, mine)]),
            ),
            (
                f"author's signature and a bad one by other key {number}",
                envelope(payload, [signature(author, good), signature(me, good)]),
            ),
        ]
    for point in edwards.small_order_points():
        weak = did(edwards.encode(point))
        claimed = with_fields(message, author=weak)
        trick = edwards.encode(edwards.NEUTRAL) + bytes(32)  # fits every message when the point is the neutral one
        forged.append((f"weak key {weak[-6:]} for an author", envelope(claimed, [signature(weak, trick)])))
    return forged


def _of_other_bytes(message: Signed, author: SigningKey) -> list[tuple[str, bytes]]:
    (me, good), payload = message.signatures[0], message.payload
    r, s = good[:32], int.from_bytes(good[32:], "little")
    encoded = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    other = with_fields(message, seq=json.loads(payload)["seq"] + 1)
    sigs: dict[str, bytes] = {
        "payload signed without its type": author.sign(payload),
        "hash of the payload signed": author.sign(hashlib.sha256(encoded).digest()),
        "signed as another type": author.sign(pre_authentication_encoding("text/plain", payload)),
        "signed with the old DSSE prefix": author.sign(encoded.replace(b"DSSEv1", b"DSSEv0", 1)),
        "signature of another message": author.sign(pre_authentication_encoding(PAYLOAD_TYPE, other)),
        "signature cut short": good[:-1],
        "signature with a byte more": good + b"\0",
        "signature with S + L": r + (s + edwards.L).to_bytes(32, "little"),
        "signature with -S": r + (edwards.L - s).to_bytes(32, "little"),
        "signature halves swapped": good[32:] + good[:32],
    }
    spellings = {
        "key id in capitals": me.upper(),
        "key id without z": me.replace(":z", ":"),
        "key id with a leading 1": me.replace(":z", ":z1"),
        "key id with a fragment": f"{me}#{me[8:]}"[:64],
        "key id with a blank": f"{me} ",
        "empty key id": "",
        "key id that is a number": "0",
    }
    return [
        *((name, envelope(payload, [signature(me, sig)])) for name, sig in sigs.items()),
        *((name, envelope(payload, [signature(spelling, good)])) for name, spelling in spellings.items()),
        ("another payload", envelope(other, [signature(me, good)])),
        ("another payload type", envelope(payload, [signature(me, good)], payload_type="application/json")),
        ("no payload type", envelope(payload, [signature(me, good)], payload_type="")),
        ("seventeen signatures", envelope(payload, [signature(me, good)] * 17)),
    ]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
