from __future__ import annotations

import textwrap

import pytest

from hansa.skills.importing.draft import Draft
from hansa.skills.importing.python_file import read_python
from hansa.skills.model import Case, Step
from tests.skills.importing.playing import drafted, outcomes, outcomes_when_blank, rejected

SAMPLE = '''\
"""Halve an even number.

Steps:
1. Refuse odd ones,
   whatever they are.
2) Halve what is left.
Tags: numbers, Math, numbers
License: Apache License 2.0
"""

import math
import re  # the code's own

TOP = 10
_ROWS = [(2, 1), (4, 2)]


def _is_odd(n):
    return bool(re.search("[13579]$", str(n)))


def halve(n):
    """Returns half of `n`.

    >>> halve(4)
    2
    >>> halve(-8)
    -4
    """
    if _is_odd(n):
        raise ValueError("odd")
    return n // 2


# of the tests only
def _near(a, b):
    return math.isclose(a, b)


def test_rows():
    for n, half in _ROWS:
        assert halve(n) == half


# what a case can't say
def test_no_rest_is_lost():
    assert _near(halve(TOP) * 2, TOP)
'''


def one(source: str, tests: str = "", name: str = "halve.py", license_id: str = "") -> Draft:
    [outcome] = read_python(name, source, tests, license_id)
    return drafted(outcome)


def problem(source: str, tests: str = "", name: str = "halve.py") -> str:
    [outcome] = read_python(name, source, tests)
    return rejected(outcome)


def with_tests(tests: str) -> Draft:
    return one(SAMPLE, textwrap.dedent(tests))


def assert_checks_hold(draft: Draft) -> None:
    """The checks pass with the code and fail with a function that does nothing."""
    assert draft.skill.checks
    assert set(outcomes(draft.skill)) == {"ok"}
    assert "ok" not in outcomes_when_blank(draft.skill)


def test_the_docstring_gives_intent_steps_tags_and_licence() -> None:
    skill = one(SAMPLE).skill
    assert skill.intent == "Halve an even number."
    assert skill.reasoning_path == (
        Step(step=1, action="Refuse odd ones, whatever they are."),
        Step(step=2, action="Halve what is left."),
    )
    assert skill.tags == ("numbers", "math")
    assert skill.license == "Apache-2.0"
    assert skill.result.entry_point == "halve"


def test_examples_become_cases_and_tests_become_scripts() -> None:
    draft = one(SAMPLE)
    assert draft.skill.cases == (Case(args="(4,)", expect="2"), Case(args="(-8,)", expect="-4"))
    assert len(draft.skill.scripts) == 2
    assert draft.notes == ()
    assert draft.claimed_pass is None
    assert_checks_hold(draft)


def test_the_code_is_the_module_less_what_only_tests_use() -> None:
    text = one(SAMPLE).skill.result.text
    assert "import re  # the code's own" in text and "_is_odd" in text
    for gone in ("test_", "_ROWS", "_near", "TOP", "import math", "of the tests only", "what a case can't say"):
        assert gone not in text


def test_blank_lines_inside_texts_survive_when_tests_leave() -> None:
    source = '"""A."""\n\n\ndef f():\n    return """a\n  \n\n\nb"""\n\n\ndef test_f():\n    assert f()\n'
    assert one(source).skill.result.text == '"""A."""\n\n\ndef f():\n    return """a\n  \n\n\nb"""\n'


def test_the_same_file_is_the_same_skill_whatever_its_line_ends() -> None:
    plain = one(SAMPLE).skill.id
    assert one(SAMPLE).skill.id == plain
    assert one("\ufeff" + SAMPLE.replace("\n", "\r\n")).skill.id == plain


def test_sets_in_arguments_are_written_in_one_order() -> None:
    source = '"""A."""\ndef f(x):\n    """\n    >>> f({"b", "a", "c"})\n    3\n    """\n    return len(x)\n'
    assert one(source).skill.cases == (Case(args="({'a', 'b', 'c'},)", expect="3"),)


