"""Commands on who is dealt with: peers, invitations, joining, those who asked."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli import qr
from hansa.entrypoints.cli.client import call
from hansa.entrypoints.cli.options import AsJson, Home, epilog, interactive
from hansa.entrypoints.cli.show import moment, say, say_all, table
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, HOUR, MINUTE
from hansa.kernel.plain import plain

cli = typer.Typer()
peer = typer.Typer(no_args_is_help=True, help="Invite, let in, ban and list other nodes. A ban ends with add.")
cli.add_typer(peer, name="peer")

NodeIdArgument = Annotated[str, typer.Argument(metavar="NODE", help="A node id: did:key:z6Mk…")]
KnownNode = Annotated[str, typer.Argument(metavar="NODE", help="A node id, or the start of it: did:key:z6Mk…")]
PerMinute = Annotated[int | None, typer.Option(min=1, help="Records it may push in a minute.")]

_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_OWN = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_MARK = {True: "yes", False: "", None: ""}


@peer.command("list", epilog=epilog("hansa peer list"))
def peer_list(home: Home = None, as_json: AsJson = False) -> None:
    """List the nodes that this one has met, invited or banned. Last seen: when something it signed last came in."""
    value = call(home, "peer.list", as_json).value
    if not as_json:
        columns = ("node", "standing", "last seen", "name", "role", "address", "note")
        rows = [
            (one["instance_id"], _standing(one), moment(one["last_seen"]) or "never", _name(one), one["role"],
             one["url"], one["note"])
            for one in value["instances"]
        ]  # fmt: skip
        if rows:
            table(columns, rows, spare=("name", "role", "address", "note"))
        else:
            say("no node met, invited or banned yet: hansa peer invite, hansa join LINK, or hansa subscribe URL")


def _name(one: dict[str, Any]) -> str:
    return f"{one['name']} ({one['odd_name']})" if one["odd_name"] else str(one["name"])


def _standing(one: dict[str, Any]) -> str:
    if one["banned"]:
        return "banned"
    return "let in" if one["invited"] else "met"


@peer.command(
    "add",
    epilog=epilog(
        "hansa peer add did:key:z6Mk…",
        "hansa peer add did:key:z6Mk… --url http://127.0.0.1:8470",
        "hansa peer add did:key:z6Mk… --per-minute 600",
    ),
)
def peer_add(
    node: NodeIdArgument,
    url: Annotated[str, typer.Option(help="Where it answers: a node that is up here makes a link to it.")] = "",
    per_minute: PerMinute = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a node in by its id, without an invitation. From now on it may push records here. Ends a ban.

    Links need both: each lets the other in. An address in your own network is dialled only if you name it, by --url.
    """
    call(home, "peer.set", as_json, id=node, invited=True, banned=False, per_minute=per_minute, url=url)
    if not as_json:
        say(f"{node} may push records here" + (f"; links go to {url}" if url else ""))


@peer.command("ban", epilog=epilog("hansa peer ban did:key:z6MkhaXg"))
def peer_ban(node: KnownNode, home: Home = None, as_json: AsJson = False) -> None:
    """Take nothing from a node any more, by whatever way it comes. A node not met yet is named by its whole id.

    To take a ban back: hansa peer add lets the node in again; with hansa peer remove after it, it is neither.
    """
    id_ = call(home, "peer.set", as_json, id=node, banned=True, invited=False).value["instance_id"]
    if not as_json:
        say(f"nothing signed by {id_} is taken any more")
        say(f"to take that back: hansa peer add {id_}")


@peer.command("remove", epilog=epilog("hansa peer remove did:key:z6MkhaXg"))
def peer_remove(node: KnownNode, home: Home = None, as_json: AsJson = False) -> None:
    """Take back that a node is in. What it pushes is refused, and nothing is pulled from it. What came stays."""
    value = call(home, "peer.remove", as_json, id=node).value
    if not as_json:
        was = "may not push records here any more" if value["changed"] else "was not in: nothing was changed"
        say(f"{value['instance_id']} {was}")
        for url in value["unsubscribed"]:
            say(f"no longer subscribed to {url}")


