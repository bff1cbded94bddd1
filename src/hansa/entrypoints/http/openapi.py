"""The door's own description, completed: bodies that are read by hand, what is answered, and every refusal's shape.

FastAPI writes down what it reads itself: paths and parameters. Messages it never parses (their bytes are signed), and
errors go through one table of ours. Both are added here, in one place, so that a route says nothing twice.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI

from hansa.node.subscribing import FeedPage

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_ID: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ANY_ID: Json = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}
_BASE64: Json = {"type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}


def _object(required: Json, **optional: Any) -> Json:
    properties = {**required, **optional}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


PROBLEM = _object({"reason": _TEXT, "message": _TEXT}, verdict=_TEXT, box=_TEXT, detail=_TEXT)
ENVELOPE = _object(
    {
        "payload": _BASE64,
        "payloadType": {"type": "string", "maxLength": 128},
        "signatures": {**_list({"type": "object", "required": ["keyid", "sig"]}), "minItems": 1, "maxItems": 16},
    }
)
_TAKEN = _object({"trace_id": _ANY_ID, "record": _ID, "kind": _TEXT}, state=_TEXT)
_SKILL: Json = {"type": "object", "required": ["trace_id", "intent"]}
_LISTED = _object(
    {
        "name": _TEXT,
        "description": _TEXT,
        "type": {"enum": ["skill-md", "archive"]},
        "url": _TEXT,
        "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "hansa": {"type": "object", "required": ["trace_id", "instance_id", "evidence", "trials", "confidence"]},
    }
)
_ANSWER: Json = {"type": "object", "properties": {"status": {"type": "integer"}}, "required": ["status"]}

JSON, BYTES, EVENTS, LINES = "application/json", "application/octet-stream", "text/event-stream", "application/x-ndjson"
MARKDOWN, ARCHIVE = "text/markdown", "application/zip"
SKILLS = "/.well-known/agent-skills"

BODIES: dict[tuple[str, str], tuple[str, Json]] = {
    ("post", "/skills"): (JSON, ENVELOPE),
    ("post", "/records"): (JSON, ENVELOPE),
    ("post", "/hello"): (JSON, ENVELOPE),
    ("post", "/join"): (JSON, ENVELOPE),
    ("post", "/skills/bulk"): (LINES, {"type": "string", "description": "One signed message a line."}),
    ("put", "/skills/{id}/files/{digest}"): (BYTES, {"type": "string", "format": "binary"}),
}
"""What a route reads by hand: its media type and shape."""

ANSWERS: dict[tuple[str, str], tuple[str, Json]] = {
    ("post", "/skills"): (JSON, _TAKEN),
    ("post", "/records"): (JSON, _TAKEN),
    ("post", "/skills/bulk"): (JSON, _object({"answers": _list(_ANSWER), "count": _COUNT})),
    ("get", "/skills"): (
        JSON,
        _object({"skills": _list(_SKILL), "count": _COUNT, "next": {"anyOf": [_ID, {"type": "null"}]}}),
    ),
    ("get", "/skills/{id}"): (JSON, _SKILL),
    ("get", "/skills/{id}/lineage"): (JSON, {"type": "object"}),
    ("get", "/skills/{id}/files/{digest}"): (BYTES, {"type": "string", "format": "binary"}),
    ("put", "/skills/{id}/files/{digest}"): (JSON, _object({"digest": _ID})),
    ("get", "/records/{id}"): (JSON, ENVELOPE),
    ("get", "/roots"): (JSON, _object({"roots": _list(_TEXT)})),
    ("get", "/policy"): (JSON, ENVELOPE),
    ("get", "/heads"): (JSON, _object({"heads": _list(_TEXT)})),
    ("get", f"{SKILLS}/index.json"): (JSON, _object({"$schema": _TEXT, "skills": _list(_LISTED)})),
    ("get", f"{SKILLS}/{{id}}/{{name}}/SKILL.md"): (MARKDOWN, _TEXT),
    ("get", f"{SKILLS}/{{id}}/{{name}}.zip"): (ARCHIVE, {"type": "string", "format": "binary"}),
    ("get", "/instances"): (
        JSON,
        _object(
            {
                "instances": _list({"type": "object", "required": ["instance_id", "name", "role", "last_seen"]}),
                "count": _COUNT,
                "next": {"anyOf": [_TEXT, {"type": "null"}]},
            }
        ),
    ),
    ("get", "/revocations"): (
        JSON,
        _object(
            {
                "revocations": _list(_object({"trace_id": _ID, "record": _ID, "why": _TEXT})),
                "count": _COUNT,
                "next": {"anyOf": [_ID, {"type": "null"}]},
            },
        ),
    ),
    ("get", "/disputes"): (
        JSON,
        _object(
            {
                "disputes": _list({"type": "object", "required": ["case", "state", "ground", "trace_id", "number"]}),
                "count": _COUNT,
                "next": {"anyOf": [_COUNT, {"type": "null"}]},
            },
        ),
    ),
    ("get", "/disputes/{id}"): (JSON, {"type": "object", "required": ["case", "state", "heard", "ruling"]}),
    ("post", "/hello"): (JSON, ENVELOPE),
    ("post", "/join"): (JSON, ENVELOPE),
    ("get", "/feed"): (JSON, {"$ref": "#/components/schemas/FeedPage"}),
    ("get", "/events"): (EVENTS, _TEXT),
    ("get", "/healthz"): (JSON, _object({"status": _TEXT})),
    ("get", "/readyz"): (JSON, _object({"status": _TEXT}, feed=_COUNT)),
}
"""What a route answers when all is well: its media type and shape."""

_GATE, _BAD, _OF_A_SKILL, _OF_A_BODY = (
    ("403",),  # a name in Host that this node is not reached by
    ("400",),
    ("404", "410"),
    ("403", "404", "409", "410", "413", "415", "429", "503", "507"),
)
_MORE = {"/events": ("503",)}


def describe(door: FastAPI) -> None:
    """Has the door describe itself in full at /openapi.json."""

    def whole() -> Json:
        if door.openapi_schema is None:
            door.openapi_schema = complete(FastAPI.openapi(door))
        return door.openapi_schema

    door.openapi = whole  # type: ignore[method-assign]


def complete(schema: Json) -> Json:
    """Returns FastAPI's description with bodies, answers and refusals; it is changed in place."""
    _, inner = msgspec.json.schema_components([FeedPage], ref_template="#/components/schemas/{name}")
    schema["components"] = {"schemas": {"Problem": PROBLEM, **inner}}
    for path, methods in schema["paths"].items():
        for method, entry in methods.items():
            _complete(entry, method, path)
    return schema


def _complete(entry: Json, method: str, path: str) -> None:
    place = (method, path)
    responses = entry["responses"]
    responses.pop("422", None)  # what FastAPI would answer to bad arguments; the door answers 400
    success = next(iter(responses.values()))
    if place in ANSWERS:
        success["content"] = _content(*ANSWERS[place])
    if place in BODIES:
        entry["requestBody"] = {"required": True, "content": _content(*BODIES[place])}
    health = path in ("/healthz", "/readyz")
    codes = {*_GATE, *(() if health else _BAD), *(_OF_A_SKILL if "{" in path else ()), *_MORE.get(path, ())}
    codes |= {*(_OF_A_BODY if place in BODIES else ())}
    if path == "/readyz":
        responses["503"] = {"description": "Stopping", "content": success["content"]}
    problem = _content(JSON, {"$ref": "#/components/schemas/Problem"})
    responses |= {code: {"description": "Refused, with a reason", "content": problem} for code in sorted(codes)}


def _content(media_type: str, schema: Json) -> Json:
    return {media_type: {"schema": schema}}
