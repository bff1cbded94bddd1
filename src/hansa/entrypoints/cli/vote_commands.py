"""Commands that ask others before something changes: roster, propose, proposal, vote, apply."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.changing import apply as apply_diff
from hansa.entrypoints.changing import base_in
from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import hanging, moment, print_json, say, say_quoted, short, table
from hansa.entrypoints.git_diff import from_git
from hansa.governance.diff import MAX_BYTES
from hansa.kernel.errors import UsageError
from hansa.kernel.ids import content_id
from hansa.kernel.plain import plain

cli = typer.Typer()
roster = typer.Typer(no_args_is_help=True, help="Say who votes on changes.")
proposal = typer.Typer(no_args_is_help=True, help="Look at changes that are voted on.")
cli.add_typer(roster, name="roster")
cli.add_typer(proposal, name="proposal")

Nodes = Annotated[list[str], typer.Argument(metavar="NODE...", help="Node ids of the members.")]
ProposalId = Annotated[str, typer.Argument(metavar="ID", help="A proposal's id, or the start of it.")]
Rationale = Annotated[str, typer.Option(help="Why, in your words, at most 2000 characters.")]
Seconds = Annotated[
    int, typer.Option(min=0, max=604_800, help="How long members have to answer; 0: as voting.timeout_ms says.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="End with what was decided.")]
To = Annotated[list[str] | None, typer.Option(help="Address to bring it to; by default your subscriptions.")]
Folder = Annotated[Path, typer.Option("--in", "--to", help="Folder that the paths of the diff are in.")]


# ---- rosters


@roster.command(epilog=epilog("hansa roster create did:key:z6Mk… did:key:z6Mk…"))
def create(members: Nodes, to: To = None, home: Home = None, as_json: AsJson = False) -> None:
    """Found a roster of your node and others. It decides here from then on."""
    value = call(home, "roster.create", as_json, members=members, to=to or []).value
    if not as_json:
        _roster(value)
        say(f"others let it decide at theirs: hansa roster follow {value['roster']}")


@roster.command(epilog=epilog("hansa roster follow 3f9a2c"))
def follow(
    id_: Annotated[str, typer.Argument(metavar="ROSTER", help="A roster's id, or the start of its record's.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a roster decide at your node. Nobody else can say that for you."""
    value = call(home, "roster.follow", as_json, id=id_).value
    if not as_json:
        _roster(value)


@roster.command("show", epilog=epilog("hansa roster show", "hansa roster show --json"))
def show_roster(home: Home = None, as_json: AsJson = False) -> None:
    """Show the roster that decides here. Its members, quorum and epoch."""
    value = call(home, "roster.show", as_json).value
    if not as_json:
        _roster(value)


