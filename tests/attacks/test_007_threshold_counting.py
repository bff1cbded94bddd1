"""Attack 7: one key counts as several, or a threshold asks for nothing."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import pytest

from hansa.identity.envelope import Roster, read, seal, verify
from hansa.identity.keys import PublicKey
from hansa.identity.roots import advance, signers
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from tests.attacks.forgeries import did, envelope, signature
from tests.attacks.metadata import root, root_body
from tests.attacks.specimens import NOW, header, key, reason

KEYS = [key(number) for number in range(1, 5)]
ALICE, BOB, CAROL, DAVE = KEYS
MALLORY = key(9)
ID = NodeId(ALICE.public.did)


def roster(threshold: int, *keys: Any) -> Roster:
    return Roster(frozenset(one.public for one in keys or KEYS), threshold)


@pytest.mark.parametrize("threshold", [0, -1, -(2**31), 5, 2**31])
def test_a_threshold_that_nobody_or_everybody_meets_does_not_load(threshold: int) -> None:
    assert reason(roster, threshold) is Reason.THRESHOLD


def test_a_roster_of_nobody_does_not_load() -> None:
    assert {reason(Roster, frozenset(), threshold) for threshold in (0, 1)} == {Reason.THRESHOLD}


@pytest.mark.parametrize("threshold", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_k_of_n(threshold: int, count: int) -> None:
    for chosen in combinations(KEYS, count):
        message = read(seal(header(ALICE), {}, list(chosen)).raw)
        if count >= threshold:
            assert verify(message, lambda _: roster(threshold)).signers == {one.public for one in chosen}
        else:
            assert reason(verify, message, lambda _: roster(threshold)) is Reason.THRESHOLD


def test_the_order_of_signatures_does_not_matter() -> None:
    messages = [read(seal(header(ALICE), {}, list(order)).raw) for order in permutations([ALICE, BOB, CAROL])]
    assert {verify(message, lambda _: roster(3)).id for message in messages} == {messages[0].id}


@pytest.mark.parametrize("times", [2, 3, 16])
def test_one_key_counts_once_however_often_it_signs(times: int) -> None:
    message = read(seal(header(ALICE), {}, [ALICE] * times).raw)
    assert reason(verify, message, lambda _: roster(2)) is Reason.THRESHOLD
    assert verify(message, lambda _: roster(1)).signers == {ALICE.public}


def test_two_different_signatures_by_one_key_count_once() -> None:
    """Ed25519 as we sign it is deterministic, but a holder of a key can make other good signatures of it."""
    message = seal(header(ALICE), {}, [ALICE, ALICE, BOB])
    assert reason(verify, message, lambda _: roster(3)) is Reason.THRESHOLD


ALIASES = {
    "leading 1": ALICE.public.did.replace(":z", ":z1"),
    "trailing zero byte": did(ALICE.public.raw + b"\0"),
    "multicodec in three bytes": did(ALICE.public.raw, b"\xed\x81\x00"),
    "capital scheme": ALICE.public.did.replace("did", "DID"),
    "blank": f"{ALICE.public.did} ",
    "fragment": f"{ALICE.public.did}#1",
}


@pytest.mark.parametrize("alias", ALIASES)
def test_a_second_spelling_of_a_key_is_no_second_key(alias: str) -> None:
    message = seal(header(ALICE), {}, [ALICE])
    good = message.signatures[0][1]
    twice = envelope(message.payload, [signature(ALICE.public.did, good), signature(ALIASES[alias], good)])
    assert reason(verify, read(twice), lambda _: roster(2)) is Reason.BAD_KEY


@pytest.mark.parametrize("outsiders", [1, 2, 3])
def test_keys_that_are_not_on_the_roster_do_not_count(outsiders: int) -> None:
    message = seal(header(ALICE), {}, [ALICE, *(key(20 + n) for n in range(outsiders))])
    assert reason(verify, message, lambda _: roster(2)) is Reason.WRONG_SIGNER


# The same for root metadata.


@pytest.mark.parametrize("field", ["root_threshold", "signing_threshold"])
@pytest.mark.parametrize("threshold", [0, -1, -(2**31), 3, 17, 2**31])
def test_metadata_with_such_a_threshold_is_refused(field: str, threshold: int) -> None:
    body = root_body(1, [ALICE, BOB], [CAROL, DAVE], **{field: threshold})
    assert reason(advance, None, root(ALICE, body, [ALICE, BOB]), ID) is Reason.THRESHOLD


@pytest.mark.parametrize("field", ["root_keys", "signing_keys"])
def test_metadata_that_names_a_key_twice_is_refused(field: str) -> None:
    body = {**root_body(1, [ALICE, BOB], [CAROL, DAVE]), field: [ALICE.public.did] * 2}
    assert reason(advance, None, root(ALICE, body, [ALICE]), ID) is Reason.THRESHOLD


@pytest.mark.parametrize("field", ["root_keys", "signing_keys"])
@pytest.mark.parametrize("alias", ALIASES)
def test_metadata_that_names_a_key_in_two_spellings_is_refused(field: str, alias: str) -> None:
    body = {**root_body(1, [ALICE]), field: [ALICE.public.did, ALIASES[alias]]}
    assert reason(advance, None, root(ALICE, body, [ALICE]), ID) in {Reason.BAD_KEY, Reason.BAD_BODY}


@pytest.mark.parametrize("field", ["root_keys", "signing_keys"])
@pytest.mark.parametrize("keys", [[], [ALICE.public.did] * 17, ALICE.public.did, [None], [""], None])
def test_metadata_without_a_list_of_keys_is_refused(field: str, keys: Any) -> None:
    body = {**root_body(1, [ALICE]), field: keys}
    assert reason(advance, None, root(ALICE, body, [ALICE]), ID) is Reason.BAD_BODY


@pytest.mark.parametrize("by", [(BOB,), (CAROL,), (DAVE,), (BOB, BOB), (BOB, MALLORY), (MALLORY, key(10))])
def test_fewer_old_keys_than_the_threshold_cannot_rotate(by: tuple[Any, ...]) -> None:
    first = root(ALICE, root_body(1, [BOB, CAROL, DAVE], root_threshold=2), [ALICE, BOB, CAROL])
    trusted = advance(None, first, ID)
    second = root(ALICE, root_body(2, [MALLORY]), [*by, MALLORY])
    assert reason(advance, trusted, second, ID) is Reason.THRESHOLD


@pytest.mark.parametrize("by", list(combinations([BOB, CAROL, DAVE], 2)))
def test_as_many_old_keys_as_the_threshold_can_rotate(by: tuple[Any, ...]) -> None:
    first = root(ALICE, root_body(1, [BOB, CAROL, DAVE], root_threshold=2), [ALICE, BOB, CAROL])
    trusted = advance(None, first, ID)
    second = root(ALICE, root_body(2, [MALLORY]), [*by, MALLORY])
    assert advance(trusted, second, ID).roots.keys == {MALLORY.public}


def test_the_new_keys_meet_their_own_threshold_too() -> None:
    trusted = advance(None, root(ALICE, root_body(1, [ALICE]), [ALICE]), ID)
    body = root_body(2, [BOB, CAROL, DAVE], root_threshold=2)
    assert reason(advance, trusted, root(ALICE, body, [ALICE, BOB]), ID) is Reason.THRESHOLD
    assert advance(trusted, root(ALICE, body, [ALICE, BOB, CAROL]), ID).version == 2


def test_messages_of_a_node_need_its_signing_threshold() -> None:
    body = root_body(1, [ALICE], [BOB, CAROL, DAVE], signing_threshold=2)
    ring = signers({ID: advance(None, root(ALICE, body, [ALICE]), ID)}, NOW)
    assert reason(verify, seal(header(ALICE), {}, [BOB]), ring) is Reason.THRESHOLD
    assert reason(verify, seal(header(ALICE), {}, [BOB, BOB]), ring) is Reason.THRESHOLD
    assert verify(seal(header(ALICE), {}, [BOB, DAVE]), ring).signers == {BOB.public, DAVE.public}


def test_a_key_is_itself_however_it_was_come_by() -> None:
    assert PublicKey.from_did(ALICE.public.did) == PublicKey.parse(ALICE.public.raw) == ALICE.public
    assert len({PublicKey.from_did(ALICE.public.did), ALICE.public}) == 1
