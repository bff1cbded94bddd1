"""Commands on what waits to be brought to others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import say, short, table

cli = typer.Typer()
outbox = typer.Typer(no_args_is_help=True, help="What waits to be brought to others: look, drop, retry.")
cli.add_typer(outbox, name="outbox")

Id = Annotated[str, typer.Argument(metavar="[ID]", help="Only of this skill or record: its id, or the start of it.")]
To = Annotated[str, typer.Option(help="Only to this address.")]
All = Annotated[bool, typer.Option("--all", help="Everything that waits.")]


@outbox.command("list", epilog=epilog("hansa outbox list", "hansa outbox list --state refused --json"))
def list_(
    id_: Id = "",
    to: To = "",
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="pending, refused, dropped or delivered.",
            autocompletion=words("pending", "refused", "dropped", "delivered"),
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many to show.")] = 100,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries; those that wait, if no other state is named."""
    value = call(home, "outbox.list", as_json, id=id_, to=to, states=state or [], limit=limit).value
    if not as_json:
        _table(value)
        say(f"{len(value['deliveries'])} of {value['count']}")
        if value["refused"]:
            say(f"{value['refused']} refused: hansa outbox list --state refused")


@outbox.command(epilog=epilog("hansa outbox drop --to http://127.0.0.1:8471", "hansa outbox drop 3f9a2c"))
def drop(id_: Id = "", to: To = "", everything: All = False, home: Home = None, as_json: AsJson = False) -> None:
    """Give up deliveries that wait. They are not tried again by themselves."""
    value = call(home, "outbox.drop", as_json, id=id_, to=to, all=everything).value
    if not as_json:
        say(f"{value['count']} given up; hansa outbox retry brings them back")


@outbox.command(epilog=epilog("hansa outbox retry --all", "hansa outbox retry --to http://127.0.0.1:8471"))
def retry(id_: Id = "", to: To = "", everything: All = False, home: Home = None, as_json: AsJson = False) -> None:
    """Try deliveries once more, now. Those that wait, were refused or were given up."""
    result = call(home, "outbox.retry", as_json, id=id_, to=to, all=everything)
    if not as_json:
        _table(result.value)
    finish(result)


def _table(value: dict[str, Any]) -> None:
    rows = [
        (short(one["record"]), short(one["trace_id"]), one["state"], one["reason"], one["tries"], one["url"])
        for one in value["deliveries"]
    ]
    if rows:
        table(("record", "skill", "state", "reason", "tries", "to"), rows, right=("tries",))
