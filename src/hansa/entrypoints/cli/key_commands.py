"""Commands on the node's own keys: show, rotate, revoke, recover, rotate-root, move-root."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, epilog
from hansa.entrypoints.cli.show import moment, print_json, say
from hansa.entrypoints.home import home_directory

cli = typer.Typer()
key = typer.Typer(no_args_is_help=True, help="Change or take back this node's keys; its id stays.")
cli.add_typer(key, name="key")

RootKey = Annotated[
    Path | None,
    typer.Option("--root-key", help="File with the root key.", show_default="root.key in the data directory"),
]
After = Annotated[
    str,
    typer.Option(
        metavar="SEQ|now", help="Last sequence number that the old key is good for: what it signed later is void."
    ),
]


@key.command("show", epilog=epilog("hansa key show", "hansa key show --json"))
def show(home: Home = None, as_json: AsJson = False) -> None:
    """Show which key signs, and which ones did. Up to where those are good, and where the root key lies."""
    value = call(home, "key.show", as_json).value
    if as_json:
        return
    say(value["instance_id"])
    if not value["version"]:
        say("one key for everything: a thief of it is this node. hansa key rotate makes a signing key of its own")
        return
    until = f", until {moment(value['expires'])}" if value["expires"] else ""
    say(f"version {value['version']} of its root metadata{until}")
    where = value["root_key_file"]
    at = f"in {where}: take it off this machine with hansa key move-root PATH" if where else "not in this directory"
    say(f"root key {value['root_keys'][0]}, {at}")
    last = value["last_seq"]
    stands = "no record of its own stands yet" if last is None else f"last number of a record that stands: {last}"
    say(f"signs with {value['signing_keys'][0]}; {stands}")
    for one in value["retired"]:
        say(f"retired {one['key']}: good up to number {one['until']}, given about {moment(one['until_time'])}")
    if value["to_be_told"]:
        say(f"not told yet: {', '.join(value['to_be_told'])}")
    if value["spent"]:
        say("! two versions of one number were signed by the root key: nobody takes a further one. Make a new node.")


@key.command("rotate", epilog=epilog("hansa key rotate", "hansa key rotate --root-key /media/usb/root.key"))
def rotate(
    root_key: RootKey = None,
    valid_days: Annotated[
        int, typer.Option(min=0, max=36_500, help="Days until nobody signs under this version; 0: no end.")
    ] = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a new signing key in the old one's place. What the old one signed stays good."""
    result = call(home, "key.rotate", as_json, root_key=_path(root_key), valid_days=valid_days)
    if not as_json:
        _say_changed(result.value)


@key.command(
    "revoke",
    epilog=epilog(
        "hansa key revoke did:key:z6Mk… --after now",
        "hansa key revoke did:key:z6Mk… --after 1780000000000 --root-key /media/usb/root.key",
    ),
)
def revoke(
    named: Annotated[str, typer.Argument(metavar="KEY", help="A key that hansa key show lists.")],
    after: After = "now",
    root_key: RootKey = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a stolen key's rights away. On every node that this reaches; one that is in use is replaced."""
    result = call(home, "key.revoke", as_json, key=named, after=after, root_key=_path(root_key))
    if not as_json:
        _say_changed(result.value)


@key.command(
    "recover",
    epilog=epilog(
        "hansa key recover --root-key /media/usb/root.key",
        "hansa key recover --root-key root.key --from http://127.0.0.1:8470",
    ),
)
def recover(
    root_key: RootKey = None,
    after: After = "now",
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="Address of a node that knows this one; for when the data directory is gone."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key where it was lost or stolen. Needs the root key alone."""
    from hansa.entrypoints.recovery import restore_metadata  # only for this command

    directory = home_directory(home)
    if root_key is not None:
        restore_metadata(directory, root_key.absolute(), source or [])
    result = call(home, "key.recover", as_json, after=after, root_key=_path(root_key))
    if not as_json:
        _say_changed(result.value)


@key.command("rotate-root", epilog=epilog("hansa key rotate-root --root-key old.key --to /media/usb/root-2.key"))
def rotate_root(
    to: Annotated[Path, typer.Option("--to", help="File for the new root key; not over another.")],
    root_key: RootKey = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a new root key in the old one's place. Both sign, the node's id stays."""
    result = call(home, "key.rotate_root", as_json, root_key=_path(root_key), to=str(to.absolute()))
    if not as_json:
        _say_changed(result.value)
        say(f"the new root key is in {result.value['root_key_file']}; the old one is good for nothing any more")


@key.command("move-root", epilog=epilog("hansa key move-root /media/usb", "hansa key move-root ~/safe/node-a.root"))
def move_root(
    to: Annotated[Path, typer.Argument(metavar="PATH", help="A folder, or a file that is not there yet.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Move the root key's file off this machine. The node runs without it, and a thief can't rotate."""
    from hansa.entrypoints.identities import move_root as move

    path = move(home_directory(home), to.expanduser().absolute())
    if as_json:
        print_json({"root_key": str(path)})
    else:
        say(f"the root key is in {path}, and no longer in the data directory")


def _path(path: Path | None) -> str:
    return str(path.expanduser().absolute()) if path else ""


def _say_changed(value: dict[str, Any]) -> None:
    say(f"version {value['version']} of the root metadata is in force; {value['instance_id']} stays the id")
    say(f"signs with {value['signing_keys'][0]}")
    if value["withheld"]:
        say(f"{value['withheld']} of its own records are void now: skills that only these proved are not used")
        say("hansa prove, then hansa publish: both sign all of them anew")
    told = ", ".join(value["told"]) or "nobody else: it goes ahead of whatever is published next"
    waiting = f"; waiting for {', '.join(value['to_be_told'])}" if value["to_be_told"] else ""
    say(f"told: {told}{waiting}")
