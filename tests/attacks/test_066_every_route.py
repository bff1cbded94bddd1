"""Attack 66: every way to ask a node for anything, each with what it takes; one without a line here fails this file.

Three lists: HTTP routes, operations (the command line, and the operator's door), tools of agents. Each is held to the
list that the program itself keeps. Then each one is asked without what it takes, with less than it takes, and with a
bug behind it: nothing changes, and the answer tells nothing about this machine.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.server.mcpserver.exceptions import ToolError
from starlette.routing import WebSocketRoute

from hansa.entrypoints import operations
from hansa.entrypoints.home import AGENT_TOKEN, READER_TOKEN
from hansa.entrypoints.http import admin, disputes, events, federation, joining, metrics, well_known
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import AGENT, EVERYTHING, READER, Scope, needed
from hansa.entrypoints.mcp.tools import all_tools
from hansa.entrypoints.steps import Result
from hansa.kernel.ids import content_id
from tests.attacks.specimens import key
from tests.attacks.test_063_agents_door import door
from tests.http.test_openapi import TEXT, _bundle
from tests.mcp.league import admit, hands
from tests.node.ways import Target
from tests.node.world import DOUBLE, SLUG, Resident, World, skill_message, speak

OPEN = "reads what this node passes on"
SIGNED = "takes a message signed by an author that was invited"
CODE = "takes the proof of an invitation's code, or puts who comes on a bounded list"
GREETS = "takes a signed greeting, of anybody"
NAMED = "takes the very bytes that a skill of an invited author names"
LOCAL = "reads, for programs of this machine and holders of a token"
OPERATOR = "takes the operator's token"
TOKEN = "takes a token, and does what the scopes of that token allow"
LINKS = "takes links of nodes that prove themselves, never of a page: attacks 39 and 64"

ROUTES = {
    ("GET", "/"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/style.css"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/skills"): OPEN,
    ("GET", "/skills/{id}"): OPEN,
    ("GET", "/skills/{id}/lineage"): OPEN,
    ("GET", "/skills/{id}/files/{digest}"): OPEN,
    ("GET", "/records/{id}"): OPEN,
    ("GET", "/roots"): OPEN,
    ("GET", "/heads"): OPEN,
    ("GET", "/policy"): OPEN,
    ("GET", "/instances"): OPEN,
    ("GET", "/revocations"): OPEN,
    ("GET", "/disputes"): OPEN,
    ("GET", "/disputes/{id}"): OPEN,
    ("GET", "/feed"): OPEN,
    ("GET", "/events"): OPEN,
    ("GET", "/.well-known/agent-skills/index.json"): OPEN,
    ("GET", "/.well-known/agent-skills/{id}/{name}/SKILL.md"): OPEN,
    ("GET", "/.well-known/agent-skills/{id}/{name}.zip"): OPEN,
    ("GET", "/metrics"): LOCAL,
    ("POST", "/skills"): SIGNED,
    ("POST", "/skills/bulk"): SIGNED,
    ("POST", "/records"): SIGNED,
    ("POST", "/hello"): GREETS,
    ("POST", "/join"): CODE,
    ("PUT", "/skills/{id}/files/{digest}"): NAMED,
    ("POST", "/admin/operations/{name}"): OPERATOR,
    ("GET", "/mcp"): TOKEN,
    ("POST", "/mcp"): TOKEN,
    ("DELETE", "/mcp"): TOKEN,
    ("WEBSOCKET", "/overlay"): LINKS,
}

READS = """constitution.show constitution.test dispute.list dispute.show
    events.list find key.show ledger.export ledger.list ledger.verify llm.list
    market.accounts market.flows market.forecast market.leases market.list market.match
    net.answers net.health net.paths net.peers net.status outbox.list peer.invites
    peer.list peer.requests policy.show roster.show recall.status reflection.export replay standing.list standing.show
    reflection.list reflection.pending reflection.recall reflection.summary report skill.bundle skill.entries
    skill.entry skill.export skill.file skill.list skill.look skill.show status task.list task.show why""".split()
CHANGES = """capabilities dispute.answer dispute.appeal dispute.evidence dispute.open dispute.rule dispute.withdraw
    execute key.recover key.revoke key.rotate key.rotate_root ledger.import llm.test
    market.offer market.release market.request market.withdraw
    net.connect net.tell outbox.drop outbox.retry join join.look
    peer.approve peer.invite peer.refuse peer.remove peer.set peer.withdraw policy.card predict prove
    proposal.applied proposal.list proposal.make proposal.permit proposal.show proposal.vote
    roster.create roster.follow roster.propose
    publish quarantine.settle recall recall.lift reflection.add reflection.approve
    reflection.drop reflection.import reflection.prune reflection.share skill.add
    skill.import skill.record skill.remove store.backup store.check store.repair subscribe sync task.cancel
    task.run unsubscribe""".split()
"""Also what reaches out, runs code, or writes down what it found."""

OF_AGENTS = {
    "status": Scope.READ,
    "net.status": Scope.READ,
    "find": Scope.READ,
    "skill.show": Scope.READ,
    "skill.entries": Scope.READ,
    "skill.entry": Scope.READ,
    "skill.file": Scope.READ,
    "why": Scope.READ,
    "skill.record": Scope.RECORD,
    "reflection.add": Scope.RECORD,
    "reflection.recall": Scope.RECORD,
    "reflection.list": Scope.RECORD,
    "reflection.summary": Scope.RECORD,
    "prove": Scope.PROVE,
    "publish": Scope.PUBLISH,
    "skill.list": Scope.REVIEW,
    "quarantine.settle": Scope.ADMIN,
}

TOOLS = {
    "find_skill": Scope.READ,
    "get_skill": Scope.READ,
    "node_status": Scope.READ,
    "net_status": Scope.READ,
    "why": Scope.READ,
    "record_trace": Scope.RECORD,
    "record_reflection": Scope.RECORD,
    "recall_reflections": Scope.RECORD,
    "list_reflections": Scope.RECORD,
    "reflection_summary": Scope.RECORD,
    "reflection_report": Scope.RECORD,
    "prove_skill": Scope.PROVE,
    "publish_skill": Scope.PUBLISH,
    "list_quarantine": Scope.REVIEW,
    "reject_skill": Scope.REVIEW,
    "approve_skill": Scope.ADMIN,
}

CHANGING = [place for place in ROUTES if place[0] not in ("GET", "WEBSOCKET")]
SEVERAL = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND".split()


def _names(places: list[tuple[str, str]]) -> list[str]:
    return [" ".join(place) for place in places]


def filled(path: str) -> str:
    """Returns a path of a route with what is held by `Target`."""
    bundle = _bundle()
    values = {"id": bundle.id, "digest": content_id(TEXT), "name": "status" if "admin" in path else "slugify"}
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path)
    yield world.settle("node")
    world.close()


async def target(folder: Path) -> Target:
    """Returns a node that holds a skill and a bundle, whose file is not here yet."""
    made = await Target.fresh(folder, role="hub")
    assert await made.push_all("http", [skill_message(made.author.key, one).raw for one in (DOUBLE, _bundle())]) == [
        "taken", "taken",
    ]  # fmt: skip
    return made


def state(of: Target) -> Any:
    store = of.node.store
    return of.snapshot(), store.subscriptions(), store.blob(content_id(TEXT)), store.ledger(), of.world.table.jobs


# ---- the lists are whole


def routes_of(door: Any) -> set[tuple[str, str]]:
    """Returns every route of an application, those of its routers too."""
    found = set()
    for router in (
        door.router,
        *(module.router for module in (admin, disputes, events, federation, joining, metrics, well_known)),
    ):
        for route in router.routes:
            if getattr(route, "path", None):
                methods = ["WEBSOCKET"] if isinstance(route, WebSocketRoute) else route.methods or ()
                found |= {(method, route.path) for method in methods}
    return {place for place in found if place[0] != "HEAD"}


def test_every_route_is_in_the_list(node: Resident) -> None:
    assert routes_of(node.door) == set(ROUTES)
    unnamed = [one for one in node.door.router.routes if not getattr(one, "path", None)]
    assert len(unnamed) == 7  # the routers above: another one belongs into `routes_of`
    described = {(method.upper(), path) for path, one in node.door.openapi()["paths"].items() for method in one}
    assert described <= set(ROUTES)


def test_every_operation_is_in_the_list() -> None:
    assert set(operations.OPERATIONS) == {*READS, *CHANGES}
    assert not set(READS) & set(CHANGES)
    reachable = {name: needed(name, {}) for name in operations.OPERATIONS if needed(name, {}) is not None}
    assert reachable == OF_AGENTS


def test_every_tool_is_in_the_list(node: Resident) -> None:
    tools = all_tools(hands(node, EVERYTHING))
    assert {tool.name: tool.scope for tool in tools} == TOOLS
    assert len(tools) == len(TOOLS)


def test_what_changes_something_is_given_to_no_reader(node: Resident) -> None:
    assert not [name for name in CHANGES if needed(name, {}) is Scope.READ]
    for tool in all_tools(hands(node, EVERYTHING)):
        hints = tool.annotations
        assert hints.read_only_hint or tool.scope not in READER, tool.name
        assert not (hints.read_only_hint and (hints.destructive_hint or hints.open_world_hint)), tool.name
    assert all(what in (OPEN, LOCAL, TOKEN) for (method, _), what in ROUTES.items() if method == "GET")
    assert all(what not in (OPEN, LOCAL) for (method, _), what in ROUTES.items() if method != "GET")


# ---- routes


@pytest.mark.parametrize(("method", "path"), CHANGING, ids=_names(CHANGING))
async def test_without_what_it_takes_a_route_changes_nothing(tmp_path: Path, method: str, path: str) -> None:
    aim = await target(tmp_path)
    stranger, banned = key(90), key(91)
    await aim.node.ask("peer.set", id=banned.public.did, banned=True)
    unsigned = json.loads(skill_message(aim.author.key, SLUG).raw) | {"signatures": []}
    before = state(aim)
    bodies = [b"", b"{}", b"null", b"[]", b'{"url":"http://127.0.0.1:9"}', TEXT + b"!", TEXT[:-1], SLUG.to_bytes(),
              json.dumps(unsigned).encode(), json.dumps(unsigned | {"signatures": None}).encode(),
              skill_message(stranger, SLUG).raw, skill_message(banned, SLUG).raw,
              speak(banned, "hello", {"versions": ["1.0"]}, created=aim.world.clock.now()).raw,
              speak(stranger, "tombstone", {"skill": DOUBLE.id, "why": "x"}).raw]  # fmt: skip
    tokens = [None, "", "Bearer", "Bearer ", "Bearer x", "Basic the-token", "Bearer the-token.", "the-toke"]
    async with door(aim.node) as http:
        for token in tokens:
            for body in bodies:
                headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": token})
                answer = await http.request(method, filled(path), content=body, headers=headers)
                taken = path == "/skills/bulk" and answer.status_code == 200
                assert taken or 400 <= answer.status_code < 500, (token, body, answer.text)
                if taken:
                    assert all(one["status"] >= 400 for one in answer.json()["answers"]), body
                discreet(answer, aim.node)
    assert state(aim) == before


@pytest.mark.parametrize("path", [path for (_, path), what in ROUTES.items() if what == OPERATOR])
async def test_the_operators_door_takes_the_operators_token_alone(tmp_path: Path, path: str) -> None:
    """For every operation there is: none is begun for an agent's token, a page, or another name of this machine."""
    aim = await target(tmp_path)
    async with door(aim.node) as http:
        lesser = [(aim.node.app.home / file).read_text().strip() for file in (AGENT_TOKEN, READER_TOKEN)]
        tries = [({}, 401), *(({"Authorization": f"Bearer {one}"}, 401) for one in [*lesser, "", "x"]),
                 ({"Authorization": "Bearer the-token", "Origin": "http://127.0.0.1:8470"}, 403),
                 ({"Authorization": "Bearer the-token", "Host": "10.1.1.1"}, 403)]  # fmt: skip
        for name in operations.OPERATIONS:
            for headers, expected in tries:
                answer = await http.post(path.replace("{name}", name), json={}, headers=headers)
                assert answer.status_code == expected, (name, headers)
                discreet(answer, aim.node)
    assert not [one for one in aim.node.store.journal_refs("", 1_000) if "the-token" in one]


