"""Merkle trees against RFC 9162 as it is written: recursively, with the split at the largest power of two below n."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.identity.merkle import MAX_PATH, MAX_SIZE, Neighbour, Place, Tree, path_length
from tests.attacks.specimens import scaled

RFC_6962_LEAVES = [bytes.fromhex(one) for one in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
RFC_6962_ROOTS = {
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""The leaves that implementations of Certificate Transparency test with, and the roots that they all come to."""


def split(count: int) -> int:
    """Returns the largest power of two below `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


@pytest.mark.parametrize("size", RFC_6962_ROOTS)
def test_the_known_trees(size: int) -> None:
    leaves = RFC_6962_LEAVES[:size]
    assert Tree(leaves).root.hex() == root(leaves).hex() == RFC_6962_ROOTS[size]


@pytest.mark.parametrize("size", [*range(2, 70), 100, 127, 128, 129, 1023, 1024])
def test_every_place_of_a_tree_is_as_the_rfc_says(size: int) -> None:
    leaves = [b"%d" % number for number in range(size)]
    tree = Tree(leaves)
    assert tree.root == root(leaves)
    for index in range(size) if size < 70 else (0, 1, size // 2, size - 2, size - 1):
        place = tree.place(index)
        assert place == Place(index, size, b"".join(path(index, leaves)))
        assert place.exists
        assert place.root(leaves[index]) == tree.root
        assert len(place.path) == 32 * path_length(index, size)


def test_no_path_is_longer_than_the_bound() -> None:
    assert max(path_length(index, size) for size in range(2, MAX_SIZE + 1) for index in (0, size // 2)) == MAX_PATH


@pytest.mark.parametrize("size", [0, 1, MAX_SIZE + 1])
def test_a_batch_is_neither_too_small_nor_too_large(size: int) -> None:
    with pytest.raises(ValueError, match="messages"):
        Tree([b""] * size)


@pytest.mark.parametrize(
    ("index", "size", "length"),
    [(0, 2, 0), (0, 2, 31), (0, 2, 33), (0, 2, 64), (2, 2, 32), (-1, 2, 32), (0, 1, 0), (0, 0, 0), (0, 1025, 352),
     (2, 3, 64), (0, 3, 32), (6, 7, 96), (1024, 1024, 320)],
)  # fmt: skip
def test_a_place_that_no_tree_has_does_not_exist(index: int, size: int, length: int) -> None:
    assert not Place(index, size, bytes(length)).exists


@given(st.data())
@settings(max_examples=scaled(150), deadline=None)
def test_whatever_is_changed_leads_to_another_root(data: st.DataObject) -> None:
    leaves = data.draw(st.lists(st.binary(max_size=40), min_size=2, max_size=40, unique=True))
    tree = Tree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    place = tree.place(index)
    other = data.draw(st.integers(0, len(leaves) - 1).filter(lambda one: one != index))
    assert place.root(leaves[other]) != tree.root
    bit = data.draw(st.integers(0, 8 * len(place.path) - 1))
    changed = bytearray(place.path)
    changed[bit // 8] ^= 1 << bit % 8
    assert Place(index, place.size, bytes(changed)).root(leaves[index]) != tree.root
    moved = Place(other, place.size, place.path)
    assert not moved.exists or moved.root(leaves[index]) != tree.root


@given(st.data())
@settings(max_examples=scaled(300), deadline=None)
def test_a_neighbour_goes_to_whoever_leads_to_its_root_and_nobody_else(data: st.DataObject) -> None:
    leaves = data.draw(st.lists(st.binary(max_size=4), min_size=2, max_size=40, unique=True))
    tree = Tree(leaves)
    at, index, other = (data.draw(st.integers(0, len(leaves) - 1)) for _ in range(3))
    neighbour = Neighbour(tree.place(at), leaves[at])
    assert neighbour.root == tree.root
    for _ in range(4):
        path = bytearray(tree.place(index).path)
        path[data.draw(st.integers(0, len(path) - 1))] ^= data.draw(st.sampled_from([0, 0, 1, 128]))
        place = Place(data.draw(st.sampled_from([index, other])), len(leaves), bytes(path))
        message = leaves[data.draw(st.sampled_from([index, other]))]
        if place.exists:
            assert neighbour.goes_to(place, message) == (place.root(message) == tree.root)
        larger = Place(index, len(leaves) + 1, tree.place(index).path)  # signed is the size, too
        assert not (larger.exists and neighbour.goes_to(larger, leaves[index]))
        there = data.draw(st.integers(0, len(leaves) - 1))
        assert neighbour.goes_to(tree.place(there), leaves[there])


def test_an_inner_node_is_no_leaf() -> None:
    """Two leaves below one inner node: shown as a message, that node leads elsewhere (second preimage)."""
    leaves = [b"a", b"b", b"c", b"d"]
    tree = Tree(leaves)
    inner = b"".join(hashlib.sha256(b"\0" + one).digest() for one in leaves[:2])
    right = path(0, leaves)[1]
    assert hashlib.sha256(b"\1" + hashlib.sha256(b"\1" + inner).digest() + right).digest() == tree.root
    assert Place(0, 2, right).root(inner) != tree.root
