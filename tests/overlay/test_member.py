"""A member's life: the table, the order of its words, and the list that holds everybody."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.wire import parse
from hansa.overlay.doing import Doing
from hansa.overlay.member import TABLE, Member, Phase, Turn, WrongTurn
from hansa.overlay.presence import Presence, Suspicion
from hansa.overlay.roster import Params, Roster

ME, ANNA, BERT = (NodeId(f"did:key:z6Mk{name}") for name in ("me", "anna", "bert"))
NOW = Instant(1_790_000_000_000)


def fresh(phase: Phase = Phase.ALIVE) -> Member:
    return Member(ANNA, NOW, NOW, phase)


@pytest.mark.parametrize(("phase", "turn"), list(itertools.product(Phase, Turn)))
def test_a_member_goes_where_the_table_says_and_nowhere_else(phase, turn):
    member = fresh(phase)
    before = msgspec.structs.replace(Presence(incarnation=0)), member.phase, member.since, member.heard
    if (phase, turn) in TABLE:
        assert member.turn(turn, Instant(NOW + 1)) is (TABLE[phase, turn] is not phase)
        assert member.phase is TABLE[phase, turn]
    else:
        with pytest.raises(WrongTurn):
            member.turn(turn, Instant(NOW + 1))
        assert (before[0], member.phase, member.since, member.heard) == before


@given(st.lists(st.sampled_from(Turn)))
def test_nobody_dies_who_was_not_doubted_before(turns):
    member, trail = fresh(), [Phase.ALIVE]
    for number, turn in enumerate(turns):
        try:
            member.turn(turn, Instant(NOW + number))
        except WrongTurn:
            continue
        trail.append(member.phase)
    for before, after in itertools.pairwise(trail):
        assert after is not Phase.DEAD or before in (Phase.SUSPECT, Phase.DEAD)


def test_every_phase_can_be_left_by_being_shown():
    assert {phase for phase in Phase if TABLE.get((phase, Turn.SHOWN)) is Phase.ALIVE} == set(Phase)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_of_words_in_any_order_the_newest_counts(words):
    roster = Roster(ME, Params())
    for incarnation, seq in words:
        roster.said(ANNA, Presence(incarnation=incarnation, role=f"{incarnation}.{seq}"), seq, NOW, Doing())
    member = roster.get(ANNA)
    newest = max(words)
    assert (member.incarnation, member.seq) == newest
    assert member.said.role == f"{newest[0]}.{newest[1]}"


def test_a_doubt_is_ended_by_a_higher_incarnation_only():
    roster, doing = Roster(ME, Params()), Doing()
    roster.said(ANNA, Presence(incarnation=4), 1, NOW, doing)
    member = roster.get(ANNA)
    roster.turn(member, Turn.DOUBTED, NOW, doing)
    roster.said(ANNA, Presence(incarnation=4), 2, NOW, doing)
    assert member.phase is Phase.SUSPECT
    roster.said(ANNA, Presence(incarnation=5), 3, NOW, doing)
    assert member.phase is Phase.ALIVE


def test_the_dead_come_back_by_a_higher_incarnation_or_by_a_word_long_after():
    for raised, wait, back in ((0, SECOND, False), (1, SECOND, True), (0, 11 * SECOND, True)):
        roster, doing = Roster(ME, Params()), Doing()
        roster.said(ANNA, Presence(incarnation=4), 1, NOW, doing)
        member = roster.get(ANNA)
        roster.turn(member, Turn.DOUBTED, NOW, doing)
        roster.turn(member, Turn.TIMED_OUT, NOW, doing)
        found = roster.said(ANNA, Presence(incarnation=4 + raised), 2, Instant(NOW + wait), doing)
        assert (found, member.is_there) == (back, back)


def test_who_says_goodbye_has_left_and_who_never_came_is_not_noted():
    roster, doing = Roster(ME, Params()), Doing()
    roster.said(ANNA, Presence(incarnation=1), 1, NOW, doing)
    roster.said(ANNA, Presence(incarnation=1, leaving=True), 2, NOW, doing)
    roster.said(BERT, Presence(incarnation=1, leaving=True), 1, NOW, doing)
    assert roster.get(ANNA).phase is Phase.LEFT
    assert roster.get(BERT) is None
    assert not roster.there()


def test_who_is_not_heard_for_three_periods_is_unheard_unless_it_is_a_neighbour():
    roster, doing = Roster(ME, Params()), Doing()
    for one in (ANNA, BERT):
        roster.said(one, Presence(incarnation=1), 1, NOW, doing)
    roster.sweep({}, Instant(NOW + 3 * MINUTE), doing)
    assert len(roster.there()) == 2
    roster.sweep({BERT: None}, Instant(NOW + 3 * MINUTE + 6 * SECOND), doing)
    assert (roster.get(ANNA).phase, roster.get(BERT).phase) == (Phase.UNHEARD, Phase.ALIVE)
    roster.sweep({BERT: None}, Instant(NOW + 64 * MINUTE), doing)
    assert roster.get(ANNA) is None


def test_names_without_number_push_out_nobody_who_is_there():
    roster, doing = Roster(ME, Params(most=10)), Doing()
    roster.said(ANNA, Presence(incarnation=1), 1, NOW, doing)
    for number in range(50):
        roster.said(NodeId(f"did:key:z6Mk{number:04}"), Presence(incarnation=1), 1, NOW, doing)
    assert len(roster) == 10
    assert roster.get(ANNA).is_there
    gone = roster.all()[5]
    roster.said(gone.id, Presence(incarnation=1, leaving=True), 2, NOW, doing)
    roster.said(BERT, Presence(incarnation=1), 1, NOW, doing)
    assert (len(roster), roster.get(gone.id), roster.get(BERT).is_there) == (10, None, True)


def test_only_its_own_neighbours_may_accuse_whoever_says_who_they_are():
    roster, doing = Roster(ME, Params()), Doing()
    roster.said(ANNA, Presence(incarnation=1), 1, NOW, doing)
    assert roster.may_accuse(BERT, ANNA)
    roster.charted(ANNA, [ME])
    assert not roster.may_accuse(BERT, ANNA)
    assert (roster.degree(ANNA), roster.are_neighbours(ME, ANNA), roster.are_neighbours(BERT, ANNA)) == (1, True, False)


PRESENCE = {"incarnation": 3, "addresses": ["ws://a:1"], "role": "node", "offers": ["memory"], "interests": ["x"]}


def test_a_presence_and_a_suspicion_come_out_of_their_bodies_as_they_went_in():
    assert msgspec.json.decode(msgspec.json.encode(parse(PRESENCE, Presence))) == {**PRESENCE, "leaving": False}
    assert parse({"whom": ANNA, "incarnation": 3}, Suspicion) == Suspicion(whom=ANNA, incarnation=3)


@pytest.mark.parametrize(
    "flaw",
    [
        {"incarnation": -1},
        {"incarnation": 2**53},
        {"incarnation": 1.5},
        {"addresses": ["ws://a"] * 5},
        {"addresses": ["x" * 301]},
        {"addresses": [""]},
        {"role": "r" * 17},
        {"offers": ["o"] * 17},
        {"interests": ["i"] * 33},
        {"interests": ["i" * 65]},
        {"author": "somebody"},
    ],
)
def test_a_presence_over_its_bounds_is_refused(flaw):
    with pytest.raises(Refused):
        parse({**PRESENCE, **flaw}, Presence)


@pytest.mark.parametrize(
    ("field", "params"),
    [
        ("period_ms", {"period_ms": 0}),
        ("faded_after", {"faded_after": 1}),
        ("settle_ms", {"settle_ms": -1}),
        ("forget_ms", {"forget_ms": 1}),
        ("most", {"most": 0}),
    ],
)
def test_numbers_that_make_no_sense_are_refused(field, params):
    Params().validate()
    with pytest.raises(ValueError, match=f"^{field}"):
        Params(**params).validate()
