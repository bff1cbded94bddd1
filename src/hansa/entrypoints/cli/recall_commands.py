"""Commands on recalls: warn of a skill, see who has heard, let one of somebody else's bind no more."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, SkillId, epilog, interactive, skill_ids
from hansa.entrypoints.cli.show import hanging, moment, say, short, table
from hansa.kernel.plain import plain

cli = typer.Typer()


class _OrSkill(TyperGroup):
    """A group whose first word may be a skill's id: no id begins like the name of a command."""

    default = "skill"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads `hansa recall ID …` as `hansa recall skill ID …`."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


recall = typer.Typer(
    no_args_is_help=True,
    cls=_OrSkill,
    help="Warn of a skill, and see who has heard.",
    epilog="`hansa recall ID --why TEXT` is short for `hansa recall skill ID --why TEXT`.",
)
cli.add_typer(recall, name="recall")


@recall.command(
    "skill",
    epilog=epilog("hansa recall 3f9a2c --why 'deletes files'", "hansa recall skill 3f9a2c --why 'wrong' --yes --json"),
)
def recall_skill(
    id_: SkillId,
    why: Annotated[str, typer.Option(help="Told to everybody who has it; at most 500 characters.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Recall a skill for good. What comes from it waits for its holders' word."""
    if not yes:
        found = call(home, "skill.look", id=id_).value  # that there is none is said before anybody is asked
        id_, named = found["trace_id"], f"{short(found['trace_id'])} ({plain(found['intent'], 60)})"
        if interactive(f"{named} would be recalled for good"):
            typer.confirm(f"Recall {named} for good?", abort=True)
    result = call(home, "recall", as_json, id=id_, why=why)
    if not as_json:
        value = result.value
        whoever = ["whoever pulls from this node: it stands in the feed"] if value["in_feed"] else []
        told = ", ".join([*value["told"], *whoever])
        if told:
            say(f"{short(value['trace_id'])} is recalled; to be told: {told}")
        else:
            say(f"{short(value['trace_id'])} is recalled here alone: this node never passed it on, so nobody is told")
        if value["told"]:
            say(f"{value['delivered']} of {len(value['told'])} have taken it; the rest is tried again by itself")
        if value["held"]:
            say(f"{value['held']} that come from it are held here: hansa recall status {short(value['trace_id'])}")
    finish(result)


@recall.command("status", epilog=epilog("hansa recall status", "hansa recall status 3f9a2c --json"))
def status(
    id_: Annotated[
        str, typer.Argument(metavar="[ID]", help="One skill, recalled or taken back.", autocompletion=skill_ids)
    ] = "",
    after: Annotated[str, typer.Option(help="`next` of the page before.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 100,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show who has heard of a recall. Exit code 1 while somebody has not."""
    result = call(home, "recall.status", as_json, id=id_, after=after, limit=limit)
    if not as_json:
        for one in result.value["recalls"]:
            _show(one)
        if not result.value["recalls"]:
            say("no recalls")
            finish(result)
            return
        more = f"; next page: --after {result.value['next']}" if result.value["next"] else ""
        known = "not heard of by everybody who is known to have had it"
        say(f"{result.value['count']} recalls, {result.value['incomplete']} of them {known}{more}")
    finish(result)


def _show(one: dict[str, Any]) -> None:
    done = "recalled" if one["recalled"] else "taken back"
    hanging(f"{short(one['trace_id'])}  ", f"{plain(one['intent'], 90)} ({one['state']} here)")
    hanging("  ", f"{done} by {one['by']} at {moment(one['at'])}: {plain(one['why'])}")
    rows = [(told["url"], told["state"], told["reason"], moment(told["at"])) for told in one["told"]]
    rows += [(said["instance_id"], _word(said), "", moment(said["at"])) for said in one["acknowledged"]]
    unheard = [gone for gone in one["missing"] if gone["instance_id"]]  # of an address alone its delivery says it
    rows += [(gone["instance_id"], "has not", ", ".join(gone["known_by"]), "") for gone in unheard]
    if rows:
        table(("node", "what", "detail", "at"), rows, spare=("detail",))
    for derived in one["derivatives"]:
        whose = "own, published" if derived["own"] and derived["published"] else "own" if derived["own"] else "peer"
        what = f"{derived['state']} {derived['reason']}".strip()
        hanging(f"  ▶ {short(derived['trace_id'])}  ", f"{plain(derived['intent'], 60)} ({whose}, {what})")
    if one["derivatives_here"] > len(one["derivatives"]):
        say(f"  … and {one['derivatives_here'] - len(one['derivatives'])} more that come from it")


def _word(said: dict[str, Any]) -> str:
    held = f", {said['derivatives']} held" if said["derivatives"] else ""
    return ("has removed it" if said["removed"] else "keeps it") + held


@recall.command("lift", epilog=epilog("hansa recall lift 3f9a2c --why 'read it, the warning is wrong'"))
def lift(
    id_: SkillId,
    why: Annotated[str, typer.Option(help="Kept in the journal.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a recall of somebody else's not bind here. Nobody forces a node."""
    value = call(home, "recall.lift", as_json, id=id_, why=why).value
    if not as_json:
        say(f"{short(value['trace_id'])} is {value['state']} here; its recall binds here no more")
        if value["state"] == "quarantined":
            say(f"next: hansa prove {short(value['trace_id'])} --again")
