"""A database against memory: after any changes, in any order and any grouping, both answer alike."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from hansa.conduct.ledger import first_fault
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.node.membership import DropInvitations, DropPeer, DropRequest, PutInvitation, PutRequest
from hansa.node.ports import SkillFilter, Store
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    DropReflections,
    DropSubscription,
    PutBlob,
    PutEvidence,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutReflection,
    PutSkill,
    PutSubscription,
    PutTombstone,
    SetSkillState,
    TrimReflections,
    WithholdRecord,
)
from hansa.skills.model import Origin, SkillState
from hansa.skills.reflections import ReflectionFilter, Went
from tests.store.contract import (
    ANN,
    BOB,
    cid,
    delivery,
    finding,
    gone,
    invitation,
    line,
    note,
    open_store,
    peer,
    record,
    request,
    skill,
    source,
)
from tests.store.postgres_server import Server

BOUND = 12
NUMBERS = st.integers(0, 7)
AUTHORS = st.sampled_from([ANN, BOB])
STATES = st.sampled_from(list(SkillState))
WORDS = st.lists(st.sampled_from("merge the dates tables of a text count größe".split()), max_size=4).map(" ".join)
URLS = st.sampled_from(["http://a", "http://b"])

NOTES = [
    ReflectionFilter(),
    ReflectionFilter(outcome=Went.FAILURE, tag="date"),
    ReflectionFilter(category="parsing", since=1),
    ReflectionFilter(session="s1", until=2),
    ReflectionFilter(skill="none"),
]

CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        lambda number, seq, author, about, kind, fed: PutRecord(
            record(number, seq=seq, author=author, subject=cid(("skill", about)), kind=kind), fed
        ),
        st.integers(0, 30),
        st.integers(0, 30),
        AUTHORS,
        NUMBERS,
        st.sampled_from(["skill", "evidence"]),
        st.booleans(),
    ),
    st.builds(lambda number: WithholdRecord(cid(("record", number))), st.integers(0, 30)),
    st.builds(
        lambda number, intent, tags, state, origin, added: PutSkill(
            skill(number, intent=intent, tags=tuple(tags), state=state, origin=origin, added=added)
        ),
        NUMBERS,
        WORDS,
        st.lists(st.sampled_from(["date", "text", "sql"]), max_size=3),
        STATES,
        st.sampled_from(list(Origin)),
        st.integers(0, 3),
    ),
    st.builds(lambda number, state, why: SetSkillState(cid(("skill", number)), state, why), NUMBERS, STATES, WORDS),
    st.builds(lambda number, about: PutEvidence(cid(("record", number)), finding(about, at=number)), NUMBERS, NUMBERS),
    st.builds(lambda number, about: AppendLedger(cid(number), BOB, cid(about), "refuted", number), NUMBERS, NUMBERS),
    st.builds(lambda number, why: PutTombstone(gone(number, why)), NUMBERS, WORDS),
    st.builds(lambda number, detail: AppendJournal(line(cid(number), detail)), NUMBERS, WORDS),
    st.builds(
        lambda number, url, state, tries: PutOutbox(delivery(number, url, state, tries=tries)),
        NUMBERS,
        URLS,
        st.sampled_from(["pending", "delivered"]),
        NUMBERS,
    ),
    st.builds(lambda url, length: PutSubscription(source(url, length=length)), URLS, NUMBERS),
    st.builds(DropSubscription, URLS),
    st.builds(lambda name, banned: PutPeer(peer(name, banned=banned)), st.sampled_from("abc"), st.booleans()),
    st.builds(lambda name: DropPeer(peer(name).id), st.sampled_from("abc")),
    st.builds(
        lambda number, uses, ask, at: PutInvitation(
            invitation(number, uses=uses, ask=ask, created=at, per_minute=uses)
        ),
        NUMBERS,
        NUMBERS,
        st.booleans(),
        st.integers(0, 3),
    ),
    st.builds(
        lambda numbers: DropInvitations(tuple(invitation(one).id for one in numbers)), st.lists(NUMBERS, max_size=3)
    ),
    st.builds(
        lambda name, note, at: PutRequest(request(name, note=note, at=at)), st.sampled_from("abc"), WORDS, NUMBERS
    ),
    st.builds(lambda name: DropRequest(request(name).id), st.sampled_from("abc")),
    st.builds(
        lambda number, outcome, tags, at: PutReflection(note(number, outcome=outcome, tags=tuple(tags), at=at)),
        NUMBERS,
        st.sampled_from(list(Went)),
        st.lists(st.sampled_from(["date", "text", "sql"]), max_size=3),
        st.integers(0, 3),
    ),
    st.builds(lambda numbers: DropReflections(tuple(note(one).id for one in numbers)), st.lists(NUMBERS, max_size=3)),
    st.builds(TrimReflections, NUMBERS),
    st.builds(lambda number, data: PutBlob(cid(number), data), NUMBERS, st.binary(max_size=3)),
)


def view(store: Store) -> dict[str, object]:
    """Returns all that a store can be asked about the rows used here."""
    ids = [cid(("skill", number)) for number in range(8)]
    plain = [cid(number) for number in range(8)]
    filters = [
        SkillFilter(),
        SkillFilter(tag="date", published=True),
        SkillFilter(states=(SkillState.ADMITTED, SkillState.REMOVED), origin=Origin.OWN),
        SkillFilter(author=ANN),
        SkillFilter(derived=True),
    ]
    return {
        "records": [store.record(cid(("record", number))) for number in range(31)],
        "sequence": [store.record_at(author, seq) for author in (ANN, BOB) for seq in range(31)],
        "after": [store.records_after(author, seq, 3) for author in (ANN, BOB) for seq in (-5, 3, 12)],
        "last": (store.last_seq(ANN), store.last_seq(BOB)),
        "about": [(store.records_about(id_), store.records_about(id_, "evidence")) for id_ in ids],
        "feed": (store.feed(0, 100), store.feed(2, 3), store.feed_mark()),
        "skills": [(store.skills(wanted), store.count_skills(wanted)) for wanted in filters],
        "page": [store.skills(SkillFilter(), after, 2) for after in ids],
        "ids": (store.skill_ids("", 99), store.skill_ids("7", 99)),
        "evidence": [store.evidence(id_) for id_ in ids],
        "tombstones": (store.tombstones(), [store.tombstone(id_) for id_ in ids]),
        "ledger": (store.ledger(), store.ledger(1, 2), [store.receipts_about(id_) for id_ in plain]),
        "journal": ([store.journal(ref) for ref in plain], store.journal_refs("", 99)),
        "outbox": (store.outbox(), store.outbox("delivered", 2)),
        "deliveries": [store.deliveries_of(cid(("record", number))) for number in range(8)],
        "others": (store.subscriptions(), store.peers(), [store.blob(id_) for id_ in plain]),
        "members": (store.invitations(), store.requests()),
        "notes": [(store.reflections(wanted), store.count_reflections(wanted)) for wanted in NOTES],
        "note": [store.reflection(note(number).id) for number in range(8)],
        "note page": [store.reflections(ReflectionFilter(), note(number).id, 2) for number in range(8)],
    }


def found(store: Store) -> list[dict[str, float]]:
    """Returns what full-text search finds, and how well it fits."""
    asked = ("merge", "dates of texts", "die größe", "count a table")
    return [dict(store.lexical(text, 100)) for text in asked]


class Stores(RuleBasedStateMachine):
    """Makes the same changes in memory and in a database."""

    kind = "sqlite"
    server: ClassVar[Server | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = self.server.fresh() if self.server else ""
        self.memory = open_store("memory", Path(self.folder.name), BOUND)
        self.database = self.opened()
        self.changed = False

    def opened(self) -> Store:
        return open_store(self.kind, Path(self.folder.name), BOUND, self.url)

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=8))
    def one_batch(self, changes: list[Change]) -> None:
        assert asyncio.run(outcome(self.memory, changes)) == asyncio.run(outcome(self.database, changes))
        self.changed = True

    @rule(batches=st.lists(st.lists(CHANGES, max_size=3), min_size=2, max_size=5))
    def batches_at_once(self, batches: list[list[Change]]) -> None:
        assert asyncio.run(outcomes(self.memory, batches)) == asyncio.run(outcomes(self.database, batches))
        self.changed = True

    @precondition(lambda self: self.changed)
    @rule()
    def reopen(self) -> None:
        self.database.close()
        self.database = self.opened()

    @invariant()
    def both_answer_alike(self) -> None:
        assert view(self.database) == view(self.memory)
        for here, there in zip(found(self.database), found(self.memory), strict=True):
            assert here == pytest.approx(there, rel=1e-6, abs=1e-6)
        assert first_fault(row.entry for row in self.database.ledger()) is None

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


async def outcome(store: Store, changes: list[Change]) -> Reason | None:
    try:
        await store.apply(changes)
    except Refused as error:
        return error.reason
    return None


async def outcomes(store: Store, batches: list[list[Change]]) -> list[Reason | None]:
    return list(await asyncio.gather(*(outcome(store, changes) for changes in batches)))


TestStores = Stores.TestCase
TestStores.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)


def test_postgresql_and_memory_answer_alike(postgres: Server) -> None:
    class PostgresStores(Stores):
        kind = "postgres"
        server = postgres

    run_state_machine_as_test(PostgresStores, settings=settings(max_examples=10, stateful_step_count=10, deadline=None))
