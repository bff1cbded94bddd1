"""One `Gossip` and its neighbours, driven by hand: whatever they say is put in, whatever it does is looked at."""

from __future__ import annotations

from hansa.identity import envelope
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason, Verdict
from hansa.overlay.doing import Doing, Judge
from hansa.overlay.frames import AnyFrame, Word, digest
from hansa.overlay.gossip import Gossip
from hansa.overlay.gossip_params import Params, Rank
from tests.overlay.crowd import START, node_id, raw_word


class Alone:
    """A node with some neighbours, all of which called in, unless `dialled` says how many of the first it dialled."""

    def __init__(self, count: int, params: Params | None = None, dialled: int = 0) -> None:
        self.now = START
        self.held: dict[ContentId, bool] = {}
        self.gossip = Gossip(node_id(999), params or Params(), Rng(1), held=self.held.__contains__)
        self.peers = [node_id(number) for number in range(count)]
        self.judges: list[Judge] = []
        for number, peer in enumerate(self.peers):
            self.gossip.linked(peer, self.now, dialled=number < dialled)

    def hears(self, peer: NodeId, frame: AnyFrame) -> Doing:
        doing = self.gossip.heard(peer, frame, self.now)  # type: ignore[arg-type]
        self.judges += doing.judges
        return doing

    def passes(self, milliseconds: int) -> Doing:
        """Time passes, in ticks."""
        doing = Doing()
        end = self.now + milliseconds
        while self.now < end:
            self.now = Instant(min(end, self.now + 100))
            doing.add(self.gossip.tick(self.now))
        return doing

    def good_word(
        self,
        peer: NodeId,
        number: int,
        author: NodeId = NodeId("did:key:zAuthor"),  # noqa: B008 - a name
        rank: Rank = Rank.KNOWN,
        missing_ok: bool = False,
    ) -> bytes:
        """A neighbour brings a word that is accepted; returns its name."""
        return self.good_raw(peer, raw_word(author, number), rank, missing_ok)

    def good_raw(self, peer: NodeId, raw: bytes, rank: Rank, missing_ok: bool = False) -> bytes:
        judged = self.hears(peer, Word(raw)).judges
        assert judged or missing_ok
        if judged:
            self.accepted(peer, raw, rank)
        return self.name(raw)

    def accepted(self, peer: NodeId, raw: bytes, rank: Rank, topic: str = "") -> Doing:
        return self.gossip.judged(self.id(raw), peer, Verdict.ACCEPT, None, rank, self.now, topic)

    def refused(self, peer: NodeId, raw: bytes, reason: Reason) -> Doing:
        doing = self.gossip.judged(self.id(raw), peer, reason.verdict, reason, Rank.STRANGER, self.now)
        self.judges += doing.judges
        return doing

    def score(self, peer: NodeId) -> int:
        return self.gossip.score(peer)

    def id(self, raw: bytes) -> ContentId:
        found = envelope.id_of(raw)
        assert found is not None
        return found

    def name(self, raw: bytes) -> bytes:
        return digest(self.id(raw))
