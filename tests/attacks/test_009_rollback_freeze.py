"""Attack 9, root metadata: shown an older state, kept on one state, or sent far ahead. As in tuf-conformance."""

from __future__ import annotations

from typing import Any

import pytest

from hansa.identity.envelope import Signed, seal, verify
from hansa.identity.keys import SigningKey
from hansa.identity.roots import Root, advance, signers
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import DAY, Instant
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.verdict import Reason
from tests.attacks.metadata import IN_A_YEAR, root, root_body
from tests.attacks.specimens import NOW, header, key, reason

ALICE, BOB, CAROL, MALLORY = key(1), key(2), key(3), key(9)
ID = NodeId(ALICE.public.did)
FIRST = root(ALICE, root_body(1, [ALICE]), [ALICE])
SECOND = root(ALICE, root_body(2, [BOB]), [ALICE, BOB])
THIRD = root(ALICE, root_body(3, [CAROL]), [BOB, CAROL])


def after(first: Signed, *more: Signed) -> Root:
    trusted = advance(None, first, ID)
    for one in more:
        trusted = advance(trusted, one, ID)
    return trusted


def signs(trusted: Root, by: SigningKey, now: int) -> bool:
    """Says whether `by` may sign for the node at `now`; the test fails when it may not for anything but expiry."""
    try:
        verify(seal(header(ALICE), {}, [by]), signers({ID: trusted}, Instant(now)))
    except Refused as refused:
        assert refused.reason is Reason.EXPIRED
        return False
    return True


def next_version(version: int, by: list[Any], **changes: Any) -> Signed:
    """Metadata that would follow SECOND, were its version and signers right."""
    return root(ALICE, root_body(version, [CAROL]), by, **changes)


def test_versions_follow_one_another() -> None:
    trusted = after(FIRST, SECOND, THIRD)
    assert (trusted.version, trusted.roots.keys, trusted.node) == (3, {CAROL.public}, ID)


@pytest.mark.parametrize(("seen", "shown"), [([FIRST, SECOND], FIRST), ([FIRST, SECOND, THIRD], SECOND)])
def test_rollback_to_an_older_version_is_refused(seen: list[Signed], shown: Signed) -> None:
    assert reason(advance, after(*seen), shown, ID) is Reason.ROLLBACK


@pytest.mark.parametrize("seen", [[FIRST], [FIRST, SECOND], [FIRST, SECOND, THIRD]])
def test_the_same_version_again_is_refused(seen: list[Signed]) -> None:
    assert reason(advance, after(*seen), seen[-1], ID) is Reason.ROLLBACK


def test_another_metadata_of_the_same_version_is_refused() -> None:
    fork = root(ALICE, root_body(2, [MALLORY]), [ALICE, BOB, MALLORY])
    assert reason(advance, after(FIRST, SECOND), fork, ID) is Reason.ROLLBACK


@pytest.mark.parametrize("version", [4, 5, 1000, 2**31, 2**53 - 1])
def test_fast_forward_is_refused_even_when_well_signed(version: int) -> None:
    """A version at the end of all numbers could never be followed by another."""
    assert reason(advance, after(FIRST, SECOND), next_version(version, [BOB, CAROL]), ID) is Reason.ROLLBACK


@pytest.mark.parametrize("version", [2, 3, 2**53 - 1])
def test_the_first_version_is_one(version: int) -> None:
    assert reason(advance, None, root(ALICE, root_body(version, [ALICE]), [ALICE]), ID) is Reason.ROLLBACK


@pytest.mark.parametrize("version", [0, -1, "2", 2.0, True, None])
def test_a_version_that_is_no_count_is_refused(version: Any) -> None:
    body = {**root_body(1, [ALICE]), "version": version}
    if isinstance(version, float):
        with pytest.raises(ValueError, match="fraction"):
            root(ALICE, body, [ALICE], seq=1)
        return
    assert reason(advance, None, root(ALICE, body, [ALICE], seq=1), ID) is Reason.BAD_BODY


@pytest.mark.parametrize("late", [0, 1, DAY, 10_000 * DAY])
def test_nobody_signs_under_metadata_past_its_expiry(late: int) -> None:
    trusted = after(FIRST, SECOND, next_version(3, [BOB, CAROL], expires=NOW - late))
    assert not signs(trusted, CAROL, NOW)


