"""What is fuzzed: every function of ours that is handed bytes or text from elsewhere.

A target takes any bytes and returns, or raises a `HansaError`; everything else is a find. Its seeds are specimens that
it takes, so that a mutated one gets past the first door. Targets that sign do so with a test key: what an author may
send after it has signed it is the larger part of the surface.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from hansa.adapters.transport.pieces import Joiner, Kind, single
from hansa.entrypoints import config
from hansa.identity import envelope, peek
from hansa.identity.handshake import Answerer, Dialler
from hansa.kernel import canonical
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import NodeId, is_content_id
from hansa.kernel.wire import parse, read_json
from hansa.node.driver import Effects
from hansa.node.rows import PeerRow, PutPeer
from hansa.node.subscribing import FeedPage
from hansa.overlay import feed, frames
from hansa.overlay.messages import Index
from hansa.overlay.notices import Notice, read_notice
from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.importing.paths import check_bundle_path, check_bundle_paths
from hansa.skills.importing.python_file import read_python
from hansa.skills.importing.skill_folder import read_skill_folder
from hansa.skills.importing.traces import read_traces
from hansa.skills.messages import EvidenceBody, SkillBody
from hansa.skills.signature import could_take
from tests.attacks.specimens import NOW, key
from tests.identity.parties import fresh, me
from tests.skills.importing.test_python_file import SAMPLE
from tests.skills.importing.test_records import RECORD
from tests.skills.importing.test_skill_folder import DOCUMENT
from tests.skills.importing.test_traces import CONTINUED, WHOLE
from tests.vectors.bodies import BODIES as SPECIMENS
from tests.vectors.bodies import CONTEXT
from tests.vectors.case import message, payload, sealed
from tests.vectors.judge import BODIES, judge
from tests.vectors.make import all_cases

CUT = b"\x00\n"
"""Stands between the parts of an input that has more than one."""


@dataclass(frozen=True)
class Target:
    """Something to fuzz: what to call, what to begin with, and how many times in an ordinary test run."""

    call: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    runs: int = 2_000

    def __call__(self, data: bytes) -> None:
        """Calls it; errors of the tree are answers."""
        with suppress(HansaError):
            self.call(data)


# ------------------------------------------------------------------------------------------------- messages


def _read_and_verify(data: bytes) -> None:
    envelope.verify(envelope.read(data))


def _judge_payload(data: bytes) -> None:
    """Signs whatever it is, and takes it all the way through admission to its body."""
    judge(sealed(data, key(1)), CONTEXT)


def _parse_body(data: bytes) -> None:
    kind, value = sorted(BODIES)[data[0] % len(BODIES)] if data else "skill", canonical.decode(data[1:])
    if not isinstance(value, dict):
        return
    body = parse(value, BODIES[kind])
    if isinstance(body, SkillBody):
        assert is_content_id(body.skill.id)
        could_take(body.skill.result.text, body.skill.result.entry_point, "(1,)")
    if isinstance(body, EvidenceBody):
        body.as_evidence("prover", 0)
    if isinstance(body, Notice):
        read_notice(value)


def _bodies() -> Iterable[bytes]:
    for number, kind in enumerate(sorted(BODIES)):
        for body in SPECIMENS[kind]:
            yield bytes([number]) + canonical.encode(body)


def _payloads() -> Iterable[bytes]:
    for kind, bodies in SPECIMENS.items():
        for body in bodies:
            yield payload(kind, body=body)


# -------------------------------------------------------------------------------------------- peers' answers


def _read_page(data: bytes) -> None:
    """Does with a page what a puller does, but for the network and the store."""
    page = read_json(data, FeedPage)
    ids = []
    for number, item in enumerate(page.items, 1):
        if item.place != number or not is_content_id(item.id):
            return
        if item.envelope is not None:
            with suppress(HansaError):
                _read_and_verify(item.envelope.encode())
        ids.append(item.id)
    index = parse(envelope.verify(envelope.read(page.index.encode())).body, Index)
    feed.check_index(feed.Mark(), index, 1, 0)  # type: ignore[arg-type]
    feed.check_walk(feed.walk(feed.Mark(), ids), index)  # type: ignore[arg-type]


def _pages() -> Iterable[bytes]:
    index = message("index").decode()
    item = {"place": 1, "id": envelope.read(message("skill")).id, "envelope": message("skill").decode()}
    for items in ([], [item], [{"place": 1, "id": item["id"]}]):
        yield json.dumps({"index": index, "items": items}).encode()


def _frame(data: bytes) -> None:
    """Does with a frame what a node does before any part sees it: what is read is said again in the same words."""
    frame = frames.decode(data)
    if frame is None:
        return
    again = frames.decode(frames.encode(frame))
    assert again == frame
    if isinstance(frame, frames.Word | frames.Packet):
        _name(frame.raw)
    elif isinstance(frame, frames.Have | frames.Want | frames.Held | frames.Fetch | frames.Yours):
        assert [frames.digest(frames.named(one)) for one in frame.ids] == list(frame.ids)


def _name(data: bytes) -> None:
    """Names what may be an envelope: whoever reads it comes to the same id, and reads nothing that has none."""
    found = envelope.id_of(data)
    assert (peek.named(data) or (None,))[0] == found
    signed = envelope.read(data)
    assert signed.id == found
    peek.named_kind(signed)


def _frames() -> Iterable[bytes]:
    raw, node = message("presence"), NodeId(key(1).public.did)
    name = bytes(32)
    said = [
        frames.Word(raw, 3, 1),
        frames.Ping(7, True),
        frames.Pong(7),
        frames.Reach(7, node),
        frames.Silent(7),
        frames.Have((name,)),
        frames.Want((name, name)),
        frames.Graft(),
        frames.Prune(60_000),
        frames.Sums("", (name, b"")),
        frames.Held("0f", (name,), True),
        frames.Fetch((name,)),
        frames.Mine(1),
        frames.Yours(1, (name,), 2),
        frames.Packet(bytes(16), (node,), (node,), raw),
        frames.Stuck(bytes(16), node, node, (node,)),
    ]
    assert {type(one) for one in said} == set(get_args(frames.AnyFrame))
    return [*map(frames.encode, said), b"\x91\xa5later"]


def _link(data: bytes) -> None:
    """Says it to both ends of a handshake, at each of their steps, and sends it over a link that stands."""
    for step in (Answerer(me(2), fresh(2)).greeted, lambda said: Dialler(me(1), fresh(1)).answered(said, NOW)):
        with suppress(HansaError):
            step(data)
    waiting = Answerer(me(2), fresh(2))
    waiting.greeted(Dialler(me(1), fresh(1)).hello)
    with suppress(HansaError):
        waiting.proved(data, NOW)
    list(Joiner().read(data))


def _said() -> Iterable[bytes]:
    dialler, answerer = Dialler(me(1), fresh(1)), Answerer(me(2), fresh(2))
    answer = answerer.greeted(dialler.hello)
    dialler.answered(answer, NOW)
    return [single(Kind.FRAME, b"frame") + single(Kind.BYE), dialler.hello, answer, dialler.prove()[0]]


# ------------------------------------------------------------------------------------------------- importers


def _sound(outcomes: Iterable[Draft | Rejected]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Draft):
            outcome.skill.to_bytes()


def _python(data: bytes) -> None:
    source, _, tests = data.partition(CUT)
    _sound(read_python("f.py", source.decode("utf-8", "surrogateescape"), tests.decode("utf-8", "surrogateescape")))


def _doctests(data: bytes) -> None:
    """Whatever stands in a docstring after the prompt."""
    lines = data.decode("utf-8", "replace").splitlines()
    text = "".join(f"    {line}\n" for line in lines).replace('"""', "'''").replace("\\", "\\\\")
    _sound(read_python("f.py", f'def f(x):\n    """Double.\n\n{text}    """\n    return 2 * x\n'))


