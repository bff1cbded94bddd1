"""The life of invitations: whatever is issued, used, withdrawn and outlived in whatever order, the uses add up."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hansa.identity.envelope import read
from hansa.kernel.errors import NotFound
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE
from hansa.overlay.invitation import Invitation, proof
from tests.attacks.specimens import key, scaled
from tests.node.world import World, speak

GUESTS = st.integers(0, 4)


class Invitations(RuleBasedStateMachine):
    """A node with a door, five guests, and what should be true of them in plain dictionaries."""

    codes = Bundle("codes")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.hub = self.world.settle("hub", "hub", config={"admission": {"records_per_minute": 10**6}})
        self.left: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.asks: dict[int, bool] = {}
        self.members: dict[int, int | None] = {}
        self.waiting: set[int] = set()

    def run(self, work: Any) -> Any:
        return asyncio.run(work)

    @rule(target=codes, uses=st.integers(1, 3), minutes=st.integers(1, 5), ask=st.booleans())
    def issue(self, uses: int, minutes: int, ask: bool) -> int:
        secret, now = 2**40 + len(self.asks), self.hub.clock.now()
        self.run(
            self.hub.node.doorkeeper.issue(Invitation(secret, uses, now + minutes * MINUTE, now, secret % 97 + 1, ask))
        )
        self.left[secret], self.ends[secret], self.asks[secret] = uses, now + minutes * MINUTE, ask
        return secret

    @rule(secret=codes, guest=GUESTS)
    def come(self, secret: int, guest: int) -> None:
        known = self.hub.node.doorkeeper.known(_id(guest))
        is_open = self.left.get(secret, 0) > 0 and self.hub.clock.now() < self.ends[secret]
        expected = self._expected(guest, is_open, self.asks[secret])
        assert self._joins(guest, secret) == expected
        if expected == "refused":
            assert self.hub.node.doorkeeper.known(_id(guest)) == known
        elif guest not in self.members and not (expected == "waiting" and guest in self.waiting):
            self.left[secret] -= 1
        if expected == "waiting":
            self.waiting.add(guest)
        elif expected == "admitted":
            self.waiting.discard(guest)
            self.members.setdefault(guest, secret % 97 + 1)

    @rule(guest=GUESTS)
    def guess(self, guest: int) -> None:
        assert self._joins(guest, 7) == self._expected(guest, False, False)

    def _expected(self, guest: int, is_open: bool, asks: bool) -> str:
        if guest in self.members:
            return "admitted"
        if not is_open:
            return "waiting" if guest in self.waiting else "refused"
        return "waiting" if asks else "admitted"

    def _joins(self, guest: int, secret: int) -> str:
        body = {"proof": proof(secret, self.hub.id, _id(guest))}
        message = speak(key(50 + guest), "join", body, recipient=self.hub.id, created=self.hub.clock.now())
        answer = self.run(self.hub.node.joined(message.raw, "test"))
        return str(msgspec.json.decode(read(answer.raw).payload)["body"]["outcome"])

    @rule(secret=codes)
    def withdraw(self, secret: int) -> None:
        id_ = Invitation(secret, 1, 1, 1).id
        try:
            self.run(self.hub.node.doorkeeper.withdraw(id_))
        except NotFound:
            assert secret not in self.left
        else:
            del self.left[secret]

    @rule(minutes=st.integers(1, 3))
    def pass_time(self, minutes: int) -> None:
        self.hub.clock.advance(minutes * MINUTE)

    @rule(guest=GUESTS, yes=st.booleans())
    def answer(self, guest: int, yes: bool) -> None:
        held = [one for one in self.hub.store.requests() if one.id == _id(guest)]
        work = self.hub.node.doorkeeper.approve if yes else self.hub.node.doorkeeper.refuse
        try:
            self.run(work(_id(guest)))
        except NotFound:
            assert guest not in self.waiting
            return
        self.waiting.remove(guest)
        if yes:
            self.members[guest] = held[0].per_minute

    @rule(guest=GUESTS)
    def remove(self, guest: int) -> None:
        try:
            self.run(self.hub.node.doorkeeper.remove(_id(guest)))
        except NotFound:
            assert guest not in self.members
        self.members.pop(guest, None)
        self.waiting.discard(guest)

    @invariant()
    def the_store_says_what_should_be(self) -> None:
        if not hasattr(self, "hub"):
            return
        store = self.hub.store
        assert {one.secret: one.uses for one in store.invitations()} == self.left
        assert {row.id: row.per_minute for row in store.peers() if row.invited} == {
            _id(guest): rate for guest, rate in self.members.items()
        }
        assert sorted(one.id for one in store.requests()) == sorted(map(_id, self.waiting))
        assert self.hub.node.core.counters.balanced

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()
            self.folder.cleanup()


def _id(guest: int) -> NodeId:
    return NodeId(key(50 + guest).public.did)


def test_whatever_happens_in_whatever_order_the_uses_add_up() -> None:
    run_state_machine_as_test(
        Invitations, settings=settings(max_examples=scaled(25), stateful_step_count=30, deadline=None)
    )
