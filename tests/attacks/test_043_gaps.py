"""Attack 43: neighbours that leave words out, to be taken for bad links; that name and hold back; that send twice.

Passes when liars on a sixth of the places, whatever of this they do, with every tenth frame lost or none, keep no word
from an honest node, have it come to nobody more than 2.5 times on average, and have no honest link ended.
"""

from __future__ import annotations

import pytest

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND
from hansa.overlay.frames import AnyFrame, Have, Want, Word, digest
from hansa.overlay.gossip_params import Params
from tests.attacks.specimens import scaled
from tests.overlay.alone import Alone
from tests.overlay.crowd import Crowd, Node

HONEST, LIARS = 50, 10


def heard(crowd: Crowd, me: Node, frame: AnyFrame) -> tuple[bytes, ...]:
    """Returns the names of words that are new to a liar; it takes all that it can get."""
    ids: tuple[bytes, ...] = ()
    if isinstance(frame, Word) and frame.raw in crowd.good:
        ids = (digest(crowd.good[frame.raw][0]),)
    elif isinstance(frame, Have):
        ids = frame.ids
    fresh = tuple(one for one in ids if one not in me.taken)
    me.taken.update(dict.fromkeys(fresh, 0))  # type: ignore[arg-type]
    return fresh


def leaves_gaps(crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
    """Names three words of four, to everybody; answers no question."""
    named = tuple(one for one in heard(crowd, me, frame) if one[0] % 4)
    if named:
        for peer in list(me.peers):
            crowd.send(me, peer, Have(named))


def names_and_holds_back(crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
    """Names every word at once, to be asked for it; answers no question."""
    if named := heard(crowd, me, frame):
        for peer in list(me.peers):
            crowd.send(me, peer, Have(named))


def sends_twice(crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
    """Sends what it is pushed on to everybody, twice."""
    if isinstance(frame, Word) and heard(crowd, me, frame):
        for peer in list(me.peers):
            for _ in range(2):
                crowd.send(me, peer, Word(frame.raw, 1))


def misses_all(crowd: Crowd, me: Node, source: NodeId, frame: AnyFrame) -> None:
    """Asks everybody for every word, to be pushed the next by all."""
    if isinstance(frame, Have):
        crowd.send(me, source, Want(frame.ids))


@pytest.mark.parametrize("loss", [0.0, 0.1])
@pytest.mark.parametrize("lie", [leaves_gaps, names_and_holds_back, sends_twice, misses_all])
def test_liars_can_neither_keep_words_from_the_honest_nor_have_them_come_many_times(lie: object, loss: float) -> None:
    made = Crowd(HONEST + LIARS, loss=loss, liars=range(HONEST, HONEST + LIARS), lie=lie)  # type: ignore[arg-type]
    made.weave(10, among=list(made.nodes.values()))
    speakers = made.honest[:5]
    made.talk(60, 300, among=speakers)
    made.run(12 * SECOND)
    for node in made.honest:
        node.copies = 0
    said = made.talk(scaled(20), 300, first=100, among=speakers)
    made.run(20 * SECOND)
    honest = {node.id for node in made.honest}
    assert made.share_delivered(said) == 1.0
    assert sum(node.copies for node in made.honest) <= 2.5 * len(said) * HONEST
    assert not [whom for _, whom, _ in made.closed if whom in honest]


def test_gaps_make_a_node_ask_sooner_and_never_for_what_is_here() -> None:
    alone = Alone(6)
    for number in range(24):
        name = alone.good_word(alone.peers[0], number)
        for peer in alone.peers[1:]:
            if number % 4:
                alone.hears(peer, Have((name,)))
        alone.passes(200)
    alone.passes(Params().audit_window + 2 * SECOND)
    assert alone.gossip.counters()["lossy"] == 1
    for number in range(100, 120):
        name = alone.good_word(alone.peers[0], number)
        done = [alone.hears(peer, Have((name,))) for peer in alone.peers[1:]]
        for doing in (*done, alone.passes(2 * SECOND)):
            assert not [frame for _, frame in doing.sends if isinstance(frame, Want)]
