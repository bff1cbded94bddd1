"""Commands that deal with others: publish, subscribe, sync, why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, skill_ids, words
from hansa.entrypoints.cli.restored import waits
from hansa.entrypoints.cli.show import hanging, say, say_all, short, table, told_over
from hansa.kernel.errors import UsageError
from hansa.kernel.plain import plain

cli = typer.Typer()

SHOWN_SHUT = 5
"""How many skills are named for each gate that keeps them in."""

REPORTS = ("none", "refutations", "all")
Url = Annotated[str, typer.Argument(metavar="URL", help="Address of a node, e.g. http://127.0.0.1:8470")]


@cli.command(epilog=epilog("hansa publish 3f9a2c --dry-run", "hansa publish --to http://127.0.0.1:8470"))
def publish(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="By default all that pass.", autocompletion=skill_ids),
    ] = None,
    to: Annotated[list[str] | None, typer.Option(help="Address to bring it to; by default your subscriptions.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show exactly what would leave this machine.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Pass proved skills on. Gates: reasoning path, checks, proof, secrets, licence, constitution."""
    result = call(home, "publish", as_json, ids=ids or [], to=[url.rstrip("/") for url in to or []], dry_run=dry_run)
    if not as_json:
        _show_publish(result.value, detailed=bool(ids) or dry_run)
    finish(result)


def _show_publish(value: dict[str, Any], detailed: bool) -> None:
    shut = [one for one in value["publications"] if not one["published"]]
    for one in value["publications"] if detailed else ():
        say(f"{short(one['trace_id'])} {'passes every gate' if one['published'] else 'stays here'}")
        for gate in one["gates"]:
            mark = "✗" if gate["reason"] else "✓"
            say(f"  {mark} {gate['gate']}: {gate['found']} (asked: {gate['asked']})")
        if value["dry_run"] and one["payload"]:
            say(f"would go to {', '.join(one['to']) or 'its own feed only'}; the very bytes:")
            say_all(one["payload"])
    if not detailed:
        _show_shut(shut)
    signed = sum(one["published"] for one in value["publications"])
    if value["dry_run"]:
        say(f"dry run: {signed} would be published, {len(shut)} stay; nothing was kept or sent")
        return
    already = sum(one["published"] and not one["new"] for one in value["publications"])
    told = f" ({signed - already} new, {already} already)" if already else ""
    say(
        f"{signed} published{told}, {len(shut)} stay here; {value['delivered']} delivered, {value['pending']} waiting, "
        f"{value['refused']} refused there"
    )
    if value["links"] is not None and signed > already:
        say(told_over(value["links"]) if value["links"] else "no link now: it goes when one stands")
    for problem in value["problems"]:
        say(f"! {problem}")
    if value["pending"]:
        say("what waits goes out while hansa up runs; hansa outbox list shows it, hansa outbox drop gives it up")
    if not value["publications"]:
        say("nothing proved to publish yet: hansa skill add, then hansa prove")


def _show_shut(shut: list[dict[str, Any]]) -> None:
    """Shows what keeps skills in, each obstacle once, with the first of the skills that it keeps."""
    kept: dict[tuple[str, str], list[str]] = {}
    for one in shut:
        for gate in one["gates"]:
            if gate["reason"]:
                kept.setdefault((gate["gate"], gate["asked"]), []).append(one["trace_id"])
    for (gate_name, asked), ids in kept.items():
        some = ", ".join(short(id_) for id_ in ids[:SHOWN_SHUT]) + (" …" if len(ids) > SHOWN_SHUT else "")
        hanging(f"✗ {gate_name} (asked: {asked}) keeps {len(ids)}: ", some)
    if shut:
        say(f"what was found: hansa publish {short(shut[0]['trace_id'])} --dry-run")


