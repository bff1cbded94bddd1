"""All lists of guards together: every `guards*.py` beside this file.

    python -m tests.attacks.guard_lists [part of a file name …]

takes out each guard once, in a copy, and says which tests stay green without it.

    python -m tests.attacks.guard_lists --write

writes the list into `docs/security.md`.
"""

from __future__ import annotations

import argparse
import importlib
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


def chosen(words: Sequence[str]) -> list[Guard]:
    """Returns the guards in files whose names contain one of `words`; all where there are none.

    Raises:
        ValueError: a word names no file with guards.
    """
    strange = [word for word in words if not any(word in guard.file for guard in ALL_GUARDS)]
    if strange:
        raise ValueError(f"no file with guards has a name with {', '.join(strange)} in it")
    return [guard for guard in ALL_GUARDS if not words or any(word in guard.file for word in words)]


def main() -> None:
    """Checks guards, or writes the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.guard_lists", description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", metavar="word", help="only guards in files whose names contain it")
    parser.add_argument("--write", action="store_true", help="write docs/security.md, and check nothing")
    given = parser.parse_args()
    if given.write:
        PAGE.write_text(page_with_guards(PAGE.read_text(encoding="utf-8"), ALL_GUARDS), encoding="utf-8")
        return
    try:
        guards = chosen(given.words)
    except ValueError as error:
        parser.error(str(error))
    toothless = check_guards(guards)
    if toothless:
        raise SystemExit("\n".join(toothless))
    print(f"each of {len(guards)} guards is missed by its tests when it is gone")


if __name__ == "__main__":
    main()
