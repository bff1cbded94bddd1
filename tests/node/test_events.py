"""One closed list of events; a bounded stream that can be gone on from; slow watchers never slow the node."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import UsageError
from hansa.kernel.instant import Instant
from hansa.node.driver import Effects
from hansa.node.events import BEGINNING, HISTORY, QUEUE, Event, Kind, Shown, Stream, kind_of
from tests.node.conftest import World
from tests.node.world import DOUBLE, LIE, SLUG, skill_message

SOURCE = Path(__file__).parents[2] / "src" / "hansa"
NOW = Instant(1_700_000_000_000)


def shown(number: int = 0) -> Shown:
    return Shown(Kind.PEER_INVITED, f"node {number}", "", {})


def stream_of(count: int) -> Stream:
    stream = Stream(NOW)
    for number in range(count):
        stream.show(shown(number), NOW)
    return stream


# ---- the list


def test_a_kind_that_is_not_listed_can_not_be_shown() -> None:
    with pytest.raises(UsageError, match=r"no event 'skill\.exploded'"):
        kind_of("skill.exploded")
    with pytest.raises(AttributeError):
        Effects().show("skill.exploded", "x", "y")  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", [{}, {"url": "x"}, {"url": "x", "reason": "y", "secret": "z"}])
def test_an_event_carries_exactly_the_fields_of_its_kind(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"delivery\.refused"):
        Effects().show(Kind.DELIVERY_REFUSED, "x", "y", **fields)


def test_codes_are_distinct_and_no_field_hides_a_common_one() -> None:
    assert len({kind.code for kind in Kind}) == len(Kind)
    for kind in Kind:
        assert not set(kind.fields) & {"id", "kind", "ref", "text", "at", "event", "level", "timestamp"}
        assert kind.text


def test_every_kind_is_shown_somewhere_and_nothing_shows_a_name_made_up_on_the_spot() -> None:
    used: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Kind":
                used.add(node.attr)
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "show"
            if called and "effects" in ast.unparse(node.func):
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), f"{path}:{node.lineno}"
    made_from_dealings = {"RECEIPT_REFUTED", "RECEIPT_REPROVED", "RECEIPT_EQUIVOCATED", "RECEIPT_FALSE_ACCUSATION"}
    assert {kind.name for kind in Kind} - used - made_from_dealings == set()


def test_each_dealing_has_its_kind() -> None:
    from hansa.conduct.ledger import Dealing

    own = {f"receipt.{dealing}" for dealing in Dealing} & {kind.code for kind in Kind}
    assert own == {kind.code for kind in Kind if kind.code.startswith("receipt.")} - {Kind.RECEIPT_OTHER.code}
    assert len(own) >= 3


# ---- going on


@given(st.integers(0, HISTORY + 200), st.data())
def test_what_is_kept_comes_after_what_was_seen_and_the_rest_is_counted(count: int, data: st.DataObject) -> None:
    stream = stream_of(count)
    seen = data.draw(st.integers(0, count))
    kept, lost = stream.since(f"{NOW}-{seen}")
    assert lost + len(kept) == count - seen
    assert [event.ref for event in kept] == [f"node {number}" for number in range(count)][count - len(kept) :]
    assert len(kept) <= HISTORY


@pytest.mark.parametrize("last", ["1-3", "x", "", "-", f"{NOW}-x", f"{NOW}-99", f"{NOW}", "\x00"])
def test_an_id_of_another_start_is_a_gap_before_all_that_is_kept(last: str) -> None:
    first, *rest = stream_of(5).caught_up(last)
    assert (first.kind, first.fields["missed"], first.id) == (Kind.STREAM_GAP, 0, "")
    assert len(rest) == 5


def test_the_beginning_is_no_gap() -> None:
    assert [event.ref for event in stream_of(3).caught_up(BEGINNING)] == ["node 0", "node 1", "node 2"]
    assert stream_of(3).caught_up(None) == []


# ---- slow watchers


async def test_a_slow_watcher_gets_what_fits_then_a_gap_and_the_end() -> None:
    stream = Stream(NOW)
    got: list[Event] = []
    with stream.watching() as watcher:
        for number in range(QUEUE + 7):
            stream.show(shown(number), NOW)
        assert len(watcher) == QUEUE
        assert watcher.missed == 7
    following = stream.follow()
    first = asyncio.ensure_future(anext(following))
    while not stream.watchers:
        await asyncio.sleep(0)
    for number in range(QUEUE + 7):
        stream.show(shown(number), NOW)
    got.append(await first)
    got += [event async for event in following]
    assert [event.ref for event in got[:-1]] == [f"node {number}" for number in range(len(got) - 1)]
    assert got[-1].kind is Kind.STREAM_GAP
    assert got[-1].fields["missed"] == QUEUE + 7 - (len(got) - 1)
    assert stream.watchers == set()


async def test_who_comes_back_after_a_gap_gets_what_is_still_kept() -> None:
    stream = stream_of(HISTORY + 5)
    following = stream.follow(f"{NOW}-2")
    assert (await anext(following)).fields["missed"] == 3
    assert (await anext(following)).ref == "node 5"
    await following.aclose()


async def test_text_of_a_peer_is_made_safe_and_short() -> None:
    stream = Stream(NOW)
    event = stream.show(Shown(Kind.SKILL_ADDED, "x", "a\n\x1b[31mb" + "c" * 1_000, {}), NOW)
    assert "\n" not in event.text
    assert "\x1b" not in event.text
    assert len(event.text) <= 300


# ---- what decisions show


async def test_a_skill_s_way_is_told_in_order(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    world.table.teach(SLUG)
    await a.subscribe(hub)
    await a.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id, why="wrong")
    codes = [event.kind.code for event in a.node.core.driver.history]
    assert codes == ["source.subscribed", "skill.added", "skill.proved", "skill.published", "delivery.delivered",
                     "skill.removed"]  # fmt: skip
    proved = a.node.core.driver.history[2]
    assert proved.fields["state"] == "admitted"
    assert isinstance(proved.fields["wall_ms"], int)


async def test_a_lie_is_told_with_its_reason(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    await b.subscribe(hub)
    answer = await hub.http().post("/skills", content=skill_message(a.key, LIE).raw)
    assert answer.status_code == 201
    await b.sync(hub)
    told = {event.kind.code: event for event in b.node.core.driver.history}
    assert told["skill.refuted"].fields["reason"] == "refuted"
    assert told["source.pulled"].fields == {"taken": 1, "refused": 0, "reasons": ""}


async def test_news_that_were_not_taken_are_told_with_their_reasons(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.invite(b, a)
    await b.subscribe(hub)
    for skill in (SLUG, DOUBLE):
        await hub.http().post("/skills", content=skill_message(a.key, skill).raw)
        await b.http().post("/skills", content=skill_message(a.key, skill).raw)
    await hub.http().post("/skills", content=skill_message(a.key, LIE).raw)
    await b.sync(hub)
    [pulled] = [event for event in b.node.core.driver.history if event.kind is Kind.SOURCE_PULLED]
    assert pulled.fields == {"taken": 1, "refused": 2, "reasons": "duplicate 2"}
    assert pulled.text == "1 taken, 2 not (duplicate 2)"


async def test_a_source_that_is_away_is_told_once(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    await a.subscribe(hub)
    world.net.down.add(hub.url)
    for _ in range(3):
        with pytest.raises(Exception, match="no node answers"):
            await a.pull(hub)
    told = [event for event in a.node.core.driver.history if event.kind is Kind.SOURCE_FAILED]
    assert [event.fields["reason"] for event in told] == ["unreachable"]
    assert a.node.core.meters.source(hub.url).failures == 3
    world.net.down.clear()
    await a.pull(hub)
    assert a.node.core.meters.source(hub.url).failures == 0


async def test_events_can_be_followed_from_python(world: World) -> None:
    a = world.settle("a")
    await a.add(SLUG)
    await a.add(DOUBLE)
    found = a.node.events(BEGINNING, {Kind.SKILL_ADDED})
    assert [(await anext(found)).ref, (await anext(found)).ref] == [SLUG.id, DOUBLE.id]
    await found.aclose()
