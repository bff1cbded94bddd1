"""A node changes its keys: its id stays, what it signed stays, and whoever deals with it hears of it first."""

from __future__ import annotations

import hashlib
import shutil

import msgspec
import pytest

from hansa.adapters.keys import MemoryKeys
from hansa.identity import envelope
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import DiskFull, Unavailable, UsageError
from hansa.kernel.ids import chain
from hansa.kernel.instant import DAY, MINUTE
from hansa.kernel.verdict import Box, Reason
from hansa.node import keyfetcher
from hansa.node.ports import Answer
from hansa.node.subscribing import FeedPage
from hansa.node.taking import FeedItem
from hansa.node.vault import open_record
from hansa.skills.model import SkillState
from tests.node.owner import Owner
from tests.node.world import DOUBLE, SLUG, Resident, World, multiplier, skill_message


def root_of(resident: Resident) -> SigningKey:
    """Returns the key that a resident was made with: its root key."""
    return SigningKey(hashlib.sha256(resident.name.encode()).digest())


async def rotate(resident: Resident) -> SigningKey:
    """Changes a resident's signing key and returns the one before."""
    before = resident.key
    await resident.node.keyholder.rotate([root_of(resident)])
    return before


def three(world: World) -> tuple[Resident, Resident, Resident]:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    for skill in (SLUG, DOUBLE, multiplier(3), multiplier(4)):
        world.table.teach(skill)
    return hub, a, b


async def test_the_id_stays_and_what_was_signed_before_is_still_good(world: World) -> None:
    hub, a, b = three(world)
    await b.subscribe(hub)
    first = await a.publish(SLUG, hub)
    before = await rotate(a)
    world.clock.advance(MINUTE)
    second = await a.publish(DOUBLE, hub)
    assert a.node.core.me == root_of(a).public.did
    assert before.public != a.key.public
    assert hub.refusals() == {}
    assert [one.reason for one in await b.pull(hub)] == [None, None, None]
    for node in (hub, b, world.restart(hub)):
        ring = node.node.core.ring
        signers = [open_record(node.store.record(one.record), ring).signers for one in (first, second)]
        assert signers == [{before.public}, {a.key.public}]
    assert b.holds(SLUG) and b.holds(DOUBLE)


async def test_an_address_that_never_heard_of_the_keys_hears_of_them_first(world: World) -> None:
    hub, a, _ = three(world)
    await rotate(a)
    await rotate(a)
    await a.publish(SLUG, hub)
    assert [row.kind for row in hub.store.feed(0, 9)] == ["root", "root", "skill"]
    assert hub.refusals() == {}
    await a.publish(DOUBLE, hub)
    posts = [path for method, url, path in world.net.calls if url == hub.url and method == "POST"]
    assert posts == ["/records", "/records", "/skills", "/skills"]  # and only once


async def test_nothing_is_sent_before_the_keys_have_arrived(world: World) -> None:
    """A hub that is full now would refuse the record for good, for its signer."""
    hub, a, _ = three(world)
    await rotate(a)
    busy = msgspec.json.encode({"reason": "rate_limited"})
    world.net.twists[hub.url] = lambda method, path, answer: Answer(429, busy) if path == "/records" else answer
    await a.add(SLUG)
    await a.prove(SLUG)
    await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    world.net.doors[hub.url], door = world.settle("elsewhere").door, world.net.doors[hub.url]
    assert await a.deliver() == []
    assert [row.state for row in a.store.outbox()] == ["pending", "pending"]
    world.net.doors[hub.url] = door
    del world.net.twists[hub.url]
    assert [one.row.state for one in await a.deliver()] == ["delivered"]


async def test_a_node_is_greeted_and_subscribed_to_under_keys_that_nobody_knows_yet(world: World) -> None:
    hub, a, b = three(world)
    for one in (hub, b):
        await rotate(one)
    await b.subscribe(hub)
    assert hub.store.peer(b.id).name == "b"
    assert hub.store.feed_mark()[0] == 1  # its own metadata; a stranger's is known here, and not passed on
    await rotate(hub)
    await a.publish(SLUG, hub)
    told = [(one.kind, one.reason) for one in await b.pull(hub)]
    assert told == [("root", Reason.DUPLICATE)] * 2 + [("skill", None)]  # the keys were asked for, to check the answers
    assert b.holds(SLUG)


