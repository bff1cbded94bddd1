"""What is released: the package and nothing else, the same bytes each time (threats 69 and 70)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="the build backend (hatchling) is not installed here"
)


def build(folder: Path, mode: int) -> Path:
    """Builds a wheel in `folder` from a fresh copy of the sources, whose files have other times and modes."""
    folder.mkdir()
    shutil.copytree(
        ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, folder / name)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(mode)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def unwanted(names: list[str]) -> list[str]:
    """Returns the entries of a wheel that do not belong: anything outside the package, and what Python would run."""
    homes = ("hansa/", "hansa-")
    return [name for name in names if not name.startswith(homes) or name.endswith((".pth", ".pyc", ".so", ".dylib"))]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("wheels")
    return build(base / "here", 0o644), build(base / "elsewhere", 0o600)


def test_two_builds_give_the_same_bytes(wheels: tuple[Path, Path]) -> None:
    first, second = wheels
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_wheel_holds_the_package_only(wheels: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        assert unwanted(wheel.namelist()) == []


def test_wheel_holds_all_of_the_package(wheels: tuple[Path, Path]) -> None:
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "hansa").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    with zipfile.ZipFile(wheels[0]) as wheel:
        assert sorted(wanted - set(wheel.namelist())) == []


@pytest.mark.parametrize("name", ["hansa_init.pth", "hansa/start.pth", "tests/test_x.py", "hansa/kernel/ids.pyc"])
def test_unwanted_entry_is_noticed(name: str) -> None:
    assert unwanted(["hansa/__init__.py", name, "hansa-0.1.0.dist-info/RECORD"]) == [name]
