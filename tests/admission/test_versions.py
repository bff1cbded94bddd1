"""Two nodes choose the highest protocol version that both speak, or part with a clear word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.admission.versions import SUPPORTED, negotiate
from hansa.kernel.verdict import Reason
from tests.attacks.specimens import reason, refusal

VERSIONS = st.lists(st.builds("{}.{}".format, st.integers(0, 12), st.integers(0, 12)), max_size=6)


@pytest.mark.parametrize(
    ("theirs", "ours", "chosen"),
    [
        (["1.0"], ["1.0"], "1.0"),
        (["1.0", "1.1"], ["1.0", "1.1", "1.2"], "1.1"),
        (["1.9", "1.10"], ["1.10", "1.9"], "1.10"),
        (["2.0", "10.0", "9.9"], ["9.9", "10.0", "2.0"], "10.0"),
        (["1.0", "1.0", "1.0"], ["1.0"], "1.0"),
        (["1.0", "9.0"], ["1.0"], "1.0"),
    ],
)
def test_the_highest_common_version_is_chosen(theirs: list[str], ours: list[str], chosen: str) -> None:
    assert negotiate(theirs, ours) == chosen


@given(VERSIONS, VERSIONS)
@settings(derandomize=True, deadline=None)
def test_both_sides_choose_alike(a: list[str], b: list[str]) -> None:
    common = set(a) & set(b)
    if common:
        assert negotiate(a, b) == negotiate(b, a)
        assert negotiate(a, b) == max(common, key=lambda version: tuple(map(int, version.split("."))))
    else:
        assert reason(negotiate, a, b) is Reason.BAD_VERSION


@pytest.mark.parametrize(
    "theirs", [[], ["0.9"], ["2.0"], ["1"], ["1.0.0"], ["01.0"], [" 1.0"], ["1.0 "], ["v1.0"], [""]]
)
def test_without_a_common_version_both_sides_are_named(theirs: list[str]) -> None:
    refused = refusal(negotiate, theirs)
    assert refused.reason is Reason.BAD_VERSION
    assert refused.detail.endswith("spoken here 1.0")


@pytest.mark.parametrize(
    "theirs", [["\u00b2.0", "1.0"], ["-1.0", "1.0"], ["x", "1.0"], ["9" * 5000, "1.0"], ["1.0", "\0"]]
)
def test_an_odd_offer_beside_a_good_one_does_no_harm(theirs: list[str]) -> None:
    assert negotiate(theirs) == "1.0"


def test_version_1_0_is_spoken() -> None:
    """It is on the wire: nodes of this release must always understand one another."""
    assert "1.0" in SUPPORTED
    assert list(SUPPORTED) == sorted(SUPPORTED, key=lambda version: tuple(map(int, version.split("."))))
