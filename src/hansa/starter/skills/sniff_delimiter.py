"""Guess which character separates the columns of a delimited file.

Steps:
1. Blank out quoted cells, so that separators inside them don't count.
2. For each candidate count how often it appears in each line.
3. A candidate qualifies if every line has it equally often, at least once; the most frequent one wins.
Tags: csv, parsing
License: MIT
"""

import re


def sniff_delimiter(sample: str) -> str:
    r"""Returns the delimiter of `sample`: a comma, semicolon, tab or pipe.

    Raises:
        ValueError: no candidate cuts all lines into the same number of columns, two or more.

    >>> sniff_delimiter("a,b,c\n1,2,3\n")
    ','
    >>> sniff_delimiter("x;y\n1,5;2,5\n3,5;4")
    ';'
    >>> sniff_delimiter('name\tnote\nann\t"a, b"\n')
    '\t'
    >>> sniff_delimiter("a|b,c|d\n1|2,3|4")
    '|'
    """
    bare = re.sub(r'"(?:[^"]|"")*"', "", sample)
    lines = [line for line in bare.splitlines() if line.strip()]
    best, most = "", 0
    for candidate in ",;\t|":
        counts = {line.count(candidate) for line in lines}
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = candidate, count
    if not best:
        raise ValueError("no delimiter gives every line the same number of columns")
    return best


def test_a_written_file_is_recognised() -> None:
    for delimiter in ",;\t|":
        rows = [["id", "text"], ["1", '"a,b;c|d"'], ["2", '"say ""hi"" 1\t2"']]
        assert sniff_delimiter("\n".join(delimiter.join(row) for row in rows)) == delimiter


def test_samples_without_columns_are_refused() -> None:
    for sample in ("", "one\ntwo", "a,b\n1", '"a,b"\n"c,d"'):
        try:
            sniff_delimiter(sample)
        except ValueError:
            continue
        raise AssertionError(f"{sample!r} has no columns")
