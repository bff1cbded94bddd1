"""The envelope as intended: what is sealed is read, verified and passed on unchanged."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.identity.envelope import (
    MAX_SIGNATURES,
    PAYLOAD_TYPE,
    Roster,
    pre_authentication_encoding,
    read,
    root_only,
    seal,
    verify,
)
from hansa.kernel import canonical
from hansa.kernel.ids import NodeId, content_id
from tests.attacks.specimens import BODIES, NETWORK, NOW, header, key, sealed

ALICE, BOB = key(1), key(2)


def test_the_example_of_the_dsse_protocol() -> None:
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_counted_in_bytes() -> None:
    assert pre_authentication_encoding("é", "ß".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\x9f"
    assert pre_authentication_encoding("", b"") == b"DSSEv1 0  0 "


@given(st.text(st.sampled_from("1 a"), min_size=1, max_size=9), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_no_two_pairs_are_signed_alike(whole: str, one: int, other: int) -> None:
    """The same letters, divided in two places between type and payload."""
    cuts = min(one, len(whole)), min(other, len(whole))
    first, second = (pre_authentication_encoding(whole[:cut], whole[cut:].encode()) for cut in cuts)
    assert (first == second) is (cuts[0] == cuts[1])


def test_blanks_and_digits_do_not_blur_the_border_between_type_and_payload() -> None:
    assert pre_authentication_encoding("a 1", b"b") != pre_authentication_encoding("a", b"1 b")
    assert pre_authentication_encoding("a", b" 1 b") != pre_authentication_encoding("a 1", b" b")


@pytest.mark.parametrize("kind", BODIES)
def test_what_was_sealed_is_verified(kind: str) -> None:
    message = verify(read(sealed(ALICE, kind=kind).raw))
    assert message.header == header(ALICE, kind=kind)
    assert message.body == BODIES[kind]
    assert message.author == ALICE.public.did
    assert message.signers == {ALICE.public}


def test_reading_gives_back_what_sealing_made() -> None:
    message = sealed(ALICE)
    assert read(message.raw) == message
    assert verify(message).raw == message.raw


def test_an_envelope_on_the_wire() -> None:
    message = sealed(ALICE)
    assert json.loads(message.raw) == {
        "payload": base64.b64encode(message.payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": ALICE.public.did, "sig": base64.b64encode(message.signatures[0][1]).decode()}],
    }
    assert canonical.encode(json.loads(message.raw)) == message.raw
    assert json.loads(message.payload) == {
        "author": ALICE.public.did,
        "body": BODIES["skill"],
        "created": NOW,
        "expires": 0,
        "kind": "skill",
        "network": NETWORK,
        "recipient": "*",
        "seq": 1,
        "version": "1.0",
    }


def test_a_message_is_named_after_its_payload_not_its_signatures() -> None:
    alone, together = seal(header(ALICE), {}, [ALICE]), seal(header(ALICE), {}, [ALICE, BOB])
    assert alone.id == together.id == content_id(alone.payload)
    assert alone.raw != together.raw


def test_a_ring_says_who_may_sign() -> None:
    both = Roster(frozenset({ALICE.public, BOB.public}), 2)
    asked: list[NodeId] = []

    def ring(author: NodeId) -> Roster:
        asked.append(author)
        return both

    assert verify(seal(header(ALICE), {}, [ALICE, BOB]), ring).signers == both.keys
    assert asked == [ALICE.public.did]


def test_without_metadata_an_author_signs_with_its_own_key() -> None:
    assert root_only(NodeId(ALICE.public.did)) == Roster(frozenset({ALICE.public}), 1)


def test_as_many_signatures_as_allowed_are_read() -> None:
    many = [key(number) for number in range(MAX_SIGNATURES)]
    roster = Roster(frozenset(one.public for one in many), MAX_SIGNATURES)
    assert verify(read(seal(header(ALICE), {}, many).raw), lambda _: roster).signers == roster.keys


@pytest.mark.parametrize("body", [{"n": 0.5}, {"n": [1.0]}, {"n": 2**53}, {"n": "\ud800"}, {"n": float("nan")}])
def test_what_cannot_be_written_in_one_way_is_not_sealed(body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fraction|beyond|canonical"):
        seal(header(ALICE), body, [ALICE])


def test_a_verified_message_shows_no_payload_and_no_signatures() -> None:
    """What is used later is the header and the body, which came out of the verified bytes."""
    message = verify(sealed(ALICE))
    assert not any(hasattr(message, name) for name in ("payload", "payload_type", "signatures"))
