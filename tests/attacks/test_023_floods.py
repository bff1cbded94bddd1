"""Attack 23: many records, many keys, many strangers. Each has a share, and every list has an end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hansa.admission.service import Via
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import MINUTE, SECOND
from hansa.node import rooms
from hansa.node.rows import PeerRow, PutPeer, PutTombstone, TombstoneRow
from hansa.skills.messages import skill_body
from hansa.skills.model import Claim, File
from tests.attacks.specimens import key
from tests.node.ways import Target
from tests.node.world import START, World, multiplier, skill_message, speak


def flood(author, count: int, start: int = 100) -> list[bytes]:
    return [skill_message(author, multiplier(n)).raw for n in range(start, start + count)]


async def invited(world: World, *keys, role: str = "hub"):
    node = world.settle("node", role)
    await node.store.apply([PutPeer(PeerRow(one.public.did, invited=True)) for one in keys])
    return node


async def push(node, raws: list[bytes]) -> list[int]:
    async with node.http() as http:
        return [(await http.post("/skills", content=raw)).status_code for raw in raws]


async def test_an_author_has_sixty_records_a_minute(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = await invited(world, key(1))
    assert await push(node, flood(key(1), 65)) == [201] * 60 + [429] * 5
    world.clock.advance(10 * SECOND)
    assert await push(node, flood(key(1), 15, start=200)) == [201] * 10 + [429] * 5
    world.clock.advance(MINUTE)
    assert await push(node, flood(key(1), 65, start=300)) == [201] * 60 + [429] * 5


async def test_a_refusal_says_when_to_come_again_and_keeps_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = await invited(world, key(1))
    await push(node, flood(key(1), 60))
    async with node.http() as http:
        answer = await http.post("/skills", content=flood(key(1), 1, start=900)[0])
    assert (answer.status_code, answer.json()["reason"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
    assert not node.holds(multiplier(900))


async def test_one_authors_flood_takes_nothing_from_another(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = await invited(world, key(1), key(2))
    await push(node, flood(key(1), 80))
    assert await push(node, flood(key(2), 60, start=500)) == [201] * 60


@pytest.mark.parametrize("bulk", [True, False])
async def test_bulk_is_no_way_around_the_rate(tmp_path: Path, bulk: bool) -> None:
    world = World(tmp_path)
    node = await invited(world, key(1))
    raws = flood(key(1), 80)
    async with node.http() as http:
        if bulk:
            answers = (await http.post("/skills/bulk", content=b"\n".join(raws))).json()["answers"]
            assert [one["status"] for one in answers].count(201) == 60
        else:
            assert (await push(node, raws)).count(201) == 60


async def test_an_operator_may_allow_one_author_more_or_less(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = await invited(world, key(1), key(2))
    await node.ask("peer.set", id=key(1).public.did, invited=True, per_minute=5)
    await node.ask("peer.set", id=key(2).public.did, invited=True, per_minute=100)
    assert (await push(node, flood(key(1), 10))).count(201) == 5
    assert (await push(node, flood(key(2), 100, start=500))).count(201) == 100


async def test_new_keys_are_no_new_allowance(tmp_path: Path) -> None:
    """Where everybody may push, all strangers share one; keys cost nothing to make."""
    world = World(tmp_path)
    node = world.settle("node", "hub", config={"admission": {"open_to_all": True}})
    raws = [skill_message(key(1000 + n), multiplier(n)).raw for n in range(100, 180)]
    assert (await push(node, raws)).count(201) == 60


async def test_strangers_leave_nothing_where_nobody_invited_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = world.settle("node")
    assert set(await push(node, [skill_message(key(1000 + n), multiplier(n)).raw for n in range(100, 120)])) == {403}
    assert node.store.feed_mark() == (0, "")
    assert (await node.ask("skill.list")).value["count"] == 0


async def test_greetings_are_bounded_by_rate_and_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    node = world.settle("node")

    async def greet(number: int) -> int:
        hello = speak(key(number), "hello", {"versions": ["1.0"]}, created=world.clock.now())
        async with node.http() as http:
            return (await http.post("/hello", content=hello.raw)).status_code

    assert [await greet(2000 + n) for n in range(65)] == [200] * 60 + [429] * 5
    assert len(node.store.peers()) == 60
    world.clock.advance(MINUTE)
    rows = [PutPeer(PeerRow(f"did:key:zStranger{n}", seen=START)) for n in range(rooms.MAX_PEERS - 60)]  # type: ignore[arg-type]
    await node.store.apply(rows)
    assert await greet(3000) == 429
    assert len(node.store.peers()) == rooms.MAX_PEERS
    assert await greet(2001) == 200  # who is known already is still greeted


async def test_what_is_pulled_or_imported_is_bounded_by_who_was_asked_and_not_by_a_rate(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    raws = flood(target.author.key, 70)
    assert await target.push_all("feed", raws[:35]) == ["taken"] * 35
    assert await target.push_all("file", raws[35:]) == ["taken"] * 35


# ---- a share of the store


def sizes(node) -> tuple[int, int]:
    """Returns the bytes of records of key 1, and of all."""
    held = node.store.sizes()
    return held.get(key(1).public.did, 0), sum(held.values())


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_an_author_has_one_hundredth_of_the_store_and_in_any_case_the_floor(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, kind)
    size = len(flood(key(1), 1)[0])
    settings = {"admission": {"share_floor_bytes": 5 * size + 200, "records_per_minute": 10_000}}
    node = world.settle("node", "hub", config=settings)
    authors = [key(n) for n in range(1, 12)]
    await node.store.apply([PutPeer(PeerRow(one.public.did, invited=True)) for one in authors])
    raws = flood(key(1), 8)
    assert await push(node, raws) == [201] * 5 + [507] * 3
    assert node.refusals() == {"over_share": 3}
    assert await push(node, flood(key(2), 3, start=200)) == [201] * 3
    async with node.http() as http:
        answer = await http.post("/skills", content=raws[7])
    assert (answer.json()["reason"], answer.json()["verdict"]) == ("over_share", "ignore")
    node = world.restart(node)  # what each has is counted anew from the store
    assert await push(node, [raws[7]]) == [507]
    assert sizes(node)[0] <= 5 * size + 200
    world.close()


async def test_a_share_grows_with_the_store(tmp_path: Path) -> None:
    world = World(tmp_path)
    settings = {"admission": {"share_floor_bytes": 0, "share_per_mille": 250, "records_per_minute": 10_000}}
    node = world.settle("node", "hub", config=settings)
    await node.store.apply([PutPeer(PeerRow(key(n).public.did, invited=True)) for n in range(1, 9)])
    assert await push(node, flood(key(1), 1)) == [507]
    node.settings["admission"] = settings["admission"] | {"share_floor_bytes": 3000}
    node = world.restart(node)
    for n in range(2, 9):
        await push(node, flood(key(n), 9, start=1000 * n))
    own, held = sizes(node)
    answers = await push(node, flood(key(1), 40))
    own, held = sizes(node)
    assert 201 in answers
    assert 507 in answers
    assert own <= max(3000, held * 250 // 1000)


def bundle(number: int, *sizes: int):
    """Returns a skill that names files of these sizes, none of which is anywhere."""
    files = tuple(File(path=f"{at}.bin", digest=content_id(b"%d %d" % (number, at)), size=size)
                  for at, size in enumerate(sizes))  # fmt: skip
    one = multiplier(number)
    return msgspec.structs.replace(one, result=msgspec.structs.replace(one.result, files=files))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("bulk", [True, False])
async def test_files_count_as_soon_as_a_skill_names_them_and_after_a_restart(
    tmp_path: Path, kind: str, bulk: bool
) -> None:
    world = World(tmp_path, kind)
    settings = {"admission": {"share_floor_bytes": 5_000_000, "records_per_minute": 10_000}}
    node = world.settle("node", "hub", config=settings)
    await node.store.apply([PutPeer(PeerRow(key(n).public.did, invited=True)) for n in (1, 2)])
    raws = [skill_message(key(1), bundle(n, 1_000_000, 200_000)).raw for n in range(100, 106)]
    if bulk:
        async with node.http() as http:
            answers = (await http.post("/skills/bulk", content=b"\n".join(raws))).json()["answers"]
        assert [one["status"] for one in answers] == [201] * 4 + [507] * 2
    else:
        assert await push(node, raws) == [201] * 4 + [507] * 2
    assert await push(node, flood(key(1), 1)) == [201]  # small ones still fit
    node = world.restart(node)
    assert await push(node, raws[5:]) == [507]
    assert await push(node, [skill_message(key(2), bundle(200, 1_000_000, 200_000)).raw]) == [201]
    held = node.store.sizes()
    assert 4_800_000 < held[key(1).public.did] < 5_000_000
    world.close()


async def test_sizes_that_are_none_take_nothing_from_anybody(tmp_path: Path) -> None:
    """A body is weighed before it is held to its shape."""
    world = World(tmp_path)
    node = await invited(world, key(1))
    good = skill_body(bundle(100, 1_000), Claim())
    for files in (
        [{"size": -(2**50)}],
        [{"size": 2**53 - 1}],
        [{"size": "1"}],
        [{"size": True}],
        [1],
        {},
        None,
        "x",
        [[]],
    ):
        for body in ({**good, "skill": {**good["skill"], "result": {"files": files}}}, {"skill": {"result": files}},
                     {"skill": files}):  # fmt: skip
            assert (await push(node, [speak(key(1), "skill", body).raw]))[0] in (400, 429, 507)
    world.clock.advance(MINUTE)
    assert await push(node, flood(key(1), 1)) == [201]


async def test_a_pulled_feed_is_no_way_around_the_share_but_a_file_is_the_operators_word(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    raws = flood(target.author.key, 8)
    admission = target.node.node.core.admission
    held = target.node.store.sizes()[target.author.id]
    admission.params = replace(admission.params, share_floor_bytes=held + 3 * len(raws[0]) + 100)
    assert await target.push_all("feed", raws[:5]) == ["taken"] * 3 + ["over_share"] * 2
    assert await target.push_all("file", raws[5:]) == ["taken"] * 3


# ---- pages


@pytest.mark.parametrize("path", ["/instances?limit=101", "/revocations?limit=101", "/revocations?after=x",
                                  "/disputes?limit=101", "/disputes?limit=0", "/disputes?after=x",
                                  "/disputes?after=-1",
                                  "/skills?limit=101", "/skills?limit=0", "/skills?limit=-1", "/feed?limit=101",
                                  "/skills?limit=1e3", "/feed?after=-1", "/feed?wait=31", "/feed?wait=-1",
                                  "/feed?wait=nan", "/feed?after=9999999999999999",
                                  "/skills?intent=" + "x" * 4001])  # fmt: skip
async def test_no_list_is_longer_than_a_hundred(tmp_path: Path, path: str) -> None:
    world = World(tmp_path)
    node = world.settle("node")
    async with node.http() as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_argument")


async def test_pages_add_up_and_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = world.settle("node", "hub")
    await node.ask("peer.set", id=key(1).public.did, invited=True, per_minute=10_000)
    await push(node, flood(key(1), 130))
    async with node.http() as http:
        assert len((await http.get("/feed")).json()["items"]) == 100
        seen, after = [], ""
        while True:
            page = (await http.get("/skills", params={"limit": 50, "after": after})).json()
            assert len(page["skills"]) == page["count"] <= 50
            seen += [one["trace_id"] for one in page["skills"]]
            after = page["next"]
            if after is None:
                break
        found = (await http.get("/skills", params={"intent": "multiply a number by 120", "limit": 100})).json()
    assert len(seen) == len(set(seen)) == 130
    assert len(found["skills"]) <= 100


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_nodes_and_what_is_gone_come_in_pages_as_well(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, kind)
    node = world.settle("node", "hub")
    peers = sorted(f"did:key:zPeer{n:04}" for n in range(130))
    gone = [content_id(b"%d" % n) for n in range(130)]
    await node.store.apply([PutPeer(PeerRow(NodeId(one), seen=START)) for one in peers])
    await node.store.apply([PutTombstone(TombstoneRow(one, content_id(one.encode()), "x", START)) for one in gone])
    async with node.http() as http:
        for path, name, id_, expected in (
            ("/instances", "instances", "instance_id", peers),
            ("/revocations", "revocations", "trace_id", gone),
        ):
            for limit in ({}, {"limit": 40}, {"limit": 65}):
                seen: list[str] = []
                after: str | None = ""
                while after is not None:
                    page = (await http.get(path, params={"after": after, **limit})).json()
                    assert len(page[name]) == page["count"] <= limit.get("limit", 100)
                    seen, after = seen + [one[id_] for one in page[name]], page["next"]
                assert seen == expected
    world.close()


async def test_more_than_a_hundred_records_at_once_are_refused_whole(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = await invited(world, key(1))
    async with node.http() as http:
        answer = await http.post("/skills/bulk", content=b"\n".join(flood(key(1), 101)))
        assert answer.status_code == 413
        answer = await http.post("/skills/bulk", content=b"x" * (4 * 1024 * 1024 + 1))
        assert answer.status_code == 413
    assert node.store.feed_mark() == (0, "")


async def test_a_page_of_large_records_is_cut_by_its_size(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = world.settle("node", "hub")
    await node.ask("peer.set", id=key(1).public.did, invited=True, per_minute=10_000)
    from tests.node.world import make_skill

    large = [make_skill(f"f{n}", f"def f{n}(x):\n    return x\n# {'x' * 120_000}\n", {"(1,)": "1"}) for n in range(40)]
    await push(node, [skill_message(key(1), one).raw for one in large])
    b = world.settle("b")
    await b.subscribe(node)
    async with node.http() as http:
        page = await http.get("/feed")
        assert len(page.content) < 5 * 1024 * 1024
        assert 0 < len(page.json()["items"]) < 40
    assert len(await b.pull(node)) == 40


async def test_what_is_refused_does_not_grow_the_store_without_end(tmp_path: Path) -> None:
    from hansa.adapters.store.memory import MemoryStore

    world = World(tmp_path)
    node = world.settle("node")
    node.store = MemoryStore(journal_bound=50)
    node = world.restart(node)
    for n in range(200):
        with pytest.raises(Refused):
            await node.node.inbox.receive(b"junk %d" % n, Via.HTTP)
    assert len(node.store.journal_refs("", 1000)) == 50
