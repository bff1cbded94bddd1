"""Traces of agents, one JSON object per line, read into skills.

A line is taken apart in this order, and the first step that fails rejects that line alone:

1. at most 256 KiB, nested at most 32 deep, 1,000 keys, 10,000 items (before it is parsed)
2. UTF-8, JSON, one object; no key twice, no NaN or Infinity
3. no NUL and no lone surrogate in any text
4. told by its fields: `prompt` and `solution` make it a solved task (here), `intent` and `result` a record in the trace
   format of H2 (`records`)
5. the fields of that shape, with their types

A task's `test` becomes one script. Agents write down that they solved a task; that is kept as a claim and decides
nothing, as some of them are wrong.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from keyword import iskeyword

from hansa.kernel.canonical import check_bounds
from hansa.kernel.errors import Refused
from hansa.kernel.limits import MAX_SAFE_INTEGER, Limits
from hansa.skills import licenses
from hansa.skills.importing.doctests import without_examples
from hansa.skills.importing.draft import Draft, Rejected, finish
from hansa.skills.importing.records import draft_of_record
from hansa.skills.importing.rows import BadRow, Row
from hansa.skills.importing.source import Function, Needs, Source, bound_names, read_source, used_names
from hansa.skills.importing.text import cut, label, prose, tags_of, unfit
from hansa.skills.model import MILLION, PYTHON, Claim, Result, Script, Skill, Step
from hansa.skills.reflections import By, Reflection, Went

LIMITS = Limits()
MAX_CODE = 180_000
MAX_TEST = 100_000
MAX_REFLECTIONS = 198

_EXAMPLES = re.compile(r"^\s*(?:for )?examples?(?: *\d+)? *:?\s*$", re.IGNORECASE)
_DATA_SET = re.compile(r"([A-Za-z]{2,20})[/_]\d")


def read_traces(name: str, lines: Iterable[bytes], license_id: str = "") -> Iterator[Draft | Rejected]:
    """Yields what each line of a trace file comes to; blank lines are skipped.

    Args:
        name: file name, for people.
        lines: the lines, with or without their ends.
        license_id: licence of the traces when a row names none.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{label(name)}:{number}"
        try:
            row = read_row(line)
            yield draft_of_row(row, where, license_id)
        except BadRow as bad:
            yield Rejected(where, f"Line {number} {bad}.")


def draft_of_row(row: Row, where: str, license_id: str) -> Draft | Rejected:
    """Returns the draft of a row, whichever of the known shapes it has.

    Raises:
        BadRow: it has neither, or a field is missing or wrong.
    """
    if "prompt" in row.fields or "solution" in row.fields:
        return _draft_of_task(row, where, license_id)
    if "intent" in row.fields or "reasoning_path" in row.fields:
        return draft_of_record(row, where, license_id)
    raise BadRow("is no trace: give it `prompt` and `solution`, or `intent` and `result`")


