"""Attack 43: grey holes, censors, sybils at a cold boot, and the covert flash.

Passes when, with four sybils to each honest node, all honest messages reach all honest nodes; when a silent peer is out
of the mesh within 120 seconds; and when a flash attack, by sybils that served well until then, is recovered from within
120 seconds. GHSA-77r2-q4c3-v635: who never forwards anything never has a positive score.
"""

from __future__ import annotations

import pytest

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.overlay.doing import Misdeed
from hansa.overlay.frames import AnyFrame, Graft, Have, Want, Word, digest
from hansa.overlay.gossip_params import Params, Rank
from tests.attacks.specimens import scaled
from tests.overlay.alone import Alone
from tests.overlay.crowd import Crowd, Node, percentile, raw_word

HONEST, SYBILS = 12, 48


def say_nothing(crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
    """The silent sybil."""


def name_and_hold_back(crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
    """Names all that it hears of, at once, to everybody; never sends it."""
    ids: tuple[bytes, ...] = ()
    if isinstance(frame, Word) and frame.raw in crowd.good:
        ids = (digest(crowd.good[frame.raw][0]),)
    elif isinstance(frame, Have):
        ids = frame.ids
    fresh = tuple(one for one in ids if one not in me.taken)
    if fresh:
        me.taken.update(dict.fromkeys(fresh, 0))  # type: ignore[arg-type]
        for peer in list(me.peers):
            crowd.send(me, peer, Have(fresh))


class Relays:
    """Passes everything on at once, the quickest of all, until the flash; then nothing."""

    def __init__(self) -> None:
        self.until: Instant | None = None

    def __call__(self, crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
        if self.until is not None and crowd.now >= self.until:
            return
        if isinstance(frame, Word) and frame.raw in crowd.good:
            id_ = crowd.good[frame.raw][0]
            if id_ not in me.taken:
                me.taken[id_] = crowd.now
                for peer in list(me.peers):
                    if peer != source:
                        crowd.send(me, peer, Word(frame.raw, frame.hops + 1))
        elif isinstance(frame, Have):
            ids = tuple(one for one in frame.ids if one.hex() not in me.taken)
            if ids:
                crowd.send(me, source, Want(ids))


def surrounded(lie: object, sybils_first: bool) -> Crowd:
    """Returns 12 honest nodes with a few links among them, each called by all sybils but a few, and dialling some."""
    made = Crowd(HONEST + SYBILS, liars=range(HONEST, HONEST + SYBILS), lie=lie)  # type: ignore[arg-type]
    ids = list(made.nodes)
    if not sybils_first:
        made.weave(4)
    for place, sybil in enumerate(ids[HONEST:]):
        for number in range(HONEST):
            if (place + number) % 3:
                dialled = (place + number) % 9 == 1
                made.link(*((ids[number], sybil) if dialled else (sybil, ids[number])))
    if sybils_first:
        made.weave(4)
    return made


def sybils_in_meshes(made: Crowd) -> int:
    return sum(peer not in honest_ids(made) for node in made.honest if node.gossip for peer in node.gossip.mesh())


def honest_ids(made: Crowd) -> set[NodeId]:
    return {node.id for node in made.honest}


@pytest.mark.parametrize("sybils_first", [False, True], ids=["joined later", "cold boot"])
@pytest.mark.parametrize("lie", [say_nothing, name_and_hold_back])
def test_all_honest_words_reach_all_honest_nodes_among_four_times_as_many_sybils(
    lie: object, sybils_first: bool
) -> None:
    made = surrounded(lie, sybils_first)
    said = made.talk(scaled(40), 500)
    made.run(30 * SECOND)
    assert made.share_delivered(said) == 1.0
    assert percentile(made.delays(said), 0.99) <= 10 * SECOND


def test_silent_neighbours_are_out_of_all_meshes_within_120_seconds() -> None:
    made = surrounded(say_nothing, sybils_first=True)
    assert sybils_in_meshes(made) > 0
    said = made.talk(60, SECOND)
    made.run(60 * SECOND)
    assert sybils_in_meshes(made) == 0
    assert made.share_delivered(said) == 1.0
    for node in made.honest:
        assert node.gossip is not None
        for peer in node.peers:
            assert node.gossip.score(peer) >= 0 if peer in honest_ids(made) else node.gossip.score(peer) <= 0
    assert {about for _, name, about in made.events if name == "neighbour_silent"} == set(made.nodes) - honest_ids(made)


def test_a_flash_after_good_service_is_recovered_from_within_120_seconds() -> None:
    relays = Relays()
    made = surrounded(relays, sybils_first=True)
    calm = made.talk(60, SECOND)
    assert made.share_delivered(calm[:-3]) == 1.0
    assert sybils_in_meshes(made) > 0
    relays.until = made.now
    during = made.talk(60, SECOND, first=100)
    made.run(60 * SECOND)
    assert made.share_delivered(during) == 1.0
    assert sybils_in_meshes(made) == 0
    after = made.talk(20, SECOND, first=200)
    made.run(5 * SECOND)
    assert made.share_delivered(after) == 1.0
    assert percentile(made.delays(after), 0.99) <= 2 * percentile(made.delays(calm), 0.99) + SECOND


def test_who_never_brings_anything_never_has_a_positive_score() -> None:
    alone = Alone(4)
    for number in range(200):
        alone.hears(alone.peers[1], Have((alone.good_word(alone.peers[0], number),)))
        alone.passes(500)
        assert alone.score(alone.peers[1]) <= 0
        assert alone.score(alone.peers[2]) <= 0
    assert alone.score(alone.peers[0]) > 0


def test_time_in_the_mesh_and_past_service_do_not_outweigh_silence() -> None:
    alone = Alone(4)
    for number in range(100):
        alone.good_word(alone.peers[1], number)
        alone.passes(500)
    assert alone.score(alone.peers[1]) > 40
    for number in range(100, 200):
        alone.good_word(alone.peers[0], number)
        alone.passes(SECOND)
    assert alone.score(alone.peers[1]) < 0
    assert alone.peers[1] not in alone.gossip.mesh()


def test_who_names_and_does_not_send_is_blamed_and_others_are_asked() -> None:
    alone = Alone(4)
    name = b"\x07" * 32
    for peer in alone.peers:
        alone.hears(peer, Have((name,)))
    done = alone.passes(10 * SECOND)
    asked = [whom for whom, frame in done.sends if isinstance(frame, Want)]
    assert set(asked) == set(alone.peers)
    assert {blame.what for blame in done.blames} == {Misdeed.SILENT}


def test_who_brings_nothing_is_blamed_once_a_second_however_much_it_named() -> None:
    """Else a neighbour that has no processor time for some seconds would lose its link, and an hour's good name."""
    alone = Alone(1)
    alone.hears(alone.peers[0], Have(tuple(bytes([number]) * 32 for number in range(200))))
    blames = alone.passes(20 * SECOND).blames
    assert 3 <= len(blames) <= 20
    assert {(blame.what, blame.count) for blame in blames} == {(Misdeed.SILENT, 1)}


def test_who_is_slow_and_brings_some_of_what_it_was_asked_for_is_not_blamed() -> None:
    alone = Alone(1)
    words = [raw_word(alone.peers[0], number) for number in range(100)]
    alone.hears(alone.peers[0], Have(tuple(map(alone.name, words))))
    blames = []
    for raw in words[:40]:
        blames += alone.passes(500).blames
        alone.good_raw(alone.peers[0], raw, Rank.KNOWN)
    assert not blames


def test_who_was_asked_twice_and_answers_twice_has_sent_nothing_again() -> None:
    alone = Alone(1)
    raw = raw_word(alone.peers[0], 1)
    alone.hears(alone.peers[0], Have((alone.name(raw),)))
    asked = [frame for _, frame in alone.passes(10 * SECOND).sends if isinstance(frame, Want)]
    assert len(asked) >= 2
    alone.good_raw(alone.peers[0], raw, Rank.KNOWN)
    assert not alone.hears(alone.peers[0], Word(raw)).blames
    assert [blame.what for blame in alone.hears(alone.peers[0], Word(raw)).blames] == [Misdeed.REPLAY]


def test_liars_that_name_a_word_first_cannot_crowd_out_the_honest_neighbour() -> None:
    alone = Alone(40)
    raw = raw_word(alone.peers[39], 1)
    for peer in alone.peers:
        alone.hears(peer, Have((alone.name(raw),)))
    asked: list[NodeId] = []
    for _ in range(100):
        asked += [whom for whom, frame in alone.passes(100).sends if isinstance(frame, Want)]
    assert alone.peers[39] in asked


def test_callers_cannot_take_the_places_that_are_kept_for_dialled_neighbours() -> None:
    params = Params()
    alone = Alone(40)
    for peer in alone.peers:
        alone.hears(peer, Graft())
    assert len(alone.gossip.mesh()) == params.eager_max - params.eager_dialled
    dialled = NodeId("did:key:zDialled")
    alone.gossip.linked(dialled, alone.now, dialled=True)
    alone.hears(dialled, Graft())
    assert dialled in alone.gossip.mesh()


def test_own_words_go_to_all_good_neighbours_while_some_hold_words_back() -> None:
    alone = Alone(12)
    own = raw_word(NodeId("did:key:zOther"), 1)
    before = alone.gossip.spread(alone.id(own), own, Rank.KNOWN, alone.now)
    assert len(before.sends) < 12
    for number in range(30):
        name = alone.good_word(alone.peers[0], number)
        for peer in alone.peers[1:6]:
            alone.hears(peer, Have((name,)))
        alone.passes(SECOND)
    again = raw_word(NodeId("did:key:zOther"), 2)
    sent = alone.gossip.spread(alone.id(again), again, Rank.KNOWN, alone.now).sends
    good = [peer for peer in alone.peers if alone.score(peer) >= 0]
    assert good == alone.peers[:6]
    assert [whom for whom, _ in sent] == good
