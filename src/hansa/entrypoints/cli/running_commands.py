"""Commands that run a node: up, stop, restart, status."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hansa.adapters import background, systemd
from hansa.adapters.guard import is_this_machine
from hansa.adapters.lock import Claim, Holder, busy, holder
from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.restored import waits
from hansa.entrypoints.cli.show import print_json, say, size, span, table, warn
from hansa.entrypoints.cli.tail import last_lines, readable
from hansa.entrypoints.errors import BUSY, TABLE
from hansa.entrypoints.home import LOGS, home_directory, seen_by_others
from hansa.entrypoints.reach import WAIT_SECONDS, node_at
from hansa.kernel.errors import Busy, Fault, HansaError, Refused, Unavailable, UsageError
from hansa.kernel.plain import plain

if TYPE_CHECKING:
    from hansa.entrypoints.config import Config

cli = typer.Typer()

READY_SECONDS = 30.0
STOP_SECONDS = 20.0
SHOWN = 10
"""Last lines of the log that are shown when a node does not come up."""

Role = Annotated[
    str | None,
    typer.Option(help="node, or hub: passes on what invited peers push.", autocompletion=words("node", "hub")),
]
Host = Annotated[str | None, typer.Option(help="Address to listen on; loopback unless you choose.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
Name = Annotated[str | None, typer.Option(help="What the node calls itself.")]
LogLevel = Annotated[
    str | None,
    typer.Option(
        help="What standard error hears: debug, info, warning or error.",
        autocompletion=words("debug", "info", "warning", "error"),
    ),
]
Transport = Annotated[
    str | None,
    typer.Option(
        help="What carries the overlay: websocket (by default), zenoh, or both with a comma between.",
        autocompletion=words("websocket", "zenoh", "websocket,zenoh"),
    ),
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", help="postgresql://USER@HOST/DATABASE for the rows, in place of a file.")
]
Seconds = Annotated[float, typer.Option("--timeout", min=0.1, max=3600, help="Seconds that it may take to stop.")]
Force = Annotated[bool, typer.Option("--force", help="End it the hard way when it does not stop in time.")]


@cli.command(
    epilog=epilog("hansa up", "hansa up --detach", "hansa up --role hub --port 8471", "hansa up --port 0 --json")
)
def up(
    *,
    home: Home = None,
    role: Role = None,
    host: Host = None,
    port: Port = None,
    name: Name = None,
    log_level: LogLevel = None,
    transport: Transport = None,
    store: StoreUrl = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave it running in the background.")] = False,
    ready_fd: Annotated[int | None, typer.Option("--ready-fd", hidden=True)] = None,
    as_json: AsJson = False,
) -> None:
    """Run the node: its port, deliveries, pulling and proving. Ctrl-C or `hansa stop` ends it cleanly."""
    from hansa.entrypoints.config import load

    directory = home_directory(home)
    given = {
        "role": role, "host": host, "port": port, "name": name, "log_level": log_level, "transport": transport,
        "store": store,
    }  # fmt: skip
    config = load(directory, given)
    flags = flags_of(given)
    if ready_fd is None:  # otherwise the command that waits at its end has said so
        _warn(directory, config)
    if detach:
        _launch(directory, config, flags, as_json)
    else:
        _run(directory, config, flags, ready_fd, as_json)


def _warn(directory: Path, config: Config) -> None:
    """Names what stops no node and is worth a look: a directory that others see, variables that set nothing."""
    from hansa.entrypoints.variables import strays

    if told := seen_by_others(directory):
        warn(f"{told}: chmod 700 {directory}")
    for stray in strays(config):
        warn(str(stray))


def _warn_if_open(host: str) -> None:
    """Says so when others than this machine can connect to an address that is listened at."""
    if not is_this_machine(host):
        warn(f"it listens at {host}: other machines can reach it, and read what it passes on")


def _run(directory: Path, config: Config, flags: tuple[str, ...], ready_fd: int | None, as_json: bool) -> None:
    import uvloop  # these imports would cost every other command half a second

    from hansa.entrypoints import last_start, logs
    from hansa.entrypoints.app import opened
    from hansa.entrypoints.http import server
    from hansa.entrypoints.identities import identity

    node_id = identity(directory)

    async def announce(url: str) -> None:
        last_start.keep(directory, flags)
        told = {"url": url, "instance_id": node_id, "role": config.role, "pid": os.getpid()}
        if ready_fd is not None:
            with os.fdopen(ready_fd, "w", encoding="utf-8") as pipe:
                pipe.write(json.dumps(told) + "\n")
        elif as_json:
            print_json(told)
        else:
            say(f"{config.role} {node_id}")
            say(f"is up at {url}  (reference: {url}/docs, Ctrl-C ends it)")
        if ready_fd is None:
            _warn_if_open(config.host)

    async def run() -> None:
        async with opened(directory, config, Claim("up", flags=flags, keeper=systemd.keeper()), WAIT_SECONDS) as app:
            sock = server.listen(config.host, config.port)
            await server.serve(app, sock, announce)

    with contextlib.ExitStack() as stack:
        file = None
        if config.log_file_level != "off":
            file = logs.LogFile(directory, config.log_file_bytes, config.log_files)
            stack.callback(file.close)
        logs.configure(config.log_level, config.log_json, file, config.log_file_level)
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runner.run(run())


def _launch(directory: Path, config: Config, flags: tuple[str, ...], as_json: bool) -> None:
    """Starts a node in the background; one that is up already is left alone and named."""
    from hansa.entrypoints import logs
    from hansa.entrypoints.identities import identity

    node_id = identity(directory)  # without one it can't start, and that is said best here
    at, already = in_background(directory, flags)
    if not already:
        _warn_if_open(config.host)
    log = str(directory / LOGS / logs.NAME)
    role = call(directory, "status").value["role"]  # it may be up since before, with other flags
    unused = _unused(flags, at, role) if already else ()
    if unused:
        told = " ".join(unused)
        warn(f"{told} was not used: the node was up already. hansa restart {told} starts it anew with that")
    if as_json:
        print_json({"instance_id": node_id, "role": role, "url": at.url, "pid": at.pid, "log": log, "already": already,
                    "not_used": list(unused)})  # fmt: skip
        return
    say(f"{role} {node_id}")
    where = f"was up already at {at.url}" if already else f"is up at {at.url} in the background"
    say(f"{where} (process {at.pid})")
    say(f"log: {log}. Next: hansa status, hansa logs -f, hansa stop")


def _unused(flags: tuple[str, ...], at: Holder, role: str) -> tuple[str, ...]:
    """Returns the flags that a node which is up was not started with; any port is as good as a free one."""
    port = (at.url or "").rpartition(":")[2]
    used = _options_in(at.claim.flags) | {"port": port, "role": role}
    given = _options_in(flags)
    return flags_of({key: one for key, one in given.items() if one != used.get(key) and (key, one) != ("port", "0")})


def in_background(directory: Path, flags: tuple[str, ...]) -> tuple[Holder, bool]:
    """Returns the node that is up in a directory, and whether it was so before; starts it if not.

    Raises:
        HansaError: it does not come up; of the kind that its exit code stands for, with its own sentence.
    """
    from hansa.entrypoints import logs

    end = time.monotonic() + READY_SECONDS
    found = node_at(directory, end)
    if found:
        return found, True
    folder = directory / LOGS
    folder.mkdir(mode=0o700, exist_ok=True)
    command = [*background.this_program(), "up", "--home", str(directory), *flags]
    log = folder / logs.NAME
    before = log.stat().st_size if log.exists() else 0
    started = background.launch(command, folder / logs.LAST_WORDS, READY_SECONDS)
    if started.line:
        return Holder(started.pid, json.loads(started.line)["url"]), False
    if started.code == BUSY and (other := node_at(directory, end)):  # somebody else was faster
        return other, True
    raise _failed(directory, started.code, before)


def _failed(directory: Path, code: int | None, before: int) -> HansaError:
    """Returns why a start failed; what it wrote besides comes as notes, which are shown below.

    Args:
        before: how long the log was before it, in bytes.
    """
    from hansa.entrypoints import logs

    words = last_lines(directory / LOGS / logs.LAST_WORDS, SHOWN)
    said = words[-1].removeprefix("hansa: ") if words else "it said nothing"
    kind = next((kind for kind, known, _ in TABLE if known == code and kind is not Refused), Fault)
    error: HansaError = kind(f"the node did not come up: {plain(said, 400)}")
    if code is None:
        error = Unavailable(f"the node was not up after {READY_SECONDS:g} s and was ended: see {directory / LOGS}")
    written = last_lines(directory / LOGS / logs.NAME, SHOWN, before)
    for line in [readable(one) for one in written] + words[:-1]:
        error.add_note(plain(line))
    return error


@cli.command(epilog=epilog("hansa stop", "hansa stop --timeout 60", "hansa stop --force"))
def stop(home: Home = None, timeout: Seconds = STOP_SECONDS, force: Force = False, as_json: AsJson = False) -> None:
    """Ask the node in the data directory to stop, and wait for it. Nothing happens when none is up."""
    directory = home_directory(home)
    at, hard = _ended(directory, timeout, force)
    if as_json:
        print_json({"stopped": at is not None, "pid": at.pid if at else None, "forced": hard})
    elif at is None:
        say(f"no node is up in {directory}")
    else:
        say(f"the node in {directory} (process {at.pid}) has stopped" + (", the hard way" if hard else ""))


def _ended(directory: Path, timeout: float, force: bool) -> tuple[Holder | None, bool]:
    at = holder(directory) if directory.is_dir() else None
    if at is None:
        return None, False
    if not at.is_node:
        raise Busy(busy(directory, at))
    return at, background.end(directory, at, timeout, force)


@cli.command(epilog=epilog("hansa restart", "hansa restart --port 8471"))
def restart(
    *,
    home: Home = None,
    role: Role = None,
    host: Host = None,
    port: Port = None,
    name: Name = None,
    log_level: LogLevel = None,
    transport: Transport = None,
    store: StoreUrl = None,
    timeout: Seconds = STOP_SECONDS,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Stop the node and start it in the background. A flag that is not given is that of its last start."""
    from hansa.entrypoints import last_start
    from hansa.entrypoints.config import load
    from hansa.entrypoints.doctor.here import taken

    directory = home_directory(home)
    given = {
        "role": role, "host": host, "port": port, "name": name, "log_level": log_level, "transport": transport,
        "store": store,
    }  # fmt: skip
    kept = holder(directory) if directory.is_dir() else None
    before = kept.claim.flags if kept else last_start.flags(directory)
    new = {key: one for key, one in given.items() if one is not None}
    flags = flags_of(dict.fromkeys(given) | _options_in(before) | new)
    config = load(directory, _options_in(flags))
    _warn(directory, config)  # settings that stop the new one must not cost the old one
    elsewhere = port is not None and kept is not None and not (kept.url or "").endswith(f":{port}")
    if elsewhere and (why := taken(config)):
        raise Unavailable(f"{why}: the node goes on as it was; stop what listens there, or name another port")
    if kept and kept.claim.keeper:
        raise UsageError(f"systemd keeps the node in {directory}, and would lose it: {kept.claim.keeper}")
    at, _ = _ended(directory, timeout, force)
    if before and not as_json:
        was_up = "" if at else "no node was up: "
        say(f"{was_up}started with {' '.join(flags)}; without its last flags: hansa stop, hansa up --detach")
    _launch(directory, config, flags, as_json)


