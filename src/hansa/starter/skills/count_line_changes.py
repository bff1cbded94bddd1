"""Count the lines added, removed and kept between two versions of a text.

Steps:
1. Split both texts into lines.
2. Find a longest common subsequence of lines, row by row.
3. What is common was kept; the rest of the old was removed, the rest of the new was added.
Tags: text, diff
License: MIT
"""


def count_line_changes(old: str, new: str) -> dict[str, int]:
    r"""Returns how many lines were "added", "removed" and "kept".

    >>> count_line_changes("a\nb\nc", "a\nc\nd")
    {'added': 1, 'removed': 1, 'kept': 2}
    >>> count_line_changes("", "one\ntwo\n")
    {'added': 2, 'removed': 0, 'kept': 0}
    >>> count_line_changes("same\n", "same")
    {'added': 0, 'removed': 0, 'kept': 1}
    >>> count_line_changes("x\ny", "y\nx")
    {'added': 1, 'removed': 1, 'kept': 1}
    """
    before, after = old.splitlines(), new.splitlines()
    row = [0] * (len(after) + 1)
    for line in before:
        above = row
        row = [0]
        for j, other in enumerate(after):
            row.append(above[j] + 1 if line == other else max(above[j + 1], row[j]))
    kept = row[-1]
    return {"added": len(after) - kept, "removed": len(before) - kept, "kept": kept}


def test_swapping_the_versions_swaps_added_and_removed() -> None:
    texts = ("", "a", "a\nb", "b\na\nb", "c\nb\na\nb\nc")
    for old in texts:
        for new in texts:
            there, back = count_line_changes(old, new), count_line_changes(new, old)
            assert there["added"] == back["removed"]
            assert there["kept"] == back["kept"]
            assert there["kept"] + there["removed"] == len(old.splitlines())