async def test_a_stranger_may_say_who_signs_for_it_and_nothing_more(world: World) -> None:
    hub, _, _ = three(world)
    owner = Owner(3)
    async with hub.http() as http:
        assert (await http.post("/records", content=owner.name().raw)).status_code == 201
        answer = await http.post("/skills", content=owner.skill(SLUG).raw)
    assert (answer.status_code, answer.json()["reason"]) == (403, "unknown_peer")
    assert hub.store.feed_mark() == (0, "")
    assert [(row.id, row.invited) for row in hub.store.peers() if row.id == owner.id] == [(owner.id, False)]


async def test_keys_that_a_feed_does_not_bring_are_asked_for_once(world: World) -> None:
    """The author was a stranger to the hub when it greeted; its metadata is no part of the hub's feed."""
    hub, _, b = three(world)
    owner = Owner(3)
    async with hub.http() as http:
        await http.post("/records", content=owner.name().raw)
        world.invite(hub, owner)  # type: ignore[arg-type]
        for skill in (SLUG, DOUBLE):
            assert (await http.post("/skills", content=owner.skill(skill).raw)).status_code == 201
    await b.subscribe(hub)
    world.net.calls.clear()
    assert [one.reason for one in await b.pull(hub)] == [None, None]
    assert [path for _, _, path in world.net.calls if path.startswith("/roots")] == [f"/roots?after=0&node={owner.id}"]
    assert b.refusals() == {}


async def test_a_source_cannot_have_a_reader_ask_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hub, _, b = three(world)
    monkeypatch.setattr(keyfetcher, "MAX_ASKED", 3)
    await b.subscribe(hub)
    messages = [Owner(10 + n).skill(SLUG) for n in range(6)]
    head = ""
    for one in messages:
        head = chain(head, one.id)
    index = hub.say("index", {"length": 6, "head": head}, expires=world.clock.now() + MINUTE).raw.decode()
    items = [FeedItem(place, one.id, one.raw.decode()) for place, one in enumerate(messages, 1)]
    page = msgspec.json.encode(FeedPage(index, items))
    world.net.twists[hub.url] = lambda method, path, answer: Answer(200, page) if "/feed" in path else answer
    world.net.calls.clear()
    with pytest.raises(Unavailable, match="more than 3 nodes"):
        await b.pull(hub)
    assert len([path for _, _, path in world.net.calls if path.startswith("/roots")]) == 3
    assert b.store.subscriptions()[0].length == 0


async def test_a_revocation_travels_with_the_feed_and_the_feed_stays_whole(world: World) -> None:
    hub, a, b = three(world)
    await b.subscribe(hub)
    await a.publish(SLUG, hub)
    stolen, last = await rotate(a), a.node.core.numbering.last
    await b.sync(hub)
    stolen = a.key
    thief = skill_message(stolen, multiplier(3), author=a.id, seq=last + DAY)
    async with hub.http() as http:
        await a.deliver()
        assert (await http.post("/skills", content=thief.raw)).status_code == 201
    await b.sync(hub)
    assert b.row(multiplier(3)).state is SkillState.ADMITTED
    await a.node.keyholder.revoke(stolen.public, [root_of(a)], last + MINUTE)
    await a.deliver()
    await b.sync(hub)
    c = world.settle("c")
    await c.subscribe(hub)
    told = await c.pull(hub)
    for node in (hub, b):
        assert node.row(multiplier(3)).state is SkillState.REMOVED
        assert node.row(SLUG).state is not SkillState.REMOVED
    assert [one.reason for one in told] == [None, None, Reason.CORRUPT, None]  # in its place, and withheld
    assert not c.holds(multiplier(3))
    async with hub.http() as http:
        assert (await http.get("/skills", params={"intent": multiplier(3).intent})).json()["skills"] == []
        assert (await http.get(f"/records/{thief.id}")).status_code == 400


async def test_two_sides_of_a_partition_agree_after_it_heals(world: World) -> None:
    """The thief writes to the one side, the owner to the other; in the end both hold the owner's records alone."""
    left, right = world.settle("left", "hub"), world.settle("right", "hub")
    b, c = world.settle("b"), world.settle("c")
    owner = Owner(3)
    for hub in (left, right):
        world.invite(hub, owner)  # type: ignore[arg-type]
    first = [owner.name(), owner.skill(SLUG, seq=5_000)]
    stolen = owner.day
    forged = [owner.skill(multiplier(n), stolen, seq=6_000 + n) for n in (3, 4, 5)]
    revocation = owner.name(new=True, until=5_500)
    later = [revocation, owner.skill(DOUBLE, seq=7_000)]
    for hub, messages in ((left, first + forged), (right, first + later)):
        async with hub.http() as http:
            for one in messages:
                assert (await http.post("/records", content=one.raw)).status_code == 201
    await b.subscribe(left)
    await c.subscribe(right)
    await b.pull(left)
    await c.pull(right)
    assert b.holds(multiplier(3)) and not c.holds(multiplier(3))
    for node, other in ((b, right), (c, left)):  # the partition heals
        await node.subscribe(other)
        await node.pull(other)
    async with left.http() as http:
        assert (await http.post("/records", content=revocation.raw)).status_code == 201
    for node in (b, c):
        good = [skill for skill in (SLUG, DOUBLE, multiplier(3), multiplier(4), multiplier(5)) if node.holds(skill)]
        assert [one for one in good if node.row(one).state is not SkillState.REMOVED] == [SLUG, DOUBLE]
        assert len(node.node.core.ring.chain(owner.id)) == 2
    assert {left.row(multiplier(n)).state for n in (3, 4, 5)} == {SkillState.REMOVED}


