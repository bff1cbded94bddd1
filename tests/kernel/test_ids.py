"""Content ids and chains: the name of bytes follows from the bytes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.ids import chain, content_id, is_content_id

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LINKS = st.sampled_from(["", EMPTY, content_id(b"a"), content_id(b"b")])


def test_a_content_id_is_sha256_in_small_hex() -> None:
    assert content_id(b"") == EMPTY
    assert content_id(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(st.binary())
@settings(derandomize=True, deadline=None)
def test_every_content_id_is_written_as_one(data: bytes) -> None:
    assert is_content_id(content_id(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        EMPTY[:-1],
        EMPTY + "0",
        EMPTY.upper(),
        EMPTY + "\n",
        "\n" + EMPTY,
        " " + EMPTY[1:],
        EMPTY[:-1] + "g",
        "0x" + EMPTY[2:],
        "sha256:" + EMPTY,
        "../" + EMPTY[3:],
        EMPTY[:32] + "/" + EMPTY[33:],
        EMPTY[:-1] + "\0",
        "\u0661" * 64,
        "\uff10" * 64,
    ],
)
def test_nothing_else_is_taken_for_a_content_id(text: str) -> None:
    """Content ids name files and database rows, so none of these may pass."""
    assert not is_content_id(text)


def test_a_link_covers_its_domain_the_link_before_and_the_item() -> None:
    item = content_id(b"item")
    assert chain("", item) == hashlib.sha256(f"hansa-chain-v1\n\n{item}".encode()).hexdigest()
    assert chain(EMPTY, item) == hashlib.sha256(f"hansa-chain-v1\n{EMPTY}\n{item}".encode()).hexdigest()


@given(LINKS, LINKS, LINKS, LINKS)
@settings(derandomize=True, deadline=None)
def test_different_links_have_different_names(a: str, b: str, c: str, d: str) -> None:
    assert (chain(a, b) == chain(c, d)) is ((a, b) == (c, d))


@given(st.lists(st.sampled_from([content_id(b"%d" % n) for n in range(4)]), max_size=6))
@settings(derandomize=True, deadline=None)
def test_the_head_of_a_chain_names_its_whole_history(items: list[str]) -> None:
    def head(of: list[str]) -> str:
        link = ""
        for item in of:
            link = chain(link, item)
        return link

    assert all(head(items[:cut]) != head(items) for cut in range(len(items)))
    assert head(items) == head(list(items))
    if items != items[::-1]:
        assert head(items[::-1]) != head(items)
