"""Taking records in over HTTP: verified, admitted, decided on and durable when the answer comes.

Both sides are real processes under uvicorn with uvloop and httptools, on SQLite with synchronous=FULL, fed by the same
load generator. The node is a hub: each record goes through its inbox, admission, room, journal, feed chain and store.
The reference is `benchmarks/reference_server.py`: FastAPI and pydantic, one commit for each request.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

import msgspec

from benchmarks import measure, servers
from benchmarks.load import request, send_all
from benchmarks.measure import Row, Target, at_least
from benchmarks.servers import Server
from hansa.adapters.keys import MemoryKeys
from hansa.identity import envelope
from hansa.identity.envelope import Header, Signed
from hansa.kernel.ids import EVERYONE, content_id
from hansa.skills.messages import EVIDENCE, SKILL, evidence_body, skill_body
from hansa.skills.model import Case, Cases, Claim, Evidence, Outcome, Result, Skill, Step

AUTHORS = [MemoryKeys(bytes([number]) * 32) for number in range(1, 9)]
CLIENTS = 32
BULKS_AT_ONCE = 16
BULK = 100
ROUNDS = 5
PLAIN = 600
REFERENCE = "FastAPI + pydantic, a commit for each request"

_numbers = count(1)


def header(author: MemoryKeys, kind: str) -> Header:
    """Returns a header with a number that was not used before."""
    return Header(version="1.0", network="hansa", kind=kind, author=author.node_id, recipient=EVERYONE,
                  seq=next(_numbers), created=1_760_000_000_000, expires=0)  # fmt: skip


def a_skill(number: int) -> Skill:
    """Returns a small skill with checks."""
    code = f"def times_{number}(x):\n    return {number} * x\n"
    cases = tuple(Case(args=f"({n},)", expect=f"{number * n}") for n in range(3))
    return Skill(intent=f"Multiply a number by {number}.", reasoning_path=(Step(step=1, action="Multiply it."),),
                 result=Result(media_type="text/x-python", text=code, entry_point=f"times_{number}"),
                 checks=(Cases(cases=cases),), license="MIT", tags=("arithmetic",))  # fmt: skip


SKILLS = [a_skill(number) for number in range(1, 51)]


def evidence(number: int) -> tuple[Header, dict[str, object]]:
    """Returns what one of the authors found about one of the skills."""
    author = AUTHORS[number % len(AUTHORS)]
    return header(author, EVIDENCE), finding(author, number)


def finding(author: MemoryKeys, number: int) -> dict[str, object]:
    """Returns the body of an evidence message, as a prover writes it."""
    found = Evidence(skill=SKILLS[number % len(SKILLS)].id, prover=author.node_id, harness="cpython-3.11.7",
                     sandbox="bubblewrap + landlock + seccomp + rlimits + cgroup", outcome=Outcome.PASS, trials=35,
                     successes=35, passed=105, total=105, digest=content_id(b"%d" % number), at=0)  # fmt: skip
    return evidence_body(found)  # type: ignore[return-value]


def singles(amount: int) -> list[Signed]:
    """Returns records that are signed one by one, by the authors in turn."""
    made = []
    for number in range(amount):
        author = AUTHORS[number % len(AUTHORS)]
        made.append(envelope.seal(header(author, EVIDENCE), finding(author, number), [author.key]))
    return made


def batches(amount: int) -> list[Signed]:
    """Returns records of which each bulk has one author and one signature."""
    made: list[Signed] = []
    for bulk in range(amount // BULK):
        author = AUTHORS[bulk % len(AUTHORS)]
        pairs = [(header(author, EVIDENCE), finding(author, number)) for number in range(BULK)]
        made += envelope.seal_batch(pairs, [author.key])
    return made


def lines(records: list[Signed], size: int = BULK) -> list[bytes]:
    """Returns the requests that bring records in bulk."""
    bulks = [records[at : at + size] for at in range(0, len(records), size)]
    return [request("/skills/bulk", b"\n".join(one.raw for one in bulk)) for bulk in bulks]


class _Answer(msgspec.Struct):
    status: int


class _Answers(msgspec.Struct):
    answers: list[_Answer]


_BULK_ANSWER = msgspec.json.Decoder(_Answers)


def created(status: int, body: bytes) -> None:
    """Wants 201."""
    assert status == 201, (status, body[:300])


def all_created(status: int, body: bytes) -> None:
    """Wants 201 for each line."""
    assert status == 200, (status, body[:300])
    answers = _BULK_ANSWER.decode(body).answers
    assert {one.status for one in answers} == {201}, body[:300]


def rows() -> Iterable[Row]:
    """Single requests, bulks with a signature on each record, and bulks with one signature."""
    with (
        tempfile.TemporaryDirectory() as name,
        servers.hub(Path(name), AUTHORS) as hub,
        servers.reference(Path(name), AUTHORS) as other,
    ):
        claim = Claim(confidence=900_000, verification_score=1_000_000, trials=35, harness="cpython-3.11")
        author = AUTHORS[0]
        held = [envelope.seal(header(author, SKILL), skill_body(one, claim), [author.key]) for one in SKILLS]
        send_all(hub.port, lines(held), 1, all_created)
        size = len(singles(1)[0].raw) / 1000
        alone = f"an evidence record of {size:.1f} kB in a request, {CLIENTS} clients"
        bulks = f"bulks of {BULK}, {BULKS_AT_ONCE} at once"
        yield from _measured(alone, hub, other, one_by_one, 1_500, at_least(2.5))
        yield from _measured(f"{bulks}, a signature on each record", hub, other, in_bulk, 3_000, at_least(4))
        yield from _measured(f"{bulks}, one signature for each", hub, other, as_batches, 10_000, at_least(15))


def one_by_one(port: int, amount: int) -> float:
    """Sends records in a request each; returns the seconds it took."""
    return send_all(port, [request("/records", one.raw) for one in singles(amount)], CLIENTS, created)


def in_bulk(port: int, amount: int) -> float:
    """Sends records in bulks, each signed by itself."""
    return send_all(port, lines(singles(amount)), BULKS_AT_ONCE, all_created)


def as_batches(port: int, amount: int) -> float:
    """Sends records in bulks, each bulk with one signature."""
    return send_all(port, lines(batches(amount)), BULKS_AT_ONCE, all_created)


def _measured(
    what: str, hub: Server, other: Server, send: Callable[[int, int], float], amount: int, target: Target
) -> Iterator[Row]:
    """Yields the line of what a client sees, and that of the processor time in the server."""
    send(hub.port, amount // 5), one_by_one(other.port, 100)  # warm-up
    seen, used = [], []
    for _ in range(ROUNDS):
        mine = _timed(hub, send, amount)
        plain = _timed(other, one_by_one, PLAIN)
        seen.append((mine[0], plain[0]))
        used.append((mine[1], plain[1]))
    yield measure.row(what, seen, REFERENCE, target)
    if all(mine and plain for mine, plain in used):
        yield measure.row(f"{what}: processor time of the server alone", used, "the same", None)


def _timed(server: Server, send: Callable[[int, int], float], amount: int) -> tuple[float, float]:
    """Returns the seconds by the clock and of the processor for one record."""
    before = server.processor_seconds()
    seconds = send(server.port, amount)
    return seconds / amount, (server.processor_seconds() - before) / amount
