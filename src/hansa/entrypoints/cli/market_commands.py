"""Commands on the market: lend, borrow, and see what is owed, what goes where and what will be needed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hansa.entrypoints.cli.client import call, finish
from hansa.entrypoints.cli.options import AsJson, Home, epilog, words
from hansa.entrypoints.cli.show import hanging, moment, percent, say, short, started, table
from hansa.kernel.resources import Resource
from hansa.market import quantities
from hansa.market.quantities import credits, per

cli = typer.Typer()
market = typer.Typer(no_args_is_help=True, help="Lend and borrow: offers, requests, leases, and what is owed.")
cli.add_typer(market, name="market")

RESOURCES = ", ".join(Resource)
OfResource = Annotated[
    str,
    typer.Argument(metavar="RESOURCE", help=f"One of {RESOURCES}; its start will do.", autocompletion=words(*Resource)),
]
Amount = Annotated[
    list[str],
    typer.Argument(metavar="AMOUNT…", help="2 cores, 250m (thousandths of one), 4 GiB, 512 MiB, or a number."),
]
From = Annotated[str, typer.Option("--from", help="When it begins: a time, or 2h from now.", show_default="now")]

Topic = Annotated[str, typer.Option(help="What copies are about: a tag; of what is copied alone.")]

_UNANSWERED = "nobody is told while no node is up: hansa up"


@market.command(
    epilog=epilog(
        "hansa market offer computational_power 2 cores --price 0.06 --hours 8",
        "hansa market offer memory 4 GiB --price 0 --hours 12 --from 2026-11-23T18:00Z",
    )
)
def offer(
    resource: OfResource,
    amount: Amount,
    *,
    price: Annotated[str, typer.Option(help="Credits, for a core or GiB and hour; others, see above.")] = "0",
    hours: Annotated[str, typer.Option(help="For how long it is on offer.")] = "8",
    begins: From = "",
    topic: Topic = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put something on offer. Others borrow of it; this node alone decides to whom it lends.

    The price is that of an hour of a core, of a GiB, or of a job at a time; of what is copied, of one copy. The setting
    overlay.capacities bounds what is lent at once, whatever is on offer.
    """
    value = call(
        home, "market.offer", as_json, resource=resource, amount=" ".join(amount), price=price, hours=hours,
        topic=topic, **({"from": begins} if begins else {}),
    ).value  # fmt: skip
    if as_json:
        return
    kind = value["resource"]
    at = f"{_price(kind, value['price'])} credits for a {per(Resource(kind))}"
    say(f"on offer as {short(value['offer'])}: {_amount(kind, value['amount'])} at {at}, until {moment(value['ends'])}")
    if value["capacity"] is not None and value["capacity"] < value["amount"]:
        say(f"of all offers {_amount(kind, value['capacity'])} are lent at once: the setting overlay.capacities")
    _tell(value)


