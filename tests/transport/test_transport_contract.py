"""What each transport promises (`node.transport`), over every carrier."""

from __future__ import annotations

import asyncio

import pytest

from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.params import Params
from hansa.adapters.transport.pieces import MAX_BATCH, Kind, single
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from hansa.overlay.frames import MAX_FRAME
from tests.attacks.specimens import key
from tests.transport.ends import PATIENCE, QUICK, End, Way

STRANGER = NodeId(key(90).public.did)


async def pair(way: Way, params: Params = QUICK) -> tuple[End, End]:
    """Returns two nodes with a link that the first one dialled."""
    a, b = await way.end(1, params=params), await way.end(2, params=params)
    assert await a.fabric.dial(b.url, b.id) == b.id
    await b.ear.until(lambda ear: ear.standing == [a.id])
    return a, b


async def refused(dialling: Fabric, url: str, whom: NodeId | None = None) -> Reason:
    with pytest.raises(Refused) as caught:
        await dialling.dial(url, whom)
    return caught.value.reason


async def test_both_ends_are_told_of_a_link_before_anything_comes_over_it(way: Way) -> None:
    a, b = await pair(way)
    assert a.ear.told == [("linked", b.id, a.carrier.wires[0].url, True)]
    assert [(one[0], one[1], one[3]) for one in b.ear.told] == [("linked", a.id, False)]
    assert a.fabric.send(b.id, b"there") and b.fabric.send(a.id, b"back")
    await a.ear.until(lambda ear: ear.frames == [b"back"])
    await b.ear.until(lambda ear: ear.frames == [b"there"])


@pytest.mark.parametrize("whom", [True, False])
async def test_an_address_leads_to_who_is_there(way: Way, whom: bool) -> None:
    a, b = await way.end(1), await way.end(2)
    assert a.fabric.speaks(b.url)
    assert await a.fabric.dial(b.url, b.id if whom else None) == b.id
    assert a.ear.standing == [b.id]


async def test_the_addresses_that_a_node_tells_can_be_dialled(way: Way) -> None:
    a, b = await way.end(1), await way.end(2)
    assert len(b.fabric.addresses) == 1
    assert await a.fabric.dial(b.fabric.addresses[0], b.id) == b.id


async def test_frames_come_in_order_and_once(way: Way) -> None:
    a, b = await pair(way)
    sent = [number.to_bytes(4, "big") * (1 + number % 400) for number in range(2_000)]
    for number, one in enumerate(sent):
        while not a.fabric.send(b.id, one):
            await asyncio.sleep(0)
        if number % 7 == 0:
            await asyncio.sleep(0)
    await b.ear.until(lambda ear: len(ear.frames) >= len(sent))
    assert b.ear.frames == sent


@pytest.mark.parametrize("size", [0, 1, MAX_BATCH - 5, MAX_BATCH - 4, MAX_BATCH + 1, MAX_FRAME])
async def test_a_frame_of_any_size_comes_through_whole(way: Way, size: int) -> None:
    a, b = await pair(way)
    frame = bytes(index % 251 for index in range(size))
    assert a.fabric.send(b.id, b"before") and a.fabric.send(b.id, frame) and a.fabric.send(b.id, b"after")
    await b.ear.until(lambda ear: len(ear.frames) == 3)
    assert b.ear.frames == [b"before", frame, b"after"]


async def test_what_is_said_as_soon_as_the_link_is_told_comes_through(way: Way) -> None:
    a, b = await way.end(1), await way.end(2)
    for end in (a, b):

        def speak(peer: NodeId, url: str, dialled: bool, end: End = end) -> None:
            end.ear._note("linked", peer, url, dialled)
            assert end.fabric.send(peer, b"at once")

        end.ear.linked = speak  # type: ignore[method-assign]
    await a.fabric.dial(b.url, b.id)
    for end in (a, b):
        await end.ear.until(lambda ear: ear.frames == [b"at once"])


async def test_a_full_queue_takes_no_more_and_says_so(way: Way) -> None:
    a, b = await pair(way)
    frame = bytes(MAX_FRAME)
    taken = 0
    while a.fabric.send(b.id, frame):
        taken += 1
    assert taken == 4
    assert a.fabric.queued(b.id) == 4 * MAX_FRAME
    assert not a.fabric.send(b.id, b"x")
    await b.ear.until(lambda ear: len(ear.frames) == 4)
    assert a.fabric.send(b.id, b"x")
    await b.ear.until(lambda ear: len(ear.frames) == 5)
    assert a.fabric.queued(b.id) <= 1


async def test_without_a_link_nothing_is_sent(way: Way) -> None:
    a, b = await way.end(1), await way.end(2)
    assert not a.fabric.send(b.id, b"x")
    assert a.fabric.queued(b.id) == 0
    await a.fabric.close(b.id)
    assert a.ear.told == []


