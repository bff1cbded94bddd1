"""Admission's twelve numbered checks, and that a message which breaks several is refused by the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from hansa.admission.service import STRANGERS, Admitted, Equivocation, Freshness, Guest, Params, Via, share
from hansa.identity.envelope import Verified
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.instant import HOUR, MINUTE
from hansa.kernel.verdict import Box, Reason
from tests.admission.memory import KINDS, ME, Gate, gate
from tests.attacks.specimens import NOW, key, proved, reason, refusal

ALICE = key(1)
ID = ALICE.public.did
KIND_OF = {
    Freshness.LIVE: "hello",
    Freshness.SPREAD: "presence",
    Freshness.DURABLE: "skill",
    Freshness.STANDING: "root",
}


def banned(door: Gate, _: Verified) -> None:
    invited = door.memory.guest(ID).invited
    door.memory.guests[ID] = Guest(invited=invited, banned=True)


def held(door: Gate, message: Verified) -> None:
    door.memory.ids.add(message.id)


def number_taken(door: Gate, message: Verified) -> None:
    door.memory.floors[ID] = message.header.seq
    door.memory.durable[ID, message.header.seq] = ContentId("0" * 64)


def stranger(door: Gate, _: Verified) -> None:
    door.memory.guests[ID] = Guest(invited=False, banned=door.memory.guest(ID).banned)


def too_many(door: Gate, _: Verified) -> None:
    settled = door.memory.guests[ID]
    door.memory.guests[ID] = Guest(invited=True)
    for place in range(door.admission.params.records_per_minute):
        door.admission.admit(proved(ALICE, {"earlier": place}, seq=100 + place), Via.HTTP, NOW)
    door.memory.guests[ID] = settled


def too_much(door: Gate, _: Verified) -> None:
    door.memory.sizes[ID] = door.admission.params.share_floor_bytes


@dataclass(frozen=True)
class Breach:
    """A way to break one check: header fields to change, and what the node should have met with before."""

    number: int
    expected: Reason
    changes: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Gate, Verified], None] | None = None


BREACHES = [
    Breach(1, Reason.BAD_VERSION, {"version": "9.9"}),
    Breach(2, Reason.WRONG_NETWORK, {"network": "elsewhere"}),
    Breach(3, Reason.WRONG_RECIPIENT, {"recipient": key(7).public.did}),
    Breach(4, Reason.UNKNOWN_KIND, {"kind": "gossip"}),
    Breach(5, Reason.FROM_FUTURE, {"created": NOW + HOUR}),
    Breach(6, Reason.EXPIRED, {"expires": NOW}),
    Breach(6, Reason.STALE, {"created": NOW - HOUR}),
    Breach(7, Reason.BANNED, before=banned),
    Breach(8, Reason.DUPLICATE, before=held),
    Breach(9, Reason.EQUIVOCATION, before=number_taken),
    Breach(10, Reason.UNKNOWN_PEER, before=stranger),
    Breach(11, Reason.RATE, before=too_many),
    Breach(12, Reason.SHARE, before=too_much),
]


def broken(breaches: list[Breach], freshness: Freshness) -> Reason | None:
    """Returns why a pushed message that breaks all of these is refused."""
    door = gate(params=Params(records_per_minute=3), guests={ID: Guest(invited=True)})
    changes: dict[str, Any] = {"kind": KIND_OF[freshness]}
    for breach in reversed(breaches):
        changes |= breach.changes
    message = proved(ALICE, **changes)
    for breach in breaches:
        if breach.before:
            breach.before(door, message)
    return reason(door.take, message, Via.HTTP)


def expected(breach: Breach, freshness: Freshness) -> Reason:
    live = freshness is Freshness.LIVE
    return Reason.OLD_SEQUENCE if live and breach.expected is Reason.EQUIVOCATION else breach.expected


def applies(breach: Breach, freshness: Freshness) -> bool:
    if breach.expected is Reason.EXPIRED and freshness is Freshness.STANDING:
        return False
    numbered = {Freshness.LIVE, Freshness.DURABLE, Freshness.STANDING}
    only = {
        Reason.STALE: {Freshness.LIVE, Freshness.SPREAD},
        Reason.EQUIVOCATION: numbered,
        Reason.UNKNOWN_PEER: {Freshness.DURABLE},
        Reason.SHARE: {Freshness.DURABLE},
    }
    return freshness in only.get(breach.expected, set(Freshness))


def pushed(door: Gate, by: SigningKey, freshness: Freshness, *, seq: int = 1, later: int = 0) -> Reason | None:
    """Returns why a message pushed by `by` is refused, if it is."""
    message = proved(by, kind=KIND_OF[freshness], seq=seq, created=NOW + later)
    try:
        door.take(message, Via.HTTP, NOW + later)
    except Refused as refused:
        return refused.reason
    return None


def test_a_message_that_breaks_nothing_is_admitted() -> None:
    for freshness in Freshness:
        door = gate(guests={ID: Guest(invited=True)})
        message = proved(ALICE, kind=KIND_OF[freshness])
        assert door.take(message, Via.HTTP) == Admitted(message, Via.HTTP, NOW)


@pytest.mark.parametrize("freshness", Freshness)
@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.expected.code)
def test_each_check_refuses_what_breaks_it_alone(breach: Breach, freshness: Freshness) -> None:
    if applies(breach, freshness):
        assert broken([breach], freshness) is expected(breach, freshness)
        assert expected(breach, freshness).box is Box.ADMISSION


@pytest.mark.parametrize("freshness", Freshness)
@pytest.mark.parametrize(
    ("first", "second"), list(combinations(BREACHES, 2)), ids=lambda breach: f"{breach.number}-{breach.expected.code}"
)
def test_of_two_broken_checks_the_first_one_speaks(first: Breach, second: Breach, freshness: Freshness) -> None:
    both_about_created = "created" in first.changes and "created" in second.changes
    if not both_about_created and applies(first, freshness) and applies(second, freshness):
        assert broken([first, second], freshness) is expected(first, freshness)


@pytest.mark.parametrize("freshness", Freshness)
@pytest.mark.parametrize("start", range(len(BREACHES)))
def test_of_all_broken_checks_the_first_one_speaks(start: int, freshness: Freshness) -> None:
    rest = [breach for breach in BREACHES[start:] if applies(breach, freshness)]
    if not rest:
        return
    if rest[0].expected is Reason.FROM_FUTURE:
        rest = [breach for breach in rest if breach.expected is not Reason.STALE]
    assert broken(rest, freshness) is expected(rest[0], freshness)


@pytest.mark.parametrize("freshness", Freshness)
@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.expected.code)
def test_an_answer_to_our_question_owes_the_first_seven_checks_only(breach: Breach, freshness: Freshness) -> None:
    if not applies(breach, freshness):
        return
    door = gate(params=Params(records_per_minute=3), guests={ID: Guest(invited=True)})
    message = proved(ALICE, **({"kind": KIND_OF[freshness]} | breach.changes))
    if breach.before:
        breach.before(door, message)
    if breach.number <= 7:
        assert reason(door.admission.check, message, NOW) is breach.expected
    else:
        assert door.admission.check(message, NOW) == (freshness, door.memory.guest(message.author))


def test_breaches_are_listed_in_the_order_of_the_checks() -> None:
    numbers = [breach.number for breach in BREACHES]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, 13))


@pytest.mark.parametrize("via", [Via.FEED, Via.FILE, Via.LOCAL])
def test_only_a_push_needs_an_invitation(via: Via) -> None:
    assert gate().take(proved(ALICE), via).via is via
    assert reason(gate().take, proved(ALICE), Via.HTTP) is Reason.UNKNOWN_PEER


def test_a_stranger_may_ask_but_leaves_nothing_to_keep() -> None:
    door = gate(params=Params(records_per_minute=2))
    for seq, (kind, freshness) in enumerate(KINDS.items()):
        if freshness is Freshness.DURABLE:
            assert reason(door.take, proved(ALICE, kind=kind, seq=seq), Via.HTTP) is Reason.UNKNOWN_PEER
    live = [kind for kind, freshness in KINDS.items() if freshness is Freshness.LIVE]
    assert door.take(proved(ALICE, kind=live[0], seq=10), Via.HTTP)
    assert door.take(proved(ALICE, kind=live[1], seq=11), Via.HTTP)
    assert reason(door.take, proved(ALICE, kind=live[2], seq=12), Via.HTTP) is Reason.RATE


@pytest.mark.parametrize("via", Via)
def test_a_banned_author_has_no_way_in(via: Via) -> None:
    door = gate(guests={ID: Guest(invited=True, banned=True)}, params=Params(open_to_all=True))
    assert reason(door.take, proved(ALICE), via) is Reason.BANNED


def test_an_open_node_takes_pushes_from_anybody() -> None:
    assert gate(params=Params(open_to_all=True)).take(proved(ALICE), Via.HTTP)


def test_a_refused_message_costs_its_author_no_token() -> None:
    door = gate(params=Params(records_per_minute=1), guests={ID: Guest(invited=True)})
    for breach in BREACHES:
        if not breach.before:
            changes = {"kind": "hello"} | breach.changes
            assert reason(door.take, proved(ALICE, **changes), Via.HTTP) is breach.expected
    assert door.take(proved(ALICE), Via.HTTP)
    assert reason(door.take, proved(ALICE), Via.HTTP) is Reason.DUPLICATE
    assert reason(door.take, proved(ALICE, seq=2), Via.HTTP) is Reason.RATE


def test_what_was_refused_leaves_no_trace() -> None:
    """A record refused today for its rate or its expiry must not block its own or another's number tomorrow."""
    door = gate(params=Params(records_per_minute=1), guests={ID: Guest(invited=True)})
    door.take(proved(ALICE), Via.HTTP)
    late = proved(ALICE, seq=2)
    assert reason(door.take, late, Via.HTTP) is Reason.RATE
    assert door.take(late, Via.HTTP, NOW + 60_000).message is late


