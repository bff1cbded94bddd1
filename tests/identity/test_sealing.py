"""What is sealed opens once, in order, unchanged, in its own direction, and never otherwise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.identity import sealing
from hansa.identity.sealing import TAG_BYTES, Opener, Sealer, directions
from hansa.kernel.verdict import Reason
from tests.attacks.specimens import reason

KEYS = directions(bytes(range(32)), b"t" * 32)
MESSAGES = st.lists(st.binary(max_size=200), min_size=1, max_size=12)


@given(MESSAGES)
def test_what_is_sealed_opens_in_order(messages: list[bytes]) -> None:
    sealer, opener = Sealer(KEYS[0]), Opener(KEYS[0])
    sealed = [sealer.seal(one) for one in messages]
    assert [len(one) - TAG_BYTES for one in sealed] == [len(one) for one in messages]
    assert [opener.open(one) for one in sealed] == messages


@given(MESSAGES, st.data())
def test_what_is_repeated_left_out_or_moved_does_not_open(messages: list[bytes], data: st.DataObject) -> None:
    sealer, opener = Sealer(KEYS[0]), Opener(KEYS[0])
    sealed = [sealer.seal(one) for one in [*messages, b"last"]]
    upto = data.draw(st.integers(0, len(messages)))
    for one in sealed[:upto]:
        opener.open(one)
    other = data.draw(st.sampled_from([place for place in range(len(sealed)) if place != upto]))
    assert reason(opener.open, sealed[other]) is Reason.BAD_LINK
    assert opener.open(sealed[upto]) == [*messages, b"last"][upto]  # what was refused has moved nothing on


@given(st.binary(max_size=100), st.data())
def test_no_byte_can_be_changed(message: bytes, data: st.DataObject) -> None:
    sealed = bytearray(Sealer(KEYS[0]).seal(message))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    assert reason(Opener(KEYS[0]).open, bytes(sealed)) is Reason.BAD_LINK


@given(st.binary(max_size=64))
def test_what_was_not_sealed_does_not_open(data: bytes) -> None:
    assert reason(Opener(KEYS[0]).open, data) is Reason.BAD_LINK


def test_a_message_is_not_sent_back_as_the_others_own() -> None:
    assert KEYS[0] != KEYS[1]
    assert reason(Opener(KEYS[1]).open, Sealer(KEYS[0]).seal(b"x")) is Reason.BAD_LINK


def test_keys_differ_where_anything_said_before_differs() -> None:
    found = {directions(secret, said * 32) for secret in (bytes(32), b"1" * 32) for said in (b"a", b"b")}
    assert len(found) == 4


def test_a_key_that_has_sealed_all_it_may_seals_no_more(monkeypatch) -> None:
    monkeypatch.setattr(sealing, "MAX_MESSAGES", 2)
    sealer = Sealer(KEYS[0])
    sealer.seal(b""), sealer.seal(b"")
    assert reason(sealer.seal, b"") is Reason.BAD_LINK
