"""All lists of guards together: every `guards*.py` beside this file.

    python -m tests.attacks.guard_lists [part of a file name …]

takes out each guard once, in a copy, and says which tests stay green without it.

    python -m tests.attacks.guard_lists --write

writes the list into `docs/security.md`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.attacks.guards import Guard, check_guards
from tests.attacks.security_page import PAGE, page_with_guards

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("guards*.py"))


def _all() -> list[Guard]:
    found: dict[tuple[str, str, str], Guard] = {}
    for name in MODULES:
        module = importlib.import_module(f"tests.attacks.{name}")
        for value in vars(module).values():
            if isinstance(value, list) and value and all(isinstance(one, Guard) for one in value):
                found |= {(one.file, one.line, one.gone): one for one in value}
    return sorted(found.values(), key=lambda one: one.file)


ALL_GUARDS: list[Guard] = _all()


def main(words: Sequence[str]) -> int:
    """Checks all guards, or those in files whose name contains one of `words`; returns the exit code.

    With `--write` nothing is checked, and the page is written.
    """
    if "--write" in words:
        PAGE.write_text(page_with_guards(PAGE.read_text(encoding="utf-8"), ALL_GUARDS), encoding="utf-8")
        return 0
    guards = [guard for guard in ALL_GUARDS if not words or any(word in guard.file for word in words)]
    toothless = check_guards(guards)
    print("\n".join(toothless) if toothless else f"each of {len(guards)} guards is missed by its tests when it is gone")
    return 1 if toothless else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
