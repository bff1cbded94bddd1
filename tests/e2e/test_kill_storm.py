"""kill -9 at a thousand random instants: what was acknowledged is there once, the rest is there whole or not at all.

One hub, pushed at by several connections at once, is killed over and over and started again on the same data: in the
middle of its work, while it starts, while it stops (goal L1; threat 67). A normal run kills it a few times;

    HANSA_TEST_SCALE=167 python -m pytest tests/e2e/test_kill_storm.py

does so a thousand times, in about half an hour. Each storm has a number, which is its seed: it says which
records are sent and when the hub is killed.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from hansa.kernel.errors import HansaError
from hansa.kernel.ids import chain
from tests.attacks.specimens import scaled
from tests.e2e.processes import Process, no_bug_in
from tests.e2e.traffic import AUTHORS, BULK, BULKS_AT, TAKEN, Post, Pushed, Stock, Storm, push

KILLS, PULLS = scaled(6), scaled(1)
KILLS_OF_A_STORM = 50
CHECK_EVERY = 25
BUSY_S = 0.15
"""A busy hub is killed this long after the first acknowledgement, at most."""

STOPPING_S = 0.3
"""A hub that was asked to stop is killed this long after, at most; some are done before."""

PULLING_S = 0.6
"""A node that was told to pull is killed this long after, at most; it has to ask first, and gets a page at a time."""

DUPLICATE = 409

IN_PART = """
SELECT id FROM records WHERE kind != 'root' AND (
    came NOT LIKE 'via %' AND kind != 'acknowledgement'
    OR kind = 'evidence' AND NOT EXISTS (SELECT 1 FROM evidence
        WHERE evidence.number = records.number AND record = records.id AND evidence.skill = records.subject)
    OR kind = 'skill' AND NOT EXISTS (SELECT 1 FROM skills WHERE skills.id = subject)
    OR kind = 'tombstone' AND NOT EXISTS (
        SELECT 1 FROM tombstones JOIN skills ON skills.id = tombstones.skill
        WHERE tombstones.record = records.id AND skills.state = 'removed'))
UNION ALL SELECT record FROM evidence WHERE record NOT IN (SELECT id FROM records)
UNION ALL SELECT record FROM tombstones WHERE record NOT IN (SELECT id FROM records)
UNION ALL SELECT id FROM skills WHERE id NOT IN (SELECT subject FROM records WHERE kind = 'skill')
UNION ALL SELECT id FROM skills WHERE state != 'removed' AND number NOT IN (SELECT rowid FROM skill_text)
UNION ALL SELECT ref FROM journal WHERE verdict = 'accept' AND box = 'admission' AND ref NOT LIKE 'did:%'
    AND ref NOT IN (SELECT id FROM records) AND ref NOT IN (SELECT id FROM skills)
"""
"""Finds what is there in part: a record without what goes with it, or what goes with one without the record.

All records but the acknowledgements, which a node makes by itself, came from somewhere in these tests.
"""


def on_disk(process: Process, wanted: str) -> list[tuple[str, ...]]:
    """Returns what is wanted of a node's disk, on which no record may be in part."""
    with closing(sqlite3.connect(f"{(process.home / 'hansa.db').as_uri()}?mode=ro", uri=True)) as disk:
        assert disk.execute(IN_PART).fetchall() == []
        return disk.execute(wanted).fetchall()


def head_of(ids: list[str]) -> str:
    """Returns the end of the chain over the ids of a feed."""
    head = ""
    for one in ids:
        head = chain(head, one)
    return head


