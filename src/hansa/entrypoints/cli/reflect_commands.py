"""Commands on the node's notes on its own work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli import shared_notes_commands
from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, instant, interactive, words
from hansa.entrypoints.cli.show import moment, percent, print_json, say, say_all, short, table
from hansa.entrypoints.cli.written import Force, To, write_new

cli = typer.Typer()
reflect = typer.Typer(no_args_is_help=True, help="Notes on how work went: keep, recall, sum up.")
cli.add_typer(reflect, name="reflect")
reflect.add_typer(shared_notes_commands.cli)

NONE = "no notes yet: hansa reflect add, or hansa execute, which notes its own outcomes"

OUTCOMES = words("success", "failure", "partial")
Outcome = Annotated[str, typer.Option(help="Only success, failure or partial.", autocompletion=OUTCOMES)]
Category = Annotated[str, typer.Option(help="Only this kind of work.")]
Tag = Annotated[str, typer.Option(help="Only with this tag.")]
Session = Annotated[str, typer.Option(help="Only of this session.")]
Since = Annotated[str, typer.Option(help="Only from this day on: 2026-11-20, or 7d for the last seven days.")]


@reflect.command(
    epilog=epilog(
        "hansa reflect add success 'Read dates with fromisoformat' --category parsing",
        "hansa reflect add failure 'Split CSV at commas' --error 'quoted commas' --tag csv",
    )
)
def add(
    outcome: Annotated[
        str, typer.Argument(metavar="OUTCOME", help="success, failure or partial.", autocompletion=OUTCOMES)
    ],
    description: Annotated[str, typer.Argument(metavar="TEXT", help="What was tried, and what was learnt.")],
    category: Annotated[str, typer.Option(help="What kind of work it was.")] = "general",
    tag: Annotated[list[str] | None, typer.Option(help="A tag.")] = None,
    session: Annotated[str, typer.Option(envvar="HANSA_SESSION", help="Which session of yours.")] = "",
    error: Annotated[str, typer.Option(help="What went wrong.")] = "",
    skill: Annotated[str, typer.Option(help="Id of the skill that it is about.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Note how something went. `hansa execute` notes its own outcomes by itself."""
    result = call(home, "reflection.add", as_json, outcome=outcome, description=description, category=category,
                  tags=tag or [], session=session, error=error, trace_id=skill)  # fmt: skip
    if not as_json:
        say(f"+ {short(result.value['id'])}  {result.value['outcome']}: {result.value['description'][:90]}")


