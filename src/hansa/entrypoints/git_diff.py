"""Asks git for a diff in the one form that is voted on, and for the files that it was made from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hansa.governance import diff
from hansa.kernel.errors import Unavailable, UsageError
from hansa.kernel.ids import ContentId

SECONDS = 60
_FORM = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--full-index", "--submodule=short")
_PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/")


def from_git(folder: Path, revisions: str, staged: bool = False) -> tuple[str, ContentId]:
    """Returns a diff, and the digest of the files that it was made from.

    Args:
        revisions: "A..B", or "A" for what the folder differs from A in; "" with `staged`.
        staged: what would be committed now.

    Raises:
        UsageError: git knows no such revision, or the diff is none that may be voted on. Unavailable: git is not there.
    """
    if revisions.startswith("-"):
        raise UsageError(f"{revisions[:40]!r} is no revision of git's")
    named = ["--cached"] if staged else [revisions]
    text = _decoded(_git(folder, *_FORM, *_PREFIXES, *named, "--"))
    if not text:
        raise UsageError("nothing changes there: there is nothing to propose")
    before = "HEAD" if staged else revisions.partition("..")[0] or "HEAD"
    files = diff.read(text)
    held = {path: None for one in files for path in one.paths}
    base: dict[str, bytes | None] = {**held, **{one.old: _held(folder, before, one.old) for one in files if one.old}}
    return text, diff.base_of(base)


def _held(folder: Path, revision: str, path: str) -> bytes:
    top = _decoded(_git(folder, "rev-parse", "--show-toplevel")).rstrip("\n")
    return _git(Path(top), "show", f"{revision}:{path}")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError("the diff is not UTF-8 text") from None


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no word of it begins an option
            ["git", "-C", str(folder), "-c", "core.quotePath=off", *words],  # noqa: S607
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise Unavailable("git is not installed: give the diff as a file (--diff FILE)") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"git did not answer within {SECONDS} seconds") from None
    if done.returncode:
        raise UsageError(f"git says: {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout
