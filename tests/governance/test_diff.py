"""Diffs: what is read of them, what is refused and why, and that a change is made exactly there or not at all."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.governance.diff import (
    MAX_BYTES,
    MAX_FILES,
    MAX_LINES,
    BadDiff,
    FileDiff,
    Flaw,
    Kind,
    base_of,
    patched,
    read,
)
from hansa.kernel.errors import Refused

BODY = "@@ -1 +1 @@\n-old\n+new\n"


def plain(path: str) -> str:
    return f"--- a/{path}\n+++ b/{path}\n{BODY}"


def git(path: str, *headers: str, body: str = "", to: str = "") -> str:
    return "".join(f"{line}\n" for line in (f"diff --git a/{path} b/{to or path}", *headers)) + body


def flaw_of(text: str) -> Flaw:
    with pytest.raises(BadDiff) as caught:
        read(text)
    return caught.value.flaw


def kinds(text: str) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.old, one.new) for one in read(text)]


def test_every_kind_of_change_is_read() -> None:
    text = (
        plain("plain.txt")
        + git("a.py", "index 1234567..89abcde 100644", body=f"--- a/a.py\n+++ b/a.py\n{BODY}")
        + git("b c.py", "new file mode 100755", body="--- /dev/null\n+++ b/b c.py\n@@ -0,0 +1,2 @@\n+1\n+2\n")
        + git("d.py", "deleted file mode 100644", body="--- a/d.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n")
        + git("e.py", "similarity index 100%", "rename from e.py", "rename to f/e.py", to="f/e.py")
        + git("g.sh", "old mode 100644", "new mode 100755")
        + git("h.png", "index 1234567..89abcde 100644", body="Binary files a/h.png and b/h.png differ\n")
        + git("i", "new file mode 120000", body="--- /dev/null\n+++ b/i\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end\n")
        + git("empty", "new file mode 100644")
    )
    assert kinds(text) == [
        ("modified", "plain.txt", "plain.txt"),
        ("modified", "a.py", "a.py"),
        ("added", "", "b c.py"),
        ("deleted", "d.py", ""),
        ("renamed", "e.py", "f/e.py"),
        ("modified", "g.sh", "g.sh"),
        ("modified", "h.png", "h.png"),
        ("added", "", "i"),
        ("added", "", "empty"),
    ]
    found = read(text)
    assert [one.binary for one in found].index(True) == 6
    assert [one.special for one in found].index(True) == 7
    assert (found[5].old_mode, found[5].new_mode) == ("100644", "100755")
    assert found[2].lines("+") == ("1\n", "2\n")
    assert patched(found[8], None) == ""


@pytest.mark.parametrize(
    "path",
    [
        "../x", "a/../x", "/etc/passwd", "a//b", "./x", "a/.", ".git/hooks/pre-commit", "a/.GIT/config", "x\\y", "C:x",
        "a\u202eb", "a\u200bb", "e\u0301", "a" * 256, " x", "x ", "a./b", "a\u00a0b", '"x"', "x\u2028y",
    ],
)  # fmt: skip
def test_a_path_that_may_not_be_changed_is_refused(path: str) -> None:
    assert flaw_of(plain(path)) is Flaw.PATH
    assert flaw_of(git(path, "new file mode 100644")) is Flaw.PATH
    assert flaw_of(git("x", "rename from x", f"rename to {path}", to=path)) is Flaw.PATH


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", Flaw.FORM),
        ("x", Flaw.FORM),
        ("hello\n", Flaw.FORM),
        ("From: eve\n" + plain("x"), Flaw.FORM),
        (plain("x") + "trailing\n", Flaw.FORM),
        (plain("x") + "\n", Flaw.FORM),
        (plain("x").replace("new", "n\x1bew"), Flaw.CONTROL),
        (plain("x").replace("new", "n\0ew"), Flaw.CONTROL),
        (plain("x").replace("new", "n\ud800ew"), Flaw.CONTROL),
        (plain("x") + plain("x"), Flaw.TWICE),
        (plain("x") + plain("X"), Flaw.TWICE),
        (plain("x").replace("@@ -1 +1 @@", "@@ -1,2 +1 @@"), Flaw.FORM),
        (plain("x").replace("@@ -1 +1 @@", "@@ -1 +2 @@"), Flaw.COUNT),
        (plain("x").replace("@@ -1 +1 @@", "@@ -1 @@"), Flaw.FORM),
        (plain("x").replace("-old\n+new\n", " old\n"), Flaw.COUNT),
        (plain("x").replace("-old", "?old"), Flaw.COUNT),
        ("--- a/x\n+++ b/y\n" + BODY, Flaw.FORM),
        ("--- a/x\n", Flaw.FORM),
        ("--- a/x\n+++ b/x\n", Flaw.FORM),
        ("--- /dev/null\n+++ /dev/null\n" + BODY, Flaw.FORM),
        (git("x", body=plain("y")), Flaw.PATH),
        (git("x"), Flaw.FORM),
        (git("x", "new file mode 040000"), Flaw.FORM),
        (git("x", "copy from x", "copy to y", to="y"), Flaw.PATH),
        (git("x", "rename from x", to="y"), Flaw.FORM),
        (git("x", "old mode 100644", "old mode 100644"), Flaw.FORM),
        (git("x", "new file mode 100644", "deleted file mode 100644"), Flaw.FORM),
        (git("x", "new file mode 100644", body=plain("x")), Flaw.FORM),
        (git("x", "GIT binary patch"), Flaw.FORM),
        (f"--- a/x\n+++ b/x\n{BODY}@@ -1 +1 @@\n-a\n+b\n", Flaw.COUNT),
        ("--- /dev/null\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n", Flaw.FORM),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n\\ No newline\n-b\n+c\n+d\n", Flaw.FORM),
    ],
)
def test_what_is_no_diff_is_refused_with_its_flaw(text: str, flaw: Flaw) -> None:
    assert flaw_of(text) is flaw


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    assert flaw_of("x" * (MAX_BYTES + 1)) is Flaw.SIZE
    assert flaw_of("\U0001f600" * (MAX_BYTES // 4 + 1)) is Flaw.SIZE
    assert flaw_of("\n" * (MAX_LINES + 1)) is Flaw.SIZE
    assert flaw_of("".join(plain(f"f{number}") for number in range(MAX_FILES + 1))) is Flaw.SIZE
    assert len(read("".join(plain(f"f{number}") for number in range(MAX_FILES)))) == MAX_FILES


lines = st.lists(st.sampled_from(["a", "b", "c", "", "+", "-x", "@@ -1 +1 @@", "--- a/x", "\\ x"]), max_size=12)


def unified(old: list[str], new: list[str]) -> str:
    """Returns what Python's own difflib says of two texts, in lines that end."""
    whole = [f"{line}\n" for line in old], [f"{line}\n" for line in new]
    made = difflib.unified_diff(*whole, "a/x" if old else "/dev/null", "b/x" if new else "/dev/null", n=2)
    return "".join(made)


