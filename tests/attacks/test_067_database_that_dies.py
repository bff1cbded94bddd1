"""Attack 67 with the rows in PostgreSQL: the server dies, or the node does, at any moment of its writing.

Passes when every batch that was acknowledged is there once and whole, every other one whole or not at all, the feed's
chain ends in its mark, and the store goes on by itself when the server is back.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres import PostgresStore
from hansa.kernel.errors import Unavailable
from hansa.kernel.ids import chain
from hansa.node.rows import AppendJournal, Change, PutSkill
from tests.store import postgres_server
from tests.store.contract import cid, line, put, record, skill
from tests.store.postgres_server import Server, run

LIVES, KILLS, WRITERS = 4, 4, 8
ROOT = Path(__file__).parents[2]


@pytest.fixture
def place() -> Iterator[tuple[Path, Path, dict[str, Any]]]:
    folder = postgres_server.binaries()
    if folder is None:
        pytest.skip(postgres_server.HOW)
    with postgres_server.made(folder) as (data, other):
        yield folder, data, other


def batch(number: int) -> list[Change]:
    return [put(number, in_feed=True), PutSkill(skill(number)), AppendJournal(line(f"ref {number}"))]


def check(store: PostgresStore, acknowledged: set[int], tried: int) -> int:
    """Returns how many batches are there that were not acknowledged; fails where one is lost, doubled or in part."""
    more = 0
    for number in range(tried):
        kept = (
            store.record(record(number).id) is not None,
            store.skill(cid(("skill", number))) is not None,
            len(store.journal(f"ref {number}")) == 1,
        )
        assert all(kept) or not any(kept), f"batch {number} is there in part: {kept}"
        assert kept[0] or number not in acknowledged, f"batch {number} was acknowledged and is lost"
        more += kept[0] and number not in acknowledged
    rows = store.feed(0, tried + 1)
    head = ""
    for row in rows:
        head = chain(head, row.id)
    assert store.feed_mark() == (len(rows), head)
    assert len(rows) == len(acknowledged) + more
    return more


async def test_a_server_that_dies_over_and_over_loses_nothing_that_was_acknowledged(
    place: tuple[Path, Path, dict[str, Any]],
) -> None:
    folder, data, other = place
    chance = random.Random(67)
    numbers = iter(range(1_000_000))
    acknowledged: set[int] = set()
    store: PostgresStore | None = None

    async def write(store: PostgresStore, told: Callable[[], None]) -> None:
        while True:
            number = next(numbers)
            await store.apply(batch(number))
            acknowledged.add(number)
            told()

    for life in range(LIVES):
        with ExitStack() as server:
            url = server.enter_context(postgres_server.serving(folder, data, other))
            if store is None:
                run(url, "CREATE DATABASE hansa")
                store = PostgresStore.open(Address.parse(url.replace("/postgres?", "/hansa?")))
            enough, wanted = asyncio.Event(), len(acknowledged) + chance.randrange(20, 120)

            def told(enough: asyncio.Event = enough, wanted: int = wanted) -> None:
                if len(acknowledged) >= wanted:
                    enough.set()

            writers = [asyncio.ensure_future(write(store, told)) for _ in range(WRITERS)]
            done, _ = await asyncio.wait(
                {asyncio.ensure_future(enough.wait()), *writers}, return_when=asyncio.FIRST_COMPLETED
            )
            assert enough.is_set(), [one.exception() for one in done]
            await asyncio.to_thread(server.close)  # SIGQUIT: as a crash, nothing is finished
        ended = await asyncio.gather(*writers, return_exceptions=True)
        assert all(isinstance(one, Unavailable) for one in ended), (life, ended)
    assert store is not None
    with postgres_server.serving(folder, data, other):
        check(store, acknowledged, next(numbers))
        await store.apply(batch(999_999))
        store.close()


def test_a_node_that_is_killed_over_and_over_loses_nothing_that_was_acknowledged(postgres: Server) -> None:
    url = postgres.fresh()
    chance = random.Random(68)
    acknowledged: set[int] = set()
    tried = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.writing_process", url, str(tried)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout
        for _ in range(chance.randrange(5, 60)):
            acknowledged.add(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        acknowledged |= {int(line) for line in process.stdout.read().split("\n")[:-1]}
        process.wait()
        process.stdout.close()
        tried = max(acknowledged) + 100
    store = PostgresStore.open(Address.parse(url))
    check(store, acknowledged, tried)
    store.close()
