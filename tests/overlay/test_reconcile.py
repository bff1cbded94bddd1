"""Anti-entropy: whatever two neighbours hold, and whatever is lost on the way, in the end both hold all of it."""

from __future__ import annotations

import hashlib
import itertools
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import ALWAYS, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.agreed import MAX_PEERS, MOST_NAMED, REMEMBERED, Agreed
from hansa.overlay.doing import Doing, Misdeed
from hansa.overlay.frames import MAX_IDS, AnyFrame, Fetch, Held, Sums
from hansa.overlay.holdings import Holdings
from hansa.overlay.reconcile import MAX_LATE, STALL_S, WIDEST, Reconciler
from hansa.overlay.reconcile_params import Params
from hansa.overlay.under_way import MOST
from hansa.overlay.unwanted import EARLY_TRIES, JUDGING_MS, MAX_UNWANTED, PATIENT_TRIES, Unwanted

A, B, C = NodeId("did:key:zA"), NodeId("did:key:zB"), NodeId("did:key:zC")
START = Instant(1_760_000_000_000)


def made(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


class Pair:
    """Two neighbours, and the frames between them; a wanted record comes at once, unless it is lost."""

    def __init__(self, ours: list[int], theirs: list[int], seed: int = 0, loss: float = 0.0) -> None:
        self.rng = Rng(seed)
        self.loss = loss
        self.now = START
        self.nodes = {
            name: Reconciler(Holdings(map(made, numbers)), Params(), self.rng.child(name))
            for name, numbers in ((A, ours), (B, theirs))
        }
        self.frames: deque[tuple[NodeId, NodeId, AnyFrame]] = deque()
        self.sent = 0
        self.brought: list[bytes] = []

    def carry_out(self, by: NodeId, doing: Doing) -> None:
        assert not doing.blames
        self.frames += [(by, to, frame) for to, frame in doing.sends]

    def link(self) -> None:
        self.carry_out(A, self.nodes[A].linked(B, self.now))
        self.carry_out(B, self.nodes[B].linked(A, self.now))
        self.settle()

    def settle(self) -> None:
        while self.frames:
            by, to, frame = self.frames.popleft()
            self.sent += 1
            if self.rng.happens(self.loss):
                continue
            if isinstance(frame, Fetch):
                self.bring(by, to, frame)
            else:
                self.carry_out(to, self.nodes[to].heard(by, frame, self.now))

    def bring(self, to: NodeId, by: NodeId, want: Fetch) -> None:
        for id_ in want.ids:
            assert id_ in self.nodes[by].holdings
            if not self.rng.happens(self.loss):
                assert self.nodes[to].is_asked(by, id_)
                self.nodes[to].came(by, id_, self.now)
                self.nodes[to].taken(id_, self.now)
                self.brought.append(id_)

    def pass_time(self, seconds: float) -> None:
        until = self.now + int(seconds * SECOND)
        while self.now < until:
            self.now = Instant(self.now + 100)
            for name, node in self.nodes.items():
                self.carry_out(name, node.tick(self.now))
            self.settle()

    def are_alike(self) -> bool:
        return self.nodes[A].holdings.digest() == self.nodes[B].holdings.digest()


some = st.lists(st.integers(0, 600), max_size=200)


@settings(max_examples=60, deadline=None)
@given(some, some)
def test_two_neighbours_hold_the_same_after_a_moment(ours: list[int], theirs: list[int]) -> None:
    pair = Pair(ours, theirs)
    pair.link()
    pair.pass_time(1)
    assert pair.are_alike()
    assert len(pair.nodes[A].holdings) == len({*ours, *theirs})


@settings(max_examples=30, deadline=None)
@given(some, some, st.integers(0, 1000))
def test_lost_frames_cost_time_and_nothing_else(ours: list[int], theirs: list[int], seed: int) -> None:
    pair = Pair(ours, theirs, seed, loss=0.2)
    pair.link()
    pair.pass_time(300)
    assert pair.are_alike()


def parted(held: int, seconds: float, each: int) -> Pair:
    """Returns two neighbours who held the same, lost sight of each other, and took different things meanwhile."""
    pair = Pair(list(range(held)), list(range(held)))
    pair.link()
    pair.pass_time(seconds)
    for name, first in ((A, held), (B, held + each)):
        for number in range(first, first + each):
            pair.nodes[name].taken(made(number), pair.now)
    pair.pass_time(0.1)
    pair.frames.clear()
    for name, other in ((A, B), (B, A)):
        pair.nodes[name].lost(other, False, pair.now)
    pair.sent = 0
    return pair


@pytest.mark.parametrize("held", [100, 30_000])
def test_after_a_partition_it_does_not_matter_how_much_both_held_before(held: int) -> None:
    """What was taken since is named at once, wherever it lies among the rest."""
    pair = parted(held, 3, 200)
    pair.link()
    assert pair.are_alike()
    assert pair.sent < 40


def test_what_was_named_and_lost_is_found_by_comparing() -> None:
    pair = parted(2_000, 3, 50)
    pair.loss = 1.0
    pair.link()
    pair.loss = 0.0
    pair.pass_time(20)
    assert pair.are_alike()


def test_what_was_taken_is_named_once_to_a_neighbour_that_does_not_ask_for_it() -> None:
    agreed = Agreed()
    agreed.same(A)
    agreed.taken(made(1))
    agreed.taken(made(2))
    assert agreed.told_since(A) == ALWAYS
    assert agreed.news(A, START) == [made(1), made(2)]
    assert agreed.news(A, START) == []
    agreed.taken(made(3))
    assert agreed.news(A, Instant(START + 9)) == [made(3)]
    assert agreed.told_since(A) == START
    agreed.linked(A)
    assert agreed.news(A, START) == [made(1), made(2), made(3)]
    agreed.same(A)
    assert (agreed.news(A, START), agreed.told_since(A)) == ([], ALWAYS)
    assert agreed.news(B, START) == []


def test_what_is_remembered_of_neighbours_is_bounded() -> None:
    agreed = Agreed()
    agreed.same(A)
    for number in range(MOST_NAMED + 1):
        agreed.taken(made(number))
    assert agreed.news(A, START) == []  # so many are left to comparing
    agreed.same(B)
    for number in range(2 * REMEMBERED + 1):
        agreed.taken(bytes([number % 256]))
    assert len(agreed._order) <= 2 * REMEMBERED
    assert agreed.news(B, START) == []
    for number in range(MAX_PEERS + 5):
        agreed.same(NodeId(str(number)))
    assert len(agreed._peers) == MAX_PEERS


@settings(max_examples=20, deadline=None)
@given(some, some)
def test_nothing_is_brought_twice(ours: list[int], theirs: list[int]) -> None:
    pair = Pair(ours, theirs)
    pair.link()
    pair.pass_time(20)
    assert len(pair.brought) == len(set(ours) ^ set(theirs))


def test_one_record_among_many_is_found_with_few_frames() -> None:
    pair = Pair(list(range(5_000)), list(range(4_999)))
    pair.link()
    assert pair.are_alike()
    assert pair.sent <= 12


def test_many_records_are_brought_to_whoever_has_none() -> None:
    pair = Pair(list(range(3_000)), [])
    pair.link()
    pair.pass_time(10)
    assert pair.are_alike()


def test_those_who_agree_ask_less_and_less() -> None:
    pair = Pair([1, 2], [1, 2])
    pair.link()
    pair.pass_time(300)
    assert pair.sent < 2 * (300 / 5 + 8)


def gaps_between_tries(others_come: bool) -> list[int]:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    asked = []
    now = START
    for number in range(6_000):
        now = Instant(now + 100)
        doing = node.tick(now).add(node.heard(B, Held("", (made(1),), answer=True), now))
        for _, frame in doing.sends:
            if isinstance(frame, Fetch):
                asked.append(now)
                node.came(B, made(1), now)
                node.put_off(made(1), now)
        if others_come:
            node.taken(made(2 + number), now)
    return [later - sooner for sooner, later in itertools.pairwise(asked)]


def test_what_cannot_be_taken_yet_is_asked_for_again_soon_and_then_more_and_more_rarely() -> None:
    gaps = gaps_between_tries(others_come=False)
    again = Params().again_ms
    assert gaps[0] == again
    assert gaps == sorted(gaps)
    assert max(gaps[: PATIENT_TRIES - 1]) == 8 * again
    assert gaps[-1] >= 64 * again


def test_what_may_rest_on_others_is_asked_for_sooner_while_they_come() -> None:
    gaps = gaps_between_tries(others_come=True)
    assert gaps[: EARLY_TRIES - 1] == [Params().again_ms] * (EARLY_TRIES - 1)
    assert gaps[EARLY_TRIES] > Params().again_ms


def test_what_was_refused_is_left_alone() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    node.refused(made(1), START)
    later = Instant(START + Params().forget_ms)
    assert not wants(node.heard(B, Held("", (made(1),), answer=True), Instant(later - 1)))
    assert wants(node.heard(B, Held("", (made(1),), answer=True), later))


def test_a_record_is_asked_of_one_neighbour_at_a_time() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    for peer in (B, C):
        node.linked(peer, START)
    assert wants(node.heard(B, Held("", (made(1),), answer=True), START))
    assert not wants(node.heard(C, Held("", (made(1),), answer=True), START))
    late = Instant(START + Params().patience_ms)
    assert [to for to, frame in node.tick(late).sends if isinstance(frame, Fetch)] == [C]


def test_what_nobody_brings_is_asked_of_two_neighbours_and_then_of_four() -> None:
    node, patience = Reconciler(Holdings(), Params(), Rng(0)), Params().patience_ms
    peers = [NodeId(f"did:key:z{number}") for number in range(8)]
    for peer in peers:
        node.linked(peer, START)
    for turn in range(5):
        now = Instant(START + turn * patience)
        asked = wants(node.tick(now))
        for peer in peers:  # they go on naming it
            asked += wants(node.heard(peer, Held("", (made(1),), answer=True), now))
        assert len(asked) == min(WIDEST, 2**turn)


def test_a_neighbour_is_asked_once_for_what_it_names_again_and_again() -> None:
    node, late = Reconciler(Holdings(), Params(), Rng(0)), Instant(START + Params().patience_ms)
    node.linked(B, START)
    for now in (START, late):
        node.tick(now)
        assert sum(len(wants(node.heard(B, Held("", (made(1),), answer=True), now))) for _ in range(5)) == 1


def test_who_was_asked_may_bring_it_late() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    assert wants(node.heard(B, Held("", (made(1),), answer=True), START))
    late = Instant(START + Params().patience_ms)
    node.tick(late)
    assert node.is_asked(B, made(1))
    node.came(B, made(1), late)
    assert not node.is_asked(B, made(1))


def test_what_may_come_late_is_remembered_in_bounded_number() -> None:
    node, now = Reconciler(Holdings(), Params(), Rng(0)), START
    node.linked(B, START)
    for start in range(0, 2 * MAX_LATE, 128):
        ids = tuple(made(number) for number in range(start, start + 128))
        node.heard(B, Held("", ids, answer=True), now)
        now = Instant(now + Params().patience_most_ms)
        node.tick(now)
    assert sum(node.is_asked(B, made(number)) for number in range(2 * MAX_LATE)) <= MAX_LATE + Params().asked_at_once


def test_who_answers_quickly_is_waited_for_less() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    for peer in (B, C):
        node.linked(peer, START)
    now = START
    for number in range(50):
        now = Instant(now + 5_000)
        assert wants(node.heard(B, Held("", (made(number),), answer=True), now))
        node.came(B, made(number), Instant(now + 50))
        node.taken(made(number), Instant(now + 50))
    now = Instant(now + 5_000)
    assert wants(node.heard(B, Held("", (made(99),), answer=True), now))
    assert not wants(node.heard(C, Held("", (made(99),), answer=True), now))
    least = Params().patience_least_ms
    assert not wants(node.tick(Instant(now + least - 1)))
    assert [to for to, frame in node.tick(Instant(now + least)).sends if isinstance(frame, Fetch)] == [C]


def wants(doing: Doing) -> list[AnyFrame]:
    return [frame for _, frame in doing.sends if isinstance(frame, Fetch)]


def test_ids_below_another_prefix_are_the_neighbours_fault() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    id_ = made(1)
    wrong = "0" if id_.hex()[0] != "0" else "1"
    doing = node.heard(B, Held(wrong, (id_,)), START)
    assert [blame.what for blame in doing.blames] == [Misdeed.BROKEN]
    assert not wants(doing)


def test_a_neighbour_that_compares_without_end_is_not_answered() -> None:
    node = Reconciler(Holdings(map(made, range(100))), Params(), Rng(0))
    node.linked(B, START)
    rate = Params().frames_per_second
    answers = [node.heard(B, Sums("", (made(7),)), START) for _ in range(STALL_S * rate + 10 * rate)]
    assert 0 < sum(bool(one.sends) for one in answers) <= rate // 2
    assert sum(bool(one.blames) for one in answers) == 10
    assert not any(one.blames for one in answers[: STALL_S * rate])  # this node may have stood still meanwhile
    assert node.heard(B, Sums("", (made(7),)), Instant(START + SECOND)).sends


def test_one_frame_is_answered_with_a_bounded_number_of_ids() -> None:
    node = Reconciler(Holdings(number.to_bytes(32, "big") for number in range(40_000)), Params(), Rng(0))
    node.linked(B, START)
    parts = tuple([b""] + [node.holdings.digest(f"{digit:x}") for digit in range(1, 16)])
    frames = [frame for _, frame in node.heard(B, Sums("", parts), START).sends]
    assert 0 < sum(len(frame.ids) for frame in frames if isinstance(frame, Held)) <= 16 * MAX_IDS


def test_strangers_are_not_answered() -> None:
    node = Reconciler(Holdings([made(1)]), Params(), Rng(0))
    assert node.heard(B, Sums("", (b"",)), START) == Doing()


def test_what_is_being_judged_is_asked_of_nobody() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    node.judging(made(1), START)
    assert not wants(node.heard(B, Held("", (made(1),), answer=True), Instant(START + JUDGING_MS - 1)))
    assert wants(node.heard(B, Held("", (made(1),), answer=True), Instant(START + JUDGING_MS)))


def test_what_is_refused_is_remembered_in_bounded_number() -> None:
    unwanted = Unwanted(400, 600_000)
    for number in range(MAX_UNWANTED + 10):
        unwanted.refused(number.to_bytes(32, "big"), START)
    assert unwanted.is_over((9).to_bytes(32, "big"), START)
    assert not unwanted.is_over((10).to_bytes(32, "big"), START)


def test_what_came_too_early_is_asked_for_again_after_a_while_only() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    node.kept_back(made(1), START)
    node.taken(made(2), START)
    assert not wants(node.heard(B, Held("", (made(1),), answer=True), Instant(START + 9_999)))
    assert wants(node.heard(B, Held("", (made(1),), answer=True), Instant(START + 10_000)))


def test_what_gossip_is_taking_to_the_neighbours_is_named_after_its_lead_only() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    for number in range(3):
        node.taken(made(number), START)
        if number:
            node.spreading(made(number), START)
    lead = Params().lead_ms
    for later, named in ((lead - 1, {made(0)}), (lead, {made(0), made(1), made(2)})):
        now = Instant(START + later)
        asked = node.heard(B, Sums("", (b"",)), now)
        told = node.heard(B, Held("", ()), now)
        for doing in (asked, told):
            assert {id_ for _, frame in doing.sends if isinstance(frame, Held) for id_ in frame.ids} == named


def test_what_gossip_is_taking_is_remembered_within_bounds() -> None:
    node = Reconciler(Holdings(), Params(), Rng(0))
    node.linked(B, START)
    for number in range(MOST + 5):
        node.spreading(made(number), START)
    node.taken(made(0), START)
    node.taken(made(MOST), START)
    [(_, frame)] = node.heard(B, Held("", ()), START).sends
    assert isinstance(frame, Held)
    assert frame.ids == (made(0),)


def test_gossips_lead_costs_a_pair_a_moment_and_nothing_else() -> None:
    pair = Pair([1], [2])
    for name, number in ((A, 1), (B, 2)):
        pair.nodes[name].spreading(made(number), START)
    pair.link()
    assert not pair.are_alike()
    pair.pass_time(3)
    assert pair.are_alike()


@pytest.mark.parametrize(("held", "missed", "seconds"), [(2_400, 1_200, 10), (20_000, 300, 10), (50_000, 2_000, 60)])
def test_who_was_away_for_long_catches_up_and_is_never_taken_for_a_flood(held: int, missed: int, seconds: int) -> None:
    """Most parts differ then, and telling of each of them at once is more than a neighbour answers in a second."""
    pair = Pair(list(range(held)), list(range(missed, held + missed)), missed)
    pair.link()
    pair.pass_time(seconds)
    assert pair.are_alike()


def test_what_is_never_taken_does_not_keep_the_rest_from_being_compared() -> None:
    pair = Pair(list(range(20_000)), list(range(20_300)), 1)
    bad = frozenset(map(made, range(20_000, 20_150)))
    for id_ in bad:
        pair.nodes[A].refused(id_, pair.now)
    pair.link()
    pair.pass_time(30)
    assert len(pair.nodes[A].holdings) == 20_150
