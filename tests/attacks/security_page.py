"""The list of guards as people read it: a section at the end of `docs/security.md`.

`python -m tests.attacks.guard_lists --write` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from tests.attacks.guards import ROOT, Guard

PAGE = ROOT / "docs" / "security.md"
BEGIN = "<!-- guards: written by `python -m tests.attacks.guard_lists --write` -->"
END = "<!-- end of guards -->"
LONGEST = 100
"""Characters of a guard's line that are shown."""

_INTRODUCTION = """\
## Guards

A guard is a piece of source without which an attack comes through, or a fault goes unseen. Each one below is taken out
in a copy of the package, and each of its tests must go red then; a guard that can go in several ways stands here once,
with the tests of all of them. `python -m tests.attacks.guard_lists` does that for all, and with parts of file names
behind it for those files; `tests/attacks/test_guards.py` holds this list to the source in every run. Guards that have
another one behind them are at the end of `tests/attacks/guards.py`.
"""


def page_with_guards(text: str, guards: Sequence[Guard]) -> str:
    """Returns the page with its section about guards written anew, at the end if there was none."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2].strip("\n")
    return "\n".join((before.rstrip("\n") + "\n", section(guards), *((after,) if after else ()))).rstrip("\n") + "\n"


def section(guards: Sequence[Guard]) -> str:
    """Returns the section: an introduction, and for each source file its guards in the order of the lists."""
    parts = [BEGIN, "", _INTRODUCTION]
    for file, rows in groupby(sorted(guards, key=lambda one: one.file), key=lambda one: one.file):
        parts += [f"### `{file}`", "", *_items(rows), ""]
    return "\n".join((*parts, END))


def _items(guards: Iterable[Guard]) -> list[str]:
    tests: dict[str, dict[str, None]] = {}
    for guard in guards:
        names = (Path(test.partition("::")[0]).stem.removeprefix("test_") for test in guard.tests)
        tests.setdefault(_code(guard.line), {}).update(dict.fromkeys(names))
    return [f"- {line}: {', '.join(names)}" for line, names in tests.items()]


def _code(line: str) -> str:
    """Returns a guard's text on one line in code font, whatever backticks it has."""
    text = " ".join(line.split())
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return f"`{text}`" if "`" not in text else f"`` {text} ``"
