"""Frames become messages and frames again, whatever their sizes; what is no row of pieces is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.transport.pieces import HEAD, MAX_BATCH, Joiner, Kind, Queue, single
from hansa.kernel.verdict import Reason
from hansa.overlay.frames import MAX_FRAME
from tests.attacks.specimens import reason

SIZES = st.one_of(st.integers(0, 300), st.integers(MAX_BATCH - 20, MAX_BATCH + 20), st.integers(0, 4 * MAX_BATCH))
ITEMS = st.lists(st.one_of(SIZES, st.sampled_from([Kind.BEAT, Kind.BYE])), max_size=30)


@given(ITEMS)
def test_what_is_put_in_comes_out_in_order_in_messages_of_bounded_size(items: list[int | Kind]) -> None:
    queue, joiner = Queue(), Joiner()
    put = [
        (item, b"why") if isinstance(item, Kind) else (Kind.FRAME, bytes([number]) * item)
        for number, item in enumerate(items)
    ]
    for kind, data in put:
        queue.put(kind, data)
    assert queue.size == sum(len(data) for _, data in put)
    out = []
    while queue:
        message, counted = queue.batch()
        assert 0 < len(message) <= MAX_BATCH
        queue.size -= counted
        out += joiner.read(message)
    assert out == put
    assert queue.size == 0


def test_small_frames_go_together() -> None:
    queue = Queue()
    for _ in range(100):
        queue.put(Kind.FRAME, b"x" * 100)
    assert len(queue.batch()[0]) == 100 * (HEAD + 100)
    assert not queue


@given(st.binary(max_size=200))
def test_any_bytes_are_pieces_or_refused(data: bytes) -> None:
    try:
        pieces = list(Joiner().read(data))
    except Exception as error:
        assert getattr(error, "reason", None) in (Reason.BAD_LINK, Reason.TOO_LARGE)
    else:
        assert sum(len(piece) for _, piece in pieces) <= len(data)


@given(st.binary(min_size=1, max_size=50), st.integers(1, 50))
def test_a_piece_that_is_cut_short_is_refused(data: bytes, missing: int) -> None:
    whole = single(Kind.FRAME, data)
    assert reason(list, Joiner().read(whole[: max(1, len(whole) - missing)])) is Reason.BAD_LINK


def test_a_frame_in_pieces_is_bounded() -> None:
    joiner = Joiner()
    piece = single(Kind.MORE, bytes(MAX_FRAME // 16))
    for _ in range(16):
        assert list(joiner.read(piece)) == []
    assert reason(list, joiner.read(single(Kind.FRAME, b"x"))) is Reason.TOO_LARGE


@pytest.mark.parametrize("kind", [6, 77, 255])
def test_kinds_of_a_later_version_are_handed_on_for_the_caller_to_skip(kind: int) -> None:
    message = bytes([kind]) + (2).to_bytes(4, "big") + b"ab" + single(Kind.FRAME, b"f")
    assert list(Joiner().read(message)) == [(kind, b"ab"), (Kind.FRAME, b"f")]
