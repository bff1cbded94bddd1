"""Attack 41: abuse of the hop count.

Passes when what a packet says of its hops can't keep it alive (a node passes an id on once, and no further than its own
bound pushes it), and when relays that set the count to whatever they like lose no message.
"""

from __future__ import annotations

import pytest

from hansa.kernel.instant import SECOND
from hansa.overlay.frames import Have, Word
from hansa.overlay.gossip_params import Params, Rank
from tests.attacks.specimens import scaled
from tests.overlay.alone import Alone
from tests.overlay.crowd import Crowd, node_id, raw_word


@pytest.mark.parametrize("hops", [0, 31, 255])
def test_relays_that_alter_the_hop_count_lose_no_word(hops: int) -> None:
    made = Crowd(40)
    made.weave(6)
    for node in made.honest[::3]:
        node.alters_hops_to = hops
    said = made.talk(scaled(20), 200)
    made.run(10 * SECOND)
    assert made.share_delivered(said) == 1.0


def test_from_this_nodes_own_bound_on_a_word_is_named_and_not_pushed() -> None:
    for hops, pushed in ((31, True), (32, False), (255, False)):
        alone = Alone(5)
        raw = raw_word(node_id(50), 1)
        alone.hears(alone.peers[0], Word(raw, hops))
        done = alone.accepted(alone.peers[0], raw, Rank.KNOWN).add(alone.passes(100))
        assert any(isinstance(frame, Word) for _, frame in done.sends) is pushed
        assert {whom for whom, _ in done.sends} == set(alone.peers[1:]), "all hear of it either way"


def test_the_count_that_goes_out_is_one_more_and_ends_at_its_bound() -> None:
    for hops, sent in ((0, 1), (7, 8), (254, 255), (255, 255)):
        alone = Alone(5, Params(max_hops=255))
        raw = raw_word(node_id(50), 1)
        alone.hears(alone.peers[0], Word(raw, min(hops, 254)))
        done = alone.accepted(alone.peers[0], raw, Rank.KNOWN)
        assert {frame.hops for _, frame in done.sends if isinstance(frame, Word)} == {min(sent, 255)}


def test_a_word_that_comes_back_with_a_fresh_count_is_not_passed_on_again() -> None:
    alone = Alone(5)
    raw = raw_word(node_id(50), 1)
    alone.good_raw(alone.peers[0], raw, Rank.KNOWN)
    alone.passes(200)
    for peer in alone.peers:
        done = alone.hears(peer, Word(raw, 0)).add(alone.passes(200))
        assert not any(isinstance(frame, Word) for _, frame in done.sends)


def test_who_was_only_told_a_words_name_can_have_it() -> None:
    alone = Alone(5)
    raw = raw_word(node_id(50), 1)
    alone.hears(alone.peers[0], Word(raw, 255))
    done = alone.accepted(alone.peers[0], raw, Rank.KNOWN).add(alone.passes(100))
    assert Have((alone.name(raw),)) in [frame for _, frame in done.sends]
