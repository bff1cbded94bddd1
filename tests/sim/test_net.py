"""The simulated net: links as `node.transport` says, streams that hold, frames that are lost, partitions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.sim.journal import Journal
from hansa.sim.loop import Process, VirtualLoop
from hansa.sim.net import MAX_QUEUE, Net, Params
from hansa.sim.transport import SimTransport


class Ear:
    """A listener that writes down what it is told."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.said: list[tuple[Any, ...]] = []
        self.at: list[int] = []

    def linked(self, peer: NodeId, url: str, dialled: bool) -> None:
        self.said.append(("linked", peer, dialled))

    def heard(self, peer: NodeId, data: bytes) -> None:
        self.said.append(("heard", peer, data))
        self.at.append(self.loop.now_ms)

    def lost(self, peer: NodeId, reason: Reason | None) -> None:
        self.said.append(("lost", peer, reason))

    @property
    def frames(self) -> list[bytes]:
        return [one[2] for one in self.said if one[0] == "heard"]


class Town:
    """Some hosts that listen."""

    def __init__(self, count: int = 2, seed: int = 1, **params: Any) -> None:
        self.loop = VirtualLoop()
        self.net = Net(self.loop, Rng(seed), Journal(self.loop), Params(**params))
        self.ids = [NodeId(f"did:key:z{number}") for number in range(count)]
        self.hosts = [self.net.host(id_) for id_ in self.ids]
        self.ears = [Ear(self.loop) for _ in self.ids]
        self.ends = [SimTransport(self.net, host) for host in self.hosts]
        for host, end, ear in zip(self.hosts, self.ends, self.ears, strict=True):
            self.loop.spawn(host.process, end.start(ear))
        self.loop.run_until(1)

    def dial(self, one: int, other: int, **options: Any) -> NodeId:
        return self.loop.run_until_complete(
            self.loop.spawn(self.hosts[one].process, self.ends[one].dial(f"sim://{other}", **options))
        )

    def linked(self) -> Town:
        self.net.params = replace(self.net.params, connect_ms=300_000)
        for one in range(len(self.ids)):
            for other in range(one):
                self.dial(one, other)
        return self

    def run(self, ms: int) -> None:
        self.loop.run_until(self.loop.now_ms + ms)

    def kill(self, number: int) -> None:
        host = self.hosts[number]
        host.process.alive = False
        self.net.vanish(host)
        self.loop.kill(host.process)


def test_a_link_stands_at_both_ends_before_the_dial_returns() -> None:
    town = Town()
    assert town.dial(0, 1, whom=town.ids[1]) == town.ids[1]
    assert town.ears[0].said == [("linked", town.ids[1], True)]
    assert town.ears[1].said == [("linked", town.ids[0], False)]
    assert town.dial(0, 1) == town.ids[1]
    assert len(town.ears[0].said) == 1


def test_who_must_be_there_and_is_not_is_refused() -> None:
    town = Town(3)
    for other, whom in ((1, town.ids[2]), (0, None)):
        with pytest.raises(Refused) as refusal:
            town.dial(0, other, whom=whom)
        assert refusal.value.reason is Reason.BAD_LINK


def test_nobody_answers() -> None:
    town = Town(3)
    town.kill(1)
    with pytest.raises(Unavailable, match="nobody listens"):
        town.dial(0, 1)
    town.net.block([(0, 2)])
    before = town.loop.now_ms
    with pytest.raises(Unavailable, match="no answer"):
        town.dial(0, 2)
    assert town.loop.now_ms - before == town.net.params.connect_ms
    with pytest.raises(Unavailable):
        town.dial(0, 99)


