"""The starter pack keeps its own format, and every proof in it can fail."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hansa.demo.tasks import TASKS
from hansa.starter import skill_files

FORBIDDEN_MODULES = {"os", "sys", "io", "random", "time", "socket", "subprocess", "pathlib", "locale", "secrets"}


@dataclass(frozen=True)
class Skill:
    """One parsed skill file."""

    path: Path
    tree: ast.Module
    namespace: dict[str, Any]

    @property
    def head(self) -> list[str]:
        return (ast.get_docstring(self.tree) or "").splitlines()

    @property
    def functions(self) -> list[ast.FunctionDef]:
        return [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]

    @property
    def public(self) -> list[ast.FunctionDef]:
        return [f for f in self.functions if not f.name.startswith(("_", "test_"))]

    @property
    def entry(self) -> ast.FunctionDef:
        return self.public[0]

    @property
    def tests(self) -> list[str]:
        return [f.name for f in self.functions if f.name.startswith("test_")]

    @property
    def examples(self) -> list[doctest.Example]:
        return doctest.DocTestParser().get_examples(ast.get_docstring(self.entry, clean=True) or "")

    def case(self, example: doctest.Example) -> tuple[tuple[Any, ...], Any]:
        """Returns the arguments and the result of one example, both read as literals."""
        call = ast.parse(example.source.strip(), mode="eval").body
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.keywords
        assert call.func.id == self.entry.name
        return tuple(ast.literal_eval(argument) for argument in call.args), ast.literal_eval(example.want.strip())

    def run_tests_against(self, entry: Callable[..., object]) -> list[str]:
        """Returns the names of the tests that pass with `entry` in place of the skill."""
        namespace = load(self.path)
        namespace[self.entry.name] = entry
        return [name for name in self.tests if passes(namespace[name])]


def load(path: Path) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "skill"}
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), namespace)
    return namespace


def passes(test: Callable[[], object]) -> bool:
    try:
        test()
    except Exception:
        return False
    return True


def same(left: object, right: object) -> bool:
    """Tells 1 from True and 1.0, which `==` does not, and minds the order of a dictionary."""
    return repr(left) == repr(right)


SKILLS = [Skill(path, ast.parse(path.read_text(encoding="utf-8")), load(path)) for path in skill_files()]
each_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.path.stem)


def test_there_are_at_least_thirty_skills_with_distinct_intents_and_names() -> None:
    assert len(SKILLS) >= 30
    assert len({skill.head[0].casefold() for skill in SKILLS}) == len(SKILLS)
    assert len({skill.entry.name for skill in SKILLS}) == len(SKILLS)


@each_skill
def test_the_head_states_intent_steps_tags_and_licence(skill: Skill) -> None:
    intent, blank, *rest = skill.head
    assert re.fullmatch(r"[A-Z].*\.", intent) and blank == ""
    assert rest[0] == "Steps:"
    numbered = [line for line in rest if re.match(r"\d\. ", line)]
    assert 2 <= len(numbered) <= 5
    assert [line[0] for line in numbered] == [str(n) for n in range(1, len(numbered) + 1)]
    assert re.fullmatch(r"Tags: [a-z]+(, [a-z]+)*", rest[-2])
    assert rest[-1] == "License: MIT"


@each_skill
def test_there_is_one_public_function_fully_annotated(skill: Skill) -> None:
    assert [f.name for f in skill.public] == [skill.path.stem]
    for function in skill.functions:
        arguments = function.args.args
        assert function.returns is not None and all(a.annotation is not None for a in arguments)
        assert not (function.args.vararg or function.args.kwarg or function.args.kwonlyargs)


@each_skill
def test_nothing_is_imported_that_could_touch_the_world(skill: Skill) -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(skill.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert not imported & FORBIDDEN_MODULES


@each_skill
def test_examples_are_literal_cases_and_hold(skill: Skill) -> None:
    assert len(skill.examples) >= 4
    for example in skill.examples:
        assert example.exc_msg is None
        arguments, expected = skill.case(example)
        assert same(skill.namespace[skill.entry.name](*arguments), expected)
        assert same(ast.literal_eval(repr(expected)), expected)
    outcome = doctest.DocTestRunner(verbose=False).run(
        doctest.DocTest(skill.examples, skill.namespace, skill.path.name, str(skill.path), 0, None)
    )
    assert outcome.failed == 0


@each_skill
def test_own_tests_pass(skill: Skill) -> None:
    assert skill.tests
    for name in skill.tests:
        skill.namespace[name]()


@each_skill
def test_own_tests_fail_against_a_blank_or_a_constant(skill: Skill) -> None:
    assert skill.run_tests_against(lambda *_: object()) == []
    constants = [None, True, False, 0, 1, "", [], {}, (), *(skill.case(example)[1] for example in skill.examples)]
    for constant in constants:
        assert skill.run_tests_against(lambda *_, constant=constant: constant) == [], constant


def test_there_is_one_task_per_skill() -> None:
    assert len(TASKS) == len(SKILLS)
    assert len({task.intent.casefold() for task in TASKS}) == len(TASKS)
    solved_by = [[skill.path.stem for skill in SKILLS if solves(skill, task.cases)] for task in TASKS]
    assert sorted(name for names in solved_by for name in names) == [skill.path.stem for skill in SKILLS]


def solves(skill: Skill, cases: tuple[tuple[str, str], ...]) -> bool:
    try:
        return all(
            same(skill.namespace[skill.entry.name](*ast.literal_eval(arguments)), ast.literal_eval(expected))
            for arguments, expected in cases
        )
    except Exception:
        return False


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.intent[:40])
def test_held_out_cases_are_literals_and_not_among_the_examples(task: Any) -> None:
    assert 3 <= len(task.cases) <= 5
    skill = next(skill for skill in SKILLS if solves(skill, task.cases))
    shown = {repr(skill.case(example)[0]) for example in skill.examples}
    for arguments, expected in task.cases:
        parsed = ast.literal_eval(arguments)
        assert isinstance(parsed, tuple)
        assert repr(parsed) not in shown
        assert repr(ast.literal_eval(expected)) == expected
    assert len({arguments for arguments, _ in task.cases}) == len(task.cases)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.intent[:40])
def test_a_task_is_put_in_words_of_its_own(task: Any) -> None:
    skill = next(skill for skill in SKILLS if solves(skill, task.cases))
    small = set(
        "a an and are as at be by for from in into is it its of on one or so that the their them to with".split()
    )
    asked = set(re.findall(r"[a-z]+", task.intent.lower())) - small
    offered = set(re.findall(r"[a-z]+", skill.head[0].lower())) - small
    assert len(asked & offered) / len(asked | offered) <= 0.25, asked & offered
