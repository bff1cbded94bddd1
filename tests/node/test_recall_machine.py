"""Recalls in any order with whatever else happens to skills: what is recalled is gone, what comes from it waits.

A hub and a node hear the same authors. A few sets say what must be: which skills are recalled by whom it binds, and
when the operator of the node last approved one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hansa.admission.service import Via
from hansa.kernel.errors import HansaError
from hansa.kernel.verdict import Reason
from hansa.node.rows import PeerRow, PutPeer
from hansa.skills.messages import TOMBSTONE, tombstone_body
from hansa.skills.model import Skill, SkillState
from tests.attacks.specimens import key, scaled
from tests.node.world import Resident, World, multiplier, skill_message, speak

PARENTS = ((), (0,), (1,), (0, 2), ())
"""Who comes from whom: a line, a diamond, and one who is nobody's."""

AUTHORS = [key(number) for number in (1, 2)]
HELD = Reason.ANCESTOR_RECALLED.code


def family() -> list[Skill]:
    made: list[Skill] = []
    for number, parents in enumerate(PARENTS):
        made.append(multiplier(number + 2, lineage=tuple(made[one].id for one in parents)))
    return made


SKILLS = family()
skills = st.integers(0, len(SKILLS) - 1)
authors = st.integers(0, len(AUTHORS) - 1)


