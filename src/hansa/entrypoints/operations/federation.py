"""Operations that deal with other nodes: publishing, subscribing, pulling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import cast

from hansa.conduct.trust import trust
from hansa.entrypoints.app import App
from hansa.entrypoints.errors import problem
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.identity import roots
from hansa.kernel.errors import HansaError, NotFound, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.node.delivering import Delivery, check_address
from hansa.node.ports import SkillFilter
from hansa.node.rows import BY_AGENT, SkillRow, SubscriptionRow
from hansa.node.vault import find_skill
from hansa.node.views import View
from hansa.skills.messages import SKILL
from hansa.skills.model import Origin, SkillState


@operation("publish", orders="ids to dry_run")
async def _publish(app: App, given: Arguments) -> Outcome:
    node, to = app.node, tuple(given.get("to") or ())
    for url in to:
        check_address(url)
    rows = [find_skill(node.core, id_) for id_ in given.get("ids") or ()] or _admitted(app)
    dry = given.get("dry_run", False)
    shown = []
    for number, row in enumerate(rows, 1):
        publication = await node.publisher.publish(row, to, dry)
        shown.append(node.views.publication(publication, with_payload=dry))
        yield Progress(number, len(rows), f"{row.id[:12]} {'shut' if publication.shut else 'signed'}")
    deliveries = []
    if not dry:
        pending = len(node.core.store.outbox("pending", limit=100_000))
        async for delivery in node.publisher.deliver():
            deliveries.append(delivery)
            yield Progress(len(deliveries), max(pending, len(deliveries)), f"{delivery.row.record[:12]} delivered")
    states = [one.row.state for one in deliveries]
    problems = sorted({one.detail for one in deliveries if one.row.state != "delivered" and one.detail})
    value = {
        "publications": shown,
        "delivered": states.count("delivered"),
        "pending": states.count("pending"),
        "refused": states.count("refused"),
        "problems": problems,
        "links": None if app.network is None else len(app.network.neighbours),
        "dry_run": dry,
    }
    asked = all(one["published"] for one in shown) or not given.get("ids")
    yield Result(value, ok=asked and "refused" not in states and (dry or _arrived(app, shown)))


def _arrived(app: App, shown: list[View]) -> bool:
    """Says whether something of what was published lies where it was to go; so it does when it was to go nowhere."""
    store = app.node.core.store
    sent = [
        one.state
        for view in shown
        if view["record"]
        for one in store.deliveries_of(ContentId(str(view["record"])))
        if one.url in cast("list[str]", view["to"])
    ]
    return not sent or "delivered" in sent


def _admitted(app: App) -> list[SkillRow]:
    """Returns this node's own proved skills, oldest first.

    What an agent recorded is left out: it goes out when a person names it, for nobody may have read it (threat 16).
    """
    node, after, rows = app.node, "", []
    wanted = SkillFilter(states=(SkillState.ADMITTED,), origin=Origin.OWN)
    while page := node.core.store.skills(wanted, after=after, limit=500):
        after = page[-1].id
        rows += [row for row in page if row.source != BY_AGENT]
    return rows


@operation("subscribe", orders="url intents tags authors min_trials report")
async def _subscribe(app: App, given: Arguments) -> Outcome:
    wanted = SubscriptionRow(
        url=given["url"].rstrip("/"),
        peer=NodeId(""),
        intents=tuple(given.get("intents") or ()),
        tags=tuple(given.get("tags") or ()),
        authors=tuple(given.get("authors") or ()),
        min_trials=given.get("min_trials", 0),
        report=given.get("report", "refutations"),
    )
    row = await app.node.subscriber.subscribe(wanted)
    known = app.node.core.store.peer(row.peer)
    value = {"url": row.url, "peer": row.peer, "report": row.report, "intents": list(row.intents)}
    yield Result(value | {"joined": known is not None and known.invited})


@operation("unsubscribe", orders="url")
async def _unsubscribe(app: App, given: Arguments) -> Outcome:
    url = given["url"].rstrip("/")
    known = [one.url for one in app.node.core.store.subscriptions()]
    if url not in known:
        there = f"there are those to {', '.join(known)}" if known else "there is none at all"
        raise NotFound(f"no subscription to {url}, so nothing was changed: {there}")
    await app.node.subscriber.unsubscribe(url)
    yield Result({"url": url, "subscribed": False})


@operation("sync", orders="url no_prove")
async def _sync(app: App, given: Arguments) -> Outcome:
    """Pulls from every source (or one), proves what came, and tells the sources what they may be told."""
    node = app.node
    sources = [one for one in node.core.store.subscriptions() if not given.get("url") or one.url == given["url"]]
    if not sources:
        url = given.get("url")
        none = f"no subscription to {url}: hansa subscribe {url} first"
        raise UsageError(none if url else "this node subscribes to no other yet: hansa subscribe URL first")
    sources.sort(key=lambda one: -trust(node.core.accounts.account(one.peer)).total)
    await node.settler.catch_up()
    faults: list[dict[str, str]] = []
    taken = keys = skills = 0
    refused: dict[str, int] = {}
    for source in sources:
        try:
            await node.before_pull(source.url)
            async for pulled in node.subscriber.pull(source.url):
                if pulled.kind == roots.KIND and pulled.reason in (None, Reason.DUPLICATE):
                    keys += pulled.reason is None  # a duplicate was asked for before the feed brought it
                elif pulled.reason is None:
                    taken += 1
                    skills += pulled.kind == SKILL
                else:
                    refused[pulled.reason.code] = refused.get(pulled.reason.code, 0) + 1
                yield Progress(taken, taken, f"pulled {pulled.id[:12]}")
            for split in await node.subscriber.witness.compare(source.url):
                faults.append({"url": source.url, **problem(split)})
        except HansaError as error:
            faults.append({"url": source.url, **problem(error)})
    proved: dict[str, int] = {}
    if node.core.sandbox is not None and not given.get("no_prove") and not node.core.asks_first:
        waiting = len(node.unproved(Origin.PEER))
        async for proof in node.prove_waiting(Origin.PEER):
            proved[proof.word] = proved.get(proof.word, 0) + 1
            yield Progress(sum(proved.values()), waiting, f"{proof.row.id[:12]} {proof.word}")
    deliveries = [one async for one in node.publisher.deliver()]
    delivered = [one.row.state for one in deliveries]
    counts = {"taken": taken, "skills": skills, "other_records": taken - skills}
    value = counts | {
        "keys": keys,
        "refused": refused,
        "faults": faults,
        "proofs": proved,
        "reported": delivered.count("delivered"),
        "pending": delivered.count("pending"),
        "not_heard": _not_heard(deliveries),
        "restored": app.restored(),
    }
    yield Result(value, ok=not faults)


def _not_heard(deliveries: Iterable[Delivery]) -> list[dict[str, object]]:
    """Returns what addresses refuse for good, counted for each address and reason, and what can be done about it."""
    refused = Counter((one.row.url, one.row.reason) for one in deliveries if one.row.state == "refused")
    return [
        {"url": url, "reason": code, "count": count, "message": _TO_DO.get(code) or BY_CODE[code].text}
        for (url, code), count in sorted(refused.items())
    ]


_TO_DO = {Reason.UNKNOWN_PEER.code: "ask its operator for an invitation, then hansa join: these are tried again"}
