"""Commands on the constitution: what is in force, and whether it decides as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import hanging, say, table

cli = typer.Typer()
constitution = typer.Typer(no_args_is_help=True, help="The five articles that bind this node, and its rules.")
cli.add_typer(constitution, name="constitution")

Facts = Annotated[bool, typer.Option("--facts", help="Also every fact that a rule can ask about.")]


@constitution.command(epilog=epilog("hansa constitution show", "hansa constitution show --facts"))
def show(facts: Facts = False, home: Home = None, as_json: AsJson = False) -> None:
    """Show the constitution in force. Its digest, the five articles, added rules, and when each is asked."""
    value = call(home, "constitution.show", as_json).value
    if as_json:
        return
    told = value["constitution"]
    say(f"constitution {value['digest']}")
    for one in told["articles"]:
        _article(f"article {one['number']}, {one['title']}", one)
    for one in told["rules"]:
        _article(f"rule {one['name']}", one)
    if not told["rules"]:
        say("no rules of this node's own")
    if facts:
        columns = ("fact", "values", "operators", "what it is")
        rows = [(one["fact"], one["values"], " ".join(one["operators"]), one["meaning"]) for one in value["facts"]]
        table(columns, rows)


def _article(name: str, one: dict[str, Any]) -> None:
    say(f"{name} (asked at {', '.join(one['occasions'])})")
    hanging("  ", one["text"])


@constitution.command(epilog=epilog("hansa constitution test", "hansa constitution test --file constitution.toml"))
def test(
    file: Annotated[
        Path | None, typer.Option(help="Try the rules in this file, with the five articles, before they are in force.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Try every fixture of the articles and rules. Each says of an act whether it is lawful, and must come out so."""
    result = call(home, "constitution.test", as_json, file=str(file.absolute()) if file else "")
    if not as_json:
        _show_tried(result.value)
    finish(result)


def _show_tried(value: dict[str, Any]) -> None:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for one in value["tried"]:
        by_name.setdefault(one["of"], []).append(one)
    for name, tried in by_name.items():
        wrong = [one for one in tried if not one["ok"]]
        passing = sum(one["expected"] == "passes" for one in tried)
        say(f"{'✗' if wrong else '✓'} {name}: {passing} that pass, {len(tried) - passing} that fail")
        for one in wrong:
            cause = f": {one['cause']}" if one["cause"] else ""
            hanging("    ", f"{{{one['fixture']}}} {one['found']}, and should be one that {one['expected']}{cause}")
    say(f"{value['count']} fixtures, {value['failed']} not as they say; constitution {value['digest']}")