class Recalls(RuleBasedStateMachine):
    """Both nodes, and for each: who brought a skill first, what is recalled, and when something was approved."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name), "memory")
        for skill in SKILLS:
            self.world.table.teach(skill)
        self.hub = self.world.settle("hub", "hub")
        self.node = self.world.settle("node")
        self.step = 0
        self.first: dict[tuple[str, int], str] = {}
        self.said: set[tuple[str, int, str]] = set()
        self.recalled: dict[tuple[str, int], int] = {}
        self.approved: dict[int, int] = {}
        for one in self.nodes:
            for author in AUTHORS:
                self.do(one.store.apply([PutPeer(PeerRow(author.public.did, invited=True, per_minute=10**6))]))

    @property
    def nodes(self) -> tuple[Resident, Resident]:
        return self.hub, self.node

    def teardown(self) -> None:
        self.world.close()
        self.folder.cleanup()

    def do(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Runs something; says whether it was done, and not refused."""

        async def one() -> bool:
            try:
                await work
            except HansaError:
                return False
            return True

        self.step += 1
        return asyncio.run(one())

    def take(self, node: Resident, raw: bytes) -> bool:
        via = Via.HTTP if node is self.hub else Via.FEED
        return self.do(node.node.inbox.receive(raw, via, "http://hub"))

    def state(self, node: Resident, which: int) -> SkillState | None:
        return node.store.skill_state(SKILLS[which].id)

    # ---- what happens

    @rule(author=authors, which=skills)
    def passes_on(self, author: int, which: int) -> None:
        by = AUTHORS[author]
        for node in self.nodes:
            took = self.take(node, skill_message(by, SKILLS[which]).raw)
            if took:
                self.first.setdefault((node.name, which), by.public.did)
                self.said.add((node.name, which, by.public.did))
            assert not (took and (node.name, which) in self.recalled), "what is recalled came again"

    @rule(which=skills)
    def is_recalled_by_whoever_brought_it_first(self, which: int) -> None:
        first = self.first.get((self.node.name, which))
        for author, one in enumerate(AUTHORS):
            if one.public.did == first:
                self.takes_back(author, which, True)

    @rule(author=authors, which=skills, recall=st.booleans())
    def takes_back(self, author: int, which: int, recall: bool) -> None:
        by = AUTHORS[author]
        for node in self.nodes:
            own = self.first.get((node.name, which))
            said = (node.name, which, by.public.did) in self.said
            took = self.take(node, speak(by, TOMBSTONE, tombstone_body(SKILLS[which].id, "", recall)).raw)
            assert not took or said, "who never passed it on was heard"
            if took and recall and own == by.public.did:
                self.recalled.setdefault((node.name, which), self.step)

    @rule(which=skills)
    def is_added(self, which: int) -> None:
        if self.do(self.node.add(SKILLS[which])):
            self.first.setdefault((self.node.name, which), "own")

    @rule(which=skills, recall=st.booleans())
    def the_operator_removes(self, which: int, recall: bool) -> None:
        if self.state(self.node, which) is None:
            return
        row = self.node.row(SKILLS[which])
        if self.do(self.node.node.shelf.remove(row, "", recall)) and recall:
            self.recalled.setdefault((self.node.name, which), self.step)

    @rule(which=skills, approve=st.booleans())
    def the_operator_settles(self, which: int, approve: bool) -> None:
        if self.do(self.node.ask("quarantine.settle", id=SKILLS[which].id, approve=approve)) and approve:
            self.approved[which] = self.step

    @rule(which=skills)
    def is_proved(self, which: int) -> None:
        if self.state(self.node, which) not in (None, SkillState.REMOVED):
            self.do(self.node.prove(SKILLS[which]))

    @rule()
    def all_are_proved(self) -> None:
        for which in range(len(SKILLS)):
            self.is_proved(which)

    @rule()
    def both_restart(self) -> None:
        self.hub, self.node = (self.world.restart(one) for one in self.nodes)

    # ---- what must be

    def ancestors(self, node: Resident, which: int) -> set[int]:
        """Returns the ancestors that the node can know of: through skills that it holds, or held."""
        found: set[int] = set()
        waiting = [which]
        while waiting:
            one = waiting.pop()
            if self.state(node, one) is not None:
                waiting += [parent for parent in PARENTS[one] if parent not in found]
                found |= set(PARENTS[one])
        return found

    @invariant()
    def what_is_recalled_is_gone_and_found_by_nobody(self) -> None:
        for node in self.nodes:
            for name, which in self.recalled:
                if name == node.name:
                    skill = SKILLS[which]
                    assert self.state(node, which) is SkillState.REMOVED
                    found = node.node.finder.find(skill.intent, limit=50, states=tuple(SkillState))
                    assert skill.id not in [one.row.id for one in found]

    @invariant()
    def what_comes_from_it_is_used_by_an_approval_after_it_only(self) -> None:
        for node in self.nodes:
            for which in range(len(SKILLS)):
                above = [self.recalled[node.name, one] for one in self.ancestors(node, which)
                         if (node.name, one) in self.recalled]  # fmt: skip
                if above and self.state(node, which) is SkillState.ADMITTED:
                    assert self.approved.get(which, 0) > max(above)

    @invariant()
    def nothing_is_held_without_a_recall_that_binds(self) -> None:
        for node in self.nodes:
            for which, skill in enumerate(SKILLS):
                row = node.store.skill(skill.id)
                if row is not None and row.reason == HELD:
                    assert any((node.name, one) in self.recalled for one in self.ancestors(node, which))

    @rule()
    def somebody_asks_the_hub(self) -> None:
        async def listed() -> list[str]:
            async with self.hub.http() as http:
                return [one["trace_id"] for one in (await http.get("/skills")).json()["skills"]]

        gone = {SKILLS[which].id for name, which in self.recalled if name == self.hub.name}
        assert not gone & set(asyncio.run(listed()))


def test_whatever_happens_in_whatever_order_what_is_recalled_is_gone() -> None:
    run_state_machine_as_test(
        Recalls, settings=settings(max_examples=scaled(30), stateful_step_count=40, deadline=None)
    )


def test_the_machine_can_see_a_recall_at_all() -> None:
    """A machine whose invariants never look at anything would be green for ever."""
    machine = Recalls()
    try:
        for which in (0, 1, 2):
            machine.passes_on(0, which)
            machine.is_proved(which)
        machine.takes_back(0, 0, True)
        assert {which for name, which in machine.recalled if name == "node"} == {0}
        assert machine.node.row(SKILLS[2]).reason == HELD
        machine.the_operator_settles(2, True)
        machine.what_comes_from_it_is_used_by_an_approval_after_it_only()
        machine.approved.clear()
        try:
            machine.what_comes_from_it_is_used_by_an_approval_after_it_only()
        except AssertionError:
            return
        raise AssertionError("an admitted derivative without an approval went unseen")
    finally:
        machine.teardown()
