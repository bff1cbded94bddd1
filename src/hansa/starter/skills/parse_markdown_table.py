"""Read a Markdown table into a list of records.

Steps:
1. Split each row at pipes that are not escaped, and trim the cells.
2. The first row holds the column names; the second must be the rule of dashes and only shows where the table begins.
3. Make one record per further row; missing cells are empty, surplus ones an error.
Tags: parsing, markdown, table
License: MIT
"""

import re


def _cells(line: str) -> list[str]:
    inner = re.sub(r"^\||(?<!\\)\|$", "", line.strip())
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def parse_markdown_table(text: str) -> list[dict[str, str]]:
    r"""Returns one dictionary per body row, from column name to cell.

    Raises:
        ValueError: there is no header with a rule under it, or a row has too many cells.

    >>> parse_markdown_table("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | |")
    [{'a': '1', 'b': '2'}, {'a': '3', 'b': ''}]
    >>> parse_markdown_table("name | size\n:--- | ---:\nx | 10")
    [{'name': 'x', 'size': '10'}]
    >>> parse_markdown_table("| op |\n| --- |\n| a \\| b |")
    [{'op': 'a | b'}]
    >>> parse_markdown_table("|h|\n|-|")
    []
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not all(re.fullmatch(r":?-+:?", cell) for cell in _cells(lines[1])):
        raise ValueError("a table needs a header row and a rule of dashes under it")
    names = _cells(lines[0])
    records = []
    for line in lines[2:]:
        cells = _cells(line)
        if len(cells) > len(names):
            raise ValueError(f"more cells than columns: {line.strip()}")
        records.append(dict(zip(names, cells + [""] * (len(names) - len(cells)), strict=True)))
    return records


def test_a_table_that_was_written_is_read_back() -> None:
    for height in range(4):
        records = [{"n": str(i), "square": str(i * i)} for i in range(height)]
        rows = "".join(f"\n| {r['n']} | {r['square']} |" for r in records)
        assert parse_markdown_table("| n | square |\n| --: | :-: |" + rows) == records


def test_what_is_no_table_is_refused() -> None:
    for text in ("", "| a |", "| a |\n| b |", "|a|\n|-|\n|1|2|"):
        try:
            parse_markdown_table(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")