def test_admitting_does_not_remember_the_keeper_of_records_does() -> None:
    door, message = gate(), proved(ALICE)
    assert door.admission.admit(message, Via.FEED, NOW) == door.admission.admit(message, Via.FEED, NOW)


def test_a_guest_may_have_a_rate_of_its_own() -> None:
    door = gate(params=Params(records_per_minute=1), guests={ID: Guest(invited=True, records_per_minute=3)})
    for seq in range(3):
        door.take(proved(ALICE, seq=seq), Via.HTTP)
    refused = refusal(door.take, proved(ALICE, seq=9), Via.HTTP)
    assert (refused.reason, refused.detail) == (Reason.RATE, "3 a minute")


@pytest.mark.parametrize("freshness", Freshness)
def test_a_guest_whose_rate_is_nought_may_push_nothing(freshness: Freshness) -> None:
    door = gate(guests={ID: Guest(invited=True, records_per_minute=0)})
    for later in (0, 1, HOUR):
        message = proved(ALICE, kind=KIND_OF[freshness], created=NOW + later)
        assert reason(door.take, message, Via.HTTP, NOW + later) is Reason.RATE


def test_each_invited_author_has_its_own_rate() -> None:
    bob = key(2)
    guests = {ID: Guest(invited=True), bob.public.did: Guest(invited=True)}
    door = gate(params=Params(records_per_minute=1), guests=guests)
    door.take(proved(ALICE), Via.HTTP)
    assert reason(door.take, proved(ALICE, seq=2), Via.HTTP) is Reason.RATE
    assert door.take(proved(bob), Via.HTTP)
    assert reason(door.take, proved(bob, seq=2), Via.HTTP) is Reason.RATE


