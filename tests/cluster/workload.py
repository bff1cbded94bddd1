"""Work for a field: at each node somebody pushes signed skills, findings and tombstones, and notes what is answered.

Some of what is pushed was pushed before, at the same node or at another. Who pushes at a node waits while that node is
not ready; a record without an answer is sent again there later, as a careful client does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any

from hansa.identity.envelope import Signed, seal, seal_batch
from hansa.kernel.ids import ContentId, content_id
from hansa.skills.messages import EVIDENCE, SKILL, TOMBSTONE, evidence_body, skill_body, tombstone_body
from hansa.skills.model import Claim, Evidence, Outcome
from tests.attacks.specimens import header
from tests.cluster.field import Field, Node, Unreached
from tests.cluster.history import History
from tests.e2e.traffic import AUTHORS, BULKS_AT, TAKEN, a_skill

GAP_S = (0.4, 1.2)
"""Time between two requests to one node."""

BATCH = 5


class Maker:
    """Makes signed records; every number is used once, over all nodes."""

    def __init__(self, random: Random) -> None:
        """Makes what follows from `random`."""
        self._random = random
        self._numbers = count(1)
        self._lock = threading.Lock()
        self.base = [a_skill(number) for number in range(1, 6)]

    def _number(self) -> int:
        with self._lock:
            return next(self._numbers)

    def first(self) -> list[Signed]:
        """Returns the skills that findings are about."""
        return [self._sealed(0, SKILL, skill_body(skill, _claim())) for skill in self.base]

    def skill(self) -> tuple[Signed, ContentId, int]:
        """Returns a new skill, its id, and its author's number."""
        author = self._random.randrange(len(AUTHORS))
        skill = a_skill(1000 + self._number())
        return self._sealed(author, SKILL, skill_body(skill, _claim())), skill.id, author

    def tombstone(self, skill: ContentId, author: int) -> Signed:
        """Returns what takes a skill back."""
        return self._sealed(author, TOMBSTONE, tombstone_body(skill, "no good"))

    def findings(self) -> list[Signed]:
        """Returns one finding, or some under one signature."""
        author, size = self._random.randrange(len(AUTHORS)), self._random.randrange(1, BATCH + 1)
        said = [self._about(author) for _ in range(size)]
        return seal_batch(said, [AUTHORS[author]]) if size > 1 else [seal(*said[0], [AUTHORS[author]])]

    def _about(self, author: int) -> tuple[Any, Any]:
        number = self._number()
        found = Evidence(
            skill=self._random.choice(self.base).id, prover=AUTHORS[author].public.did, harness="cpython-3.11",
            sandbox="none", outcome=Outcome.PASS, trials=35, successes=35, passed=105, total=105,
            digest=content_id(b"%d" % number), at=0,
        )  # fmt: skip
        return header(AUTHORS[author], kind=EVIDENCE, seq=number, network="hansa"), evidence_body(found)

    def _sealed(self, author: int, kind: str, body: Any) -> Signed:
        return seal(header(AUTHORS[author], kind=kind, seq=self._number(), network="hansa"), body, [AUTHORS[author]])


def _claim() -> Claim:
    return Claim(confidence=900_000, trials=35, harness="cpython")


class Pusher:
    """Who pushes at one node."""

    def __init__(self, node: Node, maker: Maker, history: History, random: Random) -> None:
        """Has pushed nothing yet."""
        self._node = node
        self._maker = maker
        self._history = history
        self._random = random
        self._alive: list[tuple[ContentId, int]] = []
        self._mine: list[Signed] = []
        self.open: dict[str, Signed] = {}

    def go_on(self, stop: threading.Event) -> None:
        """Pushes until it is told to stop."""
        while not stop.wait(self._random.uniform(*GAP_S)):
            if self._node.ready:
                self._step()

    def _step(self) -> None:
        match self._random.randrange(20):
            case 0 | 1 | 2 | 3:
                signed, id_, author = self._maker.skill()
                if self.push([signed])[0] == TAKEN:
                    self._alive.append((id_, author))
            case 4 | 5 if self._alive:
                skill, author = self._alive.pop(self._random.randrange(len(self._alive)))
                signed = self._maker.tombstone(skill, author)
                with self._history.lock:
                    self._history.removes[signed.id] = skill
                self.push([signed])
            case 6 if self._mine:
                self.push([self._random.choice(self._mine)])
            case 7:
                with self._history.lock:
                    known = list(self._history.sent.values())
                self.push(self._random.sample(known, min(3, len(known))))
            case _:
                made = self._maker.findings()
                self._mine = [*self._mine[-20:], *made]
                self.push(made)

    def push(self, records: list[Signed]) -> list[int]:
        """Sends records in one request; returns what became of each, 0 for no answer."""
        history, node = self._history, self._node
        history.sends(records)
        before = node.disturbed
        body = b"\n".join(one.raw for one in records)
        try:
            status, told = node.request("POST", BULKS_AT if len(records) > 1 else "/records", body)
            said = json.loads(told)
        except (Unreached, json.JSONDecodeError):
            excused = node.disturbed != before or node.paused
            for one in records:
                self.open[one.id] = one
                history.unheard(node.number, one.id, excused)
            return [0] * len(records)
        answers = said.get("answers") or [{"status": status, **said}] * len(records)
        for one, answer in zip(records, answers, strict=True):
            self.open.pop(one.id, None)
            if answer["status"] == TAKEN:
                assert answer["record"] == one.id
                history.acknowledged(node.number, one.id)
            else:
                history.refused(node.number, one.id, str(answer.get("reason", answer["status"])))
        return [int(answer["status"]) for answer in answers]

    def finish(self) -> None:
        """Sends again what was not answered."""
        while left := list(self.open.values()):
            self.push(left[:50])


class Workload:
    """Somebody at each node."""

    def __init__(self, field: Field, history: History, random: Random) -> None:
        """Begins with nothing sent."""
        self.maker = Maker(random)
        self._field = field
        self.pushers = [Pusher(one, self.maker, history, Random(random.random())) for one in field.nodes]

    def found(self) -> None:
        """Has every node let the authors in, and one of them take the skills that findings are about."""

        def let_in(node: Node) -> None:
            for author in AUTHORS:
                node.ask("peer.set", id=author.public.did, invited=True, per_minute=10**7)

        self._field.each(let_in)
        assert set(self.pushers[0].push(self.maker.first())) == {TAKEN}

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Pushes at all nodes while the block runs."""
        stop = threading.Event()
        threads = [threading.Thread(target=one.go_on, args=(stop,)) for one in self.pushers]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            stop.set()
            for one in threads:
                one.join()

    def finish(self) -> None:
        """Sends again what was not answered; every node is up."""
        self._field.each(lambda node: self.pushers[node.number].finish())
