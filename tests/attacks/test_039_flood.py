"""Attack 39: flood, self-declared priority, amplification.

Passes when, with attackers at ten times the capacity of the nodes that they are linked to, honest words reach honest
nodes to 99.9 % with a p99 of twice the baseline at most; what is not authenticated is amplified threefold at most; and
there are caps per key, per link and for all links together.
"""

from __future__ import annotations

import pytest

from hansa.identity import envelope
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.verdict import Reason, Verdict
from hansa.overlay.doing import Misdeed
from hansa.overlay.frames import Graft, Have, Prune, Want, Word
from hansa.overlay.gossip_params import Params, Rank, Rate
from tests.attacks.specimens import scaled
from tests.overlay.alone import Alone
from tests.overlay.crowd import Crowd, Node, percentile, raw_word, size_of

CAPACITY = 50
BIG = 2**30
SMALL_NODE = Params(
    link=Rate(15, 30, BIG, BIG),
    all_links=Rate(30, 60, BIG, BIG),
    strangers=Rate(3, 6, BIG, BIG),
    judging_link=5,
)
"""What a node may set that looks at 50 words a second."""


def crowd() -> Crowd:
    made = Crowd(18, SMALL_NODE, capacity=CAPACITY, liars=(16, 17))
    made.weave(6)
    for liar in (16, 17):
        for victim in range(8):
            made.link(list(made.nodes)[liar], list(made.nodes)[victim + 4 * (liar - 16)])
    return made


def flood(made: Crowd, liar: Node, kind: str) -> None:
    """Sends each victim ten times what it can judge, as long as the crowd runs; a link that is ended is made anew."""
    victims = list(liar.peers)
    number = [0]
    known = made.honest[0].id

    def again() -> None:
        for victim in victims:
            if victim not in liar.peers:
                made.link(liar.id, victim)
            for _ in range(CAPACITY):
                number[0] += 1
                if kind == "forged":
                    raw = raw_word(known, number[0], signature="bad" + liar.id)
                else:
                    author = NodeId(f"did:key:zFresh{liar.id[-2:]}{number[0]}")
                    made.ranks[author] = Rank.STRANGER
                    raw = made.word(author, number[0])[1]
                made.send(liar, victim, Word(raw))
        made.at(100, again)

    made.at(0, again)


@pytest.mark.parametrize("kind", ["forged", "fresh keys"])
def test_a_flood_of_ten_times_the_capacity_neither_stops_nor_slows_honest_words(kind: str) -> None:
    words = scaled(40)
    calm = crowd()
    calm.talk(16, 100)
    before = calm.talk(words, 150, first=100)
    calm.run(3 * SECOND)
    made = crowd()
    made.talk(16, 100)
    for liar in list(made.nodes.values())[16:]:
        flood(made, liar, kind)
    said = made.talk(words, 150, first=100)
    made.run(3 * SECOND)
    assert made.share_delivered(said) >= 0.999
    assert percentile(made.delays(said), 0.99) <= 2 * percentile(calm.delays(before), 0.99)
    assert max(node.judged for node in made.honest) < 30 * CAPACITY, "a flood is dropped before it is judged"
    assert {whom for _, whom, _ in made.closed} == {node.id for node in made.nodes.values() if node.gossip is None}


def test_what_is_not_authenticated_is_amplified_threefold_at_most() -> None:
    alone = Alone(12)
    mallory, came, went = alone.peers[0], 0, 0
    frames = [
        *(Word(raw_word(NodeId("did:key:zNobody"), n, signature="bad")) for n in range(scaled(300))),
        *(Have(tuple(bytes([n % 250, k]) * 16 for k in range(20))) for n in range(scaled(50))),
        *(Want(tuple(bytes([k, n % 250]) * 16 for k in range(20))) for n in range(scaled(50))),
        *([Graft(), Prune(0)] * scaled(50)),
    ]
    for frame in frames:
        came += size_of(frame)
        went += sum(size_of(sent) for _, sent in alone.hears(mallory, frame).sends)
        went += sum(size_of(sent) for _, sent in alone.passes(20).sends)
    for _ in range(200):
        went += sum(size_of(sent) for _, sent in alone.passes(100).sends)
    assert went <= 3 * came


def test_a_word_is_served_to_a_neighbour_twice_at_most() -> None:
    alone = Alone(3)
    name = alone.good_word(alone.peers[1], 1)
    answers = [alone.hears(alone.peers[2], Want((name,))).sends for _ in range(5)]
    assert [len(one) for one in answers] == [1, 1, 0, 0, 0]


def test_one_key_has_no_more_passed_on_than_its_rank_allows_over_however_many_links() -> None:
    alone = Alone(12)
    author = NodeId("did:key:zEager")
    for number in range(60):
        alone.good_word(alone.peers[number % 12], number, author, Rank.STRANGER, missing_ok=True)
    allowed = Params().by_author[Rank.STRANGER].word_burst
    assert (alone.gossip.counters()["first"], alone.gossip.counters()["over_quota"]) == (allowed, 60 - allowed)


def test_all_strangers_together_have_no_more_passed_on_than_one_allowance() -> None:
    alone = Alone(12)
    for number in range(600):
        author = NodeId(f"did:key:zFresh{number}")
        alone.good_word(alone.peers[number % 12], number, author, Rank.STRANGER, missing_ok=True)
    counters = alone.gossip.counters()
    assert counters["first"] - counters.get("not_passed_on", 0) == Params().strangers.word_burst
    assert counters["over_quota"] == 600 - Params().strangers.word_burst


