"""Commands on the language models that the settings name."""

from __future__ import annotations

from typing import Annotated

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import say, table

cli = typer.Typer()
llm = typer.Typer(no_args_is_help=True, help="The language models asked when no skill fits.")
cli.add_typer(llm, name="llm")


@llm.command("list", epilog=epilog("hansa llm list", "hansa llm list --json"))
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the routes in the order in which they are asked. What they cost today, and their last trouble."""
    result = call(home, "llm.list", as_json)
    if as_json:
        return
    if not result.value["routes"]:
        say("no model is named: add [[llm]] to config.toml (docs/how-to/ask-a-language-model.md)")
        return
    rows = [
        (
            one["name"],
            one["model"],
            one["key"],
            one["calls_today"],
            _part(one["tokens_today"], one["tokens_per_day"]),
            _part(one["micros_today"], one["micros_per_day"]),
            _state(one["alone_ms"], one["last_trouble"]),
        )
        for one in result.value["routes"]
    ]
    columns = ("route", "model", "key", "calls today", "tokens today", "micros today", "why")
    table(columns, rows, right=("calls today", "tokens today", "micros today"))


@llm.command(epilog=epilog("hansa llm test", "hansa llm test local"))
def test(
    route: Annotated[str | None, typer.Argument(metavar="[ROUTE]", help="One route; by default each.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask each route for one word. Shows whether address, model and key are right. Costs a few tokens each."""
    result = call(home, "llm.test", as_json, route=route)
    if not as_json:
        for one in result.value["routes"]:
            said = f"said {one['said']!r} in {one['wall_ms']} ms" if one["ok"] else one["problem"]
            say(f"{'✓' if one['ok'] else '✗'} {one['name']}: {said}")
    finish(result)


def _part(today: int, bound: int) -> str:
    return f"{today:,} of {bound:,}" if bound else f"{today:,}"


def _state(alone_ms: int, last: str) -> str:
    if alone_ms:
        return f"left alone for {-(-alone_ms // 1000)} s: {last}"
    return last or "ready"
