"""Read the text of an env file into a dictionary.

Steps:
1. Skip blank lines and comments; drop a leading `export`.
2. Cut at the first equals sign and check that the name is a valid one.
3. Single quotes keep everything, double quotes turn backslash-n into a newline, bare values end at a comment.
Tags: parsing, configuration
License: MIT
"""

import re

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t"}


def _value(text: str) -> str:
    if text[:1] in ("'", '"'):
        match = _QUOTED.fullmatch(text)
        if match is None:
            raise ValueError(f"the quote is never closed: {text}")
        if match[1] is not None:
            return match[1]
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), match[2])
    return re.sub(r"(?:^|\s+)#.*", "", text).strip()


def parse_env(text: str) -> dict[str, str]:
    r"""Returns the variables that `text` sets; a later line wins over an earlier one.

    Raises:
        ValueError: a line is neither blank, a comment nor NAME=value; the message has its number.

    >>> parse_env("A=1\n# note\nexport B = two words\n")
    {'A': '1', 'B': 'two words'}
    >>> parse_env("KEY='a # b' # real comment")
    {'KEY': 'a # b'}
    >>> parse_env('MSG="line\\nnext \\"q\\""')
    {'MSG': 'line\nnext "q"'}
    >>> parse_env("EMPTY=\nURL=http://x/#top")
    {'EMPTY': '', 'URL': 'http://x/#top'}
    """
    found: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not NAME=value")
        found[match[1]] = _value(match[2])
    return found


def test_a_bad_line_is_named_by_its_number() -> None:
    for text, number in (("A=1\nnonsense", 2), ("2X=1", 1), ("A=1\n\n\n=3", 4)):
        try:
            parse_env(text)
        except ValueError as error:
            assert f"line {number} " in str(error)
        else:
            raise AssertionError(f"{text!r} was accepted")


def test_an_open_quote_is_refused() -> None:
    for text in ("A='open", 'A="open', "A='a'b"):
        try:
            parse_env(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")
