"""Commands on the overlay: who is there, how word travels, how well the network is."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import say, size, started, table
from hansa.kernel.errors import UsageError

cli = typer.Typer()
net = typer.Typer(no_args_is_help=True, help="The overlay: who is there, and how word travels.")
cli.add_typer(net, name="net")

KnownNode = Annotated[str, typer.Argument(metavar="NODE", help="A node id, or the start of it: did:key:z6Mk…")]

SHOWN = 5
"""Nodes of which it is shown why there is no link."""

_PLAIN = re.compile(r"[a-z]{2,5}://[A-Za-z0-9._:\[\]/-]{1,200}")
_FIGURES = ("connectivity", "redundancy", "latency", "throughput", "utilisation", "trust", "flow", "balance")


@net.command(epilog=epilog("hansa net status", "hansa net status --json"))
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show this node's place in the overlay. Its links, the members, what it holds, how well the network is."""
    value = call(home, "net.status", as_json).value
    if as_json:
        return
    members = ", ".join(f"{count} {phase}" for phase, count in sorted(value["members"].items())) or "nobody else"
    say(f"node {value['instance_id']}")
    say(f"reached at {', '.join(value['addresses']) or 'no address: it can only dial others'}")
    say(f"{value['links']} {'link' if value['links'] == 1 else 'links'}; members: {members}")
    say(f"{value['records']} records travel, together {value['records_digest'][:16] or 'none'}")
    say(f"health {value['health']['overall']:.2f} (hansa net health)")
    frames = value["frames"]
    say(f"frames: {frames['in']} in, {frames['out']} out, {frames['lost']} that no link took")


@net.command(epilog=epilog("hansa net peers", "hansa net peers --json"))
def peers(home: Home = None, as_json: AsJson = False) -> None:
    """List the nodes of the overlay. Neighbours first, with what went over each link.

    state: what this node thinks of it, or banned. link: pushed (word goes there whole) or named (only its name, for it
    to ask), with "in" where the other one dialled. tier: how firmly the link is kept. score: how it behaves on the
    wire, without a unit, good above 0. ms: there and back. in, out: in the last ten seconds.
    """
    value = call(home, "net.peers", as_json).value
    if as_json:
        return
    if not value["count"]:
        say("nobody else yet: hansa join LINK, or name an address with hansa net connect")
        return
    columns = ("node", "state", "link", "tier", "score", "ms", "in", "out", "address")
    rows = [_row(one) for one in value["peers"]]
    table(columns, rows, right=("score", "ms", "in", "out"), spare=("tier", "score", "address"))
    unlinked = [one for one in value["peers"] if one["no_link"] and one["invited"] and one["state"] == "alive"]
    for one in unlinked[:SHOWN]:
        say(f"no link to {started(one['instance_id'])}: {one['no_link']}")
        say(f"  to try it by hand: hansa net connect {_typed(one['addresses'])}")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    address = one["addresses"][0] if one["addresses"] else ""
    state = "banned" if one["banned"] else one["state"]
    if not one["linked"]:
        return (one["instance_id"], state, "", "", "", "", "", "", address)
    rtt = "" if one["rtt_ms"] is None else one["rtt_ms"]
    link = ("pushed" if one["pushed_to"] else "named") + (", in" if one["incoming"] else "")
    return (
        one["instance_id"], state, link, one["tier"], one["score"], rtt, size(one["bytes_in"]), size(one["bytes_out"]),
        one["url"],
    )  # fmt: skip


def _typed(addresses: list[str]) -> str:
    """Returns an address for people to type: a node chose it, so nothing that a shell would do anything about."""
    return next((one for one in addresses if _PLAIN.fullmatch(one)), "URL")


@net.command(epilog=epilog("hansa net paths did:key:z6MkhaXg", "hansa net paths did:key:z6MkhaXg --json"))
def paths(node: KnownNode, home: Home = None, as_json: AsJson = False) -> None:
    """Show the ways to a node, the best first. Exit code 1 when there is none."""
    result = call(home, "net.paths", as_json, id=node)
    if not as_json:
        if result.value["count"]:
            rows = [
                (f"{one['merit']:.3f}", one["hops"], one["latency_ms"], " → ".join(map(started, one["path"])))
                for one in result.value["paths"]
            ]
            table(("merit", "hops", "ms", "way"), rows, right=("merit", "hops", "ms"))
        elif result.value["is_self"]:
            say("that is this node")
        else:
            goes = "what is for it goes by gossip" if result.value["links"] else "no link stands, so nothing goes there"
            say(f"no way to {result.value['instance_id']} is known: {goes}")
    finish(result)