@pytest.mark.parametrize(
    "example",
    [
        ">>> x = 6\n    >>> halve(x)\n    3",
        ">>> halve(3)\n    Traceback (most recent call last):\n        ...\n    ValueError: odd",
        ">>> print(halve(4))\n    2",
        ">>> [halve(n) for n in range(0, 100, 2)]  # doctest: +ELLIPSIS\n    [0, 1, ..., 49]",
        ">>> halve(n=4)\n    2",
        ">>> halve(*[4])\n    2",
        ">>> halve(3)  # doctest: +IGNORE_EXCEPTION_DETAIL\n    Traceback (most recent call last):\n    ValueError: x",
        ">>> for n in (2, 4):\n    ...     print(halve(n))\n    1\n    2",
    ],
)
def test_an_example_that_no_case_can_say_becomes_a_script(example: str) -> None:
    draft = one(SAMPLE.replace(">>> halve(-8)\n    -4", example))
    assert draft.skill.cases == (Case(args="(4,)", expect="2"),)
    assert len(draft.skill.scripts) == 3
    assert_checks_hold(draft)


def test_a_script_of_examples_fails_when_an_example_is_wrong() -> None:
    draft = one(SAMPLE.replace(">>> halve(-8)\n    -4", ">>> print(halve(8))\n    5"))
    assert outcomes(draft.skill)[1].startswith("AssertionError: print(halve(8)) shows 4")


def test_a_skipped_example_is_no_check() -> None:
    draft = one(SAMPLE.replace(">>> halve(-8)", ">>> halve(-8)  # doctest: +SKIP"))
    assert len(draft.skill.cases) == 1 and len(draft.skill.scripts) == 2


def test_an_example_that_shows_nothing_expects_none() -> None:
    source = '"""A."""\ndef f(x):\n    """\n    >>> f(1)\n    """\n'
    assert one(source).skill.cases == (Case(args="(1,)", expect="None"),)


def test_keyword_only_parameters_get_cases_from_positional_calls_only() -> None:
    examples = ">>> f(1)\n    2\n    >>> f(1, y=3)\n    4"
    source = f'"""A."""\ndef f(x, *, y=1):\n    """\n    {examples}\n    """\n    return x + y\n'
    draft = one(source)
    assert draft.skill.cases == (Case(args="(1,)", expect="2"),)
    assert_checks_hold(draft)


@pytest.mark.parametrize(
    "tests",
    [
        "from halve import halve\n\ndef test_a():\n    assert halve(2) == 1\n",
        "from halve import halve as h\n\ndef test_a():\n    assert h(2) == 1\n",
        "from pack.halve import halve\n\ndef test_a():\n    assert halve(2) == 1\n",
        "from pack import halve\n\ndef test_a():\n    assert halve.halve(2) == 1\n",
        "from pack import halve\n\ndef test_a():\n    assert halve(2) == 1\n",
        "from .halve import halve, _is_odd\n\ndef test_a():\n    assert halve(2) == 1 and _is_odd(1)\n",
        "from . import halve\n\ndef test_a():\n    assert halve.halve(2) == 1\n",
        "import halve\n\ndef test_a():\n    assert halve.halve(2) == 1\n",
        "import pack.halve as m\n\ndef test_a():\n    assert m.halve(2) == 1\n",
        "import math\nfrom halve import *\nHALF = 1\ndef same(a):\n    return a == HALF\ndef test_a():\n"
        "    assert same(halve(2)) and math.pi\n",
    ],
)
def test_a_test_file_finds_the_module_under_test_in_the_namespace(tests: str) -> None:
    draft = one(SAMPLE, tests)
    assert len(draft.skill.scripts) == 3
    assert_checks_hold(draft)


def test_a_library_module_of_the_same_name_is_not_the_module_under_test() -> None:
    source = '"""A."""\ndef parse(x):\n    return x\n'
    tests = (
        "from urllib.parse import quote\nfrom parse import parse\ndef test_a():\n    assert parse(quote('a')) == 'a'\n"
    )
    draft = one(source, tests, name="parse.py")
    assert "from urllib.parse import quote" in draft.skill.scripts[0]
    assert_checks_hold(draft)


def test_raises_approx_fail_and_fixtures_work_without_pytest() -> None:
    draft = with_tests(
        """
        import pytest
        from pytest import approx
        from halve import halve

        @pytest.fixture
        def six():
            return 6

        @pytest.fixture()
        def three():
            return 3

        def test_raises():
            with pytest.raises(ValueError, match="od") as caught:
                halve(3)
            assert "odd" in str(caught.value)

        def test_raises_several():
            with pytest.raises((TypeError, ValueError)):
                halve(3)

        def test_near(six, three):
            assert halve(six) == approx(3 + 1e-9)
            assert [halve(six), {"a": 1.0}] != approx([3])
            assert halve(six) == pytest.approx(three, abs=0.5)
            assert halve(six) != pytest.approx(3.1, rel=1e-3)

        def test_fail():
            if halve(2) != 1:
                pytest.fail("no")
        """
    )
    assert len(draft.skill.scripts) == 6
    assert all("import pytest" not in script for script in draft.skill.scripts)
    assert_checks_hold(draft)


