"""Commands for a node that the user's service manager (systemd) runs."""

from __future__ import annotations

from typing import Annotated

import typer

from hansa.adapters import systemd
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.running_commands import Host, Name, Port, Role, flags_of
from hansa.entrypoints.cli.show import print_json, say, say_all
from hansa.entrypoints.home import home_directory

cli = typer.Typer()
service = typer.Typer(no_args_is_help=True, help="Have systemd run the node for this user, from login on.")
cli.add_typer(service, name="service")

Unit = Annotated[str, typer.Option("--unit", help="Name of the unit; another one for each further node.")]


@service.command(epilog=epilog("hansa service install", "hansa service install --unit hub --role hub --port 8471"))
def install(
    unit: Unit = "hansa",
    home: Home = None,
    role: Role = None,
    host: Host = None,
    port: Port = None,
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Write a systemd user unit for the node. Starts nothing: the commands for that are printed."""
    from hansa.entrypoints.config import load
    from hansa.entrypoints.identities import identity

    directory = home_directory(home)
    identity(directory)
    given = {"role": role, "host": host, "port": port, "name": name}
    load(directory, given)
    path = systemd.install(unit, systemd.unit(directory, flags_of(given)))
    next_ = ["systemctl --user daemon-reload", f"systemctl --user enable --now {unit}", "loginctl enable-linger"]
    if as_json:
        print_json({"file": str(path), "next": next_})
        return
    say(f"wrote {path}. Next:")
    for line, why in zip(next_, ("", "", "   (so that it runs while you are logged out)"), strict=True):
        say(f"  {line}{why}")


@service.command(epilog=epilog("hansa service uninstall"))
def uninstall(unit: Unit = "hansa", home: Home = None, as_json: AsJson = False) -> None:
    """Take the unit away; a node that runs is not ended by it."""
    path = systemd.uninstall(unit)
    first = f"systemctl --user disable --now {unit}"
    if as_json:
        print_json({"file": str(path), "removed": True, "next": [first, "systemctl --user daemon-reload"]})
    else:
        say(f"removed {path}. If it is still loaded: {first}; systemctl --user daemon-reload")


@service.command(epilog=epilog("hansa service show"))
def show(unit: Unit = "hansa", home: Home = None, as_json: AsJson = False) -> None:
    """Print the unit that install writes, and whether it is there."""
    text = systemd.unit(home_directory(home))
    path = systemd.path_of(unit)
    if as_json:
        print_json({"file": str(path), "installed": path.exists(), "unit": text})
    else:
        say(f"# {path} ({'installed' if path.exists() else 'not installed'})")
        say_all(text)
