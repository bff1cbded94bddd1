"""Commands on notes that are shared with peers, and on those of peers that wait: under `hansa reflect`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import moment, say, say_quoted, short

cli = typer.Typer()

WaitingId = Annotated[str, typer.Argument(metavar="ID", help="Of a note that waits, or the start of it.")]


@cli.command(epilog=epilog("hansa reflect share 3f9a2c", "hansa reflect share 3f9a2c --to http://hub:8470 --dry-run"))
def share(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of a note, or the start of it.")],
    to: Annotated[
        list[str] | None, typer.Option("--to", help="An address to bring it to. By default all you subscribe to.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would leave, and send nothing.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sign a note and pass it on to peers. Its words leave this machine; its session and its time do not."""
    value = call(home, "reflection.share", as_json, id=id_, to=to or [], dry_run=dry_run).value
    if as_json:
        return
    say(f"{value['outcome']}, {value['category']}: {value['description']}")
    if value["error"]:
        say(f"error: {value['error']}")
    where = ", ".join(value["to"]) or "this node's feed alone: it subscribes to no other"
    if dry_run:
        say(f"would go to {where}; nothing was sent")
        return
    say(f"shared as {short(value['record'])} with {where}" + ("" if value["new"] else " (it was shared before)"))
    if value["to"]:
        say(f"{value['delivered']} of {len(value['to'])} took it; hansa outbox list shows what waits")


@cli.command(epilog=epilog("hansa reflect pending", "hansa reflect pending --json"))
def pending(
    after: Annotated[int, typer.Option(min=0, max=2**53, help="`next` of the page before.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List notes of peers that wait. No agent sees them until they are borne out, or you approve them."""
    value = call(home, "reflection.pending", as_json, after=after, limit=limit).value
    if as_json:
        return
    if not value["pending"]:
        say("no note of a peer waits")
        return
    for one in value["pending"]:
        known = sum(author["known"] for author in one["authors"])
        say(f"{short(one['id'])}  {moment(one['at'])}  said by {len(one['authors'])}, {known} of them known here")
        _quote(one)
    say(f"a note is used once {value['corroborations']} known here beside its first author said the same;")
    say("or by your word: hansa reflect approve ID, hansa reflect drop ID")


@cli.command(epilog=epilog("hansa reflect approve 3f9a2c"))
def approve(id_: WaitingId, home: Home = None, as_json: AsJson = False) -> None:
    """Take a note of a peer among those that agents see. It is tagged with whom it came from."""
    value = call(home, "reflection.approve", as_json, id=id_).value
    if not as_json:
        say(f"+ {short(value['reflection']['id'])}  {', '.join(value['reflection']['tags'])}")


@cli.command(epilog=epilog("hansa reflect drop 3f9a2c"))
def drop(id_: WaitingId, home: Home = None, as_json: AsJson = False) -> None:
    """Never use a note of a peer, whoever else says the same."""
    value = call(home, "reflection.drop", as_json, id=id_).value
    if not as_json:
        say(f"- {short(value['id'])} is dropped")


def _quote(one: dict[str, Any]) -> None:
    say_quoted(f"{one['outcome']}, {one['category']}: {one['description']}")
    if one["error"]:
        say_quoted(f"error: {one['error']}")
    if one["tags"]:
        say_quoted(f"tags: {' '.join(one['tags'])}")