@pytest.mark.parametrize("early", [1, DAY])
def test_metadata_is_good_until_its_expiry(early: int) -> None:
    assert signs(after(FIRST, SECOND, next_version(3, [BOB, CAROL], expires=NOW + early)), CAROL, NOW)


@pytest.mark.parametrize("now", [0, NOW, MAX_SAFE_INTEGER])
def test_metadata_whose_expiry_is_nought_never_expires(now: int) -> None:
    """As everywhere in a header: whoever signs with one key and no plan says so."""
    assert signs(after(root(ALICE, root_body(1, [ALICE]), [ALICE], expires=0)), ALICE, now)


def test_a_node_kept_on_old_metadata_stops_trusting_it() -> None:
    trusted = after(FIRST, SECOND)
    assert signs(trusted, BOB, IN_A_YEAR - 1)
    assert not signs(trusted, BOB, IN_A_YEAR)


def test_expired_metadata_does_not_fall_back_to_the_key_in_the_id() -> None:
    """Else whoever stole the first key had only to wait."""
    assert not signs(after(FIRST, SECOND), ALICE, IN_A_YEAR)


def test_expired_metadata_of_one_author_concerns_no_other() -> None:
    ring = signers({ID: after(FIRST, SECOND)}, Instant(IN_A_YEAR))
    assert verify(seal(header(MALLORY), {}, [MALLORY]), ring).author == MALLORY.public.did


@pytest.mark.parametrize(
    ("by", "who"),
    [
        ([ALICE], "the keys before the last ones"),
        ([BOB], "the old keys only"),
        ([CAROL], "the new keys only"),
        ([ALICE, CAROL], "keys before the last, and the new ones"),
        ([MALLORY], "a stranger"),
        ([MALLORY, CAROL], "a stranger and the new keys"),
    ],
)
def test_metadata_is_signed_by_old_and_new_keys_both(by: list[Any], who: str) -> None:
    assert reason(advance, after(FIRST, SECOND), next_version(3, by), ID) is Reason.THRESHOLD


@pytest.mark.parametrize(
    "attack",
    [
        FIRST,
        SECOND,
        next_version(9, [BOB, CAROL]),
        next_version(3, [BOB]),
        next_version(3, [CAROL]),
        next_version(3, [BOB, CAROL], kind="skill"),
        next_version(4, [BOB, CAROL], expires=NOW),
        next_version(3, [MALLORY], expires=NOW),
        root(ALICE, root_body(3, [CAROL], root_threshold=2), [BOB, CAROL]),
    ],
)
def test_after_any_of_these_the_true_next_version_is_still_taken(attack: Signed) -> None:
    trusted = after(FIRST, SECOND)
    reason(advance, trusted, attack, ID)
    assert trusted == after(FIRST, SECOND)
    assert advance(trusted, THIRD, ID).version == 3


def test_expired_metadata_can_still_be_followed_by_the_next() -> None:
    trusted = after(root(ALICE, root_body(1, [ALICE]), [ALICE], expires=NOW - DAY))
    assert not signs(trusted, ALICE, NOW)
    assert signs(advance(trusted, SECOND, ID), BOB, NOW)


def test_a_node_that_slept_past_an_expiry_catches_up_over_it() -> None:
    """TUF, section 5.3.10: expiry is asked of the last version only; those on the way are good for their keys."""
    first = root(ALICE, root_body(1, [ALICE]), [ALICE], expires=NOW - 2 * DAY)
    second = root(ALICE, root_body(2, [BOB]), [ALICE, BOB], expires=NOW - DAY)
    assert not signs(after(first, second), BOB, NOW)
    assert signs(after(first, second, THIRD), CAROL, NOW)


def test_an_expired_version_on_the_way_is_signed_by_old_and_new_keys_too() -> None:
    """What is only passed through names the keys that the next one must be signed with."""
    bent = root(ALICE, root_body(2, [MALLORY]), [MALLORY], expires=NOW - DAY)
    assert reason(advance, after(FIRST), bent, ID) is Reason.THRESHOLD
