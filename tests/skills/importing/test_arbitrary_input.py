"""Nothing that a file can hold makes an importer raise; what it makes is a skill that can be written and named."""

from __future__ import annotations

import ast
import builtins
import json
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.skills.importing.draft import MAX_RECORD, Draft, Rejected
from hansa.skills.importing.python_file import read_python
from hansa.skills.importing.skill_folder import read_skill_folder
from hansa.skills.importing.source import read_source
from hansa.skills.importing.traces import read_traces
from tests.skills.importing.test_python_file import SAMPLE
from tests.skills.importing.test_records import RECORD
from tests.skills.importing.test_skill_folder import DOCUMENT
from tests.skills.importing.test_traces import CONTINUED, WHOLE

WORDS = [
    "def ", "f", "(x)", ":", "\n", "    ", '"""', "'", ">>> ", "f(1)", "test_a", "@pytest.fixture", "import pytest",
    "from halve import halve", "=", "class T", "assert ", "lambda", "-", "[", "]", "(", ")", "{", "}", ",", "async ",
    "\\", "#", "\x0c", "\r", "\0", "\ud800", "é", "\u2028", "\u202e", "yield ", "f'{x}'", "0x", "1e999", "...", "*",
    "Steps:", "1. a", "Tags: a", "License: ", "...     ", "# doctest: +SKIP", "\ufeff", "\t", "return ", "if x:",
    "@pytest.mark.parametrize('a', [1])", "with pytest.raises(E):", "match x:", "case ", "global f", "del f", ";",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ROWS: list[dict[str, Any]] = [CONTINUED, WHOLE, RECORD]
SOURCES = st.lists(st.sampled_from(WORDS), max_size=60).map("".join) | st.text(
    st.characters(codec=None), max_size=200
)  # lone surrogates included


def assert_sound(make: Callable[[], list[Draft | Rejected]]) -> None:
    """Every outcome is a rejection with a sentence, or a draft of a skill that has bytes and always the same id."""
    first, second = make(), make()
    assert first == second
    for outcome in first:
        if isinstance(outcome, Rejected):
            assert outcome.problem[0].isupper() and outcome.problem.endswith(".")
            assert outcome.problem.isprintable() and len(outcome.problem) < 400
        else:
            assert len(outcome.skill.to_bytes()) <= MAX_RECORD
            assert all(note.isprintable() for note in outcome.notes)
        assert outcome.source.isprintable()


def mutated(text: str, seed: int) -> str:
    """Returns `text` with a few pieces cut out, doubled, moved or replaced."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 1, 3, 10, 80]))
        piece = chance.choice(["", text[start:end] * 2, chance.choice(WORDS), chance.choice(WORDS) * 3])
        text = text[:start] + piece + text[end:]
    return text


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_bytes_as_traces(lines: list[bytes]) -> None:
    assert_sound(lambda: list(read_traces("t\x1b.jsonl", lines)))


@given(JSON)
def test_any_json_as_a_trace(value: object) -> None:
    assert_sound(lambda: list(read_traces("t", [json.dumps(value).encode()])))


@given(st.sampled_from(ROWS), st.dictionaries(st.sampled_from(sorted(set().union(*ROWS))), JSON, max_size=4))
@settings(max_examples=400)
def test_any_values_in_the_fields_of_a_trace(row: dict[str, Any], change: dict[str, Any]) -> None:
    assert_sound(lambda: list(read_traces("t", [json.dumps(row | change).encode()])))


@given(st.sampled_from(ROWS), st.sampled_from(["prompt", "solution", "test", "intent", "result"]), SOURCES)
@settings(max_examples=400)
def test_any_text_in_the_fields_of_a_trace(row: dict[str, Any], field: str, text: str) -> None:
    assert_sound(lambda: list(read_traces("t", [json.dumps(row | {field: text}).encode()])))


@given(st.sampled_from(ROWS), st.integers(0, 2**32))
@settings(max_examples=400)
def test_mutated_trace_lines(row: dict[str, Any], seed: int) -> None:
    line = mutated(json.dumps(row), seed).encode("utf-8", "surrogatepass")
    assert_sound(lambda: list(read_traces("t", [line])))


@given(st.text(max_size=20), SOURCES, st.just("") | SOURCES)
@settings(max_examples=400)
def test_any_text_as_a_python_file(name: str, source: str, tests: str) -> None:
    assert_sound(lambda: read_python(name, source, tests))


@given(st.integers(0, 2**32))
@settings(max_examples=600)
def test_mutated_python_files(seed: int) -> None:
    source = mutated(SAMPLE, seed)
    assert_sound(lambda: read_python("halve.py", source, mutated(SAMPLE, seed + 1)))


@given(st.dictionaries(st.text(max_size=12) | st.just("SKILL.md"), st.binary(max_size=60), max_size=4))
def test_any_folder(files: dict[str, bytes]) -> None:
    assert_sound(lambda: [read_skill_folder("x", files)])


@given(st.integers(0, 2**32))
@settings(max_examples=400)
def test_mutated_skill_documents(seed: int) -> None:
    document = mutated(DOCUMENT.decode(), seed).encode("utf-8", "surrogatepass")
    checks = mutated(SAMPLE, seed).encode("utf-8", "surrogatepass")
    assert_sound(lambda: [read_skill_folder("x", {"SKILL.md": document, "checks/test_a.py": checks})])


@given(SOURCES)
def test_what_is_read_as_python_is_python_and_its_pieces_add_up(text: str) -> None:
    source = read_source(text)
    if not isinstance(source, str):
        assert ast.dump(ast.parse(source.text)) == ast.dump(source.tree)
        for node in source.body:
            again = ast.parse(source.decorated(node))
            assert ast.dump(again.body[0]) == ast.dump(node)


BOMBS = {
    "minus": "-" * 50_000 + "1",
    "not": "not " * 40_000 + "1",
    "attributes": "a" + ".b" * 50_000,
    "sum": "a" + "+a" * 50_000,
    "conditionals": "a if b else " * 20_000 + "a",
    "lambdas": "lambda:" * 20_000 + "1",
    "lambdas with commas": "lambda a, b:" * 20_000 + "1",
    "elif": "if a:pass\n" + "elif a:pass\n" * 20_000,
    "elif in elif": "if a:\n pass\n" + "elif a:\n if b: pass\n elif b: pass\n" * 6_000,
    "1,500 elif": "if a:pass\n" + "elif a:pass\n" * 1_500,
    "3,000 elif": "if a:pass\n" + "elif a:pass\n" * 3_000,
    "1,500 attributes": "a" + ".b" * 1_500,
    "chains in chains": "(" * 90 + "a" + (".b" * 480 + ")") * 90,
    "calls in calls": "f(" * 90 + "a" + (")" + "()" * 480) * 90,
    "powers": "a" + "**a" * 50_000,
    "brackets": "(" * 50_000,
    "closed brackets": "[" * 150 + "]" * 150,
    "brackets and signs": "-(" * 90 + "1" + ")" * 90,
    "calls": "a" + "()" * 50_000,
    "await": "async def f():\n  " + "await " * 40_000 + "x",
    "stars": "*" * 50_000 + "a",
    "f-string": 'f"{' + "-" * 50_000 + '1}"',
    "f-string of brackets": 'f"{' + "(" * 150 + "1" + ")" * 150 + '}"',
    "unclosed text": '"""' + "a\n" * 80_000,
    "digits": "9" * 200_000,
    "blank": " " * 200_000,
    "examples": '"""' + ">>> a\n" * 30_000 + '"""',
    "long want": '"""x\n>>> f(1)\n' + "a \n" * 50_000 + '"""\ndef f(x):\n pass',
    "example with signs": '"""x"""\ndef f(x):\n  """\n  >>> f(' + "-" * 50_000 + '1)\n  1\n  """\n',
    "many tests": '"x"\ndef f(): pass\n' + "\n".join(f"def test_{n}(): assert f()" for n in range(2_000)),
    "a chain of constants": '"x"\ndef f(): pass\n'
    + "\n".join(f"A{n + 1}=A{n}" for n in range(2_000))
    + "\n"
    + "\n".join(f"def test_{n}(): assert A2000" for n in range(500)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_text_ends_the_process_even_on_a_small_stack(name: str) -> None:
    """A thread of half a megabyte is what some systems give: a parser that recurses without bound dies there."""
    outcomes: list[Draft | Rejected] = []

    def read_everywhere() -> None:
        bomb = BOMBS[name]
        outcomes.extend(read_python("f.py", bomb))
        outcomes.extend(read_python("halve.py", SAMPLE, bomb))
        outcomes.append(read_skill_folder("x", {"SKILL.md": DOCUMENT, "checks/test_a.py": bomb.encode()}))
        for row in (CONTINUED | {"solution": bomb}, WHOLE | {"test": bomb}, RECORD | {"result": bomb}):
            outcomes.extend(read_traces("t", [json.dumps(row).encode()]))

    size = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=read_everywhere)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert len(outcomes) == 6


HOSTILE = "raise SystemExit('ran')\n__import__('os').abort()\n"


def test_nothing_that_is_read_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threat 15: reading is parsing. Compiling to a tree alone is allowed; running and importing are not."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an importer ran or opened something")

    real = builtins.compile

    def trees_only(source: Any, filename: Any, mode: str, flags: int = 0, *more: Any, **named: Any) -> Any:
        assert flags & ast.PyCF_ONLY_AST
        return real(source, filename, mode, flags, *more, **named)

    def read_all() -> list[Draft | Rejected]:
        hostile_example = '"""\n    >>> f(abort())\n    1\n    """'
        return [
            *read_python("halve.py", HOSTILE + SAMPLE, HOSTILE + "def test_x():\n    pass\n"),
            *read_python("f.py", f'"""A."""\n@abort()\ndef f(x=abort()):\n    {hostile_example}\n{HOSTILE}'),
            read_skill_folder("x", {"SKILL.md": DOCUMENT, "checks/test_a.py": HOSTILE.encode()}),
            *read_traces("t", [json.dumps(WHOLE | {"test": HOSTILE + "check()"}).encode()]),
            *read_traces("t", [json.dumps(CONTINUED | {"solution": HOSTILE}).encode()]),
            *read_traces("t", [json.dumps(RECORD | {"result": HOSTILE, "checks": [HOSTILE]}).encode()]),
        ]

    read_all()  # whatever the standard library loads on first use is loaded
    modules = set(sys.modules)
    with monkeypatch.context() as patched:
        patched.setattr(builtins, "exec", refuse)
        patched.setattr(builtins, "eval", refuse)
        patched.setattr(builtins, "open", refuse)
        patched.setattr(builtins, "compile", trees_only)
        found = read_all()
    assert all(isinstance(each, Draft) for each in found)
    assert set(sys.modules) == modules
