"""What is printed of a peer's text is text: nothing in it is an order to whoever shows it."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.errors import MAX_DETAIL, Refused
from hansa.kernel.plain import plain, plain_lines
from hansa.kernel.verdict import Reason
from tests.attacks.hostile_text import TERMINAL, dangerous
from tests.attacks.specimens import scaled

often = settings(max_examples=scaled(300), deadline=None, derandomize=True)
DANGER = st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
ANY = st.text(st.characters() | DANGER | st.sampled_from("\x1b[]31m;\\\n\r\t\x07\u00ad"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Lübeck → Visby, 日本, עברית, 👍", "Lübeck → Visby, 日本, עברית, 👍"),
        ("e\u0301", "e\u0301"),
        ("co\u00adoperate", "co\u00adoperate"),
        ("a\xa0b", "a\xa0b"),
        ("<b>&amp;[red]", "<b>&amp;[red]"),
        ("a\nb", "a b"),
        ("a\tb", "a b"),
        ("a\n\n\tb\n", "a   b "),
        ("a\r\nb", r"a\r b"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("\0\x7f\x85", r"\x00\x7f\x85"),
        ("\u202egpj", r"\u202egpj"),
        ("\u200b\ufeff", r"\u200b\ufeff"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\ud800\udfff", r"\ud800\udfff"),
        ("\U000e0041", r"\U000e0041"),
    ],
    ids=ascii,
)
def test_harmless_text_stays_and_the_rest_is_escaped(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_of_all_characters_exactly_the_dangerous_ones_are_escaped() -> None:
    for char in map(chr, range(sys.maxunicode + 1)):
        shown = plain(char)
        if char in "\n\t":
            assert shown == " "
        elif dangerous(char):
            assert shown == char.encode("unicode_escape").decode("ascii")
        else:
            assert shown == char


@pytest.mark.parametrize("name", TERMINAL)
def test_no_payload_keeps_its_power(name: str) -> None:
    assert dangerous(TERMINAL[name])
    assert not dangerous(plain(TERMINAL[name]))
    assert plain(TERMINAL[name]).encode("utf-8")


@given(ANY, st.integers(0, 40))
@often
def test_nothing_dangerous_is_left(text: str, limit: int) -> None:
    shown = plain(text, limit)
    categories = {unicodedata.category(char) for char in shown if char != "\u00ad"}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown.splitlines()) <= 1


@given(ANY)
@often
def test_doing_it_twice_is_doing_it_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
@often
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert plain(text) == plain_lines(text) == text


@given(ANY, st.integers(1, 40))
@often
def test_a_limit_holds_for_what_is_shown(text: str, limit: int) -> None:
    whole, shown = plain(text), plain(text, limit)
    assert len(shown) <= limit
    assert shown == whole if len(whole) <= limit else shown == whole[: limit - 1] + "…"


@given(ANY)
@often
def test_lines_stay_lines_and_nothing_else_breaks_one(text: str) -> None:
    shown = plain_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.split("\n") == [plain(line) for line in text.split("\n")]
    assert set(dangerous(shown)) <= {"\n"}


@given(ANY)
@often
def test_a_refusal_may_quote_anything(text: str) -> None:
    refused = Refused(Reason.BAD_BODY, text)
    assert refused.detail == plain(text, MAX_DETAIL)
    assert not dangerous(refused.detail + str(refused))
    assert len(str(refused)) <= MAX_DETAIL + 100


def test_a_refusal_quotes_no_more_than_so_much() -> None:
    assert len(Refused(Reason.BAD_BODY, "\x1b" * 10_000).detail) == MAX_DETAIL