@market.command(
    epilog=epilog(
        "hansa market request computational_power 1500m --most 0.1 --lasts 30m --within 8h",
        "hansa market request memory 2 GiB --least '512 MiB' --urgency 800 --most 0.02 --wait 30s",
    )
)
def request(
    resource: OfResource,
    amount: Amount,
    *,
    least: Annotated[str, typer.Option(help="Fewer are of no use; by default any are.")] = "",
    urgency: Annotated[int, typer.Option(help="0 to 1000: raises the price, up to twice, and your turn.")] = 0,
    most: Annotated[str, typer.Option(help="Credits paid at most, as for an offer; 0 takes what is free.")] = "0",
    lasts: Annotated[str, typer.Option(help="For how long: 30m, 2h.", show_default="1h")] = "",
    within: Annotated[str, typer.Option(help="By when it must be over.", show_default="an hour more")] = "",
    begins: From = "",
    topic: Topic = "",
    wait: Annotated[str, typer.Option(help="Wait so long until all of it is granted: 30s. Else exit code 1.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask for something. Lenders are asked by themselves as soon as what they offer fits.

    What this node has leased ahead (the setting trading.ahead) is used first. hansa market match says why nothing
    fits, and hansa market leases what came of it.
    """
    given = {"least": least, "lasts": lasts, "within": within, "from": begins, "wait": wait, "topic": topic}
    result = call(
        home, "market.request", as_json, resource=resource, amount=" ".join(amount), urgency=urgency, most=most,
        **{name: text for name, text in given.items() if text},
    )  # fmt: skip
    if not as_json:
        _show_request(result.value)
    finish(result)


def _show_request(value: dict[str, Any]) -> None:
    for one in value["drawn"]:
        say(f"{_amount(value['resource'], one['amount'])} are leased ahead already: lease {short(one['lease'])}")
    if value["number"]:
        what = _amount(value["resource"], value["asked"])
        say(f"asked for as request {value['number']}: {what}, to be over by {moment(value['ends'])}")
        _tell(value)
    for one in value.get("granted", ()):
        what = f"{_amount(value['resource'], one['amount'])} at {_price(value['resource'], one['price'])}"
        say(f"granted: {what} by {one['lender']}, lease {short(one['lease'])}")
    if value.get("missing", 0) > 0:
        say(f"not granted yet: {_amount(value['resource'], value['missing'])} (hansa market match says why)")


@market.command("list", epilog=epilog("hansa market list", "hansa market list --json"))
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List what is on offer and asked for. This node's own first, then what others say over the overlay."""
    value = call(home, "market.list", as_json).value
    if as_json:
        return
    offers = [
        (short(one["offer"]), one["resource"], _amount(one["resource"], one["free"]),
         _price(one["resource"], one["price"]), _who(one, "lender"), moment(one["ends"]))
        for one in value["offers"]
    ]  # fmt: skip
    if offers:
        table(("offer", "resource", "free", "price", "lender", "until"), offers, right=("free", "price"))
    else:
        say("nothing is on offer")
    requests = [
        (_number(one), short(one["request"]), one["resource"],
         _amount(one["resource"], one["missing"]) if one["missing"] else "met",
         _price(one["resource"], one["most"]), _who(one, "borrower"), moment(one["ends"]))
        for one in value["requests"]
    ]  # fmt: skip
    if requests:
        columns = ("#", "request", "resource", "missing", "pays", "borrower", "until")
        table(columns, requests, right=("missing", "pays"), spare=("#",))
    else:
        say("nothing is asked for")
    if not value["up"]:
        say("what others say is heard only while a node is up: hansa up")


@market.command(epilog=epilog("hansa market withdraw 1", "hansa market withdraw 4fc21b7e"))
def withdraw(
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="Of an offer or request, or its start; or a request's number.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take an offer or a request back. What is leased stays leased."""
    value = call(home, "market.withdraw", as_json, id=id_).value
    if not as_json:
        say(f"{value['what']} {short(value['id'])} is withdrawn; leases go on (hansa market leases)")


@market.command(epilog=epilog("hansa market match", "hansa market match --json"))
def match(home: Home = None, as_json: AsJson = False) -> None:
    """Show who would get what now, and why. Nobody is asked for anything by this. It takes a node that is up."""
    value = call(home, "market.match", as_json).value
    if as_json:
        return
    say(f"{value['requests']} requests, {value['offers']} offers; shares are alike by {value['fairness'] / 1000:.2f}")
    for one in value["matches"]:
        what = f"{_amount(one['resource'], one['amount'])} of {one['resource']}"
        hanging(
            "+ ",
            f"{what} at {_price(one['resource'], one['price'])} for {_request_of(one)}, by {started(one['lender'])}",
        )
        hanging("    ", one["because"])
    for one in value["left_out"]:
        hanging("! ", f"{started(one['lender'])} offers, too, and is not asked: it {one['why']}")
    for one in value["unmet"]:
        what = f"{_amount(one['resource'], one['units'])} of {one['resource']}" if one["resource"] else one["units"]
        hanging("- ", f"{what} for {_request_of(one)}: {one['why'].replace('_', ' ')}")
        hanging("    ", one["detail"])


@market.command(epilog=epilog("hansa market leases", "hansa market leases --lent --all --limit 20"))
def leases(
    lent: Annotated[bool, typer.Option("--lent", help="Only those that this node gave.")] = False,
    borrowed: Annotated[bool, typer.Option("--borrowed", help="Only those that it took.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    before: Annotated[int, typer.Option(min=0, help="Only those with a lower number.", show_default="newest")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many to show.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List leases, the newest first. Those that go on, or all of them (--all)."""
    value = call(
        home, "market.leases", as_json, lent=lent, borrowed=borrowed, all=every, before=before, limit=limit
    ).value
    if as_json:
        return
    rows = [
        (one["number"], short(one["lease"]), "lent" if one["lent"] else "borrowed",
         _amount(one["resource"], one["amount"]), one["state"], credits(one["cost"]), one["peer"],
         moment(one["begins"]), moment(one["ends"]))
        for one in value["leases"]
    ]  # fmt: skip
    if not rows:
        say("no leases" if every else "no lease goes on (--all shows those that are over)")
        return
    table(
        ("#", "lease", "side", "amount", "state", "cost", "node", "from", "until"), rows, right=("#", "amount", "cost")
    )
    if value["next"]:
        say(f"more: --before {value['next']}")


@market.command(epilog=epilog("hansa market release 91d3b0c8"))
def release(
    lease: Annotated[str, typer.Argument(metavar="LEASE", help="A lease's id, or the start of it.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give back what was borrowed. What was used, or a share of what was reserved, is owed."""
    value = call(home, "market.release", as_json, id=lease).value
    if not as_json:
        say(f"lease {short(value['lease'])} goes back to {value['lender']} (it was {value['state']})")
        say("once both have signed what it cost: hansa market leases --all, and what is owed: hansa market accounts")
        _tell(value)


@market.command(epilog=epilog("hansa market accounts", "hansa market accounts --check"))
def accounts(
    check: Annotated[bool, typer.Option("--check", help="Count again from the signed records of all leases.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show who owes whom. With --check, exit code 1 when the signed records come to something else."""
    result = call(home, "market.accounts", as_json, check=check)
    value = result.value
    if not as_json:
        rows = [(one["peer"], credits(max(0, one["owes"])), credits(max(0, -one["owes"]))) for one in value["balances"]]
        if rows:
            table(("node", "owes this node", "is owed by it"), rows, right=("owes this node", "is owed by it"))
        else:
            say("nobody owes anybody anything")
        if check and value["same"]:
            say(f"the signed records say the same: {value['entries']} settled leases")
        for one in value.get("differing", ()):
            say(f"! {one['peer']}: kept {credits(one['owes'])}, by the records {credits(one['recounted'])}")
    finish(result)


@market.command(epilog=epilog("hansa market flows", "hansa market flows --hours 168 --json"))
def flows(
    hours: Annotated[int, typer.Option(min=1, max=672, help="Hours that are looked back.")] = 24,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what went from whom to whom. Six figures of this node's own leases and copies; - is not known.

    efficiency: had, of what was asked for. optimal routing: packets that arrived by the best way, of all. bottlenecks:
    relays by which half of it goes, or whom no other way gets around.
    """
    value = call(home, "market.flows", as_json, hours=hours).value
    if as_json:
        return
    sees = value["sees"]
    say(f"{value['total']} transfers since {moment(value['begins'])}, with {sees['partners']} partners")
    say(f"made of {sees['asked']} leases asked for and {sees['copies']} copies: those that this node has an end in")
    say(f"efficiency {_share(value['efficiency'])}; optimal routing {_share(value['optimal_routing'])}")
    for name, share in value["distribution"].items():
        say(f"{percent(share):>7}  {name}")
    if value["pairs"]:
        rows = [(one["transfers"], credits(one["cost"]), one["lender"], one["borrower"]) for one in value["pairs"]]
        table(("transfers", "cost", "node", "to"), rows, right=("transfers", "cost"))
    for one in value["bottlenecks"]:
        only = f"; nobody gets around it to {', '.join(map(started, one['only_to']))}" if one["only_to"] else ""
        hanging("! ", f"{one['relay']}: {percent(one['share'])} goes by it, {percent(one['arrived'])} arrives{only}")


@market.command(epilog=epilog("hansa market forecast computational_power", "hansa market forecast memory --hours 48"))
def forecast(
    resource: OfResource,
    hours: Annotated[int, typer.Option(min=1, max=168, help="Hours ahead.")] = 24,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what will be needed, by hour. Exit code 1 while too little is known: two days of leases."""
    result = call(home, "market.forecast", as_json, resource=resource, hours=hours)
    value = result.value
    if not as_json:
        kind = value["resource"]
        rows = [
            (moment(one["hour"]), _amount(kind, one["expected"]),
             f"{_amount(kind, one['low'])} to {_amount(kind, one['high'])}", _amount(kind, one["leased"]))
            for one in value["forecast"]
        ]  # fmt: skip
        if rows:
            say(f"{kind}, by {value['method']} over {value['known_hours']} hours; four of five are within")
            table(("hour", "expected", "within", "leased"), rows, right=("expected", "within", "leased"))
            on = "is asked for ahead" if value["ahead"] else "is not asked for ahead: the setting trading.ahead is off"
            say(f"what is short {on}")
        else:
            say(
                f"too little is known of {kind}: {value['known_hours']} hours, of {value['needed_hours']} that it takes"
            )
    finish(result)


# ---- words


def _amount(resource: str, units: int) -> str:
    return quantities.amount(Resource(resource), units)


def _price(resource: str, millionths: int) -> str:
    return quantities.price(Resource(resource), millionths)


def _share(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _who(one: dict[str, Any], role: str) -> str:
    return "this node" if one["own"] else str(one[role])


def _number(one: dict[str, Any]) -> str:
    return "ahead" if one["ahead"] else str(one.get("number", ""))


def _request_of(one: dict[str, Any]) -> str:
    return f"request {one['number']}" if one["number"] else f"{short(one['request'])} of another node"


def _tell(value: dict[str, Any]) -> None:
    if not value["up"]:
        say(_UNANSWERED)
    elif not value["links"]:
        say("no link now: it is told as soon as one stands (hansa net status)")
