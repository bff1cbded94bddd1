"""Shorten a text to a maximum length without cutting a word in half.

Steps:
1. Squeeze all white space to single spaces and return the text if it fits.
2. Keep whole words as long as they and the marker fit.
3. If not even the first word fits, cut that word hard.
Tags: text, display
License: MIT
"""


def shorten_text(text: str, limit: int, marker: str = "...") -> str:
    """Returns `text` in at most `limit` characters, ending in `marker` if anything was left out.

    Raises:
        ValueError: the limit is smaller than the marker.

    >>> shorten_text("The quick brown fox", 12)
    'The quick...'
    >>> shorten_text("  short   text ", 20)
    'short text'
    >>> shorten_text("Incomprehensibilities", 10)
    'Incompr...'
    >>> shorten_text("one two three", 8, "~")
    'one two~'
    """
    if limit < len(marker):
        raise ValueError("the limit leaves no room for the marker")
    words = text.split()
    whole = " ".join(words)
    if len(whole) <= limit:
        return whole
    room = limit - len(marker)
    kept = whole[: room + 1].rpartition(" ")[0]  # one more, so that a word that ends exactly at the edge stays
    return (kept or whole[:room]) + marker


def test_the_limit_holds_at_every_length() -> None:
    text = "It was the best of times, it was the worst of times"
    for limit in range(3, len(text) + 3):
        short = shorten_text(text, limit)
        assert len(short) <= limit
        assert (short == text) == (limit >= len(text))
        assert short == text or short.endswith("...")


def test_a_limit_below_the_marker_is_refused() -> None:
    try:
        shorten_text("some words", 2)
    except ValueError:
        return
    raise AssertionError("a limit of 2 cannot hold three dots")
