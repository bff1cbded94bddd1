"""Invitations: how a code is written and read, and what a proof is good for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.invitation import (
    ALPHABET,
    MAX_NOTE,
    MAX_TIME_MS,
    MAX_USES,
    MIN_TIME_MS,
    Code,
    Invitation,
    Phase,
    find,
    fingerprint,
    fits,
    proof,
    read_code,
    read_invitation,
)
from tests.attacks.specimens import key

ANN, BOB, EVE = (NodeId(str(key(number).public.did)) for number in (1, 2, 3))
codes = st.builds(Code, st.integers(0, 2**60 - 1), st.integers(0, 2**40 - 1))


@given(codes)
def test_a_code_is_read_as_it_was_written(code: Code) -> None:
    text = str(code)
    assert len(text) == 24
    assert set(text) <= {*ALPHABET, "-"}
    assert read_code(text) == code
    assert read_invitation(f"http://127.0.0.1:8470/#{text}") == ("http://127.0.0.1:8470", code)


@given(codes, st.randoms(use_true_random=False))
def test_however_it_is_typed(code: Code, chance: object) -> None:
    text = str(code).replace("1", "l").replace("0", "o").lower().replace("-", " ")
    assert read_code(f"  {text}\n") == code


@given(codes, st.integers(0, 23), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_another_code(code: Code, place: int, letter: str) -> None:
    text = str(code)
    if text[place] in ("-", letter):
        return
    assert read_code(text[:place] + letter + text[place + 1 :]) != code


@pytest.mark.parametrize(
    "text", ["", "7K3M", "U" * 20, "7K3M-9QXF-2B4H-KT6W-P8Z", "7K3M-9QXF-2B4H-KT6W-P8ZDX", "ü" * 20]
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no invitation code"):
        read_code(text)
    assert read_invitation("http://x/") == ("http://x", None)


def test_a_proof_is_good_for_one_joiner_and_one_inviter() -> None:
    invitation = Invitation(5, 1, 10, 0)
    assert fits(invitation, proof(5, ANN, BOB), ANN, BOB)
    for secret, inviter, joiner in [(6, ANN, BOB), (5, ANN, EVE), (5, EVE, BOB), (5, BOB, ANN)]:
        assert not fits(invitation, proof(secret, inviter, joiner), ANN, BOB)
    assert not fits(invitation, "", ANN, BOB)


def test_where_one_name_ends_matters() -> None:
    assert proof(5, NodeId("ab"), NodeId("c")) != proof(5, NodeId("a"), NodeId("bc"))


def test_fingerprints_tell_inviters_apart() -> None:
    assert len({fingerprint(one) for one in (ANN, BOB, EVE)}) == 3
    assert fingerprint(ANN) == read_code(str(Code(0, fingerprint(ANN)))).fingerprint


@pytest.mark.parametrize(("uses", "now", "is_open"), [(1, 9, True), (1, 10, False), (0, 9, False)])
def test_an_invitation_is_open_until_it_is_used_up_or_expires(uses: int, now: int, is_open: bool) -> None:
    assert Invitation(5, uses, 10, 0).is_open(Instant(now)) is is_open


def test_its_name_in_lists_is_not_its_secret() -> None:
    one = Invitation(2**59 + 12345, 1, 10, 0)
    assert len(one.id) == 8
    assert one.id not in str(Code(one.secret, 0)).lower()


@pytest.mark.parametrize(
    ("uses", "now", "phase"),
    [(1, 9, Phase.OPEN), (1, 10, Phase.EXPIRED), (0, 9, Phase.USED_UP), (0, 10, Phase.USED_UP)],
)
def test_the_life_of_an_invitation(uses: int, now: int, phase: Phase) -> None:
    one = Invitation(5, uses, 10, 0)
    assert one.phase(Instant(now)) is phase
    if phase is Phase.OPEN:
        assert one.used(Instant(now)) == Invitation(5, uses - 1, 10, 0)
    else:
        with pytest.raises(UsageError, match=str(phase)):
            one.used(Instant(now))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"uses": 0}, "1 to 1000 nodes"),
        ({"uses": MAX_USES + 1}, "1 to 1000 nodes"),
        ({"expires": 7 + MIN_TIME_MS - 1}, "a minute to 90 days"),
        ({"expires": 7 + MAX_TIME_MS + 1}, "a minute to 90 days"),
        ({"per_minute": 0}, "at least 1"),
        ({"note": "x" * (MAX_NOTE + 1)}, "200 characters"),
    ],
)
def test_an_invitation_without_bounds_is_none(wrong: dict[str, Any], says: str) -> None:
    good: dict[str, Any] = {
        "secret": 5,
        "uses": MAX_USES,
        "expires": 7 + MAX_TIME_MS,
        "created": 7,
        "note": "x" * MAX_NOTE,
    }
    Invitation(**good).validate()
    with pytest.raises(UsageError, match=says):
        Invitation(**good | wrong).validate()


HELD = [Invitation(1, 1, 10, 0), Invitation(2, 0, 10, 0), Invitation(3, 1, 5, 0), Invitation(4, 2, 10, 0)]


@pytest.mark.parametrize(("secret", "found"), [(1, HELD[0]), (2, None), (3, None), (4, HELD[3]), (9, None)])
def test_only_an_open_invitation_is_found_and_all_are_looked_at(secret: int, found: Invitation | None) -> None:
    seen = []

    def told() -> Iterator[Invitation]:
        for one in HELD:
            seen.append(one)
            yield one

    assert find(told(), proof(secret, ANN, BOB), ANN, BOB, Instant(7)) == found
    assert seen == HELD


def test_the_cost_of_a_used_up_an_unknown_and_a_good_code_is_one() -> None:
    def calls(secret: int) -> int:
        count = 0

        def trace(frame: object, event: str, arg: object) -> None:
            nonlocal count
            count += 1

        given = proof(secret, ANN, BOB)
        sys.setprofile(trace)
        try:
            find(HELD, given, ANN, BOB, Instant(7))
        finally:
            sys.setprofile(None)
        return count

    first, last, used_up, expired, unknown = map(calls, (1, 4, 2, 3, 9))
    assert unknown > 20
    costs = (first, last, used_up, expired, unknown)
    assert max(costs) - min(costs) <= 4  # looking at the life of the one that fits
