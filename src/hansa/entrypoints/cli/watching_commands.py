"""Commands that watch a node: events, logs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import moment, print_json, say
from hansa.entrypoints.cli.tail import following, last_lines, parsed, readable
from hansa.entrypoints.home import LOGS, READER_TOKEN, home_directory
from hansa.entrypoints.reach import node_at
from hansa.kernel.errors import Unavailable
from hansa.kernel.instant import Instant, iso
from hansa.node.events import BEGINNING, BY_CODE, kind_of

cli = typer.Typer()

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on as more comes; with --json one object a line.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=100_000, help="How many to show.")]


@cli.command(epilog=epilog("hansa logs", "hansa logs -f", "hansa logs -n 500 --json"))
def logs(lines: Lines = 50, follow: Follow = False, home: Home = None, as_json: AsJson = False) -> None:
    """Show what the node wrote down: starts, events, faults. Also of a node that is not up."""
    from hansa.entrypoints.identities import identity
    from hansa.entrypoints.logs import NAME

    directory = home_directory(home)
    identity(directory)
    path = directory / LOGS / NAME
    found = last_lines(path, lines)
    if as_json and not follow:
        print_json({"lines": [parsed(line) for line in found], "count": len(found), "file": str(path)})
        return
    if not found and not follow:
        say(f"nothing in {path} yet: a node writes there while it is up")
    for line in found:
        _log_line(line, as_json)
    if follow:
        for line in following(path):
            _log_line(line, as_json)


def _log_line(line: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps(parsed(line), ensure_ascii=True), flush=True)
    else:
        say(readable(line))


@cli.command(epilog=epilog("hansa events", "hansa events -f", "hansa events -f --kind skill.proved --json"))
def events(
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only this kind; may be given more than once.", autocompletion=words(*BY_CODE)),
    ] = None,
    lines: Lines = 50,
    follow: Follow = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what happens on the node that is up. The last events, and with --follow each as it comes."""
    for code in kind or ():
        kind_of(code)
    value = call(home, "events.list", as_json and not follow, kinds=kind or [], limit=lines).value
    if as_json and not follow:
        return
    last = BEGINNING
    for one in value["events"]:
        _event_line(one, as_json)
        last = one["id"]
    if follow:
        asyncio.run(_follow(home_directory(home), kind or [], last, as_json))
    elif not value["events"]:
        say("nothing yet since the node came up")


async def _follow(directory: Path, kinds: list[str], last: str, as_json: bool) -> None:
    import httpx2

    at = node_at(directory)
    token = (directory / READER_TOKEN).read_text(encoding="ascii").strip()
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": last}
    url = f"{at.url if at else ''}/events"
    try:
        async with (
            httpx2.AsyncClient(timeout=httpx2.Timeout(5.0, read=60.0), trust_env=False) as client,
            client.stream("GET", url, params=[("kind", one) for one in kinds], headers=headers) as response,
        ):
            if response.status_code != 200:
                raise Unavailable(f"the node does not show its events ({response.status_code}): see hansa logs")
            told: dict[str, str] = {}
            async for line in response.aiter_lines():
                if line:
                    name, _, text = line.partition(": ")
                    told[name] = text
                    continue
                if "event" in told:
                    one = {"id": told.get("id", ""), "kind": told["event"], **json.loads(told["data"])}
                    _event_line(one, as_json)
                told = {}
    except httpx2.TransportError:
        raise Unavailable("the node broke off: see hansa logs, and try again") from None


def _event_line(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(one, ensure_ascii=True), flush=True)
        return
    rest = {name: value for name, value in one.items() if name not in ("id", "kind", "ref", "text", "at")}
    told = " ".join(f"{name}={value}" for name, value in rest.items() if value != "")
    say(f"{moment(iso(Instant(one['at'])))} {one['kind']:<18} {one['ref'][:28]:<28} {one['text']} {told}".rstrip())
