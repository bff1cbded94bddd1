"""Attack 1: a message that is not signed, or only looks as if it were."""

from __future__ import annotations

import hashlib

import pytest

from hansa.identity.envelope import read, verify
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from tests.attacks.forgeries import forgeries, mutations
from tests.attacks.specimens import BODIES, key, reason, scaled, sealed

AUTHOR, OTHERS = key(1), [key(2), key(3)]
MUTATIONS_PER_KIND = scaled(-(-10_000 // len(BODIES)))


def accepted(raw: bytes) -> bool:
    try:
        verify(read(raw))
    except Refused:
        return False
    return True


@pytest.mark.parametrize("kind", BODIES)
def test_no_single_byte_mutation_is_accepted(kind: str) -> None:
    raw = sealed(AUTHOR, kind=kind).raw
    assert accepted(raw)
    damaged = list(mutations(raw, MUTATIONS_PER_KIND, seed=len(kind)))
    assert raw not in damaged
    assert [one for one in damaged if accepted(one)] == []


@pytest.mark.parametrize("kind", BODIES)
def test_no_forgery_is_accepted(kind: str) -> None:
    message = sealed(AUTHOR, kind=kind)
    made = forgeries(message, [AUTHOR, *OTHERS])
    assert message.raw not in [raw for _, raw in made]
    assert [name for name, raw in made if accepted(raw)] == []


@pytest.mark.parametrize(
    ("flaw", "expected"),
    [
        ("no signature", Reason.UNSIGNED),
        ("no signatures field", Reason.BAD_ENVELOPE),
        ("empty signature", Reason.FORGED),
        ("hash twice for a signature", Reason.FORGED),
        ("sha256: text for a signature", Reason.BAD_ENVELOPE),
        ("sha256: text in base64 for a signature", Reason.BAD_ENVELOPE),
        ("other key 1, honest about it", Reason.WRONG_SIGNER),
        ("other key 1 under the author's key id", Reason.FORGED),
        ("author's signature and one by other key 1", Reason.WRONG_SIGNER),
        ("author's signature and a bad one by other key 1", Reason.FORGED),
        ("payload signed without its type", Reason.FORGED),
        ("signature of another message", Reason.FORGED),
        ("signature with S + L", Reason.FORGED),
        ("another payload type", Reason.BAD_ENVELOPE),
        ("no payload type", Reason.BAD_ENVELOPE),
        ("verification switched off by the sender", Reason.BAD_ENVELOPE),
        ("algorithm none", Reason.BAD_ENVELOPE),
        ("seventeen signatures", Reason.BAD_ENVELOPE),
        ("key id with a leading 1", Reason.BAD_KEY),
    ],
)
def test_a_forgery_is_refused_for_what_it_is(flaw: str, expected: Reason) -> None:
    raw = dict(forgeries(sealed(AUTHOR), [AUTHOR, *OTHERS]))[flaw]
    assert reason(lambda: verify(read(raw))) is expected


def test_a_weak_key_is_refused_as_a_key_not_as_a_signature() -> None:
    weak = [raw for name, raw in forgeries(sealed(AUTHOR), [AUTHOR, *OTHERS]) if name.startswith("weak key")]
    assert len(weak) == 8
    assert {reason(lambda raw=raw: verify(read(raw))) for raw in weak} == {Reason.BAD_KEY}


def test_the_id_of_a_message_is_no_signature() -> None:
    """Whoever can hash can make an id; only the author's key makes a signature."""
    message = sealed(AUTHOR)
    assert message.id == hashlib.sha256(message.payload).hexdigest()
    assert not AUTHOR.public.fits(hashlib.sha512(message.payload).digest(), message.payload)


def test_mutations_are_the_same_each_time() -> None:
    raw = sealed(AUTHOR).raw
    assert list(mutations(raw, 50, seed=4)) == list(mutations(raw, 50, seed=4))
    assert list(mutations(raw, 50, seed=4)) != list(mutations(raw, 50, seed=5))