@pytest.mark.parametrize("wrong", ["halve(2)", "None", "int('x')"])
def test_raises_is_strict(wrong: str) -> None:
    tests = f"import pytest\ndef test_a():\n    with pytest.raises(ValueError, match='odd'):\n        {wrong}\n"
    assert outcomes(one(SAMPLE, tests).skill)[-1] != "ok"


def test_parametrised_tests_become_loops() -> None:
    draft = with_tests(
        """
        import pytest
        from halve import halve

        BIG = 10**6

        @pytest.mark.slow
        @pytest.mark.parametrize(("n", "half"), [(2, 1), pytest.param(BIG, BIG // 2, id="big")], ids=str)
        def test_rows(n, half):
            assert halve(n) == half

        @pytest.mark.parametrize("sign", [1, -1])
        @pytest.mark.parametrize("n, half", [(2, 1), (4, 2)])
        def test_grid(sign, n, half):
            assert halve(sign * n) == sign * half

        @pytest.mark.parametrize("n", (3, 5))
        def test_odd(n):
            with pytest.raises(ValueError):
                halve(n)
        """
    )
    assert len(draft.skill.scripts) == 5
    assert_checks_hold(draft)


def test_each_row_of_a_parametrised_test_counts() -> None:
    tests = "import pytest\n@pytest.mark.parametrize('n', [2, 4])\ndef test_a(n):\n    assert halve(n) == 1\n"
    assert outcomes(one(SAMPLE, tests).skill)[-1].startswith("AssertionError")


@pytest.mark.parametrize(
    "test",
    [
        "def test_x(tmp_path):\n    pass",
        "@pytest.fixture\ndef two():\n    yield 2\ndef test_x(two):\n    pass",
        "@pytest.fixture(scope='module')\ndef two():\n    return 2\ndef test_x(two):\n    pass",
        "@pytest.fixture(autouse=True)\ndef two():\n    pass\ndef test_x():\n    pass",
        "def setup_module():\n    pass\ndef test_x():\n    pass",
        "async def test_x():\n    pass",
        "def test_x():\n    yield 1",
        "@pytest.mark.skip\ndef test_x():\n    pass",
        "@pytest.mark.xfail(strict=True)\ndef test_x():\n    assert 0",
        "@given(1)\ndef test_x(n):\n    pass",
        "@pytest.mark.parametrize('n', [1], indirect=True)\ndef test_x(n):\n    pass",
        "@pytest.mark.parametrize('n', [pytest.param(1)])\ndef test_x(n):\n    pass",
        "@pytest.mark.parametrize('n,m', [pytest.param(1, 2, marks=())])\ndef test_x(n, m):\n    pass",
        "def test_x():\n    pytest.raises(ValueError, halve, 3)",
        "def test_x():\n    pytest.importorskip('numpy')",
        "import pytest as p\ndef test_x():\n    p.fail()",
        "from .other import thing\ndef test_x():\n    thing()",
        "class TestX:\n    def test_x(self):\n        pass",
        "import unittest\nclass X(unittest.TestCase):\n    def test_x(self):\n        pass",
    ],
)
def test_a_test_that_needs_a_runner_is_left_out_and_said_so(test: str) -> None:
    draft = one(SAMPLE, "import pytest\n" + test + "\n")
    assert len(draft.skill.scripts) == 2
    assert len(draft.notes) == 1 and draft.notes[0].startswith("1 test was left out for needing pytest")


def test_future_imports_come_first_in_a_script() -> None:
    tests = "from __future__ import annotations\nimport pytest\ndef test_a(x: Missing = 2):\n    assert halve(x) == 1\n"
    draft = one(SAMPLE, tests)
    assert draft.skill.scripts[-1].startswith("from __future__ import annotations")
    assert_checks_hold(draft)


def test_of_several_public_functions_the_one_named_like_the_file_is_called() -> None:
    source = '"""A."""\ndef other():\n    pass\ndef halve(x):\n    pass\n'
    assert one(source, name="some/where\\halve.py").skill.result.entry_point == "halve"


