"""What every store does, whatever it is made of: the contract of `node.ports.Store`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hansa.conduct.ledger import first_fault
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId, NodeId, chain
from hansa.kernel.verdict import Reason
from hansa.node.membership import DropInvitations, DropPeer, DropRequest, PutInvitation, PutRequest
from hansa.node.ports import SkillFilter, Store
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    DropSubscription,
    Mend,
    PutBlob,
    PutEvidence,
    PutMark,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutSkill,
    PutSubscription,
    PutTombstone,
    SetSkillState,
    WithholdRecord,
)
from hansa.skills.model import Origin, SkillState
from tests.store.contract import (
    ANN,
    ANY,
    BOB,
    KINDS,
    cid,
    delivery,
    finding,
    fresh_store,
    gone,
    invitation,
    line,
    peer,
    put,
    record,
    request,
    skill,
    source,
)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(request, tmp_path)
    yield opened
    opened.close()


@pytest.fixture(params=KINDS)
def forgetful(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(request, tmp_path, journal_bound=5)
    yield opened
    opened.close()


def receipt(number: int, about: str = "") -> AppendLedger:
    return AppendLedger(cid(("receipt", number)), BOB, about, "skill_refuted", 1_700_000_000_000 + number)


# ---- records and the feed


async def test_empty_store_answers(store: Store) -> None:
    nothing = cid("nothing")
    assert store.record(nothing) is None
    assert store.record_at(ANN, 0) is None
    assert store.last_seq(ANN) == -1
    assert store.records_about(nothing) == store.feed(0, 10) == []
    assert store.feed_mark() == (0, "")
    assert store.skill(nothing) is None
    assert store.skill_ids("") == store.skills(ANY) == store.evidence(nothing) == []
    assert store.count_skills(ANY) == 0
    assert store.tombstone(nothing) is None
    assert store.tombstones() == store.ledger() == store.receipts_about(nothing) == []
    assert store.journal("x") == store.journal_refs("") == store.outbox() == store.deliveries_of(nothing) == []
    assert (
        store.subscriptions()
        == store.peers()
        == store.invitations()
        == store.requests()
        == store.lexical("anything", 5)
        == []
    )
    assert store.peer(ANN) is None
    assert store.blob(nothing) is None


async def test_nothing_to_change_is_no_change(store: Store) -> None:
    await store.apply([])
    assert store.feed_mark() == (0, "")


async def test_record_comes_back_as_it_went_in(store: Store) -> None:
    await store.apply([put(7, envelope=bytes(range(256)))])
    assert store.record(cid(("record", 7))) == record(7, envelope=bytes(range(256)))
    assert store.record_at(ANN, 7) == cid(("record", 7))
    assert store.record_at(BOB, 7) is None


async def test_last_seq_is_the_highest_of_that_author(store: Store) -> None:
    await store.apply([put(9), put(4), put(20, author=BOB)])
    assert (store.last_seq(ANN), store.last_seq(BOB)) == (9, 20)


async def test_records_about_a_skill_come_in_the_order_of_arrival(store: Store) -> None:
    about = cid("the skill")
    kinds = ["skill", "evidence", "tombstone", "evidence"]
    await store.apply([put(9 - n, subject=about, kind=kind) for n, kind in enumerate(kinds)])
    await store.apply([put(100)])
    assert [row.seq for row in store.records_about(about)] == [9, 8, 7, 6]
    assert [row.seq for row in store.records_about(about, "evidence")] == [8, 6]


async def test_feed_gives_places_in_order_and_chains_the_ids(store: Store) -> None:
    await store.apply([put(3, in_feed=True), put(1), put(2, in_feed=True)])
    await store.apply([put(5, in_feed=True)])
    ids = [cid(("record", number)) for number in (3, 2, 5)]
    head = ""
    for id_ in ids:
        head = chain(head, id_)
    assert [(row.place, row.id) for row in store.feed(0, 10)] == [(1, ids[0]), (2, ids[1]), (3, ids[2])]
    assert store.feed_mark() == (3, head)
    assert store.record(cid(("record", 1))) == record(1)


async def test_feed_is_paged(store: Store) -> None:
    await store.apply([put(number, in_feed=True) for number in range(5)])
    assert [row.place for row in store.feed(0, 2)] == [1, 2]
    assert [row.place for row in store.feed(2, 2)] == [3, 4]
    assert [row.place for row in store.feed(4, 2)] == [5]
    assert store.feed(5, 2) == store.feed(99, 2) == store.feed(0, 0) == []


async def test_a_place_is_given_by_the_store_alone(store: Store) -> None:
    await store.apply([put(1, place=40), put(2, in_feed=True, place=40)])
    assert [store.record(cid(("record", number))).place for number in (1, 2)] == [None, 1]  # type: ignore[union-attr]


async def test_record_twice_is_a_duplicate(store: Store) -> None:
    await store.apply([put(1)])
    with pytest.raises(Refused) as refused:
        await store.apply([put(1)])
    assert refused.value.reason is Reason.DUPLICATE


async def test_known_id_is_a_duplicate_even_under_another_sequence_number(store: Store) -> None:
    await store.apply([put(1), put(2)])
    with pytest.raises(Refused) as refused:
        await store.apply([put(2, id=cid(("record", 1)))])
    assert refused.value.reason is Reason.DUPLICATE


async def test_two_records_under_one_sequence_number_are_equivocation(store: Store) -> None:
    await store.apply([put(1)])
    with pytest.raises(Refused) as refused:
        await store.apply([put(1, id=cid("another"))])
    assert refused.value.reason is Reason.EQUIVOCATION
    assert store.record(cid("another")) is None


async def test_equivocation_within_one_batch(store: Store) -> None:
    with pytest.raises(Refused) as refused:
        await store.apply([put(1), put(1, id=cid("another"))])
    assert refused.value.reason is Reason.EQUIVOCATION
    assert store.record(cid(("record", 1))) is None


# ---- many at once


async def test_many_batches_are_made_each_whole_and_in_order(store: Store) -> None:
    batches = [[put(number, in_feed=True), AppendJournal(line("ref"))] for number in range(1, 6)]
    assert await store.apply_each(batches) == [None] * 5
    assert [row.id for row in store.feed(0, 10)] == [record(number).id for number in range(1, 6)]
    assert store.feed_mark()[0] == len(store.journal("ref")) == 5
    assert await store.apply_each([]) == []


async def test_a_batch_among_others_that_is_refused_is_refused_alone(store: Store) -> None:
    await store.apply([put(1, in_feed=True)])
    batches: list[list[Change]] = [
        [put(2, in_feed=True), PutEvidence(record(2).id, finding(2))],
        [put(1), AppendJournal(line("refused"))],
        [put(3, in_feed=True)],
        [put(3, id=cid("another")), PutEvidence(record(1).id, finding(1))],
        [put(2)],
        [AppendJournal(line("ref"))],
    ]
    outcomes = await store.apply_each(batches)
    assert [one.reason if isinstance(one, Refused) else one for one in outcomes] == [
        None, Reason.DUPLICATE, None, Reason.EQUIVOCATION, Reason.DUPLICATE, None,
    ]  # fmt: skip
    assert [row.id for row in store.feed(0, 10)] == [record(number).id for number in (1, 2, 3)]
    assert store.feed_mark() == (3, chain(chain(chain("", record(1).id), record(2).id), record(3).id))
    assert (store.journal("refused"), len(store.journal("ref"))) == ([], 1)
    assert [len(store.evidence(cid(("skill", number)))) for number in (1, 2)] == [0, 1]


async def test_which_of_many_are_held(store: Store) -> None:
    await store.apply([put(1), put(2), put(3, author=BOB)])
    one, two, other = (record(number).id for number in (1, 2, 4))
    assert sorted(store.held([two, other, one, one])) == sorted([one, two])
    assert store.held([]) == []
    asked = [(ANN, 1), (ANN, 3), (BOB, 3), (BOB, 1), (BOB, 2**53 - 1)]
    assert store.records_at(asked) == {(ANN, 1): one, (BOB, 3): record(3).id}
    assert store.records_at([]) == {}


# ---- atomicity


async def test_refused_batch_changes_nothing(store: Store) -> None:
    """Every kind of change stands before and behind the one that is refused."""
    await store.apply([put(1, in_feed=True), PutSkill(skill(1)), receipt(0), PutSubscription(source("http://old"))])
    before = everything(store)
    others: list[Change] = [
        put(2, in_feed=True),
        PutSkill(skill(2)),
        SetSkillState(cid(("skill", 1)), SkillState.REMOVED, "gone"),
        PutEvidence(record(1).id, finding(1)),
        receipt(1),
        PutTombstone(gone(1)),
        AppendJournal(line("ref")),
        PutOutbox(delivery(1)),
        PutSubscription(source("http://new")),
        DropSubscription("http://old"),
        PutPeer(peer("Eve")),
        PutBlob(cid("blob"), b"bytes"),
    ]
    for batch in ([*others, put(1)], [put(1), *others]):
        with pytest.raises(Refused):
            await store.apply(batch)
        assert everything(store) == before
    await store.apply(others)
    assert everything(store) != before


def everything(store: Store) -> list[object]:
    return [
        store.feed(0, 100),
        store.feed_mark(),
        store.last_seq(ANN),
        store.skills(ANY),
        store.evidence(cid(("skill", 1))),
        store.ledger(),
        store.tombstones(),
        store.journal("ref"),
        store.outbox(),
        store.subscriptions(),
        store.peers(),
        store.blob(cid("blob")),
        store.lexical("table text", 10),
    ]


# ---- skills


async def test_skill_comes_back_as_it_went_in(store: Store) -> None:
    rows = [
        skill(1, intent="Übergröße ☃ 'quoted' \"double\"", tags=("ä, b", '"x"'), claimed_pass=True, reason="flaky"),
        skill(2, tags=(), has_checks=False, origin=Origin.OWN, claimed_pass=False, body=b"\0\xff", license=""),
    ]
    await store.apply([PutSkill(row) for row in rows])
    assert [store.skill(row.id) for row in rows] == rows
    found = store.skill(rows[1].id)
    assert found and found.has_checks is False and found.claimed_pass is False


async def test_held_skill_is_not_replaced(store: Store) -> None:
    await store.apply([PutSkill(skill(1))])
    await store.apply([PutSkill(skill(1, author=BOB, state=SkillState.ADMITTED, tags=("other",)))])
    assert store.skill(cid(("skill", 1))) == skill(1)
    assert store.skills(SkillFilter(tag="other")) == []


async def test_state_of_a_skill_changes_with_its_reason(store: Store) -> None:
    await store.apply([PutSkill(skill(1, reason="flaky")), PutSkill(skill(2))])
    await store.apply([SetSkillState(cid(("skill", 1)), SkillState.ADMITTED)])
    assert store.skill(cid(("skill", 1))) == skill(1, state=SkillState.ADMITTED, reason="")
    assert store.skill(cid(("skill", 2))) == skill(2)


async def test_state_of_a_skill_is_told_alone(store: Store) -> None:
    assert store.skill_state(cid(("skill", 1))) is None
    await store.apply([PutSkill(skill(1, state=SkillState.ADMITTED))])
    assert store.skill_state(cid(("skill", 1))) is SkillState.ADMITTED


async def test_state_of_a_skill_that_is_not_held_changes_nothing(store: Store) -> None:
    await store.apply([SetSkillState(cid("nothing"), SkillState.ADMITTED)])
    assert store.count_skills(ANY) == 0


async def test_skill_ids_by_prefix(store: Store) -> None:
    rows = [skill(number, id=ContentId(prefix + "0" * 60)) for number, prefix in enumerate(("ab01", "ab02", "ab10"))]
    await store.apply([PutSkill(row) for row in reversed(rows)])
    ids = [row.id for row in rows]
    assert store.skill_ids("ab", 10) == ids
    assert store.skill_ids("ab") == ids[:2]
    assert store.skill_ids("ab0", 1) == ids[:1]
    assert store.skill_ids(ids[2]) == ids[2:]
    assert store.skill_ids("AB") == store.skill_ids("%") == store.skill_ids("ab_") == store.skill_ids("\udcff") == []


async def test_ids_of_skills_in_some_states_come_as_they_came_in(store: Store) -> None:
    rows = [skill(number, added=1_000 - number) for number in range(6)]
    await store.apply([PutSkill(row) for row in rows])
    await store.apply([SetSkillState(row.id, SkillState.ADMITTED) for row in rows[1::2]])
    ids = [row.id for row in rows]
    assert store.ids_of_skills([SkillState.ADMITTED]) == ids[1::2]
    assert store.ids_of_skills([SkillState.ADMITTED, rows[0].state]) == ids
    assert store.ids_of_skills([SkillState.REMOVED]) == store.ids_of_skills([]) == []


async def test_skills_come_by_time_and_id_in_pages(store: Store) -> None:
    rows = [skill(number, added=1_000 + number // 3) for number in range(8)]
    await store.apply([PutSkill(row) for row in rows])
    wanted = sorted(rows, key=lambda row: (row.added, row.id))
    assert store.skills(ANY) == wanted
    walked, after = [], ""
    while page := store.skills(ANY, after, 3):
        walked += page
        after = page[-1].id
    assert walked == wanted
    assert store.skills(ANY, cid("nothing")) == []


async def test_what_is_withheld_in_the_commit_that_keeps_it_is_withheld(store: Store) -> None:
    """In one batch, and in another that goes together with it."""
    await store.apply(
        [PutSkill(skill(1)), put(1), PutEvidence(put(1).row.id, finding(1)), WithholdRecord(put(1).row.id)]
    )
    await store.apply_each(
        [[put(2)], [put(3), PutEvidence(put(3).row.id, finding(3))], [WithholdRecord(put(3).row.id)]]
    )
    kept = [store.record(put(number).row.id) for number in (1, 2, 3)]
    assert [row is not None and row.withheld for row in kept] == [True, False, True]
    assert store.evidence(cid(("skill", 1))) == store.evidence(cid(("skill", 3))) == []


async def test_author_and_state_of_many_skills_are_told_at_once(store: Store) -> None:
    await store.apply([PutSkill(skill(1)), PutSkill(skill(2, author=BOB, state=SkillState.REFUSED))])
    one, two, none = (cid(("skill", number)) for number in (1, 2, 3))
    row = store.skill(one)
    assert row is not None
    assert store.owners([two, one, none, one]) == {one: (row.author, row.state), two: (BOB, SkillState.REFUSED)}
    assert store.owners([none]) == store.owners([]) == {}


@pytest.mark.parametrize("author", ["", BOB])
async def test_skills_with_a_tag_come_as_they_came_in(store: Store, author: str) -> None:
    rows = [skill(number, added=1_000 - number, tags=("odd" if number % 2 else "even", "all"),
                  author=BOB if number % 3 else ANN) for number in range(20)]  # fmt: skip
    await store.apply([PutSkill(row) for row in rows])
    for tag in ("odd", "all", "none"):
        wanted = [row for row in rows if tag in row.tags and row.author in (author or (ANN, BOB))]
        asked = SkillFilter(tag=tag, author=author)
        walked, after = [], ""
        while page := store.skills(asked, after, 3):
            walked += page
            after = page[-1].id
        assert walked == wanted
        assert store.count_skills(asked) == len(wanted)
        assert store.skills(asked, cid("nothing")) == []


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (SkillFilter(), [1, 2, 3, 4]),
        (SkillFilter(states=(SkillState.ADMITTED,)), [2]),
        (SkillFilter(states=(SkillState.ADMITTED, SkillState.REFUSED)), [2, 3]),
        (SkillFilter(origin=Origin.OWN), [2, 4]),
        (SkillFilter(tag="date"), [3, 4]),
        (SkillFilter(tag="dat"), []),
        (SkillFilter(author=BOB), [3]),
        (SkillFilter(published=True), [2, 3]),
        (SkillFilter(published=True, origin=Origin.OWN, tag="text"), [2]),
        (SkillFilter(derived=True), [1, 4]),
        (SkillFilter(derived=True, origin=Origin.OWN), [4]),
    ],
)
async def test_skills_are_filtered(store: Store, wanted: SkillFilter, numbers: list[int]) -> None:
    await store.apply(
        [
            PutSkill(skill(1, body=b'{"lineage":["a"]}')),
            PutSkill(skill(2, state=SkillState.ADMITTED, origin=Origin.OWN)),
            PutSkill(skill(3, state=SkillState.REFUSED, tags=("date", "date"), author=BOB, body=b'{"lineage":[]}')),
            PutSkill(skill(4, origin=Origin.OWN, tags=("date",), body=b'{"intent":"","lineage":["a","b"]}')),
            put(1),  # not in the feed
            put(2, in_feed=True),
            put(3, in_feed=True),
            put(4, in_feed=True, kind="evidence"),
        ]
    )
    assert [row.id for row in store.skills(wanted)] == [cid(("skill", number)) for number in numbers]
    assert store.count_skills(wanted) == len(numbers)


async def test_findings_come_in_the_order_of_arrival_and_once(store: Store) -> None:
    about = {"subject": cid(("skill", 1)), "kind": "evidence"}
    b, a, c = put(7, **about), put(3, **about), put(2)
    await store.apply([b, PutEvidence(b.row.id, finding(1, at=9))])
    await store.apply([a, PutEvidence(a.row.id, finding(1, at=5, reason="")), c, PutEvidence(c.row.id, finding(2))])
    await store.apply([PutEvidence(b.row.id, finding(1, at=77))])
    assert store.evidence(cid(("skill", 1))) == [finding(1, at=9), finding(1, at=5, reason="")]


async def test_a_finding_is_kept_only_with_a_record_that_carries_it(store: Store) -> None:
    await store.apply([put(1), put(2), WithholdRecord(record(2).id)])
    await store.apply([PutEvidence(cid("nowhere"), finding(1)), PutEvidence(record(1).id, finding(2))])
    await store.apply([PutEvidence(record(2).id, finding(2))])
    assert store.evidence(cid(("skill", 1))) == store.evidence(cid(("skill", 2))) == []


@pytest.mark.parametrize("together", [True, False])
async def test_a_finding_that_comes_before_its_record_is_not_kept(store: Store, together: bool) -> None:
    early = PutEvidence(record(1).id, finding(1))
    await store.apply_each([[early, put(1)], [put(2)]] if together else [[early], [put(1)], [put(2)]])
    assert store.evidence(cid(("skill", 1))) == []
    assert store.held([record(1).id, record(2).id])


async def test_tombstones_stay_as_they_were(store: Store) -> None:
    await store.apply([PutTombstone(gone(2)), PutTombstone(gone(1))])
    await store.apply([PutTombstone(gone(2, "for another reason"))])
    assert store.tombstones() == [gone(2), gone(1)]
    assert store.tombstones(limit=1) == [gone(2)]
    assert store.tombstones(gone(2).skill) == [gone(1)]
    assert store.tombstones(gone(1).skill) == store.tombstones(cid("never gone")) == store.tombstones(limit=0) == []
    assert store.tombstone(cid(("skill", 1))) == gone(1)


# ---- finding by words


async def test_lexical_finds_by_intent_and_by_tag_best_first(store: Store) -> None:
    intents = ["Merge two dates", "Merge two tables", "Count the words of a text", "Say hello", "Draw a line"]
    await store.apply([PutSkill(skill(number, intent=text, tags=())) for number, text in enumerate(intents)])
    await store.apply([PutSkill(skill(9, intent="Something else", tags=("merging",)))])
    found = store.lexical("merge the tables", 10)
    assert found[0][0] == cid(("skill", 1))
    assert {id_ for id_, _ in found} == {cid(("skill", number)) for number in (0, 1, 2, 9)}
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert store.lexical("merge the tables", 1) == found[:1]
    assert store.lexical("merge the tables", 0) == []


@pytest.mark.parametrize("query", ["", "   ", "'", '"', "* - + ( ) :", "☃", "\0", "\udcff", "^"])
async def test_lexical_query_without_words_finds_nothing(store: Store, query: str) -> None:
    await store.apply([PutSkill(skill(1))])
    assert store.lexical(query, 5) == []


@pytest.mark.parametrize("query", ['table" OR "x', "table AND NOT text", "table*", "tokens:table", "NEAR(table, text)"])
async def test_lexical_query_is_words_and_no_expression(store: Store, query: str) -> None:
    await store.apply([PutSkill(skill(1)), PutSkill(skill(2, intent="Nothing in common", tags=()))])
    assert [id_ for id_, _ in store.lexical(query, 5)] == [cid(("skill", 1))]


@pytest.mark.parametrize(
    ("intent", "query"),
    [("Größe einer Datei", "grösse"), ("перевести число", "ЧИСЛО"), ("数字 转换", "转换"), ("Café list", "cafe")],
)
async def test_lexical_knows_other_scripts(store: Store, intent: str, query: str) -> None:
    await store.apply([PutSkill(skill(1, intent=intent))])
    assert [id_ for id_, _ in store.lexical(query, 5)] == [cid(("skill", 1))]


async def test_lexical_takes_a_very_long_query(store: Store) -> None:
    await store.apply([PutSkill(skill(1))])
    assert store.lexical("table " + "unknown word " * 2_000, 5)


async def test_removed_skill_is_not_found_by_words(store: Store) -> None:
    await store.apply([PutSkill(skill(number)) for number in (1, 2, 3)])
    await store.apply([SetSkillState(cid(("skill", 1)), SkillState.REMOVED), PutTombstone(gone(2))])
    await store.apply([PutSkill(skill(4, state=SkillState.REMOVED)), PutTombstone(gone(5)), PutSkill(skill(5))])
    await store.apply([SetSkillState(cid(("skill", 2)), SkillState.REFUSED)])
    assert [id_ for id_, _ in store.lexical("convert a table", 9)] == [cid(("skill", 3))]
    await store.apply([SetSkillState(cid(("skill", 1)), SkillState.ADMITTED)])
    assert {id_ for id_, _ in store.lexical("convert a table", 9)} == {cid(("skill", 1)), cid(("skill", 3))}


# ---- ledger, journal, outbox


async def test_the_end_of_the_ledger_is_marked_beside_it(store: Store) -> None:
    assert store.ledger_mark() == (0, "")
    await store.apply([receipt(1), receipt(2)])
    assert store.ledger_mark() == (2, store.ledger()[-1].entry.hash)
    await store.apply([receipt(2)])
    assert store.ledger_mark()[0] == 2


async def test_receipts_of_a_node_come_in_their_order_and_by_pages(store: Store) -> None:
    about = [replace(receipt(number), subject=(ANN, BOB)[number % 2], author=ANN, domain="x") for number in range(1, 8)]
    for one in about:
        await store.apply([one])
    assert [row.entry.number for row in store.receipts_of(BOB)] == [1, 3, 5, 7]
    assert [row.entry.number for row in store.receipts_of(BOB, 1, 2)] == [3, 5]
    assert [row.entry.number for row in store.receipts_of(ANN)] == [2, 4, 6]
    assert store.receipts_of(BOB)[0] == replace(store.ledger()[0], author=ANN, domain="x")
    assert store.receipts_of(BOB, 0, 0) == []
    assert store.subjects() == sorted([ANN, BOB])
    assert store.subjects(min(ANN, BOB)) == [max(ANN, BOB)]


async def test_a_receipt_that_is_withheld_is_no_receipt_of_a_node(store: Store) -> None:
    row = record(1)
    await store.apply([PutRecord(row), replace(receipt(1), receipt=row.id), receipt(2)])
    assert len(store.receipts_of(BOB)) == 2
    await store.apply([WithholdRecord(row.id)])
    assert [one.entry.number for one in store.receipts_of(BOB)] == [2]
    assert store.ledger_mark()[0] == 2


async def test_ledger_is_chained_and_holds_each_receipt_once(store: Store) -> None:
    await store.apply([receipt(1, "s"), receipt(2)])
    await store.apply([receipt(1), receipt(3, "s"), receipt(3, "s")])
    rows = store.ledger()
    assert [row.entry.number for row in rows] == [1, 2, 3]
    assert [row.entry.receipt for row in rows] == [cid(("receipt", number)) for number in (1, 2, 3)]
    assert first_fault(row.entry for row in rows) is None
    assert [row.entry.number for row in store.receipts_about(ContentId("s"))] == [1, 3]
    assert [row.entry.number for row in store.ledger(1, 1)] == [2]
    assert store.ledger(3) == []
    assert rows[0].subject == BOB and rows[0].dealing == "skill_refuted" and rows[0].at == 1_700_000_000_001


async def test_journal_keeps_every_line_in_order(store: Store) -> None:
    await store.apply(
        [AppendJournal(line("a1", "one")), AppendJournal(line("b", "x")), AppendJournal(line("a1", "one"))]
    )
    await store.apply([AppendJournal(line("a1", "two"))])
    assert [row.detail for row in store.journal("a1")] == ["one", "one", "two"]
    assert store.journal("a") == []


async def test_record_ids_by_prefix(store: Store) -> None:
    ids = [ContentId(prefix + "0" * 60) for prefix in ("ab01", "ab02", "ab10")]
    await store.apply([put(number, id=id_) for number, id_ in enumerate(reversed(ids))])
    assert store.record_ids("ab", 10) == ids
    assert store.record_ids("ab") == ids[:2]
    assert store.record_ids("AB") == store.record_ids("%") == store.record_ids("\udcff") == []


async def test_journal_refs_by_prefix(store: Store) -> None:
    await store.apply([AppendJournal(line(ref)) for ref in ("ab2", "b", "ab1", "ab2", "ab3")])
    assert store.journal_refs("ab") == ["ab1", "ab2"]
    assert store.journal_refs("ab", 9) == ["ab1", "ab2", "ab3"]
    assert store.journal_refs("", 9) == ["ab1", "ab2", "ab3", "b"]
    assert store.journal_refs("\udcff") == store.journal_refs("ab", 0) == []


async def test_journal_forgets_the_oldest_lines(forgetful: Store) -> None:
    await forgetful.apply([AppendJournal(line("first"))])
    for number in range(4):
        await forgetful.apply([AppendJournal(line("ref", str(number)))])
    assert forgetful.journal_refs("first") == ["first"]
    await forgetful.apply([AppendJournal(line("ref", str(number))) for number in (4, 5)])
    assert forgetful.journal_refs("first") == []
    assert [row.detail for row in forgetful.journal("ref")] == ["1", "2", "3", "4", "5"]


async def test_outbox_row_is_replaced_and_keeps_its_turn(store: Store) -> None:
    await store.apply([PutOutbox(delivery(number)) for number in (3, 1, 2)])
    await store.apply([PutOutbox(delivery(3, tries=1, at=5)), PutOutbox(delivery(1, state="delivered"))])
    assert store.outbox() == [delivery(3, tries=1, at=5), delivery(2)]
    assert store.outbox(limit=1) == [delivery(3, tries=1, at=5)]
    assert store.outbox("delivered") == [delivery(1, state="delivered")]
    assert store.outbox("refused") == []


async def test_deliveries_of_a_record(store: Store) -> None:
    rows = [delivery(1, "http://b", "refused", reason="rate_limited"), delivery(1, "http://a")]
    await store.apply([PutOutbox(row) for row in (*rows, delivery(2))])
    assert store.deliveries_of(cid(("record", 1))) == rows


# ---- sources, peers, blobs


async def test_subscription_is_written_replaced_and_dropped(store: Store) -> None:
    full = source("http://b", intents=("dates, times", "x"), tags=("t",), authors=(ANN,), min_trials=5, report="all")
    await store.apply([PutSubscription(full), PutSubscription(source("http://a"))])
    assert store.subscriptions() == [source("http://a"), full]
    moved = replace(full, length=12, head=cid("head"), at=7)
    await store.apply([PutSubscription(moved), DropSubscription("http://a"), DropSubscription("http://nowhere")])
    assert store.subscriptions() == [moved]


async def test_peer_is_written_and_replaced(store: Store) -> None:
    await store.apply([PutPeer(peer("Zoe")), PutPeer(peer("Eve", invited=True, per_minute=5))])
    changed = peer("Zoe", banned=True, role="hub", live_seq=2**53 - 1, skills=3, seen=9)
    await store.apply([PutPeer(changed)])
    assert store.peers() == [peer("Eve", invited=True, per_minute=5), changed]
    assert store.peers(limit=1) == store.peers()[:1]
    assert store.peers(store.peers()[0].id) == [changed]
    assert store.peers(changed.id) == store.peers(limit=0) == []
    found = store.peer(changed.id)
    assert found == changed and found is not None and found.banned is True


async def test_peer_is_forgotten(store: Store) -> None:
    kept = peer("Eve", url="https://eve.example", note="the Lübeck team")
    await store.apply([PutPeer(peer("Zoe")), PutPeer(kept)])
    await store.apply([DropPeer(peer("Zoe").id), DropPeer(NodeId("did:key:zNobody"))])
    assert store.peers() == [kept]


async def test_invitation_is_written_replaced_and_dropped(store: Store) -> None:
    full = invitation(2, secret=2**60 - 1, uses=7, per_minute=600, ask=True, note="ü\n'", created=1)
    await store.apply([PutInvitation(invitation(3, created=1)), PutInvitation(full), PutInvitation(invitation(0))])
    later = sorted([full, invitation(3, created=1)], key=lambda one: one.id)
    assert store.invitations() == [invitation(0), *later]
    used = replace(full, uses=6)
    await store.apply([PutInvitation(used), DropInvitations((invitation(0).id, invitation(3).id, "nothing"))])
    assert store.invitations() == [used]
    assert store.invitations()[0].ask is True


async def test_request_is_written_replaced_and_dropped(store: Store) -> None:
    full = request("Zoe", role="hub", url="https://z", invitation="abc", note="n", per_minute=5, at=9)
    await store.apply(
        [PutRequest(request("Zoe")), PutRequest(request("Eve", at=10)), PutRequest(request("Ann", at=10))]
    )
    await store.apply([PutRequest(full)])
    assert store.requests() == [full, request("Ann", at=10), request("Eve", at=10)]
    await store.apply([DropRequest(full.id), DropRequest(NodeId("did:key:zNobody")), DropRequest(request("Eve").id)])
    assert store.requests() == [request("Ann", at=10)]


async def test_a_use_is_taken_with_what_it_is_taken_for_or_not_at_all(store: Store) -> None:
    await store.apply([PutInvitation(invitation(1)), put(1)])
    with pytest.raises(Refused):
        await store.apply([PutInvitation(invitation(1, uses=0)), PutPeer(peer("Zoe", invited=True)), put(1)])
    assert store.invitations() == [invitation(1)]
    assert store.peers() == []


async def test_blob_is_kept_under_its_digest_once(store: Store) -> None:
    await store.apply([PutBlob(cid("b"), b"\0bytes")])
    await store.apply([PutBlob(cid("b"), b"other")])
    assert store.blob(cid("b")) == b"\0bytes"


# ---- life


async def test_answers_are_copies(store: Store) -> None:
    await store.apply(
        [put(1, in_feed=True), PutSkill(skill(1)), AppendJournal(line("r")), PutSubscription(source("u"))]
    )
    for answer in (store.feed(0, 9), store.skills(ANY), store.journal("r"), store.subscriptions(), store.ledger()):
        answer.clear()
    assert store.feed(0, 9) and store.skills(ANY) and store.journal("r") and store.subscriptions()


async def test_closed_store_takes_nothing_and_may_be_closed_again(store: Store) -> None:
    store.close()
    with pytest.raises(HansaError, match="closed"):
        await store.apply([put(1)])
    store.close()


async def test_a_record_that_is_withheld_keeps_its_place_in_the_feed_and_frees_its_number(store: Store) -> None:
    about = cid(("skill", 7))
    await store.apply([PutSkill(skill(7)), put(7, in_feed=True), put(8, in_feed=True)])
    mark = store.feed_mark()
    await store.apply([WithholdRecord(cid(("record", 7)))])
    assert store.feed_mark() == mark
    assert [(row.id, row.withheld) for row in store.feed(0, 9)] == [
        (cid(("record", 7)), True),
        (cid(("record", 8)), False),
    ]
    assert store.record_at(ANN, 7) is None
    assert store.records_about(about) == []
    assert [row.seq for row in store.records_after(ANN, -1)] == [8]
    assert store.skills(SkillFilter(published=True)) == []
    await store.apply([WithholdRecord(cid(("record", 7))), put(9, seq=7)])  # twice is once; the number is free
    assert store.record_at(ANN, 7) == cid(("record", 9))


async def test_what_travels_is_all_of_others_and_of_this_nodes_own_what_is_in_the_feed(store: Store) -> None:
    await store.apply([put(3), put(1, in_feed=True), put(2, author=BOB), put(4, author=BOB, in_feed=True)])
    await store.apply([put(5, author=BOB), WithholdRecord(cid(("record", 5)))])
    assert store.travelling(ANN) == [(cid(("record", number)), "skill") for number in (1, 2, 4)]
    assert store.travelling(NodeId("")) == [(cid(("record", number)), "skill") for number in (3, 1, 2, 4)]


async def test_many_records_of_one_number_may_be_withheld(store: Store) -> None:
    for number in (1, 2, 3):
        await store.apply([put(number, seq=5), WithholdRecord(cid(("record", number)))])
    assert len({store.record(cid(("record", number))).seq for number in (1, 2, 3)}) == 3
    assert store.last_seq(ANN) < 0


async def test_what_a_withheld_record_carried_goes_with_it(store: Store) -> None:
    await store.apply(
        [PutSkill(skill(7)), put(1, kind="evidence", subject=cid(("skill", 7))), put(2, kind="tombstone")]
    )
    await store.apply([PutEvidence(cid(("record", 1)), finding(7)), PutTombstone(gone(7, record=cid(("record", 2))))])
    assert store.evidence(cid(("skill", 7))) == [finding(7)]
    await store.apply([WithholdRecord(cid(("record", 1))), WithholdRecord(cid(("record", 2)))])
    assert store.evidence(cid(("skill", 7))) == []
    assert store.tombstone(cid(("skill", 7))) is None
    assert store.tombstones() == []


async def test_records_after_a_number_come_in_pages_in_their_order(store: Store) -> None:
    await store.apply([put(number) for number in (5, 3, 9, 7)])
    assert [row.seq for row in store.records_after(ANN, 3, 2)] == [5, 7]
    assert [row.seq for row in store.records_after(ANN, 7)] == [9]
    assert store.records_after(BOB, -1) == []


# ---- marks, sizes, mending


async def test_a_mark_is_kept_replaced_and_taken_away(store: Store) -> None:
    assert store.mark("a") == ""
    await store.apply([PutMark("a", "1"), PutMark("b", "2")])
    assert (store.mark("a"), store.mark("b"), store.mark("c")) == ("1", "2", "")
    await store.apply([PutMark("a", "3"), PutMark("b", "")])
    assert (store.mark("a"), store.mark("b")) == ("3", "")


async def test_sizes_are_the_bytes_of_each_authors_records(store: Store) -> None:
    assert store.sizes() == {}
    await store.apply([put(1, envelope=b"x" * 10), put(2, envelope=b"x" * 5), put(3, author=BOB, envelope=b"x")])
    assert store.sizes() == {ANN: 15, BOB: 1}


async def test_what_is_mended_keeps_its_place_and_what_was_settled_here(store: Store) -> None:
    await store.apply(
        [put(1, in_feed=True), put(2, in_feed=True, envelope=b"damaged", subject=""), put(3, in_feed=True)]
    )
    await store.apply([PutSkill(skill(1)), PutSkill(skill(2, intent="damaged", body=b"damaged", tags=("x",)))])
    await store.apply([SetSkillState(cid(("skill", 2)), SkillState.ADMITTED, "why")])
    await store.apply([PutEvidence(record(1).id, finding(1, successes=4)), PutBlob(cid("b"), b"damaged")])
    mark = store.feed_mark()
    await store.apply(
        [
            Mend(put(2)),
            Mend(PutSkill(skill(2, added=9, state=SkillState.REFUSED))),
            Mend(PutEvidence(record(1).id, finding(1, at=9))),
            Mend(PutBlob(cid("b"), b"whole")),
        ]
    )
    assert store.record(cid(("record", 2))) == record(2, place=2)
    assert [row.place for row in store.feed(0, 9)] == [1, 2, 3]
    assert store.feed_mark() == mark
    assert store.skill(cid(("skill", 2))) == skill(2, state=SkillState.ADMITTED, reason="why")
    assert [id_ for id_, _ in store.lexical("number2", 9)] == [cid(("skill", 2))]
    assert store.lexical("damaged", 9) == []
    assert [row.id for row in store.skills(SkillFilter(tag="tag2"))] == [cid(("skill", 2))]
    assert store.skills(SkillFilter(tag="x")) == []
    assert store.evidence(cid(("skill", 1))) == [finding(1)]
    assert store.blob(cid("b")) == b"whole"


async def test_what_is_not_held_is_not_mended(store: Store) -> None:
    await store.apply([Mend(put(1)), Mend(PutSkill(skill(1))), Mend(PutEvidence(cid("e"), finding(1)))])
    await store.apply([Mend(PutBlob(cid("b"), b"x"))])
    assert store.record(cid(("record", 1))) is None
    assert store.skill(cid(("skill", 1))) is None
    assert store.evidence(cid(("skill", 1))) == []
    assert store.blob(cid("b")) is None


async def test_a_mended_skill_that_is_gone_is_not_found(store: Store) -> None:
    await store.apply([PutSkill(skill(1)), PutSkill(skill(2))])
    await store.apply([SetSkillState(cid(("skill", 1)), SkillState.REMOVED), PutTombstone(gone(2))])
    await store.apply([Mend(PutSkill(skill(1))), Mend(PutSkill(skill(2)))])
    assert store.lexical("number1 number2", 9) == []
