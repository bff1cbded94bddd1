"""Decode a URL query string into a dictionary of lists.

Steps:
1. Drop a leading question mark and cut at ampersands.
2. Cut each piece at its first equals sign; a name alone has the empty text as its value.
3. Turn plus signs into spaces and undo percent encoding, then gather the values of each name.
Tags: parsing, url
License: MIT
"""

from urllib.parse import unquote_plus


def parse_query_string(query: str) -> dict[str, list[str]]:
    """Returns each name with all its values in order.

    >>> parse_query_string("?a=1&b=two+words&a=3")
    {'a': ['1', '3'], 'b': ['two words']}
    >>> parse_query_string("q=caf%C3%A9&flag")
    {'q': ['café'], 'flag': ['']}
    >>> parse_query_string("x=1=2&&y=")
    {'x': ['1=2'], 'y': ['']}
    >>> parse_query_string("")
    {}
    """
    found: dict[str, list[str]] = {}
    for piece in query.removeprefix("?").split("&"):
        if piece:
            name, _, value = piece.partition("=")
            found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found


def test_what_the_standard_library_encodes_is_decoded() -> None:
    from urllib.parse import urlencode

    for pairs in ({"a": ["1"]}, {"x y": ["&", "=", "+"], "z": ["%41", "ü"]}, {"empty": [""]}):
        assert parse_query_string(urlencode(pairs, doseq=True)) == pairs
