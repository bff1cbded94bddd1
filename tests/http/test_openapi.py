"""The door does what its own description says: no 5xx, documented codes, types and shapes (threats 12 and 66).

Calls are made up from /openapi.json, with fixed seeds; some name what is held here and carry messages that are signed,
so that they get behind the first refusal. The streams without an end are left out: tests/http/test_waiting.py has them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from hansa.entrypoints.http.openapi import ANSWERS, BODIES, SKILLS
from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import DAY
from hansa.overlay.invitation import Invitation, proof
from hansa.skills.importing.draft import Draft
from hansa.skills.importing.skill_folder import read_skill_folder
from hansa.skills.model import Skill
from tests.attacks.specimens import key, scaled
from tests.mcp.league import admit, folder_skill
from tests.node.cases import accusation
from tests.node.world import DOUBLE, SLUG, START, Resident, World, multiplier, skill_message, speak
from tests.skills.importing.test_skill_folder import DOCUMENT

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (the extra dev)")

from schemathesis.checks import not_a_server_error  # noqa: E402 - only where it is installed
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


@schemathesis.serializer("application/x-ndjson")  # type: ignore[untyped-decorator]
def _lines(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = {"/events"}
PLACES = sorted(place for place in {*ANSWERS, *BODIES} if place[1] not in ENDLESS)
EXAMPLES = scaled(20)
TEXT = b"text of a bundle"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"), "sqlite")
    served = {"hosts": ("hub", "shop", "testserver")}  # the name by which schemathesis asks
    hub, a = made.settle("hub", "hub", config=served), made.settle("a")
    shop = made.settle("shop", config=served)
    made.invite(hub, a)
    asyncio.run(admit(shop, DOUBLE, folder_skill(), publish=True))
    asyncio.run(_fill(hub, a))
    yield made
    made.close()


def _bundle() -> Skill:
    draft = read_skill_folder("x", {"SKILL.md": DOCUMENT, "data/a.txt": TEXT})
    assert isinstance(draft, Draft)
    return draft.skill


async def _fill(hub: Resident, a: Resident) -> None:
    bundle = _bundle()
    async with hub.http() as http:
        for number, skill in enumerate((SLUG, DOUBLE, bundle), 1):
            answer = await http.post("/skills", content=skill_message(a.key, skill, seq=number).raw)
            assert answer.status_code == 201, answer.text
        opener = key(70)
        await hub.ask("peer.set", id=opener.public.did, invited=True)
        for message in accusation(opener, SLUG, skill_message(a.key, SLUG, seq=1), a.key):
            answer = await http.post("/records", content=message.raw)
            assert answer.status_code == 201, answer.text
        brought = await http.put(f"/skills/{bundle.id}/files/{content_id(TEXT)}", content=TEXT)
        assert brought.status_code == 201, brought.text


@pytest.fixture(scope="module")
def schemas(world: World) -> dict[bool, Any]:
    """Gives the hub, which takes what is sent; and, for Agent Skills, a node that has proved what it passes on."""
    hub, _, shop = world.residents
    doors = {False: hub.door, True: shop.door}
    return {skills: schemathesis.openapi.from_asgi("/openapi.json", door) for skills, door in doors.items()}


def _real_parameters(world: World, path: str) -> list[dict[str, str]]:
    """Returns path parameters that name what is held here."""
    rows = world.residents[0].store.feed(0, 3)
    if path == "/disputes/{id}":
        return [{"id": one["case"]} for one in world.residents[0].node.cases.listed()[0]]
    bundle = [{"id": _bundle().id, "digest": content_id(TEXT)}]
    catalogue = world.residents[2].node.catalogue.public()
    listed = [{"id": one.bundle.id, "name": one.bundle.name, "digest": ""} for one in catalogue]
    if path.startswith(SKILLS):
        return listed
    return bundle + [{"id": one, "digest": "0" * 64} for row in rows for one in (row.id, row.subject)]


def _real_bodies(world: World, place: int) -> list[bytes]:
    """Returns bodies, most of them signed by an invited author; each place gets messages of its own."""
    hub, a, _ = world.residents
    numbers = range(100 * place, 100 * place + 3)
    skills = [skill_message(a.key, multiplier(number), seq=1_000 + number).raw for number in numbers]
    hellos = [speak(a.key, "hello", {"versions": ["1.0"]}, seq=10_000 + number).raw for number in numbers]
    invited = [Invitation(number + 1, 1, START + DAY, START) for number in numbers]
    for one in invited:
        asyncio.run(hub.node.doorkeeper.issue(one))
    joins = [
        speak(
            key(number), "join", {"proof": proof(one.secret, hub.id, NodeId(key(number).public.did))}, recipient=hub.id
        ).raw
        for number, one in zip(numbers, invited, strict=True)
    ]
    junk = [b"", b"{}", b"\xff", b"[" * 100, b"\n".join(skills[:3])]
    return [TEXT, *skills, *hellos, *joins, *junk, *(row.envelope for row in hub.store.feed(0, 3))]


@pytest.mark.parametrize(("method", "path"), PLACES, ids=[f"{method} {path}" for method, path in PLACES])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_an_answer_is_one_of_those_described(world: World, schemas: dict[bool, Any], method: str, path: str) -> None:
    operation = schemas[path.startswith(SKILLS)][path][method.upper()]
    seen: Counter[int] = Counter()

    def check(case: Any) -> None:
        if case.query and "wait" in case.query:
            case.query["wait"] = 0
        response = case.call()
        seen[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    for named in _real_parameters(world, path) if "{" in path else [{}]:
        case_of = partial(
            operation.Case, path_parameters={name: named[name] for name in named if f"{{{name}}}" in path}
        )
        for body in _real_bodies(world, PLACES.index((method, path))) if (method, path) in BODIES else [None]:
            check(case_of() if body is None else case_of(body=body, media_type="application/octet-stream"))
    assert any(code < 300 for code in seen), f"nothing but refusals: {seen}"

    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def made_up(case: Any) -> None:
        check(case)

    made_up()


def test_every_route_of_the_description_says_what_it_answers(world: World) -> None:
    paths = world.residents[0].door.openapi()["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == set(ANSWERS)
    assert set(BODIES) <= set(ANSWERS)
    for path, methods in paths.items():
        for method, entry in methods.items():
            assert "422" not in entry["responses"], (method, path)
            assert ("requestBody" in entry) == (method in ("post", "put")), (method, path)
