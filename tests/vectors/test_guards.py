"""The list of the JavaScript verifier's guards keeps up with it; `python -m tests.vectors.guards` takes each out."""

from __future__ import annotations

import pytest

from tests.attacks.specimens import scaled
from tests.vectors.guards import GUARDS, ROOT, VERIFIER, Guard, main, unwatched
from tests.vectors.make import all_cases
from tests.vectors.protocol import missing_node

needs_node = pytest.mark.skipif(bool(missing_node()), reason=missing_node())


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_where_the_list_says_and_has_a_case(guard: Guard) -> None:
    text = (ROOT / VERIFIER / guard.file).read_text(encoding="utf-8")
    assert text.count(guard.line) == 1
    assert guard.case in {case.name for _, case in all_cases()}


@needs_node
def test_a_missing_guard_is_noticed_and_an_unwatched_one_reported() -> None:
    gone = Guard("bytes.js", "btoa(binary) !== text", "false", "base64-other-spelling")
    assert unwatched(gone) == ""
    useless = Guard("bytes.js", "btoa(binary) !== text", "btoa(binary) != text", "base64-other-spelling")
    assert "still agrees" in unwatched(useless)
    assert "expected once" in unwatched(Guard("bytes.js", "no such line", "", "unsigned"))


@needs_node
@pytest.mark.slow
@pytest.mark.skipif(scaled(1) == 1, reason="half a minute: before a release, with HANSA_TEST_SCALE=10")
def test_every_guard_is_missed_when_it_is_gone() -> None:
    assert main([]) == 0