@given(lines, lines)
def test_what_difflib_makes_is_read_and_leads_from_the_one_to_the_other(old: list[str], new: list[str]) -> None:
    if old == new:
        return
    [one] = read(unified(old, new))
    before = "".join(f"{line}\n" for line in old) if old else None
    after = "".join(f"{line}\n" for line in new) if new else None
    assert patched(one, before) == after


@given(lines, lines, lines)
def test_another_base_is_never_changed_into_something_else(old: list[str], new: list[str], other: list[str]) -> None:
    """Where a diff fits another file by its lines, it changes just these; else it is refused."""
    if old == new or not old or not new:
        return
    [one] = read(unified(old, new))
    try:
        after = patched(one, "".join(f"{line}\n" for line in other))
    except Refused:
        return
    assert after is not None
    held = [f"{line}\n" for line in other]
    for hunk in one.hunks:
        side = list(hunk.side("-"))
        assert held[hunk.old : hunk.old + len(side)] == side


@given(st.text(alphabet="-+@ab/ \n\\d", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        for one in read(text):
            assert isinstance(one, FileDiff) and isinstance(one.kind, Kind)
    except BadDiff as error:
        assert isinstance(error.flaw, Flaw)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        (plain("x"), None),
        (plain("x"), "other\n"),
        (plain("x"), "old"),
        (git("x", "new file mode 100644"), "there\n"),
        (git("x", "new file mode 120000"), None),
        (git("x", "index 1234567..89abcde 100644", body="Binary files a/x and b/x differ\n"), "old\n"),
        ("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n", "old\nmore\n"),
        ("--- a/x\n+++ b/x\n@@ -2 +2 @@\n-old\n+new\n", "old\nnew\n"),
        ("--- a/x\n+++ b/x\n@@ -2,0 +3 @@\n+new\n", "a\nb"),
    ],
)
def test_a_file_that_is_not_the_base_is_not_changed(text: str, before: str | None) -> None:
    [one] = read(text)
    with pytest.raises(Refused, match="bad_body"):
        patched(one, before)


def test_a_last_line_without_an_end_stays_as_it_was_said() -> None:
    [one] = read(
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n\\ No newline at end of file\n+new\n\\ No newline at end of file\n"
    )
    assert patched(one, "old") == "new"


def test_the_base_is_every_byte_of_every_file_that_changes() -> None:
    found = [
        base_of({}), base_of({"x": None}), base_of({"x": b""}), base_of({"x": b"a"}), base_of({"y": b"a"}),
        base_of({"x": b"a", "y": None}),
    ]  # fmt: skip
    assert len(dict.fromkeys(found)) == len(found)
    assert base_of({"x": b"1", "y": b"2"}) == base_of({"y": b"2", "x": b"1"})