@peer.command(
    epilog=epilog(
        "hansa peer invite",
        "hansa peer invite --url https://harbour.example --qr",
        "hansa peer invite --uses 20 --expires 7d --ask --note 'the Lübeck team'",
    )
)
def invite(
    uses: Annotated[int, typer.Option(min=1, max=1000, help="How many nodes may come in by it.")] = 1,
    expires: Annotated[str, typer.Option(help="How long it is good: 30m, 24h, 7d; at most 90d.")] = "24h",
    per_minute: PerMinute = None,
    ask: Annotated[bool, typer.Option("--ask", help="Whoever comes waits until you approve.")] = False,
    note: Annotated[str, typer.Option(help="For whom it is, in your words; kept with the peer.")] = "",
    url: Annotated[str, typer.Option(help="Where the others reach this node; by default where it is up.")] = "",
    draw: Annotated[bool, typer.Option("--qr", help="Draw the link as a QR code; needs hansa[qr].")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a code by which others can join this node. Whoever has it can use it: tell it to no one else."""
    lasts = span_ms(expires)
    if draw:
        qr.check_installed()  # before an invitation is made that nobody sees
    value = call(
        home, "peer.invite", as_json, uses=uses, lasts_ms=lasts, per_minute=per_minute, ask=ask, note=note, url=url
    ).value
    if not as_json:
        _say_invitation(value, draw)


def _say_invitation(value: dict[str, Any], draw: bool) -> None:
    nodes = "one node" if value["uses"] == 1 else f"{value['uses']} nodes"
    say(value["code"])
    asks = ", asks first" if value["ask"] else ""
    say(f"invitation {value['id']}, for {nodes}, until {moment(value['expires'])}{asks}")
    if draw:
        say_all(qr.drawn(value["link"] or value["code"]))
    if value["link"]:
        say(f"there: hansa join {value['link']}")
        if value["link"].startswith(_OWN):
            say("(an address of this machine only: --url names the one by which others reach this node)")
    else:
        say(f"there: hansa join {value['code']} --at ADDRESS, once this node is up (--url makes a link of both)")


@peer.command(epilog=epilog("hansa peer invites", "hansa peer invites --json"))
def invites(home: Home = None, as_json: AsJson = False) -> None:
    """List invitations. Their codes are not shown again."""
    value = call(home, "peer.invites", as_json).value
    if as_json:
        return
    if not value["count"]:
        say("no invitation: hansa peer invite makes one")
        return
    columns = ("id", "phase", "uses left", "until", "a minute", "asks", "note")
    rows = [
        (one["id"], one["phase"], one["uses"], moment(one["expires"]), one["per_minute"] or "", _MARK[one["ask"]],
         one["note"])
        for one in value["invitations"]
    ]  # fmt: skip
    table(columns, rows, right=("uses left", "a minute"), spare=("a minute", "asks", "note"))


@peer.command(epilog=epilog("hansa peer withdraw 3f9a2c1d"))
def withdraw(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of an invitation, or the start of it.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take an invitation back: nobody comes in by it any more. Who came in stays."""
    value = call(home, "peer.withdraw", as_json, id=id_).value
    if not as_json:
        say(f"invitation {value['id']} is taken back")


@peer.command(epilog=epilog("hansa peer requests", "hansa peer requests --json"))
def requests(home: Home = None, as_json: AsJson = False) -> None:
    """List the nodes that wait for your word. They came with an invitation that asks first."""
    value = call(home, "peer.requests", as_json).value
    if as_json:
        return
    columns = ("node", "came", "name", "role", "address", "invitation", "note")
    rows = [
        (one["instance_id"], moment(one["at"]), one["name"], one["role"], one["url"], one["invitation"], one["note"])
        for one in value["requests"]
    ]
    if rows:
        table(columns, rows, spare=("name", "role", "address", "note"))
    else:
        say("nobody waits")


@peer.command(epilog=epilog("hansa peer approve did:key:z6MkhaXg"))
def approve(node: KnownNode, home: Home = None, as_json: AsJson = False) -> None:
    """Let a node in that waits."""
    value = call(home, "peer.approve", as_json, id=node).value
    if not as_json:
        say(f"{value['instance_id']} may push records here")


@peer.command(epilog=epilog("hansa peer refuse did:key:z6MkhaXg"))
def refuse(node: KnownNode, home: Home = None, as_json: AsJson = False) -> None:
    """Send away a node that waits. It is not told, and may ask again if its code has uses left; a ban prevents that."""
    value = call(home, "peer.refuse", as_json, id=node).value
    if not as_json:
        say(f"{value['instance_id']} does not wait any more")


@cli.command(
    epilog=epilog(
        "hansa join https://harbour.example/#7K3M-9QXF-2B4H-KT6W-P8ZD",
        "hansa join 7K3M-9QXF-2B4H-KT6W-P8ZD --at http://127.0.0.1:8470 --no-subscribe --yes",
    )
)
def join(
    invitation: Annotated[str, typer.Argument(metavar="LINK", help="The link, or the code with --at.")],
    at: Annotated[str, typer.Option(help="Address of the node that made the code.")] = "",
    url: Annotated[str, typer.Option(help="Where this node answers, if others shall know.")] = "",
    no_subscribe: Annotated[bool, typer.Option("--no-subscribe", help="Push to it only; pull nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Join another node by its invitation. Each takes what the other pushes, and you pull what it passes on.

    You are shown who made the invitation and asked first; --yes agrees unasked, where there is no terminal.
    """
    inviter = ""
    if not yes:
        from hansa.entrypoints.operations.peers import link  # the rest of it would slow every command down

        link(invitation, at)  # what is wrong with it is said before anybody is asked
    if not yes and interactive("another node would be let in"):
        inviter = _agreed(call(home, "join.look", invitation=invitation, at=at).value, not no_subscribe)
    value = call(
        home, "join", as_json, invitation=invitation, at=at, url=url, subscribe=not no_subscribe, inviter=inviter
    ).value
    if as_json:
        return
    if value["outcome"] == "waiting":
        say(f"{value['instance_id']} was asked; its operator has to approve {value['as']}")
        say("run the same command again to see whether that has happened")
        return
    say(f"joined {value['instance_id']} at {value['url']}")
    if value["subscribed"]:
        say("subscribed to it: what you publish goes there, what it passes on comes here")
    else:
        say(f"not subscribed: hansa publish --to {value['url']} pushes to it")
    if value["tried_again"]:
        say(f"{value['tried_again']} records that it refused before are tried again: hansa sync, or hansa up")


def _agreed(who: dict[str, Any], subscribe: bool) -> str:
    """Returns the id of the node that is to be joined, once somebody has agreed to that."""
    name = plain(who["name"], 80) or "a node without a name"
    typer.echo(f"{name} ({plain(who['role'], 16)}), {who['instance_id']}", err=True)
    typer.echo(f"at {who['url']}; its fingerprint, which ends the code: {who['fingerprint']}", err=True)
    typer.confirm(
        "Let it push records here" + (", and pull what it passes on?" if subscribe else "?"), abort=True, err=True
    )
    return str(who["instance_id"])


def span_ms(text: str) -> int:
    """Returns a length of time in milliseconds: a number with m, h or d.

    >>> span_ms("24h")
    86400000

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text.strip().lower())
    if found is None:
        raise UsageError(f"{text[:40]} is no length of time: write it like 30m, 24h or 7d")
    return int(found[1]) * _UNITS[found[2]]