@cli.command(epilog=epilog("hansa status", "hansa status --json"))
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show whether the node is up, and its counts. Skills, evidence, messages taken and refused."""
    result = call(home, "status", as_json)
    if as_json:
        return
    value = result.value
    say(f"{value['role']} {value['instance_id']} in {value['home']}")
    process = value["process"]
    if process["running"]:
        up_for = span(process["uptime_seconds"])
        say(f"up at {process['url']} for {up_for} (process {process['pid']}, hansa {process['version']})")
        say(f"memory {size(process['resident_bytes'])}; event loop at most {process['event_loop_lag_ms']} ms late")
        if replica := process["replica"]:
            does = "it leads" if replica["leads"] else "it follows another process, which leads"
            say(f"one of several processes of this hub, in place {replica['place']}; {does}")
    else:
        say(f"not up: hansa up --detach starts it (hansa {process['version']})")
    say(f"sandbox: {value['sandbox'] or 'none (a hub proves nothing)'}")
    say(f"constitution: {value['constitution'][:12]} (hansa constitution show)")
    table(("what", "count"), _counts(value), right=("count",))
    if value["own_refuted"]:
        say(f"! others refuted {value['own_refuted']} of your own skills: hansa ledger list")
    if waiting := waits(value["restored"]):
        say(f"! {waiting}")


def _counts(value: dict[str, Any]) -> list[tuple[str, int]]:
    """Returns what a node has, and what came to it while it was up, each with its number."""
    rows = [(f"skills {state}", number) for state, number in value["skills"].items()]
    rows += [("own skills", value["own"]), ("records in the feed", value["feed"]["length"])]
    rows += [("deliveries waiting", value["outbox"]), ("subscriptions", value["subscriptions"])]
    rows += [("peers met", value["peers"])]
    if value["process"]["running"]:
        messages = value["messages"]
        rows += [("messages received since start", messages["received"]), ("messages admitted", messages["admitted"])]
        for verdict in ("ignored", "rejected"):
            rows += [(f"messages {verdict}: {code}", number) for code, number in messages[verdict].items()]
    return rows


def flags_of(given: dict[str, Any]) -> tuple[str, ...]:
    """Returns the options of `up` as they are typed."""
    pairs = ((f"--{key.replace('_', '-')}", str(value)) for key, value in given.items() if value is not None)
    return tuple(word for pair in pairs for word in pair)


def _options_in(flags: Sequence[str]) -> dict[str, Any]:
    """Returns the options that `flags_of` made words of."""
    pairs = zip(flags[::2], flags[1::2], strict=False)
    return {key.removeprefix("--").replace("-", "_"): value for key, value in pairs if key.startswith("--")}
