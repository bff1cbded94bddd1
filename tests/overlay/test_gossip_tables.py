"""The tables of gossip, one by one: each bounded, each exact."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import HOUR, MINUTE, SECOND, Instant
from hansa.overlay.audit import Audit
from hansa.overlay.cache import Cache
from hansa.overlay.doing import Judge, Misdeed
from hansa.overlay.gossip_params import Params, Rank, Rate
from hansa.overlay.judging import Judging
from hansa.overlay.mesh import Mesh
from hansa.overlay.patience import Patience
from hansa.overlay.peer_score import Conduct, ScoreParams, Scores, is_silent, score
from hansa.overlay.quotas import AUTHORS, Bucket, Quotas
from hansa.overlay.seen import Heard, Seen
from hansa.overlay.trees import Trees
from hansa.overlay.wishes import Wishes

ALICE, BOB = NodeId("did:key:zAlice"), NodeId("did:key:zBob")
T = Instant(1_000_000)


def after(milliseconds: int) -> Instant:
    return Instant(T + milliseconds)


# ---- quotas


@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 20))))
def test_a_bucket_is_what_the_slow_reference_says(rate: int, burst: int, takes: list[tuple[int, int]]) -> None:
    bucket, level, now = Bucket(rate, burst, T), burst * 1000, T
    for later, tokens in takes:
        now = Instant(now + later)
        for _ in range(later):
            level = min(burst * 1000, level + rate)
        assert bucket.has(tokens, now) is (level >= tokens * 1000)
        if level >= tokens * 1000:
            bucket.take(tokens)
            level -= tokens * 1000


def test_a_clock_that_goes_back_refills_nothing() -> None:
    bucket = Bucket(1, 1, T)
    bucket.take(1)
    assert not bucket.has(1, Instant(0))
    assert bucket.has(1, after(1_000))


def test_bytes_are_limited_as_words_are() -> None:
    quotas = Quotas(Params(strangers=Rate(100, 100, 10, 1_000)))
    assert quotas.look(ALICE, 900, T)
    assert not quotas.look(ALICE, 200, T)
    assert quotas.look(ALICE, 200, after(11_000))


def test_an_author_is_charged_by_its_rank_and_a_better_rank_is_known_at_once() -> None:
    quotas = Quotas(Params())
    assert [quotas.pass_on(ALICE, Rank.STRANGER, 1, T) for _ in range(11)].count(True) == 10
    assert not quotas.look(ALICE, 1, T)
    quotas.ranked(ALICE, Rank.KNOWN, T)
    assert quotas.look(ALICE, 1, T)
    assert quotas.rank_of(ALICE) is Rank.KNOWN
    assert not quotas.pass_on(ALICE, Rank.BARRED, 1, T)
    assert not quotas.look(ALICE, 1, T)


def test_fresh_keys_do_not_push_known_authors_out_of_memory() -> None:
    quotas = Quotas(Params())
    quotas.ranked(ALICE, Rank.KNOWN, T)
    for number in range(AUTHORS + 10):
        quotas.ranked(NodeId(f"did:key:z{number}"), Rank.STRANGER, T)
    assert quotas.rank_of(ALICE) is Rank.KNOWN
    assert len(quotas) == AUTHORS + 1


# ---- seen, cache, trees, audit


def test_an_id_is_remembered_for_the_window_and_no_longer() -> None:
    seen = Seen(1_000, 10)
    seen.add(b"a", T)
    seen.forget(after(999))
    assert b"a" in seen
    seen.add(b"a", after(999))
    seen.forget(after(1_000))
    assert list(seen) == []


@given(st.lists(st.integers(0, 20)))
def test_seen_keeps_the_latest_of_too_many(names: list[int]) -> None:
    seen = Seen(MINUTE, 5)
    order: list[bytes] = []
    for name in names:
        digest = bytes([name])
        seen.add(digest, T)
        if digest not in order:
            order = [*order, digest][-5:]
    assert list(seen) == order


def test_the_cache_is_bounded_in_bytes_and_in_time() -> None:
    cache = Cache(1_000, 10)
    cache.put(b"a", b"12345", 1, T)
    cache.put(b"b", b"12345", 2, after(500))
    cache.put(b"c", b"x" * 11, 0, after(500))
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == ((b"12345", 1), (b"12345", 2), None)
    cache.put(b"d", b"1", 0, after(600))
    assert (cache.get(b"a"), cache.size, len(cache)) == (None, 6, 2)
    cache.forget(after(1_550))
    assert (cache.get(b"b"), cache.size) == (None, 1)


def test_a_tree_is_grown_by_who_asks_and_pruned_by_who_had_it() -> None:
    trees = Trees(2)
    assert trees.of(ALICE) is None
    trees.begin(ALICE, 0b0110)
    trees.asked(ALICE, 0b1000)
    trees.had_it(ALICE, 0b0010)
    assert trees.of(ALICE) == 0b1100
    trees.asked(BOB, 1)
    trees.had_it(None, 1)
    assert trees.of(BOB) is None
    trees.without(0b0100)
    assert trees.of(ALICE) == 0b1000


def test_the_trees_of_the_authors_heard_last_are_kept() -> None:
    trees = Trees(2)
    trees.begin(ALICE, 1)
    trees.begin(BOB, 1)
    trees.of(ALICE)
    trees.begin(NodeId("did:key:zCarol"), 1)
    assert (trees.of(ALICE), trees.of(BOB)) == (1, None)


def test_an_audit_yields_each_word_once_when_its_time_is_over() -> None:
    audit, first, second = Audit(1_000), Heard(T), Heard(T)
    audit.word(first, T)
    audit.word(second, after(500))
    assert list(audit.over(after(999))) == []
    assert list(audit.over(after(1_000))) == [(T, first)]
    assert len(audit) == 1


# ---- wishes


def test_a_wish_falls_due_is_asked_and_is_given_up_at_the_end_of_its_life() -> None:
    wishes = Wishes(10, 5_000)
    wishes.named(b"a", 3, T, after(200))
    wishes.named(b"a", 5, T, after(900))
    assert list(wishes.due(after(199))) == []
    [(name, wish)] = wishes.due(after(200))
    assert (name, wish.holders) == (b"a", 0b101000)
    wishes.postpone(b"a", after(5_000))
    assert list(wishes.due(after(5_000))) == []
    assert len(wishes) == 0


def test_what_was_asked_of_a_neighbour_that_is_gone_falls_due_at_once() -> None:
    wishes = Wishes(10, 60_000)
    wishes.named(b"a", 1, T, T)
    [(_, wish)] = wishes.due(T)
    wish.open = 0b10
    wishes.postpone(b"a", after(9_000))
    wishes.left(1, after(50))
    assert [name for name, _ in wishes.due(after(50))] == [b"a"]
    assert (wish.open, wish.holders) == (0, 0)


def test_wishes_are_bounded_and_room_comes_back() -> None:
    wishes = Wishes(8, 60_000)
    assert [wishes.named(bytes([n]), 1, T, T) for n in range(3)] == [True, True, False]
    assert wishes.named(b"x", 2, T, T)
    wishes.over(bytes([0]))
    assert wishes.named(b"y", 1, T, T)
    assert [wishes.named(bytes([slot]) * 2, slot, T, T) for slot in range(3, 9)] == [True] * 5 + [False]


@given(st.lists(st.integers(0, 5_000), min_size=1))
def test_patience_stays_within_its_bounds(samples: list[int]) -> None:
    patience = Patience(300, 100, 2_000)
    for sample in samples:
        patience.measured(sample)
        assert 100 <= patience.wait <= 2_000


def test_patience_follows_what_is_measured() -> None:
    patience = Patience(300, 50, 5_000)
    for _ in range(60):
        patience.measured(150)
    assert 150 <= patience.wait <= 200
    for _ in range(60):
        patience.measured(1_000)
    assert 1_000 <= patience.wait <= 1_500


# ---- judging and mesh


def mesh(count: int) -> Mesh:
    made = Mesh(Params())
    for number in range(count):
        made.add(NodeId(f"did:key:z{number}"), False, Conduct(), T)
    return made


def test_what_waits_under_one_id_is_judged_one_after_the_other_and_each_bytes_once() -> None:
    links = list(mesh(4).links.values())
    judging = Judging(10, 2, 1_000)
    first, good = Judge(ALICE, b"bad"), Judge(BOB, b"good")
    judging.add(b"id", links[0], first, None, T)
    waiting = judging.get(b"id")
    assert waiting is not None
    judging.also(waiting, links[1], Judge(ALICE, b"bad"))
    judging.also(waiting, links[2], good)
    judging.also(waiting, links[3], good)
    judging.also(waiting, links[2], Judge(BOB, b"more"))
    assert waiting.sent == 0b0011
    assert [link.judging for link in links] == [1, 0, 1, 1]
    assert judging.pop(b"id", links[0]) is waiting
    assert judging.next(b"id", waiting, T) == good
    assert [link.judging for link in links] == [0, 0, 1, 0]
    again = judging.pop(b"id", links[2])
    assert again is not None
    assert again.sent == 0b1100
    assert judging.next(b"id", again, T) is None
    assert [link.judging for link in links] == [0, 0, 0, 0]


def test_one_neighbour_may_have_so_many_words_waiting_that_nobody_asked_it_for() -> None:
    link, other = mesh(2).links.values()
    judging = Judging(4, 2, 1_000)
    for number in range(2):
        judging.add(bytes([number]), link, Judge(ALICE, b""), None, T)
    assert not judging.has_room(link, asked=False)
    assert judging.has_room(link, asked=True)
    assert judging.has_room(other, asked=False)
    judging.add(b"x", other, Judge(ALICE, b""), None, T)
    judging.add(b"y", other, Judge(ALICE, b""), None, T)
    assert not judging.has_room(link, asked=True)
    assert [name for name, _ in judging.forget(after(1_000))] == [b"\0", b"\1", b"x", b"y"]


def test_a_slot_is_given_again_only_after_everything_has_forgotten_it() -> None:
    made, params = mesh(2), Params()
    made.drop(NodeId("did:key:z0"), T)
    rest = params.seen_window + params.wish_life
    assert made.add(ALICE, False, Conduct(), after(rest - 1)).slot == 2
    assert made.add(BOB, False, Conduct(), after(rest)).slot == 0
    assert [link.peer for link in made.of(0b111)] == [BOB, NodeId("did:key:z1"), ALICE]


def test_in_a_full_mesh_a_dialled_neighbour_takes_the_place_of_the_worst_caller() -> None:
    made = mesh(3)
    for number, link in enumerate(made.links.values()):
        made.set_eager(link, True, T)
        link.conduct.value = number
    dialled, caller = made.add(ALICE, True, Conduct(), T), made.add(BOB, False, Conduct(), T)
    assert made.to_displace(dialled) is None, "it is no better"
    dialled.conduct.value = caller.conduct.value = 5
    worst = made.to_displace(dialled)
    assert worst is not None
    assert worst.peer == NodeId("did:key:z0")
    assert made.to_displace(caller) is None


def test_a_better_neighbour_is_sought_when_the_middle_one_of_the_mesh_brings_nothing() -> None:
    made = mesh(3)
    inside, outside = list(made.links.values())[:2], list(made.links.values())[2]
    for link in inside:
        made.set_eager(link, True, T)
    assert made.better(1) is None
    outside.conduct.value = 4
    assert made.better(1) is outside
    for link in inside:
        link.conduct.value = 3
    assert made.better(1) is None


# ---- score


def conduct(**counters: int) -> Conduct:
    made = Conduct()
    for name, value in counters.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        ({}, 0),
        ({"mesh_since": 0}, 0),
        ({"mesh_since": 0, "first": 3_000}, 13),
        ({"first": 90_000}, 50),
        ({"first": 90_000, "due": 24, "said": 0b11}, -30),
        ({"first": 90_000, "due": 24, "said": 0b111}, 50),
        ({"due": 7}, 0),
        ({"due": 8}, -30),
        ({"invalid": 2_000}, -40),
        ({"misdeeds": 6_000}, 0),
        ({"misdeeds": 10_000}, -16),
        ({"first": 1_000, "invalid": 1_000, "misdeeds": 8_000}, -13),
    ],
)
def test_the_table_of_scores(counters: dict[str, int], expected: int) -> None:
    assert score(conduct(**counters), Instant(HOUR), ScoreParams()) == expected


@given(st.integers(0, 24), st.integers(0, 2**24 - 1), st.integers(0, 100_000), st.integers(0, 10 * HOUR))
def test_nothing_outweighs_silence_and_nothing_is_good_without_bringing(
    due: int, said: int, first: int, since: int
) -> None:
    silent = is_silent(due, said, ScoreParams())
    value = score(conduct(due=due, said=said, first=first, mesh_since=0), Instant(since), ScoreParams())
    assert value < 0 if silent else value >= 0
    assert value <= 0 or first > 0


def test_counters_halve_in_a_half_life_and_scores_mend() -> None:
    scores = Scores(ScoreParams())
    scores.linked(ALICE)
    scores.heartbeat(T)
    assert scores.blame(ALICE, Misdeed.INVALID, 2, T) == -40
    for second in range(1, 61):
        scores.heartbeat(after(second * SECOND))
    assert scores.of(ALICE) in {-9, -10}
    scores.heartbeat(after(10 * MINUTE))
    assert scores.of(ALICE) == 0


def test_a_score_outlives_its_link_and_the_worst_are_kept_longest() -> None:
    scores = Scores(ScoreParams(retained_most=1))
    for peer, count in ((ALICE, 2), (BOB, 1)):
        scores.linked(peer)
        scores.blame(peer, Misdeed.INVALID, count, T)
    scores.lost(ALICE, T)
    scores.lost(BOB, T)
    assert (scores.of(ALICE), scores.of(BOB)) == (-40, 0)
    scores.heartbeat(after(HOUR))
    assert len(scores) == 0


# ---- traffic


def test_the_defaults_make_sense() -> None:
    Params().validate()
    ScoreParams().validate()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fanout", 9),
        ("eager", 17),
        ("eager_dialled", 16),
        ("wait_first", 50),
        ("seen_window", 384_999),
        ("max_hops", 256),
        ("link", Rate(1, 1, 1, 100)),
        ("strangers", Rate(-1, 1, 1, 1)),
        ("by_author", {Rank.KNOWN: Rate(1, 1, 1, 1)}),
        ("wishes", 0),
    ],
)
def test_parameters_that_make_no_sense_are_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        replace(Params(), **{name: value}).validate()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [("close_below", -40), ("silence", 41), ("audit_least", 25), ("audit_share", 1_001), ("half_life", 0)],
)
def test_score_parameters_that_make_no_sense_are_named(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        replace(ScoreParams(), **{name: value}).validate()
