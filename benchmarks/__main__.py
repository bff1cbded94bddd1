"""The benchmarks of this version: reading messages, keeping them, searching, proving."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Row, against, print_table
from hansa.adapters.index.hashed import HashedIndex
from hansa.adapters.keys import MemoryKeys
from hansa.adapters.store.sqlite import SqliteStore
from hansa.entrypoints.app import TestedSandbox
from hansa.identity import envelope
from hansa.identity.envelope import PAYLOAD_TYPE, Header, pre_authentication_encoding
from hansa.kernel.ids import EVERYONE, ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.jobs import SandboxJob
from hansa.node.rows import PutRecord
from hansa.node.shelf import record_row

KEYS = MemoryKeys(bytes(range(32)))
MESSAGES = 300
SKILLS = 2_000


def sealed(seq: int) -> envelope.Signed:
    """Returns a signed message of about 2 kB."""
    header = Header(
        version="1.0", network="hansa", kind="evidence", author=KEYS.node_id, recipient=EVERYONE, seq=seq, created=1,
        expires=0,
    )  # fmt: skip
    return envelope.seal(header, {"text": f"{seq} " + "x" * 1_000}, [KEYS.key])


def reading() -> Row:
    """Decode, canonical check and verify, against the bare signature check."""
    messages = [sealed(number) for number in range(MESSAGES)]
    key = KEYS.key.public

    def whole() -> int:
        for message in messages:
            envelope.verify(envelope.read(message.raw))
        return len(messages)

    def bare() -> int:
        for message in messages:
            signed = pre_authentication_encoding(PAYLOAD_TYPE, message.payload)
            assert key.fits(message.signatures[0][1], signed)
        return len(messages)

    return against("read and verify a message", whole, "bare Ed25519 check", bare)


@contextmanager
def store() -> Iterator[SqliteStore]:
    """Gives an empty store in a temporary directory."""
    with tempfile.TemporaryDirectory() as folder:
        opened = SqliteStore.open(Path(folder) / "bench.db")
        try:
            yield opened
        finally:
            opened.close()


def keeping() -> Row:
    """Durable records with many writers at once (group commit), against one after the other."""
    with store() as one, store() as many:
        seq = iter(range(10_000_000))

        def rows() -> list[PutRecord]:
            made = [record_row(sealed(next(seq)), "", Instant(1)) for _ in range(100)]
            return [PutRecord(row, in_feed=True) for row in made]

        async def together(changes: list[PutRecord]) -> None:
            await asyncio.gather(*(many.apply([change]) for change in changes))

        async def in_turn(changes: list[PutRecord]) -> None:
            for change in changes:
                await one.apply([change])

        prepared = iter([rows() for _ in range(40)])

        def grouped() -> int:
            changes = next(prepared)
            asyncio.run(together(changes))
            return len(changes)

        def single() -> int:
            changes = next(prepared)
            asyncio.run(in_turn(changes))
            return len(changes)

        return against("keep a record durably, 100 writers", grouped, "the same, one after the other", single)


def searching() -> Row:
    """The index's scan, against comparing with each text in turn."""
    index = HashedIndex()
    words = "parse date table list sort merge count text number file record group split join path time word".split()
    texts = [f"{words[n % 17]} the {words[n // 17 % 17]} of a {words[n // 289 % 17]} {n}" for n in range(SKILLS)]
    for number, text in enumerate(texts):
        index.add(ContentId(f"{number:064x}"), text)

    def scan() -> int:
        for _ in range(20):
            index.nearest("merge the date of a record", 10)
        return 20

    def in_turn() -> int:
        sorted(texts, key=lambda text: -index.similarity("merge the date of a record", text))[:10]
        return 1

    return against(f"search {SKILLS:,} skills by meaning", scan, "comparing with each in turn", in_turn, rounds=3)


def proving() -> list[Row]:
    """A proof of a tiny skill in the sandbox, and a further trial, against a bare interpreter start."""
    sandbox = TestedSandbox()
    loop = asyncio.new_event_loop()

    def job(trials: int) -> SandboxJob:
        return SandboxJob("def double(x):\n    return 2 * x\n", "double", ("(2,)",), trials=trials)

    def proof(trials: int) -> int:
        report = loop.run_until_complete(sandbox.run(job(trials)))
        assert len(report.trials) == trials
        return 1

    def start() -> int:
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        return 1

    bare = "a bare interpreter start"
    rows = [
        against("prove with 1 trial", lambda: proof(1), bare, start),
        against("prove with 35 trials", lambda: proof(35), bare, start),
    ]
    loop.close()
    return rows


if __name__ == "__main__":
    print_table([reading(), keeping(), searching(), *proving()])
