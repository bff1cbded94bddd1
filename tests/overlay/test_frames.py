"""Frames: what is encoded comes back, whatever comes in is a frame, a later version's, or refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Reason
from hansa.overlay import frames
from hansa.overlay.frames import (
    MAX_FRAME,
    MAX_IDS,
    Fetch,
    Frame,
    Graft,
    Have,
    Held,
    Mine,
    Packet,
    Ping,
    Pong,
    Prune,
    Reach,
    Silent,
    Stuck,
    Sums,
    Want,
    Word,
    Yours,
)

numbers = st.integers(0, 2**53 - 1)
nodes = st.text("abcdefghijk123", min_size=8, max_size=56).map(NodeId)
digests = st.binary(min_size=32, max_size=32)
ids = st.lists(digests, max_size=8).map(tuple)
hops = st.integers(0, 255)
route = st.lists(nodes, max_size=16).map(tuple)
prefixes = st.text("0123456789abcdef", max_size=64)
any_frame = st.one_of(
    st.builds(Ping, numbers, st.booleans()),
    st.builds(Pong, numbers),
    st.builds(Reach, numbers, nodes),
    st.builds(Silent, numbers),
    st.builds(Word, st.binary(max_size=200), hops),
    st.builds(Have, ids),
    st.builds(Want, ids),
    st.builds(Fetch, ids),
    st.builds(Mine, numbers),
    st.builds(Yours, numbers, ids, numbers),
    st.builds(Graft),
    st.builds(Prune, numbers),
    st.builds(Sums, prefixes, st.lists(st.one_of(st.just(b""), digests), max_size=16).map(tuple)),
    st.builds(Held, prefixes, ids, st.booleans()),
    st.builds(Packet, st.binary(min_size=16, max_size=16), route, route, st.binary(max_size=200)),
    st.builds(Stuck, st.binary(min_size=16, max_size=16), nodes, nodes, route),
)


@given(any_frame)
def test_what_is_encoded_comes_back(frame: frames.AnyFrame) -> None:
    assert frames.decode(frames.encode(frame)) == frame


def test_every_kind_of_frame_is_among_them() -> None:
    assert {kind.__struct_config__.tag for kind in Frame.__subclasses__()} == frames._KNOWN


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_a_later_ones_or_refused(data: bytes) -> None:
    try:
        frames.decode(data)
    except Refused as refusal:
        assert refusal.reason is Reason.BAD_FRAME


@given(any_frame, st.integers(0, 10_000), st.integers(1, 255))
def test_a_frame_with_a_changed_byte_never_breaks_the_decoder(frame: frames.AnyFrame, at: int, by: int) -> None:
    data = bytearray(frames.encode(frame))
    data[at % len(data)] ^= by
    try:
        frames.decode(bytes(data))
    except Refused as refusal:
        assert refusal.reason is Reason.BAD_FRAME


def test_a_frame_of_a_later_version_is_skipped() -> None:
    assert frames.decode(msgspec.msgpack.encode(["murmur", 1, {"a": [2]}])) is None


BAD = {
    "no array": {"tag": "ping"},
    "empty": [],
    "too few fields": ["ping"],
    "negative": ["ping", -1],
    "too large a number": ["ping", 2**53],
    "one field too many": ["pong", 1, 2],
    "digest too short": ["have", [b"x" * 31]],
    "too many ids": ["want", [b"x" * 32] * (MAX_IDS + 1)],
    "prefix not hex": ["sums", "xyz", []],
    "prefix with a line's end": ["sums", "ab\n", []],
    "17 parts": ["sums", "", [b""] * 17],
    "hops": ["word", b"", 256],
    "route too long": ["packet", b"i" * 16, ["nnnnnnnn"] * 17, [], b""],
    "nested": ["have", [[[[b"x" * 32]]]]],
}


@pytest.mark.parametrize("flaw", BAD)
def test_bad_frames_are_refused(flaw: str) -> None:
    with pytest.raises(Refused) as refusal:
        frames.decode(msgspec.msgpack.encode(BAD[flaw]))
    assert refusal.value.reason is Reason.BAD_FRAME


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        frames.decode(b"\x91" * 100_000)
    assert refusal.value.reason is Reason.BAD_FRAME


def test_what_is_too_large_is_not_even_looked_at() -> None:
    with pytest.raises(Refused) as refusal:
        frames.decode(b"\x92\xa6murmur" + b"\xc0" * MAX_FRAME)
    assert refusal.value.reason is Reason.TOO_LARGE


@given(digests)
def test_ids_have_two_spellings_that_are_the_same(raw: bytes) -> None:
    assert frames.digest(frames.named(raw)) == raw
    assert frames.named(raw) == ContentId(raw.hex())