def test_of_two_dials_at_once_one_link_stays() -> None:
    town = Town()
    both = [
        town.loop.spawn(town.hosts[one].process, town.ends[one].dial(f"sim://{other}"))
        for one, other in ((0, 1), (1, 0))
    ]

    async def wait() -> list[NodeId]:
        return list(await asyncio.gather(*both))

    assert town.loop.run_until_complete(wait()) == [town.ids[1], town.ids[0]]
    assert [len(ear.said) for ear in town.ears] == [1, 1]
    assert town.ends[0].send(town.ids[1], b"x") and town.ends[1].send(town.ids[0], b"y")
    town.run(1_000)
    assert town.ears[0].frames == [b"y"] and town.ears[1].frames == [b"x"]


@given(st.integers(0, 10_000), st.floats(0, 0.5), st.integers(0, 200))
def test_a_stream_brings_all_frames_once_and_in_order_whatever_is_lost(seed: int, loss: float, jitter: int) -> None:
    town = Town(seed=seed, loss=loss, jitter_ms=jitter).linked()
    sent = [b"%d" % number for number in range(30)]
    for data in sent:
        assert town.ends[0].send(town.ids[1], data)
    town.run(60_000)
    assert town.ears[1].frames == sent
    assert town.net.counts.balanced and town.net.counts.delivered == 30


@given(st.integers(0, 10_000))
def test_lossy_frames_are_lost_doubled_and_late_and_all_counted(seed: int) -> None:
    town = Town(seed=seed, loss=0.2, duplicated=0.2, reordered=0.3, lossy=True)
    town.linked()
    for number in range(300):
        assert town.ends[0].send(town.ids[1], b"%d" % number)
    town.run(10_000)
    counts = town.net.counts
    heard = [int(one) for one in town.ears[1].frames]
    assert counts.balanced and counts.in_air == 0
    assert 20 < counts.lost["loss"] < 120 and 20 < counts.doubled < 120
    assert heard != sorted(heard) and len(set(heard)) == 300 - counts.lost["loss"]


def test_loss_makes_a_stream_late() -> None:
    quick, slow = Town(jitter_ms=0).linked(), Town(jitter_ms=0, loss=0.9).linked()
    for town in (quick, slow):
        before = town.loop.now_ms
        town.ends[0].send(town.ids[1], b"x")
        town.run(60_000)
        town.at = town.ears[1].at[0] - before  # type: ignore[attr-defined]
    assert quick.at == 20 and slow.at >= 220  # type: ignore[attr-defined]


def test_bandwidth_makes_big_frames_late_and_shows_in_the_queue() -> None:
    town = Town(bytes_per_ms=10, jitter_ms=0).linked()
    before = town.loop.now_ms
    for _ in range(3):
        town.ends[0].send(town.ids[1], bytes(1_000))
    assert town.ends[0].queued(town.ids[1]) == 3_000
    town.run(1_000)
    assert [at - before for at in town.ears[1].at] == [120, 220, 320]
    assert town.ends[0].queued(town.ids[1]) == 0


def test_a_full_queue_takes_no_more() -> None:
    town = Town().linked()
    town.net.block([(0, 1)])
    assert town.ends[0].send(town.ids[1], bytes(MAX_QUEUE))
    assert not town.ends[0].send(town.ids[1], b"x")
    assert not town.ends[0].send(NodeId("nobody"), b"x")


def test_a_short_partition_holds_a_stream_back_and_loses_nothing() -> None:
    town = Town().linked()
    town.ends[0].send(town.ids[1], b"before")
    town.net.block([(0, 1), (1, 0)])
    town.ends[0].send(town.ids[1], b"during")
    town.run(town.net.params.notice_ms - 1_000)
    town.net.unblock()
    town.ends[0].send(town.ids[1], b"after")
    town.run(20_000)
    assert town.ears[1].frames == [b"before", b"during", b"after"]
    assert not [one for one in town.ears[0].said if one[0] == "lost"]


