"""Installed packages and other Pythons: no tier lets code read them, and where there are mounts it does not see them.

Landlock alone lets it see their names: the right to list a folder reaches down.
"""

from __future__ import annotations

import ast
import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hansa.adapters.sandbox import BUBBLEWRAP, NAMESPACES, ProcessSandbox, Tier
from hansa.adapters.sandbox import layout as places
from hansa.adapters.sandbox.layout import layout
from hansa.kernel.jobs import SandboxJob
from tests.sandbox.conftest import self_test

pytestmark = pytest.mark.sandbox

# For each path: whether it can be read, and whether it, or its name in its folder, can be seen.
_LOOK = """
import os

def can(action, *arguments):
    try:
        return bool(action(*arguments))
    except OSError:
        return False

def look(paths):
    found = {}
    for path in paths:
        folder, name = os.path.split(path)
        read = can(lambda: open(path, "rb").read(1) or True)
        listed = can(lambda: name in os.listdir(folder))
        found[path] = (read, listed, can(os.stat, path) or can(os.lstat, path))
    return found
"""
NOTHING = (False, False, False)
LISTED = (False, True, True)


def looked(sandbox: ProcessSandbox, *paths: Path | str) -> list[tuple[bool, bool, bool]]:
    job = SandboxJob(_LOOK, "look", (repr((tuple(map(str, paths)),)),))
    return list(ast_of(asyncio.run(sandbox.run(job)).trials[0].steps[1].value).values())


def ast_of(value: str | None) -> dict[str, tuple[bool, bool, bool]]:
    found: dict[str, tuple[bool, bool, bool]] = ast.literal_eval(value or "{}")
    return found


def a_file_below(kind: str) -> str | None:
    files = (path for folder in layout().hidden for path in Path(folder).rglob("*") if path.is_file())
    return next((str(path) for path in files if kind in path.parent.parts), None)


@pytest.mark.parametrize("kind", ["site-packages", "dist-packages"])
def test_no_installed_package_can_be_read(kind: str, tier: Tier) -> None:
    path = a_file_below(kind)
    if path is None:
        pytest.skip(f"this host has no file in {kind}")
    also = [link + path[len(target) :] for link, target in layout().links.items() if path.startswith(target + "/")]
    for found in looked(ProcessSandbox(tier), path, *also):
        assert not found[0]
        assert found == NOTHING or tier not in (BUBBLEWRAP, NAMESPACES)


@pytest.mark.parametrize("with_mounts", [BUBBLEWRAP, NAMESPACES], ids=lambda one: one.name)
def test_every_tier_with_mounts_covers_what_lies_apart(with_mounts: Tier) -> None:
    """Beside `tier`, which would leave out a tier that does not."""
    failures = " ".join(self_test(with_mounts).failures)
    if "cannot start" in failures:
        pytest.skip(failures)
    assert "list installed packages" not in failures


def test_a_tier_that_covers_nothing_fails_its_self_test(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    if tier not in (BUBBLEWRAP, NAMESPACES) or not layout().hidden:
        pytest.skip("nothing is covered")
    for module in ("cargo", "tiers"):
        monkeypatch.setattr(f"hansa.adapters.sandbox.{module}.layout", lambda: replace(layout(), hidden=[]))
    (failure,) = asyncio.run(ProcessSandbox(tier).self_test()).failures
    assert "list installed packages" in failure


class Made:
    """A folder of libraries beside the real ones, in which all kinds of things lie apart."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.lib = folder / "lib"
        self.again = folder / "again"  # a link to it
        self.other = self.lib / "python9"
        for at in (self.other, self.lib / "plain", folder / "elsewhere"):
            at.mkdir(parents=True)
            (at / "file").write_text("x", encoding="utf-8")
        (self.lib / "python8").symlink_to(folder / "elsewhere")
        self.again.symlink_to(self.lib)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    for at in (tmp_path, *tmp_path.parents[:2]):  # pytest's own folders, which a node that is not root owns as well
        at.chmod(0o755)
    found = Made(tmp_path)
    monkeypatch.setattr(places, "_SYSTEM", (*places._SYSTEM, str(found.lib), str(found.again)))
    return found


def test_what_lies_apart_is_covered_and_the_rest_is_read(made: Made, tier: Tier) -> None:
    other, plain, linked = looked(
        ProcessSandbox(tier), made.other / "file", made.lib / "plain" / "file", made.lib / "python8" / "file"
    )
    assert not other[0]
    assert not linked[0]
    assert plain == (True, True, True)
    if tier in (BUBBLEWRAP, NAMESPACES):
        assert layout().granted is not layout().named
        assert other == linked == NOTHING


def test_a_second_way_into_a_folder_is_no_way_round(made: Made, tier: Tier) -> None:
    assert str(made.again) in layout().links
    other, plain = looked(ProcessSandbox(tier), made.again / "python9" / "file", made.again / "plain" / "file")
    assert not other[0]
    assert plain[0]


def test_a_folder_mounted_twice_is_covered_twice(made: Made) -> None:
    covered, _ = places.hidden([str(made.lib), str(made.again)])
    assert {str(made.lib / "python9"), str(made.again / "python9")} <= set(covered)


def test_a_file_that_lies_apart_cannot_be_covered_and_is_not_granted(made: Made, tier: Tier) -> None:
    alone = made.lib / "python.conf"
    alone.write_text("x", encoding="utf-8")
    assert layout().granted is layout().named
    other, apart, plain = looked(ProcessSandbox(tier), made.other / "file", alone, made.lib / "plain" / "file")
    assert not other[0]
    assert apart == LISTED
    assert plain == (True, True, True)


def test_a_folder_with_the_standard_library_in_it_is_not_covered(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    library = made.other / "lib" / "python9"
    (library / "site-packages").mkdir(parents=True)
    monkeypatch.setattr(places, "standard_library", lambda: str(library))
    covered, whole = places.hidden([str(made.lib)])
    assert covered == [str(library / "site-packages")]
    assert not whole
    beside, whole = places.hidden([str(made.other / "lib")])  # as where a Python has a folder of its own
    assert (beside, whole) == ([str(library / "site-packages")], True)


def test_a_python_that_is_installed_later_is_covered_too(made: Made, tier: Tier) -> None:
    async def twice() -> str | None:
        sandbox = ProcessSandbox(tier, keep=1)
        late = made.lib / "python7"
        job = SandboxJob(_LOOK, "look", (repr(((str(late / "file"),),)),))
        await sandbox.run(job)
        late.mkdir()
        (late / "file").write_text("x", encoding="utf-8")
        report = await sandbox.run(job)
        await sandbox.close()
        return report.trials[0].steps[1].value

    value = asyncio.run(twice())
    (found,) = ast_of(value).values()
    assert not found[0]
    assert found == NOTHING or tier not in (BUBBLEWRAP, NAMESPACES)
