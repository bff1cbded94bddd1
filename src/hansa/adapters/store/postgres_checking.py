"""Looks a store in PostgreSQL through: the same questions as `checking` asks a file, one moment of it, read-only.

Pages are the server's: with checksums (`initdb --data-checksums`) it finds damage whenever it reads one, and this reads
all rows. `pg_amcheck` looks at its indexes.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from hansa.adapters.store import codec, fts, postgres_faults, postgres_schema, postgres_words
from hansa.adapters.store.address import Address
from hansa.adapters.store.checking import REBUILD, RESTORE, Check, Damage, Findings, Tell
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.kernel.errors import Fault


def check(address: Address, full: bool, tell: Tell = lambda *_: None) -> Findings:
    """Returns what is damaged in the store at `address`, which may be open elsewhere.

    Raises:
        UsageError, Unavailable: it can't be asked. Fault: a database, but no store of Hansa's.
    """
    with ThreadPoolExecutor(1) as beside:  # the caller's thread may have an event loop that runs
        return beside.submit(_checked, address, full, tell).result()


def _checked(address: Address, full: bool, tell: Tell) -> Findings:
    session = PostgresSession(address, looking=True)
    try:
        if not postgres_schema.version(session, address):
            return Findings(full, {}, [Damage("database", address.url, "it is empty", RESTORE)])
        return _DatabaseCheck(session, full, tell).run()
    except Exception as error:
        raise postgres_faults.translated(error, address) from error
    finally:
        session.close()


class _DatabaseCheck(Check):
    """Looks a database through."""

    DAMAGED = (asyncpg.PostgresError,)

    def __init__(self, session: PostgresSession, full: bool, tell: Tell) -> None:
        super().__init__(session, full, tell)
        self._database = session

    def _begin(self) -> None:
        self._database.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def _pages(self) -> None:
        """Asks for nothing: the server has no question for it that every user may ask."""

    def _words(self) -> None:
        visible = self._visible()
        held = {row["number"]: row["length"] for row in self._session.raw("SELECT number, length FROM skill_text")}
        totals = self._session.raw("SELECT skills, length FROM skill_totals")
        if [(row["skills"], row["length"]) for row in totals] != [(len(held), sum(held.values()))]:
            self._name("words", "totals", "full-text search counts wrongly", RESTORE)
        found: dict[int, Counter[str]] = {}
        if self._full:
            for row in self._session.walk("SELECT word, number, count FROM skill_words"):
                found.setdefault(row["number"], Counter())[row["word"]] = row["count"]
        for number, row in visible.items():
            try:
                tokens = fts.tokens(row["intent"], codec.strings(row["tags"])).split()
            except (ValueError, Fault):
                continue  # its columns were named above
            right = Counter(map(postgres_words.key, tokens))
            if held.get(number) != len(tokens) or (self._full and found.get(number, Counter()) != right):
                self._name("words", row["id"], "full-text search does not find it", REBUILD)
        for number in sorted((held.keys() | found.keys()) - visible.keys()):
            self._name("words", number, "full-text search finds what is not to be found", RESTORE)
