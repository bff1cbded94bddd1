"""Cases that depend on the receiver: admission, checks 1 to 9."""

from __future__ import annotations

from collections.abc import Iterator

from hansa.kernel import canonical
from hansa.kernel.ids import content_id
from tests.attacks.specimens import DIGEST, NOW
from tests.vectors.bodies import ME
from tests.vectors.case import ALICE, BOB, Case, case, fields, message, payload, sealed

WINDOW = 300_000
A, B = (str(key.public.did) for key in (ALICE, BOB))


def cases() -> Iterator[Case]:
    """Yields the cases of admission."""
    yield from _addressed()
    yield from _timely()
    yield from _unseen()
    yield from _spread()


def _addressed() -> Iterator[Case]:
    yield case("for-me", message(recipient=ME), "addressed to this very node")
    yield case("version-2", message(version="2.0"), "only 1.0 is spoken", "unsupported_version admission 1")
    yield case("version-1", message(version="1"), "versions are compared as text", "unsupported_version admission 1")
    yield case("network-other", message(), "made for another network", "wrong_network admission 2", network="other")
    yield case(
        "network-in-capitals", message(network="HANSA-TEST"), "names are compared as text", "wrong_network admission 2"
    )
    yield case("recipient-other", message(recipient=B), "meant for somebody else", "wrong_recipient admission 3")
    yield case("recipient-not-a-key", message(recipient="all"), "everyone is *", "wrong_recipient admission 3")
    yield case("kind-unknown", _of_kind("omen"), "no such kind", "unknown_kind admission 4")
    yield case(
        "kind-tostring", _of_kind("toString"), "a name that languages know is no kind", "unknown_kind admission 4"
    )
    yield case(
        "version-before-network",
        message(version="2.0"),
        "version first",
        "unsupported_version admission 1",
        network="other",
    )
    yield case(
        "network-before-recipient", message(recipient=B), "network first", "wrong_network admission 2", network="o"
    )


def _of_kind(kind: str) -> bytes:
    return sealed(canonical.encode({**fields(), "kind": kind}))


def _timely() -> Iterator[Case]:
    late, early = {"now": NOW + WINDOW}, {"now": NOW - WINDOW}
    yield case("live-at-the-end-of-the-window", message(), "five minutes late is in time", **late)
    yield case(
        "live-after-the-window", message(), "a millisecond later is not", "stale admission 6", now=NOW + WINDOW + 1
    )
    yield case("durable-after-years", message("skill"), "durable records may come late", now=NOW + 10**11)
    yield case("early-at-the-edge", message("skill"), "five minutes ahead of our clock is forgiven", **early)
    yield case("from-the-future", message("skill"), "more is not", "from_future admission 5", now=NOW - WINDOW - 1)
    yield case("live-from-the-future", message(), "more is not", "from_future admission 5", now=NOW - WINDOW - 1)
    yield case("expires-later", message(expires=NOW + 1), "one millisecond before its expiry")
    yield case("expired-now", message(expires=NOW), "at its expiry it has expired", "expired admission 6")
    yield case("expired-durable", message("tombstone", expires=1), "durable or not", "expired admission 6")
    yield case(
        "future-before-expired", message(expires=1), "check 5 first", "from_future admission 5", now=NOW - WINDOW - 1
    )
    yield case(
        "expired-before-stale", message(expires=NOW + 1), "expiry first", "expired admission 6", now=NOW + WINDOW + 1
    )


def _unseen() -> Iterator[Case]:
    hello, skill = content_id(payload()), content_id(payload("skill"))
    taken = [{"author": A, "seq": 1, "id": DIGEST}]
    yield case("banned", message(), "the operator has banned the author", "banned admission 7", banned=[A])
    yield case("banned-other", message(), "somebody else is banned", banned=[B])
    yield case("stale-before-banned", message(), "time first", "stale admission 6", banned=[A], now=NOW + WINDOW + 1)
    yield case("duplicate-live", message(), "its id is held already", "duplicate admission 8", held=[hello])
    yield case(
        "duplicate-durable",
        message("skill"),
        "its id is held already, under that number: no equivocation",
        "duplicate admission 8",
        held=[skill],
        sequences=[{"author": A, "seq": 1, "id": skill}],
    )
    yield case("live-same-number", message(), "the number must rise", "old_sequence admission 9", floors={A: 1})
    yield case("live-next-number", message(seq=2), "the number has risen", floors={A: 1})
    yield case("live-number-of-another", message(), "numbers are each author's own", floors={B: 5})
    yield case(
        "equivocation", message("skill"), "two records under one number", "equivocation admission 9", sequences=taken
    )
    yield case("durable-lower-number", message("skill"), "durable numbers need not rise", floors={A: 5})
    yield case(
        "durable-number-of-another", message("skill", author=BOB), "numbers are each author's own", sequences=taken
    )
    yield case("live-under-a-durable-number", message(), "live and durable numbers are kept apart", sequences=taken)


def _spread() -> Iterator[Case]:
    """Word that goes round is fresh as a live message is, and has no number that must rise or be free."""
    word, end = content_id(payload("presence")), NOW + WINDOW
    taken = [{"author": A, "seq": 1, "id": DIGEST}]
    yield case("spread-at-the-end-of-the-window", message("presence"), "five minutes late is in time", now=end)
    yield case("spread-after-the-window", message("presence"), "later is not", "stale admission 6", now=end + 1)
    yield case(
        "spread-from-the-future", message("links"), "as for every kind", "from_future admission 5", now=NOW - WINDOW - 1
    )
    yield case("spread-expired", message("notice", expires=NOW), "as for every kind", "expired admission 6")
    yield case("spread-banned", message("suspicion"), "nobody hears who is banned", "banned admission 7", banned=[A])
    yield case("spread-held", message("presence"), "its id is held", "duplicate admission 8", held=[word])
    yield case("spread-lower-number", message("notice"), "it comes in any order", floors={A: 5})
    yield case("spread-under-a-durable-number", message("noticed"), "it is not kept", sequences=taken)
    yield case("spread-for-another", message("arrived", recipient=B), "as ever", "wrong_recipient admission 3")
    yield case("spread-everywhere", message("presence", network="*"), "one network", "wrong_network admission 2")
