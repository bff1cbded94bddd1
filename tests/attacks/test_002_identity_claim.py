"""Attack 2: speaking as somebody else, or giving somebody's id a new key without the old key's word."""

from __future__ import annotations

import pytest

from hansa.identity.envelope import read, seal, verify
from hansa.identity.roots import advance, signers
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from tests.attacks.metadata import root, root_body
from tests.attacks.specimens import BODIES, NOW, header, key, reason

ALICE, MALLORY, CAROL = key(1), key(2), key(3)


@pytest.mark.parametrize("kind", BODIES)
def test_nobody_speaks_for_another(kind: str) -> None:
    claimed = seal(header(ALICE, kind=kind), BODIES[kind], [MALLORY])
    assert reason(verify, read(claimed.raw)) is Reason.WRONG_SIGNER


@pytest.mark.parametrize("kind", BODIES)
def test_a_second_signer_does_not_make_an_author(kind: str) -> None:
    """Both signatures are good, one of them by the author: still nobody asked the other one."""
    claimed = seal(header(ALICE, kind=kind), BODIES[kind], [ALICE, MALLORY])
    assert reason(verify, read(claimed.raw)) is Reason.WRONG_SIGNER


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(
    "author",
    [
        "alice",
        "*",
        "did:web:alice.example",
        "did:key:alice",
        "did:key:",
        "did:key:z",
        "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
        "0",
        "self",
        "did:key:z6Mk",
        f"{ALICE.public.did} ",
        f" {ALICE.public.did}",
        ALICE.public.did.upper(),
        ALICE.public.did[:-1],
        ALICE.public.raw.hex(),
    ],
    ids=repr,
)
def test_an_author_is_a_key_and_nothing_else(kind: str, author: str) -> None:
    claimed = seal(header(ALICE, kind=kind, author=author), BODIES[kind], [ALICE])
    assert reason(verify, read(claimed.raw)) is Reason.BAD_KEY


@pytest.mark.parametrize("author", ["", "x" * 65])
def test_an_author_of_no_plausible_length_is_no_header(author: str) -> None:
    claimed = seal(header(ALICE, author=author), {}, [ALICE])
    assert reason(verify, read(claimed.raw)) is Reason.BAD_ENVELOPE


ID = NodeId(ALICE.public.did)
FIRST = root(ALICE, root_body(1, [ALICE], [CAROL]), [ALICE])


def test_the_first_metadata_of_an_id_is_signed_by_the_key_in_the_id() -> None:
    stolen = root(ALICE, root_body(1, [MALLORY]), [MALLORY])
    assert reason(advance, None, stolen, ID) is Reason.THRESHOLD


def test_an_id_cannot_be_bound_to_a_new_key_without_the_old_one() -> None:
    trusted = advance(None, FIRST, ID)
    stolen = root(ALICE, root_body(2, [MALLORY]), [MALLORY])
    assert reason(advance, trusted, stolen, ID) is Reason.THRESHOLD


def test_a_day_to_day_key_cannot_change_the_keys() -> None:
    """Theft of the key that is online every day must not cost the identity."""
    trusted = advance(None, FIRST, ID)
    assert trusted.signing.keys == {CAROL.public}
    stolen = root(ALICE, root_body(2, [CAROL]), [CAROL])
    assert reason(advance, trusted, stolen, ID) is Reason.THRESHOLD


def test_a_new_key_must_show_that_it_is_there() -> None:
    trusted = advance(None, FIRST, ID)
    unheard = root(ALICE, root_body(2, [MALLORY]), [ALICE])
    assert reason(advance, trusted, unheard, ID) is Reason.THRESHOLD


def test_metadata_of_one_id_is_not_taken_for_another() -> None:
    own = root(MALLORY, root_body(1, [MALLORY]), [MALLORY])
    assert reason(advance, None, own, ID) is Reason.BAD_BODY


def test_another_kind_of_message_does_not_change_keys() -> None:
    other = root(ALICE, root_body(1, [ALICE]), [ALICE], kind="skill")
    assert reason(advance, None, other, ID) is Reason.BAD_BODY


def test_once_keys_are_named_the_root_key_no_longer_signs_day_to_day() -> None:
    ring = signers({ID: advance(None, FIRST, ID)}, NOW)
    by_root = seal(header(ALICE), {}, [ALICE])
    by_day_key = seal(header(ALICE), {}, [CAROL])
    assert reason(verify, by_root, ring) is Reason.WRONG_SIGNER
    assert verify(by_day_key, ring).author == ID


def test_a_forged_signature_on_metadata_is_a_forgery() -> None:
    trusted = advance(None, FIRST, ID)
    stolen = root(ALICE, root_body(2, [MALLORY]), [MALLORY])
    claimed = read(stolen.raw.replace(MALLORY.public.did.encode(), ALICE.public.did.encode()))
    assert reason(advance, trusted, claimed, ID) is Reason.FORGED