@pytest.mark.parametrize("freshness", Freshness)
def test_strangers_share_one_rate_however_many_keys_they_make(freshness: Freshness) -> None:
    """Threats 21 and 23: a key costs nothing, so a new one must be worth nothing."""
    door = gate(params=Params(records_per_minute=3, open_to_all=True))
    fates = [pushed(door, key(number), freshness) for number in range(100, 120)]
    assert fates == [None] * 3 + [Reason.RATE] * 17
    assert pushed(door, key(120), freshness, later=20_000) is None
    assert pushed(door, key(121), freshness, later=20_000) is Reason.RATE
    assert set(door.admission._buckets) == {STRANGERS}


def test_asking_and_pushing_strangers_draw_on_the_same_rate() -> None:
    door = gate(params=Params(records_per_minute=2, open_to_all=True))
    assert pushed(door, key(100), Freshness.LIVE) is None
    assert pushed(door, key(101), Freshness.DURABLE) is None
    assert {pushed(door, key(102), freshness) for freshness in Freshness} == {Reason.RATE}


@pytest.mark.parametrize("freshness", Freshness)
def test_strangers_take_nothing_from_guests_nor_guests_from_them(freshness: Freshness) -> None:
    params = Params(records_per_minute=1, open_to_all=True)
    door = gate(params=params, guests={ID: Guest(invited=True)})
    assert [pushed(door, key(number), freshness) for number in (100, 101)] == [None, Reason.RATE]
    assert pushed(door, ALICE, freshness) is None
    door = gate(params=params, guests={ID: Guest(invited=True)})
    assert [pushed(door, ALICE, freshness, seq=seq) for seq in (1, 2)] == [None, Reason.RATE]
    assert pushed(door, key(100), freshness) is None


