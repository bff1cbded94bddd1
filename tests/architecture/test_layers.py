"""Imports go down: the contracts in pyproject.toml hold, name every room, and can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.rules import PURE_ROOMS

ROOT = Path(__file__).parents[2]
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter over the package under `folder`."""
    command = [sys.executable, "-m", "importlinter.cli", "lint", "--no-cache"]
    script = Path(sys.executable).with_name("lint-imports")
    if script.exists():
        command = [str(script), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "120"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package to do damage to."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("kernel/ids.py", "import hansa.node", "Imports go down"),
        ("conduct/__init__.py", "import hansa.skills", "Imports go down"),
        ("admission/__init__.py", "import asyncio", "Pure rooms reach nothing outside"),
        ("skills/__init__.py", "from time import time", "Pure rooms reach nothing outside"),
        ("adapters/__init__.py", "import hansa.demo", "known to nobody else"),
    ],
)
def test_contract_can_fail(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / "src/hansa" / module
    path.write_text(path.read_text() + f"\n{line}\n")
    result = lint(copy)
    broken = [text for text in result.stdout.splitlines() if text.rstrip().endswith("BROKEN")]
    assert result.returncode == 1
    assert any(contract in text for text in broken), result.stdout


def test_new_room_must_be_entered(copy: Path) -> None:
    room = copy / "src/hansa/guild"
    room.mkdir()
    (room / "__init__.py").write_text('"""A room that nobody entered."""\n')
    result = lint(copy)
    assert result.returncode == 1
    assert "guild" in result.stdout


def test_every_pure_room_on_disk_is_held_to_purity() -> None:
    present = {f"hansa.{room}" for room in PURE_ROOMS if (ROOT / "src/hansa" / room / "__init__.py").exists()}
    assert set(CONTRACTS["pure"]["source_modules"]) == present


def test_rules_and_contracts_agree_on_what_is_pure() -> None:
    layers = CONTRACTS["rooms"]["layers"]
    below = [name.strip(" ()") for layer in layers[layers.index("node") + 1 :] for name in layer.split("|")]
    assert tuple(below) == PURE_ROOMS


def test_contracts_are_exhaustive() -> None:
    assert CONTRACTS["rooms"]["exhaustive"] is True