def _pytests(data: bytes) -> None:
    _sound(read_python("f.py", "def f(x):\n    return 2 * x\n", data.decode("utf-8", "surrogateescape")))


def _folder(data: bytes) -> None:
    """A document, then path and content of further files."""
    document, *others = data.split(CUT)
    files = {path.decode("utf-8", "surrogateescape"): b"x" for path in others}
    _sound([read_skill_folder("skill", {"SKILL.md": document, **files})])


def _paths(data: bytes) -> None:
    paths = data.decode("utf-8", "surrogateescape").split("\n")
    check_bundle_path(paths[0])
    check_bundle_paths(paths)


# ------------------------------------------------------------------------------------------------ the operator's


@cache
def _home() -> Path:
    return Path(tempfile.mkdtemp(prefix="hansa-fuzz-"))


def clean_up() -> None:
    """Removes what targets have written."""
    shutil.rmtree(_home(), ignore_errors=True)


def _config(data: bytes) -> None:
    (_home() / "config.toml").write_bytes(data)
    config.load(_home())


CONFIGS = (
    b'name = "a"\nrole = "hub"\nport = 0\n[limits]\nmax_bytes = 1000\n[admission]\nopen_to_all = true\n',
    b"[sandbox]\nwall_ms = 10\n[skills]\ntrials = 35\n[ranking]\n",
    b"a = [[[1, 2.5e3]], {b = 1979-05-27T07:32:00Z}]\nname.b = 'x'\n[[x]]\n",
)

