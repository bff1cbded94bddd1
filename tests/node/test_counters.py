"""Counters balance, and both kinds of store come to the same, after any mixture of good and bad messages (L4, L7)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.admission.service import Via
from hansa.conduct.ledger import first_fault
from hansa.kernel.errors import Fault, Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from hansa.node.ports import SkillFilter
from hansa.skills.model import SkillState
from tests.attacks.forgeries import forgeries
from tests.attacks.specimens import key
from tests.node.world import START, Resident, World, multiplier, skill_message, speak

AUTHORS = [key(11), key(12)]
SKILLS = [multiplier(n) for n in (2, 3, 4)]


def _messages() -> list[bytes]:
    """Returns good messages, replays, rivals for one number, misaddressed ones, and what is no message at all."""
    made = [
        skill_message(author, skill, seq=10 * who + what)
        for who, author in enumerate(AUTHORS, 1)
        for what, skill in enumerate(SKILLS)
    ]
    first = made[0]
    rivals = [skill_message(AUTHORS[0], SKILLS[1], seq=10), skill_message(AUTHORS[0], SKILLS[0], seq=99)]
    about = [
        speak(AUTHORS[0], "tombstone", {"skill": SKILLS[0].id, "why": "x"}, seq=101),
        speak(AUTHORS[1], "tombstone", {"skill": SKILLS[0].id, "why": "x"}, seq=101),
        speak(AUTHORS[1], "tombstone", {"skill": "0" * 64, "why": "x"}, seq=102),
        speak(AUTHORS[1], "receipt", {"dealing": "skill_refuted", "subject": AUTHORS[0].public.did,
                                      "skill": SKILLS[0].id, "records": [first.id], "reason": "refuted"}, seq=103),
        speak(AUTHORS[1], "receipt", {"dealing": "loves", "subject": "x", "records": [first.id]}, seq=104),
        speak(AUTHORS[1], "hello", {"versions": ["1.0"]}, seq=105),
        speak(AUTHORS[1], "hello", {"versions": ["1.0"]}, seq=104, created=START - 10**7),
        speak(AUTHORS[1], "index", {"length": 0, "head": ""}, seq=107),
        speak(AUTHORS[1], "no such kind", {}, seq=108),
        speak(AUTHORS[1], "skill", {"skill": 7}, seq=109),
    ]  # fmt: skip
    wrong: list[dict[str, Any]] = [
        {"network": "other"}, {"version": "9.9"}, {"recipient": AUTHORS[0].public.did},
        {"created": START + 10**7}, {"expires": START - 1},
    ]  # fmt: skip
    off = [skill_message(AUTHORS[1], SKILLS[2], seq=200 + n, **changes) for n, changes in enumerate(wrong)]
    bad = [raw for _, raw in forgeries(first, [AUTHORS[0], AUTHORS[1]])][::7]
    return [one.raw for one in [*made, *rivals, *about, *off]] + bad + [b"", b"{}", b"\xff", b"[" * 50, b"x" * 300_000]


MESSAGES = _messages()
STEP = st.tuples(st.integers(0, len(MESSAGES) - 1), st.sampled_from([Via.HTTP, Via.FILE, Via.FEED]))


async def _played(kind: str, steps: list[tuple[int, Via]]) -> tuple[object, ...]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), kind)
        try:
            node = world.settle("hub", "hub", config={"admission": {"open_to_all": True, "records_per_minute": 12}})
            fates = [await _fate(node, MESSAGES[which], via) for which, via in steps]
            return (*_seen(node), fates)
        finally:
            world.close()


async def _fate(node: Resident, raw: bytes, via: Via) -> str:
    counters = node.node.core.counters
    before = (counters.received, counters.admitted, counters.refused.total())
    try:
        await node.node.inbox.receive(raw, via)
        fate = "taken"
    except Refused as refusal:
        fate = refusal.reason.code
    assert counters.balanced
    after = (counters.received, counters.admitted, counters.refused.total())
    assert after == (before[0] + 1, before[1] + (fate == "taken"), before[2] + (fate != "taken"))
    return fate


def _seen(node: Resident) -> tuple[object, ...]:
    """Returns all that the outside can see of a node, and checks what must always hold."""
    store = node.store
    length, head = store.feed_mark()
    assert [row.place for row in store.feed(0, 10_000)] == list(range(1, length + 1))
    assert first_fault(row.entry for row in store.ledger()) is None
    for gone in store.tombstones():
        published, withdrawn = (
            {row.author for row in store.records_about(gone.skill, kind)} for kind in ("skill", "tombstone")
        )
        assert store.skill(gone.skill).state is SkillState.REMOVED or published - withdrawn
    return (
        node.node.views.status(),
        (length, head),
        store.skills(SkillFilter()),
        [store.records_about(skill.id) for skill in SKILLS],
        store.ledger(),
        store.tombstones(),
        store.peers(),
        [store.journal(skill.id) for skill in SKILLS],
        store.lexical("multiply a number by three", 10),
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=30))
def test_after_any_messages_the_counters_balance_and_both_stores_agree(steps: list[tuple[int, Via]]) -> None:
    memory, sqlite = (asyncio.run(_played(kind, steps)) for kind in ("memory", "sqlite"))
    scores = [dict(one[-2]) for one in (memory, sqlite)]
    assert scores[0].keys() == scores[1].keys()
    assert memory[:-2] + memory[-1:] == sqlite[:-2] + sqlite[-1:]


def test_a_message_whose_author_can_not_be_looked_up_has_a_fate_too_and_so_have_those_beside_it(tmp_path: Path) -> None:
    world = World(tmp_path, "memory")
    node = world.settle("hub", "hub", config={"admission": {"open_to_all": True}}).node
    ring, broken = node.core.ring, AUTHORS[1].public.did

    class Damaged:
        def records_about(self, author: NodeId, kind: str) -> list[object]:
            if author == broken:
                raise Fault("the store is damaged")
            return []

    ring._store = Damaged()  # type: ignore[assignment]
    before, good, bad = MESSAGES[0], MESSAGES[1], MESSAGES[len(SKILLS)]
    fates = asyncio.run(node.inbox.receive_many([before, bad, good], Via.HTTP))
    assert [type(fate).__name__ for fate in fates] == ["Taken", "Fault", "Taken"]
    counters = node.core.counters
    assert counters.balanced and counters.refused == {Reason.INTERRUPTED: 1}


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=20))
def test_the_same_messages_again_change_nothing(steps: list[tuple[int, Via]]) -> None:
    """Threat 40: replaying everything that was taken leaves the same feed, ledger and shelf."""

    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), "memory")
            node = world.settle("hub", "hub", config={"admission": {"open_to_all": True, "records_per_minute": 1000}})
            taken = [which for which, via in steps if await _fate(node, MESSAGES[which], via) == "taken"]
            before = _seen(node)[1:6]
            fates = {await _fate(node, MESSAGES[which], Via.HTTP) for which in taken}
            assert fates <= {"duplicate", "old_sequence", "tombstoned"}
            assert _seen(node)[1:6] == before

    asyncio.run(play())
