"""Every rule holds over the whole tree, and every rule is shown a snippet that it must refuse."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.rules import PURE_ROOMS, Rule, Source

ROOT = Path(__file__).parents[2]
PACKAGE = "src/hansa"

PURE = tuple(f"{PACKAGE}/{room}/*" for room in PURE_ROOMS)
SPECIMENS = (f"{PACKAGE}/starter/skills/*",)
HOSTILE = ("tests/sandbox/escapes/*",)
MAY_READ_THE_WALL_CLOCK = (
    f"{PACKAGE}/adapters/clock.py",
    f"{PACKAGE}/adapters/sandbox/*",
    f"{PACKAGE}/demo/*",
    f"{PACKAGE}/entrypoints/cli/progress.py",
)
MAY_CATCH_EVERYTHING = (
    f"{PACKAGE}/node/driver.py",
    f"{PACKAGE}/adapters/*",
    f"{PACKAGE}/entrypoints/*",
    f"{PACKAGE}/demo/*",
)


@cache
def sources() -> tuple[Source, ...]:
    paths = sorted(path for folder in (PACKAGE, "tests") for path in (ROOT / folder).rglob("*.py"))
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def findings(rule: Rule, where: tuple[str, ...], but_not: tuple[str, ...] = ()) -> list[str]:
    chosen = [source for source in sources() if matches(source.path, where) and not matches(source.path, but_not)]
    assert chosen, f"no file matches {where}: the rule watches nothing"
    return [finding for source in chosen for finding in rule(source)]


EVERYWHERE = (f"{PACKAGE}/*",)
TESTS = ("tests/*",)


@pytest.mark.parametrize(
    ("rule", "where", "but_not"),
    [
        (rules.no_builtin_hash, EVERYWHERE, ()),
        (rules.no_clock, PURE, ()),
        (rules.no_chance, PURE, ()),
        (rules.no_unordered_iteration, (*PURE, f"{PACKAGE}/sim/*", f"{PACKAGE}/node/*"), ()),
        (rules.no_wall_clock, EVERYWHERE, (*MAY_READ_THE_WALL_CLOCK, *SPECIMENS)),
        (rules.short_module, EVERYWHERE, SPECIMENS),
        (rules.short_functions, EVERYWHERE, SPECIMENS),
        (rules.no_broad_except, EVERYWHERE, (*MAY_CATCH_EVERYTHING, *SPECIMENS)),
        (rules.has_docstring, EVERYWHERE, SPECIMENS),
        (rules.no_sleep, TESTS, HOSTILE),
        (rules.no_conftest_as_plugin, TESTS, HOSTILE),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_rule_holds(rule: Rule, where: tuple[str, ...], but_not: tuple[str, ...]) -> None:
    assert findings(rule, where, but_not) == []


REFUSED: list[tuple[Rule, str]] = [
    (rules.no_builtin_hash, "key = hash('a') % 8"),
    (rules.no_builtin_hash, "by_hash = sorted(items, key=hash)"),
    (rules.no_builtin_hash, "import builtins\nkey = builtins.hash('a')"),
    (rules.no_clock, "import time\nstart = time.monotonic()"),
    (rules.no_clock, "from time import perf_counter as tick\nstart = tick()"),
    (rules.no_clock, "from datetime import UTC, datetime as dt\nnow = dt.now(UTC)"),
    (rules.no_wall_clock, "import time as t\nnow = t.time()"),
    (rules.no_wall_clock, "from time import time_ns\nfield(default_factory=time_ns)"),
    (rules.no_wall_clock, "import datetime\nnow = datetime.datetime.utcnow()"),
    (rules.no_wall_clock, "from datetime import date\nday = date.today()"),
    (rules.no_chance, "import random\nrandom.shuffle(peers)"),
    (rules.no_chance, "from secrets import token_hex\nnonce = token_hex()"),
    (rules.no_chance, "import uuid\nname = uuid.uuid4()"),
    (rules.no_chance, "from os import urandom\nseed = urandom(8)"),
    (rules.no_chance, "import numpy as np\nnoise = np.random.rand(3)"),
    (rules.short_module, "x = 1\n" * (rules.MAX_MODULE_LINES + 1)),
    (rules.short_functions, "def long():\n" + "    x = 1\n" * rules.MAX_FUNCTION_LINES),
    (rules.short_functions, "async def long():\n" + "    x = 1\n" * rules.MAX_FUNCTION_LINES),
    (rules.no_broad_except, "try:\n    f()\nexcept Exception:\n    pass"),
    (rules.no_broad_except, "try:\n    f()\nexcept (ValueError, BaseException):\n    pass"),
    (rules.no_broad_except, "try:\n    f()\nexcept:\n    pass"),
    (rules.no_sleep, "import time\ntime.sleep(1)"),
    (rules.no_sleep, "from asyncio import sleep\nasync def test():\n    await sleep(0.1)"),
    (rules.no_sleep, "import asyncio\nasyncio.sleep(delay)"),
    (rules.no_conftest_as_plugin, 'pytest_plugins = ("tests.cli.conftest",)'),
    (rules.no_conftest_as_plugin, 'pytest_plugins = "tests.cli.conftest"'),
    (rules.has_docstring, "x = 1"),
    (rules.no_unordered_iteration, "for peer in {a, b}:\n    f(peer)"),
    (rules.no_unordered_iteration, "for peer in set(peers):\n    f(peer)"),
    (rules.no_unordered_iteration, "order = [p for p in frozenset(peers) - {me}]"),
    (rules.no_unordered_iteration, "order = list({p.id for p in peers})"),
    (rules.no_unordered_iteration, "text = ','.join(set(names))"),
    (rules.no_unordered_iteration, "for kind in due.keys() & KINDS:\n    f(kind)"),
    (rules.no_unordered_iteration, "total = sum(x for x in set(weights))"),
]

ALLOWED: list[tuple[Rule, str]] = [
    (rules.no_builtin_hash, "import hashlib\nkey = hashlib.sha256(b'a')"),
    (rules.no_clock, "def age(self, time, now):\n    return now - time.start"),
    (rules.no_wall_clock, "import time\nstart = time.monotonic()"),
    (rules.no_wall_clock, "from datetime import UTC, datetime\nat = datetime.fromtimestamp(0, UTC)"),
    (rules.no_chance, "import numpy as np\nrng = np.random.Generator(np.random.PCG64(7))"),
    (rules.no_chance, "def draw(random):\n    return random.choice()"),
    (rules.short_module, "x = 1\n" * rules.MAX_MODULE_LINES),
    (rules.short_functions, "def long():\n" + "    x = 1\n" * (rules.MAX_FUNCTION_LINES - 1)),
    (rules.no_broad_except, "try:\n    f()\nexcept (ValueError, OSError):\n    pass"),
    (rules.no_sleep, "import asyncio\nasync def test():\n    await asyncio.sleep(0)"),
    (rules.no_conftest_as_plugin, "from tests.cli.conftest import hansa\npytest_plugins = ['pytester']"),
    (rules.has_docstring, '"""What this is."""'),
    (rules.no_unordered_iteration, "for peer in sorted(set(peers)):\n    f(peer)"),
    (rules.no_unordered_iteration, "for peer in heard.keys():\n    f(peer)"),
    (rules.no_unordered_iteration, "known = any(p.ok for p in {a, b})\nmore = {f(p) for p in set(peers)}"),
]


@pytest.mark.parametrize(("rule", "snippet"), REFUSED)
def test_rule_can_fail(rule: Rule, snippet: str) -> None:
    assert rule(Source("bad.py", snippet))


@pytest.mark.parametrize(("rule", "snippet"), ALLOWED)
def test_rule_knows_the_good_form(rule: Rule, snippet: str) -> None:
    assert rule(Source("good.py", snippet)) == []


def test_every_rule_is_shown_to_fail() -> None:
    every = {value for name, value in vars(rules).items() if name.startswith(("no_", "has_", "short_"))}
    shown = {rule for rule, _ in REFUSED} | {rules.no_package_server, rules.no_home_path}
    assert every == shown


# ---------------------------------------------------------------------------------------- all kinds of files


def repository_files() -> Iterator[Path]:
    """Yields what git tracks or would track; without git, everything that is not plainly made by a tool."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            capture_output=True,
            check=False,
        )
        if listing.returncode == 0:
            names = [os.fsdecode(name) for name in listing.stdout.split(b"\0") if name]
            yield from (ROOT / name for name in sorted(names) if (ROOT / name).is_file())
            return
    for folder, folders, names in os.walk(ROOT):
        keep = [
            name for name in folders if not _made_by_a_tool(name) and not (Path(folder, name, "pyvenv.cfg")).exists()
        ]
        folders[:] = sorted(keep)
        yield from (Path(folder, name) for name in sorted(names))


