"""Loops give the same numbers compiled and as they are, in any process; and they are what can be compiled safely."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hansa.kernel import compiled
from hansa.sim.models import bounded, graph, growth, healing
from tests.sim.model_digest import digest

ROOT = Path(__file__).parents[2]
MODELS = sorted(path for room in ("models", "studies") for path in (ROOT / "src/hansa/sim" / room).glob("*.py"))
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed: pip install 'hansa[sim]'")


def elsewhere(*arguments: str, **environment: str) -> str:
    """Returns the digest as another process has it."""
    command = [sys.executable, "-m", "tests.sim.model_digest", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout.strip()


def test_a_seed_gives_the_same_network_in_any_process() -> None:
    assert elsewhere(PYTHONHASHSEED="1") == elsewhere(PYTHONHASHSEED="2") == digest()


@needs_numba
def test_loops_give_the_same_numbers_compiled_and_as_they_are() -> None:
    assert elsewhere(NUMBA_DISABLE_JIT="1") == elsewhere("without") == digest()


@needs_numba
@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="compiling is switched off")
def test_loops_are_compiled_where_numba_is() -> None:
    for loop in (growth._draw, bounded._dial, bounded._end, graph._fill, healing._dial, healing._answer):
        assert hasattr(loop, "py_func")


def test_what_cannot_be_kept_on_disk_is_compiled_all_the_same() -> None:
    made: dict[str, object] = {}
    exec("def twice(number): return 2 * number", made)
    twice = compiled.compiled(made["twice"])  # type: ignore[arg-type]
    assert twice(4) == 8


def foreign(text: str) -> Iterator[str]:
    """Yields what compiled loops use of other files: a loop that is kept on disk does not see when that changes."""
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for loop in ast.walk(tree):
        if isinstance(loop, ast.FunctionDef) and any(
            isinstance(mark, ast.Name) and mark.id == "compiled" for mark in loop.decorator_list
        ):
            for node in (inner for line in loop.body for inner in ast.walk(line)):
                if isinstance(node, ast.Name) and node.id in imported:
                    yield f"{loop.name}: {node.id}"


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_compiled_loops_use_nothing_of_other_files(path: Path) -> None:
    assert list(foreign(path.read_text(encoding="utf-8"))) == []


def test_what_a_loop_uses_of_another_file_is_noticed() -> None:
    text = "import numpy as np\n@compiled\ndef loop(size):\n    return np.empty(size)\n"
    assert list(foreign(text)) == ["loop: np"]