@reflect.command("list", epilog=epilog("hansa reflect list --outcome failure --since 7d", "hansa reflect list --json"))
def list_(
    outcome: Outcome = "",
    category: Category = "",
    tag: Tag = "",
    session: Session = "",
    since: Since = "",
    text: Annotated[str, typer.Option(help="Only those that hold this text.")] = "",
    after: Annotated[str, typer.Option(help="`next` of the page before.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List notes, the newest first."""
    given = _filter(outcome, category, tag, session, since)
    result = call(home, "reflection.list", as_json, text=text, after=after, limit=limit, **given)
    if not as_json:
        _show(result.value["reflections"], "no note fits" if any(given.values()) or text or after else NONE)
        if result.value["reflections"]:
            say(f"{len(result.value['reflections'])} of {result.value['count']}")


@reflect.command(epilog=epilog("hansa reflect recall 'parse a date'"))
def recall(
    intent: Annotated[str, typer.Argument(metavar="INTENT", help="What you are about to do, in words.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many to show.")] = 5,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show the notes that are nearest to what you are about to do. Exit code 1 when there are none."""
    result = call(home, "reflection.recall", as_json, intent=intent, limit=limit)
    if not as_json:
        _show(result.value["reflections"], "no note is near that: hansa reflect list shows all")
    finish(result)


@reflect.command(epilog=epilog("hansa reflect summary", "hansa reflect summary --category execute --since 30d"))
def summary(
    outcome: Outcome = "",
    category: Category = "",
    tag: Tag = "",
    session: Session = "",
    since: Since = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show how each kind of work goes. Says what went well or wrong more than once."""
    given = _filter(outcome, category, tag, session, since)
    result = call(home, "reflection.summary", as_json, **given)
    if as_json:
        return
    value = result.value
    if not value["count"]:
        say("no note fits" if any(given.values()) else NONE)
        return
    say(f"{_number(value['count'], 'note')} of {_number(value['sessions'], 'session')}")
    rows = [
        (
            one["category"],
            one["count"],
            percent(one["rate"]),
            percent(one["sure"]),
            percent(one["recent"]),
            one["trend"],
        )
        for one in value["categories"]
    ]
    table(("work", "noted", "went well", "at least", "lately", "trend"), rows, right=("noted",))
    for title, name in (("went wrong", "failures"), ("went well", "successes")):
        for one in value[name]:
            after = f"; {one['overcome']} times well since" if one["overcome"] else ""
            say(f"{title} {one['count']}x  {one['category']}: {one['signature']}{after}")


@reflect.command(epilog=epilog("hansa reflect report", "hansa reflect report --to lessons.md"))
def report(
    to: To = None,
    force: Force = False,
    outcome: Outcome = "",
    category: Category = "",
    tag: Tag = "",
    session: Session = "",
    since: Since = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the summary as Markdown."""
    given = _filter(outcome, category, tag, session, since)
    result = call(home, "reflection.summary", as_json and to is None, **given)
    if to is not None or not as_json:
        _write(result.value["markdown"], to, force, as_json, result.value["count"], f"report in {to}")


@reflect.command(
    epilog=epilog(
        "hansa reflect prune --older-than 90 --dry-run",
        "hansa reflect prune --keep 1000",
        "hansa reflect prune --id 3f9a2c --yes",
    )
)
def prune(
    older_than: Annotated[int | None, typer.Option(min=0, help="Only those older than so many days.")] = None,
    keep: Annotated[int | None, typer.Option(min=0, help="Never the newest so many.")] = None,
    id_: Annotated[str, typer.Option("--id", help="This one.")] = "",
    outcome: Outcome = "",
    category: Category = "",
    tag: Tag = "",
    session: Session = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Forget notes, for good. Says what is missing when nothing tells which."""
    given = _filter(outcome, category, tag, session, "") | {"id": id_, "older_than_days": older_than, "keep": keep}
    if not yes and not dry_run:
        count = call(home, "reflection.prune", **given, dry_run=True).value["forgotten"]
        notes = _number(count, "note")
        if count and interactive(f"{notes} would be forgotten for good"):
            typer.confirm(f"Forget {notes} for good?", abort=True)
    result = call(home, "reflection.prune", as_json, **given, dry_run=dry_run)
    if not as_json:
        count = result.value["forgotten"]
        say(f"{count} would be forgotten; nothing was changed" if dry_run else f"{count} forgotten")


@reflect.command(epilog=epilog("hansa reflect export --to notes.jsonl"))
def export(
    to: To = None,
    force: Force = False,
    outcome: Outcome = "",
    category: Category = "",
    tag: Tag = "",
    session: Session = "",
    since: Since = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write notes for `hansa reflect import` elsewhere. One JSON object a line. They are not signed."""
    given = _filter(outcome, category, tag, session, since)
    result = call(home, "reflection.export", as_json and to is None, **given)
    if to is not None or not as_json:
        count = result.value["count"]
        _write(result.value["lines"], to, force, as_json, count, f"{count} notes in {to}")


@reflect.command("import", epilog=epilog("hansa reflect import notes.jsonl"))
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `hansa reflect export` wrote.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take notes from a file. Those that are here already are not taken twice."""
    result = call(home, "reflection.import", as_json, path=str(path.absolute()))
    if not as_json:
        for one in result.value["rejected"]:
            say(f"! line {one['line']}: {one['problem']}")
        value = result.value
        say(f"{value['added']} added, {value['already_here']} here already, {len(value['rejected'])} rejected")
    finish(result)


def _filter(outcome: str, category: str, tag: str, session: str, since: str) -> dict[str, Any]:
    return {"outcome": outcome, "category": category, "tag": tag, "session": session, "since": instant(since)}


def _number(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def _show(reflections: list[dict[str, Any]], otherwise: str) -> None:
    if not reflections:
        say(otherwise)
        return
    rows = [
        (short(one["id"]), moment(one["at"]) or "undated", one["outcome"], one["category"],
         one["description"][:200] + (f" — {one['error'][:200]}" if one["error"] else ""))
        for one in reflections
    ]  # fmt: skip
    table(("id", "when", "outcome", "work", "why"), rows)


def _write(text: str, to: Path | None, force: bool, as_json: bool, count: int, done: str) -> None:
    if to is not None:
        write_new(to, text, force)
        if as_json:
            print_json({"file": str(to.absolute()), "count": count})
        else:
            say(done)
    elif sys.stdout.isatty():
        say_all(text)
    else:
        sys.stdout.write(text)
