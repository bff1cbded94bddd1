"""Every way into a node, as one thing: what an attacker has made is put through each of them.

HTTP (the single and the bulk door), the import of a file, the feed of a source that the node subscribed to and that
serves whatever it is told to, and a link of the overlay with a neighbour that says what it likes. What came in by none
of them leaves `snapshot` as it was.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hansa.adapters.keys import MemoryKeys
from hansa.identity import envelope
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId, NodeId, chain, content_id
from hansa.kernel.instant import DAY, MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.market.lease import Ask, Lease
from hansa.market.lease_states import State
from hansa.market.model import Window
from hansa.node.network import Network
from hansa.node.overlay_parts import make_parts
from hansa.node.overlay_settings import OverlaySettings
from hansa.node.ports import Answer, SkillFilter
from hansa.node.subscribing import FeedPage
from hansa.node.taking import FeedItem
from hansa.overlay import frames
from hansa.skills.messages import evidence_body, skill_body, tombstone_body
from hansa.skills.model import Evidence, Outcome
from hansa.swarm.params import Params as TaskParams
from tests.node.world import DOUBLE, HARNESS, SLUG, START, Resident, World, skill_message, speak, true_claim

WAYS = ("http", "bulk", "file", "feed", "link")
DOORS = tuple(way for way in WAYS if way != "link")
SPREAD = (
    "presence", "suspicion", "links", "arrived", "notice", "noticed", "offers", "requests", "work", "worked",
    "capability", "task", "task_said", "task_stop",
)  # fmt: skip
"""Kinds that go round over links, are taken at no door, and are kept nowhere."""
BLAMED = frozenset(
    {
        "too_large", "too_deep", "too_many_keys", "not_json", "not_canonical",
        "bad_envelope", "bad_key", "unsigned", "forged", "wrong_network", "bad_body",
    }
)  # fmt: skip
"""What a neighbour is blamed for: faults that whoever passes a word on sees as well."""
DIGEST = content_id(b"specimen")
TARGET = MemoryKeys(hashlib.sha256(b"target").digest()).node_id
"""The node under attack, in each world."""


class Target:
    """A node that takes pushes from invited authors and subscribes to a source of the attacker's.

    Attributes:
        node: the node under attack.
        author: an honest author, invited, whose skill SLUG the node holds.
        publication: the message in which that skill came.
        finding: the author's own evidence about it.
    """

    def __init__(self, world: World, role: str = "node") -> None:
        self.world = world
        self.node = world.settle("target", role)
        self.author = world.settle("author")
        self.liar = world.settle("liar", "hub")
        world.invite(self.node, self.author, self.liar)
        self.lend(self.author.id)
        self.serve_tasks()
        self.publication = skill_message(self.author.key, SLUG)
        self.finding = speak(self.author.key, "evidence", _finding(SLUG.id))
        self._files = 0

    def lend(self, borrower: NodeId) -> None:
        """Gives somebody a lease, whose id is `DIGEST`."""
        market = self.node.node.market
        market.lent.open(lambda _, __: None)
        window = Window(START, Instant(START + DAY))
        ask = Ask(DIGEST, DIGEST, borrower, Resource.COMPUTATIONAL_POWER, 1000, 0, window)
        market.lender.book.keep(Lease(ask, 1, State.ACTIVE, START))

    def serve_tasks(self) -> None:
        """Has the node do tasks of those that it invited."""
        serving = self.node.node.swarm.serving
        serving.params, serving.ready = TaskParams(serve=True), True
        serving.open(lambda _, __: None)

    @classmethod
    async def ready(cls, world: World, role: str = "node") -> Target:
        """Returns a target that holds one skill and has one subscription."""
        target = cls(world, role)
        for message in (target.publication, target.finding):
            assert await target.push("http", message.raw) == "taken"
        await target.node.subscribe(target.liar)
        return target

    @classmethod
    async def fresh(cls, folder: Path, role: str = "node") -> Target:
        """Returns a target that is ready, in a world in memory."""
        return await cls.ready(World(folder, "memory"), role)

    async def push(self, way: str, raw: bytes) -> str:
        """Puts one message through a way; returns "taken" or the reason's code."""
        (fate,) = await self.push_all(way, [raw])
        return fate

    async def push_all(self, way: str, raws: Sequence[bytes]) -> list[str]:
        """Puts messages through a way; returns "taken" or the reason's code for each."""
        ways = {"http": self._http, "bulk": self._bulk, "file": self._file, "feed": self._feed, "link": self._link}
        return await ways[way](raws)

    async def _http(self, raws: Sequence[bytes]) -> list[str]:
        fates = []
        async with self.node.http() as http:
            for raw in raws:
                answer = await http.post(self._path(raw), content=raw)
                told = answer.json() if answer.headers["content-type"] == "application/json" else {}
                assert answer.status_code < 500, (answer.status_code, told)
                fates.append("taken" if answer.status_code in (200, 201) else told["reason"])
        return fates

    @staticmethod
    def _path(raw: bytes) -> str:
        """Returns the door that a message is meant for; whatever is not a greeting goes to /records."""
        try:
            kind = json.loads(base64.b64decode(json.loads(raw)["payload"]))["kind"]
        except Exception:
            return "/skills"
        return "/hello" if kind == "hello" else "/records"

    async def _bulk(self, raws: Sequence[bytes]) -> list[str]:
        fates = []
        async with self.node.http() as http:
            for raw in raws:
                if b"\n" in raw.strip() or not raw.strip():
                    fates.append("not_json")  # more than one line, or none, is not one message at this door
                    continue
                answer = await http.post("/skills/bulk", content=raw)
                if answer.status_code == 413:
                    fates.append("too_large")
                    continue
                (told,) = answer.json()["answers"]
                fates.append("taken" if told["status"] == 201 else told["reason"])
        return fates

    async def _file(self, raws: Sequence[bytes]) -> list[str]:
        fates = []
        for raw in raws:
            self._files += 1
            path = self.world.folder / f"import-{self._files}"
            path.write_bytes(raw)
            told = (await self.node.ask("skill.import", path=str(path))).value
            fates += (
                ["taken"] * len(told["taken"] + told["keys"])
                or [one["reason"] for one in told["already_here"] + told["refused"]][:1]
                or ["not_json"]
            )
        return fates

    async def _feed(self, raws: Sequence[bytes]) -> list[str]:
        fates: list[str] = []
        for raw in raws:
            served = raw.decode("utf-8", "replace")
            self.serve([served])
            pulled = await self.node.pull(self.liar)
            fates += [one.reason.code if one.reason else "taken" for one in pulled]
        return fates

    async def _link(self, raws: Sequence[bytes]) -> list[str]:
        """Has a neighbour bring each word over a link; the test fails when it is blamed wrongly, or wrongly is not.

        The overlay is a fresh one for each word: what it remembers of words and neighbours decides nothing here.
        """
        fates = []
        for raw in raws:
            core, peer = self.node.node.core, self.liar.id
            parts = make_parts(core, OverlaySettings(), Rng(1))
            network = Network(core, self.node.node.inbox, Cut(), parts, OverlaySettings(), Rng(2))
            network.linked(peer, "test://liar", dialled=False)
            before = Counter(core.counters.refused), core.counters.admitted
            network.heard(peer, frames.encode(frames.Word(raw)))
            if network.words._worker is not None:
                await network.words._worker
            counted = parts.gossip.counters()
            fates.append(self._fate(raw, *before))
            blames = counted.get("invalid", 0) + counted.get("broken", 0)
            assert blames == (fates[-1] in BLAMED), (fates[-1], blames)
        return fates

    def _fate(self, raw: bytes, refused: Counter[Reason], admitted: int) -> str:
        """Returns what became of the one message since these counts; why, of what gossip took for no envelope."""
        core = self.node.node.core
        fates = [*(core.counters.refused - refused).elements(), *["taken"] * (core.counters.admitted - admitted)]
        assert core.counters.balanced and len(fates) <= 1, fates
        if not fates:
            with pytest.raises(Refused) as caught:
                envelope.read(raw, core.settings.limits)
            return caught.value.reason.code
        return fates[0].code if isinstance(fates[0], Reason) else fates[0]

    def serve(self, envelopes: Sequence[str]) -> None:
        """Has the source's feed go on with these, under an index that it signs and that adds up."""
        (mark,) = (one for one in self.node.store.subscriptions() if one.url == self.liar.url)
        items, length, head = [], mark.length, mark.head
        for text in envelopes:
            length, id_ = length + 1, _name(text.encode())
            head = chain(head, id_)
            items.append(FeedItem(length, id_, text))
        index = self.liar.say("index", {"length": length, "head": head}, expires=self.world.clock.now() + MINUTE)
        page = msgspec.json.encode(FeedPage(index.raw.decode(), items))
        self.world.net.twists[self.liar.url] = lambda method, path, answer: (
            Answer(200, page) if path.startswith("/feed") else answer
        )

    def snapshot(self) -> tuple[Any, ...]:
        """Returns what the node holds, but for its journal, its counters and how far it has walked feeds."""
        store = self.node.store
        return (
            store.skills(SkillFilter()),
            store.records_about(SLUG.id),
            store.evidence(SLUG.id),
            store.ledger(),
            store.tombstones(),
            store.feed_mark(),
            store.outbox(),
            store.peers(),
        )


