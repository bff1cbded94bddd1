"""A Python file with a function and its tests, read into a skill.

The format, which the starter skills show:

1. the module's docstring: its first line is the intent; a `Steps:` block with numbered lines is the reasoning path;
   `Tags: a, b`; `License: MIT` (or an `SPDX-License-Identifier:` comment)
2. one public function is the entry point; of several, the one named like the file, else the only one with examples
3. examples in docstrings become data cases, or a script where a case can't say it (`doctests`)
4. `test_*` functions, here or in a test file beside it, become scripts (`pytests`) and leave the code, with whatever
   only they use

Nothing is run. A file that says less (no steps, no checks) is taken with a note on what it lacks.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from hansa.skills import licenses
from hansa.skills.importing.doctests import Examples, has_examples, read_examples, without_examples
from hansa.skills.importing.draft import Draft, Rejected, finish
from hansa.skills.importing.pytests import Scripts, is_fixture, is_test, is_test_class, read_tests
from hansa.skills.importing.source import Function, Needs, Source, bound_names, read_source, used_names
from hansa.skills.importing.text import BIDI, label, plain_newlines, prose, tags_of
from hansa.skills.model import PYTHON, Cases, Check, Claim, Result, Script, Skill, Step

MAX_CHECKS = 100
MAX_STEPS = 200
MAX_CODE = 180_000

_STEP = re.compile(r"(\d{1,5})[.)]\s+(.*)")
_SPDX = re.compile(r"^\s*#\s*SPDX-License-Identifier:\s*(\S[^\n]{0,200})", re.MULTILINE)


def read_python(name: str, source: str, tests: str = "", license_id: str = "") -> list[Draft | Rejected]:
    """Returns the skill that a Python file holds.

    Args:
        name: file name, of which the stem names the module.
        source: text of the file.
        tests: text of the test file beside it, if there is one.
        license_id: licence when the file itself names none.
    """
    where = label(name)
    read = read_source(source)
    if isinstance(read, str):
        return [Rejected(where, f"The file {read}: correct it, or leave it out.")]
    beside = read_source(tests) if tests.strip() else None
    if isinstance(beside, str):
        return [Rejected(where, f"Its test file {beside}: correct it, or leave it out.")]
    stem = re.split(r"[/\\]", name)[-1].removesuffix(".py")
    entry = _entry_point(read, stem)
    if isinstance(entry, str):
        return [Rejected(where, entry)]
    about = _read_docstring(ast.get_docstring(read.tree) or "")
    intent = about.intent or prose(_first_line(ast.get_docstring(entry) or ""))
    if not intent:
        return [Rejected(where, f"Nothing says what it is for: give the file or {entry.name} a docstring.")]
    parts = _Parts.of(read)
    code = read.without(read.body[at] for at in parts.tests_only)
    if len(code) > MAX_CODE:
        return [Rejected(where, f"Its code has {len(code)} characters, at most {MAX_CODE} are taken: split it.")]
    examples = read_examples(read, entry.name, [read.body[at] for at in parts.in_skill])
    found = read_tests(read, in_skill=parts.in_skill)
    if beside:
        more = read_tests(beside, stem)
        found = Scripts(found.scripts + more.scripts, found.left_out + more.left_out)
    checks, notes = _checks(examples, found)
    skill = Skill(
        intent=intent,
        reasoning_path=about.steps,
        result=Result(media_type=PYTHON, text=code, entry_point=entry.name),
        checks=checks,
        license=_license(about, read.text, license_id),
        tags=about.tags,
    )
    return [finish(skill, Claim(), where, notes=[*notes, *_lacks(skill, source)])]


@dataclass(frozen=True, slots=True)
class _About:
    """What a module's docstring says."""

    intent: str = ""
    steps: tuple[Step, ...] = ()
    tags: tuple[str, ...] = ()
    license: str = ""


