"""Pages of lists, and finding, out of a store with many skills, asked for at the HTTP door: CPU at p99 (threat 23).

Each is held against a bound of 50 ms of CPU. There are 20,000 skills; HANSA_BENCH_SKILLS says another number, and
1,000,000 take minutes to prepare and 3 GB of disk. The rows are written straight into the tables; what is shown of a
skill is real, and so are the signed records on the pages of the feed that are asked for.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from benchmarks.measure import Row, at_most, row
from benchmarks.samples import KEYS
from hansa.adapters.caller import HttpCaller
from hansa.adapters.clock import SystemClock
from hansa.adapters.index.sparse import SparseIndex
from hansa.adapters.lock import DataDirLock
from hansa.adapters.store import codec
from hansa.adapters.store.sqlite import SqliteStore
from hansa.entrypoints.app import App
from hansa.entrypoints.config import Config
from hansa.entrypoints.http.door import make_door
from hansa.identity import envelope
from hansa.identity.envelope import Header
from hansa.kernel.ids import EVERYONE, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.node.core import Core
from hansa.node.node import Node
from hansa.node.rows import PeerRow
from hansa.node.shelf import index_text, skill_row
from hansa.skills.messages import skill_body
from hansa.skills.model import PYTHON, Claim, Origin, Result, Skill, Step

SKILLS = int(os.environ.get("HANSA_BENCH_SKILLS", "20000"))
AUTHORS = 1_000
PEERS = 10_000
ASKED = 200
BOUND = 0.05
_BATCH = 5_000
_SIGNED = 2_000
"""How many of the newest records are signed: only they are shown whole."""


def rows() -> Iterable[Row]:
    """One line for each way of asking."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, SKILLS)
        for what, took in asyncio.run(_measure(home)):
            p99 = sorted(took)[int(len(took) * 0.99)]
            yield row(f"{what}, of {SKILLS:,}: CPU at p99", [(p99, BOUND)], "50 ms", at_most(1))


def fill(home: Path, count: int) -> None:
    """Makes a hub that passes on `count` skills of a thousand authors, a hundredth of them taken back."""
    SqliteStore.open(home / "hansa.db").close()
    made = sqlite3.connect(home / "hansa.db", isolation_level=None)
    made.execute("PRAGMA synchronous = OFF")
    for start in range(1, count + 1, _BATCH):
        numbers = range(start, min(count + 1, start + _BATCH))
        made.execute("BEGIN")
        for table, values in _tables(numbers, count):
            made.executemany(_insert(table, values), values)
        made.execute("COMMIT")
    made.execute("INSERT INTO meta VALUES ('feed', ?)", (f"{count} {'0' * 64}",))
    peers = [codec.values(PeerRow(NodeId(f"did:key:z{n:047}"), f"peer {n}", invited=True)) for n in range(PEERS)]
    made.executemany(_insert("peers", peers), peers)
    made.close()


def _insert(table: str, values: list[dict[str, Any]]) -> str:
    names, places = ", ".join(values[0]), ", ".join(f":{name}" for name in values[0])
    return f"INSERT INTO {table} ({names}) VALUES ({places})"