class Cut:
    """Implements `node.transport.Transport`: a transport that carries nothing away and brings nothing."""

    name = "test"
    addresses = ()

    def speaks(self, url: str) -> bool:
        return False

    async def start(self, listener: object) -> None: ...

    async def dial(self, url: str, whom: NodeId | None = None) -> NodeId:
        raise Unavailable(f"nobody answers at {url}")

    def send(self, peer: NodeId, data: bytes) -> bool:
        return True

    def queued(self, peer: NodeId) -> int:
        return 0

    async def close(self, peer: NodeId, reason: Reason | None = None) -> None: ...

    async def stop(self) -> None: ...


def _name(raw: bytes) -> ContentId:
    try:
        return envelope.read(raw).id
    except Refused:
        return content_id(raw)


def _finding(skill: str) -> dict[str, Any]:
    return evidence_body(Evidence(ContentId(skill), "", HARNESS, "table", Outcome.PASS, 5, 5, 5, 5, DIGEST))


def messages_of_every_kind(
    author: Resident, skill: str, claim: str, finding: str = DIGEST
) -> dict[str, envelope.Signed]:
    """Returns one good message of each kind that can be pushed, about a skill that is held, all by one author.

    Args:
        claim: id of the message in which the author passed that skill on.
        finding: id of the author's evidence about it.
    """
    receipt = {"dealing": "skill_reproved", "subject": author.id, "skill": skill, "records": [claim, finding]}
    bodies: dict[str, Any] = {
        "skill": skill_body(DOUBLE, true_claim()),
        "evidence": _finding(skill),
        "receipt": receipt,
        "tombstone": tombstone_body(ContentId(skill), "withdrawn"),
        "hello": {"versions": ["1.0"], "name": "author", "role": "node", "skills": 0},
    }
    return {kind: speak(author.key, kind, body, created=START) for kind, body in bodies.items()}


