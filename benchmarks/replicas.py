"""Several processes of one hub on one database, taking records in: three against one, with the same load.

Records as in `ingest`, in bulks with a signature on each record, spread over the processes. Clients, processes and the
database server share this machine, so that the figure says what the others cost here, not what more machines would
bring. fsync is on.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import servers
from benchmarks.ingest import AUTHORS, BULK, BULKS_AT_ONCE, SKILLS, all_created, header, lines, singles
from benchmarks.load import request, send_all
from benchmarks.measure import Row, row
from benchmarks.page import table
from benchmarks.postgres import MISSING
from hansa.identity import envelope
from hansa.skills.messages import SKILL, skill_body
from hansa.skills.model import Claim
from tests.store import postgres_server

PROCESSES, ROUNDS, AMOUNT = 3, 5, 3_000
SERVER = {"fsync": "on", "full_page_writes": "on"}


def body() -> str:
    """Returns the table; one line that says how to have it where there is no server."""
    folder = postgres_server.binaries()
    if folder is None:
        return MISSING
    with postgres_server.started(folder, SERVER) as url, tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        postgres_server.run(url, "CREATE DATABASE one", "CREATE DATABASE several")
        one = stack.enter_context(_hub(Path(name) / "one", url.replace("/postgres?", "/one?"), 1))
        several = stack.enter_context(_hub(Path(name) / "several", url.replace("/postgres?", "/several?"), PROCESSES))
        return table(_rows(one, several))


def _rows(one: Sequence[int], several: Sequence[int]) -> Iterable[Row]:
    claim = Claim(confidence=900_000, verification_score=1_000_000, trials=35, harness="cpython-3.11")
    held = [envelope.seal(header(AUTHORS[0], SKILL), skill_body(skill, claim), [AUTHORS[0].key]) for skill in SKILLS]
    for ports in (one, several):
        send_all(ports[0], [request("/skills", skill.raw) for skill in held], 1, _created)
        _sent(ports, 500)
    pairs = [(_sent(several, AMOUNT), _sent(one, AMOUNT)) for _ in range(ROUNDS)]
    what = f"take records in, bulks of {BULK}, {BULKS_AT_ONCE} at once, {PROCESSES} processes"
    yield row(what, pairs, "one process on PostgreSQL")


def _sent(ports: Sequence[int], amount: int) -> float:
    """Sends records to all processes at once; returns the seconds for each record."""
    made = lines(singles(amount))
    taken = [0.0] * len(ports)

    def send(place: int) -> None:
        clients = max(1, BULKS_AT_ONCE // len(ports))
        taken[place] = send_all(ports[place], made[place :: len(ports)], clients, all_created)

    threads = [threading.Thread(target=send, args=(place,)) for place in range(len(ports))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(taken) / amount


def _created(status: int, body: bytes) -> None:
    assert status == 201, (status, body[:300])


@contextmanager
def _hub(folder: Path, url: str, processes: int) -> Iterator[list[int]]:
    """Runs the processes of a hub; yields their ports."""
    settings = f'replica = true\n[store]\nurl = "{url}"\n'
    with ExitStack() as stack:
        first = stack.enter_context(servers.hub(folder / "0", AUTHORS, settings))
        ports = [first.port]
        for number in range(1, processes):
            shutil.copytree(folder / "0" / "hub", folder / str(number) / "hub", ignore=shutil.ignore_patterns("lock*"))
            ports.append(stack.enter_context(servers.hub(folder / str(number), [], settings)).port)
        yield ports
