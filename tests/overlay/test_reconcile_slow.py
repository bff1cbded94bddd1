"""Anti-entropy among nodes that are slow to judge: what is missing is brought once, and little is compared in vain."""

from __future__ import annotations

import hashlib
from collections import Counter, deque

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.doing import Doing
from hansa.overlay.frames import Fetch, Held, Sums, digest
from hansa.overlay.holdings import Holdings
from hansa.overlay.reconcile import Reconciler
from hansa.overlay.reconcile_params import Params
from hansa.overlay.unwanted import JUDGING_MS, MAX_UNWANTED, Unwanted

START = Instant(1_760_000_000_000)
PEERS = [NodeId(f"did:key:zPeer{number}") for number in range(4)]
PARAMS = Params()


def made(*name: object) -> bytes:
    return hashlib.sha256(repr(name).encode()).digest()


class Crowd:
    """Nodes that are all linked, of which each judges so many records a tick of 200 ms."""

    def __init__(self, held: list[list[bytes]], pace: int) -> None:
        self.nodes = [Reconciler(Holdings(ids), PARAMS, Rng(number)) for number, ids in enumerate(held)]
        self.waiting: list[deque[bytes]] = [deque() for _ in held]
        self.now, self.pace = START, pace
        self.seen = Counter[str]()
        self.most_waiting = 0
        self.frames = deque[tuple[int, int, Sums | Held | Fetch]]()
        for one, node in enumerate(self.nodes):
            for other in range(len(held)):
                if other != one:
                    self.do(one, node.linked(PEERS[other], START))

    def do(self, me: int, doing: Doing) -> None:
        for whom, frame in doing.sends:
            assert isinstance(frame, Sums | Held | Fetch)
            self.seen["named"] += len(frame.ids) if isinstance(frame, Held) else 0
            self.frames.append((me, PEERS.index(whom), frame))
        for serve in doing.serves:
            for id_ in map(digest, serve.ids):
                self.comes(PEERS.index(serve.whom), me, id_)

    def comes(self, to: int, by: int, id_: bytes) -> None:
        self.seen["served"] += 1
        node = self.nodes[to]
        assert node.is_asked(PEERS[by], id_)
        node.came(PEERS[by], id_, self.now)
        if id_ not in node.holdings and not node.is_here(id_):
            node.judging(id_, self.now)
            self.waiting[to].append(id_)
            self.most_waiting = max(self.most_waiting, len(self.waiting[to]))

    def turn(self) -> None:
        self.now = Instant(self.now + 200)
        for me, node in enumerate(self.nodes):
            for _ in range(min(self.pace, len(self.waiting[me]))):
                node.taken(self.waiting[me].popleft(), self.now)
            self.do(me, node.tick(self.now))
        for _ in range(len(self.frames)):
            me, whom, frame = self.frames.popleft()
            self.do(whom, self.nodes[whom].heard(PEERS[me], frame, self.now))

    def until_alike(self, seconds: int) -> bool:
        for _ in range(5 * seconds):
            if len({node.holdings.digest() for node in self.nodes}) == 1:
                return True
            self.turn()
        return False


def halves(common: int, apart: int) -> list[list[bytes]]:
    both = [made("both", number) for number in range(common)]
    return [both + [made("half", me % 2, number) for number in range(apart)] for me in range(4)]


def test_slow_nodes_are_brought_each_missing_record_once() -> None:
    crowd = Crowd(halves(2_000, 400), pace=4)
    assert crowd.until_alike(seconds=40)
    assert crowd.seen["served"] == 4 * 400


def test_who_takes_ten_times_as_long_to_judge_does_not_compare_ten_times_as_much() -> None:
    quick, slow = (Crowd(halves(2_000, 400), pace) for pace in (40, 4))
    assert quick.until_alike(seconds=10)
    assert slow.until_alike(seconds=40)
    assert slow.seen["named"] <= 7 * quick.seen["named"]


def test_what_waits_to_be_judged_is_bounded() -> None:
    crowd = Crowd([[made(number) for number in range(4_000)], [], [], []], pace=1)
    for _ in range(25):
        crowd.turn()
    assert PARAMS.unjudged // 2 <= crowd.most_waiting <= PARAMS.unjudged + PARAMS.asked_at_once


def named(node: Reconciler, ids: list[bytes], now: Instant, by: int = 0) -> list[object]:
    """Returns what a node sends to a neighbour that named ids."""
    return [frame for _, frame in node.heard(PEERS[by], Held("", tuple(ids), answer=True), now).sends]


def begun(node: Reconciler, now: Instant) -> list[NodeId]:
    return [whom for whom, frame in node.tick(now).sends if isinstance(frame, Sums)]


def linked(*ids: bytes) -> Reconciler:
    node = Reconciler(Holdings(ids), PARAMS, Rng(0))
    for peer in PEERS[:2]:
        node.linked(peer, START)
    return node


def test_with_a_neighbour_that_named_much_no_comparison_is_begun_before_it_is_overdue_and_others_lose_nothing() -> None:
    node = linked()
    for start in range(0, 4_000, 400):
        named(node, [made(number) for number in range(start, start + 400)], START)
    seen = [Instant(START + 100 * step) for step in range(1, 60)]
    turns = [(now, whom) for now in seen for whom in begun(node, now)]
    assert min(now for now, whom in turns if whom == PEERS[0]) >= START + PARAMS.slow_ms
    assert min(now for now, whom in turns if whom == PEERS[1]) < START + 2 * SECOND


def test_while_much_waits_to_be_judged_no_comparison_is_begun_before_it_is_overdue() -> None:
    node = linked()
    for number in range(PARAMS.unjudged // 2):
        node.judging(made(number), START)
    assert begun(node, Instant(START + 2 * SECOND)) == []
    assert begun(node, Instant(START + PARAMS.slow_ms)) == PEERS[:2]
    for number in range(PARAMS.unjudged // 2):
        node.judged(made(number))
    assert begun(node, Instant(START + PARAMS.slow_ms + 3 * SECOND)) == PEERS[:2]


def test_what_is_being_judged_is_forgotten_in_the_end_and_is_bounded() -> None:
    unwanted = Unwanted(400, 600_000)
    for number in range(MAX_UNWANTED + 1):
        unwanted.judging(made(number), START)
    assert unwanted.here == MAX_UNWANTED
    assert unwanted.is_over(made(0), START)
    assert not unwanted.is_over(made(1), Instant(START + JUDGING_MS - 1))
    assert unwanted.is_over(made(1), Instant(START + JUDGING_MS))


def test_what_was_judged_may_be_asked_for_whatever_came_of_it() -> None:
    node = linked()
    node.judging(made(1), START)
    assert named(node, [made(1)], START) == []
    node.judged(made(1))
    assert named(node, [made(1)], START) == [Fetch((made(1),))]
