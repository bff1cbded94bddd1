"""Gossip of one node, and of a crowd: words come to everybody about once, and nothing that neighbours say breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.identity import peek
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND
from hansa.kernel.verdict import Reason
from hansa.overlay.doing import Blame, Misdeed, Serve
from hansa.overlay.frames import AnyFrame, Graft, Have, Prune, Want, Word
from hansa.overlay.gossip_params import Params, Rank
from hansa.overlay.neighbours import NEW
from tests.attacks.specimens import scaled
from tests.overlay.alone import Alone
from tests.overlay.crowd import Crowd, node_id, percentile, raw_word

AUTHOR = node_id(50)


def pushed_to(sends: list[tuple[str, AnyFrame]]) -> list[str]:
    return [whom for whom, frame in sends if isinstance(frame, Word)]


def test_a_word_goes_over_each_link_once_as_itself_or_as_its_name() -> None:
    alone = Alone(12)
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[3], Word(raw))
    done = alone.accepted(alone.peers[3], raw, Rank.KNOWN).add(alone.passes(100))
    assert len(pushed_to(done.sends)) == Params().fanout
    assert sorted(whom for whom, _ in done.sends) == sorted(peer for peer in alone.peers if peer != alone.peers[3])


def test_an_own_first_word_is_pushed_to_the_whole_mesh() -> None:
    alone = Alone(12)
    raw = raw_word(node_id(999), 1)
    done = alone.gossip.spread(alone.id(raw), raw, Rank.TRUSTED, alone.now)
    assert tuple(pushed_to(done.sends)) == alone.gossip.mesh()
    assert alone.gossip.spread(alone.id(raw), raw, Rank.TRUSTED, alone.now).sends == []


def test_an_urgent_word_goes_to_all_good_neighbours() -> None:
    alone = Alone(12)
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[0], Word(raw))
    done = alone.accepted(alone.peers[0], raw, Rank.URGENT)
    assert pushed_to(done.sends) == alone.peers[1:]


def test_who_had_a_word_already_is_pushed_no_more_of_its_author_and_who_asked_is() -> None:
    alone = Alone(12)
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[0], Word(raw))
    first = pushed_to(alone.accepted(alone.peers[0], raw, Rank.KNOWN).sends)
    name = alone.name(raw)
    alone.hears(first[0], Have((name,)))
    asker = next(peer for peer in alone.peers[1:] if peer not in first)
    assert pushed_to(alone.hears(asker, Want((name,))).sends) == [asker]
    again = raw_word(AUTHOR, 2)
    alone.hears(alone.peers[0], Word(again))
    then = pushed_to(alone.accepted(alone.peers[0], again, Rank.KNOWN).sends)
    assert sorted(then) == sorted([*first[1:], asker])


def test_a_neighbour_that_says_nothing_is_pushed_to_a_bounded_number_of_times_and_then_asks_if_it_is_there() -> None:
    alone = Alone(2)
    pushed = 0
    for number in range(40):
        raw = raw_word(AUTHOR, number)
        alone.hears(alone.peers[0], Word(raw))
        pushed += len(pushed_to(alone.accepted(alone.peers[0], raw, Rank.KNOWN).sends))
        if number == 30:
            alone.passes(100)
            alone.hears(alone.peers[1], Want((alone.name(raw),)))
    assert pushed == Params().unproved + 9


@pytest.mark.parametrize(("after", "pushed_again"), [(NEW - 100, True), (NEW, False)])
def test_who_fetches_a_new_word_after_a_comparison_is_pushed_the_next(after: int, pushed_again: bool) -> None:
    alone = Alone(2)
    for number in range(Params().unproved + 1):
        raw = raw_word(AUTHOR, number)
        alone.hears(alone.peers[0], Word(raw))
        last = pushed_to(alone.accepted(alone.peers[0], raw, Rank.KNOWN).sends)
    assert last == []
    alone.passes(after)
    alone.gossip.fetched(alone.peers[1], [b"\x01" * 32, alone.name(raw)], alone.now)
    alone.gossip.fetched(node_id(77), [alone.name(raw)], alone.now)
    following = raw_word(AUTHOR, 99)
    alone.hears(alone.peers[0], Word(following))
    pushed = pushed_to(alone.accepted(alone.peers[0], following, Rank.KNOWN).sends)
    assert pushed == ([alone.peers[1]] if pushed_again else [])


def test_a_word_that_is_too_large_is_none_whoever_has_looked_at_it() -> None:
    raw = raw_word(AUTHOR, 1)
    for most, judged in ((len(raw), True), (len(raw) - 1, False)):
        alone = Alone(1, Params(max_bytes=most))
        doing = alone.gossip.heard(alone.peers[0], Word(raw), alone.now, peek.named(raw))
        assert bool(doing.judges) == judged
        assert bool(doing.blames) != judged


def test_what_the_cache_has_no_more_is_served_from_the_store() -> None:
    alone = Alone(2)
    name = alone.good_word(alone.peers[0], 1)
    alone.passes(SECOND)
    done = alone.hears(alone.peers[1], Want((b"\x01" * 32, name)))
    assert [frame for _, frame in done.sends] == [Word(raw_word(NodeId("did:key:zAuthor"), 1), 1)]
    assert done.serves == [Serve(alone.peers[1], ((b"\x01" * 32).hex(),))]  # type: ignore[arg-type]


def test_a_word_that_was_wished_for_by_anti_entropy_is_asked_for_at_once() -> None:
    alone = Alone(3)
    raw = raw_word(AUTHOR, 1)
    done = alone.gossip.wish(alone.peers[2], [alone.id(raw)], alone.now)
    assert done.sends == [(alone.peers[2], Want((alone.name(raw),)))]
    assert alone.hears(alone.peers[2], Word(raw)).judges != []
    alone.accepted(alone.peers[2], raw, Rank.KNOWN)
    assert alone.gossip.wish(alone.peers[1], [alone.id(raw)], alone.now).sends == []


def test_what_was_asked_for_counts_against_no_pace_of_the_link() -> None:
    params = Params(link=Params().link.__class__(1, 1, 2**30, 2**30), judging_link=1)
    alone = Alone(1, params)
    raws = [raw_word(AUTHOR, number) for number in range(20)]
    alone.gossip.wish(alone.peers[0], [alone.id(raw) for raw in raws], alone.now)
    alone.gossip.ranked(AUTHOR, Rank.KNOWN, alone.now)
    for raw in raws:
        alone.hears(alone.peers[0], Word(raw))
    assert len(alone.judges) == 20


def test_a_named_word_that_the_store_holds_is_not_asked_for() -> None:
    alone = Alone(1)
    raw = raw_word(AUTHOR, 1)
    alone.held[alone.id(raw)] = 1  # type: ignore[assignment]
    alone.hears(alone.peers[0], Have((alone.name(raw),)))
    assert alone.passes(5 * SECOND).sends == []


def test_a_link_that_ends_has_what_it_was_asked_for_asked_of_another_at_once() -> None:
    alone = Alone(2)
    for peer in alone.peers:
        alone.hears(peer, Have((b"\x05" * 32,)))
    [first] = [whom for whom, frame in alone.passes(SECOND).sends if isinstance(frame, Want)]
    done = alone.gossip.lost(first, False, alone.now)
    [(second, frame)] = done.sends
    assert (second, frame) == (next(peer for peer in alone.peers if peer != first), Want((b"\x05" * 32,)))


def test_a_word_that_may_come_again_is_left_alone_for_a_while_and_then_judged_anew() -> None:
    alone = Alone(2)
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[0], Word(raw))
    alone.refused(alone.peers[0], raw, Reason.NOT_YET)
    assert alone.hears(alone.peers[1], Word(raw)).judges == []
    alone.passes(Params().retry + SECOND)
    assert len(alone.hears(alone.peers[1], Word(raw)).judges) == 1


def test_a_verdict_that_never_comes_is_waited_for_no_longer_than_its_life() -> None:
    alone = Alone(2)
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[0], Word(raw))
    alone.passes(Params().judging_life + 2 * SECOND)
    assert alone.gossip.counters()["judging"] == 0
    assert alone.accepted(alone.peers[0], raw, Rank.KNOWN).sends == []
    assert len(alone.hears(alone.peers[0], Word(raw)).judges) == 1


def leave_gaps(alone: Alone, every: int, first: int = 1_000) -> None:
    """Words come and are named by all, but every so-manieth not; then the while is over that neighbours have."""
    for number in range(24):
        name = alone.good_word(alone.peers[0], first + number)
        for peer in alone.peers[1:]:
            if not every or number % every:
                alone.hears(peer, Have((name,)))
        alone.passes(200)
    alone.passes(Params().audit_window + 2 * SECOND)


def asked_after_names_of(alone: Alone, peers: list[NodeId], name: bytes) -> tuple[int, list[NodeId]]:
    """Returns after how many milliseconds somebody is asked for a word that these have named, and who."""
    for peer in peers:
        alone.hears(peer, Have((name,)))
    for passed in range(100, 5 * SECOND, 100):
        asked = [whom for whom, frame in alone.passes(100).sends if isinstance(frame, Want)]
        if asked:
            return passed, asked
    return 0, []


def test_where_frames_are_lost_two_are_asked_as_soon_as_two_have_named_a_word() -> None:
    alone = Alone(6)
    leave_gaps(alone, every=8)
    assert alone.gossip.counters()["lossy"] == 1
    passed, asked = asked_after_names_of(alone, alone.peers[2:4], b"\x01" * 32)
    assert (passed, sorted(asked)) == (100, alone.peers[2:4])
    passed, asked = asked_after_names_of(alone, alone.peers[4:5], b"\x02" * 32)
    assert passed >= Params().wait_first
    assert asked == alone.peers[4:5]


def test_where_nothing_is_lost_words_are_waited_for_and_one_is_asked() -> None:
    alone = Alone(6)
    leave_gaps(alone, every=0)
    assert alone.gossip.counters()["lossy"] == 0
    passed, asked = asked_after_names_of(alone, alone.peers[2:6], b"\x01" * 32)
    assert passed >= Params().wait_first
    assert len(asked) == 1


def test_haste_ends_when_losses_end() -> None:
    alone = Alone(6)
    leave_gaps(alone, every=8)
    leave_gaps(alone, every=0, first=2_000)
    assert alone.gossip.counters()["lossy"] == 0


def test_a_word_that_others_name_after_it_was_asked_for_is_asked_for_no_sooner() -> None:
    alone = Alone(6)
    leave_gaps(alone, every=8)
    asked_after_names_of(alone, alone.peers[2:4], b"\x01" * 32)
    done = alone.hears(alone.peers[4], Have((b"\x01" * 32,))).add(alone.passes(Params().patience - 200))
    assert not [frame for _, frame in done.sends if isinstance(frame, Want)]


def test_what_anti_entropy_brings_is_passed_on_if_neighbours_had_named_it() -> None:
    alone = Alone(6)
    for number, named in ((1, True), (2, False)):
        raw = raw_word(AUTHOR, number)
        if named:
            alone.hears(alone.peers[1], Have((alone.name(raw),)))
        alone.gossip.brought(alone.peers[0], Word(raw, 3), alone.now)
        done = alone.accepted(alone.peers[0], raw, Rank.KNOWN).add(alone.passes(100))
        heard = {whom for whom, frame in done.sends if isinstance(frame, Word | Have)}
        assert heard == (set(alone.peers[1:]) if named else set())
        assert {frame.hops for _, frame in done.sends if isinstance(frame, Word)} <= {4}
    assert alone.gossip.counters()["judging"] == 0


def test_what_anti_entropy_brings_of_a_word_that_is_being_judged_changes_nothing() -> None:
    alone = Alone(3, Params(judging_link=1))
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[1], Have((alone.name(raw),)))
    alone.hears(alone.peers[2], Word(raw))
    for peer, frame in ((alone.peers[0], Word(raw)), (alone.peers[0], Word(b"{}")), (node_id(77), Word(raw))):
        alone.gossip.brought(peer, frame, alone.now)
    assert alone.gossip.counters()["judging"] == 1
    assert alone.accepted(alone.peers[2], raw, Rank.KNOWN).sends != []
    assert alone.hears(alone.peers[2], Word(raw_word(AUTHOR, 2))).judges != []


def test_words_over_links_that_lose_every_tenth_frame_come_soon_and_in_few_copies() -> None:
    made = Crowd(60, loss=0.1)
    made.weave(10)
    speakers = made.honest[:6]
    made.talk(60, 300, among=speakers)
    made.run(12 * SECOND)
    for node in made.honest:
        node.copies = 0
    said = made.talk(scaled(24), 300, first=100, among=speakers)
    made.run(10 * SECOND)
    assert made.share_delivered(said) == 1.0
    assert sum(node.copies for node in made.honest) <= 2.5 * len(said) * len(made.honest)
    assert percentile(made.delays(said), 0.99) <= SECOND
    assert made.closed == []


def test_a_topics_words_go_to_those_that_care_where_there_are_enough_of_them() -> None:
    alone = Alone(6)
    for number, peer in enumerate(alone.peers):
        alone.gossip.interested(peer, ["grain"] if number < 3 else ["cloth"])
    for number, topic in enumerate(["grain", "salt"]):
        raw = raw_word(AUTHOR, number)
        alone.hears(alone.peers[0], Word(raw))
        done = alone.accepted(alone.peers[0], raw, Rank.KNOWN, topic).add(alone.passes(100))
        heard = sorted({whom for whom, _ in done.sends})
        assert heard == (alone.peers[1:3] if topic == "grain" else alone.peers[1:]), "others are needed as relays"


def test_a_graft_before_its_time_is_blamed_and_told_again() -> None:
    alone = Alone(40)
    for peer in alone.peers[8:10]:
        assert alone.hears(peer, Graft()).sends == []
    late = alone.peers[39]
    done = alone.hears(late, Graft())
    assert [frame for _, frame in done.sends] == [Prune(Params().back_off)]
    done = alone.hears(late, Graft())
    assert [blame.what for blame in done.blames] == [Misdeed.GRAFT]


def test_who_asks_not_to_be_sent_words_is_told_names_only_until_its_time() -> None:
    alone = Alone(1 + Params().fanout)
    alone.hears(alone.peers[1], Prune(10 * SECOND))
    assert alone.peers[1] not in alone.gossip.mesh()
    raw = raw_word(AUTHOR, 1)
    alone.hears(alone.peers[0], Word(raw))
    assert alone.peers[1] not in pushed_to(alone.accepted(alone.peers[0], raw, Rank.URGENT).sends)


def test_misdeeds_that_other_parts_saw_count_and_end_the_link() -> None:
    alone = Alone(1)
    done = alone.gossip.blamed(Blame(alone.peers[0], Misdeed.BROKEN, 6), alone.now)
    assert [close.whom for close in done.closes] == alone.peers
    assert alone.score(alone.peers[0]) == -144


def test_words_in_a_clean_crowd_come_about_once_and_soon() -> None:
    made = Crowd(60)
    made.weave(10)
    speakers = made.honest[:6]
    made.talk(12, 300, among=speakers)
    made.run(2 * SECOND)
    for node in made.honest:
        node.copies = 0
    said = made.talk(scaled(24), 200, first=100, among=speakers)
    made.run(3 * SECOND)
    assert made.share_delivered(said) == 1.0
    assert sum(node.copies for node in made.honest) <= 1.1 * len(said) * len(made.honest)
    assert percentile(made.delays(said), 0.99) <= SECOND


def test_words_come_to_all_that_live_when_three_in_ten_fall_silent_at_once() -> None:
    made = Crowd(60)
    made.weave(10)
    speakers = made.honest[:6]
    made.talk(12, 300, among=speakers)
    for node in made.rng.child("dead").sample(made.honest[6:], 18):
        made.kill(node)
    for node in made.honest:
        node.copies = 0
    said = made.talk(scaled(24), 300, first=100, among=speakers)
    made.run(15 * SECOND)
    assert made.share_delivered(said) == 1.0
    assert sum(node.copies for node in made.living()) <= 2.5 * len(said) * len(made.living())


def test_honest_nodes_blame_nobody_for_a_burst_or_for_losses() -> None:
    made = Crowd(20, loss=0.02)
    made.weave(6)
    for number in range(scaled(300)):
        made.say(made.honest[0], number)
    made.run(30 * SECOND)
    assert made.closed == []
    assert {name for _, name, _ in made.events} == set()
    assert made.share_delivered(made.published) == 1.0


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.integers(2, 14))
def test_every_word_comes_to_every_node_over_whatever_links_there_are(seed: int, count: int) -> None:
    made = Crowd(count, seed=seed)
    made.weave(4)
    said = made.talk(6, 200)
    made.run(20 * SECOND)
    assert made.share_delivered(said) == 1.0


_NAMES = st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple)
_WORDS = st.integers(0, 5).map(lambda number: Word(raw_word(AUTHOR, number)))
_FRAMES = st.one_of(
    _WORDS,
    st.binary(max_size=60).map(Word),
    _NAMES.map(Have),
    _NAMES.map(Want),
    st.just(Graft()),
    st.integers(0, 2**53 - 1).map(Prune),
)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 4), _FRAMES, st.integers(0, 3), st.integers(0, 300)), max_size=30))
def test_nothing_that_neighbours_say_in_any_order_breaks_it(
    story: list[tuple[int, AnyFrame, int, int]],
) -> None:
    alone = Alone(4)
    for place, frame, outcome, later in story:
        peer = node_id(place)
        for judge in alone.hears(peer, frame).judges:
            if outcome == 0:
                alone.accepted(judge.source, judge.raw, Rank.KNOWN)
            elif outcome == 1:
                alone.refused(judge.source, judge.raw, Reason.FORGED)
            elif outcome == 2:
                alone.gossip.lost(judge.source, False, alone.now)
        for whom, _ in alone.passes(later).sends:
            assert whom in {*alone.peers, peer, node_id(4)}
        alone.gossip.linked(peer, alone.now)
    alone.passes(90 * SECOND)
    found = alone.gossip.counters()
    assert found["judging"] == found["wishes"] == 0