def read_row(line: bytes) -> Row:
    """Returns the object on a line (steps 1 to 3).

    Raises:
        BadRow: saying what is wrong with the line and what to do.
    """
    if len(line) > LIMITS.max_bytes:
        raise BadRow(f"has {len(line)} bytes, at most {LIMITS.max_bytes} are read: split or shorten it")
    line = line.strip().removeprefix(b"\xef\xbb\xbf")
    try:
        check_bounds(line, LIMITS)
        value = json.loads(
            line.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except Refused as refused:
        raise BadRow(f"is too large or too deep ({refused.detail}): flatten it") from None
    except UnicodeDecodeError:
        raise BadRow("is not UTF-8: save the file as UTF-8") from None
    except (ValueError, RecursionError):
        raise BadRow("is not JSON: put one JSON object on each line") from None
    if not isinstance(value, dict):
        raise BadRow("is not a JSON object: put one object with named fields on each line")
    _check_texts(value)
    return Row(value)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: dict[str, None] = {}
        twice = next(name for name, _ in pairs if name in seen or seen.update({name: None}))
        raise BadRow(f"has the field {label(twice, 60)} twice: keep one")
    return made


def _no_constant(name: str) -> object:
    raise BadRow(f"holds {name}, which is not JSON: write a number or null")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadRow("holds a number that is too large: write it as text")
    return value


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_SAFE_INTEGER + 1:
        raise BadRow("holds a number that is too large: write it as text")
    return int(digits)


def _check_texts(row: dict[str, object]) -> None:
    for name, field in row.items():
        stack: list[object] = [name, field]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                problem = unfit(item)
                if problem:
                    raise BadRow(f"{problem} in {label(name, 60)}: take it out")
            elif isinstance(item, dict):
                stack.extend((*item, *item.values()))
            elif isinstance(item, list):
                stack.extend(item)


@dataclass(frozen=True, slots=True)
class _Task:
    """A coding task, as an agent has left it."""

    prompt: str
    solution: str
    entry: str
    test: str
    reflections: list[str]
    is_solved: bool | None


def _draft_of_task(row: Row, where: str, license_id: str) -> Draft | Rejected:
    task = _Task(
        prompt=row.text("prompt"),
        solution=row.text("solution"),
        entry=row.text("entry_point"),
        test=row.text("test"),
        reflections=row.texts("reflections"),
        is_solved=row.flag("is_solved"),
    )
    if not task.entry.isidentifier() or iskeyword(task.entry) or len(task.entry) > 128:
        raise BadRow(f"has the entry_point {label(task.entry, 60)!r}: give the name of the function")
    code, notes = _code(task)
    intent = _intent(task)
    if len(code) > MAX_CODE:
        raise BadRow(f"has {len(code)} characters of code, at most {MAX_CODE} are taken: shorten it")
    if len(task.reflections) > MAX_REFLECTIONS:
        notes.append(
            f"{len(task.reflections) - MAX_REFLECTIONS} reflections were left out: a path has at most 200 steps"
        )
    named = _DATA_SET.match(row.text("task_id", "") or row.text("name", ""))
    skill = Skill(
        intent=intent,
        reasoning_path=_path(task, intent),
        result=Result(media_type=PYTHON, text=code, entry_point=task.entry),
        checks=(Script(code=_script(task)),),
        license=licenses.spdx(prose(row.text("license", "") or license_id)),
        tags=tags_of(["python", "trace", *([named[1]] if named else [])]),
    )
    claim = Claim(verification_score=MILLION if task.is_solved else 0)
    noted = _noted(task, skill, where)
    return finish(skill, claim, where, notes=notes, claimed_pass=task.is_solved, reflections=noted)


def _noted(task: _Task, skill: Skill, where: str) -> list[Reflection]:
    """Returns what the agent noted: a reflection follows an attempt that failed, the task's end follows all."""
    notes = [(Went.FAILURE, text) for text in map(prose, task.reflections) if text]
    if notes and task.is_solved is not None:
        notes.append((Went.SUCCESS if task.is_solved else Went.FAILURE, skill.intent))
    return [
        Reflection(
            outcome=went,
            description=text,
            category="trace",
            tags=skill.tags[:16],
            session=where[:128],
            skill=skill.id,
            source=By.TRACE,
        )
        for went, text in notes
    ]


def _path(task: _Task, intent: str) -> tuple[Step, ...]:
    """Returns what the trace knows of how the solution was reached; it ends with what the agent said about it."""
    ends = {
        True: f"Solved as `{task.entry}`; checked by the task's tests.",
        False: f"Last attempt as `{task.entry}`; the agent did not get it past the task's tests.",
        None: f"Written as `{task.entry}`; to be checked by the task's tests.",
    }
    reflections = [f"Reflection: {text}" for text in task.reflections[:MAX_REFLECTIONS] if prose(text)]
    actions = [f"Task: {intent}", *reflections, ends[task.is_solved]]
    return tuple(Step(step=number, action=prose(action)) for number, action in enumerate(actions, start=1))


def _code(task: _Task) -> tuple[str, list[str]]:
    """Returns the skill's code: the solution if it holds the function, else the prompt continued by the solution."""
    if not task.solution.strip():
        raise BadRow("has an empty solution: leave the row out, nothing was learnt")
    prompt, solution = read_source(task.prompt), read_source(task.solution)
    if isinstance(solution, Source) and _defines(solution, task.entry):
        return _before(prompt, solution, task.entry) + solution.text.rstrip() + "\n", []
    if isinstance(solution, str) and re.search(rf"^def {re.escape(task.entry)}\b", task.solution, re.MULTILINE):
        return task.solution, ["the solution is not valid Python: it can't pass"]
    code = task.prompt + ("" if task.prompt.endswith("\n") else "\n") + task.solution.rstrip() + "\n"
    valid = isinstance(read_source(code), Source)
    return code, [] if valid else ["prompt and solution together are not valid Python: they can't pass"]


def _defines(source: Source, name: str) -> bool:
    return any(name in bound_names(node) for node in source.body)


def _before(prompt: Source | str, solution: Source, entry: str) -> str:
    """Returns those imports and helpers of the prompt that the solution uses and lacks."""
    if isinstance(prompt, str):
        return ""
    own = frozenset[str]().union(*(bound_names(node) for node in solution.body))
    known = [node for node in prompt.body if entry not in bound_names(node) and not bound_names(node) & own]
    needs = Needs(known).of(used_names(solution.tree) - own)
    return "".join(prompt.decorated(known[at]) + "\n" for at in needs) + ("\n\n" if needs else "")


def _intent(task: _Task) -> str:
    """Returns the prose of the task: its docstring without examples, else the prompt as it is."""
    prompt = read_source(task.prompt)
    docstring = _docstring(prompt, task.entry) if isinstance(prompt, Source) else None
    text = prose(_without_appendix(without_examples(docstring))) if docstring else ""
    text = text or prose(docstring or "") or prose(task.prompt)
    if not text:
        raise BadRow("has an empty prompt: say what the task is")
    return text


def _docstring(prompt: Source, entry: str) -> str | None:
    functions = [node for node in prompt.body if isinstance(node, Function) and node.name == entry]
    for node in functions[-1].body if functions else ():  # an import may stand before it
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return node.value.value
    return None


def _without_appendix(docstring: str) -> str:
    """Returns a docstring up to a line that says "Examples:", when there is something before it."""
    kept: list[str] = []
    for line in docstring.split("\n"):
        if _EXAMPLES.match(line) and any(each.strip() for each in kept):
            break
        kept.append(line)
    return "\n".join(kept)


def _script(task: _Task) -> str:
    """Returns the task's test as a script that really calls what it defines."""
    test = read_source(task.test)
    if isinstance(test, str):
        raise BadRow(f"has a test that {test}: correct it")
    if len(test.text) > MAX_TEST:
        raise BadRow(f"has a test of {len(test.text)} characters, at most {MAX_TEST} are taken: shorten it")
    runs = (ast.Assert, ast.For, ast.While, ast.With, ast.Try, ast.If)
    if any(isinstance(node, runs) or _is_call(node) for node in test.body):
        return test.text
    names = [node.name for node in test.body if isinstance(node, ast.FunctionDef)]
    calls = [f"check({task.entry})"] if "check" in names else [f"{name}()" for name in names if name.startswith("test")]
    if not calls:
        raise BadRow("has a test that checks nothing: let it assert something, or define check(candidate)")
    return cut(test.text.rstrip() + "\n\n\n" + "\n".join(calls) + "\n", MAX_TEST)


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
