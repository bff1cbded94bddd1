"""Messages for two implementations to differ over: right ones, bent in one place or several, most of them signed anew.

Everything follows from a seed. A question is bent on one of these floors, so that a good share gets deep:

bytes of the envelope · fields of the envelope · bytes of the payload, signed · fields of header and body, signed
· signatures and key ids · what the receiver knows

>>> next(questions(1)).message == next(questions(1)).message
True
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hansa.identity.envelope import PAYLOAD_TYPE, Signed, pre_authentication_encoding
from hansa.identity.keys import SigningKey
from hansa.kernel import canonical
from tests.attacks import edwards
from tests.attacks.forgeries import did, mutations
from tests.attacks.specimens import DIGEST, NETWORK, NOW, key, sealed
from tests.vectors import quirks, tree
from tests.vectors.bodies import BODIES, CONTEXT, ME
from tests.vectors.judge import LACKS
from tests.vectors.protocol import Question

LENGTHS = (0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 129, 255, 256, 500, 501, 4000, 4001)
INTEGERS = (-1, 0, 1, 2, 3, 16, 200, 201, 1000, 9_999, 10_000, 10_001, 99_999, 100_000, 100_001, 1_000_000, 1_000_001)
LARGE = (2**31, 2**31 + 1, -(2**31), -(2**31) - 1, 2**40, 2**40 + 1, 2**53 - 1, -(2**53) + 1, 2**20, 2**20 + 1)
TIMES = tuple(NOW + offset for ms in (0, 1, 300_000, 3_600_000) for offset in (ms, -ms, ms + 1, -ms - 1, ms - 1))
LETTERS = ("a", "é", "\U0001f600", "\u0000", "\uffff", "\x7f", "\u2028", '"', "\\", "/", "e\u0301")
NAMES = (
    "kind",
    "body",
    "extra",
    "",
    "__proto__",
    "constructor",
    "toString",
    "\U00010000",
    "\uffff",
    "seq",
    "skill",
    "a",
)
WORDS = (
    "*",
    "1.0",
    "2.0",
    "hello",
    "skill",
    "root",
    "pass",
    "fail",
    "cases",
    "python",
    NETWORK,
    DIGEST,
    DIGEST.upper(),
    "node",
)
ALICE, BOB = key(1), key(2)


class Mutator:
    """Bends things, by the numbers of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.kinds = sorted(BODIES)
        self.weak = [did(edwards.encode(point)) for point in edwards.small_order_points()]

    def question(self, number: int) -> Question:
        """Returns one question."""
        kind = self.random.choice(self.kinds)
        author = self.random.choice((ALICE, ALICE, BOB))
        context = self._context(kind, author)
        message = self._root_message(author, context) if kind == "root" else self._message(kind, author)
        floor = self.random.choice(
            (self._bytes, self._envelope, self._payload_bytes, self._fields, self._fields, self._fields)
            + (self._signatures, self._base64, self._knowledge, self._bounds)
            + (() if LACKS else (self._batch,))
        )
        name = f"{number} {kind} {floor.__name__.strip('_')}"
        return Question(name, floor(message, author, context), context)

    def _message(self, kind: str, author: SigningKey) -> Signed:
        seq = self.random.choice((1, 1, 1_000, 1_001))
        body = copy.deepcopy(self.random.choice(BODIES[kind]))
        return sealed(author, body, kind=kind if self.random.random() < 0.99 else "gossip", seq=seq)

    def _root_message(self, author: SigningKey, context: dict[str, Any]) -> Signed:
        """Returns root metadata of any version, most times with the versions before it known to the receiver."""
        version = self.random.choice((1, 1, 2, 3))
        me = author.public.did
        body = copy.deepcopy(self.random.choice(BODIES["root"])) | {"version": version}
        if self.random.random() < 0.5:
            body["root_keys"] = [me]
        if self.random.random() < 0.4:
            body["retired"] = [self._retired() for _ in range(self.random.choice((1, 1, 2)))]
        chain = [
            {**self._root(me), "version": number} for number in range(1, version + self.random.choice((0, 0, 0, 1)))
        ]
        if chain and self.random.random() < 0.5:
            chain[-1] |= {"root_keys": [me], "root_threshold": 1}
        if chain:
            context["roots"] = {me: chain}
        network = self.random.choice(("*", "*", "*", NETWORK, "other"))
        return sealed(author, body, kind="root", seq=version, network=network)

    def _context(self, kind: str, author: SigningKey) -> dict[str, Any]:
        context: dict[str, Any] = copy.deepcopy(CONTEXT)
        if kind == "root":
            context |= self.random.choice(({}, {"task": "root", "node": author.public.did}))
        return context

    # ------------------------------------------------------------------------------------------------- floors

    def _bytes(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        raw = message.raw
        for step in range(self.random.randrange(1, 3)):
            raw = next(mutations(raw, 1, self.random.randrange(2**32) + step))
        return raw

    def _envelope(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        fields = json.loads(message.raw)
        if self.random.random() < 0.6:
            self._bend(fields)
        return self._written(fields, 0.02 if self.random.random() < 0.5 else 0.0)

    def _payload_bytes(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        fields = json.loads(message.payload)
        payload = quirks.write(fields, self.random, self.random.choice((0.005, 0.02, 0.1)))
        if self.random.random() < 0.2:
            payload = next(mutations(payload or b"x", 1, self.random.randrange(2**32)))
        return self._sealed(payload, [author])

    def _fields(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        fields = json.loads(message.payload)
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            self._bend(
                fields["body"] if isinstance(fields.get("body"), dict) and self.random.random() < 0.7 else fields
            )
        if self.random.random() < 0.3:
            self._knowledge(message, author, context)
        return self._sealed(self._written(fields, 0.0), [author])

    def _signatures(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        good = message.signatures[0]
        entries = [self._entry(message, author, good) for _ in range(self.random.choice((0, 1, 1, 1, 2, 3, 16, 17)))]
        if self.random.random() < 0.3:
            entries.insert(0, {"keyid": good[0], "sig": _b64(good[1])})
        payload = message.payload
        if self.random.random() < 0.2:
            named = self.random.choice([*self.weak, BOB.public.did, "nobody"])
            payload = canonical.encode({**json.loads(payload), "author": named})
        kind = self.random.choice((PAYLOAD_TYPE, PAYLOAD_TYPE, PAYLOAD_TYPE, "text/plain", "", "é" * 128, "é" * 129))
        return self._written({"payload": _b64(payload), "payloadType": kind, "signatures": entries}, 0.0)

    def _base64(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        fields = json.loads(message.raw)
        where, name = self.random.choice(((fields, "payload"), (fields["signatures"][0], "sig")))
        text = where[name]
        others = (
            text.rstrip("="),
            text + "=",
            text + "\n",
            " " + text,
            text.replace("+", "-"),
            text.replace("/", "_"),
            "",
        )
        at = self.random.randrange(len(text))
        flipped = text[:at] + self.random.choice("AB/+=-_ é\n\0Z") + text[at + 1 :]
        last = text.rstrip("=")
        trailing = last[:-1] + chr(ord(last[-1]) + 1) + text[len(last) :]
        where[name] = self.random.choice((*others, flipped, flipped, trailing, text[:-4], text + "AAAA", text + "é"))
        return self._written(fields, 0.0)

    def _batch(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        """Signs a batch that the message is part of, and bends its place, most times."""
        size = self.random.choice((2, 3, 4, 5, 7, 8, 9, 33))
        index = self.random.randrange(size)
        leaves = [b"leaf %d" % number for number in range(size)]
        leaves[index] = pre_authentication_encoding(PAYLOAD_TYPE, message.payload)
        siblings = tree.path(index, leaves)
        other = self.random.choice((*range(-1, size + 2), 1023, 1024, 1025, True, "1", None, ...))
        bent: tuple[dict[str, Any], ...] = (
            {},
            {},
            {"index": other},
            {"size": other},
            {"path": _b64(b"".join(reversed(siblings)))},
            {"path": _b64(b"".join(siblings[: self.random.randrange(len(siblings) + 1)]))},
            {"path": _b64(b"".join([*siblings, bytes(self.random.choice((1, 31, 32)))]))},
            {"path": self.random.choice((None, [], "", "=", _b64(siblings[0]).rstrip("=")))},
            {self.random.choice(NAMES): other},
        )
        entries = [tree.entry(author, index, leaves, self.random.choice(bent))]
        if self.random.random() < 0.2:
            entries.append({"keyid": author.public.did, "sig": _b64(message.signatures[0][1])})
        if self.random.random() < 0.1:
            entries[-1]["batch"] = self.random.choice((None, {}, [], entries[0]["batch"]))
        return self._written(
            {"payload": _b64(message.payload), "payloadType": PAYLOAD_TYPE, "signatures": entries}, 0.0
        )

    def _bounds(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        """Nests, widens or lengthens something to about where a bound lies; half of it in a signed payload."""
        near = self.random.choice((-2, -1, 0, 1, 2))
        opened = self.random.choice((b"[", b'{"a":', b'["\\"",[', b'[{"]":'))
        levels = (32 + near) // (1 if opened in (b"[", b'{"a":') else 2)
        wide = [b'"%d":0' % n for n in range(1000 + near)] if near % 2 else [b'"[,:]"'] * (10_000 + near)
        bulk = self.random.choice(
            (
                opened * levels + b"1",
                opened * levels
                + b"1"
                + b"".join(b"]" if c == 91 else b"}" for c in reversed(opened) if c in b"[{") * levels,
                (b"{" + b",".join(wide) + b"}") if near % 2 else (b"[" + b",".join(wide) + b"]"),
                b"\\" * self.random.randrange(1, 5) + b'"' + b"[" * (33 + near) + self.random.choice((b"", b'"')),
                b":" * (1000 + near),
                b'"' + b"a" * (262_142 + near) + b'"'
                if self.random.random() < 0.05
                else b"]" * 40 + b"[" * (72 + near),
            )
        )
        if self.random.random() < 0.5:
            return bulk
        fields = message.payload.replace(b'"body":{', b'"body":{"a":' + bulk + b",", 1)
        return self._sealed(fields, [author])

    def _knowledge(self, message: Signed, author: SigningKey, context: dict[str, Any]) -> bytes:
        one = self.random.randrange(9)
        me = author.public.did
        if one == 0:
            context["network"] = self.random.choice(("other", NETWORK))
        elif one == 1:
            context["me"] = self.random.choice((BOB.public.did, did(b"\x07" * 32), ME))
        elif one in (2, 3):
            context["now"] = self.random.choice(TIMES)
        elif one == 4:
            context["held"] = [self.random.choice((message.id, DIGEST))]
        elif one == 5:
            mine = json.loads(message.payload)["seq"]
            context["sequences"] = [{"author": me, "seq": self.random.choice((mine, mine, mine, 0, 2)), "id": DIGEST}]
        elif one == 6:
            context["floors"] = {me: self.random.choice((0, 1, 2))}
        elif one == 7:
            context["banned"] = [self.random.choice((me, BOB.public.did))]
        else:
            context["roots"] = {me: [self._root(me)]}
        return message.raw

    # -------------------------------------------------------------------------------------------------- parts

    def _root(self, me: str) -> dict[str, Any]:
        others = [me, key(5).public.did, key(6).public.did]
        keys = self.random.sample(others, self.random.randrange(1, 4))
        return {
            "version": self.random.choice((0, 1, 2, 3)),
            "root_keys": keys,
            "root_threshold": self.random.randrange(1, len(keys) + 1),
            "signing_keys": keys,
            "signing_threshold": self.random.randrange(1, len(keys) + 1),
            "expires": self.random.choice((0, 0, NOW, NOW + 1, NOW - 1)),
            "retired": [
                {**self._retired(did), "threshold": self.random.choice((1, 1, 2))}
                for did in others
                if did not in keys and self.random.random() < 0.5
            ],
        }

    def _retired(self, did: str = "") -> dict[str, Any]:
        """Returns a key that signs no more."""
        named = did or self.random.choice([str(key(number).public.did) for number in (1, 2, 5, 6)])
        return {"key": named, "until": self.random.choice((-1, 0, 1, 1_000, 1_001, NOW))}

    def _entry(self, message: Signed, author: SigningKey, good: tuple[str, bytes]) -> dict[str, Any]:
        encoded = pre_authentication_encoding(PAYLOAD_TYPE, message.payload)
        signer = self.random.choice((author, author, BOB, key(5), key(6)))
        sig = signer.sign(encoded)
        keyid = str(signer.public.did)
        r, s = sig[:32], int.from_bytes(sig[32:], "little")
        neutral = edwards.encode(edwards.NEUTRAL)
        bent = (
            (keyid, sig),
            (keyid, sig),
            (str(author.public.did), sig),
            (keyid, r + (s + edwards.L).to_bytes(32, "little")),
            (keyid, r + (edwards.L - s).to_bytes(32, "little")),
            (keyid, sig[:63]),
            (keyid, sig + b"\0"),
            (keyid, neutral + sig[32:]),
            (keyid, next(mutations(sig, 1, self.random.randrange(2**32)))),
            (self.random.choice(self.weak), neutral + bytes(32)),
            (did(self.random.randbytes(32)), sig),
            (did(self.random.randrange(edwards.P, 2**255).to_bytes(32, "little")), sig),
            (keyid[:-1] + self.random.choice("1z0lé"), sig),
            (keyid.replace(":z", ":z1"), sig),
            (self.random.choice(("", "x" * 64, "x" * 65, "did:key:z", "é" * 64, keyid.upper())), sig),
        )
        entry: dict[str, Any] = dict(zip(("keyid", "sig"), self.random.choice(bent), strict=True))
        entry["sig"] = _b64(entry["sig"])
        return entry

    def _bend(self, fields: dict[str, Any]) -> None:
        """Changes one place, anywhere below `fields`."""
        where: Any = fields
        while isinstance(where, dict | list) and where:
            place = self.random.choice(sorted(where) if isinstance(where, dict) else range(len(where)))
            if not isinstance(where[place], dict | list) or not where[place] or self.random.random() < 0.25:
                break
            where = where[place]
        else:
            return
        match self.random.randrange(7):
            case 0:
                del where[place]
            case 1 if isinstance(where, dict):
                where[self.random.choice(NAMES)] = self._value(where[place])
            case 1:
                where.insert(place, self._value(where[place]))
            case 2 if isinstance(where, dict):
                where[self.random.choice(NAMES)] = where.pop(place)
            case 2 if len(where) < 300:
                where.extend(copy.deepcopy(where) * self.random.choice((1, 8, 40)))
            case _:
                where[place] = self._value(where[place])

    def _value(self, old: Any) -> Any:
        same = {
            int: self._integer,
            str: self._string,
            list: lambda: [self._string()],
            dict: lambda: {self._string(): 1},
        }
        if self.random.random() < 0.75 and type(old) in same:
            return same[type(old)]()
        return self.random.choice((None, True, False, [], {}, self._integer(), self._string(), [old], {"a": old}, old))

    def _integer(self) -> int:
        return self.random.choice(self.random.choice((INTEGERS, LARGE, TIMES)))

    def _string(self) -> str:
        if self.random.random() < 0.4:
            return self.random.choice((*WORDS, ME, ALICE.public.did, BOB.public.did))
        return self.random.choice(LETTERS) * self.random.choice(LENGTHS)

    def _sealed(self, payload: bytes, signers: list[SigningKey]) -> bytes:
        encoded = pre_authentication_encoding(PAYLOAD_TYPE, payload)
        others = [key(5), key(6)] if self.random.random() < 0.05 else []
        entries = [{"keyid": one.public.did, "sig": _b64(one.sign(encoded))} for one in [*signers, *others]]
        return self._written({"payload": _b64(payload), "payloadType": PAYLOAD_TYPE, "signatures": entries}, 0.0)

    def _written(self, value: Any, chance: float) -> bytes:
        return quirks.write(value, self.random, chance)


def questions(count: int, seed: int = 1) -> Iterator[Question]:
    """Yields that many questions of one seed."""
    mutator = Mutator(seed)
    for number in range(count):
        yield mutator.question(number)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
