"""How two nodes prove to each other who they are, before a link between them carries anything.

    dialler                                     answerer
      hello: who, whom, network, key, metadata  ─▶   1
      ◀─  answer: its hello, signed               2
      proof: signature  ─▶                         3
      ◀─▶ sealed from here on (`identity.sealing`)

After Krawczyk's SIGMA: ephemeral X25519 keys give secrecy that outlives the nodes' keys; each end signs all that was
said before, so that nothing of it can be changed, relayed or used again. What each end checks, in order:

1. bounds, shape, the version of this handshake and of the protocol
2. the same network; another node than itself; the hello names this node, or nobody; the node that was asked for
3. the signature is over all that was said, made in the other's role, for this node
4. the root metadata follows from the node id, version by version, and does not contradict what is known here
5. the newest version, shown or known here, names the keys that signed; it is not expired; none of them is retired
6. the shared secret is none of the few that keys of small order lead to (RFC 7748, section 6.1)

No I/O, no clock, no chance: ephemeral key and nonce come in. A signature here is over a type of its own, so that none
can pass for a message, and no message for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from hansa.identity import dsse
from hansa.identity.envelope import Did, Roster, Signer, check_signers, root_only
from hansa.identity.keys import PublicKey
from hansa.identity.roots import Root, advance
from hansa.identity.sealing import Opener, Sealer, directions
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import BY_CODE, Reason

LINK_TYPE = "application/vnd.hansa.link;v=1"
"""What a signature of the handshake is over, in the pre-authentication encoding (`identity.dsse`)."""

MAX_MESSAGE = 64 * 1024
"""Bytes of one message of the handshake."""

MAX_VERSIONS = 16
"""Versions of root metadata that are shown and looked at."""

MAX_SIGNATURES = 64
"""Signatures in the metadata of one node that are checked: some 5 ms of work for a stranger."""

Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Bytes16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Order = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_Signature = tuple[Did, Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]]
_Signatures = Annotated[tuple[_Signature, ...], msgspec.Meta(min_length=1, max_length=8)]


class _Said(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass


class Hello(_Said, frozen=True, tag="hansa-link-1"):
    """What a node says about itself.

    Attributes:
        to: whom it means; "" for whoever answers.
        ephemeral: a public key of X25519, for this link alone.
        boot: drawn once by each process, so that a node that began anew is known as such.
        roots: envelopes of its root metadata, version 1 first.
    """

    protocol: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    network: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    node: Annotated[NodeId, msgspec.Meta(min_length=1, max_length=64)]
    to: Annotated[str, msgspec.Meta(max_length=64)]
    ephemeral: Bytes32
    nonce: Bytes32
    boot: Bytes16
    roots: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=2 * MAX_VERSIONS)]


class _Answer(_Said, frozen=True, tag="answer"):
    hello: bytes
    signatures: _Signatures


class _Proof(_Said, frozen=True, tag="proof"):
    order: Order
    signatures: _Signatures


class _Refusal(_Said, frozen=True, tag="refused"):
    code: Annotated[str, msgspec.Meta(max_length=32)]
    detail: Annotated[str, msgspec.Meta(max_length=200)]


_T = TypeVar("_T", bound=_Said)


@dataclass(frozen=True, slots=True)
class Myself:
    """What a node needs of its own for a handshake.

    Attributes:
        protocols: versions of the protocol that it speaks, best last.
        keys: what signs for it today.
        roots: envelopes of its root metadata, version 1 first; none for a node that signs with its root key.
        known: returns the metadata of a node as far as it is held here, version 1 first.
        boot: 16 bytes drawn when the process began.
    """

    node: NodeId
    network: str
    protocols: tuple[str, ...]
    keys: Sequence[Signer]
    roots: tuple[bytes, ...]
    known: Callable[[NodeId], tuple[Root, ...]]
    boot: bytes


@dataclass(frozen=True, slots=True)
class Fresh:
    """Chance for one handshake: a private key of X25519 and a nonce, 32 bytes each, never used twice."""

    ephemeral: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """What a handshake leads to.

    Attributes:
        peer: who is at the other end, proved.
        boot: which process of it.
        order: what the dialler said in its proof; for the links room to choose by.
    """

    peer: NodeId
    boot: bytes
    order: int
    sealer: Sealer
    opener: Opener


class Dialler:
    """The end that begins."""

    def __init__(self, me: Myself, fresh: Fresh, whom: NodeId | None = None) -> None:
        """Begins; `whom` is who must be at the other end, None for anybody.

        Raises:
            Refused: TOO_LARGE, when this node has more metadata than a handshake shows.
        """
        self._me = me
        self._whom = whom
        self._key = X25519PrivateKey.from_private_bytes(fresh.ephemeral)
        self.hello = _encode(_hello(me, self._key, fresh, whom or ""))
        self._said = [self.hello]
        self._theirs: Hello | None = None

    def answered(self, data: bytes, now: Instant) -> Hello:
        """Returns who answered, proved.

        Raises:
            Refused: what the other end gave as its reason, or why it is not believed.
        """
        answer = _decode(data, _Answer)
        theirs = _decode(answer.hello, Hello)
        _check_meant(self._me, theirs)
        if self._whom is not None and theirs.node != self._whom:  # 2
            raise Refused(Reason.BAD_LINK, f"{theirs.node} answers, not {self._whom}")
        if theirs.to != self._me.node:  # 2
            raise Refused(Reason.BAD_LINK, "the answer is for another node")
        statement = _statement("answer", [self.hello, answer.hello], theirs.node, self._me.node)
        _check_proved(self._me, theirs, answer.signatures, statement, now)
        self._said.append(data)
        self._theirs = theirs
        return theirs

    def prove(self, order: int = 0) -> tuple[bytes, Session]:
        """Returns what proves this end, and what the link is sealed with; after `answered`.

        Raises:
            Refused: BAD_LINK, when the other's key leads to no secret.
        """
        theirs = self._theirs
        if theirs is None:
            raise ValueError("prove before answered")
        statement = _statement("proof", self._said, self._me.node, theirs.node, order)
        proof = _encode(_Proof(order, _sign(self._me, statement)))
        mine, other = _keys(self._key, theirs, [*self._said, proof])
        return proof, Session(theirs.node, theirs.boot, order, Sealer(mine), Opener(other))


class Answerer:
    """The end that was called."""

    def __init__(self, me: Myself, fresh: Fresh) -> None:
        """Waits for a hello."""
        self._me = me
        self._fresh = fresh
        self._key = X25519PrivateKey.from_private_bytes(fresh.ephemeral)
        self._said: list[bytes] = []
        self._theirs: Hello | None = None

    def greeted(self, data: bytes) -> bytes:
        """Returns the answer to a hello. Who sent that is proved by `proved` alone.

        Raises:
            Refused: it is none, or not for this node.
        """
        theirs = _decode(data, Hello)
        _check_meant(self._me, theirs)
        if theirs.to not in ("", self._me.node):  # 2
            raise Refused(Reason.BAD_LINK, f"this is not {theirs.to}")
        hello = _encode(_hello(self._me, self._key, self._fresh, theirs.node))
        statement = _statement("answer", [data, hello], self._me.node, theirs.node)
        answer = _encode(_Answer(hello, _sign(self._me, statement)))
        self._said = [data, answer]
        self._theirs = theirs
        return answer

    def proved(self, data: bytes, now: Instant) -> Session:
        """Returns who dialled, proved, and what the link is sealed with; after `greeted`.

        Raises:
            Refused: it proves nothing.
        """
        theirs = self._theirs
        if theirs is None:
            raise ValueError("proved before greeted")
        proof = _decode(data, _Proof)
        statement = _statement("proof", self._said, theirs.node, self._me.node, proof.order)
        _check_proved(self._me, theirs, proof.signatures, statement, now)
        other, mine = _keys(self._key, theirs, [*self._said, data])
        return Session(theirs.node, theirs.boot, proof.order, Sealer(mine), Opener(other))


def refusal(refused: Refused) -> bytes:
    """Returns what tells the other end why the handshake ends. It is not signed: advice, and no more."""
    return _encode(_Refusal(refused.reason.code, refused.detail[:100]))


def read_refusal(data: bytes) -> Refused | None:
    """Returns what `refusal` wrote; None for anything else."""
    try:
        return _as_refused(msgspec.msgpack.decode(data[:MAX_MESSAGE], type=_Refusal))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


# ---- how it is written


def _encode(said: _Said) -> bytes:
    return msgspec.msgpack.encode(said)


def _decode(data: bytes, kind: type[_T]) -> _T:
    if len(data) > MAX_MESSAGE:  # 1
        raise Refused(Reason.TOO_LARGE, f"{len(data)} bytes")
    try:
        said: _T | _Refusal = msgspec.msgpack.decode(data, type=kind | _Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Reason.BAD_LINK, str(error)[:120]) from None
    if isinstance(said, _Refusal):
        raise _as_refused(said)
    return said


def _as_refused(said: _Refusal) -> Refused:
    return Refused(BY_CODE.get(said.code, Reason.BAD_LINK), f"says the other end: {said.detail}")


def _hello(me: Myself, key: X25519PrivateKey, fresh: Fresh, to: str) -> Hello:
    if len(me.roots) > MAX_VERSIONS:
        raise Refused(Reason.TOO_LARGE, f"{len(me.roots)} versions of root metadata; links take {MAX_VERSIONS}")
    public = key.public_key().public_bytes_raw()
    return Hello(me.protocols[-1], me.network, me.node, to, public, fresh.nonce, me.boot, me.roots)


def _statement(role: str, said: Sequence[bytes], by: NodeId, to: NodeId, order: int = 0) -> bytes:
    """Returns what is signed: the role, both nodes, and the hash of all that was said."""
    payload = msgspec.msgpack.encode((role, by, to, order, _transcript(said)))
    return dsse.pre_authentication_encoding(LINK_TYPE, payload)


def _transcript(said: Sequence[bytes]) -> bytes:
    whole = hashlib.sha256(b"hansa-link-v1 transcript\n")
    for one in said:
        whole.update(len(one).to_bytes(8, "big") + one)
    return whole.digest()


def _sign(me: Myself, statement: bytes) -> _Signatures:
    return tuple((str(key.public.did), key.sign(statement)) for key in me.keys)


def _keys(key: X25519PrivateKey, theirs: Hello, said: Sequence[bytes]) -> tuple[bytes, bytes]:
    try:
        secret = key.exchange(X25519PublicKey.from_public_bytes(theirs.ephemeral))
    except ValueError:  # 6
        raise Refused(Reason.BAD_LINK, "its key for the link is of small order") from None
    return directions(secret, _transcript(said))


# ---- what is checked


def _check_meant(me: Myself, theirs: Hello) -> None:
    if theirs.protocol not in me.protocols:  # 1
        raise Refused(Reason.BAD_VERSION, f"it speaks {theirs.protocol}, this node {', '.join(me.protocols)}")
    if theirs.network != me.network:  # 2
        raise Refused(Reason.WRONG_NETWORK, f"{theirs.network}, this node is of {me.network}")
    if theirs.node == me.node:  # 2
        raise Refused(Reason.BAD_LINK, "that is this node itself")
    if len(theirs.roots) > MAX_VERSIONS:  # 4
        raise Refused(Reason.TOO_LARGE, f"{len(theirs.roots)} versions of root metadata, at most {MAX_VERSIONS}")


def _check_proved(
    me: Myself, theirs: Hello, signatures: Sequence[tuple[str, bytes]], statement: bytes, now: Instant
) -> None:
    keys = [PublicKey.from_did(did) for did, _ in signatures]
    for key, (_, signature) in zip(keys, signatures, strict=True):
        if not key.fits(signature, statement):  # 3
            raise Refused(Reason.BAD_LINK, "its signature does not fit what was said")
    signers = frozenset(keys)
    roster = _roster(me, theirs, now)
    if not signers.isdisjoint(roster.retired):  # 5
        raise Refused(Reason.REVOKED, "the key that signs the link")
    check_signers(Roster(roster.keys, roster.threshold), 0, signers)  # 5


def _roster(me: Myself, theirs: Hello, now: Instant) -> Roster:
    """Returns who signs for the other end today, by the newest metadata that it shows or that is known here."""
    shown, known = _shown(theirs), me.known(theirs.node)
    for mine, other in zip(known, shown, strict=False):
        if mine != other:  # 4
            raise Refused(Reason.FORK, f"root metadata {mine.version} is another one here")
    chain = shown if len(shown) > len(known) else known
    if not chain:
        return root_only(theirs.node)
    newest = chain[-1]
    if newest.expires and now >= newest.expires:  # 5
        raise Refused(Reason.EXPIRED, "root metadata")
    return newest.signing


def _shown(theirs: Hello) -> tuple[Root, ...]:
    read = [dsse.read(raw) for raw in theirs.roots]
    if sum(len(one.signatures) for one in read) > MAX_SIGNATURES:
        raise Refused(Reason.TOO_LARGE, f"more than {MAX_SIGNATURES} signatures in its root metadata")
    chain: list[Root] = []
    for one in read:
        chain.append(advance(chain[-1] if chain else None, one, theirs.node))  # 4
    return tuple(chain)
