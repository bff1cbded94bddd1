"""Attack 10 through every way in: clocks that are wrong, messages that are too old, too new or replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.instant import HOUR, MINUTE, SECOND
from tests.node.ways import SPREAD, WAYS, Target, words_of_every_kind
from tests.node.world import DOUBLE, START, Resident, World, skill_message, speak

HELLO = {"versions": ["1.0"], "name": "x", "role": "node", "skills": 0}


@pytest.mark.parametrize("way", WAYS)
async def test_a_record_from_the_future_is_refused_until_its_time(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    message = skill_message(target.author.key, DOUBLE, created=START + HOUR)
    assert await target.push(way, message.raw) == "from_future"
    target.world.clock.advance(HOUR)
    assert await target.push(way, message.raw) == "taken"


@pytest.mark.parametrize("skew", [-30 * SECOND, 0, 30 * SECOND])
@pytest.mark.parametrize("way", WAYS)
async def test_half_a_minute_of_skew_is_never_refused(tmp_path: Path, way: str, skew: int) -> None:
    target = await Target.fresh(tmp_path)
    assert await target.push(way, skill_message(target.author.key, DOUBLE, created=START + skew).raw) == "taken"


@pytest.mark.parametrize("way", WAYS)
async def test_an_expired_record_is_refused_and_an_old_one_without_expiry_is_not(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    created = START - 400 * 24 * HOUR
    expired = skill_message(target.author.key, DOUBLE, created=created, expires=START)
    assert await target.push(way, expired.raw) == "expired"
    old = skill_message(target.author.key, DOUBLE, created=created)
    assert await target.push(way, old.raw) == "taken"


@pytest.mark.parametrize("field", ["created", "expires", "seq"])
@pytest.mark.parametrize("value", [-1, 2**53, "1", None, True])
@pytest.mark.parametrize("way", ["http", "feed"])
async def test_a_time_is_a_whole_number_of_milliseconds(tmp_path: Path, way: str, field: str, value: object) -> None:
    from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding
    from tests.attacks.forgeries import envelope, signature

    target = await Target.fresh(tmp_path)
    import json

    fields = json.loads(skill_message(target.author.key, DOUBLE).payload) | {field: value}
    payload = json.dumps(fields, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    sig = target.author.key.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    fate = await target.push(way, envelope(payload, [signature(target.author.id, sig)]))
    assert fate in ("bad_envelope", "not_canonical")


@pytest.mark.parametrize("off", [-HOUR, HOUR, -6 * MINUTE, 6 * MINUTE])
async def test_a_greeting_that_is_not_of_now_is_refused(tmp_path: Path, off: int) -> None:
    target = await Target.fresh(tmp_path)
    greeting = speak(target.author.key, "hello", HELLO, created=START + off)
    assert await target.push("http", greeting.raw) in ("stale", "from_future")
    assert target.node.store.peer(target.author.id).live_seq == -1


async def test_greetings_only_rise_also_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path, "sqlite")
    node, other = world.settle("node"), world.settle("other")
    greetings = [speak(other.key, "hello", HELLO, seq=seq) for seq in (10, 12, 11)]

    async def greet(number: int) -> str:
        try:
            await node.node.greeted(greetings[number].raw, "")
        except Refused as refusal:
            return refusal.reason.code
        return "welcome"

    assert [await greet(0), await greet(1), await greet(2), await greet(1)] == [
        "welcome", "welcome", "old_sequence", "old_sequence",
    ]  # fmt: skip
    node = world.restart(node)
    assert [await greet(n) for n in range(3)] == ["old_sequence"] * 3
    world.close()


async def test_a_stale_answer_of_a_source_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, "memory")
    hub, b = world.settle("hub", "hub"), world.settle("b")
    await b.subscribe(hub)
    kept = []
    world.net.twists[hub.url] = lambda method, path, answer: kept.append(answer) or kept[0]
    await b.pull(hub)
    for _ in range(3):
        world.clock.advance(4 * MINUTE)
        try:
            await b.pull(hub)
        except Refused as refusal:
            assert refusal.reason.code in ("stale", "expired", "frozen")
            return
    pytest.fail("an index twelve minutes old is taken for news")


async def test_a_clock_that_was_set_back_uses_no_number_twice(tmp_path: Path) -> None:
    world = World(tmp_path, "sqlite")
    a: Resident = world.settle("a")
    seen = set()
    for step in (0, 1, -HOUR, 0, -HOUR, 5, HOUR):
        world.clock.advance(step)
        seen.add(a.node.core.seal("hello", dict(HELLO)).payload)
        await a.add(DOUBLE)
        await a.prove(DOUBLE)
    numbers = [row.seq for row in a.store.records_about(DOUBLE.id)]
    assert len(set(numbers)) == 7
    assert numbers == sorted(numbers)
    world.clock.advance(-10 * HOUR)
    a = world.restart(a)
    await a.prove(DOUBLE)
    assert a.store.records_about(DOUBLE.id)[-1].seq > numbers[-1]
    world.close()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"created": START - HOUR}, "stale"),
        ({"created": START - 5 * MINUTE - 1}, "stale"),
        ({"created": START + 5 * MINUTE + 1}, "from_future"),
        ({"expires": START}, "expired"),
        ({"created": START - 5 * MINUTE}, "taken"),
        ({"created": START + 5 * MINUTE}, "taken"),
        ({"created": START - 30 * SECOND, "expires": START + 1}, "taken"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", SPREAD)
async def test_a_word_that_goes_round_is_heard_within_the_window_alone(
    tmp_path: Path, kind: str, header: dict, expected: str
) -> None:
    target = await Target.fresh(tmp_path)
    assert await target.push("link", words_of_every_kind(target.author, **header)[kind].raw) == expected


@pytest.mark.parametrize("kind", SPREAD)
async def test_a_word_is_heard_in_any_order_and_moves_no_number_of_its_author(tmp_path: Path, kind: str) -> None:
    target = await Target.fresh(tmp_path)
    for seq in (START + 9, START + 7, START + 8, START + 9):
        assert await target.push("link", words_of_every_kind(target.author, seq=seq)[kind].raw) == "taken"
    assert target.node.store.peer(target.author.id).live_seq == -1
    record = skill_message(target.author.key, DOUBLE, seq=START + 9)
    assert await target.push("link", record.raw) == "taken"
