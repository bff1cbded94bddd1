"""Attack 14: a path in a bundle that means another file than it says, on one system or another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.importing.paths import check_bundle_path, check_bundle_paths
from hansa.skills.importing.skill_folder import read_skill_folder

DOCUMENT = b"---\nname: x\ndescription: y\n---\n# Z\n"

UPWARD = [
    "..", "../x", "../../x", "../../../../etc/passwd", "a/..", "a/../b", "a/../../b", "a/b/../../../c", "./..", "..//x",
    "a/..//b", "../", "../.", "a/./../b", ".. /x", "../ x", "... /x", "a/.../b", "..../x", "..\u200b/x", "..\u200d/x",
    "\ufeff../x", "..\x00/x", "..\n/x", "..\t/x", "..;/x/..", "....//x", "..\u00ad/x",
]  # fmt: skip
ABSOLUTE = [
    "/", "//", "/etc/passwd", "//host/share", "/./x", "///x", "~", "~/x", "~root/.ssh/authorized_keys", "a/~/b", "/~",
    "file:///etc/passwd", "http://x/y",
]  # fmt: skip
DOTS_AND_BLANKS = [
    "", ".", "./", "./x", "x/.", "x/./y", "x//y", "x/", " ", " x", "x ", "a/ /b", "a/ b", "a /b", "x.", "x..", "a./b",
    "x. ", "x .", "a/x.", "...", "\u3000", "a/\u00a0/b", "x\u00a0", "a\u2003b",
]  # fmt: skip
WINDOWS = [
    "\\", "..\\x", "a\\..\\..\\b", "\\\\host\\share", "\\\\?\\C:\\x", "\\\\.\\pipe\\x", "a\\b", "C:", "C:x", "C:/x",
    "C:\\x", "c:..\\x", "x:y", "x::$DATA", "a/x:stream", "a/x.txt:z:$DATA", "a|b", "a<b", "a>b", 'a"b', "a?b", "a*b",
]  # fmt: skip
DEVICES = [
    "CON", "con", "CoN", "PRN", "AUX", "NUL", "nul.txt", "NUL.tar.gz", "nul .txt", "COM1", "com9.log", "LPT1", "lpt9",
    "COM0", "LPT0", "COM\u00b9", "COM\u00b2.txt", "LPT\u00b3", "CONIN$", "CONOUT$", "CLOCK$", "conout$.txt", "a/NUL",
    "a/aux.c", "a/con/b", "\uff23\uff2f\uff2e", "nul  .x",
]  # fmt: skip
INVISIBLE = [
    "a\0b", "\0", "a\x01b", "a\x1b[31mb", "a\x7fb", "a\x80b", "a\x9bb", "a\rb", "a\nb", "a\tb", "a\x0bb", "a\u0085b",
    "a\u2028b", "a\u2029b", "a\u200bb", "a\u200cb", "a\u200db", "a\u2060b", "a\ufeffb", "a\u00adb", "a\u034f\u200eb",
    "x\u202efdp.exe", "x\u202dy", "x\u202ay", "x\u202by", "x\u202cy", "x\u2066y", "x\u2067y", "x\u2068y", "x\u2069y",
    "x\u200ey", "x\u200fy", "x\u061cy", "a\ue000b", "a\U000f0000b", "a\ud800b", "\udc80", "a\uffffb", "a\ufdd0b",
    "a\u0378b", "tag\U000e0041",
]  # fmt: skip
LOOKALIKES = [
    "e\u0301", "a/A\u030a.txt", "\u212b", "\u1100\u1161", "\uff0e\uff0e\uff0fx", "\uff0e\uff0e/x", "\u2025/x",
    "\u2024\u2024/x", "\u2024./x", "\u2026/x", "a\u2026", "a\u2044b", "a\u2215b", "a\u29f8b", "a\uff0fb", "a\uff3cb",
    "a\ufe68b", "a\u2216b", "a\u29f5b", "C\uff1ax", "a\uff5cb", "a\uff0a", "\uff5e/x", "a\u2571b", "\u2100",
]  # fmt: skip
ENCODED = [
    "%2e%2e/x", "%2E%2E%2Fx", "..%2fx", "%2fetc", "a%00b", "%252e%252e/x", "a%5cb", "%c0%ae%c0%ae/x", "%u002e%u002e/x",
    "..%c0%afx",
]  # fmt: skip
HOOKS = [
    ".git",
    ".git/hooks/pre-commit",
    ".GIT/config",
    "a/.Git/config",
    "git~1/config",
    ".git~1",
    "GIT~2",
    ".g\u200cit",
]
LONG = ["x" * 256, "é" * 128, "a/" * 128, "\U0001f600" * 64, "a" * 70_000]

REFUSED = [
    *UPWARD, *ABSOLUTE, *DOTS_AND_BLANKS, *WINDOWS, *DEVICES, *INVISIBLE, *LOOKALIKES, *ENCODED, *HOOKS, *LONG,
]  # fmt: skip

GOOD = [
    "a", "README", "LICENSE.txt", "scripts/run.py", "a/b/c/d/e.txt", ".hidden", "..a", "a..b", "a...b", "a.b.c", "-rf",
    "_", "x y.txt", "été/naïve.md", "日本語.md", "\u0142\u00f3d\u017a.md", "\U0001f600.png", "console.py",
    "nullable.txt",
    "com.py", "com10.txt", "lpt", "auxiliary", "a~", "a~1b", "gitignore", ".gitignore", ".github/x.yml", "100%.txt",
    "a%zz", "a+b=c,d;e@f!(g)[h]{i}^j&k'l#m$n`o", "x" * 255, "é" * 127,
]  # fmt: skip


def test_the_corpus_is_large_and_has_no_path_twice() -> None:
    assert len(set(REFUSED)) == len(REFUSED) >= 200
    assert not set(REFUSED) & set(GOOD)


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_a_path_that_some_system_reads_otherwise_is_refused(path: str) -> None:
    problem = check_bundle_path(path)
    assert problem is not None and problem.isprintable()
    outcome = read_skill_folder("x", {"SKILL.md": DOCUMENT, path: b""})
    assert isinstance(outcome, Rejected)
    assert problem in outcome.problem
    assert outcome.problem.isprintable() and len(outcome.problem) < 300


@pytest.mark.parametrize("path", GOOD, ids=ascii)
def test_a_plain_path_is_taken(path: str) -> None:
    assert check_bundle_path(path) is None
    assert isinstance(read_skill_folder("x", {"SKILL.md": DOCUMENT, path: b""}), Draft)


@pytest.mark.parametrize(
    ("paths", "culprit"),
    [
        (["a", "a"], "a"),
        (["a.txt", "A.TXT"], "A.TXT"),
        (["a/b", "A/b"], "A/b"),
        (["stra\u00dfe", "STRASSE"], "STRASSE"),
        (["\u03c3", "\u03c2"], "\u03c2"),
        (["\u212a", "k"], "\u212a"),
        (["fi", "\ufb01"], "\ufb01"),
        (["1", "\u00b9"], "\u00b9"),
        (["a", "a/b"], "a/b"),
        (["a/b", "a"], "a"),
        (["a/b/c", "A"], "A"),
        (["A/B", "a/b/c"], "a/b/c"),
        (["ok", "../x", "ok"], "../x"),
    ],
)
def test_two_paths_that_are_one_file_somewhere_are_refused(paths: list[str], culprit: str) -> None:
    found = check_bundle_paths(paths)
    assert found is not None and found[0] == culprit


def test_neighbours_are_not_taken_for_one_another() -> None:
    assert check_bundle_paths(["a/b", "a/c", "ab", "a.b", "a b", "b/a", "i", "\u0131"]) is None


@given(st.text(st.characters(codec=None), max_size=40))
def test_a_path_that_is_taken_is_the_file_it_says(path: str) -> None:
    if check_bundle_path(path) is None:
        parts = path.split("/")
        assert len(path.encode()) <= 255 and "\\" not in path and path.isprintable()
        assert all(part.strip(" .") == part.lstrip(".") and part not in ("", ".", "..") for part in parts)
