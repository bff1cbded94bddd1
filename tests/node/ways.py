"""Every way into a node, as one thing: what an attacker has made is put through each of them.

HTTP (the single and the bulk door), the import of a file, and the feed of a source that the node subscribed to and that
serves whatever it is told to. What came in by none of them leaves `snapshot` as it was.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hansa.identity import envelope
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, chain, content_id
from hansa.kernel.instant import MINUTE
from hansa.node.ports import Answer, SkillFilter
from hansa.node.subscribing import FeedPage
from hansa.node.taking import FeedItem
from hansa.skills.messages import evidence_body, skill_body, tombstone_body
from hansa.skills.model import Evidence, Outcome
from tests.node.world import DOUBLE, HARNESS, SLUG, START, Resident, World, skill_message, speak, true_claim

WAYS = ("http", "bulk", "file", "feed")
DIGEST = content_id(b"specimen")


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
        self.publication = skill_message(self.author.key, SLUG)
        self.finding = speak(self.author.key, "evidence", _finding(SLUG.id))
        self._files = 0

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
        return await {"http": self._http, "bulk": self._bulk, "file": self._file, "feed": self._feed}[way](raws)

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
