"""Nodes with skills for the tests of agents' doors, and clients that reach them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from hansa.adapters.transport.fabric import Fabric
from hansa.entrypoints import operations
from hansa.entrypoints.http import mcp_door
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.server import assemble
from hansa.identity.handshake import Myself
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.jobs import SandboxLimits
from hansa.kernel.rng import Rng
from hansa.node.network import Network
from hansa.node.overlay_parts import make_parts
from hansa.node.overlay_settings import OverlaySettings
from hansa.skills.importing.draft import Draft
from hansa.skills.judge import job_for
from hansa.skills.model import MARKDOWN, Claim, File, Result, Script, Skill, Step
from mcp import Client
from tests.node.world import NETWORK, Resident, Table, as_checked, listening

FILES = {"references/STYLE.md": b"# Style\n", "references/more/deep.txt": b"deep\n", "data.bin": bytes(range(256))}


def folder_skill(**fields: Any) -> Skill:
    """Returns a document with files of its own."""
    files = tuple(File(path=path, digest=content_id(data), size=len(data)) for path, data in sorted(FILES.items()))
    given: dict[str, Any] = {
        "intent": "write release notes that users can read",
        "reasoning_path": (Step(step=1, action="Collect"),),
        "result": Result(media_type=MARKDOWN, text="# Notes\n\nSee references/STYLE.md.\n", files=files),
        "checks": (Script(code="assert 'Notes' in SKILL"),),
        "license": "MIT",
        "tags": ("skill-md", "release-notes"),
    }
    return Skill(**given | fields)


def teach(node: Resident, skill: Skill) -> None:
    """Has a node's sandbox know what a skill does: what its checks ask for."""
    assert isinstance(node.sandbox, Table)
    node.sandbox._known[job_for(skill, 1, 0, 0, SandboxLimits()).code] = as_checked(skill)


async def admit(node: Resident, *skills: Skill, publish: bool = False) -> None:
    """Has a node own these skills, proved, and passed on when asked for."""
    held = {content_id(data): data for data in FILES.values()}
    for skill in skills:
        node.clock.advance(1)
        teach(node, skill)
        blobs = tuple((file.digest, held[ContentId(file.digest)]) for file in skill.result.files)
        await node.node.shelf.add(Draft(skill, Claim(), "test", blobs=blobs))
        await node.prove(skill)
        if publish:
            assert (await node.ask("publish", ids=[skill.id])).ok


def join_overlay(node: Resident) -> None:
    """Gives a node a place in the overlay, without links."""
    core, settings = node.node.core, OverlaySettings()
    parts = make_parts(core, settings, Rng(1))
    me = Myself(core.me, NETWORK, ("1.0",), [core.keys.key], (), core.ring.chain, bytes(16))
    fabric = Fabric(lambda: me, [], core.clock)
    node.app.network = Network(core, node.node.inbox, fabric, parts, settings, Rng(2))


def hands(node: Resident, scopes: frozenset[Scope]) -> Hands:
    """Returns what a session with these scopes can do on a node."""

    async def steps(operation: str, arguments: dict[str, Any]) -> Any:
        async for step in operations.run(node.app, operation, arguments):
            yield step

    return Hands(steps, scopes)


@contextlib.asynccontextmanager
async def session(node: Resident, scopes: frozenset[Scope], **options: Any) -> AsyncIterator[Client]:
    """Gives a client of the SDK, joined to a node's server without a transport."""
    async with Client(assemble(hands(node, scopes)), **options) as client:
        yield client


@contextlib.asynccontextmanager
async def at_port(node: Resident) -> AsyncIterator[str]:
    """Serves a node's door with its agents' door on a free port of this machine."""
    task = await mcp_door.start(node.door)
    try:
        async with listening(node.door) as url:
            yield url
    finally:
        node.door.state.stopping.set()
        await task


@contextlib.asynccontextmanager
async def over_http(url: str, token: str, **options: Any) -> AsyncIterator[Client]:
    """Gives a client of the SDK that speaks to `/mcp` with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), **options) as client,
    ):
        yield client