@roster.command("propose-change", epilog=epilog("hansa roster propose-change did:key:z6Mk… --rationale 'Eve left'"))
def propose_change(
    members: Nodes,
    rationale: Rationale,
    seconds: Seconds = 0,
    wait: Wait = True,
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask for another roster. A quorum of the old and of the new must agree."""
    _end(
        call(home, "roster.propose", as_json, members=members, rationale=rationale, seconds=seconds, wait=wait,
             to=to or []),
        as_json,
    )  # fmt: skip


# ---- proposals


@cli.command(
    epilog=epilog(
        "hansa propose --diff fix.diff --rationale 'round half up'",
        "hansa propose --staged --rationale 'round half up'",
    )
)
def propose(
    rationale: Rationale,
    diff: Annotated[str, typer.Option(help="File with the diff; - reads it from standard input.")] = "",
    git: Annotated[str, typer.Option(help="Revisions of git instead: A..B, or A for what differs from it.")] = "",
    staged: Annotated[bool, typer.Option("--staged", help="What git would commit now, instead.")] = False,
    folder: Folder = Path(),
    seconds: Seconds = 0,
    wait: Wait = True,
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask the roster about a change. Exit code 0 only when a quorum said yes."""
    text, base = _asked(diff, git, staged, folder)
    result = call(
        home, "proposal.make", as_json, text=text, base=base, rationale=rationale, seconds=seconds, wait=wait,
        to=to or [],
    )  # fmt: skip
    _end(result, as_json)


@proposal.command("list", epilog=epilog("hansa proposal list", "hansa proposal list --json"))
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List what your roster was asked. Oldest first, with what came of it here."""
    value = call(home, "proposal.list", as_json).value
    if as_json:
        return
    rows = [
        (short(one["proposal"]), one["state"], one["risk"], f"{one['yes']}:{one['no']}", moment(one["ends_at"]),
         one["rationale"])
        for one in value["proposals"]
    ]  # fmt: skip
    if rows:
        table(("proposal", "state", "risk", "yes:no", "ends", "why"), rows)
    else:
        say("nothing was proposed here")


@proposal.command("show", epilog=epilog("hansa proposal show 3f9a2c", "hansa proposal show 3f9a2c --json"))
def show_proposal(id_: ProposalId, home: Home = None, as_json: AsJson = False) -> None:
    """Show a proposal. Its diff, votes and risk; exit code 1 if refused or undecided."""
    result = call(home, "proposal.show", as_json, id=id_)
    if not as_json:
        _show(result.value)
        say("")
        say_quoted(result.value["text"])
    finish(result)


@cli.command(epilog=epilog("hansa vote 3f9a2c yes", "hansa vote 3f9a2c no --why 'it drops a check'"))
def vote(
    id_: ProposalId,
    choice: Annotated[str, typer.Argument(metavar="yes|no", help="Your word.", autocompletion=words("yes", "no"))],
    why: Annotated[str, typer.Option(help="Told with it, at most 500 characters.")] = "",
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Vote on a proposal. Once: a vote is not taken back."""
    result = call(home, "proposal.vote", as_json, id=id_, choice=choice, why=why, to=to or [])
    _end(result, as_json)


@cli.command(epilog=epilog("hansa apply 3f9a2c --to .", "hansa apply --local-override --diff fix.diff --to ."))
def apply(
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="A proposal's id, or the start of it.")] = "",
    folder: Folder = Path(),
    override: Annotated[
        bool, typer.Option("--local-override", help="Apply --diff by your own word; written down as that.")
    ] = False,
    diff: Annotated[str, typer.Option(help="File with the diff, for --local-override only.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Apply what was approved. To files as they were voted on, or nothing changes."""
    if bool(id_) is override or bool(diff) is not override:
        raise UsageError("say which proposal, or --local-override with --diff FILE")
    if override:
        text = _read(diff)
        base, digest = base_in(folder, text), content_id(text.encode())
    else:
        permit = call(home, "proposal.permit", id=id_).value
        text, base, digest = permit["text"], permit["base"], permit["diff"]
        if content_id(text.encode()) != digest:
            raise UsageError("the bytes are not those that were voted on: nothing was changed")
    paths = apply_diff(folder, text, base)
    done = call(home, "proposal.applied", id=id_, diff=digest, override=override).value
    if as_json:
        print_json({**done, "paths": paths})
        return
    say("by your own word alone, no decision: " if override else f"as {short(done['proposal'])} was approved: ")
    for one in paths:
        say(f"  {plain(one)}")


# ---- how it is shown


def _asked(diff: str, git: str, staged: bool, folder: Path) -> tuple[str, str]:
    if sum(map(bool, (diff, git, staged))) != 1:
        raise UsageError("say what changes: --diff FILE, --git A..B or --staged")
    if not diff:
        return from_git(folder, git, staged)
    text = _read(diff)
    return text, base_in(folder, text)


def _read(name: str) -> str:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        return data.decode()
    except OSError as error:
        raise UsageError(f"can't read {name} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text") from None


def _end(result: Any, as_json: bool) -> None:
    if not as_json:
        _show(result.value)
        if result.value["pending"] or result.value["refused"]:
            say(f"! {result.value['pending']} waiting, {result.value['refused']} refused there: hansa outbox list")
    finish(result)


def _roster(value: dict[str, Any]) -> None:
    here = "decides here" if value["decides_here"] else "does not decide here"
    hanging("roster  ", f"{value['roster']}, epoch {value['epoch']}, {here}")
    hanging("quorum  ", f"{value['quorum']} of {len(value['members'])}: {value['liars']} may lie or be silent")
    for one in value["members"]:
        say(f"  {plain(one)}")


def _show(value: dict[str, Any]) -> None:
    hanging(f"{short(value['proposal'])}  ", f"{value['state']} · {value['yes']} yes, {value['no']} no of"
            f" {value['quorum']} needed · until {moment(value['ends_at'])}")  # fmt: skip
    hanging("  by     ", plain(value["author"]))
    hanging("  why    ", plain(value["rationale"]))
    hanging("  risk   ", f"{value['risk_here']} by the rules here, {value['risk']} at its author's: advice, no vote")
    for one in value["rules"]:
        hanging(f"  {one['rule']:5}  ", f"{one['level']}: {plain(one['path'])} {plain(one['why'])}")
    for one in value["files"]:
        hanging("  file   ", f"{plain(one['path'])} {one['kind']}, +{one['added']} -{one['removed']}")
    for one in value["members"]:
        hanging("  member ", plain(one))
    for one in value["votes"]:
        hanging(f"  {one['choice']:5}  ", f"{plain(one['member'])} {plain(one['why'])}")
    for one in value["voted_both_ways"]:
        hanging("  !      ", f"{plain(one)} has voted both ways: both signed votes are kept")
