"""Cases that depend on the receiver: admission, checks 1 to 9, and root metadata, rules 1 to 5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hansa.identity.keys import SigningKey
from hansa.kernel import canonical
from hansa.kernel.ids import content_id
from tests.attacks.specimens import DIGEST, NOW
from tests.vectors.bodies import ME, root
from tests.vectors.case import ALICE, BOB, CAROL, DAVE, Case, fields, message, payload, sealed

WINDOW = 300_000
A, B, C, D = (str(key.public.did) for key in (ALICE, BOB, CAROL, DAVE))


def cases() -> Iterator[Case]:
    """Yields the cases of admission and of roots."""
    yield from _addressed()
    yield from _timely()
    yield from _unseen()
    yield from _rotated()
    yield from _roots()


def _case(name: str, sent: bytes, why: str, refused: str = "", /, **context: Any) -> Case:
    """Returns a case; `refused` is "reason admission 1" and so on."""
    reason, _, check = refused.partition(" ")
    return Case(name, sent, why, reason, check, context)


def _addressed() -> Iterator[Case]:
    yield _case("for-me", message(recipient=ME), "addressed to this very node")
    yield _case("version-2", message(version="2.0"), "only 1.0 is spoken", "unsupported_version admission 1")
    yield _case("version-1", message(version="1"), "versions are compared as text", "unsupported_version admission 1")
    yield _case("network-other", message(), "made for another network", "wrong_network admission 2", network="other")
    yield _case(
        "network-in-capitals", message(network="HANSA-TEST"), "names are compared as text", "wrong_network admission 2"
    )
    yield _case("recipient-other", message(recipient=B), "meant for somebody else", "wrong_recipient admission 3")
    yield _case("recipient-not-a-key", message(recipient="all"), "everyone is *", "wrong_recipient admission 3")
    yield _case("kind-unknown", _of_kind("vote"), "no such kind", "unknown_kind admission 4")
    yield _case(
        "kind-tostring", _of_kind("toString"), "a name that languages know is no kind", "unknown_kind admission 4"
    )
    yield _case(
        "version-before-network",
        message(version="2.0"),
        "version first",
        "unsupported_version admission 1",
        network="other",
    )
    yield _case(
        "network-before-recipient", message(recipient=B), "network first", "wrong_network admission 2", network="o"
    )


def _of_kind(kind: str) -> bytes:
    return sealed(canonical.encode({**fields(), "kind": kind}))


def _timely() -> Iterator[Case]:
    late, early = {"now": NOW + WINDOW}, {"now": NOW - WINDOW}
    yield _case("live-at-the-end-of-the-window", message(), "five minutes late is in time", **late)
    yield _case(
        "live-after-the-window", message(), "a millisecond later is not", "stale admission 6", now=NOW + WINDOW + 1
    )
    yield _case("durable-after-years", message("skill"), "durable records may come late", now=NOW + 10**11)
    yield _case("early-at-the-edge", message("skill"), "five minutes ahead of our clock is forgiven", **early)
    yield _case("from-the-future", message("skill"), "more is not", "from_future admission 5", now=NOW - WINDOW - 1)
    yield _case("live-from-the-future", message(), "more is not", "from_future admission 5", now=NOW - WINDOW - 1)
    yield _case("expires-later", message(expires=NOW + 1), "one millisecond before its expiry")
    yield _case("expired-now", message(expires=NOW), "at its expiry it has expired", "expired admission 6")
    yield _case("expired-durable", message("tombstone", expires=1), "durable or not", "expired admission 6")
    yield _case(
        "future-before-expired", message(expires=1), "check 5 first", "from_future admission 5", now=NOW - WINDOW - 1
    )
    yield _case(
        "expired-before-stale", message(expires=NOW + 1), "expiry first", "expired admission 6", now=NOW + WINDOW + 1
    )


def _unseen() -> Iterator[Case]:
    hello, skill = content_id(payload()), content_id(payload("skill"))
    taken = [{"author": A, "seq": 1, "id": DIGEST}]
    yield _case("banned", message(), "the operator has banned the author", "banned admission 7", banned=[A])
    yield _case("banned-other", message(), "somebody else is banned", banned=[B])
    yield _case("stale-before-banned", message(), "time first", "stale admission 6", banned=[A], now=NOW + WINDOW + 1)
    yield _case("duplicate-live", message(), "its id is held already", "duplicate admission 8", held=[hello])
    yield _case(
        "duplicate-durable",
        message("skill"),
        "its id is held already, under that number: no equivocation",
        "duplicate admission 8",
        held=[skill],
        sequences=[{"author": A, "seq": 1, "id": skill}],
    )
    yield _case("live-same-number", message(), "the number must rise", "old_sequence admission 9", floors={A: 1})
    yield _case("live-next-number", message(seq=2), "the number has risen", floors={A: 1})
    yield _case("live-number-of-another", message(), "numbers are each author's own", floors={B: 5})
    yield _case(
        "equivocation", message("skill"), "two records under one number", "equivocation admission 9", sequences=taken
    )
    yield _case("durable-lower-number", message("skill"), "durable numbers need not rise", floors={A: 5})
    yield _case(
        "durable-number-of-another", message("skill", author=BOB), "numbers are each author's own", sequences=taken
    )
    yield _case("live-under-a-durable-number", message(), "live and durable numbers are kept apart", sequences=taken)


def trusted(version: int = 1, keys: tuple[str, ...] = (A,), need: int = 1, **changes: Any) -> dict[str, Any]:
    """Returns root metadata that a receiver trusts."""
    body = {"version": version, "root_keys": list(keys), "root_threshold": need}
    return {**body, "signing_keys": list(keys), "signing_threshold": need, "expires": 0, **changes}


def _rotated() -> Iterator[Case]:
    data = payload()
    moved = {A: trusted(2, (C, D), 1)}
    both = {A: trusted(2, (C, D), 2)}
    yield _case(
        "signing-key-of-the-roster", sealed(data, CAROL), "the metadata names another key for day to day", roots=moved
    )
    yield _case(
        "root-key-not-in-the-roster",
        sealed(data),
        "the first key signs no longer",
        "wrong_signer envelope 6",
        roots=moved,
    )
    yield _case("two-of-two", sealed(data, CAROL, DAVE), "both keys sign", roots=both)
    yield _case("one-of-two", sealed(data, CAROL), "one key is not enough", "threshold envelope 6", roots=both)
    yield _case(
        "same-key-twice-of-two", sealed(data, CAROL, CAROL), "one key counts once", "threshold envelope 6", roots=both
    )
    old = {A: trusted(1, (A,), 1, expires=NOW)}
    yield _case("root-expired", sealed(data), "nobody signs under expired metadata", "expired root 5", roots=old)
    yield _case(
        "roster-of-another-author", sealed(data), "the metadata is somebody else's", roots={B: trusted(1, (C,))}
    )


def _rooted(
    name: str, body: dict[str, Any], signers: tuple[SigningKey, ...], why: str, refused: str = "", **known: Any
) -> Case:
    context = {"task": "root", "node": A, **known}
    return _case(name, sealed(payload("root", body=body), *signers), why, refused, **context)


def _roots() -> Iterator[Case]:
    after = {"roots": {A: trusted(1, (A,))}}
    two = {"roots": {A: trusted(1, (A, C, D), 2)}}
    yield _rooted("root-first", root(1), (ALICE,), "version 1, by the key that the node id names")
    yield _rooted(
        "root-first-by-another", root(1), (BOB,), "version 1 is signed by the id's own key", "threshold root 3"
    )
    yield _rooted("root-next", root(5, 2), (ALICE, CAROL), "signed by the keys before and the keys after", **after)
    yield _rooted("root-next-without-the-old-key", root(5, 2), (CAROL,), "the thief's way", "threshold root 3", **after)
    yield _rooted("root-next-without-the-new-key", root(5, 2), (ALICE,), "nobody holds it", "threshold root 3", **after)
    yield _rooted("root-same-version", root(1, 1), (ALICE,), "the same again", "rollback root 2", **after)
    yield _rooted("root-jump", root(1, 3), (ALICE,), "a version is left out", "rollback root 2", **after)
    yield _rooted("root-first-is-version-2", root(1, 2), (ALICE,), "the first has version 1", "rollback root 2")
    yield _rooted("root-one-of-two-before", root(1, 2), (ALICE,), "two must sign", "threshold root 3", **two)
    yield _rooted("root-two-of-two-before", root(1, 2), (ALICE, CAROL), "two of three sign", **two)
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
    yield _rooted("root-without-keys", root(1, root_keys=[]), (ALICE,), "at least one key", "bad_body body")
    yield _rooted("root-version-zero", root(1, 0), (ALICE,), "versions count from 1", "bad_body body")
    yield _rooted("root-unknown-field", root(1, note="x"), (ALICE,), "no other fields", "bad_body body")
    yield _rooted(
        "root-of-another-node", root(1), (ALICE,), "not the node that is asked about", "bad_body body", node=B
    )
    yield _case("root-of-another-kind", message(), "a hello is no root metadata", "bad_body body", task="root", node=A)
