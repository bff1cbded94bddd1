"""Operations on the overlay; they want a node that is up, since only that one has links."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from hansa.adapters.transport.zenoh import SCHEME
from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Result
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import NotFound, Refused, Unavailable, UsageError
from hansa.kernel.ids import ContentId, NodeId, is_content_id
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Reason
from hansa.node.net_views import NetViews
from hansa.node.network import Network
from hansa.node.vault import find_skill
from hansa.overlay.handlers import FIELDS
from hansa.overlay.notices import THREAT_ALERT, Mode, Notice, Priority, what_is_off

WEB = ("http", "https", "ws", "wss")
"""Schemes of addresses of a node's port."""

MAX_NAMED = 3
"""How many are listed when the start of an id fits several."""

STANDS_SECONDS = 0.3
"""How long a new link must stand to be called one: who does not want it ends it as soon as it is made."""


def _network(app: App) -> Network:
    if app.network is not None:
        return app.network
    if not app.config.overlay.on:
        raise Unavailable("this node takes no part in the overlay: the setting overlay.on is false")
    raise Unavailable(f"no node is up in {app.home}, and links stand only while one is: hansa up")


def _whom(network: Network, start: str, also: Sequence[NodeId] = ()) -> NodeId:
    """Returns the one known node whose id begins so; this node, when no other one's does.

    Args:
        also: nodes that count as known beside those of the overlay.

    Raises:
        NotFound: none, or more than one.
    """
    known = [*also, *(one.id for one in network.parts.members.known(network.now()))]
    known += network.parts.routes.topology.known()
    others = sorted(one for one in dict.fromkeys(known) if one != network.me and start and one.startswith(start))
    own = [network.me] if start and network.me.startswith(start) else []
    return NodeId(_one_of(others or own, start, "node of the overlay"))


def whom(app: App, start: str) -> NodeId:
    """Returns the one known node whose id begins so.

    Raises:
        NotFound: none, or more than one. Unavailable: this node has no links.
    """
    return _whom(_network(app), start)


def _one_of(found: Sequence[str], start: str, what: str) -> str:
    if not found:
        raise NotFound(f"no {what} begins with {plain(start, 100) or 'nothing'}")
    if len(found) > 1:
        some = ", ".join(found[:MAX_NAMED]) + (" …" if len(found) > MAX_NAMED else "")
        raise NotFound(f"more than one {what} begins with {plain(start, 100)}: {some}; give more characters")
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
    is_self = whom == network.me
    paths = [] if is_self else NetViews(network).paths(whom)
    value = {"instance_id": whom, "paths": paths, "count": len(paths), "is_self": is_self}
    yield Result(value | {"links": len(network.neighbours)}, ok=bool(paths) or is_self)


@operation("net.health")
async def _health(app: App, _: Arguments) -> Outcome:
    yield Result(NetViews(_network(app)).health())


@operation("net.connect", orders="url")
async def _connect(app: App, given: Arguments) -> Outcome:
    network, url = _network(app), str(given["url"])
    _check_address(url)
    app.named[url] = None
    found = await network.connect(url)
    await asyncio.sleep(STANDS_SECONDS)
    if found not in network.neighbours:
        raise Unavailable(f"{found} at {url} ended the link at once: it links with nodes that it has let in")
    yield Result({"instance_id": found, "url": url})


def _check_address(url: str) -> None:
    """Refuses what no transport of any node takes for an address.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in WEB and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not (good or url.startswith(SCHEME)) or not url.isprintable():
        raise UsageError(f"{plain(url, 100)} is not the address of a node: write http://HOST:PORT")


@operation("net.tell", orders="type to priority resource")
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
        payload=_payload(app, network, given["type"], {str(name): str(value) for name, value in payload.items()}),
        priority=Priority(given.get("priority", "normal")),
        ttl=given.get("ttl", 8),
        mode=mode,
        destination_nodes=tuple(to),
        resource=resource,
        interests=tuple(given.get("interests") or ()),
        wants_ack=bool(given.get("wants_ack")),
    )
    if off := what_is_off(notice):
        raise UsageError(off)
    try:
        id_ = network.propagate(notice)
    except Refused as refused:
        if refused.reason is not Reason.BAD_BODY or notice.type not in FIELDS:
            raise
        raise UsageError(f"{refused.detail}; {notice.type} takes {FIELDS[notice.type]}") from None
    restored, links = network.core.asks_first, len(network.neighbours)
    yield Result({"id": id_, "mode": mode.value, "links": links, "restored": restored})


def _payload(app: App, network: Network, type_: str, payload: dict[str, str]) -> dict[str, str]:
    """Returns what is told, with whole ids where an alert names the start of one.

    Raises:
        NotFound: no skill or node, or more than one, has an id that starts so.
    """
    if type_ != THREAT_ALERT:
        return payload
    whole = dict(payload)
    if "skill" in payload and not is_content_id(payload["skill"]):
        whole["skill"] = find_skill(app.node.core, payload["skill"]).id
    if "peer" in payload:
        whole["peer"] = _peer(app, network, payload["peer"])
    return whole


def _peer(app: App, network: Network, text: str) -> NodeId:
    try:
        PublicKey.from_did(text)
    except Refused:
        return _whom(network, text, [one.id for one in app.node.core.store.peers()])
    return NodeId(text)


@operation("net.answers")
async def _answers(app: App, given: Arguments) -> Outcome:
    """Says who has answered a notice of this node's."""
    news = _network(app).words.news
    known = [*news.answers, *news.unasked]
    found = [one for one in known if one.startswith(given["id"])]
    if not found:
        raise NotFound("this node has told no such news, or has forgotten: give the id that hansa net tell printed")
    id_ = ContentId(_one_of(found, given["id"], "news of this node"))
    rows = [{"instance_id": node, "done": done} for node, done in news.answers.get(id_, {}).items()]
    yield Result({"id": id_, "asked": id_ in news.answers, "answers": rows, "count": len(rows)})
