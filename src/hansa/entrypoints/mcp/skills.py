"""Agent Skills over MCP (SEP-2640, `io.modelcontextprotocol/skills`): `skills/list`, `skills/get`, directories, files.

What is served is what is admitted here, each skill under an address that names its content:

    skill://<trace id>/<name>/SKILL.md

so two skills of one name are two addresses, and nobody can take another's (threat 19). Digests are of the very bytes; a
changed skill has another trace id, another address and other digests (threat 22). Text of a skill is written without
control characters (`skills.exporting.skill_md`); a file of a bundle that holds some is given in base64, not as text.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Sequence
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, RequestParams
from pydantic import Field

from hansa.entrypoints.mcp.hands import Hands
from hansa.kernel.plain import plain, plain_text

IDENTIFIER = "io.modelcontextprotocol/skills"
SCHEME = "skill://"
DIRECTORY = "inode/directory"
MARKDOWN = "text/markdown"
FRESH_MS = 30_000
_MAX_URI = 700
_ADDRESS = re.compile(r"skill://([0-9a-f]{64})/([a-z0-9]+(?:-[a-z0-9]+)*)(?:/(.+))?\Z")

Context = ServerRequestContext[Any, Any]


class PageParams(RequestParams):
    """Parameters of `skills/list`."""

    cursor: str | None = Field(default=None, max_length=64)


class AddressParams(RequestParams):
    """Parameters of `skills/get` and `resources/directory/read`."""

    uri: str = Field(max_length=_MAX_URI)
    cursor: str | None = Field(default=None, max_length=64)


class Skills(Extension):
    """Serves the node's admitted skills."""

    identifier = IDENTIFIER

    def __init__(self, hands: Hands) -> None:
        """Reads by the session's hands."""
        self._hands = hands

    def settings(self) -> dict[str, Any]:
        """Returns what is declared: directories can be read."""
        return {"directoryRead": True}

    def methods(self) -> Sequence[MethodBinding]:
        """Returns the three methods of the extension."""
        return (
            MethodBinding("skills/list", PageParams, self._list),
            MethodBinding("skills/get", AddressParams, self._get),
            MethodBinding("resources/directory/read", AddressParams, self._directory),
        )

    async def _list(self, _: Context, params: PageParams) -> dict[str, Any]:
        after = params.cursor or ""
        if after and not re.fullmatch(r"[0-9a-f]{64}", after):
            raise MCPError(code=INVALID_PARAMS, message="the cursor is not one of ours: begin again without one")
        value = (await self._hands.ask("skill.entries", after=after)).value
        page = {"skills": [_entry(one) for one in value["entries"]]}
        return _fresh(page | ({"nextCursor": value["next"]} if value["next"] else {}))

    async def _get(self, _: Context, params: AddressParams) -> dict[str, Any]:
        found = await self._find(params.uri)
        if found is None or params.uri != f"{_root(found)}/SKILL.md":
            raise _nothing("no skill is served", params.uri)
        return _fresh({"skill": _entry(found)})

    async def _directory(self, _: Context, params: AddressParams) -> dict[str, Any]:
        found = await self._find(params.uri)
        if found is None:
            raise _nothing("there is no directory", params.uri)
        below = params.uri.removeprefix(_root(found)).removeprefix("/")
        children = _children(found, f"{below}/" if below else "")
        if not children:
            raise _nothing("there is no directory", params.uri)
        return _fresh({"resources": children})

    async def read(self, uri: str) -> ReadResourceContents:
        """Returns a file.

        Raises:
            ResourceNotFoundError: no such file is served.
        """
        found = await self._find(uri)
        path = uri.removeprefix(f"{_root(found)}/") if found else ""
        if found is None or path not in {one["path"] for one in found["files"]}:
            raise ResourceNotFoundError(f"nothing is served at {plain(uri, _MAX_URI)}")
        value = (await self._hands.ask("skill.file", id=found["trace_id"], path=path)).value
        return _contents(path, base64.b64decode(value["data"]))

    async def _find(self, uri: str) -> dict[str, Any] | None:
        """Returns the entry of the skill that an address is about."""
        match = _ADDRESS.match(uri) if len(uri) <= _MAX_URI else None
        if match is None:
            return None
        try:
            found = (await self._hands.ask("skill.entry", id=match[1])).value
        except ToolError:
            return None
        return found if found["name"] == match[2] else None


def _contents(path: str, data: bytes) -> ReadResourceContents:
    media_type = MARKDOWN if path.endswith(".md") else mimetypes.guess_type(path)[0]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ReadResourceContents(content=data, mime_type=media_type or "application/octet-stream")
    if plain_text(text) != text:
        return ReadResourceContents(content=data, mime_type="application/octet-stream")
    return ReadResourceContents(content=text, mime_type=media_type or "text/plain")


def _root(entry: dict[str, Any]) -> str:
    return f"{SCHEME}{entry['trace_id']}/{entry['name']}"


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    files = [
        {"uri": f"{_root(entry)}/{one['path']}", "digest": f"sha256:{one['digest']}", "size": one["size"]}
        for one in entry["files"]
    ]
    return {"uri": f"{_root(entry)}/SKILL.md", "frontmatter": entry["front_matter"], "resources": files}


def _children(entry: dict[str, Any], below: str) -> list[dict[str, Any]]:
    """Returns what lies directly in a folder of a bundle: files first met first, each folder once."""
    found: dict[str, dict[str, Any]] = {}
    for one in entry["files"]:
        if not one["path"].startswith(below):
            continue
        name, slash, _ = one["path"][len(below) :].partition("/")
        kind = DIRECTORY if slash else (MARKDOWN if name.endswith(".md") else mimetypes.guess_type(name)[0])
        child = {"uri": f"{_root(entry)}/{below}{name}", "name": name}
        found.setdefault(name, child | ({"mimeType": kind} if kind else {}))
    return list(found.values())


def _fresh(result: dict[str, Any]) -> dict[str, Any]:
    return {"resultType": "complete", "ttlMs": FRESH_MS, "cacheScope": "private", **result}


def _nothing(what: str, uri: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=f"{what} at {plain(uri, _MAX_URI)}")
