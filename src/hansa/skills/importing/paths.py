"""Which paths a bundle may hold (threat 14).

A path in a bundle is a name and nothing more: bytes are stored under their digest. But somebody will unpack a bundle
one day, on some system, so a path must mean the same file, below the bundle's root, on all of them. Rules, in order:

1. 1 to 255 bytes of UTF-8, no lone surrogates
2. only visible characters and plain blanks: no control, format, direction, private or unassigned ones
3. Unicode normal form C, as two spellings of one name would be two files here and one file there
4. no backslash, nor anything that looks like a slash, no `< > : " | ? *` (with the colon go drive letters and NTFS
   streams), no percent escapes
5. relative, no empty part, no part that is `.` or `..`
6. no part that begins with a blank or `~`, or ends with a blank or a dot
7. no device name of Windows, with or without extension; no `.git`, whose hooks run
8. rules 4 to 7 also hold for the compatibility form (NFKC), in which two full-width dots are `..`
9. among the paths of a bundle: none twice, whatever its case, and none both a file and a folder
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_PATH_BYTES = 255

_FORBIDDEN = frozenset('\\<>:"|?*')
_SLASHES = frozenset("\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c\u1735\u2571\u2572\u27cb\u27cd")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICE = re.compile(r"(con|prn|aux|nul|(clock|conin|conout)\$|(com|lpt)[0-9¹²³])( *\..*)?", re.IGNORECASE | re.DOTALL)
_GIT = re.compile(r"\.?git~[0-9]+|\.git", re.IGNORECASE)
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]{4}")


def check_bundle_path(path: str) -> str | None:
    """Returns what is wrong with `path` by rules 1 to 8, in a few words, or None when it is good.

    >>> check_bundle_path("scripts/run.py") is None
    True
    >>> check_bundle_path("../run.py")
    'has a ".." part'
    """
    size = len(path.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= MAX_PATH_BYTES:  # 1
        return "is empty" if not path else f"has {size} bytes, at most {MAX_PATH_BYTES}"
    for char in path:  # 2
        category = unicodedata.category(char)
        if category in _HIDDEN or (category == "Zs" and char != " "):
            return f"has the character U+{ord(char):04X}, which can't be seen"
    if not unicodedata.is_normalized("NFC", path):  # 3
        return "is not in Unicode normal form C"
    return _structure(path) or _compatible(path)


def check_bundle_paths(paths: Iterable[str]) -> tuple[str, str] | None:
    """Returns the first path that breaks a rule and what is wrong with it, or None when all are good.

    >>> check_bundle_paths(["a.txt", "A.TXT"])
    ('A.TXT', 'is there twice but for case')
    """
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        problem = check_bundle_path(path)
        if problem:
            return path, problem
        folded = _fold(path)
        parents = {folded[:at] for at, char in enumerate(folded) if char == "/"}
        if folded in files:
            return path, "is there twice but for case"
        if folded in folders or parents & files:
            return path, "is both a file and a folder"
        files.add(folded)
        folders |= parents
    return None


def _fold(path: str) -> str:
    """Returns the path as the least discerning file system compares it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def _compatible(path: str) -> str | None:
    plain = unicodedata.normalize("NFKC", path)  # 8
    if plain.count("/") != path.count("/"):
        return "has a character that some systems read as one with a slash"
    return _structure(plain)


def _structure(path: str) -> str | None:
    for char in path:  # 4
        if char in _FORBIDDEN or char in _SLASHES:
            return f"has the character U+{ord(char):04X}, which some systems read as a separator or refuse"
    if _PERCENT.search(path):
        return "has a percent escape, which some reader may decode"
    if path.startswith("/"):  # 5
        return "is absolute"
    for part in path.split("/"):
        problem = _part(part)
        if problem:
            return problem
    return None


def _part(part: str) -> str | None:
    if part == "":
        return "has an empty part"
    if part in (".", ".."):
        return f'has a "{part}" part'
    if part[0] in " ~" or part[-1] in " .":  # 6
        return "has a part that begins with a blank or ~, or ends with a blank or a dot"
    if _DEVICE.fullmatch(part):  # 7
        return "has a part that is a device on some systems"
    if _GIT.fullmatch(part):
        return "has a part that is a Git folder on some systems"
    return None