async def test_a_frame_that_is_too_large_is_not_sent(way: Way) -> None:
    a, b = await pair(way)
    assert not a.fabric.send(b.id, bytes(MAX_FRAME + 1))
    assert a.ear.standing == [b.id]


# ---- the end of a link


async def test_a_link_that_is_closed_brings_what_waited_and_both_ends_learn_of_it(way: Way) -> None:
    a, b = await pair(way)
    for number in range(100):
        assert a.fabric.send(b.id, bytes([number]) * 1000)
    await a.fabric.close(b.id)
    assert a.ear.told[-1] == ("lost", b.id, None)
    assert await b.ear.loss() is None
    assert len(b.ear.frames) == 100
    assert not a.fabric.send(b.id, b"x")


async def test_the_other_end_is_told_why_a_link_was_closed(way: Way) -> None:
    a, b = await pair(way)
    await b.fabric.close(a.id, Reason.BAD_FRAME)
    assert b.ear.told[-1] == ("lost", a.id, None)
    assert await a.ear.loss() is Reason.BAD_FRAME


async def test_a_torn_wire_is_noticed_by_both_ends(way: Way) -> None:
    a, b = await pair(way)
    a.carrier.wires[0].abort()
    assert await b.ear.loss() is Reason.UNREACHABLE
    a.fabric.send(b.id, b"x")
    assert await a.ear.loss() is Reason.UNREACHABLE


async def test_a_lost_link_can_be_made_anew(way: Way) -> None:
    a, b = await pair(way)
    a.carrier.wires[0].abort()
    await b.ear.loss()
    a.fabric.send(b.id, b"x")
    await a.ear.loss()
    assert await a.fabric.dial(b.url, b.id) == b.id
    assert a.fabric.send(b.id, b"again")
    await b.ear.until(lambda ear: ear.frames[-1:] == [b"again"])
    assert b.ear.standing == [a.id]


async def test_an_end_that_falls_silent_is_lost(way: Way) -> None:
    """Its process stands still, say: the wire is there, and nothing comes over it."""
    a, b = await pair(way)
    link = a.fabric._links.to(b.id)
    assert link is not None and link._timer is not None
    link._timer.cancel()
    for task in link._tasks:
        task.cancel()
    assert await b.ear.loss() is Reason.UNREACHABLE


async def test_two_ends_with_nothing_to_say_stay_linked(way: Way) -> None:
    short = Params(**{**_fields(QUICK), "beat_ms": 50, "idle_ms": 300})
    a, b = await pair(way, short)
    last = a.fabric._links.to(b.id)._heard_at  # type: ignore[union-attr]
    async with asyncio.timeout(PATIENCE):
        while a.fabric._links.to(b.id)._heard_at < last + 1.0:  # type: ignore[union-attr]
            await asyncio.sleep(0)
    assert (a.ear.standing, b.ear.standing) == ([b.id], [a.id])
    assert a.ear.frames == b.ear.frames == []


async def test_a_node_that_stops_ends_all_its_links_and_takes_no_more(way: Way) -> None:
    a, b = await pair(way)
    c = await way.end(3)
    await c.fabric.dial(a.url, a.id)
    await a.fabric.stop()
    assert [one for one in a.ear.told if one[0] == "lost"] == [("lost", b.id, None), ("lost", c.id, None)]
    assert await b.ear.loss() is None
    assert await c.ear.loss() is None
    with pytest.raises((Unavailable, Refused)):
        await b.fabric.dial(a.url, a.id)
    with pytest.raises(Unavailable):
        await a.fabric.dial(b.url, b.id)


async def test_a_node_that_begins_anew_at_the_same_address_is_linked_again(way: Way) -> None:
    a, b = await pair(way)
    await way.stop(b)
    assert await a.ear.loss() is None
    again = await way.end(2)
    assert (again.id, again.url) == (b.id, b.url)
    assert await a.fabric.dial(again.url, b.id) == b.id
    assert a.ear.standing == [b.id]


async def test_nothing_of_what_breaks_the_rules_of_a_link_gets_through(way: Way) -> None:
    """A frame of more than its bound, in pieces; pieces that are cut short; what was not sealed."""
    for number, bad in enumerate(["oversize", "cut", "unsealed"]):
        a, b = await way.end(10 + 2 * number), await way.end(11 + 2 * number)
        await a.fabric.dial(b.url, b.id)
        await b.ear.until(lambda ear: bool(ear.standing))
        link = a.fabric._links.to(b.id)
        assert link is not None
        if bad == "oversize":
            for _ in range(20):
                link._put(Kind.MORE, bytes(MAX_BATCH - 5))
        elif bad == "cut":
            await link._wire.send(link._session.sealer.seal(single(Kind.FRAME, b"abcdef")[:-1]))
        else:
            await link._wire.send(b"hello")
        assert await b.ear.loss() is Reason.BAD_LINK
        assert await a.ear.loss() in (Reason.TOO_LARGE, Reason.BAD_LINK, Reason.UNREACHABLE)
        assert b.ear.frames == []


