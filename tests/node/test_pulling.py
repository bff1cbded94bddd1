"""Subscribing and pulling: filters, a pinned peer, and sources that lie about their feed (attack 9)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import msgspec
import pytest

from hansa.kernel.errors import NotFound, Refused, Unavailable, UsageError
from hansa.kernel.ids import chain
from hansa.kernel.instant import MINUTE
from hansa.kernel.verdict import Reason
from hansa.node.driver import Effects
from hansa.node.ports import Answer
from hansa.node.rows import DropSubscription
from hansa.node.subscribing import FeedPage
from hansa.node.taking import FeedItem
from hansa.skills.model import SkillState
from tests.node.world import DOUBLE, SLUG, Resident, World, multiplier, skill_message, true_claim

Twist = Callable[[str, str, Answer], Answer]


def league(world: World) -> tuple[Resident, Resident, Resident]:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    return hub, a, b


async def fill(a: Resident, hub: Resident, count: int, start: int = 2) -> list[str]:
    """Has A push skills to the hub; returns the ids of its records in the order of the feed."""
    async with hub.http() as http:
        for factor in range(start, start + count):
            answer = await http.post("/skills", content=skill_message(a.key, multiplier(factor)).raw)
            assert answer.status_code == 201
    return [row.id for row in hub.store.feed(0, 10_000)]


def on_feed(change: Callable[[FeedPage], FeedPage]) -> Twist:
    """Returns a twist that changes every page of a feed."""

    def twist(method: str, path: str, answer: Answer) -> Answer:
        if not path.startswith("/feed"):
            return answer
        return Answer(200, msgspec.json.encode(change(msgspec.json.decode(answer.body, type=FeedPage))))

    return twist


def index(hub: Resident, length: int, head: str, **header: object) -> str:
    """Returns an index signed by the hub, true or not."""
    given = {"expires": hub.clock.now() + 10 * MINUTE, **header}
    return hub.say("index", {"length": length, "head": head}, **given).raw.decode()


def head_of(ids: list[str]) -> str:
    head = ""
    for one in ids:
        head = chain(head, one)
    return head


async def fault(b: Resident, hub: Resident) -> Reason:
    with pytest.raises(Refused) as caught:
        await b.pull(hub)
    return caught.value.reason


# ---- the plain way


async def test_what_a_source_passes_on_comes_once_and_into_quarantine(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    (pulled,) = await b.pull(hub)
    assert (pulled.reason, pulled.kind, pulled.subject) == (None, "skill", SLUG.id)
    assert b.row(SLUG).state is SkillState.QUARANTINED
    assert await b.pull(hub) == []
    assert await world.restart(b).pull(hub) == []


async def test_a_long_feed_comes_page_by_page_and_the_mark_is_kept(world: World) -> None:
    hub, a, b = league(world)
    ids = await fill(a, hub, 105)
    await b.subscribe(hub)
    assert [one.id for one in await b.pull(hub)] == ids
    (kept,) = b.store.subscriptions()
    assert (kept.length, kept.head) == hub.store.feed_mark() == (105, head_of(ids))
    pages = [path for _, _, path in world.net.calls if path.startswith("/feed")]
    assert [path.split("&")[0] for path in pages] == ["/feed?after=0", "/feed?after=100"]


async def test_a_pull_that_breaks_off_is_made_good_by_the_next(world: World) -> None:
    hub, a, b = league(world)
    ids = await fill(a, hub, 105)
    await b.subscribe(hub)

    def second_page_is_lost(method: str, path: str, answer: Answer) -> Answer:
        if "after=100" in path:
            raise Unavailable("broke off")
        return answer

    world.net.twists[hub.url] = second_page_is_lost
    with pytest.raises(Unavailable):
        await b.pull(hub)
    world.net.twists.clear()
    assert [one.id for one in await world.restart(b).pull(hub)] == ids  # nothing is taken before the whole walk adds up


async def test_a_node_passes_on_its_own_skills_and_not_what_it_pulled(world: World) -> None:
    hub, a, b = league(world)
    c = world.settle("c")
    world.table.teach(SLUG)
    world.table.teach(DOUBLE)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.publish(DOUBLE)
    await c.subscribe(b)
    assert [one.subject for one in await c.pull(b)] == [DOUBLE.id]


# ---- filters


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, {"slug", "double"}),
        ({"intents": ("make a URL slug from a title",)}, {"slug"}),
        ({"intents": ("bake bread",)}, set()),
        ({"intents": ("bake bread", "turn a title into a slug")}, {"slug"}),
        ({"tags": ("arithmetic",)}, {"double"}),
        ({"tags": ("arithmetic", "text")}, {"slug", "double"}),
        ({"tags": ("nothing",)}, set()),
        ({"min_trials": 35}, {"slug", "double"}),
        ({"min_trials": 36}, set()),
        ({"authors": ("A",)}, {"slug", "double"}),
        ({"authors": ("B",)}, set()),
        ({"tags": ("text",), "min_trials": 36}, set()),
    ],
    ids=lambda one: str(sorted(one)) if isinstance(one, set) else str(one),
)
async def test_only_what_was_subscribed_to_is_kept(world: World, filters: dict, wanted: set[str]) -> None:
    hub, a, b = league(world)
    if "authors" in filters:
        filters = {"authors": (a.id if filters["authors"] == ("A",) else b.id,)}
    for skill in (SLUG, DOUBLE):
        world.table.teach(skill)
        await a.publish(skill, hub)
    await b.subscribe(hub, **filters)
    pulled = await b.pull(hub)
    held = {name for name, skill in (("slug", SLUG), ("double", DOUBLE)) if b.holds(skill)}
    assert held == wanted
    assert [one.reason for one in pulled].count(Reason.NOT_OURS) == 2 - len(wanted)
    assert b.node.core.counters.balanced


async def test_subscribing_again_changes_the_filters_and_keeps_the_mark(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 3)
    await b.subscribe(hub)
    await b.pull(hub)
    row = await b.subscribe(hub, tags=("text",), report="all")
    assert (row.length, row.tags, row.report) == (3, ("text",), "all")
    assert await b.pull(hub) == []


# ---- who answers


async def test_the_peer_is_pinned_at_the_first_greeting(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 2)
    await b.subscribe(hub)
    mallory = world.settle("mallory", "hub", config={"hosts": ("mallory", "hub")})
    world.net.doors[hub.url] = mallory.door

    assert await fault(b, hub) is Reason.WRONG_SIGNER
    for _ in range(2):
        with pytest.raises(Refused):
            await b.subscribe(hub)
    assert [one.peer for one in b.store.subscriptions()] == [hub.id]
    assert not b.holds(multiplier(2))

    world.net.doors[hub.url] = hub.door
    assert len(await b.pull(hub)) == 2


async def test_a_welcome_for_another_hello_is_refused(world: World) -> None:
    hub, _, b = league(world)
    heard: list[Answer] = []

    def replay(method: str, path: str, answer: Answer) -> Answer:
        heard.append(answer)
        return heard[0]

    world.net.twists[hub.url] = replay
    await b.node.subscriber.greet(hub.url)
    with pytest.raises(Refused) as caught:
        await b.node.subscriber.greet(hub.url)
    assert caught.value.reason is Reason.WRONG_RECIPIENT


async def test_an_address_with_a_path_that_leads_to_no_node_is_told_without_it(world: World) -> None:
    hub, _, b = league(world)
    world.net.doors[f"{hub.url}/skills"] = hub.door
    with pytest.raises(Unavailable, match=f"is no node: try {hub.url}, without a path"):
        await b.node.subscriber.greet(f"{hub.url}/skills")


@pytest.mark.parametrize("status", [201, 302, 400, 404, 405, 500, 501])
async def test_a_server_that_is_no_node_is_called_one(world: World, status: int) -> None:
    hub, _, b = league(world)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(status, b"<html>")
    with pytest.raises(Unavailable, match=f"something answers at {hub.url} that is no node .it answers with {status}"):
        await b.node.subscriber.greet(hub.url)


@pytest.mark.parametrize(
    ("status", "body"), [(503, b"<html>"), (403, b'{"reason":"banned"}'), (500, b'{"reason":"new"}')]
)
async def test_a_node_that_says_no_is_none_of_those(world: World, status: int, body: bytes) -> None:
    hub, _, b = league(world)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(status, body)
    with pytest.raises(Refused):
        await b.node.subscriber.greet(hub.url)


async def test_a_node_does_not_subscribe_to_itself(world: World) -> None:
    _, a, _ = league(world)
    with pytest.raises(UsageError, match="itself"):
        await a.subscribe(a)
    assert a.store.subscriptions() == []


async def test_a_banned_source_is_not_listened_to(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 1)
    await b.subscribe(hub)
    await b.ask("peer.set", id=hub.id, banned=True)
    assert await fault(b, hub) is Reason.BANNED
    assert not b.holds(multiplier(2))


async def test_what_a_banned_author_signed_does_not_come_by_way_of_a_hub(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 1)
    await b.subscribe(hub)
    await b.ask("peer.set", id=a.id, banned=True)
    assert [one.reason for one in await b.pull(hub)] == [Reason.BANNED]
    assert not b.holds(multiplier(2))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"<html>", b"null", b'{"index":1,"items":[]}', b"\xff\xfe", b'{"index":"","items":[]}',
     b'{"index":"{}","items":[{}]}', b'{"index":"\\ud800","items":[]}', b"7", b'"x"'],
)  # fmt: skip
async def test_a_feed_that_is_none_is_refused_and_nothing_moves(world: World, body: bytes) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 1)
    await b.subscribe(hub)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(200, body)
    assert await fault(b, hub) in (Reason.NOT_JSON, Reason.BAD_ENVELOPE)
    assert b.store.subscriptions()[0].length == 0
    world.net.twists.clear()
    assert len(await b.pull(hub)) == 1


@pytest.mark.parametrize("status", [200, 404])
async def test_an_answer_nested_too_deeply_is_refused(world: World, status: int) -> None:
    hub, _, b = league(world)
    await b.subscribe(hub)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(status, b'{"x":' + b"[" * 100_000)
    with pytest.raises((Refused, Unavailable)):
        await b.pull(hub)


# ---- sources that contradict themselves


def rolled_back(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, 2, head_of(ids[:2])), []))


def forked_at_the_same_length(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, len(ids), head_of(ids[::-1])), []))


def forked_and_longer(hub: Resident, ids: list[str]) -> Twist:
    other = [*ids[::-1], ids[0]]
    return on_feed(lambda page: FeedPage(index(hub, len(other), head_of(other)), [FeedItem(len(other), other[-1])]))


def frozen(hub: Resident, ids: list[str]) -> Twist:
    old = index(hub, len(ids), head_of(ids), expires=hub.clock.now())
    return on_feed(lambda page: FeedPage(old, []))


def more_than_counted(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, len(ids), head_of(ids)), [FeedItem(len(ids) + 1, ids[0])]))


def fewer_than_counted(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, 2**40, head_of(ids)), []))


def signed_by_another(hub: Resident, ids: list[str]) -> Twist:
    from tests.attacks.specimens import key
    from tests.node.world import speak

    forged = speak(key(66), "index", {"length": 9, "head": head_of(ids)}, expires=hub.clock.now() + MINUTE)
    return on_feed(lambda page: FeedPage(forged.raw.decode(), page.items))


def for_another_network(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, len(ids), head_of(ids), network="elsewhere"), []))


def a_hello_for_an_index(hub: Resident, ids: list[str]) -> Twist:
    hello = hub.say("hello", {"versions": ["1.0"]}, expires=hub.clock.now() + MINUTE)
    return on_feed(lambda page: FeedPage(hello.raw.decode(), []))


def shuffled_numbers(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, 9, head_of(ids)), [FeedItem(7, ids[0])]))


def no_content_id(hub: Resident, ids: list[str]) -> Twist:
    return on_feed(lambda page: FeedPage(index(hub, 4, head_of(ids)), [FeedItem(4, "../../etc/passwd")]))


LIARS = [
    (rolled_back, Reason.ROLLBACK), (forked_at_the_same_length, Reason.FORK), (forked_and_longer, Reason.MIX_AND_MATCH),
    (frozen, Reason.FROZEN), (more_than_counted, Reason.MIX_AND_MATCH), (fewer_than_counted, Reason.MIX_AND_MATCH),
    (signed_by_another, Reason.WRONG_SIGNER), (for_another_network, Reason.WRONG_NETWORK),
    (a_hello_for_an_index, Reason.WRONG_SIGNER), (shuffled_numbers, Reason.MIX_AND_MATCH),
    (no_content_id, Reason.MIX_AND_MATCH),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "expected"), LIARS, ids=lambda one: getattr(one, "__name__", ""))
async def test_a_source_that_lies_is_named_and_nothing_of_it_is_kept(world: World, lie, expected: Reason) -> None:
    hub, a, b = league(world)
    ids = await fill(a, hub, 3)
    await b.subscribe(hub)
    await b.pull(hub)
    kept = b.store.subscriptions()
    await fill(a, hub, 1, start=50)
    world.net.twists[hub.url] = lie(hub, ids)

    found = await fault(b, hub)

    assert found in (expected, Reason.EXPIRED) if expected is Reason.FROZEN else found is expected
    assert b.store.subscriptions() == kept
    assert not b.holds(multiplier(50))

    world.net.twists.clear()
    assert [one.subject for one in await b.pull(hub)] == [multiplier(50).id]
    assert b.store.subscriptions()[0].length == 4


async def test_records_of_one_page_in_another_order_are_refused_whole(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 4)
    await b.subscribe(hub)

    def swapped(page: FeedPage) -> FeedPage:
        one, two, *rest = page.items
        return FeedPage(page.index, [FeedItem(1, two.id, two.envelope), FeedItem(2, one.id, one.envelope), *rest])

    world.net.twists[hub.url] = on_feed(swapped)
    assert await fault(b, hub) is Reason.MIX_AND_MATCH
    assert [b.holds(multiplier(n)) for n in (2, 3, 4, 5)] == [False] * 4
    world.net.twists.clear()
    assert len(await b.pull(hub)) == 4


async def test_a_feed_of_many_pages_is_not_spoilt_by_whoever_sits_in_between(world: World) -> None:
    """Only somebody on the path lies here: the index is the hub's own, two ids of the first page have changed place."""
    hub, a, b = league(world)
    await fill(a, hub, 105)
    await b.subscribe(hub)

    def swapped(page: FeedPage) -> FeedPage:
        if page.items[0].place != 1:
            return page
        one, two, *rest = page.items
        return FeedPage(page.index, [FeedItem(1, two.id, two.envelope), FeedItem(2, one.id, one.envelope), *rest])

    world.net.twists[hub.url] = on_feed(swapped)
    assert await fault(b, hub) is Reason.MIX_AND_MATCH
    world.net.twists.clear()
    await b.pull(hub)
    (kept,) = b.store.subscriptions()
    assert (kept.length, kept.head) == hub.store.feed_mark()


