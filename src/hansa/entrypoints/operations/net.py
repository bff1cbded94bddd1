"""Operations on the overlay; they want a node that is up, since only that one has links."""

from __future__ import annotations

import asyncio

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import NotFound, Unavailable, UsageError
from hansa.kernel.ids import NodeId
from hansa.node.net_views import NetViews
from hansa.node.network import Network
from hansa.overlay.notices import Mode, Notice, Priority

STANDS_SECONDS = 0.3
"""How long a new link must stand to be called one: who does not want it ends it as soon as it is made."""


def _network(app: App) -> Network:
    if app.network is not None:
        return app.network
    if not app.config.overlay.on:
        raise Unavailable("this node takes no part in the overlay: the setting overlay.on is false")
    raise Unavailable(f"no node is up in {app.home}, and links stand only while one is: hansa up")


def _whom(network: Network, start: str) -> NodeId:
    """Returns the one known node whose id begins so.

    Raises:
        NotFound: none, or more than one.
    """
    known = [one.id for one in network.parts.members.known(network.now())]
    known += network.parts.routes.topology.known()
    found = [one for one in dict.fromkeys(known) if one.startswith(start)]
    if len(found) != 1:
        raise NotFound(f"{'no' if not found else 'more than one'} node of the overlay begins with {start}")
    return found[0]


@operation("net.status")
async def _status(app: App, _: Arguments) -> Outcome:
    yield Result(NetViews(_network(app)).status())


@operation("net.peers")
async def _peers(app: App, _: Arguments) -> Outcome:
    peers = NetViews(_network(app)).peers()
    yield Result({"peers": peers, "count": len(peers)})


@operation("net.paths")
async def _paths(app: App, given: Arguments) -> Outcome:
    network = _network(app)
    whom = _whom(network, given["id"])
    paths = NetViews(network).paths(whom)
    yield Result({"instance_id": whom, "paths": paths, "count": len(paths)}, ok=bool(paths))


@operation("net.health")
async def _health(app: App, _: Arguments) -> Outcome:
    yield Result(NetViews(_network(app)).health())


@operation("net.connect")
async def _connect(app: App, given: Arguments) -> Outcome:
    network, url = _network(app), str(given["url"])
    app.named[url] = None
    found = await network.connect(url)
    await asyncio.sleep(STANDS_SECONDS)
    if found not in network.neighbours:
        raise Unavailable(f"{found} at {url} ended the link at once: it links with nodes that it has let in")
    yield Result({"instance_id": found, "url": url})


@operation("net.tell")
async def _tell(app: App, given: Arguments) -> Outcome:
    """Lets a notice travel."""
    network = _network(app)
    to = [_whom(network, one) for one in given.get("to") or ()]
    resource = given.get("resource", "")
    mode = Mode.MULTICAST if to else Mode.RESOURCE_DIRECTED if resource else Mode.BROADCAST
    payload = given["payload"]
    if not isinstance(payload, dict):
        raise UsageError("what is told is written name=text")
    notice = Notice(
        type=given["type"],
        payload={str(name): str(value) for name, value in payload.items()},
        priority=Priority(given.get("priority", "normal")),
        ttl=given.get("ttl", 8),
        mode=mode,
        destination_nodes=tuple(to),
        resource=resource,
        interests=tuple(given.get("interests") or ()),
        wants_ack=bool(given.get("wants_ack")),
    )
    id_ = network.propagate(notice)
    yield Result({"id": id_, "mode": mode.value, "restored": network.core.asks_first})


@operation("net.answers")
async def _answers(app: App, given: Arguments) -> Outcome:
    """Says who has answered a notice of this node's."""
    answers = _network(app).words.news.answers
    found = [one for one in answers if one.startswith(given["id"])]
    if len(found) != 1:
        raise NotFound("this node has told no such news, or has forgotten: give the id that hansa net tell printed")
    rows = [{"instance_id": node, "done": done} for node, done in answers[found[0]].items()]
    yield Result({"id": found[0], "answers": rows, "count": len(rows)})