def test_of_several_public_functions_the_only_one_with_examples_is_called() -> None:
    source = '"""A."""\ndef other():\n    pass\ndef f(x):\n    """\n    >>> f(1)\n    """\n'
    assert one(source, name="x.py").skill.result.entry_point == "f"


def test_without_a_module_docstring_the_function_says_what_it_is_for() -> None:
    draft = one('def f(x):\n    """Do it.\n\n    More.\n    """\n')
    assert draft.skill.intent == "Do it."
    assert [note.split(":")[0] for note in draft.notes] == ["no reasoning path", "no checks"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "no public function"),
        ("x = 1\n", "no public function"),
        ('"""A."""\nclass F:\n    pass\n', "no public function"),
        ('"""A."""\ndef f(): pass\ndef g(): pass\n', "2 public functions"),
        ('"""A."""\nasync def f(): pass\n', "asynchronous"),
        ("def f(): pass\n", "docstring"),
        ("x = 1\ndef f:\n", "not Python (line 2)"),
        ("def f(:\n", "not Python (line 1)"),
        ("x = '\0'\n", "NUL"),
        ("x = '\ud800'\n", "surrogate"),
        ("x = " + "-" * 5_000 + "1\n", "nests"),
        ("x" * 300_000, "at most 262144"),
        ('"""A."""\ndef f():\n    return """' + "y" * 181_000 + '"""\n', "at most 180000"),
        ('"""A."""\ndef f():\n    return """' + "é" * 120_000 + '"""\n', "at most 190000"),
    ],
)
def test_a_file_that_is_no_skill_is_rejected_with_what_to_do(source: str, says: str) -> None:
    assert says in problem(source)
    assert ":" in problem(source)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = 1\ny = (\n", 2), ("x = 1\ny = (\n\n\n", 2), ("x = [\n    f(1),\n    g(2,\n]\n", 4),
        ("x = 1\n)\ny = 2\n", 2),
        ("def f(x):\n    return [x\n\n\ndef g():\n    return {}\n", 2), ("x = 1\ny = 2 + \\\n", 2),
        ('x = 1\ny = """a\nb\n', 2), ("\r\ny = (\r\n", 2), ("if 1:\n    x = 1\n  y = 2\n", 3),
        ("x = 1\ny = = 2\n", 2),
    ],
)  # fmt: skip
def test_the_line_that_is_not_python_is_the_one_that_is_named(source: str, line: int) -> None:
    assert f"is not Python (line {line})" in problem(source)


def test_a_broken_test_file_is_rejected() -> None:
    assert "test file is not Python" in problem(SAMPLE, "def test_(:\n")


@pytest.mark.parametrize(
    ("line", "fallback", "expected"),
    [
        ("License: MIT license", "ISC", "MIT"),
        ("", "ISC", "ISC"),
        ("", "", ""),
    ],
)
def test_the_licence_is_the_file_s_own_or_the_caller_s(line: str, fallback: str, expected: str) -> None:
    source = f'"""A.\n\n{line}\n"""\ndef f(): pass\n'
    assert one(source, license_id=fallback).skill.license == expected


def test_an_spdx_comment_is_a_licence() -> None:
    assert one('# SPDX-License-Identifier: bsl-1.0\n"""A."""\ndef f(): pass\n').skill.license == "BSL-1.0"


def test_what_is_shown_to_people_has_no_control_characters() -> None:
    draft = one('"""Do\x1b[31m it\u202e."""\ndef f(): pass\n', name="a\x1b[0m.py")
    assert draft.skill.intent == "Do[31m it."
    assert draft.source == "a\\x1b[0m.py"
    assert any("direction of writing" in note for note in draft.notes)


def test_a_skill_has_at_most_a_hundred_checks_and_two_hundred_cases() -> None:
    examples = "".join(f"    >>> f({n})\n    {n}\n" for n in range(205))
    tests = "".join(f"def test_{n}():\n    assert f({n}) == {n}\n" for n in range(105))
    draft = one(f'"""A."""\ndef f(x):\n    """\n{examples}    """\n    return x\n{tests}')
    assert len(draft.skill.cases) == 200 and len(draft.skill.checks) == 100
    assert [note.split()[0] for note in draft.notes[:3]] == ["5", "5", "1"]
    assert_checks_hold(draft)


def test_odd_escapes_in_somebody_s_text_cause_no_warning() -> None:
    assert one('"""A."""\ndef f():\n    return "\\d"\n').skill.result.entry_point == "f"
