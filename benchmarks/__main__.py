"""`python -m benchmarks [subject …]`: measures all subjects, or some, prints the tables and writes the page."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks import machine, page
from benchmarks.registry import SUBJECTS, subject


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="subject", help=f"one of: {', '.join(SUBJECTS)}")
    parser.add_argument("--dry-run", action="store_true", help="print only, and leave docs/benchmarks.md alone")
    given = parser.parse_args()
    unknown = [name for name in given.subjects if name not in SUBJECTS]
    if unknown:
        parser.error(f"no such subject: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    asked = given.subjects or list(SUBJECTS)
    if len(asked) == 1:
        _measure(asked[0], given.dry_run)
        return
    for name in asked:  # each in a process of its own: a heap that another has filled makes everything slower
        options = ["--dry-run"] if given.dry_run else []
        subprocess.run([sys.executable, "-m", "benchmarks", name, *options], check=True)


def _measure(name: str, dry_run: bool) -> None:
    chosen = subject(name)
    part = page.part(name, chosen.title, machine.facts(), chosen.body())
    print(part, end="\n\n", flush=True)
    if not dry_run:
        before = page.PAGE.read_text(encoding="utf-8") if page.PAGE.exists() else ""
        page.PAGE.write_text(page.updated(before, {name: part}, SUBJECTS), encoding="utf-8")


if __name__ == "__main__":
    main()
