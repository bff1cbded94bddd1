r"""Reads a unified or git diff strictly: what it would change, as values, or why it is none that may be voted on.

1. Bounds first: bytes, lines, files. Then every line must be one that the form allows where it stands; nothing is
   skipped, so that no reader sees more or less in it than this one.
2. A path is relative, in one form, without "..", without anything invisible, and never inside `.git`. The same path is
   not changed twice; where git names a file in two places, both must agree.
3. A hunk has as many lines as it says, and starts where it says: it is applied there or not at all (`patched`).

Binary files, links and modules of git are read, so that they can be judged (`risk`), and can't be applied.

>>> [one] = read("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n")
>>> one.kind, one.new, patched(one, "old\n")
(<Kind.MODIFIED: 'modified'>, 'x', 'new\\n')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.verdict import Reason

MAX_BYTES = 96 * 1024
"""Of a diff in UTF-8: it travels within the signed proposal."""
MAX_FILES = 64
MAX_LINES = 8_000
MAX_PATH = 255

_HUNK = re.compile(r"@@ -(\d{1,8})(?:,(\d{1,8}))? \+(\d{1,8})(?:,(\d{1,8}))? @@(?: .*)?")
_MODE = re.compile(r"(old mode|new mode|deleted file mode|new file mode) (\d{6})")
_IGNORED = re.compile(r"(?:similarity|dissimilarity) index \d{1,3}%|index [0-9a-f]{4,64}\.\.[0-9a-f]{4,64}(?: \d{6})?")
_MODES = ("100644", "100755", "120000", "160000")
NOWHERE = "/dev/null"


class Flaw(StrEnum):
    """Why a text is no diff that may be voted on."""

    SIZE = "too large, or too many lines or files"
    FORM = "not a unified diff, line for line"
    PATH = "a path that may not be changed"
    CONTROL = "control characters"
    TWICE = "a file that is changed twice"
    COUNT = "a hunk that does not count its own lines"


class BadDiff(Refused):
    """A text that is no diff that may be voted on.

    Attributes:
        flaw: what is wrong with it.
    """

    def __init__(self, flaw: Flaw, detail: str = "") -> None:
        self.flaw = flaw
        super().__init__(Reason.BAD_BODY, f"{flaw}: {detail[:120]!r}" if detail else flaw)


class Kind(StrEnum):
    """What becomes of a file."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a hunk: " " stays, "-" goes, "+" comes; its text with the end that it has."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that belong together; `old` and `new` are how many lines are before it, in the old and the new file."""

    old: int
    new: int
    lines: tuple[Line, ...]

    def side(self, mark: str) -> tuple[str, ...]:
        """Returns the lines of the old ("-") or the new ("+") file."""
        return tuple(one.text for one in self.lines if one.mark in (" ", mark))


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What becomes of one file.

    Attributes:
        old, new: its paths before and after; "" where it is not there.
        old_mode, new_mode: as git writes them; "" where the diff does not say.
        binary: its bytes are not in the diff.
    """

    kind: Kind
    old: str
    new: str
    old_mode: str = ""
    new_mode: str = ""
    binary: bool = False
    hunks: tuple[Hunk, ...] = ()

    @property
    def path(self) -> str:
        """The path that it is called by."""
        return self.new or self.old

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that it touches."""
        return tuple(dict.fromkeys(filter(None, (self.old, self.new))))

    def lines(self, mark: str) -> tuple[str, ...]:
        """Returns what is added ("+") or removed ("-")."""
        return tuple(line.text for hunk in self.hunks for line in hunk.lines if line.mark == mark)

    @property
    def special(self) -> bool:
        """Says whether it is, or was, a link or a module of git."""
        return any(mode in _MODES[2:] for mode in (self.old_mode, self.new_mode))


def read(text: str) -> tuple[FileDiff, ...]:
    """Returns what a diff changes, in its order.

    Raises:
        BadDiff: with its flaw.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise BadDiff(Flaw.SIZE)
    if text.count("\n") > MAX_LINES:
        raise BadDiff(Flaw.SIZE)
    if any((char < " " and char not in "\t\n\r\f") or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in text):
        raise BadDiff(Flaw.CONTROL)
    if not text.endswith("\n"):
        raise BadDiff(Flaw.FORM, "it ends within a line")
    reader = _Reader(text[:-1].split("\n"))
    found: list[FileDiff] = []
    while reader.more:
        found.append(reader.file())
        if len(found) > MAX_FILES:
            raise BadDiff(Flaw.SIZE)
    touched = [path for one in found for path in one.paths]
    folded = dict.fromkeys(path.casefold() for path in touched)
    if len(folded) < len(touched):
        raise BadDiff(Flaw.TWICE)
    return tuple(found)


