"""Three processes of one hub on one database, each killed now and then, are one hub: nothing acknowledged is lost.

Clients push signed records at whichever process answers, and send again what was not answered, as careful clients do.
A normal run kills a few times;

    HANSA_TEST_SCALE=4 python -m pytest -s tests/e2e/test_replicas.py

kills one every ten seconds for two minutes.
"""

from __future__ import annotations

import asyncio
import copy
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from hansa.identity.envelope import Signed
from hansa.kernel.ids import chain
from tests.attacks.specimens import scaled
from tests.e2e.processes import Process, no_bug_in
from tests.e2e.traffic import AUTHORS, BULKS_AT, TAKEN, Post, Stock, answer, push
from tests.store.postgres_server import Server

KILLS = scaled(3)
EVERY_S = 10.0 if KILLS > 3 else 4.0
DUPLICATE, FORBIDDEN = 409, 403
AGAIN = (404, 424, 503)
"""What is sent again: the skill that it is about is on its way to another process, or somebody was faster."""

CLIENTS = 6
SETTINGS = """\
role = "hub"
replica = true
log_level = "warning"

[store]
url = "{url}"

[admission]
records_per_minute = 1000000
"""


class Hub:
    """Three processes of one hub."""

    def __init__(self, root: Path, url: str, random: Random) -> None:
        """Makes one home, and two copies of it; none is started."""
        first = Process(root, "replica-0", SETTINGS.format(url=url))
        self.processes = [first]
        for number in (1, 2):
            made = copy.copy(first)
            made.home = root / f"replica-{number}"
            shutil.copytree(first.home, made.home)
            self.processes.append(made)
        self.stock = Stock(random)
        self.seen: Counter[str] = Counter()
        self.acknowledged: dict[str, None] = {}
        self._random = random
        self._over = False

    def start(self) -> None:
        """Starts all three at once, and lets the authors in at one of them."""
        for one in self.processes:
            one.launch()
        for one in self.processes:
            one.await_ready()
        for author in AUTHORS:
            self.processes[1].ask("peer.set", id=author.public.did, invited=True, per_minute=10**8)

    def stop(self) -> None:
        """Ends what runs."""
        for one in self.processes:
            if one.process is not None:
                one.process.terminate()
                one.gone()

    # ---- load

    async def be_pushed(self, kills: int, every: float) -> float:
        """Takes in what clients push while one process after the other is killed and started again.

        Returns:
            Records that were acknowledged, for each second.
        """
        await self._bring(self.stock.base.records)
        began, before = time.perf_counter(), len(self.acknowledged)
        clients = [asyncio.create_task(self._push(number)) for number in range(CLIENTS)]
        for _ in range(kills):
            await asyncio.to_thread(self._live, every)
        self._over = True
        await asyncio.gather(*clients)
        return (len(self.acknowledged) - before) / (time.perf_counter() - began)

    def _live(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        victim = self._random.choice(self.processes)
        led = victim.ask("status")["process"]["replica"]["leads"]
        self.seen["led when it was killed" if led else "followed when it was killed"] += 1
        victim.kill()
        victim.start()
        threading.Event().wait(max(0.0, end - time.monotonic()))

    async def _push(self, number: int) -> None:
        while not self._over:
            self.stock.fill()
            post = self.stock.next() or self.stock.base
            await self._bring(post.records, post.path)

    async def _bring(self, records: tuple[Signed, ...], path: str = BULKS_AT) -> None:
        """Sends records until each is acknowledged by one of the processes."""
        left = list(records)
        while left:
            post = Post(path if len(left) == len(records) else BULKS_AT, tuple(left))
            try:
                left = await self._sent(post)
            except (OSError, asyncio.IncompleteReadError):
                self.seen["requests without an answer"] += 1

    async def _sent(self, post: Post) -> list[Signed]:
        """Sends a request to one of the processes; returns what is to be sent again."""
        port = self._random.choice(self.processes).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        try:
            writer.write(post.data)
            status, body = await answer(reader)
        finally:
            writer.close()
        left = []
        for signed, one in zip(post.records, body.get("answers") or [{"status": status, **body}], strict=True):
            self.seen[f"answer {one['status']}"] += 1
            if one["status"] in (TAKEN, DUPLICATE):
                self.acknowledged[signed.id] = None
            else:
                assert one["status"] in AGAIN, one
                left.append(signed)
        return left

    # ---- what is there

    def check(self) -> None:
        """Each process shows the same feed, in which everything acknowledged is, once, and the chain is whole."""
        feeds = [_feed(one) for one in self.processes]
        assert feeds[0] == feeds[1] == feeds[2]
        ids, head = feeds[0], ""
        for one in ids:
            head = chain(head, one)
        assert len(set(ids)) == len(ids)
        assert self.acknowledged.keys() <= set(ids)
        for one in self.processes:
            status = one.ask("status")
            assert status["feed"] == {"length": len(ids), "head": head}
            assert status["messages"]["balanced"]
        assert sum(one.ask("status")["process"]["replica"]["leads"] for one in self.processes) == 1


def _feed(process: Process) -> list[str]:
    ids: list[str] = []
    while items := process.get(f"/feed?after={len(ids)}")["items"]:
        ids += [one["id"] for one in items]
    return ids


def until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Returns when something holds; fails when it does not within a time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"


@pytest.fixture
def hub(tmp_path: Path, postgres: Server) -> Iterator[Hub]:
    made = Hub(tmp_path, postgres.fresh(), Random("replicas"))
    made.start()
    yield made
    made.stop()


def leaders(hub: Hub) -> list[Process]:
    return [one for one in hub.processes if one.process and one.ask("status")["process"]["replica"]["leads"]]


def test_processes_of_a_hub_are_one_hub(hub: Hub) -> None:
    """What the operator says at one holds at all; what one takes in, all pass on and find."""
    first, second, third = hub.processes
    until(lambda: len(leaders(hub)) == 1)
    assert sorted(one.ask("status")["process"]["replica"]["place"] for one in hub.processes) == [0, 1, 2]
    records = hub.stock.base.records
    for number, one in enumerate(records):
        posts = [Post("/records", (one,))]
        assert asyncio.run(push(hub.processes[number % 3].port, posts)) == [TAKEN]
        assert asyncio.run(push(hub.processes[(number + 1) % 3].port, posts)) == [DUPLICATE]
    hub.acknowledged |= {one.id: None for one in records}
    hub.check()
    until(lambda: len(third.get("/skills?intent=multiply%20a%20number")["skills"]) == len(records))
    banned = AUTHORS[0].public.did
    first.ask("peer.set", id=banned, banned=True)
    more = Stock(Random(1)).base.records[:1]  # by that author, and signed anew
    assert asyncio.run(push(second.port, [Post("/records", tuple(more))])) == [FORBIDDEN]
    second.ask("peer.set", id=banned, invited=True, banned=False)
    assert banned not in [one["instance_id"] for one in third.ask("peer.list")["instances"] if one["banned"]]


def test_the_lead_passes_on_when_the_leader_dies(hub: Hub) -> None:
    until(lambda: len(leaders(hub)) == 1)
    (leader,) = leaders(hub)
    leader.kill()
    until(lambda: len(leaders(hub)) == 1)
    leader.start()
    assert not leader.ask("status")["process"]["replica"]["leads"]
    assert len(leaders(hub)) == 1


@pytest.mark.slow
def test_a_hub_of_three_whose_processes_are_killed_over_and_over_loses_nothing(hub: Hub, postgres: Server) -> None:
    pace = asyncio.run(hub.be_pushed(KILLS, EVERY_S))
    until(lambda: len(leaders(hub)) == 1)
    hub.check()
    print(f"{len(hub.acknowledged)} records acknowledged, {pace:.0f}/s; {dict(hub.seen)}")
    assert hub.processes[0].ask("store.check", full=True)["damage"] == []
    for one in hub.processes:
        log = (one.home / "log").read_text()
        assert no_bug_in(log), log
