"""Attack 33: a name that reads like another's. The key is the identity; a name that could mislead a person says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.lookalikes import flaw, odd_names, skeleton
from hansa.node.rows import PeerRow, PutPeer
from tests.node.world import World, _apply

ALIKE = [
    ("harbour", "harb\u043eur"),  # Cyrillic o
    ("harbour", "harb0ur"),
    ("Paypal", "\u0440\u0430\u0443\u0440\u0430l"),  # all but one letter Cyrillic
    ("scope", "\u0455\u0441\u043e\u0440\u0435"),  # all Cyrillic
    ("modern", "rnodern"),
    ("alice", "AL\u0399CE"),  # Greek iota
    ("bob", "b\u200bob"),  # zero width space
    ("bob", "\uff42\uff4f\uff42"),  # full width
    ("cafe", "cafe\u0301"),  # a combining mark
    ("lima", "1ima"),
    ("hub", "hu\u200db"),
]
ODD = ["h\u0430rbour", "bob\u200e", "\u202egnp", "p\u03b1ris", "a\u2060b"]
PLAIN = [
    "harbour",
    "Caf\u00e9 2",
    "node-7",
    "\u041c\u043e\u0441\u043a\u0432\u0430",
    "\u6771\u4eac Tokyo",
    "\u03b1\u03b2\u03b3",
    "",
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_read_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)
    assert all(odd_names([one, other]))


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_mixes_alphabets_or_hides_signs_is_odd_by_itself(name: str) -> None:
    assert flaw(name)


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_name_in_any_alphabet_is_not(name: str) -> None:
    assert odd_names([name]) == [""]


@given(st.lists(st.text(max_size=12), max_size=8), st.text(max_size=12))
def test_it_takes_any_text(names: list[str], own: str) -> None:
    assert len(odd_names(names, own)) == len(names)


async def test_an_operator_is_told_beside_the_name(world: World) -> None:
    hub = world.settle("hub", "hub", config={"name": "harbour"})
    for number, name in enumerate(["harb\u043eur", "quay", "quay"]):
        _apply(hub, PutPeer(PeerRow(world.settle(f"guest-{number}").id, name=name, invited=True)))
    shown = (await hub.ask("peer.list")).value["instances"]
    told = {one["name"]: one["odd_name"] for one in shown}
    assert told == {"harb\u043eur": "mixes alphabets", "quay": "reads like another's"}


async def test_two_nodes_of_one_name_are_two_nodes(world: World) -> None:
    hub, one, other = world.settle("hub", "hub"), world.settle("one"), world.settle("other")
    for guest in (one, other):
        _apply(hub, PutPeer(PeerRow(guest.id, name="quay", invited=guest is one)))
    assert hub.store.peer(one.id) != hub.store.peer(other.id)
    assert not hub.node.core.memory.guest(other.id).invited