class Hub:
    """A hub that is killed, and what must be on its disk.

    Attributes:
        feed: ids of its feed's records, as they were found after the last start.
        started_in: seconds that the last start took.
        seen: how often it ended in which state, and what became of the records that nobody was told of.
    """

    def __init__(self, root: Path, random: Random) -> None:
        self.process = Process(root, "hub", 'role = "hub"\nlog_level = "error"\n')
        self.stock = Stock(random)
        self.feed: list[str] = []
        self.started_in = 0.0
        self.seen: Counter[str] = Counter()
        self._random = random
        self._pushed = Pushed(sent={one.id: one for one in self.stock.base.records})

    def found(self) -> None:
        """Starts it for the first time, and invites those who push."""
        self.start()
        for author in AUTHORS:
            self.process.ask("peer.set", id=author.public.did, invited=True, per_minute=10**8)

    def start(self) -> None:
        """Starts it; what it will be sent is made meanwhile."""
        began = time.perf_counter()
        self.process.launch()
        self.stock.fill()
        self.process.await_ready()
        self.started_in = time.perf_counter() - began

    def live(self) -> None:
        """A life: from the check of what the last one left to the next kill."""
        self.check()
        self.finish()
        how = self._random.choices(("busy", "stopping", "and starting"), (70, 15, 15))[0]
        self.be_pushed(stopping=how == "stopping")
        if how == "and starting":
            self.process.launch()
            self.kill_after(self._random.uniform(0, 1.1 * self.started_in))
            assert self.process.gone() == -signal.SIGKILL
            self.seen["killed while starting"] += 1
        self.start()

    def be_pushed(self, stopping: bool) -> None:
        """Takes records in until it is killed."""
        delay = self._random.uniform(0, BUSY_S)
        after = self._random.uniform(0, STOPPING_S) if stopping else 0.0
        running = self.process.process
        assert running is not None
        self._pushed.may_refuse = stopping

        def end() -> None:
            if stopping:
                running.send_signal(signal.SIGTERM)
            self.kill_after(after)

        def began() -> None:
            Timer(delay, end).start()

        asyncio.run(Storm(self.process.port, self.stock, self._pushed, began).blow(len(self.feed)))
        killed = self.process.gone() == -signal.SIGKILL
        assert killed or stopping
        self.seen[f"{'killed' if killed else 'done'} while {'stopping' if stopping else 'busy'}"] += 1

    def kill_after(self, seconds: float) -> None:
        """Kills it, from a thread of its own when there is something to wait for."""
        assert self.process.process is not None
        Timer(seconds, self.process.process.kill).start()

    def check(self) -> None:
        """Compares what is on its disk, and what it shows, with what it acknowledged and showed before."""
        pushed = self._pushed
        length = len(self.feed)
        held = [
            id_
            for (id_,) in on_disk(self.process, "SELECT id FROM records WHERE kind != 'acknowledgement' ORDER BY place")
        ]
        self.look()
        assert held == self.feed
        assert held[length : length + len(pushed.shown)] == pushed.shown  # a reader saw nothing that was undone
        assert len(set(held)) == len(held)
        assert pushed.told <= set(held)
        assert set(held[1:]) - set(held[1:length]) <= pushed.told | pushed.sent.keys()  # nothing from nowhere
        assert self.process.ask("status")["feed"] == {"length": len(held), "head": head_of(held)}

    def look(self) -> None:
        """Reads on in its feed."""
        while items := self.process.get(f"/feed?after={len(self.feed)}")["items"]:
            self.feed += [one["id"] for one in items]

    def finish(self) -> None:
        """Sends again whatever was not acknowledged: it is taken exactly where it is not there yet."""
        left = self._pushed.open
        held = set(self.feed)
        posts = [Post(BULKS_AT, tuple(left[at : at + BULK])) for at in range(0, len(left), BULK)]
        before = self.process.ask("status")["messages"]
        codes = asyncio.run(push(self.process.port, posts)) if posts else []
        assert codes == [DUPLICATE if one.id in held else TAKEN for one in left]
        after = self.process.ask("status")["messages"]
        assert before["balanced"]
        assert after["balanced"]
        taken = [after[name] - before[name] for name in ("received", "admitted")]
        assert taken == [len(left), codes.count(TAKEN)]
        self.seen += Counter(told=len(self._pushed.told), whole=codes.count(DUPLICATE), absent=codes.count(TAKEN))
        self._pushed = Pushed(told={one.id for one in left})


PULLED = "SELECT id FROM records WHERE kind != 'root' ORDER BY number"
POSTS_OF_A_PULL = 12


