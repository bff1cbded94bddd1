"""Many at once come to the same as one after the other: the same fates, the same store; only with fewer commits."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.adapters.store.sqlite import SqliteStore
from hansa.admission.service import Via
from hansa.identity import envelope
from hansa.identity.envelope import Signed
from hansa.kernel.errors import DiskFull, Fault, HansaError, Refused
from hansa.kernel.ids import content_id
from hansa.kernel.verdict import Reason
from hansa.node.gathering import Arrival, Gathering, Taken
from hansa.skills.messages import EVIDENCE, SKILL
from hansa.skills.model import SkillState
from tests.attacks.specimens import key, scaled
from tests.node.test_counters import MESSAGES, _seen
from tests.node.world import HARNESS, Resident, World, multiplier, skill_message, speak

AUTHOR, OTHER = key(11), key(12)
SKILLS = [multiplier(n) for n in (2, 3, 4)]


def finding(number: int, skill: str = SKILLS[0].id, author: Any = AUTHOR, seq: int | None = None) -> Signed:
    """Returns an evidence message."""
    body = {"skill": skill, "harness": HARNESS, "sandbox": "table", "outcome": "pass", "trials": 1, "successes": 1,
            "passed": 1, "total": 1, "digest": content_id(b"%d" % number), "reason": ""}  # fmt: skip
    return speak(author, EVIDENCE, body, seq=1000 + number if seq is None else seq)


def hub_of(world: World, **admission: Any) -> Resident:
    """Returns a hub that takes records from anybody."""
    given = {"open_to_all": True, "records_per_minute": 10_000} | admission
    return world.settle("hub", "hub", config={"admission": given})


def fate(outcome: Taken | HansaError) -> str:
    """Returns an outcome in one word."""
    if isinstance(outcome, Refused):
        return outcome.reason.code
    return outcome.kind if isinstance(outcome, Taken) else type(outcome).__name__


async def receive(node: Resident, *messages: Signed) -> list[str]:
    """Hands messages in together."""
    return [fate(one) for one in await node.node.inbox.receive_many([one.raw for one in messages], Via.HTTP)]


async def test_a_bulk_is_decided_in_order_and_kept_together(sqlite_world: World) -> None:
    hub = hub_of(sqlite_world)
    assert isinstance(hub.store, SqliteStore)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1))
    before = hub.store.commits
    assert await receive(hub, *(finding(number) for number in range(100))) == [EVIDENCE] * 100
    assert hub.store.commits == before + 1
    assert [one.digest for one in hub.store.evidence(SKILLS[0].id)] == [content_id(b"%d" % n) for n in range(100)]
    assert [row.place for row in hub.store.feed(0, 200)] == list(range(1, 102))
    assert hub.node.core.counters.balanced


async def test_those_who_come_at_the_same_time_share_a_commit(sqlite_world: World) -> None:
    hub = hub_of(sqlite_world)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1))
    before = hub.store.commits
    messages = [finding(number, author=key(20 + number)) for number in range(60)]
    taken = await asyncio.gather(*(hub.node.inbox.receive(one.raw, Via.HTTP) for one in messages))
    assert [one.id for one in taken] == [one.id for one in messages]
    assert hub.store.commits <= before + 3


async def test_one_that_is_refused_leaves_the_others_of_its_bulk_alone(world: World) -> None:
    hub = hub_of(world)
    good = skill_message(AUTHOR, SKILLS[0], seq=1)
    forged = Signed(good.raw.replace(b'"sig":"', b'"sig":"A', 1), good.payload_type, good.payload, (), ())
    fates = await receive(
        hub, good, forged, finding(1), finding(2, skill="0" * 64), finding(3), good, finding(4, seq=1003), finding(5)
    )
    assert fates == [SKILL, "bad_envelope", EVIDENCE, "unknown_skill", EVIDENCE, "duplicate", "equivocation", EVIDENCE]
    assert hub.node.core.counters.balanced
    assert len(hub.store.evidence(SKILLS[0].id)) == 3


async def test_what_comes_later_in_a_bulk_sees_what_came_before(world: World) -> None:
    """A finding about a skill of the same bulk, a tombstone for it, and the skill again."""
    hub = hub_of(world)
    first = skill_message(AUTHOR, SKILLS[0], seq=1)
    gone = speak(AUTHOR, "tombstone", {"skill": SKILLS[0].id, "why": "x"}, seq=3)
    again = skill_message(AUTHOR, SKILLS[0], seq=4)
    assert await receive(hub, finding(0), first, finding(1), gone, again, skill_message(OTHER, SKILLS[0], seq=1)) == [
        "unknown_skill", SKILL, EVIDENCE, "tombstone", "tombstoned", SKILL,
    ]  # fmt: skip
    assert hub.row(SKILLS[0]).state is SkillState.QUARANTINED


async def test_a_chain_of_skills_in_one_bulk_is_followed(world: World) -> None:
    hub = hub_of(world)
    parent = multiplier(20)
    child = multiplier(21, lineage=(parent.id,))
    grandchild = multiplier(22, lineage=(child.id,))
    made = [skill_message(AUTHOR, one, seq=number) for number, one in enumerate((parent, child, grandchild), 1)]
    assert await receive(hub, *made) == [SKILL] * 3
    assert hub.node.shelf.ancestry_of(grandchild)["depth"] == 2


async def test_a_chain_of_skills_in_one_bulk_is_as_deep_as_one_by_one(world: World) -> None:
    hub = hub_of(world)
    deepest = hub.node.core.settings.skills.max_depth
    chain = [multiplier(100)]
    for number in range(101, 102 + deepest):
        chain.append(multiplier(number, lineage=(chain[-1].id,)))
    made = [skill_message(AUTHOR, one, seq=number) for number, one in enumerate(chain, 1)]
    fates = await receive(hub, *made)
    assert (fates[:-1], fates[-1]) == ([SKILL] * (len(made) - 1), "bad_lineage")


async def test_two_equivocations_in_one_bulk_leave_one_proof(world: World) -> None:
    hub = hub_of(world)
    fates = await receive(
        hub, skill_message(AUTHOR, SKILLS[0], seq=1), skill_message(AUTHOR, SKILLS[1], seq=1),
        skill_message(AUTHOR, SKILLS[2], seq=1),
    )  # fmt: skip
    assert fates == [SKILL, "equivocation", "equivocation"]
    assert [row.dealing for row in hub.store.ledger()] == ["equivocated"]


async def test_the_rate_is_counted_within_a_bulk(world: World) -> None:
    hub = hub_of(world, records_per_minute=5)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1))
    fates = await receive(hub, *(finding(number) for number in range(8)))
    assert fates == [EVIDENCE] * 4 + ["rate_limited"] * 4 or fates.count(EVIDENCE) == 4


async def test_the_share_of_the_store_is_counted_within_a_bulk(world: World) -> None:
    size = len(finding(9).raw)
    hub = hub_of(world, share_floor_bytes=3 * size + size // 2)
    await receive(hub, skill_message(OTHER, SKILLS[0], seq=1))
    fates = await receive(hub, *(finding(number) for number in range(8)))
    assert fates == [EVIDENCE] * 3 + ["over_share"] * 5


async def test_a_ban_counts_from_the_next_message_on(world: World) -> None:
    hub = hub_of(world)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1), finding(1))
    await hub.ask("peer.set", id=AUTHOR.public.did, banned=True)
    assert hub.node.core.memory.guest(AUTHOR.public.did).banned  # nothing of the last group is remembered
    assert await receive(hub, *(finding(number) for number in range(2, 12))) == ["banned"] * 10


async def test_a_full_disk_takes_nothing_of_a_bulk_and_says_so_for_each(world: World) -> None:
    hub = hub_of(world)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1))

    async def full(batches: Any) -> list[HansaError | None]:
        return [DiskFull("no room") for _ in batches]

    real, hub.store.apply_each = hub.store.apply_each, full  # type: ignore[method-assign]
    fates = await receive(hub, finding(1), finding(2, skill="0" * 64), finding(3))
    assert fates == ["DiskFull", "unknown_skill", "DiskFull"]
    hub.store.apply_each = real  # type: ignore[method-assign]
    counters = hub.node.core.counters
    assert counters.balanced
    assert counters.refused[Reason.STORE_FULL] == 2
    assert await receive(hub, finding(1), finding(3)) == [EVIDENCE] * 2


async def test_whoever_stops_waiting_takes_nothing_back_and_is_counted_once(world: World) -> None:
    hub = hub_of(world)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1))
    asked = [asyncio.create_task(hub.node.inbox.receive(finding(n).raw, Via.HTTP)) for n in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert await receive(hub, finding(7)) == [EVIDENCE]
    assert len(hub.store.evidence(SKILLS[0].id)) == 4
    assert hub.node.core.counters.balanced


async def test_nobody_waits_for_ever_when_deciding_breaks() -> None:
    lost: list[int] = []

    async def broken(group: Any) -> None:
        raise ZeroDivisionError

    async def ready() -> None:
        pass

    gathering = Gathering(broken, lambda: lost.append(1), ready)
    arrival = Arrival(b"", Via.HTTP, "", None, "", Refused(Reason.NOT_JSON), envelope.root_only, 0, "")
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    (fate,) = await gathering.enter([arrival])
    assert isinstance(fate, Fault)
    assert lost == [1]
    assert await gathering.enter([]) == []


def sealed_batch(author: Any, amount: int, first: int) -> list[Signed]:
    """Returns findings under one signature."""
    pairs = [envelope.verify(finding(number, author=author, seq=first + number)) for number in range(amount)]
    return envelope.seal_batch([(one.header, one.body) for one in pairs], [author])


async def test_a_batch_comes_in_line_by_line_and_goes_out_one_by_one(world: World) -> None:
    hub = hub_of(world)
    await receive(hub, skill_message(AUTHOR, SKILLS[0], seq=1))
    batch = sealed_batch(AUTHOR, 10, 2000)
    assert await receive(hub, *batch) == [EVIDENCE] * 10
    async with hub.http() as http:
        one = await http.get(f"/records/{batch[3].id}")
    assert envelope.verify(envelope.read(one.content)).id == batch[3].id
    again = [finding(number, seq=2000 + number) for number in range(10)]
    assert [one.id for one in again] == [one.id for one in batch]
    assert await receive(hub, *again) == ["duplicate"] * 10


STEPS = st.lists(st.integers(0, len(MESSAGES) + 19), max_size=25)
FINDINGS = [finding(number, SKILLS[number % 3].id, (AUTHOR, OTHER)[number % 2], seq=300 + number // 2).raw
            for number in range(20)]  # fmt: skip
ALL = MESSAGES + FINDINGS


async def _played(kind: str, steps: list[int], together: bool) -> tuple[Any, ...]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), kind)
        try:
            hub = hub_of(world, records_per_minute=12)
            lines = [ALL[step] for step in steps]
            if together:
                outcomes = await hub.node.inbox.receive_many(lines, Via.HTTP)
            else:
                outcomes = [(await hub.node.inbox.receive_many([line], Via.HTTP))[0] for line in lines]
            assert hub.node.core.counters.balanced
            return [fate(one) for one in outcomes], _seen(hub)
        finally:
            world.close()


@settings(max_examples=scaled(25), deadline=None)
@given(STEPS)
def test_together_comes_to_the_same_as_one_by_one(steps: list[int]) -> None:
    fates, seen = asyncio.run(_played("memory", steps, together=False))
    for kind in ("memory", "sqlite"):
        same_fates, same_seen = asyncio.run(_played(kind, steps, together=True))
        assert same_fates == fates
        assert same_seen[:-1] == seen[:-1]  # the last is a score, which differs in its last digits
