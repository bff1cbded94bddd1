"""Word that goes round: counted once, heard by whom it concerns, remembered for new neighbours while it is fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.identity import envelope
from hansa.identity.envelope import Signed, Verified
from hansa.kernel.errors import Fault, Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, Instant
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node import hearsay
from hansa.node.core import KINDS
from hansa.node.hearsay import Hearsay
from hansa.overlay.doing import Doing
from hansa.overlay.presence import PRESENCE, SUSPICION, Presence
from tests.attacks.specimens import key, reason
from tests.node.world import START, World, speak

VIA = NodeId("did:key:zNeighbour")
ALICE, BOB = key(1), key(2)


class Listener:
    """A node that hears presences and suspicions, and writes down what it heard."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, "memory")
        self.resident = self.world.settle("listener")
        self.core = self.resident.node.core
        self.heard: list[Verified] = []
        self.hearsay = Hearsay(self.core, {PRESENCE: self._presence, SUSPICION: self._broken}, frozenset({PRESENCE}))

    def _presence(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        parse(said.body, Presence)
        self.heard.append(said)
        return Doing()

    def _broken(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        raise Fault("the room fell down")

    def hear(self, signed: Signed) -> Verified:
        return self.hearsay.hear(signed.raw, VIA, Instant(7))[0]

    def counts(self) -> tuple[int, int, dict[Reason, int]]:
        counters = self.core.counters
        assert counters.balanced
        return counters.received, counters.admitted, dict(counters.refused)


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(tmp_path)


def presence(author=ALICE, number: int = 1, **header: object) -> Signed:
    return speak(author, PRESENCE, {"incarnation": number}, **{"seq": START + number, **header})


def test_a_word_is_counted_once_when_it_comes_and_once_when_its_fate_is_known(listener: Listener) -> None:
    for number in (1, 2, 2):
        listener.hear(presence(number=number))
    assert listener.counts() == (3, 3, {})
    assert [one.body["incarnation"] for one in listener.heard] == [1, 2, 2]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{}", Reason.BAD_ENVELOPE),
        (presence(network="elsewhere").raw, Reason.WRONG_NETWORK),
        (presence(created=START - 6 * MINUTE).raw, Reason.STALE),
        (speak(ALICE, PRESENCE, {"incarnation": -1}).raw, Reason.BAD_BODY),
    ],
    ids=str,
)
def test_what_is_refused_is_counted_once_and_heard_by_nobody(listener: Listener, raw: bytes, why: Reason) -> None:
    assert reason(listener.hearsay.hear, raw, VIA, Instant(7)) is why
    assert listener.counts() == (1, 0, {why: 1})
    assert listener.heard == []
    assert listener.hearsay.fresh() == []


def test_a_word_that_can_not_be_judged_now_is_counted_as_interrupted(listener: Listener) -> None:
    with pytest.raises(Fault):
        listener.hear(speak(ALICE, SUSPICION, {"whom": str(BOB.public.did), "incarnation": 1}))
    assert listener.counts() == (1, 0, {Reason.INTERRUPTED: 1})


def test_a_new_neighbour_is_told_the_last_word_of_each_author(listener: Listener) -> None:
    words = [presence(ALICE, 1), presence(ALICE, 3), presence(ALICE, 2), presence(BOB, 1)]
    for one in words:
        listener.hear(one)
    assert sorted(listener.hearsay.fresh()) == sorted([words[1].id, words[3].id])
    assert [listener.hearsay.word(one.id) for one in words] == [None, words[1].raw, None, words[3].raw]


def test_a_refused_word_does_not_replace_the_last_one(listener: Listener) -> None:
    good = presence(ALICE, 1)
    listener.hear(good)
    with pytest.raises(Refused):
        listener.hear(presence(ALICE, 2, expires=START))
    assert listener.hearsay.fresh() == [good.id]


def test_a_word_is_told_no_longer_than_it_is_fresh(listener: Listener) -> None:
    word = presence(created=START - MINUTE)
    listener.hear(word)
    listener.world.clock.advance(4 * MINUTE - 1)
    assert listener.hearsay.fresh() == [word.id]
    listener.world.clock.advance(1)
    assert listener.hearsay.fresh() == []


def test_what_is_not_repeated_is_not_remembered(listener: Listener) -> None:
    said = speak(ALICE, SUSPICION, {"whom": str(BOB.public.did), "incarnation": 1})
    listener.hearsay.remember(envelope.verify(said))
    assert listener.hearsay.fresh() == []
    assert listener.hearsay.word(said.id) is None


def test_the_nodes_own_word_is_told_too(listener: Listener) -> None:
    said = listener.core.seal(PRESENCE, {"incarnation": 1})
    listener.hearsay.remember(envelope.verify(said))
    assert listener.hearsay.fresh() == [said.id]


def test_only_so_many_words_are_remembered(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearsay, "MAX_FRESH", 3)
    words = [presence(key(number), 1) for number in range(1, 6)]
    for one in words:
        listener.hear(one)
    assert listener.hearsay.fresh() == [one.id for one in words[2:]]
    assert [listener.hearsay.word(one.id) for one in words[:2]] == [None, None]
    listener.hear(presence(key(3), 2))
    assert len(listener.hearsay.fresh()) == 3


def test_every_kind_that_goes_round_is_heard_by_the_overlay(tmp_path: Path) -> None:
    from tests.node.ways import SPREAD, words_of_every_kind

    listener = Listener(tmp_path)
    assert tuple(kind for kind, freshness in KINDS.items() if freshness == "spread") == SPREAD
    assert tuple(words_of_every_kind(listener.resident)) == SPREAD
    assert [kind in listener.hearsay for kind in (PRESENCE, "skill", "hello")] == [True, False, False]