@pytest.mark.parametrize("pairs", [[(0, 1)], [(1, 0)], [(0, 1), (1, 0)]])
def test_a_long_partition_of_either_way_ends_the_link_at_both_ends(pairs: list[tuple[int, int]]) -> None:
    town = Town().linked()
    town.net.block(pairs)
    town.ends[0].send(town.ids[1], b"x")
    town.ends[1].send(town.ids[0], b"y")
    town.run(town.net.params.notice_ms + 1_000)
    for ear in town.ears:
        assert [one[2] for one in ear.said if one[0] == "lost"] == [Reason.UNREACHABLE]
    assert town.net.counts.balanced and town.net.counts.in_air == 0
    town.net.unblock()
    assert town.dial(1, 0) == town.ids[0]


def test_a_killed_process_is_noticed_and_what_was_on_its_way_is_counted() -> None:
    town = Town().linked()
    town.ends[0].send(town.ids[1], b"x")
    town.kill(1)
    town.run(1_000)
    assert town.ears[0].said[-1] == ("lost", town.ids[1], Reason.BAD_LINK)
    assert not town.ends[0].send(town.ids[1], b"x") and not town.ends[1].send(town.ids[0], b"x")
    assert town.net.counts.balanced and town.net.counts.lost == {"crash": 1}


def test_behind_a_partition_a_killed_process_is_noticed_late() -> None:
    town = Town().linked()
    town.net.block([(0, 1), (1, 0)])
    town.ends[0].send(town.ids[1], b"x")
    town.kill(1)
    town.run(1_000)
    assert town.ears[0].said[-1][0] == "linked"
    town.run(town.net.params.notice_ms)
    assert town.ears[0].said[-1] == ("lost", town.ids[1], Reason.UNREACHABLE)
    assert town.net.counts.balanced and town.net.counts.in_air == 0


def test_who_was_started_anew_takes_the_place_of_its_old_link() -> None:
    town = Town().linked()
    town.net.block([(0, 1), (1, 0)])
    town.kill(1)
    town.net.unblock()
    town.hosts[1].process = Process("again")
    town.ends[1] = SimTransport(town.net, town.hosts[1])
    town.loop.spawn(town.hosts[1].process, town.ends[1].start(town.ears[1]))
    town.run(1)
    assert town.dial(1, 0) == town.ids[0]
    told = [one[0] for one in town.ears[0].said]
    assert told == ["linked", "lost", "linked"]
    assert town.ends[0].send(town.ids[1], b"x")
    town.run(20_000)
    assert town.ears[1].frames == [b"x"] and [one[0] for one in town.ears[0].said] == told


def test_a_link_closed_in_order_brings_what_was_sent_before() -> None:
    town = Town().linked()
    town.ends[0].send(town.ids[1], b"last word")

    async def close() -> None:
        await town.ends[0].close(town.ids[1])
        await town.ends[0].close(NodeId("nobody"))

    town.loop.spawn(town.hosts[0].process, close())
    town.run(1_000)
    assert town.ears[1].said[-2:] == [("heard", town.ids[0], b"last word"), ("lost", town.ids[0], None)]
    assert town.ears[0].said[-1] == ("lost", town.ids[1], None)
    assert town.net.counts.balanced and town.net.counts.in_air == 0


def test_whoever_stops_takes_no_more() -> None:
    town = Town().linked()
    assert (
        town.ends[1].addresses == ("sim://1",) and town.ends[1].speaks("sim://7") and not town.ends[1].speaks("ws://x")
    )
    town.loop.spawn(town.hosts[1].process, town.ends[1].stop())
    town.run(1_000)
    assert town.ears[0].said[-1] == ("lost", town.ids[1], None)
    assert town.ends[1].addresses == ()
    with pytest.raises(Unavailable):
        town.dial(0, 1)


@pytest.mark.parametrize(
    "flaw", [{"loss": 1.0}, {"loss": -0.1}, {"duplicated": 1}, {"reordered": 2}, {"base_ms": -1}, {"notice_ms": 0}]
)
def test_parameters_without_sense_are_refused_by_name(flaw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(flaw))} "):
        replace(Params(), **flaw).validate()
