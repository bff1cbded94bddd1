"""The index in a file: taken when it is whole and of the same making, else made anew; never half, never blindly."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from benchmarks.intents import intents, questions
from hansa.adapters.index import kept
from hansa.adapters.index.kept import MAGIC, KeptIndex
from hansa.adapters.index.sparse import Params
from hansa.kernel.ids import content_id

TEXTS = list(dict.fromkeys(intents(300)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an index of TEXTS lies."""
    at = tmp_path / "hansa.index"
    index = KeptIndex(at)
    for text in TEXTS:
        index.add(content_id(text.encode()), text)
    index.drop(content_id(TEXTS[7].encode()))
    assert index.keep()
    return at


def sealed(content: bytes) -> bytes:
    return MAGIC + hashlib.sha256(content).digest() + content


def test_an_index_from_a_file_answers_as_the_one_that_was_written(path: Path, tmp_path: Path) -> None:
    fresh = KeptIndex(tmp_path / "none")
    for text in TEXTS[:7] + TEXTS[8:]:
        fresh.add(content_id(text.encode()), text)
    read = KeptIndex(path)
    assert list(read.held()) == list(fresh.held())
    for question in questions(TEXTS, 30):
        assert read.nearest(question, 10) == fresh.nearest(question, 10)


def test_it_goes_on_growing_and_shrinking(path: Path) -> None:
    read = KeptIndex(path)
    read.add(content_id(b"new"), "Knit a woollen sock")
    read.drop(content_id(TEXTS[3].encode()))
    assert read.nearest("woollen sock", 1)[0].skill == content_id(b"new")
    assert read.keep()
    again = KeptIndex(path)
    assert list(again.held()) == list(read.held())
    assert again.nearest("woollen sock", 5) == read.nearest("woollen sock", 5)


def test_half_a_file_is_none(path: Path) -> None:
    whole = path.read_bytes()
    for length in (0, 5, len(MAGIC), len(MAGIC) + 32, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert len(KeptIndex(path)) == 0


def test_a_changed_byte_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert len(KeptIndex(path)) == 0


def test_a_file_of_another_making_is_not_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(KeptIndex(path)) == len(TEXTS) - 1
    assert len(KeptIndex(path, Params(sense=0.5))) == 0
    monkeypatch.setattr(kept, "words", os)  # the source of what cuts words is another
    assert len(KeptIndex(path)) == 0


def test_parts_that_do_not_fit_one_another_are_refused(path: Path) -> None:
    """A file whose sum is right and whose numbers point outside: from a bug, or from somebody's hand."""
    content = path.read_bytes()[len(MAGIC) + 32 :]
    body = content.index(b"\n") + 1
    for place in range(body, len(content), max(1, (len(content) - body) // 200)):
        path.write_bytes(sealed(content[:place] + b"\xff\xff\xff\xff" + content[place + 4 :]))
        index = KeptIndex(path)
        for question in questions(TEXTS, 2):
            index.nearest(question, 5)  # taken or not: no question brings it down


def test_no_room_costs_the_file_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    index = KeptIndex(path)
    index.add(content_id(b"new"), "Knit a woollen sock")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not index.keep()
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert index.nearest("woollen sock", 1)


def test_only_its_owner_may_read_it(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_written_again_when_enough_has_changed(path: Path) -> None:
    index = KeptIndex(path)
    before = path.read_bytes()
    for number in range(kept.LEAST_CHANGES - 1):
        index.add(content_id(b"%d" % number), f"Knit sock {number}")
    assert path.read_bytes() == before
    index.add(content_id(b"last"), "Knit the last sock")
    assert len(KeptIndex(path)) == len(index)
