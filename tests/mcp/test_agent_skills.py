"""Agent Skills of a node: the format's own validator, the index, the archives, and others' installer against a node."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa import starter
from hansa.adapters import beneath
from hansa.entrypoints.mcp.scopes import AGENT
from hansa.skills.importing.draft import Draft
from hansa.skills.importing.python_file import read_python
from hansa.skills.importing.skill_folder import read_skill_folder
from tests.mcp import node as npm
from tests.mcp.league import FILES, admit, at_port, folder_skill, session
from tests.node.world import DOUBLE, SLUG, Resident, World, multiplier

INDEX = "/.well-known/agent-skills/index.json"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path)
    yield world.settle("node")
    world.close()


async def test_the_formats_own_validator_takes_every_export_of_the_starter_pack(node: Resident, tmp_path: Path) -> None:
    from skills_ref import validate

    folder = Path(starter.__file__).parent / "skills"
    drafts = [
        draft
        for path in sorted(folder.glob("*.py"))
        for draft in read_python(path.name, path.read_text(encoding="utf-8"), "", "MIT")
        if isinstance(draft, Draft)
    ]
    assert len(drafts) >= 48
    ids = [(await node.node.shelf.add(draft))[0] for draft in drafts]
    names = set()
    for id_ in ids:
        name, files = node.node.catalogue.for_disk(node.row(id_))
        root = beneath.write_tree(tmp_path / "out", name, files)
        assert validate(root) == []
        back = read_skill_folder(name, beneath.read_tree(root, 100, 10**6))
        assert isinstance(back, Draft) and back.skill.id == id_
        names.add(name)
    assert len(names) == len(ids)


async def test_a_document_with_files_is_valid_too_and_comes_back_whole(node: Resident, tmp_path: Path) -> None:
    from skills_ref import validate

    await admit(node, folder_skill())
    name, files = node.node.catalogue.for_disk(node.row(folder_skill()))
    root = beneath.write_tree(tmp_path, name, files)
    assert (name, validate(root)) == ("release-notes", [])
    back = read_skill_folder(name, beneath.read_tree(root, 100, 10**6))
    assert isinstance(back, Draft) and back.skill == folder_skill() and len(back.blobs) == len(FILES)


async def test_the_index_names_each_artifact_by_the_digest_of_its_bytes(node: Resident) -> None:
    await admit(node, DOUBLE, folder_skill(), publish=True)
    async with node.http() as http:
        index = (await http.get(INDEX)).json()
        assert index["$schema"].endswith("/0.2.0/schema.json")
        assert [(one["name"], one["type"]) for one in index["skills"]] == [
            ("times-2", "skill-md"), ("release-notes", "archive"),
        ]  # fmt: skip
        for one in index["skills"]:
            got = await http.get(one["url"])
            assert one["digest"] == f"sha256:{hashlib.sha256(got.content).hexdigest()}"
            assert got.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in got.headers["content-security-policy"]
            assert one["hansa"]["evidence"] == "E2"
    with zipfile.ZipFile(io.BytesIO(got.content)) as packed:
        assert {name: packed.read(name) for name in packed.namelist() if name != "SKILL.md"} == FILES


async def test_a_name_that_is_taken_stays_with_whoever_had_it(node: Resident) -> None:
    first, second = folder_skill(), folder_skill(intent="write something else")
    third = multiplier(3, tags=("skill-md", "release-notes"))
    await admit(node, first, second, third, publish=True)
    async with node.http() as http:
        names = [one["name"] for one in (await http.get(INDEX)).json()["skills"]]
        assert names == ["release-notes", f"release-notes-{second.id[:8]}", f"release-notes-{third.id[:8]}"]


async def test_a_skill_whose_file_is_gone_is_left_out_and_the_rest_is_served(node: Resident) -> None:
    await admit(node, DOUBLE, folder_skill(), publish=True)
    node.store.blob = lambda digest: None  # type: ignore[method-assign]
    async with node.http() as http:
        assert [one["name"] for one in (await http.get(INDEX)).json()["skills"]] == ["times-2"]


async def test_over_mcp_a_changed_file_would_have_another_address(node: Resident) -> None:
    await admit(node, folder_skill(), SLUG)
    async with session(node, AGENT) as client:
        root = f"skill://{folder_skill().id}/release-notes"
        for path, data in FILES.items():
            [got] = (await client.read_resource(f"{root}/{path}")).contents
            found = got.text.encode() if hasattr(got, "text") else __import__("base64").b64decode(got.blob)
            assert found == data
        for wrong in (
            f"{root}/../../x", f"{root}/nothing", f"{root}", f"{root}/", f"skill://{SLUG.id}/release-notes/SKILL.md",
            f"skill://{'0' * 64}/release-notes/SKILL.md", "skill://x", f"{root}/SKILL.md/x", f"{root}/{'a' * 900}",
        ):  # fmt: skip
            with pytest.raises(Exception, match="nothing is served"):
                await client.read_resource(wrong)


@pytest.mark.slow
async def test_the_skills_installer_installs_from_a_node_that_is_up(node: Resident, tmp_path: Path) -> None:
    """`npx skills add URL`, with the real program."""
    script = npm.package(npm.SKILLS) / "bin" / "cli.mjs"
    await admit(node, DOUBLE, folder_skill(), publish=True)
    project = tmp_path / "project"
    project.mkdir()
    async with at_port(node) as url:
        words = ("add", url, "--agent", "claude-code", "--skill", "*", "--copy", "-y")
        done = await asyncio.to_thread(npm.run, script, *words, folder=project, seconds=120)
    assert done.returncode == 0, done.stdout + done.stderr
    installed = project / ".claude" / "skills"
    assert {path.name for path in installed.iterdir()} == {"times-2", "release-notes"}
    made = node.node.catalogue.bundle(node.row(DOUBLE))
    assert (installed / "times-2" / "SKILL.md").read_bytes() == made.document
    for path, data in FILES.items():
        assert (installed / "release-notes" / path).read_bytes() == data
    assert json.loads((project / "skills-lock.json").read_text())
