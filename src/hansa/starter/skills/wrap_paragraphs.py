"""Wrap a text to a line width and keep its paragraphs apart.

Steps:
1. Cut the text at blank lines into paragraphs.
2. Fill each line of a paragraph with words as long as they fit; a longer word gets a line of its own.
3. Join lines by a newline and paragraphs by one blank line.
Tags: text, display
License: MIT
"""

import re


def _fill(words: list[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def wrap_paragraphs(text: str, width: int) -> str:
    r"""Returns `text` with no line longer than `width`, single overlong words excepted.

    Raises:
        ValueError: the width is below 1.

    >>> wrap_paragraphs("the cat sat on the mat", 11)
    'the cat sat\non the mat'
    >>> wrap_paragraphs("one\ntwo\n\n\nthree", 20)
    'one two\n\nthree'
    >>> wrap_paragraphs("a extraordinary b", 5)
    'a\nextraordinary\nb'
    >>> wrap_paragraphs("  \n ", 10)
    ''
    """
    if width < 1:
        raise ValueError("the width must be at least 1")
    paragraphs = [part.split() for part in re.split(r"\n\s*\n", text)]
    return "\n\n".join("\n".join(_fill(words, width)) for words in paragraphs if words)


def test_words_survive_in_order_at_every_width() -> None:
    text = "When in the course of human events\n\nit becomes necessary"
    for width in range(1, 40):
        wrapped = wrap_paragraphs(text, width)
        assert wrapped.split() == text.split()
        assert wrapped.count("\n\n") == 1
        assert all(len(line) <= width or " " not in line for line in wrapped.split("\n"))


def test_a_width_below_one_is_refused() -> None:
    for width in (0, -3):
        try:
            wrap_paragraphs("word", width)
        except ValueError:
            continue
        raise AssertionError(f"width {width} was accepted")
