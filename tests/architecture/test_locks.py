"""Nothing is installed that is not locked and hashed (threat 69: dependency confusion, hijacked releases)."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("runtime.txt", "dev.txt", "build.txt", "locker.txt")
MAX_RUNTIME = 17
"""Direct runtime dependencies; docs/adr/0002-runtime-dependencies.md says why this many."""

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.!+_-]+)(?: ; (?P<marker>[^\\#]+?))?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """One locked release."""

    name: str
    version: str
    marker: str | None
    hashes: int

    @property
    def applies(self) -> bool:
        return self.marker is None or Marker(self.marker).evaluate()


def read_lock(text: str) -> tuple[list[Pin], list[str]]:
    """Returns the pins of a lock file, and what is wrong with it.

    1 An entry is `name==version`, optionally ` ; marker`, and at least one SHA-256; 2 nothing else is in the file.
    """
    pins, faults = [], []
    for entry in text.replace("\\\n", " ").splitlines():
        head, *hashes = re.split(r"\s+(?=--)", entry.strip())
        pin = _PIN.fullmatch(head)
        if not pin or any(not _HASH.fullmatch(item) for item in hashes):
            faults.append(f"not a pinned release with hashes: {head}")
        elif not hashes:
            faults.append(f"no hash: {head}")
        else:
            pins.append(Pin(canonicalize_name(pin["name"]), pin["version"], pin["marker"], len(hashes)))
    return pins, faults


@cache
def lock(name: str) -> tuple[Pin, ...]:
    return tuple(read_lock((ROOT / "requirements" / name).read_text(encoding="utf-8"))[0])


def unlocked(requirements: list[str], pins: tuple[Pin, ...]) -> list[str]:
    """Returns the requirements that no pin satisfies."""
    missing = []
    for text in requirements:
        wanted = Requirement(text)
        locked = [pin for pin in pins if pin.name == canonicalize_name(wanted.name)]
        if not locked or not all(wanted.specifier.contains(pin.version, prereleases=True) for pin in locked):
            missing.append(text)
    return missing


@pytest.mark.parametrize("name", LOCKS)
def test_lock_holds_names_versions_hashes_and_markers_only(name: str) -> None:
    pins, faults = read_lock((ROOT / "requirements" / name).read_text(encoding="utf-8"))
    assert faults == []
    assert pins


@pytest.mark.parametrize(
    "entry",
    [
        "left-pad==1.0",
        "left-pad>=1.0 --hash=sha256:" + "0" * 64,
        "left-pad==1.0 --hash=md5:" + "0" * 32,
        "left-pad @ https://example.org/left-pad.whl --hash=sha256:" + "0" * 64,
        "--index-url https://example.org/",
        "--find-links ./wheels",
        "-e .",
        "# a remark with an address",
    ],
)
def test_lock_rule_can_fail(entry: str) -> None:
    assert read_lock(entry)[1]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_carries_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "://" in line or "/" in line or "@" in line] == []


def test_every_direct_dependency_is_locked() -> None:
    runtime = PROJECT["project"]["dependencies"]
    assert unlocked(runtime, lock("runtime.txt")) == []
    assert unlocked(runtime + PROJECT["project"]["optional-dependencies"]["dev"], lock("dev.txt")) == []
    assert unlocked(PROJECT["build-system"]["requires"], lock("build.txt")) == []


def test_unlocked_dependency_is_noticed() -> None:
    pins = (Pin("msgspec", "0.20.0", None, 1),)
    assert unlocked(["msgspec>=0.20", "left-pad>=1"], pins) == ["left-pad>=1"]
    assert unlocked(["msgspec>=0.21"], pins) == ["msgspec>=0.21"]


def test_locks_agree_with_each_other() -> None:
    everything = {(pin.name, pin.version, pin.marker) for pin in lock("dev.txt")}
    for name in ("runtime.txt", "build.txt"):
        assert {(pin.name, pin.version) for pin in lock(name)} <= {(name, version) for name, version, _ in everything}


def test_installed_versions_are_the_locked_ones() -> None:
    locked = {pin.name: pin.version for pin in lock("dev.txt") if pin.applies}
    installed = {str(canonicalize_name(dist.name)): dist.version for dist in metadata.distributions()}
    shared = sorted(locked.keys() & installed.keys())
    differing = {name: (installed[name], locked[name]) for name in shared if installed[name] != locked[name]}
    assert differing == {}
    assert [name for name in locked if name not in installed] == []


def test_runtime_dependencies_stay_few() -> None:
    names = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    assert len(names) <= MAX_RUNTIME, f"more than {MAX_RUNTIME}: change the ADR first"


def test_every_runtime_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs/adr/0002-runtime-dependencies.md").read_text(encoding="utf-8")
    named = [canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]]
    assert [name for name in named if f"`{name}`" not in reasons] == []


def imported(text: str) -> Iterator[str]:
    """Yields the top-level packages that a module imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def foreign_imports(text: str, owners: dict[str, set[str]], allowed: set[str]) -> list[str]:
    """Returns the imports that are neither of the standard library, nor ours, nor of an allowed distribution."""
    outside = sorted(set(imported(text)) - set(sys.stdlib_module_names) - {"hansa", "__future__"})
    return [name for name in outside if not owners.get(name, set()) & allowed]


def test_the_package_imports_only_locked_or_optional_distributions() -> None:
    owners = {
        module: {str(canonicalize_name(name)) for name in names}
        for module, names in metadata.packages_distributions().items()
    }
    extras = PROJECT["project"]["optional-dependencies"]
    optional = {canonicalize_name(Requirement(text).name) for name in extras if name != "dev" for text in extras[name]}
    owners |= {"zenoh": {"eclipse-zenoh"}}
    owners |= {name.replace("-", "_"): {name} for name in optional if name.replace("-", "_") not in owners}
    allowed = {pin.name for pin in lock("runtime.txt")} | optional
    found = {
        path.relative_to(ROOT).as_posix(): foreign
        for path in sorted((ROOT / "src/hansa").rglob("*.py"))
        if (foreign := foreign_imports(path.read_text(encoding="utf-8"), owners, allowed))
    }
    assert found == {}


def test_foreign_import_is_noticed() -> None:
    text = "import json\nimport hansa.kernel\nfrom msgspec import json as j\nimport left_pad\n"
    assert foreign_imports(text, {"msgspec": {"msgspec"}}, {"msgspec"}) == ["left_pad"]
