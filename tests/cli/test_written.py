"""A file that a command writes is whole or as it was, also where there is no room for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hansa.entrypoints.cli import written
from hansa.kernel.errors import DiskFull, UsageError


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_called_so() -> None:
    with pytest.raises(DiskFull, match="nothing was written"):
        written.write_new(Path("/dev/full"), "text", force=False)


@pytest.mark.parametrize("force", [True, False])
def test_what_was_there_stays_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    path = tmp_path / "ledger"
    if force:
        path.write_text("old")

    def half(fresh: Path, text: str, to: Path) -> None:
        fresh.write_text(text[:3])
        raise DiskFull("no room")

    monkeypatch.setattr(written, "_write", half)
    with pytest.raises(DiskFull):
        written.write_new(path, "a long text", force)
    assert [one.name for one in tmp_path.iterdir()] == (["ledger"] if force else [])
    assert not force or path.read_text() == "old"


def test_a_file_is_written_over_only_when_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    written.write_new(path, "one", force=False)
    with pytest.raises(UsageError, match="--force"):
        written.write_new(path, "two", force=False)
    written.write_new(path, "three", force=True)
    assert (path.read_text(), [one.name for one in tmp_path.iterdir()]) == ("three", ["ledger"])
