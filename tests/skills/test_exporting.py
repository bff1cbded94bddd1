"""A skill as an Agent Skill: every rule of the format, for whatever text a skill holds, and back again."""

from __future__ import annotations

import re

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.skills.exporting.bundle import FORMAT, MAX_TOTAL, Provenance, bundle, read_provenance
from hansa.skills.exporting.skill_md import document, front_matter, longer_name, skill_name
from hansa.skills.importing.draft import Draft
from hansa.skills.importing.paths import check_bundle_path
from hansa.skills.importing.skill_folder import read_skill_folder
from hansa.skills.model import MARKDOWN, PYTHON, Case, Cases, File, Result, Skill
from tests.skills.strategies import skills

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def named(**fields: object) -> Skill:
    return Skill(**{"intent": "x", "reasoning_path": (), "result": Result(media_type="text/plain", text="x"), **fields})


@pytest.mark.parametrize(
    ("skill", "name"),
    [
        (named(intent="Turn a title into a slug!"), "turn-a-title-into-a-slug"),
        (named(result=Result(media_type="text/x-python", text="", entry_point="to_roman")), "to-roman"),
        (named(tags=("skill-md", "release-notes")), "release-notes"),
        (named(tags=("text", "release-notes"), intent="été"), "ete"),
        (named(intent="日本語"), "skill"),
        (named(intent="nul"), "skill-nul"),
        (named(intent="--a--b--"), "a-b"),
        (named(intent="a" * 200), "a" * 64),
    ],
)
def test_a_skill_has_a_name_by_the_rules(skill: Skill, name: str) -> None:
    assert skill_name(skill) == name


@pytest.mark.parametrize(
    ("arguments", "call"), [("('ada',)", "f('ada')"), ("((1,),)", "f((1,))"), ("(1, 2)", "f(1, 2)"), ("()", "f()")]
)
def test_an_example_reads_as_a_call(arguments: str, call: str) -> None:
    result = Result(media_type=PYTHON, text="def f(*a): ...", entry_point="f")
    checks = (Cases(cases=(Case(args=arguments, expect="3"),)),)
    shown = document(named(result=result, checks=checks), "f")
    assert f"\n{call} => 3\n" in shown


@given(skills)
def test_whatever_a_skill_says_the_document_keeps_every_rule(skill: Skill) -> None:
    name = skill_name(skill)
    assert NAME.match(name) and len(name) <= 64 and check_bundle_path(name) is None
    longer = longer_name(name, skill.id)
    assert NAME.match(longer) and len(longer) <= 64 and longer != name
    text = document(skill, name)
    head = text.split("\n---\n", 1)[0].removeprefix("---\n")
    read = yaml.safe_load(head)
    assert read == front_matter(skill, name)
    assert read["name"] == name and 1 <= len(read["description"]) <= 1024
    assert read.keys() <= {"name", "description", "license", "metadata"}
    assert all(isinstance(value, str) for value in read["metadata"].values())
    assert not any((ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0 for char in text)
    assert document(skill, name) == text


def written(skill: Skill) -> dict[str, bytes]:
    name = skill_name(skill)
    told = Provenance(format=FORMAT, trace_id=skill.id, skill=skill, evidence="E2")
    return {"SKILL.md": document(skill, name).encode(), "hansa.json": told.to_bytes()}


@given(skills)
def test_what_is_written_is_read_back_as_the_same_skill(skill: Skill) -> None:
    if skill.result.files:
        return
    outcome = read_skill_folder("x", written(skill))
    assert isinstance(outcome, Draft)
    assert outcome.skill == skill


def test_a_changed_folder_is_another_skill() -> None:
    skill = named(intent="do it")
    files = written(skill)
    for changed in (
        files | {"SKILL.md": files["SKILL.md"] + b"!"},
        files | {"more.txt": b"more"},
        files | {"hansa.json": files["hansa.json"].replace(b"do it", b"do no")},
        files | {"hansa.json": b"{}"},
        files | {"hansa.json": b"\xff" * 10},
        files | {"hansa.json": b"[" * 100_000},
    ):
        outcome = read_skill_folder("x", changed)
        assert isinstance(outcome, Draft)
        assert outcome.skill.id != skill.id
        assert any("hansa.json" in note for note in outcome.notes)
        assert all(file.path != "hansa.json" for file in outcome.skill.result.files)


def test_a_provenance_that_contradicts_itself_is_none() -> None:
    skill = named()
    good = Provenance(format=FORMAT, trace_id=skill.id, skill=skill)
    assert read_provenance(good.to_bytes()) == good
    for bad in (msgspec.structs.replace(good, trace_id="0" * 64), msgspec.structs.replace(good, format="other")):
        assert read_provenance(bad.to_bytes()) is None


def test_a_bundle_lists_its_document_first_and_all_by_digest() -> None:
    file = File(path="a/b.txt", digest=content_id(b"x"), size=1)
    made = bundle(named(result=Result(media_type=MARKDOWN, text="# X", files=(file,))), "x")
    assert [one.path for one in made.entries] == ["SKILL.md", "a/b.txt"]
    assert made.entries[0].digest == content_id(made.document)


def test_a_bundle_that_no_reader_must_take_is_refused() -> None:
    mega = 1024 * 1024
    files = tuple(File(path=f"{at}", digest="0" * 64, size=mega) for at in range(MAX_TOTAL // mega))
    with pytest.raises(Refused, match="too_large"):
        bundle(named(result=Result(media_type=MARKDOWN, text="# X", files=files)), "x")


@given(st.text(max_size=300), st.from_regex(r"[0-9a-f]{64}", fullmatch=True))
def test_a_longer_name_is_a_name(text: str, id_: str) -> None:
    assert NAME.match(longer_name(skill_name(named(intent=text or "x")), ContentId(id_)))
