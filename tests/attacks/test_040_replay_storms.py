"""Attack 40: duplicate and replay storms.

Passes when replaying old messages changes no state, causes one forward of each at most, and memory stays flat; within
the time that ids are remembered (385 seconds), and after it.
"""

from __future__ import annotations

import pytest

from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.verdict import Reason, Verdict
from hansa.overlay.doing import Misdeed
from hansa.overlay.frames import Have, Word
from hansa.overlay.gossip_params import Params, Rank
from tests.attacks.specimens import scaled
from tests.overlay.alone import Alone
from tests.overlay.crowd import Crowd, node_id, raw_word

TABLES = ("seen", "cached", "wishes", "judging", "muted_words", "audited", "scores", "authors", "trees")


def sizes(alone: Alone) -> dict[str, int]:
    return {name: alone.gossip.counters()[name] for name in TABLES}


def test_old_words_sent_again_within_memory_change_nothing_and_go_nowhere() -> None:
    alone = Alone(6)
    author = node_id(50)
    words = [raw_word(author, number) for number in range(100)]
    for raw in words:
        alone.good_raw(alone.peers[0], raw, Rank.KNOWN)
    alone.passes(SECOND)
    before, judged = sizes(alone), len(alone.judges)
    for number in range(scaled(3_000)):
        done = alone.hears(alone.peers[1 + number % 5], Word(words[number % 100], hops=number % 3))
        assert not any(isinstance(frame, Word) for _, frame in done.sends)
    assert len(alone.judges) == judged
    assert sizes(alone) == before
    assert alone.gossip.counters()["first"] == 100


def test_who_sends_the_same_word_over_and_over_pays_and_loses_the_link() -> None:
    alone = Alone(2)
    raw = raw_word(node_id(50), 1)
    alone.good_raw(alone.peers[0], raw, Rank.KNOWN)
    blames, closes = [], []
    for _ in range(30):
        done = alone.hears(alone.peers[1], Word(raw))
        blames += done.blames
        closes += done.closes
        closes += alone.passes(500).closes
    assert {blame.what for blame in blames} == {Misdeed.REPLAY}
    assert [close.whom for close in closes] == [alone.peers[1]]
    assert alone.score(alone.peers[0]) > 0


@pytest.mark.parametrize("in_store", [True, False])
def test_old_words_sent_again_after_they_were_forgotten_go_nowhere(in_store: bool) -> None:
    """The store knows records for good; what is not kept at all (a presence, say) the inbox finds stale."""
    alone = Alone(4)
    words = [raw_word(node_id(50), number) for number in range(50)]
    for raw in words:
        alone.good_raw(alone.peers[0], raw, Rank.KNOWN)
        alone.held.update({alone.id(raw): 1} if in_store else {})
    alone.passes(1_000)
    alone.now = Instant(alone.now + Params().seen_window)
    alone.passes(2_000)
    assert alone.gossip.counters()["seen"] == 0
    judged = len(alone.judges)
    for _ in range(scaled(10)):
        for raw in words:
            done = alone.hears(alone.peers[2], Word(raw))
            for judge in done.judges:
                done.add(
                    alone.gossip.judged(
                        alone.id(raw), judge.source, Verdict.IGNORE, Reason.STALE, Rank.KNOWN, alone.now
                    )
                )
            assert done.sends == []
        alone.passes(100)
    assert len(alone.judges) - judged == (0 if in_store else 50), "each is looked at once"
    assert alone.gossip.counters()["seen"] == 50


def test_memory_is_bounded_however_many_words_and_names_there_are() -> None:
    params = Params(seen_most=200, cache_bytes=20_000, max_bytes=10_000, wishes=100, judging=50, authors=20)
    alone = Alone(8, params)
    for number in range(scaled(1_500)):
        peer = alone.peers[number % 8]
        alone.good_raw(peer, raw_word(node_id(number), number), Rank.KNOWN, missing_ok=True)
        alone.hears(peer, Have((number.to_bytes(32, "big"),)))
        alone.hears(peer, Word(raw_word(node_id(1_000 + number), 7)))
        if number % 50 == 0:
            alone.passes(1_000)
    found = alone.gossip.counters()
    assert found["seen"] <= 200
    assert found["cached_bytes"] <= 20_000
    assert found["wishes"] <= 100
    assert found["judging"] <= 50
    assert found["trees"] <= 20


def test_one_neighbour_can_take_up_a_quarter_of_the_wishes_at_most() -> None:
    alone = Alone(2, Params(wishes=400))
    alone.hears(alone.peers[0], Have(tuple(number.to_bytes(32, "big") for number in range(1_000))))
    assert alone.gossip.counters()["wishes"] == 100
    alone.hears(alone.peers[1], Have((b"\xff" * 32,)))
    assert alone.gossip.counters()["wishes"] == 101


def test_a_storm_of_replays_in_a_crowd_is_taken_once_by_each_and_passed_on_once() -> None:
    made = Crowd(12, liars=(11,))
    made.weave(4)
    for number in range(11):
        made.link(node_id(11), node_id(number))
    said = made.talk(20, 100)
    made.run(3_000)
    assert made.share_delivered(said) == 1.0
    taken = {node.id: dict(node.taken) for node in made.honest}
    judged = [node.judged for node in made.honest]
    pushed = [node.gossip.counters()["pushed"] for node in made.honest if node.gossip]
    for raw in list(made.good) * scaled(10):
        for victim in list(made.nodes[node_id(11)].peers):
            made.send(made.nodes[node_id(11)], victim, Word(raw))
    made.run(10_000)
    assert {node.id: node.taken for node in made.honest} == taken
    assert [node.judged for node in made.honest] == judged
    assert [node.gossip.counters()["pushed"] for node in made.honest if node.gossip] == pushed
