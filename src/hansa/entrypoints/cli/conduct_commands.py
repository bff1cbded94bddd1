"""Commands on how this node deals with others: standing, policy, predict, replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import moment, say, say_all, say_quoted, short, table

cli = typer.Typer()
policy = typer.Typer(no_args_is_help=True, help="The rule by which this node deals with others.")
cli.add_typer(policy, name="policy")

Who = Annotated[str, typer.Argument(metavar="NODE", help="A node's id, the start of it, or me.")]


@cli.command(epilog=epilog("hansa standing", "hansa standing did:key:z6Mk --json"))
def standing(
    node: Annotated[str, typer.Argument(metavar="[NODE]", help="Only this node, with everything that counts.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 100,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show how others have behaved here. And how this node deals with them therefore."""
    if node:
        value = call(home, "standing.show", as_json, id=node).value
        if not as_json:
            _one(value)
        return
    value = call(home, "standing.list", as_json, limit=limit).value
    if as_json:
        return
    rows = [
        (one["instance_id"], one["rung"], one["reason"].replace("_", " "), one["good"], one["bad"], one["malice"],
         f"{one['reputation']:.2f}", f"{one['trust']['total']:.2f}")
        for one in value["standings"]
    ]  # fmt: skip
    if rows:
        head = ("node", "rung", "why", "good", "bad", "malice", "reputation", "trust")
        table(head, rows, right=("good", "bad", "malice", "reputation", "trust"))
    else:
        say("nobody yet: receipts are signed where a peer's claims are tried (hansa ledger list)")


def _one(value: dict[str, Any]) -> None:
    say(f"{value['instance_id']}  {value['name']}".rstrip())
    say(f"  {value['rung']}: {value['reason'].replace('_', ' ')}" + ("" if value["engage"] else "; not dealt with"))
    say(f"  {value['good']} good dealings, {value['bad']} bad, {value['malice']} of them malice")
    if value["good_dealings_owed"]:
        say(f"  {value['good_dealings_owed']} good dealings in a row to begin again")
    if value["wrongs"]:
        say(f"  {value['wrongs']:g} wrongs not made up for yet")
    terms = ", ".join(f"{name} {number:.2f}" for name, number in value["trust"].items() if name != "total")
    say(f"  reputation {value['reputation']:.2f}; trust {value['trust']['total']:.2f} ({terms})")
    rows = [(one["domain"], one["rung"], one["good"], one["bad"], f"{one['sure']:.2f}") for one in value["domains"]]
    if rows:
        table(("domain", "rung", "good", "bad", "sure"), rows, right=("good", "bad", "sure"))
    for one in value["decisions"]:
        about = f" in {one['domain']}" if one["domain"] else ""
        say(f"  {moment(one['at'])} {one['rung']}{about}: {one['reason'].replace('_', ' ')} (link {one['entries']})")


@policy.command("show", epilog=epilog("hansa policy show", "hansa policy show --of did:key:z6Mk"))
def policy_show(
    of: Annotated[str, typer.Option(help="The card of this node, if it is held here.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show the rule by which this node deals with others. In words; with --json all numbers of it as well."""
    value = call(home, "policy.show", as_json, of=of).value
    if not as_json:
        (say_quoted if of else say_all)(value["text"])
        say(f"card {value['digest']}")


@policy.command("card", epilog=epilog("hansa policy card", "hansa policy card --to http://127.0.0.1:8470"))
def policy_card(
    to: Annotated[list[str] | None, typer.Option(help="Bring it to this address; may be given more than once.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sign the policy card, and print it or bring it to others. By it anybody can compute this node's decisions."""
    result = call(home, "policy.card", as_json, to=to or [])
    if not as_json:
        value = result.value
        if to:
            say(f"card {short(value['digest'])} brought to {value['delivered']} of {len(to)}")
            for problem in value["problems"]:
                say(f"! {problem}")
            if value["pending"]:
                say("what waits goes out while hansa up runs; hansa outbox list shows it")
        else:
            print(value["envelope"])
    finish(result)


@cli.command(epilog=epilog("hansa predict did:key:z6Mk --subject parsing", "hansa predict did:key:z6Mk --at URL"))
def predict(
    peer: Who,
    subject: Annotated[str, typer.Option(help="What it is about: a skill's id, or a domain (a tag).")] = "",
    about: Annotated[str, typer.Option(help="On whom it decides.", show_default=False)] = "me",
    at: Annotated[str, typer.Option(help="Ask the node at this address for its card first.")] = "",
    invited: Annotated[bool, typer.Option("--invited/--not-invited", help="Whether its operator let them in.")] = True,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Compute what a peer will decide. By its policy card, and those of its receipts that are held here."""
    result = call(home, "predict", as_json, peer=peer, subject=subject, about=about, at=at, invited=invited)
    if not as_json:
        value = result.value
        what = "deals with" if value["engage"] else "does not deal with"
        where = f" in {value['domain']}" if value["domain"] else ""
        say(f"{value['peer']} {what} {value['about']}{where}: {value['rung']} ({value['reason'].replace('_', ' ')})")
        say(f"by card {short(value['card'])} and {value['receipts']} receipts that are held here")
    finish(result)


@cli.command(epilog=epilog("hansa replay", "hansa replay did:key:z6Mk", "hansa replay --file ledger.hansa --json"))
def replay(
    node: Annotated[str, typer.Argument(metavar="[NODE]", help="Only decisions on this node.")] = "",
    file: Annotated[Path | None, typer.Option(help="Those in a ledger that somebody exported.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Work past decisions out again, bit for bit. From the ledger as it was; what comes out otherwise is named."""
    result = call(home, "replay", as_json, id=node, path=str(file.absolute()) if file else "")
    if not as_json:
        value = result.value
        for one in value["decisions"]:
            if not one["same"]:
                say(f"{short(one['record'])} on {one['about']}: {one['why']}")
        for one in value["flaws"]:
            say(f"{one['where']}: {one['what']}")
        same = value["count"] - value["differing"]
        say(f"{same} of {value['count']} decisions of {value['node']} come out the same")
    finish(result)