async def test_a_record_under_another_id_is_named_and_not_kept(world: World) -> None:
    hub, a, b = league(world)
    ids = await fill(a, hub, 2)
    other = skill_message(a.key, SLUG)
    await b.subscribe(hub)

    def exchanged(page: FeedPage) -> FeedPage:
        items = [FeedItem(item.place, item.id, other.raw.decode()) for item in page.items]
        return FeedPage(page.index, items)

    world.net.twists[hub.url] = on_feed(exchanged)
    pulled = await b.pull(hub)
    assert [(one.id, one.reason) for one in pulled] == [(id_, Reason.MIX_AND_MATCH) for id_ in ids]
    assert not b.holds(SLUG)


async def test_a_record_that_a_source_withholds_is_named(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 2)
    await b.subscribe(hub)

    def withheld(page: FeedPage) -> FeedPage:
        return FeedPage(page.index, [FeedItem(item.place, item.id, None) for item in page.items])

    world.net.twists[hub.url] = on_feed(withheld)
    try:
        named = [one.reason for one in await b.pull(hub)]
    except Refused as refusal:
        named = [refusal.reason]
    assert None not in named
    assert named


async def test_a_huge_feed_announced_is_not_believed_until_it_is_walked(world: World) -> None:
    """Fast-forward: a number that nobody has shown the records for is never kept."""
    hub, a, b = league(world)
    ids = await fill(a, hub, 2)
    await b.subscribe(hub)
    world.net.twists[hub.url] = on_feed(lambda page: FeedPage(index(hub, 2**40, "0" * 64), page.items[:2]))
    assert await fault(b, hub) is Reason.MIX_AND_MATCH
    assert b.store.subscriptions()[0].length <= 2
    world.net.twists.clear()
    await b.pull(hub)
    assert (b.store.subscriptions()[0].length, b.store.subscriptions()[0].head) == (2, head_of(ids))