# ----------------------------------------------------------------------------------------------------- HTTP

PATHS = ("/skills", "/records", "/skills/bulk", "/hello")


@cache
def _door() -> tuple[asyncio.AbstractEventLoop, Any]:
    """Returns a hub that takes all that the test key signs, and the loop it runs in."""
    from tests.node.world import World

    (_home() / "world").mkdir()
    hub = World(_home() / "world", "memory").settle("hub", "hub")
    loop = asyncio.new_event_loop()
    guest = PeerRow(NodeId(key(1).public.did), invited=True, per_minute=1_000_000)
    loop.run_until_complete(hub.node.core.driver.perform(Effects([PutPeer(guest)])))
    return loop, hub.door


def _http(data: bytes) -> None:
    """Posts a body to one of the doors that take one; an answer of 500 or above is a find, and so is an exception."""
    loop, door = _door()
    place, body = (data or b"\0")[0] % (2 * len(PATHS)), data[1:]
    if place >= len(PATHS):
        body = sealed(body, key(1))
    status = loop.run_until_complete(_post(door, PATHS[place % len(PATHS)], body))
    assert status < 500, f"answered {status}"


async def _post(door: Any, path: str, body: bytes) -> int:
    statuses: list[int] = []
    parts = [{"type": "http.request", "body": body, "more_body": False}]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
    }
    scope |= {"headers": [(b"host", b"127.0.0.1")], "scheme": "http", "http_version": "1.1", "client": ("127.0.0.1", 1)}

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(sent: dict[str, Any]) -> None:
        if sent["type"] == "http.response.start":
            statuses.append(sent["status"])

    await door({**scope, "asgi": {"version": "3.0"}}, receive, send)
    return statuses[0]


def _posts() -> Iterable[bytes]:
    bodies = [*_envelopes(), b"\n".join([message("hello"), message("skill"), b"{}"])]
    signed = [bytes([len(PATHS) + number]) + one for number in range(len(PATHS)) for one in _payloads()]
    return [*signed, *(bytes([number]) + body for number in range(len(PATHS)) for body in bodies)]


def _envelopes() -> Iterable[bytes]:
    return [case.message for _, case in all_cases() if len(case.message) < 4_000]


TARGETS: dict[str, Target] = {
    "canonical": Target(canonical.decode, _payloads, 20_000),
    "envelope": Target(_read_and_verify, _envelopes, 10_000),
    "payload": Target(_judge_payload, _payloads, 4_000),
    "bodies": Target(_parse_body, _bodies, 20_000),
    "feed-page": Target(_read_page, _pages, 4_000),
    "frames": Target(_frame, _frames, 20_000),
    "names": Target(_name, _envelopes, 10_000),
    "link": Target(_link, _said, 1_000),
    "traces": Target(
        lambda data: _sound(read_traces("t.jsonl", data.split(CUT))),
        lambda: [json.dumps(row).encode() for row in (CONTINUED, WHOLE, RECORD)],
    ),
    "python-file": Target(_python, lambda: [SAMPLE.encode(), SAMPLE.encode() + CUT + SAMPLE.encode()]),
    "doctests": Target(_doctests, lambda: [b">>> f(1)\n2\n>>> f('a')\n'aa'\n>>> [f(x) for x in (1, 2)]\n[2, 4]\n"]),
    "pytests": Target(_pytests, lambda: [SAMPLE.encode(), b"def test_f():\n    assert f(1) == 2\n"]),
    "skill-folder": Target(_folder, lambda: [_bytes(DOCUMENT) + CUT + b"scripts/a.py" + CUT + b"checks/test_a.py"]),
    "bundle-paths": Target(_paths, lambda: [b"a/b.txt\nA/B.txt\n../c\nC:\\d\ncon\n", "é\ne\u0301\n".encode()], 20_000),
    "config": Target(_config, lambda: CONFIGS, 1_000),
    "http": Target(_http, _posts, 500),
}


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