async def test_a_full_disk_leaves_the_old_key_in_force(world: World) -> None:
    _, a, _ = three(world)
    await rotate(a)
    before = a.key.public
    if world.kind == "memory":
        a.store.full = True
    else:
        world.free_bytes = 0
    with pytest.raises(DiskFull):
        await rotate(a)
    if world.kind == "memory":
        a.store.full = False
    else:
        world.free_bytes = 1 << 40
    assert a.key.public == before
    assert a.keys.prepared is None
    await a.add(SLUG)
    await a.prove(SLUG)
    assert len(a.node.core.ring.chain(a.id)) == 1


async def test_a_change_that_was_cut_short_before_the_new_key_was_taken_is_ended_at_the_next_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, a, _ = three(world)

    def crash(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(MemoryKeys, "adopt", crash)
        await rotate(a)
    new = a.keys.prepared
    a = world.restart(a)
    await a.node.keyholder.settle([])
    assert a.key.public == new.public
    assert a.node.core.ring(a.id).keys == {new.public}


async def test_a_key_that_was_made_and_never_named_is_thrown_away_at_the_next_start(world: World) -> None:
    _, a, _ = three(world)
    before = a.key.public
    a.keys.prepare()
    await a.node.keyholder.settle([])
    assert (a.key.public, a.keys.prepared) == (before, None)


async def test_only_the_root_key_changes_keys(world: World) -> None:
    _, a, b = three(world)
    day = await rotate(a)
    for wrong in (a.key, b.key):
        with pytest.raises(UsageError, match="not the root key"):
            await a.node.keyholder.rotate([wrong])
        with pytest.raises(UsageError, match="not the root key"):
            await a.node.keyholder.rotate_root([wrong], SigningKey(bytes(32)))
    assert day.public == root_of(a).public
    new = SigningKey(bytes(range(32)))
    await a.node.keyholder.rotate_root([root_of(a)], new)
    with pytest.raises(UsageError, match="not the root key"):
        await rotate(a)
    await a.node.keyholder.rotate([new])
    assert a.node.core.me == root_of(a).public.did


async def test_a_key_that_never_signed_is_not_revoked(world: World) -> None:
    _, a, _ = three(world)
    await rotate(a)
    with pytest.raises(UsageError, match="never signed"):
        await a.node.keyholder.revoke(SigningKey(bytes(32)).public, [root_of(a)])


async def test_what_is_signed_while_the_change_is_written_counts(world: World) -> None:
    _, a, _ = three(world)
    await a.add(SLUG)
    await rotate(a)
    sealed = a.node.core.seal("tombstone", {"skill": SLUG.id, "why": ""})
    await rotate(a)
    assert envelope.verify(sealed, a.node.core.ring).author == a.id


async def test_records_of_its_own_that_a_node_makes_void_are_signed_anew(world: World) -> None:
    hub, a, _ = three(world)
    last = a.node.core.numbering.last
    await rotate(a)
    key = a.key
    world.clock.advance(MINUTE)
    void = await a.publish(SLUG, hub)
    changed = await a.node.keyholder.revoke(key.public, [root_of(a)], last + 1)
    assert changed.withheld == 2  # the finding and the publication
    await a.deliver()
    assert hub.row(SLUG).state is SkillState.REMOVED
    await a.prove(SLUG)
    again = await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    await a.deliver()
    assert again.record != void.record
    assert hub.row(SLUG).state is SkillState.QUARANTINED


async def proved_by_a_key_that_is_revoked(world: World) -> Resident:
    """Returns a node with SLUG of its own and DOUBLE of a peer, both of whose proofs it has made void.

    A peer's finding about SLUG stands, and so does the operator's word for a skill that no proof speaks for.
    """
    hub, a, b = three(world)
    world.invite(hub, b)
    last = a.node.core.numbering.last
    await rotate(a)
    key = a.key
    world.clock.advance(MINUTE)
    await a.publish(SLUG, hub)
    await b.publish(DOUBLE, hub)
    await b.subscribe(hub, report="all")
    await b.sync(hub)
    await a.subscribe(hub)
    await a.sync(hub)
    assert [a.row(one).state for one in (SLUG, DOUBLE)] == [SkillState.ADMITTED] * 2
    assert b.id in {one.prover for one in a.store.evidence(SLUG.id)}
    await a.node.keyholder.revoke(key.public, [root_of(a)], last + 1)
    return a


async def test_what_only_void_findings_proved_is_not_used_until_it_is_proved_again(world: World) -> None:
    a = await proved_by_a_key_that_is_revoked(world)
    for skill in (SLUG, DOUBLE):
        assert (a.row(skill).state, a.row(skill).reason) == (SkillState.QUARANTINED, "revoked")
        assert a.node.find(skill.intent) == []
        told = next(one for one in a.node.stories.why(skill.id).lines if one.box == Box.DOMAIN.value)
        assert "back to quarantine: the finding of number" in told.text and "key was revoked" in told.text
    assert (await a.node.execute(SLUG.intent, "('X',)")).how == "unsolved"
    world.clock.advance(1)  # within one millisecond it would say the very same under the same number again
    again = world.restart(a)
    assert (await again.ask("prove")).value["counts"] == {"proved": 2}  # a peer's finding is none of its own
    assert [again.row(one).state for one in (SLUG, DOUBLE)] == [SkillState.ADMITTED] * 2
    assert again.node.find(SLUG.intent) != []


async def test_what_a_finding_that_stands_proves_too_or_the_operator_approved_stays_in_use(world: World) -> None:
    _, a, _ = three(world)
    await rotate(a)
    document = multiplier(5, checks=())
    for skill in (SLUG, document):
        await a.add(skill)
    await a.prove(SLUG)
    await a.prove(document)
    await a.ask("quarantine.settle", id=document.id, approve=True)
    last = a.node.core.numbering.last
    world.clock.advance(MINUTE)
    await rotate(a)
    key = a.key
    world.clock.advance(MINUTE)
    await a.prove(SLUG)
    await a.prove(document)
    assert a.row(document).state is SkillState.ADMITTED
    changed = await a.node.keyholder.revoke(key.public, [root_of(a)], last + 1)
    assert changed.withheld == 2
    assert [a.row(one).state for one in (SLUG, document)] == [SkillState.ADMITTED] * 2


async def test_a_node_that_was_restored_from_an_old_backup_learns_its_own_keys_before_it_changes_them(
    sqlite_world: World,
) -> None:
    """Else it would sign a second version of one number, which spends its id."""
    world = sqlite_world
    hub, a, _ = three(world)
    await rotate(a)
    await a.publish(SLUG, hub)
    a.store.close()
    shutil.copy(world.folder / "a" / "hansa.db", world.folder / "backup.db")
    a = world.restart(a)
    await rotate(a)
    await a.deliver()
    a.store.close()
    shutil.copy(world.folder / "backup.db", world.folder / "a" / "hansa.db")
    a = world.restart(a)
    for url in a.node.keyholder.addresses():
        await a.node.subscriber.keys.fetch(url, a.id)
    await rotate(a)
    await a.deliver()
    assert len(hub.node.core.ring.chain(a.id)) == 3
    assert hub.store.ledger() == []


async def test_under_metadata_past_its_expiry_nothing_comes_in_and_nothing_is_lost(world: World) -> None:
    hub, _, _ = three(world)
    owner = Owner(3)
    world.invite(hub, owner)  # type: ignore[arg-type]
    until = world.clock.now() + DAY
    short = owner.version(1, [owner.root], [owner.day], {}, [owner.root], expires=until)
    async with hub.http() as http:
        await http.post("/records", content=short.raw)
        assert (await http.post("/skills", content=owner.skill(SLUG).raw)).status_code == 201
        world.clock.advance(DAY)
        answer = await http.post("/skills", content=owner.skill(DOUBLE).raw)
        assert answer.json()["reason"] == "expired"
        assert (await http.get("/feed")).json()["items"][1]["envelope"] is not None
        fresh = owner.version(2, [owner.root], [owner.day], {}, [owner.root])
        assert (await http.post("/records", content=fresh.raw)).status_code == 201
        assert (await http.post("/skills", content=owner.skill(DOUBLE).raw)).status_code == 201
