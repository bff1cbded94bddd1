"""Several processes of one node on one database: what one decided on is not written over what another has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from hansa.adapters.store import postgres_commits
from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres import PostgresStore
from hansa.adapters.store.postgres_replica import Ousted, Seat
from hansa.kernel.errors import Busy, Fault, Refused, UsageError
from hansa.kernel.ids import chain
from hansa.node.as_of import deciding
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    PutMark,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutSkill,
    SetSkillState,
)
from hansa.node.touched import rests_on, touches
from hansa.skills.model import SkillState
from tests.store.contract import ANN, BOB, cid, delivery, line, peer, put, record, skill
from tests.store.postgres_server import Server, run


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.fresh()


def opened_at(url: str, shared: bool = True) -> PostgresStore:
    return PostgresStore.open(Address.parse(url), shared=shared)


@pytest.fixture
def pair(url: str) -> Iterator[tuple[PostgresStore, PostgresStore]]:
    first = opened_at(url)
    second = opened_at(url)
    yield first, second
    first.close()
    second.close()


Pair = tuple[PostgresStore, PostgresStore]


async def test_places_in_the_feed_and_links_of_the_ledger_are_those_of_one_node(pair: Pair) -> None:
    def batch(number: int) -> list[Change]:
        row = record(number, author=f"did:key:z{number % 7}")
        link = AppendLedger(row.id, ANN, row.subject, "skill_reproved", number)
        return [PutRecord(row, in_feed=True), PutSkill(skill(number)), link]

    made = await asyncio.gather(*(pair[number % 2].apply_each([batch(number)]) for number in range(60)))
    assert [one for one in made if one != [None]] == []
    for store in pair:
        rows = store.feed(0, 100)
        head = ""
        for row in rows:
            head = chain(head, row.id)
        assert [row.place for row in rows] == list(range(1, 61))
        assert store.feed_mark() == (60, head)
        links = store.ledger(0, 100)
        assert [one.entry.number for one in links] == list(range(1, 61))
        assert all(two.entry.previous == one.entry.hash for one, two in pairwise(links))


async def test_a_record_that_two_take_in_is_kept_once(pair: Pair) -> None:
    errors = await asyncio.gather(*(store.apply_each([[put(1, in_feed=True)]]) for store in pair))
    kept, refused = sorted((one[0] for one in errors), key=lambda error: error is not None)
    assert kept is None
    assert isinstance(refused, Refused) and refused.reason.code == "duplicate"
    assert pair[0].feed_mark()[0] == 1


async def test_a_ban_is_not_written_over_by_a_greeting_that_was_read_before_it(pair: Pair) -> None:
    first, second = pair
    await first.apply([PutPeer(peer("Eve"))])
    second.seen, _ = second.others(10)
    met = second.peer(peer("Eve").id)
    assert met is not None
    await first.apply([PutPeer(replace(met, banned=True))])
    with pytest.raises(Busy, match="another process of this node was faster"):
        await second.apply([PutPeer(replace(met, live_seq=9))])
    assert first.peer(met.id) == replace(met, banned=True)
    second.seen, _ = second.others(10)
    now = second.peer(met.id)
    assert now is not None
    await second.apply([PutPeer(replace(now, live_seq=9))])
    assert first.peer(met.id) == replace(met, banned=True, live_seq=9)


async def test_who_holds_a_turn_decides_as_of_when_it_was_taken(pair: Pair) -> None:
    """Its memory may follow meanwhile; what it read before does not."""
    first, second = pair
    with deciding(second.seen):
        await first.apply([PutPeer(peer("Eve"))])
        second.seen, _ = second.others(10)
        with pytest.raises(Busy):
            await second.apply([PutPeer(replace(peer("Eve"), note="old"))])
    await second.apply([PutPeer(replace(peer("Eve"), note="new"))])


@pytest.mark.parametrize(
    ("written", "decided"),
    [
        (PutPeer(replace(peer("Ann"), id=ANN, banned=True)), put(2)),
        (put(3, kind="root", subject=ANN), put(2)),
        (PutSkill(skill(2)), put(2)),
        (PutSkill(skill(2)), PutSkill(skill(2, source="elsewhere"))),
        (SetSkillState(cid(("skill", 2)), SkillState.REMOVED), SetSkillState(cid(("skill", 2)), SkillState.ADMITTED)),
        (put(3, kind="lease"), put(2, kind="lease", subject="")),
        (put(3, kind="dispute", author=BOB), put(2, kind="dispute_answer", subject="")),
        (PutMark("name", "1"), PutMark("name", "2")),
        (PutOutbox(delivery(1)), PutOutbox(delivery(1, tries=7))),
    ],
)  # fmt: skip
async def test_what_rests_on_something_that_another_touched_is_not_made(
    pair: Pair, written: Change, decided: Change
) -> None:
    first, second = pair
    await first.apply([written])
    before = second.counts().commits
    with pytest.raises(Busy):
        await second.apply([decided, AppendJournal(line("never"))])
    assert second.journal("never") == []
    assert second.counts().commits == before
    second.seen, _ = second.others(10)
    await second.apply([decided])


async def test_a_batch_that_was_overtaken_leaves_its_neighbours_alone(pair: Pair) -> None:
    first, second = pair
    await first.apply([PutSkill(skill(1))])
    batches: list[list[Change]] = [
        [put(5, author=BOB)],
        [PutSkill(skill(1))],
        [put(6, author=BOB)],
        [put(5, author=BOB)],
    ]
    made = await second.apply_each(batches)
    assert [type(one) for one in made] == [type(None), Busy, type(None), Refused]
    assert second.held([record(5, author=BOB).id, record(6, author=BOB).id])


async def test_what_others_touched_is_told_in_order_and_own_commits_are_not(pair: Pair) -> None:
    first, second = pair
    await first.apply([put(1)])
    await second.apply([put(2)])
    await first.apply([PutSkill(skill(3)), AppendJournal(line("x"))])
    await first.apply([AppendJournal(line("nobody decides by it"))])
    last, keys = second.others(100)
    assert last == 3
    assert list(keys) == [f"record {record(1).id}", f"skill {cid(('skill', 3))}", f"new {cid(('skill', 3))}"]
    assert [row.id for row in second.records_of([record(1).id, cid("none")])] == [record(1).id]
    assert second.others(1)[0] == 1


async def test_a_process_that_fell_behind_what_is_remembered_says_so(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    for number in range(3):
        await first.apply([put(number)])
    run(first.address.url, "DELETE FROM commits WHERE number <= 2")
    with pytest.raises(Fault, match="start it anew"):
        second.others(10)
    with pytest.raises(Fault, match="start it anew"):
        await second.apply([put(9)])


async def test_commits_are_remembered_for_a_while(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_commits, "_TRIM_EVERY", 2)
    monkeypatch.setattr(postgres_commits, "_TRIM", "DELETE FROM commits WHERE number <= $1 - 3")
    for number in range(10):
        await pair[0].apply([put(number)])
        pair[0].seen, _ = pair[0].others(10)
    assert run(pair[0].address.url, "SELECT number FROM commits ORDER BY number") == [8, 9, 10]


async def test_alone_and_shared_do_not_go_together(url: str) -> None:
    alone = opened_at(url, shared=False)
    with pytest.raises(Busy, match="without the setting replica"):
        opened_at(url)
    alone.close()
    shared = opened_at(url)
    with pytest.raises(Busy, match="another node has"):
        opened_at(url, shared=False)
    await shared.apply([put(1)])
    shared.close()
    again = opened_at(url, shared=False)
    assert again.record(record(1).id)
    again.close()


async def test_older_tables_are_not_migrated_under_the_hands_of_others(url: str) -> None:
    opened_at(url).close()
    run(url, "UPDATE alembic_version SET version_num = '0004'")
    with pytest.raises(UsageError, match="stop every process"):
        opened_at(url)


# ---- seats


async def test_each_process_has_a_place_of_its_own_and_one_leads(url: str) -> None:
    opened_at(url).close()
    seats = [await Seat.take(Address.parse(url)) for _ in range(3)]
    assert [one.place for one in seats] == [0, 1, 2]
    assert [await one.lead() for one in seats] == [True, False, False]
    await seats[0].close()
    while not await seats[1].lead():
        await asyncio.sleep(0)  # the server notices within a moment
    assert not await seats[2].lead()
    late = await Seat.take(Address.parse(url))
    assert late.place == 0
    for one in (*seats[1:], late):
        await one.close()


async def test_a_commit_wakes_the_others(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.adapters.store.postgres_replica.LOOK_SECONDS", 60.0)
    seat = await Seat.take(pair[1].address)
    await seat.woken()  # it has just sat down, and looks once
    waiting = asyncio.ensure_future(seat.woken())
    await pair[0].apply([put(1)])
    await asyncio.wait_for(waiting, 10)
    await seat.close()


async def test_a_seat_whose_connection_broke_is_taken_again(url: str) -> None:
    opened_at(url).close()
    seat = await Seat.take(Address.parse(url))
    assert await seat.lead()
    run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    await seat.woken()  # it has just sat down, and looks once
    await seat.woken()
    assert (seat.place, seat.leads) == (0, True)
    other = await Seat.take(Address.parse(url))
    assert (other.place, await other.lead()) == (1, False)
    await seat.close()
    await other.close()


async def test_a_leader_that_finds_another_one_leading_must_end(url: str) -> None:
    opened_at(url).close()
    old, new = [await Seat.take(Address.parse(url)) for _ in range(2)]
    assert await old.lead()
    assert old._connection is not None
    old._connection.terminate()
    while not await new.lead():
        await asyncio.sleep(0)
    with pytest.raises(Ousted):
        await old.woken()
    await old.close()
    await new.close()


# ---- keys


def test_what_is_read_and_written_again_touches_what_it_rests_on() -> None:
    for change in (PutPeer(peer("Eve")), SetSkillState(cid(1), SkillState.ADMITTED), PutMark("a", "b")):
        assert list(touches(change)) == list(rests_on(change)) != []
