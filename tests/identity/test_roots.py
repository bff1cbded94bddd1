"""Root metadata as intended: keys change, the node id stays."""

from __future__ import annotations

import pytest

from hansa.identity.envelope import Roster, root_only, seal, verify
from hansa.identity.roots import KIND, Root, advance, signers
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from tests.attacks.metadata import IN_A_YEAR, root, root_body
from tests.attacks.specimens import NOW, header, key, reason

ALICE, BOB, CAROL, DAVE = (key(number) for number in range(1, 5))
ID = NodeId(ALICE.public.did)


def test_the_first_version_names_who_signs_day_to_day() -> None:
    first = advance(None, root(ALICE, root_body(1, [ALICE], [BOB]), [ALICE]), ID)
    assert first == Root(ID, 1, Roster(frozenset({ALICE.public})), Roster(frozenset({BOB.public})), IN_A_YEAR)


def test_keys_change_and_the_id_stays() -> None:
    trusted = None
    for version, (old, new) in enumerate([(ALICE, ALICE), (ALICE, BOB), (BOB, CAROL), (CAROL, DAVE)], 1):
        trusted = advance(trusted, root(ALICE, root_body(version, [new]), [old, new]), ID)
        assert (trusted.node, trusted.version, trusted.roots.keys) == (ID, version, {new.public})


def test_the_day_to_day_key_changes_without_touching_the_root_keys() -> None:
    first = advance(None, root(ALICE, root_body(1, [ALICE], [BOB]), [ALICE]), ID)
    second = advance(first, root(ALICE, root_body(2, [ALICE], [CAROL]), [ALICE]), ID)
    assert second.roots == first.roots
    assert second.signing.keys == {CAROL.public}


def test_the_key_in_the_id_may_be_left_behind() -> None:
    """After its theft, say: it then signs nothing any more."""
    first = advance(None, root(ALICE, root_body(1, [ALICE]), [ALICE]), ID)
    second = advance(first, root(ALICE, root_body(2, [BOB]), [ALICE, BOB]), ID)
    ring = signers({ID: second}, NOW)
    assert reason(verify, seal(header(ALICE), {}, [ALICE]), ring) is Reason.WRONG_SIGNER
    assert verify(seal(header(ALICE), {}, [BOB]), ring).author == ID
    third = root(ALICE, root_body(3, [ALICE]), [ALICE])
    assert reason(advance, second, third, ID) is Reason.THRESHOLD


def test_extra_signatures_on_metadata_do_no_harm() -> None:
    assert advance(None, root(ALICE, root_body(1, [ALICE]), [ALICE, DAVE]), ID).roots.keys == {ALICE.public}


def test_an_author_without_metadata_signs_with_its_own_key() -> None:
    ring = signers({}, NOW)
    assert ring(ID) == root_only(ID)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**root_body(1, [ALICE]), "more": 1},
        {k: v for k, v in root_body(1, [ALICE]).items() if k != "signing_keys"},
        {**root_body(1, [ALICE]), "root_threshold": "1"},
        {**root_body(1, [ALICE]), "root_threshold": True},
        {**root_body(1, [ALICE]), "root_threshold": 2**53 - 1},
    ],
)
def test_metadata_of_another_shape_is_refused(body: dict[str, object]) -> None:
    assert reason(advance, None, root(ALICE, body, [ALICE], seq=1), ID) is Reason.BAD_BODY


def test_metadata_without_a_signature_is_refused() -> None:
    assert reason(advance, None, root(ALICE, root_body(1, [ALICE]), []), ID) is Reason.UNSIGNED


def test_the_kind_is_named_root() -> None:
    assert KIND == "root"
