"""Split an SQL script into its statements.

Steps:
1. Read the script as quoted texts, comments, semicolons and everything else.
2. Only a semicolon outside quotes and comments ends a statement.
3. Drop the comments, trim the statements and leave out the empty ones.
Tags: sql, parsing
License: MIT
"""

import re

_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)|(?P<open>['"]|/\*)|.""",
    re.DOTALL,
)


def split_sql(script: str) -> list[str]:
    r"""Returns the statements of `script` without their semicolons and without comments.

    Raises:
        ValueError: a quote or a block comment is never closed.

    >>> split_sql("SELECT 1; SELECT 2;")
    ['SELECT 1', 'SELECT 2']
    >>> split_sql("INSERT INTO t VALUES ('a;b', 'it''s')")
    ["INSERT INTO t VALUES ('a;b', 'it''s')"]
    >>> split_sql("-- setup; nothing\nSELECT 1 /* ; */ + 1;")
    ['SELECT 1   + 1']
    >>> split_sql(" ;; \n")
    []
    """
    statements = [""]
    for token in _TOKEN.finditer(script):
        if token["open"]:
            raise ValueError(f"{token['open']} at position {token.start()} is never closed")
        if token["end"]:
            statements.append("")
        else:
            statements[-1] += " " if token["comment"] else token.group()
    return [statement.strip() for statement in statements if statement.strip()]


def test_statements_that_were_joined_come_apart_again() -> None:
    statements = ["SELECT ';'", 'SELECT "a;b"', "UPDATE t SET x = '--' WHERE y = '/*'", "DELETE FROM t"]
    for count in range(1, len(statements) + 1):
        assert split_sql(";\n".join(statements[:count]) + ";") == statements[:count]


def test_what_is_never_closed_is_refused() -> None:
    for script in ("SELECT 'a", 'SELECT "a', "SELECT 1 /* x", "SELECT 'it''"):
        try:
            split_sql(script)
        except ValueError:
            continue
        raise AssertionError(f"{script!r} was accepted")
