"""Parse a line of key=value pairs, with quotes around values that contain spaces.

Steps:
1. Split the line into tokens the way a shell does, so that quotes and backslashes work.
2. Cut each token at its first equals sign; a token without one is an error.
3. A later pair with the same key wins.
Tags: parsing, logs
License: MIT
"""

import shlex


def parse_key_values(line: str) -> dict[str, str]:
    r"""Returns the pairs of `line` in order of first appearance.

    Raises:
        ValueError: a token has no key or no equals sign, or a quote is left open.

    >>> parse_key_values('level=info msg="disk full" code=28')
    {'level': 'info', 'msg': 'disk full', 'code': '28'}
    >>> parse_key_values("a=1 b= a=2")
    {'a': '2', 'b': ''}
    >>> parse_key_values("url=http://x.org/?q=1")
    {'url': 'http://x.org/?q=1'}
    >>> parse_key_values("   ")
    {}
    """
    pairs: dict[str, str] = {}
    for token in shlex.split(line):
        key, equals, value = token.partition("=")
        if not key or not equals:
            raise ValueError(f"{token!r} is not of the form key=value")
        pairs[key] = value
    return pairs


def test_malformed_lines_are_refused() -> None:
    for line in ("alone", "=value", 'a="open', "a=1 b"):
        try:
            parse_key_values(line)
        except ValueError:
            continue
        raise AssertionError(f"{line!r} was accepted")
