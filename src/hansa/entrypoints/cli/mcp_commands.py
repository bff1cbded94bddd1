"""Commands for agents: mcp, and its install, uninstall and tools."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import print_json, say, say_all, table
from hansa.entrypoints.home import home_directory
from hansa.kernel.errors import UsageError

cli = typer.Typer()
mcp = typer.Typer(invoke_without_command=True)
cli.add_typer(mcp, name="mcp", help="Serve coding agents by MCP, and enter this node in them.")

Allow = Annotated[
    list[str] | None,
    typer.Option(
        help="Scope beyond read, record and prove: publish, review or admin.",
        autocompletion=words("publish", "review", "admin"),
    ),
]
ClientName = Annotated[
    str,
    typer.Option(
        "--client",
        help="claude, codex, cursor or vscode.",
        autocompletion=words("claude", "codex", "cursor", "vscode"),
    ),
]
ScopeName = Annotated[
    str,
    typer.Option(
        "--scope", help="user: for you everywhere; project: in one folder.", autocompletion=words("user", "project")
    ),
]
Project = Annotated[Path, typer.Option("--project", help="The project's folder.", show_default="this folder")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]


@mcp.callback(epilog=epilog("hansa mcp", "hansa mcp --allow publish", "hansa mcp install --client claude"))
def _mcp(context: typer.Context, allow: Allow = None, home: Home = None) -> None:
    """Serve agents by the Model Context Protocol; without a further word, one agent on standard input and output."""
    if context.invoked_subcommand is None:
        serve(allow, home)


@mcp.command(epilog=epilog("hansa mcp serve", "hansa mcp serve --allow publish --allow review"))
def serve(allow: Allow = None, home: Home = None) -> None:
    """Serve one agent on standard input and output. Its client starts this. Logs go to standard error."""
    from hansa.entrypoints import logs

    _need_sdk()
    from hansa.entrypoints.config import load
    from hansa.entrypoints.identities import identity
    from hansa.entrypoints.mcp.scopes import granted
    from hansa.entrypoints.mcp.server import serve_stdio

    directory = home_directory(home)
    identity(directory)
    config = load(directory)
    logs.configure(config.log_level, config.log_json)
    if sys.stdin.isatty():
        typer.echo(
            "An agent's client starts this, and speaks to it here. To enter it there: hansa mcp install", err=True
        )
    asyncio.run(serve_stdio(directory, granted([*config.mcp_allow, *(allow or [])])))


@mcp.command(epilog=epilog("hansa mcp tools", "hansa mcp tools --allow publish --json"))
def tools(allow: Allow = None, home: Home = None, as_json: AsJson = False) -> None:
    """List the tools that an agent gets, with the scope of each. The setting mcp_allow counts.

    With --allow: what a client gets that was entered by `hansa mcp install` with the same --allow.
    """
    _need_sdk()
    from hansa.entrypoints.config import load
    from hansa.entrypoints.mcp.scopes import granted
    from hansa.entrypoints.mcp.tools.listing import listed

    scopes = granted([*load(home_directory(home)).mcp_allow, *(allow or [])])
    found = listed()
    if as_json:
        print_json({"tools": found, "scopes": sorted(scopes)})
        return
    rows = [(one["name"], one["scope"], "yes" if one["scope"] in scopes else "no", one["title"]) for one in found]
    table(("tool", "scope", "given", "what it does"), rows)


@mcp.command(
    epilog=epilog(
        "hansa mcp install --client claude",
        "hansa mcp install --client codex --dry-run",
        "hansa mcp install --client vscode --scope project",
    )
)
def install(
    client: ClientName,
    scope: ScopeName = "user",
    allow: Allow = None,
    project: Project = Path(),
    dry_run: DryRun = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Enter this node in a coding agent's settings. Doing it twice changes nothing; the file is copied first.

    The client gets what this command says: a scope that an earlier one gave, and this one does not, is taken back.
    """
    _need_sdk()
    from hansa.entrypoints.mcp import clients
    from hansa.entrypoints.mcp.scopes import granted

    directory = home_directory(home)
    from hansa.entrypoints.identities import identity

    identity(directory)
    granted(allow or [])
    known = _client(client)
    value = clients.entry(directory, tuple(allow or ()), known.typed)
    _change(known, scope, project, value, dry_run, as_json)


@mcp.command(epilog=epilog("hansa mcp uninstall --client claude", "hansa mcp uninstall --client codex --dry-run"))
def uninstall(
    client: ClientName,
    scope: ScopeName = "user",
    project: Project = Path(),
    dry_run: DryRun = False,
    home: Annotated[Path | None, typer.Option("--home", help="Only if the node entered there is this one's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take this node out of a coding agent's settings. The file is copied first."""
    _need_sdk()
    _change(_client(client), scope, project, None, dry_run, as_json, home)


def _client(name: str) -> Any:
    from hansa.entrypoints.mcp.clients import CLIENTS

    if name not in CLIENTS:
        raise UsageError(f"--client {name!r} is none of {', '.join(CLIENTS)}")
    return CLIENTS[name]


def _change(
    client: Any,
    scope: str,
    project: Path,
    value: dict[str, Any] | None,
    dry_run: bool,
    as_json: bool,
    only: Path | None = None,
) -> None:
    """Changes a client's settings, or shows how.

    Args:
        only: the data directory of the node that may be taken out; None for any.

    Raises:
        UsageError: another node's is entered.
    """
    from hansa.entrypoints.mcp import clients

    if scope not in clients.SCOPES:
        raise UsageError(f"--scope {scope!r} is none of {', '.join(clients.SCOPES)}")
    file = client.file(scope, Path.home(), project.expanduser().absolute())
    change = clients.plan(client, file, value)
    if only and change.needed and json.dumps(str(only.expanduser().absolute())) not in change.before:
        raise UsageError(f"{change.path} names a node of another data directory: without --home it is taken out")
    lost = sorted(clients.allowed(client, change.before) - clients.allowed(client, change.after)) if value else []
    copy = clients.carry_out(change) if change.needed and not dry_run else None
    if as_json:
        print_json({"client": client.name, "path": str(change.path), "changed": change.needed and not dry_run,
                    "dry_run": dry_run, "diff": change.diff, "copy": str(copy) if copy else None,
                    "no_longer_allowed": lost})  # fmt: skip
        return
    if not change.needed:
        say(f"{change.path} is as it should be; nothing changed")
        return
    if dry_run:
        say_all(change.diff)
        _say_lost(lost, "would no longer give")
        say("dry run: nothing was changed")
        return
    done = "knows this node now" if value else "no longer knows this node"
    say(f"{client.title} {done}: {change.path}" + (f" (before: {copy.name})" if copy else ""))
    _say_lost(lost, "no longer gives")
    if value:
        say("start it anew, and ask it which Hansa tools it has")


def _say_lost(scopes: list[str], gives: str) -> None:
    """Names the scopes that an earlier entry gave and the new one does not."""
    if scopes:
        again = " ".join(f"--allow {one}" for one in scopes)
        say(f"! the entry {gives} {', '.join(scopes)}, as the one before did; to give that again, add {again}")


def _need_sdk() -> None:
    """Checks that the extra is installed.

    Raises:
        UsageError: it is not.
    """
    if find_spec("mcp") is None or find_spec("tomlkit") is None:
        raise UsageError("agents are served by an extra that is not installed: pip install 'hansa[mcp]'")
