"""Commands on the audit log. They read the file, and need neither the node nor its key."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hansa.entrypoints.audit import book, chain
from hansa.entrypoints.cli.client import finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, instant
from hansa.entrypoints.cli.show import moment, print_json, say, table
from hansa.entrypoints.cli.written import Force, To, write_new
from hansa.entrypoints.home import home_directory
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import Unavailable
from hansa.kernel.instant import iso

cli = typer.Typer()
audit = typer.Typer(no_args_is_help=True, help="What this node was ordered to do: list, verify, export.")
cli.add_typer(audit, name="audit")

Since = Annotated[str, typer.Option(help="Only from this day on: 2026-11-20, or 7d for the last seven days.")]

UNKNOWN = "unknown"
"""What became of an order that has no outcome: it runs still, or its process ended with it."""


@audit.command("list", epilog=epilog("hansa audit list", "hansa audit list --since 7d --json"))
def list_(
    since: Since = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Only the last so many.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List orders, the oldest first. Each with who gave it and what came of it."""
    found = _orders(home_directory(home), instant(since))[-limit:]
    if as_json:
        print_json({"orders": found, "count": len(found)})
        return
    if not found:
        say("no order fits" if since else "nothing was ordered yet: what changes something is written down")
        return
    rows = [
        (one["number"], moment(one["at"]), one["what"], one["outcome"], _by(one["by"]), _told(one["given"]))
        for one in found
    ]
    table(("#", "when", "order", "outcome", "by", "values"), rows, right=("#",))


@audit.command(
    epilog=epilog("hansa audit verify", "hansa audit verify audit.hansa", "hansa audit verify --head 3f9a2c...")
)
def verify(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A file that `hansa audit export` wrote, of any node.")
    ] = None,
    head: Annotated[str, typer.Option(help="A head that you noted earlier: is it in the chain?")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check every link, and name the first line that is wrong. Exit code 1 when one is.

    Who owns the file can write all of it anew. Note the head elsewhere now and then, and check that it is still there.
    """
    lines = book.lines_of(path) if path else book.lines(home_directory(home))
    found = chain.verify(lines, head.strip().lower())
    value = {
        "ok": found.ok, "entries": found.entries, "first": found.first, "last": found.last, "head": found.head,
        "wrong": found.wrong, "why": found.why, "torn": found.torn, "ended": found.ended, "node": found.node,
        "without_outcome": sorted(found.unanswered), "head_found": found.noted,
    }  # fmt: skip
    if as_json:
        print_json(value)
    else:
        _show(found, head, path)
    finish(Result(value, ok=found.ok))


@audit.command(epilog=epilog("hansa audit export --to audit.hansa", "hansa audit export --since 30d | gzip > audit.gz"))
def export(
    to: To = None,
    force: Force = False,
    since: Since = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the log for others to verify. One JSON object a line; the last one says where the chain ends."""
    from hansa.entrypoints.identities import identity

    directory = home_directory(home)
    lines = list(book.export(directory, identity(directory), instant(since)))
    text = b"".join(lines).decode("utf-8")
    last = msgspec.json.decode(lines[-1], type=chain.End)
    if to is None and not as_json:
        sys.stdout.write(text)
        return
    value = {"count": len(lines) - 1, "head": last.head, "number": last.number}
    if to is None:
        print_json(value | {"lines": text.splitlines()})
        return
    write_new(to, text, force)
    if as_json:
        print_json(value | {"file": str(to.absolute())})
    else:
        say(f"{value['count']} lines in {to}; head {last.head}")


def _show(found: chain.Verdict, head: str, path: Path | None) -> None:
    if found.wrong:
        say(f"wrong: {found.wrong}: {found.why}")
    whole = "no line" if not found.entries else f"lines {found.first} to {found.last}: each follows from the one before"
    say(whole + (f"; lines before {found.first} are not here" if found.first > 1 else ""))
    if found.torn:
        say("an unfinished line follows: it is being written, or a crash left it")
    if found.unanswered:
        say(f"{len(found.unanswered)} without an outcome, begun and not ended: {_some(sorted(found.unanswered))}")
    if path and not found.ended and not found.wrong:
        say("the line that ends an export is not there: what came last may be missing")
    if head:
        say("that head is in the chain" if found.noted else "that head is not in it: it was cut, or written anew")
    say(f"head {found.head}")


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (" and more" if len(numbers) > 10 else "")


def _orders(directory: Path, since: int) -> list[dict[str, Any]]:
    """Returns orders and starts as rows, each with its outcome."""
    found: dict[int, dict[str, Any]] = {}
    for one in _entries(directory):
        if one.kind == chain.OUTCOME:
            if one.of in found:
                found[one.of] |= {"outcome": one.outcome, "ended": iso(one.at), "made": one.given}
        elif one.at >= since:
            outcome = UNKNOWN if one.kind == chain.ORDER else one.kind
            found[one.number] = {
                "number": one.number, "at": iso(one.at), "kind": one.kind, "what": one.what, "by": one.by,
                "given": one.given, "outcome": outcome, "ended": None, "made": {}, "hash": one.hash,
            }  # fmt: skip
    return list(found.values())


def _entries(directory: Path) -> Iterator[chain.Entry]:
    for place, line in book.lines(directory):
        if not line.endswith(b"\n"):
            return
        try:
            one = chain.read(line[:-1])
        except ValueError as error:
            raise Unavailable(f"{place}: {error}: hansa audit verify says more") from None
        if isinstance(one, chain.Entry):
            yield one


def _by(by: dict[str, str]) -> str:
    return " ".join(filter(None, (by.get("user"), f"({by.get('door', '')})", by.get("scopes"), by.get("session"))))


def _told(given: dict[str, Any]) -> str:
    return " ".join(f"{name}={msgspec.json.encode(one).decode()}" for name, one in given.items())