def check_path(path: str) -> str:
    """Returns a path that may be changed.

    Raises:
        BadDiff: PATH.
    """
    parts = path.split("/")
    odd = (
        not path
        or len(path) > MAX_PATH
        or "\\" in path
        or ":" in path
        or '"' in path
        or path != path.strip()
        or unicodedata.normalize("NFC", path) != path
        or any(unicodedata.category(char)[0] in "CZ" and char != " " for char in path)
        or any(part in ("", ".", "..") or part.endswith((".", " ")) for part in parts)
        or any(part.casefold() == ".git" for part in parts)
    )
    if odd:
        raise BadDiff(Flaw.PATH, path)
    return path


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    @property
    def more(self) -> bool:
        return self._at < len(self._lines)

    def _next(self) -> str:
        return self._lines[self._at] if self.more else ""

    def _take(self) -> str:
        if not self.more:
            raise BadDiff(Flaw.FORM, "it ends too early")
        self._at += 1
        return self._lines[self._at - 1]

    def file(self) -> FileDiff:
        """Reads one file's part."""
        git = self._take() if self._next().startswith("diff --git ") else ""
        modes, names = self._headers() if git else ({}, {})
        binary = bool(git) and re.fullmatch(r"Binary files .* differ", self._next()) is not None
        if binary:
            self._take()
        old, new = self._names() if not binary and self._next().startswith("--- ") else (None, None)
        hunks = self._hunks() if old is not None else ()
        if not git and not hunks:
            raise BadDiff(Flaw.FORM, self._next())
        return _file(git, modes, names, (old, new), hunks, binary)

    def _headers(self) -> tuple[dict[str, str], dict[str, str]]:
        modes: dict[str, str] = {}
        names: dict[str, str] = {}
        while self.more:
            line = self._next()
            if found := _MODE.fullmatch(line):
                into, key, value = modes, found[1], found[2]
                if value not in _MODES:
                    raise BadDiff(Flaw.FORM, line)
            elif line.startswith(("rename from ", "rename to ")):
                _, key, value = line.split(" ", 2)
                into = names
            elif _IGNORED.fullmatch(line):
                into, key, value = modes, line.split(" ")[0], ""
            else:
                break
            if key in into:
                raise BadDiff(Flaw.FORM, line)
            into[key] = value
            self._take()
        return modes, names

    def _names(self) -> tuple[str, str]:
        found = []
        for lead, prefix in (("--- ", "a/"), ("+++ ", "b/")):
            line = self._take()
            if not line.startswith(lead):
                raise BadDiff(Flaw.FORM, line)
            path = line[4:].partition("\t")[0]
            found.append(path if path == NOWHERE else _after(prefix, path))
        return found[0], found[1]

    def _hunks(self) -> tuple[Hunk, ...]:
        hunks: list[Hunk] = []
        old_end = shift = 0
        while self._next().startswith("@@ "):
            line = self._take()
            found = _HUNK.fullmatch(line)
            if found is None:
                raise BadDiff(Flaw.FORM, line)
            old, olds, new, news = (1 if one is None else int(one) for one in found.groups())
            hunk = Hunk(old - (olds > 0), new - (news > 0), self._body(olds, news))
            if hunk.old < old_end or hunk.new != hunk.old + shift:
                raise BadDiff(Flaw.COUNT, line)
            old_end, shift = hunk.old + olds, shift + news - olds
            hunks.append(hunk)
        if not hunks:
            raise BadDiff(Flaw.FORM, self._next())
        return tuple(hunks)

    def _body(self, olds: int, news: int) -> tuple[Line, ...]:
        lines: list[Line] = []
        while olds or news:
            line = self._take()
            mark = line[:1]
            if mark not in (" ", "-", "+") or not mark:
                raise BadDiff(Flaw.COUNT, line)
            olds, news = olds - (mark != "+"), news - (mark != "-")
            if min(olds, news) < 0:
                raise BadDiff(Flaw.COUNT, line)
            end = "\n"
            if self._next().startswith("\\ No newline"):
                self._take()
                end = ""
            lines.append(Line(mark, line[1:] + end))
        if not any(one.mark != " " for one in lines):
            raise BadDiff(Flaw.COUNT, "a hunk that changes nothing")
        _check_ends(lines)
        return tuple(lines)


def _check_ends(lines: list[Line]) -> None:
    """Only the last line of a side may lack its end."""
    for mark in "-+":
        side = [one.text for one in lines if one.mark in (" ", mark)]
        if any(not text.endswith("\n") for text in side[:-1]):
            raise BadDiff(Flaw.FORM, "a line without an end, and more after it")