def _fields(params: Params) -> dict[str, int]:
    return {name: getattr(params, name) for name in Params.__slots__}


# ---- who is at the other end


async def test_another_node_than_the_one_that_was_asked_for_is_refused(way: Way) -> None:
    a, b = await way.end(1), await way.end(2)
    assert await refused(a.fabric, b.url, STRANGER) is Reason.BAD_LINK
    assert a.ear.told == b.ear.told == []
    assert await a.fabric.dial(b.url, b.id) == b.id


async def test_a_node_makes_no_link_to_itself(way: Way) -> None:
    a = await way.end(1)
    assert await refused(a.fabric, a.url) is Reason.BAD_LINK
    assert await refused(a.fabric, a.url, a.id) is Reason.BAD_LINK
    assert a.ear.told == []


async def test_a_node_of_another_network_is_refused(way: Way) -> None:
    a, b = await way.end(1), await way.end(2, network="another")
    try:
        assert await refused(a.fabric, b.url, b.id) is Reason.WRONG_NETWORK
    except Unavailable:
        assert way.kind == "zenoh"  # there the networks do not see each other
    assert a.ear.told == b.ear.told == []


async def test_a_node_that_signs_with_another_key_is_refused_by_either_end(way: Way) -> None:
    a, b = await way.end(1), await way.end(2, signs=[key(99)])
    assert await refused(a.fabric, b.url, b.id) is Reason.WRONG_SIGNER
    assert await refused(b.fabric, a.url, a.id) is Reason.WRONG_SIGNER
    assert a.ear.told == b.ear.told == []


async def test_an_address_where_nobody_is_is_unavailable(way: Way) -> None:
    a, b = await way.end(1), await way.end(2)
    await way.stop(b)
    with pytest.raises(Unavailable):
        await a.fabric.dial(b.url, b.id)
    with pytest.raises(Unavailable):
        await a.fabric.dial("carrier-pigeon:3", b.id)
    assert not a.fabric.speaks("carrier-pigeon:3")


# ---- one link to each node


async def test_who_dials_a_node_to_which_a_link_stands_uses_that(way: Way) -> None:
    a, b = await pair(way)
    assert await a.fabric.dial(b.url, b.id) == b.id
    assert await a.fabric.dial(b.url) == b.id
    assert await b.fabric.dial(a.url) == a.id
    assert (len(a.ear.told), len(b.ear.told)) == (1, 1)


@pytest.mark.parametrize("round_", range(5))
async def test_two_nodes_that_dial_each_other_at_once_keep_one_link(way: Way, round_: int) -> None:
    a, b = await way.end(1), await way.end(2)
    ends = [(a, b), (b, a)] * 3
    found = await asyncio.gather(*(one.fabric.dial(other.url, other.id) for one, other in ends))
    assert found == [other.id for _, other in ends]
    await settled(a, b)


async def settled(a: End, b: End) -> None:
    """Checks that there is one link, the same at both ends, and that it works."""
    for end, other in ((a, b), (b, a)):
        await end.ear.until(lambda ear, other=other: ear.standing == [other.id])
        assert end.fabric.send(other.id, b"hello")
    for end in (a, b):
        await end.ear.until(lambda ear: ear.frames[-1:] == [b"hello"])
    ours, theirs = a.fabric._links.to(b.id), b.fabric._links.to(a.id)
    assert ours is not None and theirs is not None
    assert (ours.order, ours.dialled) == (theirs.order, not theirs.dialled)


@pytest.mark.parametrize(("number", "other"), [(1, 2), (2, 1)])
async def test_an_end_that_lost_the_link_alone_gets_a_new_one(way: Way, number: int, other: int) -> None:
    """The other end still has it, and does not know: whichever of them decides, the new one takes its place."""
    a, b = await way.end(number), await way.end(other)
    await a.fabric.dial(b.url, b.id)
    await b.ear.until(lambda ear: bool(ear.standing))
    old = a.fabric._links.to(b.id)
    assert old is not None
    a.fabric._links.drop(old)
    a.ear.told.clear()
    async with asyncio.timeout(PATIENCE):
        while a.ear.standing != [b.id]:
            try:
                await a.fabric.dial(b.url, b.id)
            except Unavailable:
                continue  # it stands still too short a time
    await settled(a, b)
    assert [one[0] for one in b.ear.told] == ["linked", "lost", "linked"]
    old.end(None)