@cli.command(
    epilog=epilog("hansa subscribe http://127.0.0.1:8470", 'hansa subscribe URL --intent "dates" --report all')
)
def subscribe(
    url: Url,
    intent: Annotated[list[str] | None, typer.Option(help="Only skills near this intent.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only skills with this tag.")] = None,
    author: Annotated[list[str] | None, typer.Option(help="Only skills by this node.")] = None,
    min_trials: Annotated[int, typer.Option(min=0, help="Only skills whose author claims as many trials.")] = 0,
    report: Annotated[
        str,
        typer.Option(
            help="What the source is told: none, refutations or all findings.", autocompletion=words(*REPORTS)
        ),
    ] = "refutations",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Pull skills from a node or hub from now on. By `hansa sync`, or by itself while `hansa up` runs."""
    if report not in REPORTS:
        raise UsageError(f"--report {report!r} is none of none, refutations, all")
    _check_url(url)
    result = call(
        home, "subscribe", as_json, url=url, intents=intent or [], tags=tag or [], authors=author or [],
        min_trials=min_trials, report=report,
    )  # fmt: skip
    if not as_json:
        say(f"subscribed to {result.value['url']}, which is {result.value['peer']}")
        say(f"it will be told: {report}. Next: hansa sync, or hansa up")
        if report != "none" and not result.value["joined"]:
            say("it takes reports from nodes that its operator has invited: hansa join LINK, if this one is not")


@cli.command(epilog=epilog("hansa unsubscribe http://127.0.0.1:8470"))
def unsubscribe(url: Url, home: Home = None, as_json: AsJson = False) -> None:
    """Stop pulling from a source; what came from it stays."""
    result = call(home, "unsubscribe", as_json, url=url)
    if not as_json:
        say(f"no longer subscribed to {result.value['url']}")


@cli.command(epilog=epilog("hansa sync", "hansa sync http://127.0.0.1:8470 --no-prove"))
def sync(
    url: Annotated[str, typer.Argument(metavar="[URL]", help="One source; by default all.")] = "",
    no_prove: Annotated[bool, typer.Option("--no-prove", help="Leave what comes in quarantine.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Pull what is new and prove it here. Admits what holds, reports what does not."""
    result = call(home, "sync", as_json, url=url.rstrip("/"), no_prove=no_prove)
    if not as_json:
        value = result.value
        rows = [("skills taken into quarantine", value["skills"])]
        rows += [("other records taken", value["other_records"])] * bool(value["other_records"])
        rows += [("keys of authors", value["keys"])] * bool(value["keys"])
        rows += [(f"not taken: {code}", number) for code, number in sorted(value["refused"].items())]
        rows += [(f"proof: {code}", number) for code, number in sorted(value["proofs"].items())]
        rows += [("reported", value["reported"]), ("reports waiting", value["pending"])]
        table(("what", "count"), rows, right=("count",))
        for one in value["not_heard"]:
            say(f"! reports refused {one['count']}: {one['reason']}: {one['message']} ({one['url']})")
        for fault in value["faults"]:
            say(f"! {fault['url']}: {fault['message']}")
        if waiting := waits(value["restored"]):
            say(f"! {waiting}")
    finish(result)


@cli.command(epilog=epilog("hansa why 3f9a2c", "hansa why 3f9a2c --json"))
def why(
    id_: Annotated[
        str,
        typer.Argument(metavar="ID", help="Id of a skill or record, or the start of it.", autocompletion=skill_ids),
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened to a skill or record. One line per box of the picture, with reasons and numbers."""
    value = call(home, "why", as_json, id=id_).value
    if not as_json:
        print_story(value)


def print_story(value: dict[str, Any]) -> None:
    """Prints one line per box."""
    hanging(f"{short(value['id'])}  ", plain(value["what"], 100))
    marks = {"passed": "✓", "stopped": "✗", "not reached": "·", "note": "·"}
    for line in value["lines"]:
        hanging(f"  {marks[line['state']]} {line['box']:<12} ", line["text"] or line["state"])


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url} is no address: write it like http://127.0.0.1:8470")