async def test_one_bad_record_in_a_feed_does_not_stop_the_others(world: World) -> None:
    hub, a, b = league(world)
    ids = await fill(a, hub, 3)
    await b.subscribe(hub)

    def damaged(page: FeedPage) -> FeedPage:
        items = list(page.items)
        raw = json.loads(items[1].envelope)
        raw["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
        text = json.dumps(raw, separators=(",", ":"), sort_keys=True)
        items[1] = FeedItem(2, items[1].id, text)
        return FeedPage(page.index, items)

    world.net.twists[hub.url] = on_feed(damaged)
    assert [(one.id, one.reason) for one in await b.pull(hub)] == [
        (ids[0], None), (ids[1], Reason.FORGED), (ids[2], None),
    ]  # fmt: skip
    assert [b.holds(multiplier(n)) for n in (2, 3, 4)] == [True, False, True]


# ---- an operator who changes his mind while a pull is under way


async def unsubscribe_after_the_first(b: Resident, hub: Resident) -> None:
    async for _ in b.node.subscriber.pull(hub.url):
        await b.node.core.driver.perform(Effects([DropSubscription(hub.url)]))


async def test_unsubscribing_during_a_pull_holds(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 2)
    await b.subscribe(hub)
    await unsubscribe_after_the_first(b, hub)
    assert b.store.subscriptions() == []


async def test_new_filters_set_during_a_pull_hold(world: World) -> None:
    hub, a, b = league(world)
    await fill(a, hub, 2)
    await b.subscribe(hub)
    async for _ in b.node.subscriber.pull(hub.url):
        await b.subscribe(hub, report="none", tags=("text",))
    (kept,) = b.store.subscriptions()
    assert (kept.report, kept.tags) == ("none", ("text",))


async def test_pulling_without_a_subscription_says_so(world: World) -> None:
    hub, _, b = league(world)
    with pytest.raises(NotFound, match="no subscription"):
        await b.pull(hub)


# ---- bundles


def bundle() -> tuple:
    from hansa.skills.importing.skill_folder import read_skill_folder

    document = b"---\nname: stars\ndescription: count the stars\nlicense: MIT\n---\n# Look up\nCount.\n"
    tests = b"def test_one():\n    from stars import count\n    assert count('**') == 2\n"
    code = b"def count(text):\n    return text.count('*')\n"
    return read_skill_folder("stars", {"SKILL.md": document, "stars.py": code, "test_stars.py": tests}, ""), code


async def pushed_bundle(a: Resident, hub: Resident):
    draft, _code = bundle()
    (digest,) = [file.digest for file in draft.skill.result.files if file.path == "stars.py"]
    message = skill_message(a.key, draft.skill, true_claim())
    blobs = dict(draft.blobs)
    async with hub.http() as http:
        assert (await http.post("/skills", content=message.raw)).status_code == 201
    return draft.skill, digest, blobs


async def test_the_files_of_a_bundle_come_with_it(world: World) -> None:
    hub, a, b = league(world)
    skill, digest, blobs = await pushed_bundle(a, hub)
    async with hub.http() as http:
        for name, data in blobs.items():
            assert (await http.put(f"/skills/{skill.id}/files/{name}", content=data)).status_code == 201
    await b.subscribe(hub)
    await b.pull(hub)
    assert b.store.blob(digest) == blobs[digest]


async def test_a_file_that_does_not_fit_its_digest_is_not_kept(world: World) -> None:
    hub, a, b = league(world)
    skill, digest, _blobs = await pushed_bundle(a, hub)
    await b.subscribe(hub)
    world.net.twists[hub.url] = lambda method, path, answer: (
        Answer(200, b"import os" + bytes(100)) if "/files/" in path else answer
    )
    await b.pull(hub)
    assert b.holds(skill)
    assert b.store.blob(digest) is None


async def test_files_that_reach_the_hub_after_the_record_come_with_the_next_pull(world: World) -> None:
    """As when a subscriber that waits for news is faster than the author's next request."""
    hub, a, b = league(world)
    skill, digest, blobs = await pushed_bundle(a, hub)
    await b.subscribe(hub)
    await b.pull(hub)
    async with hub.http() as http:
        await http.put(f"/skills/{skill.id}/files/{digest}", content=blobs[digest])
    await b.pull(hub)
    assert b.store.blob(digest) is not None