def test_whoever_is_invited_leaves_the_strangers_behind() -> None:
    door = gate(params=Params(records_per_minute=1, open_to_all=True))
    assert [pushed(door, who, Freshness.DURABLE) for who in (key(100), ALICE)] == [None, Reason.RATE]
    door.memory.guests[ID] = Guest(invited=True)
    assert pushed(door, ALICE, Freshness.DURABLE) is None


@pytest.mark.parametrize(("own", "spent"), [(0, 1), (1, 1), (600, 3)])
def test_a_rate_settled_for_one_stranger_changes_nothing_for_the_others(own: int, spent: int) -> None:
    """They are left as much as if that one were a stranger like any other, or had never come."""

    def left(one: Guest | None) -> int:
        door = gate(params=Params(records_per_minute=3), guests={ID: one} if one else {})
        assert [pushed(door, key(100 + n), Freshness.LIVE) for n in range(spent)] == [None] * spent
        if one:
            pushed(door, ALICE, Freshness.LIVE, later=20_000)
        return [pushed(door, key(200 + n), Freshness.LIVE, later=20_000) for n in range(9)].count(None)

    assert left(Guest(records_per_minute=own)) in {left(Guest()), left(None)}


@pytest.mark.parametrize("via", [Via.FEED, Via.FILE, Via.LOCAL])
def test_only_a_push_costs_a_token(via: Via) -> None:
    door = gate(params=Params(records_per_minute=1))
    for seq in range(5):
        assert door.take(proved(ALICE, seq=seq), via)
    assert not door.admission._buckets


def test_an_equivocation_names_both_records() -> None:
    door, one, two = gate(), proved(ALICE, {"n": 1}), proved(ALICE, {"n": 2})
    door.take(one)
    refused = refusal(door.take, two)
    assert isinstance(refused, Equivocation)
    assert (refused.first, refused.second) == (one.id, two.id)


def test_a_message_to_everyone_or_to_us_is_for_us() -> None:
    assert gate().take(proved(ALICE, recipient=EVERYONE))
    assert gate().take(proved(ALICE, recipient=ME))


