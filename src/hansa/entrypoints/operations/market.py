"""Operations on the market: offers, requests, leases, accounts, flows and forecasts.

Amounts, prices and times are taken as people write them, or as whole numbers of the unit that they are kept in
(`market.quantities`); what comes out is whole numbers. Offers and requests are this node's own word: they are kept also
while no node is up, and told as soon as one is. What others say is heard only over the overlay.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import NotFound, Unavailable, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant, iso
from hansa.kernel.plain import plain
from hansa.kernel.resources import UNITS, Resource
from hansa.market.accounts import Accounts
from hansa.market.flows import USED
from hansa.market.lease_states import State
from hansa.market.messages import request_id
from hansa.market.model import Window
from hansa.market.quantities import MILLION, amount_of, credits_of, moment_of, price_of, resource_of, span_of
from hansa.market.usage import AHEAD, LONGEST
from hansa.node.borrowing import Loan
from hansa.node.flow_views import FlowViews, drawn, since
from hansa.node.lease_list import OVER_UPTO
from hansa.node.market_views import MarketViews
from hansa.node.orders import START, Placed

PAGE = 100
LIVE = ("asked", "granted", "active", "metered")
"""States of leases of which something is still to come."""

MOST_HOURS = LONGEST
"""Hours of flows at most; of a forecast `MOST_AHEAD`."""

MOST_AHEAD = 168

MAX_TOPIC = 64
POLL_SECONDS = 0.1
TRIES = 3
"""How often balances are counted again that change meanwhile."""


def _views(app: App) -> MarketViews:
    return MarketViews(app.node.market, app.node.core.me)


def _flow_views(app: App) -> FlowViews:
    return FlowViews(app.node.core.me, app.node.past, app.node.ahead)


def _told(app: App) -> dict[str, Any]:
    """Returns whether others are told now, and over how many links."""
    return {"up": app.network is not None, "links": len(app.network.neighbours) if app.network is not None else 0}


def _network(app: App) -> None:
    """Raises Unavailable where this node does not hear of others."""
    if not app.config.overlay.on:
        raise Unavailable("this node takes no part in the overlay: the setting overlay.on is false")
    if app.network is None:
        raise Unavailable(f"no node is up in {app.home}, and what others offer is heard only while one is: hansa up")


def _whole(given: Arguments, name: str, least: int, most: int, otherwise: int) -> int:
    value = given.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UsageError(f"{name} is a whole number from {least} to {most}, not {plain(str(value), 40)}")
    return value


# ---- own word


@operation("market.offer", orders="resource amount price hours topic")
async def _offer(app: App, given: Arguments) -> Outcome:
    resource = resource_of(str(given["resource"]))
    amount, price = amount_of(resource, given["amount"]), price_of(resource, given.get("price", 0), "--price")
    now = app.node.core.now()
    begins = moment_of(given.get("from"), now, "--from")
    window = Window(begins, Instant(begins + span_of(_hours(given), "--hours")))
    id_ = await app.node.orders.offer(resource, amount, price, window, _topic(given))
    capacity = app.config.overlay.offers().get(resource)
    value = {
        "offer": id_, "resource": resource.value, "amount": amount, "unit": UNITS[resource].name, "price": price,
        "begins": iso(window.begins), "ends": iso(window.ends), "capacity": capacity,
    }  # fmt: skip
    yield Result(value | _told(app))


def _topic(given: Arguments) -> str:
    topic = str(given.get("topic") or "").strip()
    if len(topic) > MAX_TOPIC or not topic.isprintable():
        raise UsageError(f"--topic has at most {MAX_TOPIC} characters, all of them printable")
    return topic


def _hours(given: Arguments) -> int:
    """Returns milliseconds: `hours` may be given as a number, or as text with a fraction."""
    text = str(given["hours"]).strip()
    try:
        return credits_of(text, "--hours") * HOUR // MILLION  # hours, read as any decimal number
    except UsageError:
        raise UsageError(f"--hours {plain(text, 40)} is no number of hours: write 8 or 0.5") from None


@operation("market.request", orders="resource amount least lasts within most wait urgency")
async def _request(app: App, given: Arguments) -> Outcome:
    resource = resource_of(str(given["resource"]))
    amount = amount_of(resource, given["amount"])
    least = amount_of(resource, given["least"]) if given.get("least") else 1
    now = app.node.core.now()
    begins = moment_of(given.get("from"), now, "--from")
    lasts = _lasts(resource, given.get("lasts"))
    within = span_of(given.get("within") or lasts + HOUR, "--within")
    if within < lasts:
        raise UsageError("--within is shorter than --lasts: it must be over by then")
    urgency, most = _whole(given, "urgency", 0, 1000, 0), price_of(resource, given.get("most", 0), "--most")
    window = Window(begins, Instant(begins + within))
    wait = span_of(given["wait"], "--wait") if given.get("wait") else 0
    if wait:
        _network(app)
    placed = await app.node.orders.request(resource, amount, least, urgency, most, window, lasts, _topic(given))
    value = {
        "request": placed.id, "number": placed.number, "resource": resource.value, "amount": amount,
        "unit": UNITS[resource].name, "asked": placed.amount, "drawn": drawn(placed.drawn), "begins": iso(begins),
        "ends": iso(begins + within), "lasts_seconds": lasts // 1000,
    }  # fmt: skip
    if not wait:
        yield Result(value | _told(app))
        return
    async for step in _granted(app, placed, wait):
        yield step
    loans = _active(app, placed.number)
    granted = [
        {"lease": one.ask.id, "lender": one.lender, "amount": one.ask.amount, "price": one.ask.price} for one in loans
    ]
    missing = placed.amount - sum(one.ask.amount for one in loans)
    yield Result(value | _told(app) | {"granted": granted, "missing": missing}, ok=missing <= 0)


async def _granted(app: App, placed: Placed, wait: int) -> Outcome:
    """Waits until all of a request is granted, or the time is up."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait / 1000
    while loop.time() < end:
        has = sum(one.ask.amount for one in _active(app, placed.number))
        yield Progress(has, placed.amount, "units granted")
        if has >= placed.amount:
            return
        await asyncio.sleep(POLL_SECONDS)


