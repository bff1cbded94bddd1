"""How risky a change looks, by rules over the parsed diff, each with why it fired. Advice, and nothing else.

| rule | fires on | level |
|---|---|---|
| R1 core | a path that `Params.core` names | high |
| R2 deleted | a file that goes | medium |
| R3 mode | a file that becomes executable, or another mode | medium |
| R4 special | a link, a module of git, a binary file: what it holds is not in the diff | high |
| R5 runs text | eval, exec, compile, `__import__` and ways to them | high |
| R6 runs programs | os.system, popen, subprocess with a shell; subprocess at all: medium | high |
| R7 unpickles | pickle, marshal, shelve, ctypes | high |
| R8 unparsable | added Python that does not parse as a whole file: high; as a part of one: medium | high |
| R9 invisible | characters that hide or turn text round | high |
| R10 fewer tests | assertions or tests that go and don't come back | high |
| R11 size | more than `Params.medium_lines` or `Params.high_lines` | medium, high |
| R12 renamed | a file that moves | low |

No level takes a vote away: every change needs the quorum, since whoever wants to get past rules reads them (attack 62).
"""

from __future__ import annotations

import ast
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from hansa.governance.diff import FileDiff, Kind


class Level(StrEnum):
    """How risky: in order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_ORDER = {one: place for place, one in enumerate(Level)}

CORE = (
    "pyproject.toml", "setup.py", "setup.cfg", "*requirements*", "*.lock", "*.pth", "*conftest.py", "*sitecustomize.py",
    ".github/*", ".gitattributes", ".gitmodules", ".pre-commit-config.yaml", "*makefile", "*dockerfile*",
    "*containerfile*", "*identity/*", "*governance/*", "*admission/*", "*kernel/*", "*sandbox/*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Params:
    """What counts as risky here.

    Attributes:
        core: patterns of paths, without regard to case; `*` also stands for slashes. More of them make more changes
            high.
        medium_lines: changed lines from which a change is medium at least. Raising it calls larger changes small.
        high_lines: changed lines from which it is high.
    """

    core: tuple[str, ...] = CORE
    medium_lines: int = 400
    high_lines: int = 2_000

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if len(self.core) > 1_000:
            raise ValueError("core must have at most 1000 patterns")
        if not 1 <= self.medium_lines <= 1_000_000:
            raise ValueError("medium_lines must be between 1 and 1000000")
        if not self.medium_lines <= self.high_lines <= 1_000_000:
            raise ValueError("high_lines must be between medium_lines and 1000000")


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired."""

    rule: str
    level: Level
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules say of a change."""

    level: Level
    findings: tuple[Finding, ...]


def assess(files: tuple[FileDiff, ...], params: Params | None = None) -> Assessment:
    """Returns how risky a change looks, and every rule that says so."""
    rules = params or Params()
    found = [one for file in files for one in _of_file(file, rules)]
    changed = sum(len(file.lines(mark)) for file in files for mark in "+-")
    if changed >= rules.medium_lines:
        level = Level.HIGH if changed >= rules.high_lines else Level.MEDIUM
        found.append(Finding("R11", level, "", f"{changed} changed lines"))
    level = max((one.level for one in found), key=_ORDER.__getitem__, default=Level.LOW)
    return Assessment(level, tuple(dict.fromkeys(found)))


def _of_file(file: FileDiff, params: Params) -> Iterator[Finding]:
    path = file.path
    for one in file.paths:
        pattern = next((each for each in params.core if fnmatchcase(one.casefold(), each.casefold())), "")
        if pattern:
            yield Finding("R1", Level.HIGH, one, f"a core path: {pattern}")
    if file.kind is Kind.DELETED:
        yield Finding("R2", Level.MEDIUM, path, "the file goes")
    if file.new_mode == "100755" or (file.old_mode and file.new_mode and file.old_mode != file.new_mode):
        yield Finding("R3", Level.MEDIUM, path, f"mode {file.old_mode or 'none'} to {file.new_mode}")
    if file.special or file.binary:
        yield Finding("R4", Level.HIGH, path, "a link, a module or a binary file: its content is not in the diff")
    if file.kind is Kind.RENAMED:
        yield Finding("R12", Level.LOW, path, f"moved from {file.old}")
    yield from _of_tests(file)
    for text in file.lines("+"):
        if hidden := [char for char in text if _hides(char)]:
            yield Finding("R9", Level.HIGH, path, f"an invisible character: U+{ord(hidden[0]):04X}")
            break
    if path.casefold().endswith((".py", ".pyi", ".pyw")) or "python" in next(iter(file.lines("+")), "")[:60]:
        yield from _of_python(file)


def _hides(char: str) -> bool:
    return unicodedata.category(char) in ("Cf", "Co", "Cn", "Zl", "Zp") or char in "\u3164\uffa0\u115f\u1160\u2800"


# ---- tests

_TEST = re.compile(r"\s*(assert\b|self\.assert|(async )?def test|with pytest\.raises|pytest\.(raises|fail))")
_SKIPS = re.compile(r"(?<!\w)(skip|skipif|xfail|skipTest)\b")


def _of_tests(file: FileDiff) -> Iterator[Finding]:
    path = file.old or file.path
    last = path.rsplit("/", 1)[-1]
    is_test = last.startswith("test") or "_test." in last or "tests/" in f"/{path}"
    if is_test and file.kind is Kind.DELETED:
        yield Finding("R10", Level.HIGH, path, "a file of tests goes")
        return
    gone, come = (sum(_TEST.match(line) is not None for line in file.lines(mark)) for mark in "-+")
    if gone > come:
        yield Finding("R10", Level.HIGH, path, f"{gone} assertions or tests go, {come} come")
    if is_test and any(_SKIPS.search(line) for line in file.lines("+")):
        yield Finding("R10", Level.HIGH, path, "a test is skipped")


# ---- Python

_RUNS_TEXT = {"eval", "exec", "compile", "__import__", "__builtins__", "builtins", "import_module", "__subclasses__",
              "__globals__", "execfile", "runpy", "importlib", "__loader__", "__code__"}  # fmt: skip
_RUNS_PROGRAMS = {"system", "popen", "execv", "execve", "execvp", "execl", "spawnl", "spawnv", "posix_spawn",
                  "fork", "pty", "startfile", "getoutput", "getstatusoutput"}  # fmt: skip
_UNPICKLES = {"pickle", "cpickle", "_pickle", "marshal", "shelve", "ctypes", "_ctypes", "dill", "cffi", "jsonpickle"}
_STARTS = {"subprocess", "create_subprocess_shell", "create_subprocess_exec", "multiprocessing"}
_WORD = re.compile(r"\w+")


def _of_python(file: FileDiff) -> Iterator[Finding]:
    """Yields what the added Python does. Where it does not parse, its words are looked at, so that less is missed."""
    for hunk in file.hunks:
        if not any(one.mark == "+" for one in hunk.lines):
            continue
        added = "".join(one.text for one in hunk.lines if one.mark == "+")
        tree = _parsed("".join(hunk.side("+")), added)
        if tree is None:
            whole = file.kind is Kind.ADDED
            told = "it does not parse" if whole else "this part does not parse by itself: only its words were looked at"
            yield Finding("R8", Level.HIGH if whole else Level.MEDIUM, file.path, told)
            for word in dict.fromkeys(_WORD.findall(unicodedata.normalize("NFKC", added))):
                yield from _of_word(file.path, word)
            continue
        for node in ast.walk(tree):
            yield from _of_node(file.path, node)


def _parsed(*texts: str) -> ast.AST | None:
    """Returns the first of some texts that is Python, also when it is indented; None when none is."""
    for text in texts:
        for form in (text, textwrap.dedent(text), f"if True:\n{textwrap.indent(textwrap.dedent(text), ' ')}"):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return ast.parse(form)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None


def _of_node(path: str, node: ast.AST) -> Iterator[Finding]:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            yield from _of_word(path, unicodedata.normalize("NFKC", word))
        case ast.alias(name=name):
            for word in name.split("."):
                yield from _of_word(path, word)
        case ast.ImportFrom(module=str() as module):
            for word in module.split("."):
                yield from _of_word(path, word)
        case ast.Constant(value=str() as text) if len(text) <= 200:  # getattr(x, "ev" "al"), and what is named in words
            for word in _WORD.findall(text):
                if word == text.strip():
                    yield from _of_word(path, word)
        case ast.keyword(arg="shell", value=value) if not (isinstance(value, ast.Constant) and not value.value):
            yield Finding("R6", Level.HIGH, path, "a program is started through a shell")
        case ast.Call(func=ast.Name(id="getattr" | "setattr" | "vars" | "globals" | "locals" as word)):
            yield Finding("R5", Level.MEDIUM, path, f"{word}(): a name that is made while it runs")


def _of_word(path: str, word: str) -> Iterator[Finding]:
    low = word.casefold()
    if word in _RUNS_TEXT:
        yield Finding("R5", Level.HIGH, path, f"{word}: text that is run")
    elif word in _RUNS_PROGRAMS:
        yield Finding("R6", Level.HIGH, path, f"{word}: another program is run")
    elif low in _UNPICKLES:
        yield Finding("R7", Level.HIGH, path, f"{word}: bytes that are run, or reach memory")
    elif word in _STARTS:
        yield Finding("R6", Level.MEDIUM, path, f"{word}: another program is started")
