"""Attack 66: what /mcp and the well-known address give to whom: every token its scopes, and nobody else anything."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.entrypoints.home import AGENT_TOKEN, READER_TOKEN
from hansa.skills.model import SkillState
from tests.attacks.test_063_agents_door import HEADERS, HELLO, door, status
from tests.mcp.league import admit, at_port, over_http
from tests.node.world import DOUBLE, SLUG, Resident, World


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path)
    yield world.settle("node")
    world.close()


async def test_tokens_are_secrets_of_this_user_and_differ(node: Resident) -> None:
    async with door(node):
        files = [node.app.home / name for name in (AGENT_TOKEN, READER_TOKEN)]
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
        assert len({file.read_text() for file in files} | {"the-token"}) == 3
        assert all(len(file.read_text().strip()) >= 32 for file in files)


@pytest.mark.parametrize("file", [READER_TOKEN, AGENT_TOKEN])
async def test_a_lesser_token_can_neither_publish_nor_settle(node: Resident, file: str) -> None:
    await admit(node, DOUBLE)
    async with at_port(node) as url:
        token = (node.app.home / file).read_text().strip()
        async with over_http(url, token) as client:
            for name, given in (
                ("publish_skill", {"trace_id": DOUBLE.id, "dry_run": False}),
                ("approve_skill", {"trace_id": DOUBLE.id}),
                ("reject_skill", {"trace_id": DOUBLE.id}),
                ("list_quarantine", {}),
            ):
                assert (await client.call_tool(name, given)).is_error
            if file == READER_TOKEN:
                assert (await client.call_tool("prove_skill", {"trace_id": DOUBLE.id})).is_error
    assert node.store.feed_mark()[0] == 0
    assert node.row(DOUBLE).state is SkillState.ADMITTED


async def test_a_session_can_t_be_gone_on_with_by_another_token(node: Resident) -> None:
    async with door(node) as http:
        begun = await http.post("/mcp", headers=HEADERS, json=HELLO)
        session = begun.headers["mcp-session-id"]
        token = (node.app.home / READER_TOKEN).read_text().strip()
        assert await status(http, {"Mcp-Session-Id": session, "Authorization": f"Bearer {token}"}) == 404
        assert await status(http, {"Mcp-Session-Id": session, "Authorization": None}) == 401


async def test_the_operators_door_takes_no_agents_token(node: Resident) -> None:
    async with door(node) as http:
        for name in (AGENT_TOKEN, READER_TOKEN):
            token = (node.app.home / name).read_text().strip()
            headers = {"Authorization": f"Bearer {token}", "Host": "127.0.0.1:8470"}
            assert (await http.post("/admin/operations/status", headers=headers)).status_code == 401


async def test_the_well_known_address_shows_what_is_proved_and_passed_on_and_nothing_else(node: Resident) -> None:
    await admit(node, DOUBLE, publish=True)
    await admit(node, SLUG)
    async with node.http() as http:
        listed = (await http.get("/.well-known/agent-skills/index.json")).json()["skills"]
        assert [one["name"] for one in listed] == ["times-2"]
        assert (await http.get(listed[0]["url"])).status_code == 200
        for path in (f"{SLUG.id}/slugify/SKILL.md", f"{SLUG.id}/slugify.zip", f"{DOUBLE.id}/other/SKILL.md",
                     f"{DOUBLE.id[:12]}/times-2/SKILL.md", f"{DOUBLE.id}/times-2/../key", "../../key"):  # fmt: skip
            assert (await http.get(f"/.well-known/agent-skills/{path}")).status_code in (400, 404), path
        await node.ask("quarantine.settle", id=DOUBLE.id, approve=False)
        assert (await http.get("/.well-known/agent-skills/index.json")).json()["skills"] == []
        assert (await http.get(listed[0]["url"])).status_code == 404
