"""Changing files together: whole or not at all, on the base that was voted on, and never outside of the folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from hansa.adapters import patching
from hansa.adapters.patching import Written, read_files, write_files
from hansa.entrypoints.changing import apply, base_in
from hansa.kernel.errors import Refused, UsageError


def anything(_: Mapping[str, bytes | None]) -> bool:
    return True


def below(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_files_are_written_added_and_removed_together(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "gone").write_bytes(b"2")
    (tmp_path / "run").write_bytes(b"3")
    (tmp_path / "run").chmod(0o640)
    files = {"a": Written(b"x"), "new/deep": Written(b"y"), "gone": None, "run": Written(b"z", True)}
    write_files(tmp_path, files, anything)
    assert below(tmp_path) == {"a": b"x", "new/deep": b"y", "run": b"z"}
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o750
    write_files(tmp_path, {"run": Written(b"w", False)}, anything)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o640


def test_a_step_that_fails_undoes_those_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    whole, calls = os.rename, [0]

    def failing(*args: object, **given: object) -> None:
        calls[0] += 1
        if calls[0] == 4:
            raise OSError(5, "no more")
        whole(*args, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(patching.os, "rename", failing)
    with pytest.raises(UsageError, match="nothing was changed"):
        write_files(tmp_path, {"a": Written(b"x"), "b": Written(b"y"), "c": Written(b"z")}, anything)
    assert below(tmp_path) == {"a": b"1", "b": b"2"}


def test_a_link_is_neither_read_nor_written_through(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "secret").write_bytes(b"s")
    (folder / "link").symlink_to(outside / "secret")
    (folder / "way").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    (folder / "down").mkdir()
    for path in ("link", "way/secret", "pipe", "down", "link/x"):
        with pytest.raises(UsageError):
            read_files(folder, (path,))
    for path in ("way/secret", "way/new", "../outside/secret"):
        with pytest.raises(UsageError):
            write_files(folder, {path: Written(b"x")}, anything)
    assert below(outside) == {"secret": b"s"}


def test_a_file_that_changes_meanwhile_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")

    def is_as_was(now: Mapping[str, bytes | None]) -> bool:
        return now == {"a": b"1", "b": None}

    write_files(tmp_path, {"a": Written(b"2"), "b": None}, is_as_was)
    with pytest.raises(UsageError, match="not what was voted on"):
        write_files(tmp_path, {"a": Written(b"3"), "b": None}, is_as_was)
    assert below(tmp_path) == {"a": b"2"}


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't read the folder"):
        read_files(tmp_path / "none", ("a",))


def test_a_diff_moves_files_and_makes_programs_of_them(tmp_path: Path) -> None:
    text = (
        "diff --git a/a b/c\nold mode 100644\nnew mode 100755\nsimilarity index 50%\nrename from a\nrename to c\n"
        "--- a/a\n+++ b/c\n@@ -1 +1 @@\n-1\n+2\n"
        "diff --git a/e b/e\nnew file mode 100644\n"
    )
    (tmp_path / "a").write_bytes(b"1\n")
    base = base_in(tmp_path, text)
    assert apply(tmp_path, text, base) == ["a", "c", "e"]
    assert below(tmp_path) == {"c": b"2\n", "e": b""}
    assert os.access(tmp_path / "c", os.X_OK)
    with pytest.raises(Refused, match="not_approved"):
        apply(tmp_path, text, base)


def test_what_a_diff_can_not_change_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    move = "diff --git a/a b/c\nsimilarity index 100%\nrename from a\nrename to c\n"
    (tmp_path / "a").write_bytes(b"1\n")
    (tmp_path / "c").write_bytes(b"there\n")
    with pytest.raises(Refused, match="there already"):
        base_in(tmp_path, move)
    (tmp_path / "a").write_bytes(b"\xff\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        base_in(tmp_path, "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n")
    assert below(tmp_path) == {"a": b"\xff\n", "c": b"there\n"}
