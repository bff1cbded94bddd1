"""Commands in disputes: open, answer, evidence, rule, withdraw, appeal, show, list."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, SkillId, epilog, words
from hansa.entrypoints.cli.show import hanging, moment, say, short, table
from hansa.entrypoints.steps import Result
from hansa.kernel.plain import plain

cli = typer.Typer()
dispute = typer.Typer(no_args_is_help=True, help="Settle conflicts over skills by running them again.")
cli.add_typer(dispute, name="dispute")

GROUNDS = ("false_claim", "harmful", "false_accusation", "plagiarised", "licence")
STATES = ("opened", "answered", "evidence", "upheld", "dismissed", "withdrawn", "appealed")

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="A case's id, or the start of it.")]
Why = Annotated[str, typer.Option(help="In your words, at most 500 characters.")]
Records = Annotated[list[str] | None, typer.Option("--record", help="Id of a signed record that shows it.")]
To = Annotated[
    list[str] | None, typer.Option(help="Address to bring it to; by default your subscriptions, and who was told.")
]


@dispute.command("open", epilog=epilog("hansa dispute open 3f9a2c --ground false_claim --why 'fails for 2.675'"))
def open_(
    id_: SkillId,
    ground: Annotated[
        str,
        typer.Option(
            help="false_claim, harmful, false_accusation (against a receipt), plagiarised or licence.",
            autocompletion=words(*GROUNDS),
        ),
    ],
    why: Why,
    record: Records = None,
    against: Annotated[str, typer.Option(help="Id of the disputed record, where several could be meant.")] = "",
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Accuse somebody over a skill. It rests on your own finding, or on records that you name."""
    result = call(
        home, "dispute.open", as_json, id=id_, ground=ground, why=why, records=record or [], against=against,
        to=to or [],
    )  # fmt: skip
    _told(result, as_json)


@dispute.command(epilog=epilog("hansa dispute answer 7c41 --why 'it passes with the library it names'"))
def answer(
    case: CaseId, why: Why, record: Records = None, to: To = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Answer an accusation. Only the respondent can."""
    _told(call(home, "dispute.answer", as_json, id=case, why=why, records=record or [], to=to or []), as_json)


@dispute.command(epilog=epilog("hansa dispute evidence 7c41", "hansa dispute evidence 7c41 --trials 20"))
def evidence(
    case: CaseId,
    trials: Annotated[int | None, typer.Option(min=1, max=10_000, help="How many; by default as for a proof.")] = None,
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Run the disputed skill again here, and bring the finding. Your node rules by it; a party can't do this."""
    result = call(home, "dispute.evidence", as_json, id=case, trials=trials, to=to or [])
    if not as_json:
        proof = result.value["proof"]
        say(f"{short(proof['trace_id'])} {proof['outcome']}: {proof['successes']} of {proof['trials']} trials")
    _told(result, as_json)


@dispute.command(epilog=epilog("hansa dispute rule 7c41 upheld --why 'the same text, without its author'"))
def rule(
    case: CaseId,
    ruled: Annotated[
        str, typer.Argument(metavar="RULING", help="upheld or dismissed.", autocompletion=words("upheld", "dismissed"))
    ],
    why: Annotated[str, typer.Option(help="Kept with the ruling.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Decide for your own node what no run can show. Everything else is ruled on by itself."""
    _told(call(home, "dispute.rule", as_json, id=case, ruled=ruled, why=why), as_json)


@dispute.command(epilog=epilog("hansa dispute withdraw 7c41 --why 'my mistake'"))
def withdraw(
    case: CaseId,
    why: Annotated[str, typer.Option(help="Told with it.")] = "",
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take your accusation back. Nothing is owed then."""
    _told(call(home, "dispute.withdraw", as_json, id=case, why=why, to=to or []), as_json)


@dispute.command(epilog=epilog("hansa dispute appeal 7c41 --why 'the library was fixed'"))
def appeal(
    case: CaseId, why: Why, record: Records = None, to: To = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Ask for new runs after a ruling. Once, by who lost, with a new finding of your own."""
    _told(call(home, "dispute.appeal", as_json, id=case, why=why, records=record or [], to=to or []), as_json)


@dispute.command(epilog=epilog("hansa dispute show 7c41", "hansa dispute show 7c41 --json"))
def show(case: CaseId, home: Home = None, as_json: AsJson = False) -> None:
    """Show a case. Who said what, what of it counts on this node, and why."""
    value = call(home, "dispute.show", as_json, id=case).value
    if not as_json:
        _show(value)


@dispute.command("list", epilog=epilog("hansa dispute list", "hansa dispute list --state opened --json"))
def list_(
    state: Annotated[str, typer.Option(help=f"Only {', '.join(STATES)}.", autocompletion=words(*STATES))] = "",
    after: Annotated[int, typer.Option(min=0, help="Only cases with a higher number.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List cases, oldest first, with where they stand on this node."""
    value = call(home, "dispute.list", as_json, state=state, after=after, limit=limit).value
    if as_json:
        return
    rows = [
        (one["number"], short(one["case"]), one["state"], one["ground"], short(one["trace_id"]), one["why"])
        for one in value["disputes"]
    ]
    if rows:
        table(("#", "case", "state", "ground", "skill", "why"), rows, right=("#",))
        if value["next"]:
            say(f"more: --after {value['next']}")
    else:
        say("no case is in that state" if state else "no disputes here")


def _told(result: Result, as_json: bool) -> None:
    if not as_json:
        value = result.value
        say(f"case {short(value['case'])} is {value['state']} here: hansa dispute show {short(value['case'])}")
        if value["delivered"] or value["pending"] or value["refused"]:
            say(f"{value['delivered']} delivered, {value['pending']} waiting, {value['refused']} refused there")
        for problem in value["problems"]:
            say(f"! {problem}")
    finish(result)


def _show(value: dict[str, Any]) -> None:
    hanging(f"{short(value['case'])}  ", f"{value['state']} · {value['ground']} · skill {short(value['trace_id'])}")
    hanging("  opened by   ", f"{value['opener']} at {moment(value['opened_at'])}")
    hanging("  against     ", f"{value['respondent']}, record {short(value['against'])}")
    hanging("  why         ", plain(value["why"]))
    hanging("  rests on    ", ", ".join(short(one) for one in value["records"]))
    hanging("  rules here  ", value["rules_here_by"])
    for one in value["heard"]:
        mark = "✓" if one["counted"] else "·"
        told = " ".join(filter(None, (one["what"], one["ruled"] or one["says"])))
        words_ = f" “{plain(one['text'], 200)}”" if one["text"] else ""
        hanging(f"  {mark} {moment(one['at'])} ", f"{told} by {one['author']}{words_}: {one['why']}")
    ruling = value["ruling"]
    if ruling is None:
        hanging("  ruling      ", "none: what is undecided stays open")
    else:
        until = moment(ruling["appeal_until"])
        hanging("  ruling      ", f"{ruling['ruled']} by {_BASIS[ruling['basis']]}; an appeal has until {until}")


_BASIS = {
    "own_finding": "this node's own run",
    "verifiers": "the verifiers that its operator named",
    "operator": "its operator's word",
}