def test_a_link_is_looked_at_no_faster_than_its_pace_and_pays_for_more() -> None:
    alone = Alone(2)
    burst = Params().link.word_burst
    for number in range(burst + 500):
        alone.hears(alone.peers[0], Word(raw_word(NodeId("did:key:zSame"), 0, signature=str(number))))
    assert alone.gossip.counters()["over_quota"] >= 500
    assert alone.passes(SECOND).blames[0].what is Misdeed.FLOOD


def test_half_of_what_is_looked_at_is_out_of_strangers_reach() -> None:
    params = Params(strangers=Rate(BIG, BIG, BIG, BIG), all_links=Rate(1, 100, BIG, BIG))
    alone = Alone(12, params)
    friend = NodeId("did:key:zFriend")
    alone.good_word(alone.peers[0], 1_000, friend, Rank.KNOWN)
    for number in range(200):
        raw = raw_word(NodeId(f"did:key:zFresh{number}"), number)
        alone.hears(alone.peers[number % 12], Word(raw))
    assert len(alone.judges) == 1 + 49
    alone.good_word(alone.peers[3], 2, friend, Rank.KNOWN)
    assert alone.gossip.counters()["first"] == 2


def test_a_priority_that_a_message_claims_gives_it_nothing() -> None:
    plain, loud = Alone(4), Alone(4)
    for number in range(40):
        plain.good_word(plain.peers[0], number, NodeId("did:key:zA"), Rank.STRANGER, missing_ok=True)
        claim = raw_word(NodeId('did:key:zA","priority":"urgent'), number)
        loud.good_raw(loud.peers[0], claim, Rank.STRANGER, missing_ok=True)
    assert loud.gossip.counters()["over_quota"] == plain.gossip.counters()["over_quota"] == 30


def test_naming_somebody_else_as_author_uses_up_nothing_of_its_allowance() -> None:
    """What is charged to an author is charged once its signature is good."""
    alone = Alone(3)
    friend = NodeId("did:key:zFriend")
    alone.good_word(alone.peers[0], 1, friend, Rank.STRANGER)
    for number in range(4):
        raw = raw_word(friend, 10 + number, signature="bad")
        alone.hears(alone.peers[1], Word(raw))
        alone.refused(alone.peers[1], raw, Reason.FORGED)
    for number in range(20, 29):
        alone.good_word(alone.peers[0], number, friend, Rank.STRANGER)
    assert "not_passed_on" not in alone.gossip.counters()


def test_a_wrong_signature_over_the_same_payload_does_not_shut_the_good_word_out() -> None:
    alone = Alone(3)
    good, bad = raw_word(NodeId("did:key:zA"), 1), raw_word(NodeId("did:key:zA"), 1, signature="bad")
    assert envelope.id_of(good) == envelope.id_of(bad)
    assert len(alone.hears(alone.peers[0], Word(bad)).judges) == 1
    assert alone.hears(alone.peers[1], Word(good)).judges == [], "it waits behind the first"
    then = alone.refused(alone.peers[0], bad, Reason.FORGED)
    assert [judge.raw for judge in then.judges] == [good]
    assert alone.score(alone.peers[0]) < 0 == alone.score(alone.peers[1])
    assert len(alone.hears(alone.peers[2], Word(bad)).judges) == 0
    alone.accepted(alone.peers[1], good, Rank.KNOWN)
    assert alone.gossip.counters()["first"] == 1


def test_a_forged_word_does_not_end_the_wish_for_the_good_one() -> None:
    alone = Alone(3)
    good, bad = raw_word(NodeId("did:key:zA"), 1), raw_word(NodeId("did:key:zA"), 1, signature="bad")
    alone.hears(alone.peers[0], Have((alone.name(good),)))
    alone.hears(alone.peers[1], Word(bad))
    alone.refused(alone.peers[1], bad, Reason.FORGED)
    asked = [whom for whom, frame in alone.passes(SECOND).sends if isinstance(frame, Want)]
    assert asked == [alone.peers[0]]


def test_forged_words_end_the_link_and_calling_again_mends_nothing() -> None:
    alone = Alone(2)
    mallory = alone.peers[0]
    closes = []
    for number in range(6):
        raw = raw_word(NodeId("did:key:zA"), number, signature="bad")
        alone.hears(mallory, Word(raw))
        closes += alone.refused(mallory, raw, Reason.FORGED).closes
    assert [close.whom for close in closes] == [mallory]
    alone.gossip.lost(mallory, False, alone.now)
    alone.gossip.linked(mallory, Instant(alone.now + 1))
    assert alone.score(mallory) < 0
    assert alone.hears(mallory, Word(raw_word(NodeId("did:key:zA"), 99))).judges == []
    assert mallory not in alone.gossip.mesh()


def test_what_only_this_node_refuses_is_not_held_against_whoever_brought_it() -> None:
    alone = Alone(2)
    for number, reason in enumerate([Reason.BARRED, Reason.UNCONSTITUTIONAL, Reason.WRONG_SIGNER, Reason.NOT_OURS]):
        raw = raw_word(NodeId("did:key:zA"), number)
        alone.hears(alone.peers[0], Word(raw))
        alone.refused(alone.peers[0], raw, reason)
    assert alone.score(alone.peers[0]) == 0


def test_nothing_is_passed_on_for_the_barred_and_nothing_more_of_them_is_looked_at() -> None:
    alone = Alone(3)
    raw = raw_word(NodeId("did:key:zBad"), 1)
    alone.hears(alone.peers[0], Word(raw))
    done = alone.gossip.judged(alone.id(raw), alone.peers[0], Verdict.REJECT, Reason.BARRED, Rank.BARRED, alone.now)
    assert done.sends == []
    assert alone.hears(alone.peers[1], Word(raw_word(NodeId("did:key:zBad"), 2))).judges == []
