"""Commands on the node itself: init, id, up, status, config, doctor."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import print_json, say, table
from hansa.entrypoints.errors import NO_SANDBOX
from hansa.entrypoints.home import ROOT_KEY, home_directory
from hansa.kernel.errors import NoSandbox
from hansa.kernel.jobs import SelfTest

cli = typer.Typer()


@cli.command(epilog=epilog("hansa init", "hansa init --home ~/agents/a"))
def init(home: Home = None, as_json: AsJson = False) -> None:
    """Make the data directory and the node's keys; prints the node's id."""
    from hansa.entrypoints.identities import create_identity  # brings in the cryptography library

    directory = home_directory(home)
    node_id = create_identity(directory)
    if as_json:
        print_json({"instance_id": node_id, "home": str(directory), "root_key": str(directory / ROOT_KEY)})
        return
    say(node_id)
    typer.echo(
        f"Made {directory}. {directory / ROOT_KEY} is what this node can be recovered with after a theft:", err=True
    )
    typer.echo("take it off this machine with hansa key move-root PATH; the node runs without it.", err=True)


@cli.command("id", epilog=epilog("hansa id"))
def id_(home: Home = None, as_json: AsJson = False) -> None:
    """Print the node's id (a did:key)."""
    from hansa.entrypoints.identities import identity

    node_id = identity(home_directory(home))
    if as_json:
        print_json({"instance_id": node_id})
    else:
        say(node_id)


@cli.command(epilog=epilog("hansa up", "hansa up --role hub --port 8471", "hansa up --port 0 --json"))
def up(
    home: Home = None,
    role: Annotated[str | None, typer.Option(help="node, or hub: passes on what invited peers push.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; loopback unless you choose.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = None,
    name: Annotated[str | None, typer.Option(help="What the node calls itself.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the node: its HTTP port, deliveries, pulling and proving. Ctrl-C ends it cleanly."""
    import uvloop  # these imports would cost every other command half a second

    from hansa.entrypoints import logs
    from hansa.entrypoints.app import opened
    from hansa.entrypoints.config import load
    from hansa.entrypoints.http import server
    from hansa.entrypoints.identities import identity

    directory = home_directory(home)
    config = load(directory, {"role": role, "host": host, "port": port, "name": name, "log_level": log_level})
    logs.configure(config.log_level, config.log_json)

    async def announce(url: str) -> None:
        node_id = identity(directory)
        if as_json:
            print_json({"url": url, "instance_id": node_id, "role": config.role})
        else:
            say(f"{config.role} {node_id}")
            say(f"is up at {url}  (reference: {url}/docs, Ctrl-C ends it)")

    async def run() -> None:
        async with opened(directory, config) as app:
            sock = server.listen(config.host, config.port)
            await server.serve(app, sock, announce)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@cli.command(epilog=epilog("hansa status", "hansa status --json"))
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show the node's counts: skills, evidence, messages taken and refused."""
    result = call(home, "status", as_json)
    if as_json:
        return
    value = result.value
    say(f"{value['role']} {value['instance_id']} in {value['home']}")
    skills: dict[str, int] = value["skills"]
    rows: list[tuple[str, object]] = [(f"skills {state}", number) for state, number in skills.items()]
    rows += [("own skills", value["own"]), ("records in the feed", value["feed"]["length"])]
    rows += [("deliveries waiting", value["outbox"]), ("subscriptions", value["subscriptions"])]
    rows += [("peers met", value["peers"]), ("sandbox", value["sandbox"] or "none (a hub proves nothing)")]
    messages = value["messages"]
    rows += [("messages received since start", messages["received"]), ("messages admitted", messages["admitted"])]
    for verdict in ("ignored", "rejected"):
        rows += [(f"messages {verdict}: {code}", number) for code, number in messages[verdict].items()]
    table(("what", "count"), rows, right=("count",))
    if value["asks_first"]:
        say("! restored: nothing new is signed before hansa sync or hansa store repair has asked the sources")


@cli.command(epilog=epilog("hansa config", "HANSA_PORT=9000 hansa config --json"))
def config(home: Home = None, as_json: AsJson = False) -> None:
    """Show every setting in force (config.toml, then HANSA_… variables, then flags)."""
    from hansa.entrypoints.config import load

    directory = home_directory(home)
    values: dict[str, Any] = load(directory).model_dump(mode="json")
    if as_json:
        print_json(values)
        return
    typer.echo(f"# {directory / 'config.toml'}", err=True)
    rows: list[tuple[str, object]] = []
    for name, value in values.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        rows += [(f"{name}.{key}" if key else name, one) for key, one in inner]
    table(("setting", "value"), rows)


@cli.command(epilog=epilog("hansa doctor"))
def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Try to break out of the sandbox in every way Hansa knows; says what to do when one works."""
    from hansa.entrypoints.app import TestedSandbox
    from hansa.entrypoints.config import load

    config = load(home_directory(home))
    sandbox = TestedSandbox(config.sandbox_tier, config.workers)

    async def tried() -> SelfTest:
        try:
            return await sandbox.self_test()
        finally:
            await sandbox.close()

    try:
        result = asyncio.run(tried())
    except NoSandbox as error:
        if as_json:
            print_json({"ok": False, "problem": str(error)})
            raise typer.Exit(NO_SANDBOX) from None
        raise
    if as_json:
        print_json({"ok": result.ok, "layers": list(result.layers), "harness": sandbox.harness})
    else:
        say(f"sandbox: {sandbox.name} ({sandbox.harness}): holds")
    if not result.ok:
        raise typer.Exit(NO_SANDBOX)
