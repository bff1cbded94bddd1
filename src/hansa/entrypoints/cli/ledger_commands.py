"""Commands on the ledger of receipts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import moment, print_json, say, short, table
from hansa.entrypoints.cli.written import write_new

cli = typer.Typer()
ledger = typer.Typer(no_args_is_help=True, help="The ledger of receipts: list, verify, export, import.")
cli.add_typer(ledger, name="ledger")


@ledger.command("list", epilog=epilog("hansa ledger list", "hansa ledger list --about did:key:z6Mk --json"))
def list_(
    after: Annotated[int, typer.Option(min=0, max=2**53, help="Only entries with a higher number.")] = 0,
    about: Annotated[str, typer.Option(help="Only those about this node: its id, or the start of it.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 100,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List receipts, oldest first. Those that others signed, and those that count for nothing here, say so."""
    value = call(home, "ledger.list", as_json, after=after, limit=limit, about=about).value
    if as_json:
        return
    rows = [
        (one["number"], one["dealing"].replace("_", " "), one["subject"],
         "" if one["by"] == value["node"] else one["by"], "" if one["counts"] else "no", short(one["skill"]),
         moment(one["at"]), short(one["hash"]))
        for one in value["entries"]
    ]  # fmt: skip
    if rows:
        columns = ("#", "what", "about whom", "signed by", "counts", "skill", "when", "hash")
        table(columns, rows, right=("#",), spare=("signed by", "counts"))
    else:
        say("no receipt" + (f" after number {after}" if after else " yet: one is signed where a peer's claim is tried"))


@ledger.command("verify", epilog=epilog("hansa ledger verify", "hansa ledger verify ledger.hansa"))
def verify(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A file that `hansa ledger export` wrote, of anybody's.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check every link, every signature, and the end. What does not hold is named."""
    result = call(home, "ledger.verify", as_json, path=str(path.absolute()) if path else "")
    value = result.value
    if not as_json and path:
        _flaws(value)
        if value["ok"]:
            void = f", {value['revoked']} by keys that were revoked since" if value["revoked"] else ""
            say(f"{value['entries']} links of {value['node']}: each follows and is signed by both{void}")
            say("none of those that its owner has signed for is missing")
    elif not as_json:
        if value["ok"]:
            say(f"{value['entries']} entries: every link and every receipt holds")
        else:
            if value["first_broken_link"]:
                say(f"link {value['first_broken_link']} does not follow from the one before it")
            for numbers, what in ((value["bad_receipts"], "a receipt that is missing or damaged"),
                                  (value["one_sided"], "a receipt that is not proved by what it names")):  # fmt: skip
                if numbers:
                    say(f"links with {what}: {', '.join(map(str, numbers))}")
            if value["missing_at_end"]:
                say(f"cut off: {value['written']} links were written, {value['entries']} are here")
            say("next: hansa store check; an older state is in a backup (hansa store restore)")
    finish(result)


@ledger.command(epilog=epilog("hansa ledger export --to ledger.hansa", "hansa ledger export | gzip > ledger.gz"))
def export(
    to: Annotated[Path | None, typer.Option(help="File to write; by default standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the ledger with all that it rests on. For others to check: receipts, claims, cards, decisions."""
    result = call(home, "ledger.export", as_json and to is None)
    if as_json and to is None:
        return
    text = "".join(f"{line}\n" for line in result.value["lines"])
    if to is None:
        sys.stdout.write(text)
        return
    write_new(to, text, force)
    if as_json:
        print_json({"file": str(to.absolute()), "count": result.value["count"]})
    else:
        say(f"{result.value['count']} links in {to}")


@ledger.command("import", epilog=epilog("hansa ledger import ledger.hansa"))
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `hansa ledger export` wrote.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take in what holds of somebody's ledger. Each signature is checked; what does not hold is dropped and counted.

    Receipts of others are evidence to look at: they count for something only where `conduct.verifiers` names them.
    """
    result = call(home, "ledger.import", as_json, path=str(path.absolute()))
    if not as_json:
        value = result.value
        taken = ", ".join(f"{number} {kind}" for kind, number in sorted(value["taken"].items())) or "nothing"
        say(f"taken: {taken}; {value['already_here']} were here; {value['dropped_links']} links dropped")
        if value["decisions"]:
            say(
                f"{value['decisions']} decisions are their owner's and are not kept: hansa replay --file works them out"
            )
        for code, number in sorted(value["refused"].items()):
            say(f"refused: {number} {code}")
        _flaws(value)
    finish(result)


def _flaws(value: dict[str, object]) -> None:
    flaws = value["flaws"]
    for one in flaws[:20] if isinstance(flaws, list) else []:
        say(f"{one['where']}: {one['what']}")
    if isinstance(flaws, list) and len(flaws) > 20:
        say(f"and {len(flaws) - 20} more: --json names all")
