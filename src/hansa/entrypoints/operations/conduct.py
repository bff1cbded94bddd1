"""Operations on how this node deals with others: standing, policy, prediction, replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hansa.adapters import files
from hansa.admission.service import Via
from hansa.conduct.account import Account
from hansa.conduct.card import Card
from hansa.conduct.reputation import reputation
from hansa.conduct.standing import Decision
from hansa.conduct.trust import trust
from hansa.entrypoints.app import App
from hansa.entrypoints.operations.people import named
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.identity import envelope
from hansa.identity.peek import named_author
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId, NodeId, is_content_id
from hansa.kernel.instant import iso
from hansa.kernel.verdict import Reason
from hansa.node.answers import their_refusal
from hansa.node.conduct import Replayed
from hansa.node.delivering import Delivery, check_address
from hansa.node.driver import Effects
from hansa.node.ledger_reader import Reader
from hansa.node.rows import OutboxRow, PutOutbox
from hansa.node.vault import ENOUGH_OF_AN_ID, find_skill
from hansa.skills.model import domain


@operation("standing.list")
async def _standing_list(app: App, given: Arguments) -> Outcome:
    core, limit = app.node.core, given.get("limit", 100)
    ids = core.store.subjects(given.get("after", ""), limit)
    shown = [_standing(app, one, "") for one in ids if one != core.me]
    yield Result({"standings": shown, "count": len(shown), "next": ids[-1] if len(ids) == limit else None})


@operation("standing.show")
async def _standing_show(app: App, given: Arguments) -> Outcome:
    core = app.node.core
    who = named(app, given["id"])
    if who == core.me:
        raise UsageError("how others deal with this node is theirs to decide: hansa predict PEER works it out")
    account = core.accounts.account(who)
    domains = [{"domain": name, **_in_domain(app, who, account, name)} for name in sorted(account.domains)]
    decided = [_decision_record(app, row.id) for row in app.node.conduct.decisions(who)[-10:]]
    yield Result(_standing(app, who, "") | {"domains": domains, "decisions": decided})


def _standing(app: App, who: NodeId, about: str) -> dict[str, Any]:
    core = app.node.core
    account, peer = core.accounts.account(who), core.store.peer(who)
    found, partner = app.node.conduct.decide(who, about), trust(account)
    return {
        "instance_id": who,
        "name": peer.name if peer else "",
        **_told(found),
        "good": account.good,
        "bad": account.bad,
        "malice": account.offences,
        "good_dealings_owed": account.debt,
        "wrongs": account.wrongs(core.now()) / 10,
        "reputation": reputation(account, "").summary / 1_000_000,
        "trust": {
            "total": partner.total / 1000,
            "reliability": partner.reliability / 1000,
            "accuracy": partner.accuracy / 1000,
            "contribution": partner.contribution / 1000,
            "security": partner.security / 1000,
        },
    }


def _in_domain(app: App, who: NodeId, account: Account, name: str) -> dict[str, Any]:
    found = reputation(account, name)
    rung = app.node.conduct.decide(who, name).rung
    return {"good": found.good, "bad": found.bad, "sure": found.share, "rung": rung.word}


def _told(found: Decision) -> dict[str, Any]:
    return {
        "engage": found.engage,
        "rung": found.rung.word,
        "relationship": found.relationship.value,
        "reason": found.reason,
        "score": found.score,
    }


def _decision_record(app: App, record: ContentId) -> dict[str, Any]:
    row = app.node.core.store.record(record)
    if row is None:
        raise NotFound(f"there is no decision {record}")
    return _replayed(app.node.conduct.replay(row))


# ---- the card


@operation("policy.show")
async def _policy_show(app: App, given: Arguments) -> Outcome:
    if not given.get("of"):
        yield Result(_card(app.node.core.me, app.node.conduct.card))
        return
    peer = named(app, given["of"])
    held = next((found for _, found in app.node.conduct.cards_of(peer)), None)
    if held is None:
        raise NotFound(f"no policy card of {peer} is here: hansa predict {peer} --at URL asks it for one")
    yield Result(_card(peer, held))


def _card(node: str, shown: Card) -> dict[str, Any]:
    return {
        "instance_id": node,
        "digest": shown.digest,
        "policy": shown.policy.value,
        "rules": shown.rules,
        "computable": shown.computable,
        "text": shown.text,
        "verifiers": list(shown.verifiers),
        "known_from": shown.known_from,
        "trusted_at": shown.trusted_at,
        "wrong": shown.wrong,
        "mended": shown.mended,
        "gives_up_at": shown.gives_up_at,
        "deadlock": shown.deadlock,
        "dealings": {one.dealing: one.weight for one in shown.dealings},
    }


@operation("policy.card", orders="to")
async def _policy_card(app: App, given: Arguments) -> Outcome:
    """Signs the card; with addresses it is brought there."""
    to = list(given.get("to") or ())
    for url in to:
        check_address(url)
    core = app.node.core
    row = await app.node.conduct.signed_card()
    tried: list[Delivery] = []
    if to:
        await core.driver.perform(Effects([PutOutbox(OutboxRow(row.id, url, "pending", at=core.now())) for url in to]))
        tried = [one async for one in app.node.publisher.deliver() if one.row.record == row.id]
    states = [one.state for one in core.store.deliveries_of(row.id) if one.url in to]
    value = {
        "record": row.id,
        "digest": app.node.conduct.digest,
        "envelope": row.envelope.decode(),
        "to": to,
        "delivered": states.count("delivered"),
        "pending": states.count("pending"),
        "problems": sorted({one.detail for one in tried if one.row.state != "delivered" and one.detail}),
    }
    yield Result(value, ok=not to or ("delivered" in states and "refused" not in states))


@operation("predict", orders="peer about at")
async def _predict(app: App, given: Arguments) -> Outcome:
    """Computes what a peer decides on somebody; asks it for its card first where an address is given."""
    core = app.node.core
    url = given.get("at", "")
    peer = await _met(app, url, given["peer"]) if url else named(app, given["peer"])
    about = named(app, given.get("about") or "me")
    name = _domain(app, given.get("subject", ""))
    if peer == core.me:  # by its settings of today, and its operator's word
        used, found = app.node.conduct.card, app.node.conduct.decide(about, name)
    else:
        used, found = app.node.conduct.predict(peer, about, name, core.now(), given.get("invited", True))
    receipts = sum(row.author in (peer, *used.verifiers) for row in core.store.receipts_of(about, 0, 1_000_000))
    value = {"peer": peer, "about": about, "domain": name, "card": used.digest, "receipts": receipts, **_told(found)}
    yield Result(value, ok=found.engage)


async def _met(app: App, url: str, wanted: str) -> NodeId:
    """Takes in the card of the node at an address, and its keys first; returns who that is.

    Raises:
        NotFound: it is another node than the one that is meant.
    """
    check_address(url)
    await app.node.subscriber.keys.fetch(url.rstrip("/"), None)
    answer = await app.node.core.caller.get(url.rstrip("/"), "/policy")
    if answer.status != 200:
        raise their_refusal(url, answer)
    author = named_author(envelope.read(answer.body, app.node.core.settings.limits))
    if author is None or not author.startswith(wanted):
        raise NotFound(f"{url} is the node {author}, not {wanted}: check address and id with its operator")
    try:
        await app.node.inbox.receive(answer.body, Via.FEED, url)
    except Refused as refusal:
        if refusal.reason is not Reason.DUPLICATE:
            raise
    return author


def _domain(app: App, subject: str) -> str:
    """Returns the domain that is meant: that of a skill, by its id, or the word itself."""
    if len(subject) >= ENOUGH_OF_AN_ID and is_content_id(subject.ljust(64, "0")):
        try:
            return domain(find_skill(app.node.core, subject).tags)
        except NotFound:
            if is_content_id(subject):
                raise
    return subject


# ---- replay


@operation("replay")
async def _replay(app: App, given: Arguments) -> Outcome:
    """Works decisions out again: this node's own, or those in the file of somebody's ledger."""
    if given.get("path"):
        reader = Reader(app.node.core.settings.limits)
        for number in reader.read(files.lines_of(Path(given["path"]))):
            if not number % 1_000:
                yield Progress(number, number, "lines")
        found = list(reader.found.replayed())
        flaws = [{"where": one.where, "what": one.what} for one in reader.found.flaws]
        node: str = reader.found.node
    else:
        found, flaws, node = [], [], app.node.core.me
        people = [named(app, given["id"])] if given.get("id") else _decided_on(app)
        for number, who in enumerate(people, 1):
            found += [app.node.conduct.replay(row) for row in app.node.conduct.decisions(who)]
            yield Progress(number, len(people), who)
    shown = [_replayed(one) for one in found]
    differing = sum(not one["same"] for one in shown)
    value = {"node": node, "decisions": shown, "count": len(shown), "differing": differing, "flaws": flaws}
    yield Result(value, ok=not differing and not flaws)


def _decided_on(app: App) -> list[NodeId]:
    found: list[NodeId] = []
    while page := app.node.core.store.subjects(found[-1] if found else "", 1_000):
        found += page
    return found


def _replayed(one: Replayed) -> dict[str, Any]:
    was = one.decided
    return {
        "record": one.record,
        "about": was.about,
        "domain": was.domain,
        "at": iso(was.now),
        "entries": was.entries,
        "card": was.card,
        "engage": was.engage,
        "rung": was.rung,
        "reason": was.reason,
        "same": one.same,
        "why": one.why,
    }