def _tables(numbers: range, count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    skills, records, tags, gone = [], [], [], []
    for number in numbers:
        author = f"did:key:zAuthor{number % AUTHORS:040}"
        skill = _skill(number, count)
        one = skill_row(skill, Origin.PEER, author, Instant(number), "http")
        state = "removed" if number % 100 == 0 else "quarantined"
        skills.append({"number": number} | codec.values(one) | {"state": state})
        tags += [{"tag": tag, "skill": number} for tag in skill.tags]
        raw, id_ = b"x" * 1_000, content_id(b"%d" % number)
        if number > count - _SIGNED:
            sealed = envelope.seal(_header(number), skill_body(skill, Claim()), [KEYS.key])
            raw, id_, author = sealed.raw, sealed.id, KEYS.node_id
        records.append(
            {"number": number, "id": id_, "kind": "skill", "author": author, "seq": number, "subject": skill.id,
             "created": 1, "received": 1, "envelope": raw, "place": number}
        )  # fmt: skip
        if state == "removed":
            gone.append({"skill": skill.id, "record": id_, "why": "withdrawn", "at": 1})
    yield from (("skills", skills), ("records", records), ("skill_tags", tags))
    if gone:
        yield "tombstones", gone


def _skill(number: int, count: int) -> Skill:
    tags = ("common", f"tag-{number % 1_000}", *(("newest",) if number > count - 10 else ()),
            *(("late",) if number > count * 99 // 100 else ()))  # fmt: skip
    code = f"def times_{number}(x):\n    return {number} * x\n"
    result = Result(media_type=PYTHON, text=code, entry_point=f"times_{number}")
    steps = (Step(step=1, action="Multiply."),)
    return Skill(intent=f"multiply by {number}", reasoning_path=steps, result=result, license="MIT", tags=tags)


def _header(seq: int) -> Header:
    fields = {"version": "1.0", "network": "hansa", "kind": "skill", "author": KEYS.node_id, "recipient": EVERYONE}
    return Header(**fields, seq=seq, created=1, expires=0)


async def _measure(home: Path) -> list[tuple[str, list[float]]]:
    chance = random.Random(23)
    ids = [_skill(chance.randrange(1, SKILLS + 1), SKILLS).id for _ in range(ASKED)]
    asked: dict[str, Callable[[int], str]] = {
        "the first page of skills": lambda _: "/skills?limit=100",
        "any page of skills": lambda n: f"/skills?limit=100&after={ids[n]}",
        "a page of an author": lambda n: f"/skills?limit=100&author=did:key:zAuthor{n:040}",
        "a page of an author from anywhere on": lambda n: (
            f"/skills?limit=100&author=did:key:zAuthor{n:040}&after={ids[n]}"
        ),
        "a page by a tag of every skill": lambda n: f"/skills?limit=100&tag=common&after={ids[n]}",
        "a page by a tag of a thousandth": lambda n: f"/skills?limit=100&tag=tag-{n}",
        "a page by a tag of the newest hundredth": lambda _: "/skills?limit=100&tag=late",
        "a page by a tag of the newest ten": lambda _: "/skills?limit=100&tag=newest",
        "a page by a tag that nobody uses": lambda n: f"/skills?limit=100&tag=nobody-{n}",
        "a page by tag and author": lambda n: f"/skills?limit=100&tag=late&author=did:key:zAuthor{n:040}",
        "the twenty nearest to an intent": lambda n: f"/skills?intent=multiply+by+{17 * n}",
        "a hundred nearest to an intent": lambda n: f"/skills?limit=100&intent=multiply+by+{17 * n}",
        "one skill": lambda n: f"/skills/{ids[n]}",
        "a page of the feed": lambda n: f"/feed?limit=100&after={SKILLS - _SIGNED + n}",
        "a page of nodes": lambda n: f"/instances?after=did:key:z{n * 40:047}",
        "a page of what is gone": lambda _: "/revocations",
    }
    found = []
    store = SqliteStore.open(home / "hansa.db")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(_door(home, store)), base_url="http://hub") as http:
        for what, path in asked.items():
            took = []
            for number in range(ASKED):
                started = time.process_time()
                answer = await http.get(path(number))
                took.append(time.process_time() - started)
                if answer.status_code not in (200, 410):
                    raise RuntimeError(f"{path(number)}: {answer.status_code} {answer.text[:200]}")
            found.append((what, took))
    store.close()
    return found


def _door(home: Path, store: SqliteStore) -> FastAPI:
    """Returns the door of a hub that knows every skill's intent."""
    config = Config(role="hub", hosts=("hub",))
    index = SparseIndex()
    for number in range(1, SKILLS + 1):
        if number % 100:
            skill = _skill(number, SKILLS)
            index.add(skill.id, index_text(skill.intent, skill.tags))
    core = Core(config.settings(), KEYS, store, SystemClock(), index, None, HttpCaller())
    return make_door(App(home, config, Node(core, None), DataDirLock(home), "token"))
