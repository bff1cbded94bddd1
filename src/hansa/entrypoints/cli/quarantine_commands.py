"""Commands on what is not proved here yet: list, show, approve, reject."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, SkillId, epilog
from hansa.entrypoints.cli.show import say, short
from hansa.entrypoints.cli.skill_commands import Limit, show, skill_table

cli = typer.Typer()
quarantine = typer.Typer(no_args_is_help=True, help="Look at what is not proved yet, and decide on it.")
cli.add_typer(quarantine, name="quarantine")


@quarantine.command("list", epilog=epilog("hansa quarantine list"))
def quarantine_list(limit: Limit = 50, home: Home = None, as_json: AsJson = False) -> None:
    """List peers' skills that are not proved here, or were refused."""
    states = ["quarantined", "refused"]
    result = call(home, "skill.list", as_json, states=states, origin="peer", limit=limit)
    if not as_json:
        skill_table(result.value["skills"])
        say(f"{len(result.value['skills'])} of {result.value['count']}")


@quarantine.command("show", epilog=epilog("hansa quarantine show 3f9a2c"))
def quarantine_show(id_: SkillId, home: Home = None, as_json: AsJson = False) -> None:
    """Show one skill with its code, before you decide. Nothing of it is run."""
    show(id_, lineage=False, home=home, as_json=as_json)


@quarantine.command("approve", epilog=epilog("hansa quarantine approve 3f9a2c --why 'read it, harmless'"))
def approve(
    id_: SkillId,
    why: Annotated[str, typer.Option(help="Kept in the journal.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a skill be used on your own word. It is for these very bytes: one changed byte makes another id."""
    _settled(call(home, "quarantine.settle", as_json, id=id_, approve=True, why=why).value, as_json)


@quarantine.command("reject", epilog=epilog("hansa quarantine reject 3f9a2c --why 'not wanted'"))
def reject(
    id_: SkillId,
    why: Annotated[str, typer.Option(help="Kept in the journal.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a skill on your own word."""
    _settled(call(home, "quarantine.settle", as_json, id=id_, approve=False, why=why).value, as_json)


def _settled(value: dict[str, Any], as_json: bool) -> None:
    if not as_json:
        say(f"{short(value['trace_id'])} is {value['state']} now")
