"""Cases of root metadata: rules 1 to 7, its header, and what it means for other messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hansa.identity.keys import SigningKey
from hansa.kernel.ids import content_id
from tests.attacks.specimens import DIGEST, NOW
from tests.vectors.bodies import root
from tests.vectors.case import ALICE, BOB, CAROL, DAVE, Case, case, message, payload, sealed

A, B, C, D = (str(key.public.did) for key in (ALICE, BOB, CAROL, DAVE))
SEQ = 5_000
"""A number of a message of an author that has root metadata."""

Keys = tuple[str, ...]


def cases() -> Iterator[Case]:
    """Yields the cases of roots."""
    yield from _rotated()
    yield from _retired_signers()
    yield from _next()
    yield from _shapes()
    yield from _retiring()
    yield from _records()


def trusted(version: int = 1, keys: Keys = (A,), need: int = 1, **changes: Any) -> dict[str, Any]:
    """Returns one version of root metadata that a receiver trusts."""
    body = {"version": version, "root_keys": list(keys), "root_threshold": need}
    return {**body, "signing_keys": list(keys), "signing_threshold": need, "expires": 0, **changes}


def left(key: str, until: int, threshold: int = 1) -> dict[str, Any]:
    """Returns what is left of a retired key."""
    return {"key": key, "until": until, "threshold": threshold}


def _rotated() -> Iterator[Case]:
    data = payload(seq=SEQ)
    moved = {A: [trusted(1), trusted(2, (C, D), 1)]}
    both = {A: [trusted(1), trusted(2, (C, D), 2)]}
    yield case(
        "signing-key-of-the-roster", sealed(data, CAROL), "the metadata names another key for day to day", roots=moved
    )
    yield case(
        "root-key-not-in-the-roster",
        sealed(data),
        "the first key signs no longer",
        "wrong_signer envelope 6",
        roots=moved,
    )
    yield case("two-of-two", sealed(data, CAROL, DAVE), "both keys sign", roots=both)
    yield case("one-of-two", sealed(data, CAROL), "one key is not enough", "threshold envelope 6", roots=both)
    yield case(
        "same-key-twice-of-two", sealed(data, CAROL, CAROL), "one key counts once", "threshold envelope 6", roots=both
    )
    old = {A: [trusted(expires=NOW)]}
    yield case("root-expired", sealed(data), "nobody signs under expired metadata", "expired root 5", roots=old)
    yield case(
        "root-expires-later", sealed(data), "one millisecond before its expiry", roots={A: [trusted(expires=NOW + 1)]}
    )
    yield case(
        "roster-of-another-author", sealed(data), "the metadata is somebody else's", roots={B: [trusted(1, (C,))]}
    )
    one = {A: [trusted()]}
    yield case("root-number-reserved", message(seq=1_000), "kept for root metadata", "wrong_signer root 7", roots=one)
    yield case("root-number-above-the-reserved", message(seq=1_001), "the first number of other messages", roots=one)
    yield case("root-number-of-an-author-without", message(seq=1_000), "no root metadata, nothing is kept for it")


def _retired_signers() -> Iterator[Case]:
    moved = {A: [trusted(1), trusted(2, (C,), retired=[left(A, SEQ)])]}

    def skill(seq: int, *signers: SigningKey) -> bytes:
        return sealed(payload("skill", seq=seq), *signers)

    yield case("root-retired-key-in-time", skill(SEQ), "its bound is that very number", roots=moved)
    yield case("root-retired-key-too-late", skill(SEQ + 1), "one above its bound", "revoked envelope 6", roots=moved)
    yield case(
        "root-retired-key-beside-todays",
        skill(SEQ + 1, CAROL, ALICE),
        "every signer must be good for the number",
        "revoked envelope 6",
        roots=moved,
    )
    yield case("root-retired-key-and-todays-in-time", skill(SEQ, CAROL, ALICE), "both were good then", roots=moved)
    yield case(
        "root-retired-key-and-a-strangers",
        skill(SEQ, ALICE, BOB),
        "a key that never was the author's",
        "wrong_signer envelope 6",
        roots=moved,
    )
    yield case(
        "root-retired-key-greets",
        message(seq=SEQ),
        "what asks for something now takes today's keys alone",
        "wrong_signer envelope 6",
        roots=moved,
    )
    yield case(
        "root-retired-key-spreads",
        message("notice", seq=SEQ),
        "and so does what goes round: it is about now",
        "wrong_signer envelope 6",
        roots=moved,
    )
    void = {A: [trusted(1), trusted(2, (C,), retired=[left(A, -1)])]}
    yield case("root-retired-key-void", skill(SEQ), "-1: nothing it signed stands", "revoked envelope 6", roots=void)
    two = {A: [trusted(1, (A, D), 2), trusted(2, (C,), retired=[left(A, SEQ, 2), left(D, SEQ, 2)])]}
    yield case("root-retired-two-of-two", skill(SEQ, ALICE, DAVE), "both had to sign then, and did", roots=two)
    yield case("root-retired-one-of-two", skill(SEQ, ALICE), "both had to sign then", "threshold envelope 6", roots=two)


def _rooted(
    name: str, body: dict[str, Any], signers: tuple[SigningKey, ...], why: str, refused: str = "", **known: Any
) -> Case:
    version = body["version"]
    sent = sealed(payload("root", body=body, network="*", seq=version), *signers)
    return case(name, sent, why, refused, **{"task": "root", "node": A, **known})


def _next() -> Iterator[Case]:
    after = {"roots": {A: [trusted(1, (A,))]}}
    two = {"roots": {A: [trusted(1, (A, C, D), 2)]}}
    full = {"roots": {A: [trusted(1_000, (A,))]}}
    yield _rooted("root-first", root(1), (ALICE,), "version 1, by the key that the node id names")
    yield _rooted(
        "root-first-by-another", root(1), (BOB,), "version 1 is signed by the id's own key", "threshold root 3"
    )
    yield _rooted("root-next", root(5, 2), (ALICE, CAROL), "signed by the keys before and the keys after", **after)
    yield _rooted("root-next-without-the-old-key", root(5, 2), (CAROL,), "the thief's way", "threshold root 3", **after)
    yield _rooted("root-next-without-the-new-key", root(5, 2), (ALICE,), "nobody holds it", "threshold root 3", **after)
    yield _rooted(
        "root-next-by-a-signing-key",
        root(1, 2),
        (DAVE,),
        "day to day keys change nothing",
        "threshold root 3",
        roots={A: [trusted(1, (A,), signing_keys=[D])]},
    )
    yield _rooted("root-same-version", root(1, 1), (ALICE,), "the same again", "rollback root 2", **after)
    yield _rooted("root-jump", root(1, 3), (ALICE,), "a version is left out", "rollback root 2", **after)
    yield _rooted("root-first-is-version-2", root(1, 2), (ALICE,), "the first has version 1", "rollback root 2")
    yield _rooted("root-one-of-two-before", root(1, 2), (ALICE,), "two must sign", "threshold root 3", **two)
    yield _rooted("root-two-of-two-before", root(1, 2), (ALICE, CAROL), "two of three sign", **two)
    yield _rooted(
        "root-one-key-twice-of-two-before", root(1, 2), (ALICE, ALICE), "one counts once", "threshold root 3", **two
    )
    yield _rooted(
        "root-after-an-expired-one",
        root(1, 2),
        (ALICE,),
        "an expired version is a step to the next",
        roots={A: [trusted(1, (A,), expires=1)]},
    )
    yield _rooted("root-version-1000", root(1, 1_000), (ALICE,), "the last there is", roots={A: [trusted(999, (A,))]})
    yield _rooted("root-version-1001", root(1, 1_001), (ALICE,), "one too many", "bad_body root 7", **full)


def _shapes() -> Iterator[Case]:
    twice = root(1, root_keys=[A, A])
    yield _rooted("root-key-named-twice", twice, (ALICE,), "keys are distinct", "threshold root 4")
    yield _rooted("root-threshold-zero", root(1, root_threshold=0), (ALICE,), "at least 1", "threshold root 4")
    yield _rooted("root-threshold-negative", root(1, signing_threshold=-1), (ALICE,), "at least 1", "threshold root 4")
    yield _rooted(
        "root-threshold-above-keys", root(1, signing_threshold=2), (ALICE,), "nobody could", "threshold root 4"
    )
    yield _rooted(
        "root-key-bad", root(1, signing_keys=["nobody"]), (ALICE,), "every key is a good key", "bad_key root 4"
    )
    yield _rooted(
        "root-signing-keys-before-root-keys",
        root(1, signing_keys=["nobody"], root_threshold=0),
        (ALICE,),
        "signing keys are judged first",
        "bad_key root 4",
    )
    yield _rooted("root-without-keys", root(1, root_keys=[]), (ALICE,), "at least one key", "bad_body body")
    yield _rooted("root-version-zero", root(1, 0), (ALICE,), "versions count from 1", "bad_body body")
    yield _rooted("root-unknown-field", root(1, note="x"), (ALICE,), "no other fields", "bad_body body")
    yield _rooted(
        "root-retired-without-until", root(1, retired=[{"key": B}]), (ALICE,), "a bound is there", "bad_body body"
    )
    yield _rooted(
        "root-retired-until-minus-two", root(1, retired=[_out(B, -2)]), (ALICE,), "-1 is the least", "bad_body body"
    )
    yield _rooted(
        "root-retired-17", root(1, retired=[_out(B, 1)] * 17), (ALICE,), "at most 16 at once", "bad_body body"
    )
    yield _rooted(
        "root-of-another-node", root(1), (ALICE,), "not the node that is asked about", "bad_body body", node=B
    )
    yield case("root-of-another-kind", message(), "a hello is no root metadata", "bad_body body", task="root", node=A)


def _out(key: str, until: int) -> dict[str, Any]:
    return {"key": key, "until": until}


def _retiring() -> Iterator[Case]:
    after = {"roots": {A: [trusted(1, (A,), signing_keys=[C])]}}
    gone = {"roots": {A: [trusted(1, (A,)), trusted(2, (A,), signing_keys=[D], retired=[left(C, SEQ)])]}}
    yield _rooted(
        "root-retires-a-key", root(1, 2, signing_keys=[D], retired=[_out(C, SEQ)]), (ALICE,), "as it should", **after
    )
    yield _rooted(
        "root-retires-a-key-that-signs-on",
        root(1, 2, signing_keys=[C], retired=[_out(C, SEQ)]),
        (ALICE,),
        "one or the other",
        "revoked root 6",
        **after,
    )
    yield _rooted(
        "root-retired-key-back", root(1, 3, signing_keys=[C]), (ALICE,), "it never comes back", "revoked root 6", **gone
    )
    lower = root(1, 3, signing_keys=[D], retired=[_out(C, SEQ - 1)])
    yield _rooted("root-bound-lowered", lower, (ALICE,), "it was stolen earlier than was thought", **gone)
    higher = root(1, 3, signing_keys=[D], retired=[_out(C, SEQ + 1)])
    yield _rooted("root-bound-raised", higher, (ALICE,), "bounds only fall", "rollback root 6", **gone)
    rising = root(1, 2, signing_keys=[D], retired=[_out(C, 7), _out(C, 8)])
    yield _rooted(
        "root-bound-raised-in-one-list",
        rising,
        (ALICE,),
        "each entry follows the one before",
        "rollback root 6",
        **after,
    )
    yield _rooted(
        "root-retired-key-bad",
        root(1, 2, retired=[_out("nobody", 1)]),
        (ALICE,),
        "a good key",
        "bad_key root 6",
        **after,
    )
    yield _rooted(
        "root-retired-before-the-signers",
        root(1, 3, signing_keys=[C]),
        (BOB,),
        "rule 6 before rule 3",
        "revoked root 6",
        **gone,
    )


def _records() -> Iterator[Case]:
    """Root metadata as it comes in among other messages: its header, then its rules, then admission."""
    body, second = root(1), root(5, 2)
    whole = payload("root", body=body, network="*")
    after = {A: [trusted(1, (A,))]}
    yield case("root-record", sealed(whole), "a standing record, for every network", network="other")
    yield case("root-record-of-this-network", message("root", body=body), "its network may be named as well")
    yield case(
        "root-record-of-another-network",
        message("root", body=body, network="other"),
        "every network or this one",
        "wrong_network admission 2",
    )
    yield case("network-everywhere", message(network="*"), "for root metadata alone", "wrong_network admission 2")
    yield case(
        "root-record-expired",
        message("root", body=body, network="*", expires=1),
        "past its expiry it is still a step to the next version",
    )
    yield case("root-record-after-years", sealed(whole), "it may come late", now=NOW + 10**11)
    yield case(
        "root-record-from-the-future", sealed(whole), "no later than now", "from_future admission 5", now=NOW - 300_001
    )
    yield case(
        "root-record-next",
        sealed(payload("root", body=second, network="*", seq=2), ALICE, CAROL),
        "signed by the keys before and its own",
        roots=after,
    )
    yield case(
        "root-record-number-is-not-its-version",
        sealed(payload("root", body=second, network="*", seq=3), ALICE, CAROL),
        "its number is its version",
        "bad_body root 7",
        roots=after,
    )
    yield case(
        "root-record-version-missing-between",
        sealed(payload("root", body=root(1, 3), network="*", seq=3)),
        "version 2 has not come in",
        "rollback root 2",
        roots=after,
    )
    yield case(
        "root-record-held",
        sealed(whole),
        "an older version that is held proves itself again, and is here already",
        "duplicate admission 8",
        roots=after,
        held=[content_id(whole)],
    )
    yield case(
        "root-record-second-of-one-number",
        sealed(whole),
        "two versions of one number",
        "equivocation admission 9",
        roots=after,
        sequences=[{"author": A, "seq": 1, "id": DIGEST}],
    )
    yield case("root-record-by-another", sealed(whole, BOB), "the id's own key signs version 1", "threshold root 3")
    yield case(
        "root-record-banned", sealed(whole), "the operator has banned the author", "banned admission 7", banned=[A]
    )
