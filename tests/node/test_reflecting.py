"""The node's notes: kept by execute, by hand and from traces; recalled, summed up, forgotten, carried over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.solver import CallableSolver
from hansa.kernel.errors import NotFound, Refused, Unavailable, UsageError
from hansa.kernel.instant import DAY
from hansa.node import reflecting
from hansa.node.ports import Solution
from hansa.skills.reflections import By, ReflectionFilter, Went
from tests.node.test_executing import LENGTH, LENGTH_CASES, proved
from tests.node.world import SLUG, Resident, World


@pytest.fixture
def node(world: World) -> Resident:
    return world.settle("a")


async def add(node: Resident, outcome: str, description: str, **more: object) -> str:
    done = await node.ask("reflection.add", outcome=outcome, description=description, **more)
    return str(done.value["id"])


async def test_a_note_is_kept_with_its_time_and_found_by_what_it_says(node: Resident) -> None:
    id_ = await add(node, "failure", "Split CSV at commas", error="Quoted commas", tags=["csv", "csv"], session="s1")
    await add(node, "success", "Read dates with fromisoformat", category="parsing")
    (found,) = node.node.reflections.page(text="QUOTED")
    assert (found.id, found.outcome, found.tags, found.session) == (id_, Went.FAILURE, ("csv",), "s1")
    assert (found.at, found.source) == (node.clock.now(), By.PERSON)
    listed = await node.ask("reflection.list", category="parsing")
    assert [one["description"] for one in listed.value["reflections"]] == ["Read dates with fromisoformat"]
    assert listed.value["count"] == 1


async def test_pages_of_a_listing_follow_each_other(node: Resident) -> None:
    for number in range(5):
        await add(node, "success", f"try {number}")
        node.clock.advance(1)
    first = await node.ask("reflection.list", limit=3)
    second = await node.ask("reflection.list", limit=3, after=first.value["next"])
    found = [one["description"] for one in first.value["reflections"] + second.value["reflections"]]
    assert found == [f"try {number}" for number in (4, 3, 2, 1, 0)]
    assert second.value["next"] is None


async def test_bad_notes_are_refused_and_nothing_is_kept(node: Resident) -> None:
    with pytest.raises(Refused):
        await add(node, "success", "d", category="c" * 65)
    for nothing in ("", " \n"):
        with pytest.raises(UsageError, match="say what was tried"):
            await add(node, "success", nothing)
    with pytest.raises(UsageError, match="is no outcome"):
        await add(node, outcome="won", description="d")
    with pytest.raises(UsageError, match="is no outcome"):
        await node.ask("reflection.list", outcome="won")
    assert node.node.reflections.count() == 0


@pytest.mark.sandbox
async def test_execute_notes_how_each_intent_was_met(world: World, sandbox: ProcessSandbox) -> None:
    node = world.settle("a", sandbox=sandbox, solver=CallableSolver(lambda intent, cases: LENGTH))
    await proved(node, SLUG)
    await node.ask("execute", intent="turn a title into a slug", args="('A b',)", session="s1")
    node.clock.advance(1)
    await node.ask("execute", intent="turn a title into a slug", args="(5,)", session="s1")
    node.clock.advance(1)
    await node.ask(
        "execute", intent="count the letters", cases=[{"args": c.args, "expect": c.expect} for c in LENGTH_CASES]
    )
    node.clock.advance(1)
    await node.ask("execute", intent="bake bread")
    notes = list(reversed(node.node.reflections.page()))
    assert [(one.outcome, one.tags) for one in notes] == [
        (Went.SUCCESS, ("reused",)),
        (Went.PARTIAL, ("reused",)),
        (Went.SUCCESS, ("solved",)),
        (Went.FAILURE, ("unsolved",)),
    ]
    assert {one.category for one in notes} == {"execute"}
    assert [one.session for one in notes] == ["s1", "s1", "", ""]
    assert notes[0].skill == SLUG.id
    assert "Error" in notes[1].error
    assert "can't be verified" in notes[3].error


@pytest.mark.sandbox
async def test_a_solver_that_breaks_is_noted_too(world: World, sandbox: ProcessSandbox) -> None:
    def broken(intent: str, cases: object) -> Solution:
        raise Unavailable("the solver is gone")

    node = world.settle("a", sandbox=sandbox, solver=CallableSolver(broken))
    with pytest.raises(Unavailable):
        await node.ask("execute", intent="bake bread")
    (noted,) = node.node.reflections.page()
    assert (noted.outcome, noted.error, noted.tags) == (Went.FAILURE, "the solver is gone", ("error",))


TRACE = (
    '{"task_id": "local/1", "prompt": "def last(items):\\n    \\"\\"\\"Return the last item.\\"\\"\\"\\n", '
    '"solution": "def last(items):\\n    return items[-1]\\n", "entry_point": "last", '
    '"test": "def check(candidate):\\n    assert candidate([1, 2]) == 2\\n", "is_solved": %s, '
    '"reflections": ["The first try took the first item.", "  "]}\n'
)


@pytest.mark.parametrize(("solved", "end"), [("true", Went.SUCCESS), ("false", Went.FAILURE), ("null", None)])
async def test_traces_bring_their_reflections_once(node: Resident, tmp_path: Path, solved: str, end: Went) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(TRACE % solved)
    for times in range(2):
        done = await node.ask("skill.add", paths=[str(path)])
        assert done.value["reflections"] == (0 if times else 1 + (end is not None))
    notes = {one.description: one for one in node.node.reflections.page()}
    first = notes["The first try took the first item."]
    assert (first.outcome, first.source, first.at, first.session) == (Went.FAILURE, By.TRACE, 0, "t.jsonl:1")
    assert node.store.skill(first.skill) is not None
    if end:
        assert notes["Return the last item."].outcome is end


WRONG = (TRACE % "true").replace("== 2", "== 1")


@pytest.mark.sandbox
async def test_what_this_node_refuted_is_recalled_as_a_failure(
    world: World, sandbox: ProcessSandbox, tmp_path: Path
) -> None:
    node = world.settle("a", sandbox=sandbox)
    path = tmp_path / "t.jsonl"
    path.write_text(WRONG)
    added = await node.ask("skill.add", paths=[str(path)])
    id_ = added.value["added"][0]["trace_id"]
    await add(node, "success", "Took the last item for the list", trace_id=id_)
    await add(node, "success", "Returned the last item by hand")
    before = node.node.reflections.count()
    await node.ask("prove", ids=[id_])
    notes = {one.description: one for one in node.node.reflections.page()}
    claimed = notes["Return the last item."]
    assert (claimed.outcome, claimed.source) == (Went.FAILURE, By.TRACE)
    assert re.match(r"refuted here: script 1: AssertionError.*; claimed to pass, fails here", claimed.error)
    assert notes["Took the last item for the list"].outcome is Went.FAILURE
    assert notes["Returned the last item by hand"].outcome is Went.SUCCESS  # tied to no skill
    assert node.node.reflections.recall("return the last item")[0].reflection == claimed
    await node.ask("prove", ids=[id_])
    again = await node.ask("skill.add", paths=[str(path)])
    assert (again.value["reflections"], node.node.reflections.count()) == (0, before)
    late = await node.ask("reflection.add", outcome="success", description="It works", trace_id=id_)
    assert late.value["outcome"] == "failure"  # what is answered is what is kept


@pytest.mark.sandbox
async def test_a_claim_that_a_proof_bears_out_stays_a_success(
    world: World, sandbox: ProcessSandbox, tmp_path: Path
) -> None:
    node = world.settle("a", sandbox=sandbox)
    path = tmp_path / "t.jsonl"
    path.write_text(TRACE % "true")
    await node.ask("skill.add", paths=[str(path)])
    await node.ask("prove")
    (claimed,) = node.node.reflections.page(text="Return the last item.")
    assert (claimed.outcome, claimed.error) == (Went.SUCCESS, "")


async def test_what_is_near_an_intent_is_recalled_best_first(node: Resident) -> None:
    await add(node, "failure", "parse a date with slashes")
    await add(node, "success", "parse a date")
    await add(node, "success", "bake a loaf of rye bread")
    found = node.node.reflections.recall("parse a date")
    assert [one.reflection.description for one in found] == ["parse a date", "parse a date with slashes"]
    assert found[0].similarity > found[1].similarity
    assert (await node.ask("reflection.recall", intent="paint a fence")).ok is False
    with pytest.raises(UsageError):
        node.node.reflections.recall(" ")


async def test_only_what_is_asked_for_is_forgotten(node: Resident) -> None:
    for number in range(6):
        await add(node, "success" if number % 2 else "failure", f"try {number}")
        node.clock.advance(DAY)
    prune = node.node.reflections.prune
    assert await prune(ReflectionFilter(), 4, None, True) == 3
    assert node.node.reflections.count() == 6
    assert await prune(ReflectionFilter(outcome=Went.FAILURE), 4, None, False) == 2
    assert await prune(ReflectionFilter(), 0, 3, False) == 1
    assert [one.description for one in node.node.reflections.page()] == ["try 5", "try 4", "try 3"]
    with pytest.raises(UsageError, match="say what to forget"):
        await prune(ReflectionFilter(), None, None, False)


async def test_older_than_no_day_is_all_that_has_an_age(node: Resident, tmp_path: Path) -> None:
    await add(node, "success", "dated")
    path = tmp_path / "t.jsonl"
    path.write_text(TRACE % "null")
    await node.ask("skill.add", paths=[str(path)])
    assert await node.node.reflections.prune(ReflectionFilter(), 0, None, False) == 1
    assert [one.at for one in node.node.reflections.page()] == [0]


async def test_one_note_is_forgotten_by_its_id(node: Resident) -> None:
    id_ = await add(node, "success", "one")
    await add(node, "success", "two")
    tried = await node.ask("reflection.prune", id=id_[:10], dry_run=True)
    assert (tried.value, node.node.reflections.count()) == ({"forgotten": 1, "dry_run": True}, 2)
    await node.ask("reflection.prune", id=id_[:10])
    assert [one.description for one in node.node.reflections.page()] == ["two"]
    with pytest.raises(NotFound):
        await node.ask("reflection.prune", id=id_[:10])
    with pytest.raises(NotFound):
        await node.ask("reflection.prune", id="abc")


async def test_an_export_is_carried_over_whole_and_once(world: World, tmp_path: Path) -> None:
    one, other = world.settle("a"), world.settle("b")
    for number in range(3):
        await add(one, "success", f"try {number}\nof many", tags=["ü"])
    exported = await one.ask("reflection.export")
    assert exported.value["count"] == 3
    path = tmp_path / "notes.jsonl"
    path.write_text("\n" + exported.value["lines"] + "{}\n", encoding="utf-8")
    first = await other.ask("reflection.import", path=str(path))
    assert (first.value["added"], first.value["already_here"], first.ok) == (3, 0, False)
    assert [bad["line"] for bad in first.value["rejected"]] == [5]
    again = await other.ask("reflection.import", path=str(path))
    assert (again.value["added"], again.value["already_here"]) == (0, 3)
    assert other.node.reflections.page() == one.node.reflections.page()


async def test_beyond_the_bound_the_oldest_are_forgotten(node: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflecting, "MOST", 200)
    for number in range(205):
        await add(node, "success", f"try {number}")
        node.clock.advance(1)
    kept = [one.description for one in node.node.reflections.page(limit=500)]
    assert 198 <= len(kept) <= 200
    assert kept[0] == "try 204"
    assert "try 0" not in kept
    assert len(kept) == node.node.reflections.count()


async def test_the_summary_and_its_report_say_the_same(node: Resident) -> None:
    for number in range(2):
        await add(node, "failure", "Split CSV", category="parsing", error=f"line {number}")
        node.clock.advance(1)
    await add(node, "success", "Used the csv module", category="parsing")
    value = (await node.ask("reflection.summary")).value
    assert value["outcomes"] == {"success": 1, "failure": 2, "partial": 0}
    assert (value["failures"][0]["signature"], value["failures"][0]["overcome"]) == ("line #", 1)
    assert value["lessons"] == value["failures"]
    assert "- 2 times, parsing: line \\#" in value["markdown"]
