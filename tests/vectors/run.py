"""Asks any implementation every case of vectors/, and says where it differs.

    python -m tests.vectors.run -- node tests/vectors/judge.mjs
    python -m tests.vectors.run --without batch --verdicts-only -- my-verifier --stdin

The command is started once and gets a line per case; vectors/README.md has the protocol. Exit code 0 when it agrees
with every case, 1 when it differs, 2 when it gave no answer or the call makes no sense.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence

from tests.vectors.judge import Answer
from tests.vectors.make import committed
from tests.vectors.protocol import PATIENCE, Silent, ask


def differences(
    command: Sequence[str], without: Sequence[str] = (), verdicts_only: bool = False, patience: float = PATIENCE
) -> tuple[int, list[str]]:
    """Returns how many cases were asked, and a line for each one that was answered otherwise.

    Raises:
        Silent: when the command gives no answer.
    """
    asked = [pair for pair in committed() if not set(pair[0]["needs"]) & set(without)]
    lines = []
    for (expected, question), got in zip(asked, ask(command, [one for _, one in asked], patience), strict=True):
        wanted = Answer(*(expected[field] for field in ("verdict", "reason", "id", "skill")))
        same = wanted.verdict == got.verdict if verdicts_only else wanted == got
        if not same:
            lines.append(f"{question.name}: expected {_told(wanted)}, got {_told(got)} ({expected['why']})")
    return len(asked), lines


def _told(answer: Answer) -> str:
    return " ".join(part for part in (answer.verdict, answer.reason, answer.id[:12], answer.skill[:12]) if part)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser("python -m tests.vectors.run", description="Ask an implementation every case.")
    parser.add_argument("--without", action="append", default=[], metavar="PART", help="leave out cases that need PART")
    parser.add_argument("--verdicts-only", action="store_true", help="compare accept and refuse, not reasons and ids")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds to wait for an answer")
    parser.add_argument("command", nargs="+", help="what to start, after --")
    options = parser.parse_args(arguments)
    if shutil.which(options.command[0]) is None:
        print(f"{options.command[0]}: no such program. Give its whole path, after --.", file=sys.stderr)
        return 2
    try:
        count, lines = differences(options.command, options.without, options.verdicts_only, options.patience)
    except Silent as silent:
        print(silent, file=sys.stderr)
        return 2
    print("\n".join([*lines, f"{count - len(lines)} of {count} cases agree"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
