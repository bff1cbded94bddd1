"""Nodes for tests of the handshake: what each has of its own, and a handshake played between two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hansa.identity import envelope
from hansa.identity.handshake import Answerer, Dialler, Fresh, Myself, Session
from hansa.identity.keys import SigningKey
from hansa.identity.roots import Root, advance
from hansa.kernel.ids import NodeId
from tests.attacks.specimens import NOW, key

NETWORK = "test"


def me(number: int, *, signs: Sequence[SigningKey] | None = None, **changes: Any) -> Myself:
    """Returns a node that signs with its root key, unless told otherwise."""
    own = key(number)
    made = Myself(own.public.did, NETWORK, ("1.0",), signs or (own,), (), lambda _: (), bytes([number]) * 16)
    return replace(made, **changes)


def fresh(number: int) -> Fresh:
    return Fresh(hashlib.sha256(b"ephemeral%d" % number).digest(), hashlib.sha256(b"nonce%d" % number).digest())


def chain_of(node: NodeId, raws: Sequence[bytes]) -> tuple[Root, ...]:
    """Returns the metadata in some envelopes."""
    chain: list[Root] = []
    for raw in raws:
        chain.append(advance(chain[-1] if chain else None, envelope.read(raw), node))
    return tuple(chain)


def knows(node: NodeId, raws: Sequence[bytes]) -> Callable[[NodeId], tuple[Root, ...]]:
    """Returns the `known` of a node that holds this metadata of that one."""
    chain = chain_of(node, raws)
    return lambda asked: chain if asked == node else ()


Change = Callable[[str, bytes], bytes]


def play(
    dialling: Myself,
    answering: Myself,
    whom: NodeId | None = None,
    change: Change = lambda _, data: data,
    order: int = 0,
) -> tuple[Session, Session]:
    """Plays a handshake; `change` is what happens to each message on the way. Returns the session of each end."""
    dialler, answerer = Dialler(dialling, fresh(1), whom), Answerer(answering, fresh(2))
    answer = answerer.greeted(change("hello", dialler.hello))
    dialler.answered(change("answer", answer), NOW)
    proof, ours = dialler.prove(order)
    return ours, answerer.proved(change("proof", proof), NOW)
