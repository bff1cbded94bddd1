"""Attack 12: whatever bytes come in, by any door, only errors of the tree in kernel/errors.py come out.

`python -m tests.fuzz all --runs 1000000` is the long form. Here each target gets its seeds and some thousand blind
mutations of them, what was once found is tried again, and the engine that is led by coverage is started once.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from tests.attacks.specimens import scaled
from tests.fuzz.__main__ import blind, led
from tests.fuzz.targets import CUT, TARGETS, Target, clean_up

FOUND: list[tuple[str, bytes]] = [
    ("config", b"port = " + b"[" * 5_000),  # RecursionError
    ("config", b"name = " + b"{a = " * 3_000),  # RecursionError
    ("config", b"port = " + b"9" * 5_000),  # ValueError that is no TOMLDecodeError
    ("skill-folder", b'---\ndescription: "\\UFFFFFFFF"\n---\ntext\n'),  # OverflowError
    ("skill-folder", b'---\ndescription: "\\U00110000"\n---\ntext\n'),  # ValueError
]
"""What came out of a target once and was no error of ours; with what it was."""

NASTY: list[tuple[str, bytes]] = [
    ("config", b"sync_seconds = nan\n"),
    ("config", b"limits = 3\n"),
    ("skill-folder", b"---\na: " + b"[" * 5_000 + b"\n---\n"),
    ("skill-folder", b"---\na: &a [*a]\n---\n"),
    ("python-file", b"(" * 3_000),
    ("python-file", b"x = " + b"not " * 20_000 + b"1"),
    ("python-file", b"lambda:" * 2_000 + b"0"),
    ("python-file", b"def f(x): return " + b"1+" * 20_000 + b"1" + CUT + b"-" * 50_000 + b"1"),
    ("doctests", b">>> " + b"-" * 20_000 + b"1\n1\n"),
    ("doctests", b">>> f(1)\n" + b"[" * 5_000 + b"\n"),
    ("traces", b'{"intent":"a","result":' + b"9" * 5_000 + b"}"),
    ("traces", b'{"intent":"a","result":"\\ud800"}'),
    ("feed-page", b"[" * 100_000),
    ("frames", b"\x91" * 100_000),
    ("frames", b"\xdd\xff\xff\xff\xff"),
    ("frames", b"\xdc\xff\xff\xa4word"),
    ("frames", b"\x92\xa4word\xc6\xff\xff\xff\xff"),
    ("frames", b"\x92\xa4ping\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"),
    ("frames", b"\x92\xa4have\x91\xa1\xff"),
    ("names", b'{"payload":"' + b"[" * 100_000),
]
"""What one would try first."""


@pytest.fixture(scope="module", autouse=True)
def _tidy() -> Iterator[None]:
    yield
    clean_up()


@pytest.mark.parametrize("name", TARGETS)
def test_only_errors_of_the_tree_come_out_of(name: str) -> None:
    blind(name, scaled(TARGETS[name].runs), seed=12)


@pytest.mark.parametrize(("name", "data"), FOUND + NASTY)
def test_what_was_found_once_is_answered_now(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_first_seed_of_a_target_is_taken(name: str) -> None:
    """A target whose seeds are refused at the first door would fuzz that door alone."""
    seeds = list(TARGETS[name].seeds())
    assert seeds
    TARGETS[name].call(seeds[0])


def test_an_engine_reports_what_is_no_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself can fail: this target has a bug, and another one only refuses."""

    def buggy(data: bytes) -> None:
        if len(data) > 3:
            raise KeyError("a bug")

    def refusing(_: bytes) -> None:
        raise Refused(Reason.NOT_JSON)

    monkeypatch.setitem(TARGETS, "buggy", Target(buggy, lambda: [b"abcd"]))
    monkeypatch.setitem(TARGETS, "refusing", Target(refusing, lambda: [b"abcd"]))
    blind("refusing", 100, 1)
    with pytest.raises(KeyError) as found:
        blind("buggy", 100, 1)
    assert found.value.__notes__ == ["buggy: found with b'abcd'"]


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris (the extra fuzz)")
@pytest.mark.parametrize("name", TARGETS if scaled(1) > 1 else ["payload"])
def test_only_errors_of_the_tree_come_out_when_led_by_coverage(name: str) -> None:
    code, told = led(name, scaled(2_000), seed=1)
    assert code == 0, told[-4_000:]
    assert f"number_of_executed_units: {scaled(2_000)}" in told
