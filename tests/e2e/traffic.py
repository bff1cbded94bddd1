"""Signed records for a hub, more than it can take in, and connections that push them and note what was acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from hansa.identity.envelope import Signed, seal, seal_batch
from hansa.kernel.ids import ContentId, content_id
from hansa.skills.messages import EVIDENCE, SKILL, TOMBSTONE, evidence_body, skill_body, tombstone_body
from hansa.skills.model import Case, Cases, Claim, Evidence, Outcome, Result, Skill, Step
from tests.attacks.specimens import header, key

AUTHORS = [key(number) for number in range(1, 7)]
CONNECTIONS = 6
STOCK = 120
BULK = 100
TAKEN, STOPPING = 201, 503
BULKS_AT = "/skills/bulk"


@dataclass(frozen=True, slots=True)
class Post:
    """A request that brings records; `records` in the order of its lines."""

    path: str
    records: tuple[Signed, ...]

    @property
    def data(self) -> bytes:
        """The bytes to send."""
        body = b"\n".join(one.raw for one in self.records)
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"Content-Type: application/json\r\n\r\n" + body


def a_skill(number: int) -> Skill:
    """Returns the skill number `number`."""
    result = Result("text/x-python", f"def times_{number}(x):\n    return {number} * x\n", f"times_{number}")
    checks = (Cases((Case("(2,)", str(2 * number)),)),)
    step = Step(step=1, action="Multiply it.")
    return Skill(f"Multiply a number by {number}.", (step,), result, checks, license="MIT", tags=("arithmetic",))


class Stock:
    """Requests yet to be sent: single records, bulks, and bulks under one signature, of several authors and kinds.

    Attributes:
        base: what must be there before the rest: the skills that findings are about.
    """

    def __init__(self, random: Random) -> None:
        """Begins with nothing but the base; everything follows from `random`."""
        self._random = random
        self._numbers = count(1)
        self._skills = [a_skill(number) for number in range(1, 6)]
        self._alive: list[tuple[int, ContentId]] = []  # skills that may be taken back, and by which author
        self._waiting: deque[Post] = deque()
        self.base = Post(BULKS_AT, tuple(self._skill(0, skill) for skill in self._skills))

    def fill(self) -> None:
        """Makes as many requests as should wait."""
        while len(self._waiting) < STOCK:
            self._waiting.append(self._post())

    def next(self) -> Post | None:
        """Returns the next request; None when all are used up."""
        return self._waiting.popleft() if self._waiting else None

    def _post(self) -> Post:
        author, size = self._random.randrange(len(AUTHORS)), self._random.randrange(2, BULK + 1)
        match self._random.randrange(20):
            case 0 | 1:
                return Post(BULKS_AT, tuple(self._finding(self._random.randrange(len(AUTHORS))) for _ in range(size)))
            case 2 | 3:
                return Post(BULKS_AT, tuple(seal_batch([self._about(author) for _ in range(size)], [AUTHORS[author]])))
            case 4:
                skills = [(author, a_skill(next(self._numbers) + 1000)) for _ in range(3)]
                self._alive += [(author, skill.id) for _, skill in skills]
                return Post(BULKS_AT, tuple(self._skill(author, skill) for author, skill in skills))
            case 5 if self._alive:
                author, id_ = self._alive.pop(0)
                return Post("/records", (self._sealed(author, TOMBSTONE, tombstone_body(id_, "no good")),))
        return Post("/records", (self._finding(author),))

    def _skill(self, author: int, skill: Skill) -> Signed:
        return self._sealed(author, SKILL, skill_body(skill, Claim(confidence=900_000, trials=35, harness="cpython")))

    def _finding(self, author: int) -> Signed:
        return seal(*self._about(author), [AUTHORS[author]])

    def _about(self, author: int) -> tuple[Any, Any]:
        number = next(self._numbers)
        found = Evidence(
            skill=self._random.choice(self._skills).id, prover=AUTHORS[author].public.did, harness="cpython-3.11",
            sandbox="none", outcome=Outcome.PASS, trials=35, successes=35, passed=105, total=105,
            digest=content_id(b"%d" % number), at=0,
        )  # fmt: skip
        return header(AUTHORS[author], kind=EVIDENCE, seq=number, network="hansa"), evidence_body(found)

    def _sealed(self, author: int, kind: str, body: Any) -> Signed:
        head = header(AUTHORS[author], kind=kind, seq=next(self._numbers), network="hansa")
        return seal(head, body, [AUTHORS[author]])


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """Reads an answer; raises when the connection ends before it does."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
    return int(head[9:12]), json.loads(await reader.readexactly(length))


@dataclass
class Pushed:
    """What became of what was sent.

    Attributes:
        sent: every record of which a byte may have left, by its id.
        told: ids of those that were acknowledged.
        shown: the feed as a reader saw it meanwhile, from the place on where it began.
        may_refuse: the hub will be asked to stop, and may then refuse what it is sent.
    """

    sent: dict[str, Signed] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)
    may_refuse: bool = False

    @property
    def open(self) -> list[Signed]:
        """Records of which nobody knows."""
        return [one for id_, one in self.sent.items() if id_ not in self.told]

    def heard(self, post: Post, status: int, body: dict[str, Any]) -> None:
        """Notes an answer; only a node that is stopping may answer anything but that it took all."""
        answers = body.get("answers") or [{"status": status, **body}] * len(post.records)
        assert len(answers) == len(post.records), body
        for signed, one in zip(post.records, answers, strict=True):
            if one["status"] == TAKEN:
                assert one["record"] == signed.id
                self.told.add(signed.id)
            else:
                assert self.may_refuse, one
                assert one["status"] == STOPPING, one


class Storm:
    """Connections that push what is in stock until the other side is gone, and one that reads the feed meanwhile."""

    def __init__(self, port: int, stock: Stock, pushed: Pushed, began: Callable[[], None]) -> None:
        """Pushes to a port of this machine; calls `began` at the first acknowledgement."""
        self._port = port
        self._stock = stock
        self._pushed = pushed
        self._began: Callable[[], None] | None = began

    async def blow(self, place: int) -> None:
        """Returns once every connection was broken off; the reader begins after a place of the feed."""
        await asyncio.gather(
            *(self._until_cut(self._push) for _ in range(CONNECTIONS)), self._until_cut(self._read, place)
        )

    async def _until_cut(self, use: Callable[..., Any], *given: Any) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)
        except OSError:
            return
        try:
            await use(reader, writer, *given)
            await reader.read()  # nothing left to send: wait for the end
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _push(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while post := self._stock.next():
            self._pushed.sent |= {one.id: one for one in post.records}
            writer.write(post.data)
            self._pushed.heard(post, *(await answer(reader)))
            if self._began is not None:
                self._began()
                self._began = None

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: int) -> None:
        while True:
            path = f"/feed?after={place + len(self._pushed.shown)}&limit=20&wait=20"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            status, page = await answer(reader)
            assert status == 200
            self._pushed.shown += [one["id"] for one in page["items"]]


async def push(port: int, posts: Iterable[Post]) -> list[int]:
    """Sends requests one after another; returns the status of each record."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    codes: list[int] = []
    for post in posts:
        writer.write(post.data)
        status, body = await answer(reader)
        codes += [one["status"] for one in body["answers"]] if "answers" in body else [status]
    writer.close()
    await writer.wait_closed()
    return codes