class Reader:
    """A node that pulls from a hub, and is killed while it does."""

    def __init__(self, root: Path, hub: Hub, random: Random) -> None:
        self.process = Process(root, "reader", 'role = "hub"\nlog_level = "error"\n')  # which proves nothing
        self.had: list[int] = []
        self._hub = hub
        self._random = random

    def found(self) -> None:
        """Starts it for the first time, and has it pull."""
        self.process.start()
        for author in AUTHORS:
            self.process.ask("peer.set", id=author.public.did, invited=True, per_minute=10**8)
        self.process.ask("subscribe", url=self._hub.process.url, report="none")

    def live(self) -> None:
        """Pulls what the hub was sent meanwhile until it is killed, and is started again."""
        running = self.process.process
        assert running is not None
        posts = [post for _ in range(POSTS_OF_A_PULL) if (post := self._hub.stock.next())]
        assert set(asyncio.run(push(self._hub.process.port, posts))) == {TAKEN}
        Timer(self._random.uniform(0, PULLING_S), running.kill).start()
        with suppress(HansaError):  # nobody answers any more
            self.process.ask("sync")
        self.process.gone()
        self.process.launch()
        self._hub.stock.fill()
        self.process.await_ready()
        self.check()

    def check(self) -> None:
        """What it holds is the hub's feed as far as it came, in its order; how far it knows of is no further."""
        [(length, head)] = on_disk(self.process, "SELECT length, head FROM subscriptions")
        held = [id_ for (id_,) in on_disk(self.process, PULLED)]
        self._hub.look()
        self.had.append(len(held))
        assert held == self._hub.feed[1 : len(held) + 1]  # the first is the hub's own root metadata
        assert int(length) <= len(held) + 1
        assert head == head_of(self._hub.feed[: int(length)])

    def finish(self) -> None:
        """Pulls the rest: then it has all of it, and each message that came in has one fate."""
        self.process.ask("sync")
        self._hub.look()
        assert [id_ for (id_,) in on_disk(self.process, PULLED)] == self._hub.feed[1:]
        assert self.process.ask("status")["messages"]["balanced"]
        assert self.process.ask("store.check", full=True)["damage"] == []


@pytest.fixture
def hub(tmp_path: Path, number: int) -> Iterator[Hub]:
    made = Hub(tmp_path, Random(f"storm {number}"))
    yield made
    if made.process.process is not None:
        made.process.kill()


@pytest.fixture
def reader(tmp_path: Path, hub: Hub, number: int) -> Iterator[Reader]:
    made = Reader(tmp_path, hub, Random(f"reader {number}"))
    yield made
    if made.process.process is not None:
        made.process.kill()


def storms(kills: int) -> list[tuple[int, int]]:
    """Returns the number of each storm and its kills, which add up to what is wanted."""
    begins = range(0, kills, KILLS_OF_A_STORM)
    return [(number, min(KILLS_OF_A_STORM, kills - done)) for number, done in enumerate(begins)]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "kills"), storms(KILLS))
def test_a_hub_that_is_killed_over_and_over_keeps_what_it_acknowledged(hub: Hub, number: int, kills: int) -> None:
    hub.found()
    for life in range(1, kills + 1):
        hub.live()
        if life % CHECK_EVERY == 0 or life == kills:
            hub.check()
            hub.finish()
            assert hub.process.ask("store.check", full=True)["damage"] == []
    log = (hub.process.home / "log").read_text()
    assert no_bug_in(log), log
    print(f"storm {number}: {len(hub.feed)} records, {dict(hub.seen)}, last start {hub.started_in:.2f} s")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "kills"), storms(PULLS))
def test_a_node_that_is_killed_over_and_over_while_it_pulls_leaves_nothing_out(
    hub: Hub, reader: Reader, number: int, kills: int
) -> None:
    hub.found()
    hub.finish()
    reader.found()
    for _ in range(kills):
        reader.live()
    reader.finish()
    log = (reader.process.home / "log").read_text()
    assert no_bug_in(log), log
    print(f"reader {number}: {len(hub.feed)} records, {kills} kills, pulled until then: {reader.had}")