def words_of_every_kind(author: Resident, **header: Any) -> dict[str, envelope.Signed]:
    """Returns one good word of each kind that goes round, all by one author."""
    link = {"whom": str(author.id), "latency_ms": 12, "bandwidth": 1_000_000, "utilisation": 250}
    bodies: dict[str, Any] = {
        "presence": {"incarnation": 1, "addresses": ["test://author"]},
        "suspicion": {"whom": str(author.id), "incarnation": 1},
        "links": {"links": [link]},
        "arrived": {"packet": "0" * 32, "envelope": DIGEST},
        "notice": {"type": "threat_alert", "payload": {"skill": SLUG.id}},
        "noticed": {"to": DIGEST},
        "offers": {"offers": []},
        "requests": {"requests": []},
        "work": {"lease": DIGEST, "fence": 1, "skill": SLUG.id, "trials": 1, "seed": 1},
        "worked": {
            "skill": DIGEST,
            "harness": "h",
            "sandbox": "s",
            "outcome": "fail",
            "trials": 0,
            "successes": 0,
            "passed": 0,
            "total": 0,
            "digest": DIGEST,
            "work": DIGEST,
            "lease": DIGEST,
            "fence": 1,
            "digests": [],
            "memory_bytes": 1,
            "wall_ms": 1,
            "used_ms": 0,
        },
        "capability": {"capabilities": [{"name": "git"}]},
        "task": {
            "kind": "query",
            "nonce": "0" * 32,
            "path": [str(author.id)],
            "within_ms": 1_000,
            "work_ms": 1_000,
            "query": {"intent": "x"},
        },
        "task_said": {"task": DIGEST, "state": "accepted"},
        "task_stop": {"task": DIGEST},
    }
    assert tuple(bodies) == SPREAD
    to = {"work": {"recipient": TARGET}, "task": {"recipient": TARGET}}
    return {
        kind: speak(author.key, kind, body, **{"created": START, **to.get(kind, {}), **header})
        for kind, body in bodies.items()
    }
