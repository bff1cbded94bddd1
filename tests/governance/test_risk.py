"""The rules of risk: what each fires on, and that no level is anything but advice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.governance.diff import read
from hansa.governance.risk import Level, Params, assess


def added(text: str, path: str = "x.py") -> str:
    lines = text.splitlines()
    body = "".join(f"+{line}\n" for line in lines)
    return f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{body}"


def changed(old: str, new: str, path: str = "x.py") -> str:
    one, two = old.splitlines(), new.splitlines()
    body = "".join([*(f"-{line}\n" for line in one), *(f"+{line}\n" for line in two)])
    at = (0 if not one else 1, 0 if not two else 1)
    return f"--- a/{path}\n+++ b/{path}\n@@ -{at[0]},{len(one)} +{at[1]},{len(two)} @@\n{body}"


def found(text: str, params: Params | None = None) -> tuple[Level, set[str]]:
    seen = assess(read(text), params)
    assert all(one.why for one in seen.findings)
    return seen.level, {one.rule for one in seen.findings}


HIDDEN = [
    "eval('1')", "x = eval\nx('1')", "getattr(__builtins__, 'eval')('1')", "exec('1')", "compile('1', '', 'exec')",
    "__import__('os')", "import builtins", "import importlib", "import os\nos.system('x')", "from os import system",
    "import os as o\no.popen('x')", "import subprocess\nsubprocess.run('x', shell=True)", "import pickle",
    "from pickle import loads", "import ctypes", "import marshal", "def f():\n    return eval", "\uff45val('1')",
    "e = 'eval'\nglobals()[e]", "().__class__.__subclasses__()", "import os.path, pickle as p", "os.execv('a', [])",
    "shell = 1\nrun('x', shell=shell)", "x = 'a\u202eb'", "x = 'a\u200bb'", "def broken(:\n    eval('1')",
]  # fmt: skip
"""Ways to run text, programs or bytes: the corpus of attack 62."""


@pytest.mark.parametrize("code", HIDDEN)
def test_added_python_that_runs_what_it_is_given_is_high(code: str) -> None:
    level, rules = found(added(code))
    assert level is Level.HIGH and rules & {"R5", "R6", "R7", "R8", "R9"}


@pytest.mark.parametrize(
    ("text", "level", "rule"),
    [
        (added("x = 1\n"), Level.LOW, None),
        (added("x = 1\n", "pyproject.toml"), Level.HIGH, "R1"),
        (added("x = 1\n", "src/IDENTITY/keys.py"), Level.HIGH, "R1"),
        ("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n", Level.MEDIUM, "R2"),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", Level.MEDIUM, "R3"),
        ("diff --git a/x b/x\nnew file mode 100755\n", Level.MEDIUM, "R3"),
        ("diff --git a/x b/x\nnew file mode 120000\n", Level.HIGH, "R4"),
        ("diff --git a/x b/x\nnew file mode 160000\n", Level.HIGH, "R4"),
        ("diff --git a/x b/x\nindex 1234..5678\nBinary files a/x and b/x differ\n", Level.HIGH, "R4"),
        (added("import subprocess\n"), Level.MEDIUM, "R6"),
        (added("def f(:\n"), Level.HIGH, "R8"),
        (changed("a", "def f(:"), Level.MEDIUM, "R8"),
        (added("a\u202eb\n", "x.md"), Level.HIGH, "R9"),
        (changed("assert x", "x", "y.py"), Level.HIGH, "R10"),
        (changed("assert x", "assert y", "y.py"), Level.LOW, None),
        (changed("def test_a():\n    pass", "a = 1", "tests/test_x.py"), Level.HIGH, "R10"),
        (changed("x = 1", "@pytest.mark.skip\nx = 1", "tests/test_x.py"), Level.HIGH, "R10"),
        ("--- a/tests/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n", Level.HIGH, "R10"),
        ("diff --git a/x b/y\nrename from x\nrename to y\n", Level.LOW, "R12"),
        (added("x = 1\n" * 400), Level.MEDIUM, "R11"),
        (added("x = 1\n" * 2_000), Level.HIGH, "R11"),
    ],
)
def test_each_rule_fires_on_what_it_is_about(text: str, level: Level, rule: str | None) -> None:
    seen = found(text)
    assert seen == (level, {rule} if rule else set()) or (rule in seen[1] and seen[0] is level)


@given(st.text(max_size=120).filter(lambda text: bool(text.splitlines())))
def test_no_text_breaks_the_rules(code: str) -> None:
    try:
        files = read(added(code))
    except Exception as error:
        assert "bad_body" in str(error)
        return
    assert assess(files).level in Level


@pytest.mark.parametrize("params", [{"medium_lines": 0}, {"medium_lines": 5, "high_lines": 4}, {"core": ("x",) * 1001}])
def test_numbers_that_make_no_sense_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(params)) if len(params) == 1 else "high_lines"):
        Params(**params).validate()  # type: ignore[arg-type]
