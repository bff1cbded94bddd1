"""Writes batches to a database until it is killed; names each on standard output once it is acknowledged."""

from __future__ import annotations

import asyncio
import sys

from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres import PostgresStore
from hansa.node.rows import AppendJournal, PutSkill
from tests.store.contract import line, put, skill


async def main(url: str, first: int) -> None:
    store = PostgresStore.open(Address.parse(url))
    numbers = iter(range(first, first + 1_000_000))

    async def write() -> None:
        for number in numbers:
            await store.apply(
                [put(number, in_feed=True), PutSkill(skill(number)), AppendJournal(line(f"ref {number}"))]
            )
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()

    await asyncio.gather(*(write() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
