"""Commands on skills: add, list, show, remove, export, import, prove, report, find, execute, quarantine."""

from __future__ import annotations

import ast
import base64
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.adapters import beneath
from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.leased import show_leases
from hansa.entrypoints.cli.options import AsJson, Home, SkillId, SomeIds, epilog, interactive, skill_ids, words
from hansa.entrypoints.cli.show import hanging, print_json, say, short, table
from hansa.entrypoints.cli.skill_body import show_body
from hansa.entrypoints.cli.written import Force, To, write_new
from hansa.kernel.errors import UsageError
from hansa.kernel.plain import plain

cli = typer.Typer()
skill = typer.Typer(no_args_is_help=True, help="Add, list, show, remove, export and import skills.")
cli.add_typer(skill, name="skill")

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")]
Trials = Annotated[int | None, typer.Option(min=1, max=10_000, help="Trials of each proof.", show_default="settings")]


@skill.command("add", epilog=epilog("hansa skill add slugify.py", "hansa skill add traces/ skills/ --license MIT"))
def add(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help=".jsonl traces, .py files, SKILL.md folders, or folders."),
    ],
    license_id: Annotated[str, typer.Option("--license", help="SPDX licence of what names none itself.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add skills of your own. They are not used before `hansa prove`; adding twice changes nothing."""
    absolute = [str(path.expanduser().absolute()) for path in paths]
    result = call(home, "skill.add", as_json, paths=absolute, license=license_id)
    if not as_json:
        value = result.value
        for one in value["added"][:20]:
            say(f"+ {short(one['trace_id'])}  {one['intent'][:90]}")
        if len(value["added"]) > 20:
            say(f"  … and {len(value['added']) - 20} more")
        for one in value["rejected"]:
            say(f"! {one['source']}: {one['problem']}")
        counts = f"{len(value['added'])} added, {value['already_here']} here already, {len(value['rejected'])} rejected"
        say(counts + (". Next: hansa prove" if value["added"] else ""))
    finish(result)


@skill.command("list", epilog=epilog("hansa skill list --state admitted", "hansa skill list --tag text --json"))
def list_(
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="quarantined, admitted, refused or removed.",
            autocompletion=words("quarantined", "admitted", "refused", "removed"),
        ),
    ] = None,
    origin: Annotated[str, typer.Option(help="own or peer.", autocompletion=words("own", "peer"))] = "",
    tag: Annotated[str, typer.Option(help="Only with this tag.")] = "",
    after: Annotated[str, typer.Option(help="`next` of the page before.")] = "",
    limit: Limit = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List skills, oldest first."""
    states = _states(state or [])
    result = call(
        home, "skill.list", as_json, states=states, origin=_one_of(origin, "own", "peer"), tag=tag, after=after,
        limit=limit,
    )  # fmt: skip
    if not as_json:
        skill_table(result.value["skills"])
        more = f"; next page: --after {result.value['next']}" if result.value["next"] else ""
        say(f"{len(result.value['skills'])} of {result.value['count']}{more}")


@skill.command("show", epilog=epilog("hansa skill show 3f9a2c", "hansa skill show 3f9a2c --lineage"))
def show(
    id_: SkillId,
    lineage: Annotated[bool, typer.Option("--lineage", help="Only where it comes from.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show one skill: content, checks, findings, receipts, lineage."""
    result = call(home, "skill.show", as_json, id=id_)
    if as_json:
        return
    value = result.value
    say(f"{value['trace_id']}")
    hanging("intent: ", value["intent"])
    if not lineage:
        show_body(value)
    found = value["lineage"]
    say(f"lineage: {len(found['parents'])} parents, depth {found['depth']}, {len(found['unresolved'])} unresolved")
    for one in found["resolved"]:
        hanging(f"  ◀ {short(one['trace_id'])}  ", plain(one["intent"], 90))
    for one in found["unresolved"]:
        say(f"  ◀ {short(one)}  (not held here)")


@skill.command(
    "remove",
    epilog=epilog("hansa skill remove 3f9a2c --why 'wrong for empty input'", "hansa skill remove 3f9a2c --yes"),
)
def remove(
    id_: SkillId,
    why: Annotated[str, typer.Option(help="Told to everybody who has it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a skill away for good. A signed tombstone follows it to wherever this node brought it."""
    if not yes:
        found = call(home, "skill.look", id=id_).value  # that there is none is said before anybody is asked
        id_, named = found["trace_id"], f"{short(found['trace_id'])} ({plain(found['intent'], 60)})"
        if found["state"] != "removed" and interactive(f"{named} would be removed for good"):
            typer.confirm(f"Remove {named} for good?", abort=True)
    result = call(home, "skill.remove", as_json, id=id_, why=why)
    if not as_json:
        whoever = ["whoever pulls from this node: it stands in the feed"] if result.value["in_feed"] else []
        told = ", ".join([*result.value["told"], *whoever]) or "nobody: it was never passed on"
        say(f"{short(result.value['trace_id'])} is removed for good; to be told: {told}")


@skill.command(
    "export",
    epilog=epilog("hansa skill export 3f9a2c --to skills.hansa", "hansa skill export --format skill-md --to skills"),
)
def export(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="Skill ids, or the starts of them.", autocompletion=skill_ids),
    ] = None,
    to: To = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="envelopes, or skill-md: a folder for each skill.",
            autocompletion=words("envelopes", "skill-md"),
        ),
    ] = "envelopes",
    force: Force = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write published skills for `hansa skill import` elsewhere. Signed envelopes, one a line.

    With --format skill-md: write skills as Agent Skills, a folder with a SKILL.md each; without ids all proved ones.
    """
    if _one_of(form, "envelopes", "skill-md") == "skill-md":
        _export_folders(ids or [], to, home, as_json)
        return
    if not ids:
        raise UsageError("name the skills to export: hansa skill export ID…")
    value = call(home, "skill.export", as_json and to is None, ids=ids).value
    if as_json and to is None:
        return
    lines = value["envelopes"]
    text = "".join(f"{line}\n" for line in lines)
    if to is None:
        sys.stdout.write(text)
        return
    write_new(to, text, force)
    if as_json:
        print_json({"file": str(to.absolute()), "count": value["count"]})
    else:
        say(f"{value['count']} records in {to}")


def _export_folders(ids: list[str], to: Path | None, home: Path | None, as_json: bool) -> None:
    if to is None:
        raise UsageError("--format skill-md makes folders: say where, with --to DIR")
    result = call(home, "skill.bundle", ids=ids)
    made = []
    for one in result.value["bundles"]:
        files = {file["path"]: base64.b64decode(file["data"]) for file in one["files"]}
        folder = beneath.write_tree(to.expanduser(), one["name"], files)
        made.append({"trace_id": one["trace_id"], "folder": str(folder)})
        if not as_json:
            say(f"{short(one['trace_id'])}  {folder}")
    if as_json:
        print_json({"skills": made, "count": len(made)})
    else:
        say(f"{result.value['count']} skills in {to}")
    finish(result)


@skill.command("import", epilog=epilog("hansa skill import skills.hansa"))
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file of signed envelopes, one a line.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take signed records from a file. The same checks as from the network, then quarantine."""
    result = call(home, "skill.import", as_json, path=str(path.absolute()))
    if not as_json:
        for one in result.value["refused"]:
            say(f"! line {one['line']}: {one['message']}")
        if result.value["keys"]:
            say(f"keys of authors: {len(result.value['keys'])} taken")
        known = len(result.value["already_here"])
        already = f"{known} already here, " if known else ""
        say(f"{len(result.value['taken'])} taken into quarantine, {already}{len(result.value['refused'])} refused")
    finish(result)


@cli.command(epilog=epilog("hansa prove", "hansa prove 3f9a2c --trials 100", "hansa prove --leased --json"))
def prove(
    ids: SomeIds = None,
    trials: Trials = None,
    again: Annotated[bool, typer.Option("--again", help="Also those in quarantine that were tried before.")] = False,
    leased: Annotated[
        bool, typer.Option("--leased", help="Bring them to lenders first, for as long as leased.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Run skills' checks in the sandbox. Writes down what they came to.

    With --leased: what lenders find decides how many trials this node runs itself; it always runs some.
    """
    if leased and trials:
        raise UsageError("--leased settles the number of trials: leave out --trials")
    result = call(home, "prove", as_json, ids=ids or [], trials=trials, again=again, leased=leased)
    if not as_json:
        value = result.value
        show_leases(value)
        rows = [
            (
                short(one["trace_id"]),
                one["outcome"],
                one["reason"],
                f"{one['successes']}/{one['trials']}",
                f"{one['passed']}/{one['total']}",
                f"{one['wall_ms']:.0f}",
                (one["detail"] or one["intent"])[:70],
            )
            for one in value["proofs"]
            if ids or one["outcome"] != "pass"
        ]
        if rows:
            columns = ("skill", "outcome", "reason", "trials", "checks", "ms", "detail")
            table(columns, rows[:60], right=("trials", "checks", "ms"))
        say(", ".join(f"{number} {key}" for key, number in sorted(value["counts"].items())) or "nothing to prove")
        if kept_out := [one for one in value["proofs"] if (one["outcome"], one["state"]) == ("pass", "refused")]:
            some = ", ".join(short(one["trace_id"]) for one in kept_out[:5])
            say(f"refused all the same, as you have decided: {some}. To take that back: hansa quarantine approve ID")
        if held := [one for one in value["proofs"] if one["held"]]:
            some = ", ".join(short(one["trace_id"]) for one in held[:5])
            say(f"held all the same, for a skill they come from was recalled: {some}. hansa quarantine approve ID")
        _remedy(value)
    finish(result)


def _remedy(value: dict[str, Any]) -> None:
    """Says what can be done about skills that no proof could be made of."""
    if value["without_checks"]:
        say(f"{value['without_checks']} without checks: E1 at most")
    unproved = value["unprovable"]
    if unproved.get("without_checks"):
        some = ", ".join(short(id_) for id_ in unproved["ids"])
        say(f"{unproved['without_checks']} in quarantine have no checks ({some}): nothing can be proved of them.")
        say("Add doctests or cases and hansa skill add them again, or decide: hansa quarantine approve ID")
    if not value["counts"] and unproved.get("tried_before"):
        say(f"{unproved['tried_before']} were tried before and are undecided: hansa prove --again")


@cli.command(epilog=epilog("hansa report", "hansa report --json"))
def report(home: Home = None, as_json: AsJson = False) -> None:
    """List claims that a proof did not bear out. Of a trace, or of the peer who passes the skill on."""
    value = call(home, "report", as_json).value
    if not as_json:
        columns = ("skill", "source", "claimed", "computed", "reason")
        table(columns, [(short(one["trace_id"]), *(one[name] for name in columns[1:])) for one in value["differing"]])
        total = len(value["differing"]) + value["agreeing"]
        say(
            f"{len(value['differing'])} of {total} claims differ from what was computed; {value['undecided']} undecided"
        )


@cli.command(epilog=epilog('hansa find "turn a title into a slug"', 'hansa find "parse a date" --all --json'))
def find(
    intent: Annotated[str, typer.Argument(metavar="INTENT", help="What is wanted, in words.")],
    at_least: Annotated[float, typer.Option(min=0, max=1, help="Leave out what is less similar.")] = 0.2,
    everything: Annotated[bool, typer.Option("--all", help="Also what is not proved here, marked as such.")] = False,
    limit: Limit = 10,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Find skills by intent. Each result says why it is where it is."""
    states = ["admitted", "quarantined", "refused"] if everything else ["admitted"]
    result = call(home, "find", as_json, intent=intent, limit=limit, states=states, at_least=at_least)
    if not as_json:
        rows = [
            (short(one["trace_id"]), f"{one['score']:.3f}", one["intent"][:60], one["why"])
            + ((one["state"],) if everything else ())
            for one in result.value["skills"]
        ]
        if rows:
            table(("skill", "score", "intent", "why", *(("state",) if everything else ())), rows, right=("score",))
        else:
            say("no proved skill fits" + ("" if everything else "; --all also shows what is not proved here"))
        for id_ in result.value["damaged"]:
            say(f"! {short(id_)} is damaged in the store and left out: hansa store repair")
    finish(result)


@cli.command(
    epilog=epilog(
        """hansa execute "turn a title into a slug" --args "('Hello World',)" """,
        """hansa execute "sum a list" --case "([1, 2],) => 3" --case "([],) => 0" """,
    )
)
def execute(
    intent: Annotated[str, typer.Argument(metavar="INTENT", help="What is wanted, in words.")],
    args: Annotated[str | None, typer.Option(help="Arguments to call with, as a Python tuple.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="Acceptance case: 'ARGUMENTS => VALUE'.")] = None,
    session: Annotated[str, typer.Option(envvar="HANSA_SESSION", help="Your session, for the note of it.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Do what an intent asks, by a proved skill if one fits. Else asks the solver, verifies, and keeps it."""
    cases = [_case(text) for text in case or []]
    if args is not None and not _is_tuple(args):
        raise UsageError(
            f"--args {args!r} is not a Python tuple: write \"('alan turing',)\", with a comma after one value"
        )
    result = call(home, "execute", as_json, intent=intent, args=args, cases=cases, session=session)
    if not as_json:
        value = result.value
        if value["value"] is not None:
            say(value["value"])
        elif args is None and value["trace_id"] and not value["error"]:
            told = "not called: give --args to call it, or" if "python" in value["media_type"] else "is a text to read:"
            say(f"found, and {told} hansa skill show {short(value['trace_id'])}")
        elif value["error"]:
            say(value["error"])
        name = f"{short(value['trace_id'])} {value['intent'][:60]}" if value["trace_id"] else ""
        typer.echo(plain(f"{value['how']} {name} ({value['why']}; {value['wall_ms']:.1f} ms)"), err=True)
    finish(result)


def _is_tuple(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text), tuple)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _case(text: str) -> dict[str, str]:
    args, arrow, expect = text.partition("=>")
    if not arrow or not args.strip() or not expect.strip():
        raise UsageError(f"--case {text!r} is not 'ARGUMENTS => VALUE', e.g. \"('a', 2) => 'aa'\"")
    return {"args": args.strip(), "expect": expect.strip()}


def _states(names: list[str]) -> list[str]:
    return [_one_of(name, "quarantined", "admitted", "refused", "removed") for name in names]


def _one_of(value: str, *known: str) -> str:
    if value and value not in known:
        raise UsageError(f"{value!r} is none of {', '.join(known)}")
    return value


def skill_table(skills: list[dict[str, Any]]) -> None:
    """Prints one line for each skill."""
    rows = [
        (
            short(one["trace_id"]),
            one["state"],
            one["evidence"],
            f"{one['confidence']:.2f}",
            one["reason"] or (f"refuted {one['refutations']}x" if one["refutations"] else ""),
            one["origin"],
            one["intent"][:70],
        )
        for one in skills
    ]
    if rows:
        table(("skill", "state", "evidence", "confidence", "reason", "from", "intent"), rows, right=("confidence",))
