"""Commands on tasks: have other nodes do something, see what came of it, see what each can."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import moment, say, say_quoted, short, started, table
from hansa.kernel.errors import UsageError
from hansa.swarm.tasks import TaskKind

cli = typer.Typer()
task = typer.Typer(no_args_is_help=True, help="Have other nodes do something.")
cli.add_typer(task, name="task")

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="A task's id, or the start of it: hansa task list.")]
MAX_CODE = 65_536


@task.command(
    epilog=epilog(
        "hansa task run python-computation --code double.py --entry double --args '(21,)'",
        "hansa task run prove-skill --skill 4f1d --trials 10 --to did:key:z6Mk",
        "hansa task run query --intent 'turn a title into a slug' --json",
    )
)
def run(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="python-computation, prove-skill or query.", autocompletion=words(*TaskKind)
        ),
    ],
    *,
    code: Annotated[str, typer.Option(help="File with Python source; - reads it from standard input.")] = "",
    entry: Annotated[str, typer.Option(help="Name of the function in it.")] = "",
    args: Annotated[list[str] | None, typer.Option(help="A tuple of its arguments; each --args is a call.")] = None,
    expect: Annotated[list[str] | None, typer.Option(help="What each call must come to; never sent.")] = None,
    skill: Annotated[str, typer.Option(help="A skill's id, or the start of it.")] = "",
    trials: Annotated[int, typer.Option(help="Trials of the proof.", show_default="as here")] = 0,
    intent: Annotated[str, typer.Option(help="What the skills are to do.")] = "",
    limit: Annotated[int, typer.Option(help="Skills at most.")] = 10,
    to: Annotated[str, typer.Option(help="Ask this node and no other.")] = "",
    copies: Annotated[int, typer.Option(help="Nodes that are asked at once.")] = 1,
    agree: Annotated[int, typer.Option(help="Of those, how many must come to the same.")] = 1,
    timeout: Annotated[float, typer.Option(help="Seconds it is waited for.", show_default="swarm.timeout_ms")] = 0,
    priority: Annotated[int, typer.Option(help="0 to 9, among your own tasks there.")] = 0,
    correlation: Annotated[str, typer.Option(help="Your own name for what it belongs to.")] = "",
    detach: Annotated[bool, typer.Option("--detach", help="Return at once; hansa task show has the result.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Have another node do something. Who can, and stands best here, is asked first; others if it does not.

    The result is data: nothing here runs it. Exit code 1 when nothing came of it.
    """
    given = {
        "entry_point": entry, "calls": args, "expect": expect, "skill": skill, "trials": trials, "intent": intent,
        "limit": limit, "to": to, "correlation": correlation, "within_ms": round(timeout * 1000),
        "code": _source(code) if code else "",
    }  # fmt: skip
    result = call(
        home, "task.run", as_json, kind=kind, copies=copies, agree=agree, priority=priority, detach=detach,
        **{name: value for name, value in given.items() if value},
    )  # fmt: skip
    if not as_json:
        _show(result.value)
    finish(result)


def _source(path: str) -> str:
    try:
        text = sys.stdin.read(MAX_CODE + 1) if path == "-" else Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--code {path} can't be read: {error}") from None
    if len(text) > MAX_CODE:
        raise UsageError(f"--code {path} has more than {MAX_CODE} characters")
    return text


def _show(value: dict[str, Any]) -> None:
    say(f"task {short(value['task'])}: {value['state']}{': ' + value['error'] if value['error'] else ''}")
    for one in value["attempts"]:
        checked = f", {one['checked']}" if one["checked"] else ""
        why = f": {one['why']}" if one["why"] else ""
        say(f"  {started(one['node'])} {one['state']} in {one['used_ms']} ms{checked}{why}")
    for text in value["values"]:
        say_quoted(text)


@task.command("list", epilog=epilog("hansa task list", "hansa task list --json"))
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List what was asked of other nodes since this one is up. Also how much it does for others."""
    value = call(home, "task.list", as_json).value
    if as_json:
        return
    rows = [
        (short(one["task"]), one["kind"], one["state"], moment(one["began"]), one["correlation"], one["error"])
        for one in value["tasks"]
    ]
    if rows:
        table(("task", "kind", "state", "began", "belongs to", "why"), rows)
    else:
        say("nothing was asked of others since this node is up")
    did = value["for_others"]
    say(f"for others: {did['running']} run, {did['queue']} run or wait, {did['done']} done, {did['stopped']} stopped")


@task.command(epilog=epilog("hansa task show 4f1d", "hansa task show 4f1d --json"))
def show(id_: TaskId, home: Home = None, as_json: AsJson = False) -> None:
    """Show a task. Who was asked, who was not and why, and what came of it."""
    value = call(home, "task.show", as_json, id=id_).value
    if as_json:
        return
    _show(value)
    for one in value["candidates"]:
        say(f"  {'fits' if one['fit'] else 'out '} {started(one['node'])} {one['why']}")


@task.command(epilog=epilog("hansa task cancel 4f1d"))
def cancel(id_: TaskId, home: Home = None, as_json: AsJson = False) -> None:
    """Call a task off. Whoever was asked is told, and stops. Exit code 1 when it was over already."""
    result = call(home, "task.cancel", as_json, id=id_)
    if not as_json:
        _show(result.value)
    finish(result)


@cli.command(epilog=epilog("hansa capabilities", "hansa capabilities --json"))
def capabilities(home: Home = None, as_json: AsJson = False) -> None:
    """Show what this node can, by trying it. Also what others say that they can.

    Whether others are served is the setting swarm.serve: false unless you set it.
    """
    value = call(home, "capabilities", as_json).value
    if as_json:
        return
    for one in value["own"]:
        how = "proved" if one["proved"] else "seen" if one["there"] else "not here"
        say(f"{one['name']} {one['version']}: {how}, {one['detail']}")
    serves = ", ".join(value["serves"]) or "nothing"
    say(f"served to others: {serves}{'' if value['serve'] else ' (the setting swarm.serve is false)'}")
    rows = [
        (started(one["node"]), one["standing"], f"{one['queue']} in {one['places']}",
         " ".join(each["name"] for each in one["capabilities"]))
        for one in value["others"]
    ]  # fmt: skip
    if rows:
        table(("node", "standing", "queue", "can"), rows)
    elif not value["up"]:
        say("what others can is heard only while a node is up: hansa up")