def _active(app: App, number: int) -> list[Loan]:
    """Returns what was lent for a request and was taken."""
    mine = [one for one in app.node.market.borrower.loans.values() if one.request == number and one.lease]
    return [one for one in mine if one.lease and one.lease.state in USED and one.lease.state is not State.BROKEN]


def _lasts(resource: Resource, given: Any) -> int:
    if not UNITS[resource].leased:
        if given:
            raise UsageError(f"{resource} is copied, and is kept: leave out --lasts")
        return 0
    return span_of(given or HOUR, "--lasts")


@operation("market.withdraw", orders="id")
async def _withdraw(app: App, given: Arguments) -> Outcome:
    what, id_ = await app.node.orders.withdraw(str(given["id"]).strip())
    yield Result({"what": what, "id": id_} | _told(app))


# ---- looking


@operation("market.list")
async def _list(app: App, _: Arguments) -> Outcome:
    listed = _views(app).listing()
    for one in listed["requests"]:
        one["ahead"] = one.get("number", 0) >= AHEAD
    counts = {"offered": len(listed["offers"]), "requested": len(listed["requests"])}
    yield Result(listed | counts | _told(app))


@operation("market.match")
async def _match(app: App, _: Arguments) -> Outcome:
    """Says what a clearing comes to now; nobody is asked for anything by this."""
    _network(app)
    own = {request_id(app.node.core.me, one): number for number, one in _requests(app).items()}
    value = _views(app).matching()
    of = {one["request"]: one["resource"] for one in _views(app).listing()["requests"]}
    for one in [*value["matches"], *value["unmet"]]:
        one["number"] = own.get(one["request"])
    for one in value["unmet"]:
        one["resource"] = of.get(one["request"], "")
    yield Result(value)


def _requests(app: App) -> dict[int, Any]:
    return dict(app.node.market.stall.requests(app.node.core.now()))


