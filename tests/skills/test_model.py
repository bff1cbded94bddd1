"""A skill is its content: the same bytes for everyone, and another id as soon as anything in it is other."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given

from hansa.kernel import canonical
from hansa.kernel.ids import content_id
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.skills.messages import SkillBody, skill_body
from hansa.skills.model import MILLION, Case, Cases, Claim, File, Level, Result, Script, Skill, Step
from tests.attacks.specimens import key, proved, reason
from tests.skills.specimens import SHOUT, changed, name, with_files
from tests.skills.strategies import claims, skills

FULL = changed(with_files("a.txt", "b/c.txt"), lineage=(name(1), name(2)), tags=("text", "fun"))
"""A skill with something in every field."""

Path = tuple[str | int, ...]


def plain(skill: Skill = FULL) -> Any:
    return msgspec.to_builtins(skill)


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value within `value`, with the way to it."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for step, one in inner:
        yield from places(one, (*path, step))


def put(path: Path, value: Any) -> Any:
    """FULL as plain values, with `value` at `path`; without what is there when value is ..."""
    whole = msgspec.json.decode(msgspec.json.encode(plain()))
    at = whole
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return whole


LEAVES = [(path, value) for path, value in places(plain()) if isinstance(value, str | int)]
LISTS = [(path, list(value)) for path, value in places(plain()) if isinstance(value, list | tuple)]
OBJECTS = [path for path, value in places(plain()) if isinstance(value, dict)]
REQUIRED = [
    *(("intent",), ("reasoning_path",), ("result",), ("result", "media_type"), ("result", "text")),
    *(("reasoning_path", 0, "step"), ("reasoning_path", 0, "action")),
    *(("result", "files", 0, "path"), ("result", "files", 0, "digest"), ("result", "files", 0, "size")),
    *(("checks", 0, "kind"), ("checks", 0, "cases"), ("checks", 1, "code")),
    *(("checks", 0, "cases", 0, "args"), ("checks", 0, "cases", 0, "expect")),
]


def other(path: Path, value: str | int) -> str | int:
    if isinstance(value, int):
        return value + 1
    if path[-1] == "digest" or path[0] == "lineage":
        return content_id(value.encode())
    return value + "x"


@given(skills)
def test_a_skill_is_read_back_from_its_bytes(skill: Skill) -> None:
    data = skill.to_bytes()
    again = parse(canonical.decode(data), Skill)
    assert again == skill
    assert again.to_bytes() == data
    assert skill.id == content_id(data)


@given(skills, skills)
def test_two_skills_have_one_id_exactly_when_they_are_the_same(one: Skill, two: Skill) -> None:
    assert (one.id == two.id) == (one == two)


@pytest.mark.parametrize(("path", "value"), [leaf for leaf in LEAVES if leaf[0][-1] != "kind"], ids=str)
def test_any_other_value_makes_another_skill(path: Path, value: str | int) -> None:
    skill = parse(put(path, other(path, value)), Skill)
    assert skill.id != FULL.id


@pytest.mark.parametrize(("path", "value"), LISTS, ids=str)
def test_order_and_number_of_parts_belong_to_the_id(path: Path, value: list[Any]) -> None:
    if value[1:] and path != ("lineage", 0):
        assert parse(put(path, value[::-1]), Skill).id != FULL.id
    if path[-1] != "cases":
        assert parse(put(path, value[1:]), Skill).id != FULL.id
    assert parse(put(path, [*value, value[0]]), Skill).id != FULL.id


def test_a_script_and_a_case_are_never_the_same_check() -> None:
    code = "('a',)"
    script = changed(SHOUT, checks=(Script(code=code),))
    case = changed(SHOUT, checks=(Cases(cases=(Case(args=code, expect=code),)),))
    assert script.id != case.id


@given(skills, claims, claims)
def test_the_id_depends_on_neither_claim_nor_author(skill: Skill, one: Claim, two: Claim) -> None:
    mine = proved(key(1), skill_body(skill, one))
    theirs = proved(key(2), skill_body(skill, two), seq=9, created=1)
    assert mine.id != theirs.id
    assert {parse(message.body, SkillBody).skill.id for message in (mine, theirs)} == {skill.id}


def test_a_field_left_out_and_its_default_are_one_skill() -> None:
    short = {"intent": "x", "reasoning_path": [], "result": {"media_type": "text/markdown", "text": ""}}
    skill = parse(short, Skill)
    assert skill == Skill(intent="x", reasoning_path=(), result=Result(media_type="text/markdown", text=""))
    assert parse(plain(skill), Skill).id == skill.id


@pytest.mark.parametrize("path", OBJECTS, ids=str)
def test_an_unknown_field_is_refused_wherever_it_is(path: Path) -> None:
    assert reason(parse, put((*path, "confidence"), 1), Skill) is Reason.BAD_BODY


@pytest.mark.parametrize("path", REQUIRED, ids=str)
def test_a_missing_field_is_refused(path: Path) -> None:
    assert reason(parse, put(path, ...), Skill) is Reason.BAD_BODY


@pytest.mark.parametrize(("path", "value"), [*LEAVES, *LISTS], ids=str)
@pytest.mark.parametrize("wrong", [None, 1.0, True, {"a": 1}, [[]]], ids=str)
def test_a_value_of_another_type_is_refused(path: Path, value: Any, wrong: Any) -> None:
    assert reason(parse, put(path, copy.deepcopy(wrong)), Skill) is Reason.BAD_BODY


def text(length: int) -> str:
    return "x" * length


STEP, FILE, CASE = (
    {"step": 1, "action": "x"},
    {"path": "a", "digest": name(1), "size": 0},
    {"args": "()", "expect": "1"},
)
SCRIPT = {"kind": "python", "code": "x"}
BOUNDS: list[tuple[Path, Any, Any]] = [
    (("intent",), text(1), text(0)),
    (("intent",), text(4_000), text(4_001)),
    (("reasoning_path",), [STEP] * 200, [STEP] * 201),
    (("reasoning_path", 0, "step"), 1, 0),
    (("reasoning_path", 0, "step"), 10_000, 10_001),
    (("reasoning_path", 0, "action"), text(4_000), text(4_001)),
    (("reasoning_path", 0, "action"), text(1), text(0)),
    (("result", "media_type"), text(3), text(2)),
    (("result", "media_type"), text(64), text(65)),
    (("result", "text"), text(180_000), text(180_001)),
    (("result", "entry_point"), text(128), text(129)),
    (("result", "files"), [FILE] * 200, [FILE] * 201),
    (("result", "files", 0, "path"), text(1), text(0)),
    (("result", "files", 0, "path"), text(255), text(256)),
    (("result", "files", 0, "size"), 0, -1),
    (("result", "files", 0, "size"), 1024 * 1024, 1024 * 1024 + 1),
    (("result", "files", 0, "digest"), name(3), name(3)[1:]),
    (("result", "files", 0, "digest"), name(3), name(3).upper()),
    (("checks",), [SCRIPT] * 100, [SCRIPT] * 101),
    (("checks", 0), SCRIPT, {"kind": "shell", "code": "x"}),
    (("checks", 0), SCRIPT, {"kind": "cases", "code": "x"}),
    (("checks", 0, "cases"), [CASE], []),
    (("checks", 0, "cases"), [CASE] * 200, [CASE] * 201),
    (("checks", 0, "cases", 0, "args"), "()", "("),
    (("checks", 0, "cases", 0, "args"), text(20_000), text(20_001)),
    (("checks", 0, "cases", 0, "expect"), text(1), text(0)),
    (("checks", 0, "cases", 0, "expect"), text(20_000), text(20_001)),
    (("checks", 1, "code"), text(1), text(0)),
    (("checks", 1, "code"), text(100_000), text(100_001)),
    (("license",), text(64), text(65)),
    (("tags",), ["x"] * 32, ["x"] * 33),
    (("tags", 0), text(1), text(0)),
    (("tags", 0), text(64), text(65)),
    (("lineage",), [name(0)] * 64, [name(0)] * 65),
    (("lineage", 0), name(0), name(0) + "0"),
    (("lineage", 0), name(0), ""),
]


@pytest.mark.parametrize(("path", "most", "beyond"), BOUNDS, ids=lambda one: str(one)[:40])
def test_every_field_has_its_bounds(path: Path, most: Any, beyond: Any) -> None:
    assert parse(put(path, most), Skill).id
    assert reason(parse, put(path, beyond), Skill) is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("field", "most", "beyond"),
    [
        ("confidence", MILLION, MILLION + 1),
        ("confidence", 0, -1),
        ("verification_score", MILLION, MILLION + 1),
        ("verification_score", 0, -1),
        ("trials", MAX_SAFE_INTEGER, MAX_SAFE_INTEGER + 1),
        ("trials", 0, -1),
        ("harness", "x" * 64, "x" * 65),
        ("confidence", 980_000, 0.98),
    ],
)
def test_a_claim_has_its_bounds_too(field: str, most: Any, beyond: Any) -> None:
    assert parse({field: most}, Claim)
    assert reason(parse, {field: beyond}, Claim) is Reason.BAD_BODY


@pytest.mark.parametrize("field", ["intent", "license"])
def test_what_canonical_json_cannot_hold_has_no_id(field: str) -> None:
    with pytest.raises(ValueError, match="canonical"):
        changed(SHOUT, **{field: "\ud800"}).to_bytes()


def test_cases_and_scripts_are_found_in_order_across_checks() -> None:
    one, two, three = (Case(args="()", expect=str(number)) for number in range(3))
    skill = changed(
        SHOUT, checks=(Script(code="a"), Cases(cases=(one, two)), Script(code="b"), Cases(cases=(three, one)))
    )
    assert skill.cases == (one, two, three, one)
    assert skill.scripts == ("a", "b")


def test_nothing_of_a_skill_can_be_changed() -> None:
    for value, field in (
        (FULL, "intent"),
        (FULL.result, "text"),
        (FULL.reasoning_path[0], "action"),
        (FULL.checks[1], "code"),
        (FULL.cases[0], "expect"),
        (Claim(), "trials"),
    ):
        with pytest.raises(AttributeError):
            setattr(value, field, "x")
    assert all(type(part) is tuple for part in (FULL.checks, FULL.tags, FULL.lineage, FULL.reasoning_path))


def test_levels_rise_and_each_says_what_it_means() -> None:
    assert sorted(Level) == [Level.E0, Level.E1, Level.E2, Level.E3, Level.E4]
    assert len({level.meaning for level in Level}) == len(Level)


def test_parts_of_other_kinds_are_not_equal() -> None:
    assert Step(step=1, action="x") != Script(code="x")
    assert File(path="a", digest=name(1), size=0) == File(path="a", digest=name(1), size=0)