@net.command(epilog=epilog("hansa net health", "hansa net health --json"))
def health(home: Home = None, as_json: AsJson = False) -> None:
    """Show how well the network is. Eight figures from 0 to 1, and what mends weak ones. - is not measured yet."""
    value = call(home, "net.health", as_json).value
    if as_json:
        return
    weak = {one["figure"]: one for one in value["weak"]}
    shown = {name: "-" if name in value["unmeasured"] else f"{value[name]:.2f}" for name in _FIGURES}
    rows = [(name, shown[name], weak[name]["repair"] if name in weak else "") for name in _FIGURES]
    table(("figure", "value", "what mends it"), [("overall", f"{value['overall']:.2f}", ""), *rows], right=("value",))
    if value["cut_nodes"]:
        say(f"without one of these the network falls apart: {', '.join(value['cut_nodes'])}")


@net.command(epilog=epilog("hansa net connect http://127.0.0.1:8470"))
def connect(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of another node.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a link to the node at an address. It must be one that was let in, unless overlay.open is set."""
    value = call(home, "net.connect", as_json, url=url).value
    if not as_json:
        say(f"linked with {value['instance_id']} at {value['url']}")


@net.command(
    epilog=epilog(
        "hansa net tell resource_discovery computational_power=4000",
        "hansa net tell my_own_type word=hello --interest text",
        "hansa net tell threat_alert peer=did:key:z6MkhaXg --priority critical --to did:key:z6MkpTHR --ack",
    )
)
def tell(
    type_: Annotated[
        str,
        typer.Argument(
            metavar="TYPE",
            help="threat_alert, consciousness_sync, resource_discovery, knowledge_discovery, or a type of your own.",
            autocompletion=words("threat_alert", "consciousness_sync", "resource_discovery", "knowledge_discovery"),
        ),
    ],
    payload: Annotated[list[str], typer.Argument(metavar="NAME=TEXT…", help="What is told.")],
    *,
    to: Annotated[list[str] | None, typer.Option(help="A node that it is for; may be given again.")] = None,
    resource: Annotated[str, typer.Option(help="Send it towards nodes that offer this resource.")] = "",
    interest: Annotated[list[str] | None, typer.Option(help="A topic that it is about; may be given again.")] = None,
    priority: Annotated[
        str,
        typer.Option(
            help="low, normal, high or critical; what it gets, your standing there decides.",
            autocompletion=words("low", "normal", "high", "critical"),
        ),
    ] = "normal",
    ttl: Annotated[int, typer.Option(min=1, max=16, help="Links that it may cross.")] = 8,
    ack: Annotated[bool, typer.Option("--ack", help="Ask for answers: hansa net answers ID shows them.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell others news over the overlay. Everybody, some nodes (--to), or towards a resource (--resource).

    A type of your own takes any fields. threat_alert takes skill=ID or peer=NODE, and why=TEXT if you like.
    consciousness_sync takes load=0…1000 running=NUMBER clock=NUMBER, and model=NAME goals=DIGEST if you like.
    resource_discovery takes RESOURCE=AMOUNT, of as many as you like. knowledge_discovery takes ids="ID ID…".
    """
    if priority not in ("low", "normal", "high", "critical"):
        raise UsageError(f"--priority is low, normal, high or critical, not {priority}")
    pairs = dict(_pair(one) for one in payload)
    value = call(
        home, "net.tell", as_json, type=type_, payload=pairs, to=to or [], resource=resource,
        interests=interest or [], priority=priority, ttl=ttl, wants_ack=ack,
    ).value  # fmt: skip
    if not as_json:
        say(f"told as {value['id'][:12]} ({value['mode'].replace('_', ' ')})")
        if value["restored"]:
            say("(restored: news is kept nowhere and may be told; what lasts waits, and hansa status says what for)")
        if value["links"]:
            return
        again = "it is sent again for a minute" if to and ack else "nobody hears it, tell it again once one stands"
        say(f"no link now: {again} (hansa net status)")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"{text[:40]} is not written name=text")
    return name, value


@net.command(epilog=epilog("hansa net answers 4fc21b7e"))
def answers(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of news that this node told, or the start of it.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show who has answered news of this node. They were told with --ack; it says what came of them there."""
    value = call(home, "net.answers", as_json, id=id_).value
    if as_json:
        return
    if value["count"]:
        table(("node", "what it led to"), [(one["instance_id"], one["done"] or "nothing") for one in value["answers"]])
    elif not value["asked"]:
        say("told without --ack: nobody was asked to answer")
    else:
        say("nobody has answered yet")