@operation("market.leases")
async def _leases(app: App, given: Arguments) -> Outcome:
    """Lists leases, the newest first: those that go on, or all of them."""
    views, limit = _views(app), _whole(given, "limit", 1, 1000, 50)
    lent, borrowed, every = (bool(given.get(name)) for name in ("lent", "borrowed", "all"))
    before = _whole(given, "before", 0, 2**53, 0) or None
    over = 0 if every else int(app.node.core.store.mark(OVER_UPTO) or 0)  # up to there all are over
    shown: list[dict[str, Any]] = []
    more = False
    while not more and (page := views.leases(before, PAGE)):
        for one in page:
            before = one["number"]
            is_side = (lent or not borrowed) if one["lent"] else (borrowed or not lent)
            if before > over and is_side and (every or one["state"] in LIVE):
                more = len(shown) == limit
                shown += [] if more else [one]
            if more or before <= over:
                break
        if page[-1]["number"] <= over:
            break
        await asyncio.sleep(0)  # others have their turn
    yield Result({"leases": shown, "count": len(shown), "next": shown[-1]["number"] if more else None})


@operation("market.release", orders="id")
async def _release(app: App, given: Arguments) -> Outcome:
    """Gives a lease back, which this node has borrowed."""
    start, market = str(given["id"]).strip().lower(), app.node.market
    held = [one for one in market.borrower.loans if len(start) >= START and one.startswith(start)]
    if not held and any(len(start) >= START and one.id.startswith(start) for one in market.lender.book.all()):
        raise UsageError(f"this node lends {plain(start, 64)}: only its borrower can give it back")
    if len(held) != 1:
        which = "more than one" if held else "no"
        raise NotFound(f"{which} lease of this node's begins with {plain(start, 64) or 'nothing'}: hansa market leases")
    loan = await market.release(ContentId(held[0]))
    state = loan.lease.state.value if loan.lease is not None else "asked"
    yield Result({"lease": held[0], "lender": loan.lender, "state": state} | _told(app))


@operation("market.accounts")
async def _accounts(app: App, given: Arguments) -> Outcome:
    """Says who owes whom; with `check` also what the signed records of all leases come to."""
    rows = _views(app).balances()
    value: dict[str, Any] = {"balances": rows, "count": len(rows), "sum": sum(one["owes"] for one in rows)}
    if not given.get("check"):
        yield Result(value)
        return
    accounts, held = Accounts(), _balances(app)
    for _ in range(TRIES):
        for done, total, counted in app.node.market.balances.recounting():
            accounts = counted
            yield Progress(done, total, "leases counted again")
            await asyncio.sleep(0)  # others have their turn
        before, held = held, _balances(app)
        if held == before:  # nothing was settled meanwhile
            break
    me = app.node.core.me
    peers = [one.debtor if one.creditor == me else one.creditor for one in accounts.entries()]
    recounted = {peer: accounts.between(me, peer) for peer in dict.fromkeys([*held, *peers])}
    wrong = [
        {"peer": peer, "owes": held.get(peer, 0), "recounted": many}
        for peer, many in recounted.items()
        if many != held.get(peer, 0)
    ]
    more = {"entries": len(accounts.entries()), "same": not wrong, "differing": wrong}
    yield Result(value | more, ok=not wrong)


def _balances(app: App) -> dict[NodeId, int]:
    return dict(app.node.market.balances.all())


# ---- figures


@operation("market.flows")
async def _flows(app: App, given: Arguments) -> Outcome:
    hours = _whole(given, "hours", 1, MOST_HOURS, 24)
    window = since(app.node.core.now(), hours)
    async for step in _read(app, window.begins):
        yield step
    yield Result({"hours": hours} | _flow_views(app).flows(window, app.network))


@operation("market.forecast")
async def _forecast(app: App, given: Arguments) -> Outcome:
    resource, hours = resource_of(str(given["resource"])), _whole(given, "hours", 1, MOST_AHEAD, 24)
    async for step in _read(app, Instant(app.node.core.now() - LONGEST * HOUR)):
        yield step
    value = _flow_views(app).forecast(resource, hours)
    yield Result(value | {"ahead": app.config.trading.ahead}, ok=bool(value["forecast"]))


async def _read(app: App, begins: Instant) -> Outcome:
    """Reads the leases since an instant, and says how far it is where that takes long."""
    for done, total in app.node.past.reading(begins):
        if total > PAGE:
            yield Progress(done, total, "leases read")
        await asyncio.sleep(0)  # others have their turn