@pytest.mark.parametrize(
    "params",
    [
        *(Params(window_ms=window) for window in (999, 0, -1, 30 * MINUTE + 1, HOUR, 2**53)),
        *(Params(records_per_minute=rate) for rate in (0, -1)),
    ],
    ids=str,
)
def test_parameters_that_make_no_sense_are_refused(params: Params) -> None:
    with pytest.raises(ValueError, match=r"window_ms|records_per_minute"):
        params.validate()


@pytest.mark.parametrize("params", [Params(window_ms=1000), Params(window_ms=30 * MINUTE), Params()], ids=str)
def test_parameters_at_their_bounds_are_taken(params: Params) -> None:
    params.validate()


def test_a_node_is_closed_by_default() -> None:
    assert Params() == Params(window_ms=300_000, records_per_minute=60, open_to_all=False)
    assert Guest() == Guest(invited=False, banned=False, records_per_minute=None)
    assert set(KINDS.values()) == set(Freshness)


def test_what_says_who_somebody_is_holds_in_every_network_when_it_says_so() -> None:
    assert gate().take(proved(ALICE, kind="root", network="*")).message.header.network == "*"
    assert reason(gate().take, proved(ALICE, kind="skill", network="*")) is Reason.WRONG_NETWORK
    assert reason(gate().take, proved(ALICE, kind="hello", network="*")) is Reason.WRONG_NETWORK


def test_what_says_who_somebody_is_may_be_past_its_expiry_and_from_a_stranger() -> None:
    door = gate()
    message = proved(ALICE, kind="root", expires=NOW)
    assert door.take(message, Via.HTTP).message is message
    assert reason(door.take, proved(ALICE, kind="skill", expires=NOW), Via.HTTP) is Reason.EXPIRED


@pytest.mark.parametrize("via", [Via.FILE, Via.LOCAL])
def test_what_the_operator_brings_in_has_no_share(via: Via) -> None:
    door = gate(params=Params(share_floor_bytes=0))
    assert door.take(proved(ALICE), via)
    assert reason(door.take, proved(ALICE, seq=2), Via.FEED) is Reason.SHARE


def test_ones_own_records_have_no_share() -> None:
    door = gate(me=NodeId(ID), params=Params(share_floor_bytes=0))
    assert door.take(proved(ALICE), Via.FEED)


@pytest.mark.parametrize(
    ("held", "per_mille", "floor", "allowed"),
    [(0, 10, 0, 0), (0, 10, 64, 64), (6400, 10, 64, 64), (6500, 10, 64, 65), (10**9, 1000, 0, 10**9), (999, 1, 0, 0)],
)
def test_a_share_is_a_part_of_what_is_held_and_never_less_than_the_floor(
    held: int, per_mille: int, floor: int, allowed: int
) -> None:
    assert share(held, per_mille, floor) == allowed


def test_over_a_link_records_of_strangers_come_in_and_those_of_the_barred_do_not() -> None:
    door = gate(guests={ID: Guest(invited=True, barred=True)})
    message = proved(ALICE, kind="skill")
    assert reason(lambda: door.admission.admit(message, Via.LINK, NOW)) is Reason.BARRED
    door.memory.guests[ID] = Guest()
    assert door.admission.admit(message, Via.LINK, NOW).via is Via.LINK


def test_an_authors_share_holds_over_a_link_too() -> None:
    door = gate()
    message = proved(ALICE, kind="skill")
    too_much(door, message)
    assert reason(lambda: door.admission.admit(message, Via.LINK, NOW)) is Reason.SHARE


def test_word_that_goes_round_comes_in_any_order_and_again_but_not_late() -> None:
    door = gate()
    late, early = (proved(ALICE, kind="presence", seq=seq) for seq in (9, 3))
    for message in (late, early, late):
        door.memory.floors[ID] = 9
        door.admission.admit(message, Via.LINK, NOW)
    old = proved(ALICE, kind="presence", created=NOW - HOUR)
    assert reason(lambda: door.admission.admit(old, Via.LINK, NOW)) is Reason.STALE