async def test_what_reads_changes_nothing_whatever_it_is_asked(tmp_path: Path) -> None:
    aim = await target(tmp_path)
    await aim.node.node.conduct.signed_card()  # signed when it is first needed: here, before anybody asks
    before = state(aim)
    queries = [
        "",
        "?limit=1&after=0",
        "?intent=drop%20table%20skills",
        "?node=x&after=1",
        "?wait=0&kind=x",
        "?_method=DELETE",
    ]
    async with door(aim.node) as http:
        for (method, path), what in ROUTES.items():
            if method != "GET" or what == TOKEN or path == "/events":
                continue
            for query in queries:
                headers = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT"}
                answer = await http.get(filled(path) + query, headers=headers)
                assert answer.status_code < 500, path
                discreet(answer, aim.node)
    assert state(aim) == before


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
async def test_no_other_method_does_anything(tmp_path: Path, path: str) -> None:
    aim = await target(tmp_path)
    before = state(aim)
    async with door(aim.node) as http:
        for method in SEVERAL:
            if (method, path) in ROUTES or (method == "HEAD" and path in ("/openapi.json", "/mcp")):
                continue
            answer = await http.request(
                method, filled(path), content=b"{}", headers={"Authorization": "Bearer the-token"}
            )
            assert answer.status_code in (400, 404, 405, 406, 415), (method, path, answer.status_code)
    assert state(aim) == before


