"""Threat 67, step by step: the process ends, the power goes, or the disk refuses, at every step of a store's life.

All steps are taken at HANSA_TEST_SCALE=10 and above; a normal run takes a sample that changes with nothing but the
number of steps.
"""

from __future__ import annotations

import errno
import shutil
import signal
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import pytest

from hansa.adapters.store.sqlite import SqliteStore
from tests.attacks.specimens import scaled
from tests.store.disk.disks import (
    END,
    END_HALF,
    ENDED,
    FAIL,
    PowerLoss,
    Step,
    acknowledged,
    lay_out,
    lives,
    steps,
)
from tests.store.disk.life import BATCHES, present
from tests.store.test_sqlite import WRITER, check_after_crash, child


@cache
def whole_life() -> tuple[list[Step], int]:
    """Returns the log of a life on a good disk, and how many steps it had."""
    folder = Path(mkdtemp(prefix="hansa-life-"))
    assert lives(folder, [{"folder": str(folder / "life"), "log": str(folder / "log")}]) == [0]
    assert acknowledged(folder / "life") == set(BATCHES)
    log, count = steps(folder / "log"), int((folder / "life" / "steps").read_text())
    shutil.rmtree(folder)
    return log, count


def sample(count: int, wanted: int, name: str) -> list[int]:
    """Returns the steps to try: all when enough are wanted, else the first few and some of the rest."""
    if scaled(wanted) >= count:
        return list(range(1, count + 1))
    return sorted({1, 2, 3, count, *Random(name).sample(range(1, count + 1), scaled(wanted))})


def reopened(path: Path) -> set[int]:
    """Returns the batches found when a store is opened again, which it must allow."""
    store = SqliteStore.open(path, min_free_bytes=0)
    try:
        return present(store)
    finally:
        store.close()


def test_a_life_has_many_steps_and_they_are_counted_alike() -> None:
    log, count = whole_life()
    kinds = [step.kind for step in log if step.kind in "owtsdur"]
    assert count > 150
    assert {"o", "w", "s", "d", "u"} <= set(kinds)


@pytest.mark.parametrize("what", [END, END_HALF], ids=["before", "half-way"])
def test_a_process_that_ends_at_any_step_loses_nothing_that_was_acknowledged(tmp_path: Path, what: int) -> None:
    _, count = whole_life()
    chosen = sample(count, 40, f"end {what}")
    cases = [{"folder": str(tmp_path / str(at)), "what": what, "first": at} for at in chosen]
    codes = lives(tmp_path, cases)
    assert codes.count(ENDED) == len(codes) if what == END else codes.count(ENDED) > len(codes) / 3
    for case in cases:
        folder = Path(case["folder"])
        assert acknowledged(folder) <= reopened(folder / "hansa.db"), case


@pytest.mark.parametrize("seed", range(scaled(4)))
def test_a_process_that_is_killed_at_a_random_instant_loses_nothing_that_was_acknowledged(
    tmp_path: Path, seed: int
) -> None:
    """SIGKILL, with no shim in between; a thousand of them at HANSA_TEST_SCALE=250."""
    random = Random(f"kill {seed}")
    path = tmp_path / "hansa.db"
    with child(WRITER, path, -1) as process:
        assert process.stdout
        told = [int(process.stdout.readline()) for _ in range(random.randrange(1, 120))]
        for _ in range(random.randrange(20_000)):
            pass  # some more microseconds
        process.send_signal(signal.SIGKILL)
        told += [int(text) for text in process.stdout.read().split("\n")[:-1]]
    check_after_crash(path, told)


def power_cuts(log: list[Step]) -> list[tuple[int, str]]:
    ends = [number for number, step in enumerate(log, 1) if step.kind in "owtsdura"]
    cuts = [(end, how) for end in ends for how in ("synced", "all", "some", "torn")]
    wanted = scaled(150)
    making = cuts[:100]  # the store is just being made: short, and another journal
    return cuts if wanted >= len(cuts) else sorted({*making, *Random("power").sample(cuts, wanted)})


def test_a_power_loss_at_any_step_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    log, _ = whole_life()
    disk, at = PowerLoss({}), 0
    for end, how in power_cuts(log):
        for step in log[at:end]:
            disk.play(step)
        at = end
        folder = tmp_path / f"{end}-{how}"
        told = {int(mark) for mark in b"".join(disk.marks).split()}
        path = lay_out(folder, disk.left(how, Random(f"{end} {how}")))
        assert told <= reopened(path), (end, how)
        shutil.rmtree(folder)


def test_the_model_of_a_power_loss_can_fail(tmp_path: Path) -> None:
    """A disk that lies about its syncs loses what was acknowledged, and the same check sees it."""
    log, _ = whole_life()
    disk = PowerLoss({})
    last = max(number for number, step in enumerate(log) if step.kind == "a")
    written = [number for number, step in enumerate(log[:last]) if step.kind == "s"][-3:]
    for number, step in enumerate(log[: last + 1]):
        if number not in written:
            disk.play(step)
    told = {int(mark) for mark in b"".join(disk.marks).split()}
    assert not told <= reopened(lay_out(tmp_path / "lie", disk.left("synced", Random(0))))


REFUSALS = [
    (errno.ENOSPC, "w", {"DiskFull", "Unavailable"}),
    (errno.EIO, "w", {"Unavailable"}),
    (errno.EIO, "s", {"Unavailable"}),
    (errno.EIO, "\0", {"Unavailable"}),
    (errno.EROFS, "\0", {"Unavailable", "DiskFull"}),
]


@pytest.mark.parametrize(("error", "only", "allowed"), REFUSALS, ids=["full", "write", "sync", "any", "read-only"])
def test_a_disk_that_refuses_a_step_is_a_typed_refusal_and_the_store_goes_on_when_it_is_mended(
    tmp_path: Path, error: int, only: str, allowed: set[str]
) -> None:
    """Refused is absent; once the disk is mended the same process takes the same batch, and nothing else was lost."""
    _, count = whole_life()
    chosen = sample(count, 14, f"refuse {error} {only}")
    cases = [
        {"folder": str(tmp_path / str(at)), "what": FAIL, "first": at, "last": 10**6, "errno": error, "only": only}
        for at in chosen
    ]
    assert set(lives(tmp_path, cases)) == {0}
    said = []
    for case in cases:
        folder = Path(case["folder"])
        assert acknowledged(folder) == set(BATCHES)
        assert reopened(folder / "hansa.db") == set(BATCHES)
        errors = folder / "hansa.db.errors"
        said += [line.split("\t") for line in errors.read_text().splitlines()] if errors.exists() else []
    assert len(said) > len(chosen) / 2
    assert {kind for _, kind, _ in said} <= allowed, said
    assert all("hansa.db" in text and ":" in text for _, _, text in said), said
