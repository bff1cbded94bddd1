"""Every route of the door (H5): codes, shapes, paging, headers, and what is not shown there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hansa.entrypoints.http import ingest
from hansa.kernel.ids import content_id
from hansa.skills.importing.skill_folder import read_skill_folder
from tests.attacks.forgeries import forgeries
from tests.attacks.specimens import key
from tests.node.world import (
    DOUBLE,
    SLUG,
    START,
    Resident,
    World,
    make_skill,
    multiplier,
    skill_message,
    speak,
    true_claim,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "memory")
    yield made
    made.close()


@pytest.fixture
def hub(world: World) -> Resident:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    world.table.teach(SLUG)
    world.table.teach(DOUBLE)
    return hub


@pytest.fixture
def a(world: World, hub: Resident) -> Resident:
    return world.residents[1]


async def get(node: Resident, path: str, **parameters: Any) -> Any:
    async with node.http() as http:
        return await http.get(path, params=parameters or None)


async def post(node: Resident, path: str, raw: bytes, **headers: str) -> Any:
    async with node.http() as http:
        return await http.post(path, content=raw, headers=headers)


# ---- submitting


@pytest.mark.parametrize("path", ["/skills", "/records"])
async def test_201_says_what_became_of_it(hub: Resident, a: Resident, path: str) -> None:
    message = skill_message(a.key, SLUG)
    answer = await post(hub, path, message.raw)
    assert answer.status_code == 201
    assert answer.json() == {"trace_id": SLUG.id, "record": message.id, "kind": "skill", "state": "quarantined"}


def test_a_message_is_taken_by_one_function_whichever_way_it_comes() -> None:
    by_path = {path: endpoint for path, endpoint, _, _ in ingest.ROUTES}
    assert by_path["/skills"] is by_path["/records"]


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        (b"", 400, "not_json"),
        (b"{}", 400, "bad_envelope"),
        (b"[1,2", 400, "not_json"),
        (b'{"a": 1}', 400, "not_canonical"),
        (b"x" * (256 * 1024 + 1), 413, "too_large"),
        (b"[" * 40, 400, "too_deep"),
    ],
    ids=["nothing", "empty", "half", "blanks", "large", "deep"],
)
@pytest.mark.parametrize("path", ["/skills", "/records", "/hello", "/join"])
async def test_what_is_no_message_is_refused_with_a_reason(
    hub, path: str, raw: bytes, status: int, reason: str
) -> None:
    answer = await post(hub, path, raw)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert set(answer.json()) == {"reason", "verdict", "box", "detail", "message"}
    assert answer.json()["message"].startswith(f"{reason}: ")


async def test_each_refusal_has_its_own_status(world: World, hub: Resident, a: Resident) -> None:
    good = skill_message(a.key, SLUG)
    forged = dict(forgeries(good, [a.key, key(2)]))

    async def status(raw: bytes, path: str = "/skills") -> tuple[int, str]:
        answer = await post(hub, path, raw)
        return answer.status_code, answer.json().get("reason", "")

    assert await status(forged["no signature"]) == (400, "unsigned")
    assert await status(forged["other key 1 under the author's key id"]) == (400, "forged")
    assert await status(skill_message(key(5), SLUG).raw) == (403, "unknown_peer")
    assert await status(good.raw) == (201, "")
    assert await status(good.raw) == (409, "duplicate")
    assert await status(speak(a.key, "tombstone", {"skill": "0" * 64, "why": ""}).raw, "/records") == (
        404,
        "unknown_skill",
    )
    assert await status(speak(a.key, "tombstone", {"skill": SLUG.id, "why": ""}).raw, "/records") == (201, "")
    assert await status(skill_message(a.key, SLUG).raw) == (410, "tombstoned")
    assert await status(skill_message(a.key, DOUBLE, recipient=key(9).public.did).raw) == (400, "wrong_recipient")
    await hub.ask("peer.set", id=a.id, banned=True)
    assert await status(skill_message(a.key, DOUBLE).raw) == (403, "banned")
    await hub.ask("peer.set", id=a.id, banned=False, invited=True, per_minute=1)
    assert [(await status(skill_message(a.key, multiplier(n)).raw))[0] for n in range(5, 8)][-1] == 429
    await hub.ask("peer.set", id=a.id, per_minute=1_000)
    twice = skill_message(a.key, DOUBLE, seq=int(json.loads(good.payload)["seq"])).raw
    assert await status(twice) == (409, "equivocation")
    assert await status(skill_message(a.key, multiplier(9)).raw) == (403, "barred")


async def test_a_lineage_that_makes_no_sense_is_refused(hub: Resident, a: Resident) -> None:
    for lineage in (("0" * 64,) * 2, tuple(f"{n:064x}" for n in range(33))):
        skill = multiplier(9, lineage=lineage)
        answer = await post(hub, "/skills", skill_message(a.key, skill).raw)
        assert (answer.status_code, answer.json()["reason"]) == (400, "bad_lineage")


async def test_bulk_answers_line_by_line_and_one_bad_line_stops_no_other(hub: Resident, a: Resident) -> None:
    good = [skill_message(a.key, skill).raw for skill in (SLUG, DOUBLE)]
    answer = await post(hub, "/skills/bulk", b"\n".join([good[0], b"junk", b"", good[1], good[0]]))
    told = answer.json()
    assert answer.status_code == 200
    assert [one["status"] for one in told["answers"]] == [201, 400, 201, 409]
    assert told["count"] == 4
    assert told["answers"][0]["trace_id"] == SLUG.id
    assert (await post(hub, "/skills/bulk", b"")).json() == {"answers": [], "count": 0}


# ---- reading


async def test_skills_are_listed_by_intent_tag_and_author(hub: Resident, a: Resident) -> None:
    for skill in (SLUG, DOUBLE):
        await a.publish(skill, hub)

    async def listed(**parameters: Any) -> list[str]:
        answer = await get(hub, "/skills", **parameters)
        assert answer.status_code == 200
        assert set(answer.json()) == {"skills", "count", "next"}
        assert answer.json()["count"] == len(answer.json()["skills"])
        return [one["intent"] for one in answer.json()["skills"]]

    assert sorted(await listed()) == sorted([SLUG.intent, DOUBLE.intent])
    assert await listed(intent="make a URL slug from a title") == [SLUG.intent]
    assert await listed(intent="bake bread") == []
    assert await listed(tag="arithmetic") == [DOUBLE.intent]
    assert await listed(intent=SLUG.intent, tag="arithmetic") == []
    assert sorted(await listed(author=a.id)) == sorted([SLUG.intent, DOUBLE.intent])
    assert await listed(author=hub.id) == []
    assert await listed(limit=1, tag="text") == [SLUG.intent]
    assert await listed(after="0" * 64) == []


async def test_a_node_lists_only_what_it_published_itself(world: World, hub: Resident, a: Resident) -> None:
    await a.publish(SLUG, hub)
    await a.add(DOUBLE)
    await a.prove(DOUBLE)
    await a.subscribe(hub)
    shown = (await get(a, "/skills")).json()["skills"]
    assert [one["trace_id"] for one in shown] == [SLUG.id]
    for path in (f"/skills/{DOUBLE.id}", f"/skills/{DOUBLE.id}/lineage", f"/skills/{DOUBLE.id}/files/{'0' * 64}"):
        assert (await get(a, path)).status_code == 404
    assert (await get(a, "/skills", intent=DOUBLE.intent)).json()["skills"] == []


async def test_one_skill_with_what_is_known_of_it(hub: Resident, a: Resident) -> None:
    child = multiplier(6, lineage=(SLUG.id, "1" * 64))
    for skill in (SLUG, child):
        await post(hub, "/skills", skill_message(a.key, skill).raw)
    shown = (await get(hub, f"/skills/{child.id[:16]}")).json()
    assert {"trace_id", "intent", "confidence", "verification_score", "reasoning_path", "result", "checks", "findings",
            "receipts", "publishers", "lineage", "instance_id", "evidence", "created_at",
            "license"} <= set(shown)  # fmt: skip
    assert (shown["confidence"], shown["verification_score"]) == (0.0, 0.0)  # computed here, not claimed
    assert shown["publishers"] == [a.id]
    lineage = (await get(hub, f"/skills/{child.id}/lineage")).json()
    assert lineage == {
        "parents": [SLUG.id, "1" * 64], "depth": 1, "resolved": [{"trace_id": SLUG.id, "intent": SLUG.intent}],
        "unresolved": ["1" * 64],
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/skills/abc", "/skills/ABCDEF", "/skills/..%2f..%2fetc", "/skills/" + "0" * 65,
                                  "/skills/%00%00%00%00", "/records/1234", "/skills/zzzz/lineage"])  # fmt: skip
async def test_an_id_that_is_none_is_400_or_404(hub: Resident, path: str) -> None:
    answer = await get(hub, path)
    assert answer.status_code in (400, 404)
    assert answer.json()["reason"] in ("bad_argument", "http", "notfound")


@pytest.mark.parametrize("path", ["/skills/{}", "/skills/{}/lineage", "/records/{}", "/skills/{}/files/" + "0" * 64])
async def test_what_is_not_here_is_404_and_names_what_was_asked(hub: Resident, path: str) -> None:
    answer = await get(hub, path.format("0" * 64))
    assert answer.status_code == 404
    assert answer.json()["reason"] == "notfound"
    assert "<built-in" not in answer.json()["message"]


async def test_an_unpublished_skill_is_not_told_from_one_that_is_not_here(a: Resident) -> None:
    await a.add(DOUBLE)
    told = [(await get(a, f"/skills/{id_}")).json()["message"].replace(id_, "") for id_ in (DOUBLE.id, "0" * 64)]
    assert told[0] == told[1]


async def test_a_record_comes_back_byte_for_byte(hub: Resident, a: Resident) -> None:
    message = skill_message(a.key, SLUG)
    await post(hub, "/skills", message.raw)
    answer = await get(hub, f"/records/{message.id}")
    assert (answer.status_code, answer.content) == (200, message.raw)


async def test_a_record_that_is_not_in_the_feed_is_not_given_out(world: World, hub: Resident, a: Resident) -> None:
    publication = await a.publish(SLUG, hub)
    b = world.settle("b")
    await b.subscribe(hub)
    await b.pull(hub)
    assert (await get(b, f"/records/{publication.record}")).status_code == 404
    assert (await get(b, f"/skills/{SLUG.id}")).status_code == 404


async def test_a_removed_skill_is_not_listed_any_more(hub: Resident, a: Resident) -> None:
    await a.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id, why="wrong")
    await a.deliver()
    assert (await get(hub, "/skills")).json()["skills"] == []
    assert (await get(hub, "/skills", intent=SLUG.intent)).json()["skills"] == []
    gone = (await get(hub, "/revocations")).json()
    assert (gone["count"], gone["revocations"][0]["why"]) == (1, "wrong")


async def test_a_removed_skills_content_is_not_given_out(hub: Resident, a: Resident) -> None:
    await a.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id, why="wrong")
    await a.deliver()
    answer = await get(hub, f"/skills/{SLUG.id}")
    assert SLUG.result.text not in json.dumps(answer.json(), ensure_ascii=False).replace("\\n", "\n")


async def test_instances_are_those_that_were_met(hub: Resident, a: Resident) -> None:
    hello = speak(a.key, "hello", {"versions": ["1.0"], "name": "A", "role": "node", "skills": 3}, created=START)
    await post(hub, "/hello", hello.raw)
    told = (await get(hub, "/instances")).json()
    assert told["count"] == 1
    assert told["instances"] == [
        {"instance_id": a.id, "name": "A", "role": "node", "last_seen": told["instances"][0]["last_seen"]}
    ]  # what the operator settled about it is nobody's business


async def test_a_greeting_is_answered_by_a_signed_welcome_for_it(hub: Resident, a: Resident) -> None:
    from hansa.identity import envelope

    hello = speak(a.key, "hello", {"versions": ["9.9", "1.0"]}, created=START)
    answer = await post(hub, "/hello", hello.raw)
    welcome = envelope.verify(envelope.read(answer.content))
    assert (welcome.author, welcome.header.recipient, welcome.header.kind) == (hub.id, a.id, "welcome")
    assert welcome.body == {"to": hello.id, "version": "1.0", "name": "hub", "role": "hub"}


async def test_versions_that_are_not_spoken_here_are_named(hub: Resident, a: Resident) -> None:
    hello = speak(a.key, "hello", {"versions": ["7.0", "8.0"]}, created=START)
    answer = await post(hub, "/hello", hello.raw)
    assert (answer.status_code, answer.json()["reason"]) == (400, "unsupported_version")
    assert "7.0" in answer.json()["message"]
    assert "1.0" in answer.json()["message"]


async def test_the_feed_is_a_signed_page(hub: Resident, a: Resident) -> None:
    from hansa.identity import envelope

    ids = [(await a.publish(skill, hub)).record for skill in (SLUG, DOUBLE)]
    page = (await get(hub, "/feed", after=1)).json()
    assert [(item["place"], item["id"]) for item in page["items"]] == [(2, ids[1])]
    index = envelope.verify(envelope.read(page["index"].encode()))
    assert (index.author, index.body["length"]) == (hub.id, 2)
    assert (await get(hub, "/feed", after=99)).json()["items"] == []


# ---- files of bundles


def bundle():
    files = {
        "SKILL.md": b"---\nname: stars\ndescription: count the stars\nlicense: MIT\n---\n# Look up\nCount.\n",
        "notes.html": b"<script>alert(1)</script>",
    }
    return read_skill_folder("stars", files, ""), content_id(files["notes.html"]), files["notes.html"]


async def test_a_file_is_taken_when_a_skill_names_it_and_given_out_as_bytes(hub: Resident, a: Resident) -> None:
    draft, digest, data = bundle()
    path = f"/skills/{draft.skill.id}/files/{digest}"
    async with hub.http() as http:
        assert (await http.put(path, content=data)).status_code == 404
        await http.post("/skills", content=skill_message(a.key, draft.skill, true_claim()).raw)
        assert (await http.get(path)).status_code == 404
        for wrong in (b"", data[:-1], b"x" * len(data)):
            assert (await http.put(path, content=wrong)).json()["reason"] == "bad_body"
        assert (await http.put(path, content=data + b"x")).status_code == 413
        assert (await http.put(path.replace(digest, "0" * 64), content=data)).status_code == 404
        assert (await http.get(path)).status_code == 404
        for _ in range(2):
            assert (await http.put(path, content=data)).status_code == 201
        answer = await http.get(path)
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (answer.headers["content-disposition"], answer.headers["x-content-type-options"]) == (
        "attachment",
        "nosniff",
    )


# ---- the door itself


async def test_health_and_readiness(hub: Resident) -> None:
    assert (await get(hub, "/healthz")).json() == {"status": "ok"}
    assert (await get(hub, "/readyz")).json() == {"status": "ready", "feed": 0}
    hub.door.state.stopping.set()
    assert (await get(hub, "/readyz")).status_code == 503


async def test_the_description_lists_every_route(hub: Resident) -> None:
    described = (await get(hub, "/openapi.json")).json()
    listed = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert {
        ("POST", "/skills"), ("GET", "/skills"), ("POST", "/skills/bulk"), ("POST", "/records"), ("GET", "/instances"),
        ("GET", "/revocations"), ("GET", "/disputes"), ("GET", "/disputes/{id}"),
        ("POST", "/hello"), ("POST", "/join"), ("GET", "/feed"), ("GET", "/events"),
        ("GET", "/healthz"),
        ("GET", "/readyz"), ("GET", "/roots"), ("GET", "/heads"),
        ("GET", "/policy"), ("GET", "/.well-known/agent-skills/index.json"),
        ("GET", "/.well-known/agent-skills/{id}/{name}/SKILL.md"),
        ("GET", "/.well-known/agent-skills/{id}/{name}.zip"),
    } <= listed  # fmt: skip
    assert len(listed) == 25
    assert not [path for _, path in listed if "admin" in path]
    entries = [entry for methods in described["paths"].values() for entry in methods.values()]
    assert all(entry["summary"] for entry in entries)
    assert len({entry["operationId"] for entry in entries}) == len(entries)


async def test_the_reference_page_works_offline_and_runs_nothing(hub: Resident) -> None:
    page = await get(hub, "/docs")
    assert page.status_code == 200
    assert not re.search(r"<script|\son\w+=|javascript:", page.text, re.IGNORECASE)
    assert re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", page.text) == []
    for path in re.findall(r'href="([^"]+)"', page.text):
        assert (await get(hub, path)).status_code == 200, path
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    described = (await get(hub, "/openapi.json")).json()
    for path in described["paths"]:
        assert path in page.text
    assert (await get(hub, "/")).headers["location"] == "/docs"
    assert (await get(hub, "/style.css")).headers["content-type"].startswith("text/css")
    for path in ("/redoc", "/static/x.js"):
        assert (await get(hub, path)).status_code == 404


@pytest.mark.parametrize("path", ["/nothing", "/skills/", "/admin", "/admin/operations", "/.git/config", "//",
                                  "/%2e%2e/key",
                                  "/feed/1", "/hello/x", "/files"])  # fmt: skip
async def test_an_unknown_path_is_404_in_json(hub: Resident, path: str) -> None:
    answer = await get(hub, path)
    assert answer.status_code in (307, 404)
    if answer.status_code == 404:
        assert answer.json() == {"reason": "http", "message": "no such path here: see /docs"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/skills/bulk/"), ("DELETE", "/skills"), ("PUT", "/skills"), ("PATCH", "/feed"), ("POST", "/feed"),
     ("GET", "/hello"), ("DELETE", "/records/" + "0" * 64), ("POST", "/instances"), ("GET", "/admin/operations/status"),
     ("DELETE", "/healthz"), ("TRACE", "/skills"), ("POST", "/docs")],
)  # fmt: skip
async def test_a_wrong_method_is_405_in_json(hub: Resident, method: str, path: str) -> None:
    async with hub.http() as http:
        answer = await http.request(method, path)
    if path.endswith("/"):
        assert answer.status_code in (307, 404, 405)
        return
    assert answer.status_code == 405
    assert answer.json()["reason"] == "http"
    assert answer.headers["allow"]


async def test_no_door_allows_another_origin_to_read(hub: Resident) -> None:
    async with hub.http() as http:
        for path in ("/skills", "/feed", "/instances", "/openapi.json"):
            answer = await http.get(path, headers={"Origin": "http://evil.example"})
            assert "access-control-allow-origin" not in answer.headers
        answer = await http.options(
            "/skills", headers={"Origin": "http://evil", "Access-Control-Request-Method": "POST"}
        )
        assert answer.status_code == 405


async def test_a_skill_by_many_names_is_still_one(hub: Resident, a: Resident) -> None:
    """A prefix that fits two skills asks for more characters."""
    starts: dict[str, int] = {}
    for factor in range(2, 900):
        start = multiplier(factor).id[:4]
        if start in starts:
            break
        starts[start] = factor
    for one in (starts[start], factor):
        await post(hub, "/skills", skill_message(a.key, multiplier(one)).raw)
    answer = await get(hub, f"/skills/{start}")
    assert (answer.status_code, answer.json()["reason"]) == (404, "notfound")
    assert "not unique" in answer.json()["message"]


async def test_text_in_every_script_goes_in_and_out_alike(hub: Resident, a: Resident) -> None:
    intent = 'Größe · 尺寸 · μέγεθος · \U0001f40b "quoted" \\ back'
    skill = make_skill("size", "def size(x):\n    return x\n", {"(1,)": "1"}, intent)
    await post(hub, "/skills", skill_message(a.key, skill).raw)
    assert (await get(hub, f"/skills/{skill.id}")).json()["intent"] == intent


async def test_the_framework_tells_nobody_whatever_the_environment_says(
    hub: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that somebody else has set up in this process hears of no request."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    async with hub.http() as http:
        assert (await http.get("/healthz")).status_code == 200
    assert exporter.get_finished_spans() == ()