async def test_numbers_are_for_this_machine_and_for_holders_of_a_token(tmp_path: Path) -> None:
    aim = await target(tmp_path)
    for client in (("10.0.0.7", 5), ("127.0.0.1", 5)):
        async with door(aim.node, client) as http:
            local = client[0] == "127.0.0.1"
            assert (await http.get("/metrics")).status_code == (200 if local else 401)
            assert (await http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 401
            assert (await http.get("/metrics", headers={"Authorization": "Bearer x"})).status_code == 401


# ---- answers tell nothing about this machine


def discreet(answer: httpx2.Response, node: Resident) -> None:
    """Holds an answer to: no path of this machine, no source, no token, no version of anything behind the door."""
    told = answer.text + str(dict(answer.headers))
    seed = node.key.seed if hasattr(node.key, "seed") else b""
    for secret in (str(node.app.home), "the-token", "Traceback", 'File "', "site-packages", "sqlite3", "/src/hansa",
                   seed.hex() or "the-token"):  # fmt: skip
        assert secret not in told, (secret, told[:500])
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & {name.lower() for name in answer.headers}


class Broken:
    """A store with a bug: whatever is asked of it raises, with a path and a secret in the words."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise RuntimeError(f"{self._home}/hansa.db: the-token, sqlite3 said no to {name}")

        return fail


@pytest.mark.parametrize(
    ("method", "path"), [place for place in ROUTES if place[1] not in ("/mcp", "/events")], ids=str
)
async def test_a_bug_behind_a_route_tells_nothing(tmp_path: Path, method: str, path: str) -> None:
    aim = await target(tmp_path)
    node = aim.node
    raw = skill_message(aim.author.key, SLUG).raw
    node.node.core.store = Broken(node.app.home)  # type: ignore[assignment]
    transport = httpx2.ASGITransport(node.door, client=("127.0.0.1", 5), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8470") as http:
        answer = await http.request(method, filled(path), content=raw, headers={"Authorization": "Bearer wrong"})
        discreet(answer, node)
        if method == "GET":
            discreet(await http.get(filled(path)), node)


# ---- tools and operations of agents


class Listener:
    """Stands for a client that hears of progress."""

    async def report_progress(self, *_: Any) -> None:
        pass


def arguments(function: Any) -> dict[str, Any]:
    """Returns arguments that fit a tool's parameters."""
    made: dict[str, Any] = {
        "trace_id": DOUBLE.id,
        "intent": "x",
        "reasoning_steps": ["x"],
        "result": "x",
        "why": "x",
        "ctx": Listener(),
    }
    parameters = inspect.signature(function).parameters
    return {name: made.get(name) for name, one in parameters.items() if one.default is inspect.Parameter.empty}


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_tool_itself_refuses_a_session_without_its_scope(node: Resident, tool: str) -> None:
    """Were it listed by mistake, it still would do nothing but read."""
    await admit(node, DOUBLE)
    begun: list[str] = []

    async def steps(operation: str, arguments: dict[str, Any]) -> Any:
        begun.append(operation)
        async for step in operations.run(node.app, operation, arguments):
            yield step

    for scopes in (frozenset[Scope](), EVERYTHING - {TOOLS[tool]}):
        held = Hands(steps, scopes)
        (one,) = (one for one in all_tools(held) if one.name == tool)
        with pytest.raises(ToolError, match="scope"):
            await one.function(**arguments(one.function))
        assert not begun or scopes
    assert {needed(name, {}) for name in begun} <= {Scope.READ}


@pytest.mark.parametrize("name", sorted(operations.OPERATIONS))
async def test_an_operation_is_begun_with_its_scope_only(name: str) -> None:
    begun: list[str] = []

    async def steps(operation: str, arguments: dict[str, Any]) -> Any:
        begun.append(operation)
        yield Result({})

    scope = OF_AGENTS.get(name)
    for scopes in (frozenset[Scope](), READER, AGENT, EVERYTHING - {scope}, EVERYTHING):
        held = Hands(steps, scopes)  # type: ignore[arg-type]
        if scope in scopes:
            await held.ask(name)
            assert begun.pop() == name
        else:
            with pytest.raises(ToolError):
                await held.ask(name)
    assert begun == []


# ---- what is not signed is an error, never "all is well"


@pytest.mark.parametrize("path", ["/skills", "/records", "/hello"])
async def test_an_unsigned_object_is_an_error(tmp_path: Path, path: str) -> None:
    aim = await Target.fresh(tmp_path)
    signed = json.loads(skill_message(aim.author.key, DOUBLE).raw)
    before = aim.snapshot()
    async with aim.node.http() as http:
        for signatures in ([], None, [{}], [{"keyid": "", "sig": ""}], [{"keyid": aim.author.id, "sig": ""}], "none"):
            answer = await http.post(path, content=json.dumps(signed | {"signatures": signatures}).encode())
            assert 400 <= answer.status_code < 500
            assert answer.json()["verdict"] == "reject"
        for bare in (signed["payload"], {"payload": signed["payload"]}, {}):
            assert 400 <= (await http.post(path, content=json.dumps(bare).encode())).status_code < 500
    assert aim.snapshot() == before
    assert sum(aim.node.refusals().values()) >= 9