def _made_by_a_tool(name: str) -> bool:
    caches = name.startswith(".") and name not in {".ci", ".github"}
    return caches or name in {"__pycache__", "build", "dist", "htmlcov"} or name.endswith(".egg-info")


def text_findings(rule: Callable[[str, str], list[str]]) -> list[str]:
    found = []
    for path in repository_files():
        name = path.relative_to(ROOT).as_posix()
        if not matches(name, HOSTILE):
            try:
                found += rule(name, path.read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue  # not text
    return found


def test_no_file_names_a_package_server() -> None:
    assert text_findings(rules.no_package_server) == []


def test_no_file_names_a_home_folder() -> None:
    assert text_findings(rules.no_home_path) == []


@pytest.mark.parametrize("line", ["https://pypi.org" + "/simple/x", "https://files." + "pythonhosted.org/x.whl"])
def test_package_server_rule_can_fail(line: str) -> None:
    assert rules.no_package_server("lock.txt", f"first\n{line}\n") == ["lock.txt:2 names a package server"]


@pytest.mark.parametrize("line", ["cd /" + "root/hansa", "at '/" + "home/ada/x'", "open /" + "Users/ada/x"])
def test_home_folder_rule_can_fail(line: str) -> None:
    assert rules.no_home_path("notes.md", line) == ["notes.md:1 names a home folder"]


@pytest.mark.parametrize("line", ["https://example.org/" + "home/page", "mount an empty /home", "docs/" + "root/x"])
def test_home_folder_rule_knows_the_good_form(line: str) -> None:
    assert rules.no_home_path("notes.md", line) == []