def _after(prefix: str, path: str) -> str:
    if not path.startswith(prefix):
        raise BadDiff(Flaw.PATH, path)
    return check_path(path[len(prefix) :])


def _file(
    git: str,
    modes: dict[str, str],
    names: dict[str, str],
    told: tuple[str | None, str | None],
    hunks: tuple[Hunk, ...],
    binary: bool,
) -> FileDiff:
    """Joins what a file's part says, if all of it says the same."""
    old, new = told
    if names:
        if sorted(names) != ["from", "to"]:
            raise BadDiff(Flaw.FORM, git)
        before, after = check_path(names["from"]), check_path(names["to"])
    elif old is not None and new is not None:
        before, after = (old if old != NOWHERE else new), (new if new != NOWHERE else old)
    else:
        before = after = _only(git)
    if git and git != f"diff --git a/{before} b/{after}":
        raise BadDiff(Flaw.PATH, git)
    if old is not None and (old, new) not in ((before, after), (NOWHERE, after), (before, NOWHERE)):
        raise BadDiff(Flaw.PATH, git)
    made, gone = "new file mode" in modes or old == NOWHERE, "deleted file mode" in modes or new == NOWHERE
    if (made and gone) or (before != after and (made or gone or not names)) or (made, gone) != _ends(old, new, modes):
        raise BadDiff(Flaw.FORM, git or before)
    if made or gone:
        whole = all(line.mark == ("+" if made else "-") for hunk in hunks for line in hunk.lines)
        if not whole or len(hunks) > 1:
            raise BadDiff(Flaw.FORM, git or before)
    mode = modes.get("new file mode", modes.get("new mode", ""))
    was = modes.get("deleted file mode", modes.get("old mode", ""))
    if not (made or gone or hunks or binary or names or mode):
        raise BadDiff(Flaw.FORM, git)
    kind = Kind.ADDED if made else Kind.DELETED if gone else Kind.RENAMED if names else Kind.MODIFIED
    return FileDiff(kind, "" if made else before, "" if gone else after, was, mode, binary, hunks)


def _ends(old: str | None, new: str | None, modes: dict[str, str]) -> tuple[bool, bool]:
    """Returns whether a file is new, or gone, by its names where they are told, else by its modes."""
    if old is None:
        return "new file mode" in modes, "deleted file mode" in modes
    return old == NOWHERE, new == NOWHERE


def _only(git: str) -> str:
    """Returns the path in a line of git that names it twice."""
    rest = git.removeprefix("diff --git ")
    half = (len(rest) - 1) // 2
    if len(rest) % 2 == 0 or rest[half : half + 1] != " ":
        raise BadDiff(Flaw.PATH, git)
    return _after("a/", rest[:half])


def patched(one: FileDiff, before: str | None) -> str | None:
    """Returns a file's text after a change: exactly where the diff says, or not at all.

    Args:
        before: its text; None where there is no such file.

    Returns:
        None where the file is gone then.

    Raises:
        Refused: BAD_BODY, when the file is not what the diff was made from, or can't be changed by text alone.
    """
    if one.binary or one.special:
        raise Refused(Reason.BAD_BODY, f"{one.path}: a binary file, a link or a module is not changed by a vote")
    if (before is None) is not (one.kind is Kind.ADDED):
        raise Refused(Reason.BAD_BODY, f"{one.path}: it is there already, or is not there")
    lines = (before or "").split("\n")
    old = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    new: list[str] = []
    at = 0
    for hunk in one.hunks:
        wanted = list(hunk.side("-"))
        if hunk.old < at or old[hunk.old : hunk.old + len(wanted)] != wanted:
            raise Refused(Reason.BAD_BODY, f"{one.path}: line {hunk.old + 1} is not what the diff was made from")
        new += [*old[at : hunk.old], *hunk.side("+")]
        at = hunk.old + len(wanted)
    new += old[at:]
    if any(not line.endswith("\n") for line in new[:-1]):
        raise Refused(Reason.BAD_BODY, f"{one.path}: its last line has no end, and more would follow")
    if one.kind is not Kind.DELETED:
        return "".join(new)
    if new:
        raise Refused(Reason.BAD_BODY, f"{one.path}: it holds more than the diff removes")
    return None


def base_of(files: Mapping[str, bytes | None]) -> ContentId:
    """Returns the digest of the files that a diff touches, as they are before it; None for one that is not there."""
    held = [[path, "" if files[path] is None else content_id(files[path] or b"")] for path in sorted(files)]
    return content_id(canonical.encode(["hansa-base-1", *held]))
