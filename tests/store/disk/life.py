"""A small life of a store, for disks that break: what it does, step by step, and what must be there afterwards.

    python -m tests.store.disk.life CASES.json      (with the shim preloaded; see `disks.lives`)

Each case is a life in a process of its own, forked from this one: imports are paid for once. A life opens the store,
writes batches (some at once), closes it, opens it again, writes more, and ends without closing. After each batch that
was acknowledged it says so in `hansa.db.acks`; a batch that was refused it notes with the error's name, mends the disk
and tries again.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from hansa.adapters import backup
from hansa.adapters.store import migrations  # noqa: F401 - imported before the forks, for their sake
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import chain
from hansa.node.rows import AppendJournal, AppendLedger, Change, PutBlob, PutSkill
from tests.store.contract import ANN, cid, line, put, skill

PAGES_IN_LOG = 24
"""Checkpoint after so few pages, so that a short life has several."""

FIRST, TOGETHER, AGAIN = range(1, 6), range(6, 10), range(10, 13)
BATCHES = [*FIRST, *TOGETHER, *AGAIN]


def batch(number: int) -> list[Change]:
    """Returns the changes of a batch; they are there together or not at all."""
    return [
        put(number, in_feed=True, envelope=b"envelope %d " % number * 200),
        PutSkill(skill(number)),
        AppendLedger(cid(("receipt", number)), ANN, "", "skill_refuted", number),
        AppendJournal(line(str(number))),
        PutBlob(cid(("blob", number)), bytes([number]) * 9_000),
    ]


def present(store: SqliteStore) -> set[int]:
    """Returns the batches that are there, whole.

    Raises:
        AssertionError: one is there in part, or a chain does not verify.
    """
    found = set()
    receipts = [row.entry for row in store.ledger(limit=1000)]
    named = {entry.receipt for entry in receipts}
    for number in BATCHES:
        blob = store.blob(cid(("blob", number)))
        parts = {
            store.record(cid(("record", number))) is not None,
            store.skill(cid(("skill", number))) is not None,
            bool(store.lexical(f"number{number}", 1)),
            bool(store.journal(str(number))),
            cid(("receipt", number)) in named,
            blob == bytes([number]) * 9_000,
        }
        assert len(parts) == 1, f"batch {number} is there in part"
        if parts.pop():
            found.add(number)
    check_chains(store, len(found))
    return found


def check_chains(store: SqliteStore, length: int) -> None:
    from hansa.conduct.ledger import first_fault

    rows = store.feed(0, 1000)
    head = ""
    for place, row in enumerate(rows, 1):
        assert row.place == place
        head = chain(head, row.id)
    assert store.feed_mark() == (length, head)
    entries = [row.entry for row in store.ledger(limit=1000)]
    assert len(entries) == length
    assert first_fault(entries) is None


class Life:
    """One life, which tells what became of it in `hansa.db.acks` and `hansa.db.errors`."""

    def __init__(self, path: Path, shim: Any) -> None:
        self._path = path
        self._shim = shim
        self._acks = os.open(f"{path}.acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._errors: list[str] = []

    def open(self) -> SqliteStore:
        """Opens the store; tries once more on a mended disk."""
        try:
            store = SqliteStore.open(self._path, min_free_bytes=0)
        except HansaError as error:
            self._refused("open", error)
            store = SqliteStore.open(self._path, min_free_bytes=0)
        store._writer._session.raw(f"PRAGMA wal_autocheckpoint = {PAGES_IN_LOG}")
        return store

    async def write(self, store: SqliteStore, number: int) -> None:
        try:
            await store.apply(batch(number))
        except HansaError as error:
            self._refused(str(number), error)
            assert store.record(cid(("record", number))) is None, "refused, and yet there"
            await store.apply(batch(number))
        os.write(self._acks, b"%d\n" % number)

    async def run(self) -> None:
        store = self.open()
        for number in FIRST:
            await self.write(store, number)
        await asyncio.gather(*(self.write(store, number) for number in TOGETHER))
        store.close()
        store = self.open()
        for number in AGAIN:
            await self.write(store, number)
        assert present(store) == set(BATCHES)

    def _refused(self, what: str, error: HansaError) -> None:
        self._shim.disk_mend()
        with Path(f"{self._path}.errors").open("a") as file:
            file.write(f"{what}\t{type(error).__name__}\t{error}\n")


def _live(case: dict[str, Any], shim: Any) -> None:
    """Lives in a fork, which never returns."""
    code = 1
    try:
        path = Path(case["folder"]) / "hansa.db"
        log = os.open(case["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if case.get("log") else -1
        life = Life(path, shim)
        shim.disk_arm(
            str(path).encode(), log, case.get("what", 0), ctypes.c_long(case.get("first", 0)),
            ctypes.c_long(case.get("last", case.get("first", 0))), case.get("errno", 0), ord(case.get("only", "\0")),
        )  # fmt: skip
        life._acks = os.open(f"{path}.acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if case.get("life") == "restore":
            backup.restore(path.parent, Path(case["backup"]), case["node"])
        else:
            asyncio.run(life.run())
        Path(case["folder"], "steps").write_text(str(shim.disk_steps()))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    shim = ctypes.CDLL(None)
    shim.disk_steps.restype = ctypes.c_long
    codes = []
    for case in json.loads(Path(sys.argv[1]).read_text()):
        child = os.fork()
        if not child:
            _live(case, shim)
        _, status = os.waitpid(child, 0)
        codes.append(os.waitstatus_to_exitcode(status))
    print(json.dumps(codes))


if __name__ == "__main__":
    main()