def _read_docstring(docstring: str) -> _About:
    steps: list[str] = []
    tags = license_id = ""
    in_steps = False
    for line in without_examples(docstring).split("\n"):
        text = line.strip()
        head, _, rest = text.partition(":")
        numbered = _STEP.match(text)
        if head.lower() == "steps" and not rest.strip():
            in_steps = True
        elif head.lower() == "tags":
            tags, in_steps = rest, False
        elif head.lower() in ("license", "licence") and rest.strip():
            license_id, in_steps = rest.strip(), False
        elif in_steps and numbered:
            steps.append(numbered[2])
        elif in_steps and text and steps:
            steps[-1] += " " + text
        elif text and in_steps:
            in_steps = False
    actions = [action for action in map(prose, steps) if action][:MAX_STEPS]
    return _About(
        prose(_first_line(docstring)),
        tuple(Step(step=number, action=action) for number, action in enumerate(actions, start=1)),
        tags_of(tags.split(",")),
        license_id,
    )


def _first_line(docstring: str) -> str:
    return docstring.strip().partition("\n")[0]


def _entry_point(source: Source, stem: str) -> ast.FunctionDef | str:
    """Returns the entry point, or a sentence on why there is none."""
    named = [node for node in source.body if isinstance(node, Function) and not is_test(node) and not is_fixture(node)]
    public = list({node.name: node for node in named if not node.name.startswith("_")}.values())
    if len(public) > 1:
        chosen = [node for node in public if node.name == stem]
        public = chosen or [node for node in public if has_examples(ast.get_docstring(node))] or public
    if not public:
        return "It has no public function: define one at the top level that does the work."
    if len(public) > 1:
        return f"It has {len(public)} public functions: name the one to call like the file, or start the others with _."
    entry = public[0]
    if isinstance(entry, ast.AsyncFunctionDef):
        return f"{entry.name} is asynchronous: wrap it in a plain function that returns the result."
    return entry


@dataclass(frozen=True, slots=True)
class _Parts:
    """Positions of top-level statements: those that are the skill's, and those that only tests use."""

    in_skill: frozenset[int]
    tests_only: frozenset[int]

    @classmethod
    def of(cls, source: Source) -> _Parts:
        """Splits a module. A definition that neither the skill nor a test uses is the skill's."""
        body = source.body
        tests = {at for at, node in enumerate(body) if is_test(node) or is_test_class(node) or is_fixture(node)}
        rest = [at for at in range(len(body)) if at not in tests]
        needs = Needs(body[at] for at in rest)
        of_tests = {rest[at] for at in needs.of(_names(source, tests))}
        own = {at for at in rest if at not in of_tests or not _may_leave(body[at])}
        of_skill = own | {rest[at] for at in needs.of(_names(source, own))}
        tests_only = tests | (of_tests - of_skill)
        return cls(frozenset(range(len(body))) - tests_only, frozenset(tests_only))


def _names(source: Source, positions: set[int]) -> frozenset[str]:
    return frozenset[str]().union(*(used_names(source.body[at]) for at in positions))


def _may_leave(node: ast.stmt) -> bool:
    """Says whether a statement may leave the code with the tests that use it: it only defines, and nothing public."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    if isinstance(node, Function | ast.ClassDef):
        return node.name.startswith("_")
    return isinstance(node, ast.Assign | ast.AnnAssign) and bool(bound_names(node))


def _checks(examples: Examples, tests: Scripts) -> tuple[tuple[Check, ...], list[str]]:
    scripts = [*examples.scripts, *tests.scripts]
    notes = [*examples.notes, *([tests.note()] if tests.left_out else [])]
    checks: list[Check] = [Cases(cases=tuple(examples.cases))] if examples.cases else []
    room = MAX_CHECKS - len(checks)
    if len(scripts) > room:
        notes.append(f"{len(scripts) - room} tests were left out: a skill has at most {MAX_CHECKS} checks")
    return (*checks, *(Script(code=script) for script in scripts[:room])), notes


def _license(about: _About, text: str, fallback: str) -> str:
    comment = _SPDX.search(plain_newlines(text))
    return licenses.spdx(prose(about.license or (comment[1] if comment else "") or fallback))


def _lacks(skill: Skill, source: str) -> list[str]:
    notes = []
    if not skill.reasoning_path:
        notes.append("no reasoning path: add a Steps: block to the file's docstring, or it can't be published")
    if not skill.checks:
        notes.append("no checks: E1 at most, until it has examples or tests")
    if not BIDI.isdisjoint(source):
        notes.append("its text holds characters that change the direction of writing: read it with care")
    return notes
