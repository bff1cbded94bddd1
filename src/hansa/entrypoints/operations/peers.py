"""Operations on who is dealt with: peers, invitations, joining, those who asked."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Result
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import DAY, iso
from hansa.kernel.lookalikes import odd_names
from hansa.kernel.wire import parse
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.joining import given_mark
from hansa.node.rows import PeerRow, PutMark, PutPeer
from hansa.overlay.invitation import SECRET_BITS, Code, Invitation, fingerprint, read_code, read_invitation, spelled
from hansa.overlay.messages import MAX_URL, Welcome


@operation("peer.list")
async def _peer_list(app: App, _: Arguments) -> Outcome:
    instances = app.node.views.instances()
    odd = odd_names([str(one["name"]) for one in instances], app.node.core.settings.name)
    instances = [{**one, "odd_name": what} for one, what in zip(instances, odd, strict=True)]
    yield Result({"instances": instances, "count": len(instances)})


@operation("peer.set", orders="id invited banned per_minute url")
async def _peer_set(app: App, given: Arguments) -> Outcome:
    id_ = _meant(app, given["id"], may_be_a_start=given.get("banned") is True)
    changed = {name: given[name] for name in ("invited", "banned", "per_minute") if given.get(name) is not None}
    url = _url(_of_node(str(given.get("url") or "")))
    changed |= {"url": url} if url else {}
    async with app.node.core.turns.of(id_):
        row = replace(app.node.core.store.peer(id_) or PeerRow(id_), **changed)
        effects = Effects([PutPeer(row)])
        if url:
            effects.changes.append(PutMark(given_mark(url), id_))  # the operator's own word, unlike a peer's
        effects.show(Kind.PEER_BANNED if row.banned else Kind.PEER_INVITED, id_, row.name)
        await app.node.core.driver.perform(effects)
    yield Result(
        {
            "instance_id": id_,
            "invited": row.invited,
            "banned": row.banned,
            "per_minute": row.per_minute,
            "url": row.url,
            "at": iso(app.node.core.now()),
        }
    )


def _meant(app: App, text: str, may_be_a_start: bool) -> NodeId:
    """Returns the node that an operator names: by its id, or by the start of one that is known here.

    Raises:
        NotFound: no id that is known starts so, or more than one. UsageError: it is no id, and may be no start.
    """
    try:
        PublicKey.from_did(text)
    except Refused:
        if may_be_a_start:
            return app.node.doorkeeper.known_as(text)
        raise UsageError(f"{text} is no node id: ask its owner for what hansa id prints there") from None
    return NodeId(text)


@operation("peer.invite", orders="url uses lasts_ms per_minute ask note")
async def _invite(app: App, given: Arguments) -> Outcome:
    """Issues an invitation; the code is told here and nowhere else."""
    core = app.node.core
    url = _url(given.get("url") or app.url)
    now = core.now()
    invitation = Invitation(
        secret=secrets.randbits(SECRET_BITS),
        uses=given.get("uses", 1),
        expires=now + given.get("lasts_ms", DAY),
        created=now,
        per_minute=given.get("per_minute"),
        ask=given.get("ask", False),
        note=given.get("note", ""),
    )
    await app.node.doorkeeper.issue(invitation)
    code = str(Code(invitation.secret, fingerprint(core.me)))
    link = f"{url}/#{code}" if url else ""
    yield Result({**_invitation(app, invitation), "code": code, "url": url, "link": link})


@operation("peer.invites")
async def _invites(app: App, _: Arguments) -> Outcome:
    shown = [_invitation(app, one) for one in app.node.core.store.invitations()]
    yield Result({"invitations": shown, "count": len(shown)})


@operation("peer.withdraw", orders="id")
async def _withdraw(app: App, given: Arguments) -> Outcome:
    withdrawn = await app.node.doorkeeper.withdraw(given["id"])
    yield Result({"id": withdrawn.id, "note": withdrawn.note, "withdrawn": True})


@operation("join.look", orders="")
async def _look(app: App, given: Arguments) -> Outcome:
    """Says who made an invitation, so that somebody can be asked before this node joins."""
    url, code = link(given["invitation"], given.get("at", ""))
    welcome = await app.node.joiner.look(url, code)
    body = parse(welcome.body, Welcome)
    yield Result(
        {
            "instance_id": welcome.author,
            "fingerprint": spelled(welcome.author),
            "name": body.name,
            "role": body.role,
            "url": url,
        }
    )


@operation("join", orders="inviter url subscribe")
async def _join(app: App, given: Arguments) -> Outcome:
    """Comes with a code, in a link or beside an address, to the node that made it."""
    url, code = link(given["invitation"], given.get("at", ""))
    own = _url(given.get("url") or "")
    agreed = NodeId(given["inviter"]) if given.get("inviter") else None
    joining = await app.node.joiner.join(url, code, own, given.get("subscribe", True), agreed)
    subscribed = any(one.url == url for one in app.node.core.store.subscriptions())
    yield Result(
        {
            "outcome": joining.outcome.value,
            "instance_id": joining.inviter,
            "fingerprint": spelled(joining.inviter),
            "name": joining.name,
            "role": joining.role,
            "url": url,
            "subscribed": subscribed,
            "as": app.node.core.me,
            "tried_again": joining.tried_again,
        }
    )


@operation("peer.requests")
async def _requests(app: App, _: Arguments) -> Outcome:
    shown = [
        {
            "instance_id": one.id,
            "name": one.name,
            "role": one.role,
            "url": one.url,
            "invitation": one.invitation,
            "note": one.note,
            "records_per_minute": one.per_minute,
            "at": iso(one.at),
        }
        for one in app.node.core.store.requests()
    ]
    yield Result({"requests": shown, "count": len(shown)})


@operation("peer.approve", orders="id")
async def _approve(app: App, given: Arguments) -> Outcome:
    row = await app.node.doorkeeper.approve(given["id"])
    yield Result({"instance_id": row.id, "name": row.name, "invited": row.invited, "per_minute": row.per_minute})


@operation("peer.refuse", orders="id")
async def _refuse(app: App, given: Arguments) -> Outcome:
    yield Result({"instance_id": await app.node.doorkeeper.refuse(given["id"]), "invited": False})


@operation("peer.remove", orders="id")
async def _remove(app: App, given: Arguments) -> Outcome:
    node = app.node
    before = {row.id: row for row in node.core.store.peers()}
    asked = [one.id for one in node.core.store.requests()]
    id_ = await node.doorkeeper.remove(given["id"])
    sources = [one.url for one in node.core.store.subscriptions() if one.peer == id_]
    for url in sources:
        await node.subscriber.unsubscribe(url)
    changed = id_ in asked or bool(sources) or node.core.store.peer(id_) != before.get(id_)
    yield Result({"instance_id": id_, "invited": False, "unsubscribed": sources, "changed": changed})


def _invitation(app: App, one: Invitation) -> dict[str, Any]:
    return {
        "id": one.id,
        "phase": one.phase(app.node.core.now()).value,
        "uses": one.uses,
        "expires": iso(one.expires),
        "created": iso(one.created),
        "per_minute": one.per_minute,
        "ask": one.ask,
        "note": one.note,
    }


def link(text: str, at: str) -> tuple[str, Code]:
    """Returns address and code of what somebody was given.

    Raises:
        UsageError: it lacks one of them.
    """
    if "#" not in text and not text.startswith(("http://", "https://")):
        alone = read_code(text)
        if not at:
            raise UsageError("a code alone says not where to go: give the node's address as well, with --at URL")
        return _url(at), alone
    url, code = read_invitation(text)
    if code is None:
        raise UsageError(f"{url} has no code behind a #: give the whole link, or the code with --at URL")
    return _url(at or url), code


def _of_node(text: str) -> str:
    """Returns the address of a node, also from the one where it takes links."""
    if text.startswith(("ws://", "wss://")):
        return f"http{text[2:]}".rstrip("/").removesuffix("/overlay")
    return text


def _url(text: str) -> str:
    """Returns an address without a slash at its end; "" stays "".

    Raises:
        UsageError: it is none.
    """
    good = text.startswith(("http://", "https://")) and text.isprintable() and not set(text) & set("# ?")
    if text and (not good or len(text) > MAX_URL):
        raise UsageError(f"{text[:80]} is no address: write it like https://harbour.example or http://127.0.0.1:8470")
    return text.rstrip("/")
