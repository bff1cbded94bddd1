"""Attack 21 at its size: thousands of tombstones, and each skill sent again by every way, to a hub and to a node.

On SQLite files; then again after both were closed and opened, from a backup that was made after the tombstones, and
from one that was made before them, once its node has asked its sources. HANSA_TEST_SCALE=34 makes it ten thousand.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hansa.admission.service import Via
from hansa.kernel.verdict import Reason
from hansa.node.ports import SkillFilter
from hansa.node.rows import PeerRow, PutPeer
from hansa.skills.messages import TOMBSTONE, tombstone_body
from hansa.skills.model import Skill, SkillState
from tests.attacks.specimens import key, scaled
from tests.attacks.test_068_restored_backup import backed_up, put_back
from tests.node.world import Resident, World, multiplier, skill_message, speak

COUNT = scaled(300)
AUTHORS = [key(number) for number in range(1, 11)]
AFRESH = key(99)
"""Invited like the authors, and never heard of before."""

BULK = 250
LEFT = SkillFilter(states=(SkillState.QUARANTINED, SkillState.ADMITTED, SkillState.REFUSED))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "sqlite")
    yield made
    made.close()


def author_of(number: int):
    return AUTHORS[number % len(AUTHORS)]


async def send(node: Resident, lines: Sequence[bytes], via: Via, source: str = "") -> dict[str, int]:
    """Sends messages in bulks; returns how they fared: "taken", or a reason's code."""
    fates: dict[str, int] = {}
    for start in range(0, len(lines), BULK):
        for fate in await node.node.inbox.receive_many(lines[start : start + BULK], via, source):
            reason = getattr(fate, "reason", None)
            word = reason.code if isinstance(reason, Reason) else "taken"
            fates[word] = fates.get(word, 0) + 1
    return fates


def again(skills: Sequence[Skill]) -> list[bytes]:
    """Returns each skill once more: what was taken back by its author, what was recalled by somebody new."""
    return [skill_message(AFRESH if _is_recall(n) else author_of(n), one).raw for n, one in enumerate(skills)]


def _is_recall(number: int) -> bool:
    return number % 2 == 0


WAYS = (Via.HTTP, Via.FEED, Via.FILE)


async def refused_by_every_way(nodes: Sequence[Resident], skills: Sequence[Skill]) -> float:
    """Sends every skill again by every way; returns the seconds of processor time that one refusal took."""
    lines = again(skills)
    started = time.process_time()
    for node in nodes:
        for via in WAYS:
            assert await send(node, lines, via, "http://hub") == {"tombstoned": len(lines)}
    spent = time.process_time() - started
    nothing_is_left(nodes)
    return spent / (len(lines) * len(nodes) * len(WAYS))


async def refused_by_one_way_each(nodes: Sequence[Resident], skills: Sequence[Skill]) -> None:
    """Sends every skill again, a third of them by each way."""
    for node in nodes:
        for which, via in enumerate(WAYS):
            lines = again(skills)[which :: len(WAYS)]
            assert await send(node, lines, via, "http://hub") == {"tombstoned": len(lines)}
    nothing_is_left(nodes)


def nothing_is_left(nodes: Sequence[Resident]) -> None:
    assert [node.store.count_skills(LEFT) for node in nodes] == [0] * len(nodes)


async def test_what_is_gone_is_refused_by_every_way_after_a_restart_and_from_backups(world: World) -> None:
    hub, node = world.settle("hub", "hub"), world.settle("node")
    guests = [PutPeer(PeerRow(one.public.did, invited=True, per_minute=10**7)) for one in (*AUTHORS, AFRESH)]
    for one in (hub, node):
        await one.store.apply(guests)
    world.invite(hub, node)
    await node.subscribe(hub)
    skills = [multiplier(number) for number in range(1_000, 1_000 + COUNT)]
    passed_on = [skill_message(author_of(n), skill).raw for n, skill in enumerate(skills)]
    assert await send(hub, passed_on, Via.HTTP) == {"taken": COUNT}
    await node.pull(hub)
    before = await backed_up(world, node)

    gone = [
        speak(author_of(n), TOMBSTONE, tombstone_body(skill.id, "wrong", recall=_is_recall(n))).raw
        for n, skill in enumerate(skills)
    ]
    assert await send(hub, gone, Via.HTTP) == {"taken": COUNT}
    await node.pull(hub)
    assert len(hub.store.tombstones()) == len(node.store.tombstones()) == COUNT
    cost = await refused_by_every_way((hub, node), skills)
    print(f"{COUNT} tombstones: {cost * 1e6:.0f} us of processor time for one refusal")

    hub, node = world.restart(hub), world.restart(node)
    await refused_by_one_way_each((hub, node), skills)

    after = [(one, await backed_up(world, one)) for one in (hub, node)]
    hub, node = (put_back(world, one, kept) for one, kept in after)
    assert node.node.core.asks_first
    await refused_by_one_way_each((hub, node), skills)

    node = put_back(world, node, before)
    assert node.store.tombstones() == []
    assert (await node.ask("sync", no_prove=True)).ok
    assert len(node.store.tombstones()) == COUNT
    await refused_by_one_way_each((node,), skills)
