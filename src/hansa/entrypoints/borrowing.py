"""Borrows processors and memory for a program, in one call (M19): asks, waits, and says who granted what.

What has not come in time is asked for no more, and what is granted after that is given back untaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import HansaError, Unavailable, UsageError
from hansa.kernel.instant import HOUR, MINUTE, iso
from hansa.kernel.resources import UNITS, Resource
from hansa.kernel.verdict import BY_CODE
from hansa.market.lease_states import State
from hansa.market.messages import request_id
from hansa.node.borrowing import Loan

POLL_SECONDS = 0.05

_FACTORS = ((Resource.COMPUTATIONAL_POWER, 1000, "cpu_cores"), (Resource.MEMORY_CAPACITY, 1024, "memory_gb"))

Ask = Callable[..., Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Want:
    """Units of a resource, and a price as people write it."""

    resource: Resource
    amount: int
    price: str

    def arguments(self, price: str) -> dict[str, Any]:
        """Returns it as the arguments of an operation that calls the price so."""
        return {"resource": self.resource.value, "amount": self.amount, price: self.price}


def wants(cpu_cores: float, memory_gb: float, prices: tuple[str, str]) -> list[Want]:
    """Returns what is asked for, in units.

    Raises:
        UsageError: nothing is, or one of them is no number of 0 or more, or less than one unit.
    """
    found = []
    for (resource, factor, name), given, price in zip(_FACTORS, (cpu_cores, memory_gb), prices, strict=True):
        amount = int(_number(given, name) * factor)
        if given and amount < 1:
            raise UsageError(f"{name} is {given}: less than one {UNITS[resource].name}")
        if amount:
            found.append(Want(resource, amount, str(price)))
    if not found:
        raise UsageError("ask for processors, for memory, or for both: cpu_cores and memory_gb are 0")
    return found


def _number(given: float, name: str) -> Decimal:
    try:
        number = Decimal(str(given))
        if not number.is_finite() or not 0 <= number < 2**40:
            raise InvalidOperation
    except InvalidOperation:
        raise UsageError(f"{name} is {str(given)[:40]}: a number from 0 on") from None
    return number


async def borrow(
    app: App, ask: Ask, wanted: Sequence[Want], hours: float, urgency: int, wait_seconds: float
) -> dict[str, Any]:
    """Returns what was granted of what is wanted, and by whom.

    Raises:
        UsageError: an argument makes no sense.
        Unavailable: nothing was granted in time; or the node takes no part in the overlay.
    """
    if app.network is None:
        raise Unavailable("the node takes no part in the overlay: start it first, and leave overlay.on as it is")
    lasts = int(_number(hours, "duration_hours") * HOUR)
    within = lasts + int(_number(wait_seconds, "wait_seconds") * 1000) + MINUTE
    placed: dict[int, Want] = {}
    drawn: list[dict[str, Any]] = []
    try:
        for want in wanted:
            value = (
                await ask("market.request", lasts=lasts, within=within, urgency=urgency, **want.arguments("most"))
            ).value
            drawn += [one | {"resource": want.resource.value} for one in value["drawn"]]
            if value["number"]:
                placed[value["number"]] = want
        await _granted(app, placed, wait_seconds)
    finally:
        why = _why(app, placed)
        missing = _missing(app, placed)
        await _take_back(app, placed)
    granted = [*drawn, *(_view(one) for one in _active(app, placed))]
    if not granted:
        raise Unavailable(f"nobody lent anything within {wait_seconds:g} s: {why or 'no lender answered'}")
    return {"granted": granted, "missing": missing, "why": why if missing else ""}


async def _granted(app: App, placed: dict[int, Want], seconds: float) -> None:
    """Waits until all that was placed is granted, or the time is up."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        has = sum(one.ask.amount for one in _active(app, placed))
        if has >= sum(one.amount for one in _left(app, placed).values()):
            return
        await asyncio.sleep(POLL_SECONDS)


def _left(app: App, placed: dict[int, Want]) -> dict[int, Any]:
    requests = app.node.market.stall.requests(app.node.core.now())
    return {number: one for number, one in requests.items() if number in placed}


def _active(app: App, placed: dict[int, Want]) -> list[Loan]:
    loans = app.node.market.borrower.loans.values()
    return [one for one in loans if one.request in placed and one.lease and one.lease.state is State.ACTIVE]


def _missing(app: App, placed: dict[int, Want]) -> dict[str, int]:
    """Returns the units that were asked for and not granted, by resource."""
    found = {}
    for number, one in _left(app, placed).items():
        has = sum(loan.ask.amount for loan in _active(app, placed) if loan.request == number)
        if has < one.amount:
            found[one.resource.value] = one.amount - has
    return found


def _why(app: App, placed: dict[int, Want]) -> str:
    """Returns in words why something is missing: what lenders refused, else why nothing fits; "" for nothing."""
    core = app.node.core
    own = {request_id(core.me, one): one for one in _left(app, placed).values()}
    codes = dict.fromkeys(
        one.why for one in app.node.market.borrower.loans.values() if one.request in placed and one.why
    )
    refused = [f"{BY_CODE[code].code}: {BY_CODE[code].text}" for code in codes if code in BY_CODE]
    if refused:
        return "refused: " + "; ".join(refused)
    unmet = [one for one in app.node.market.look().cleared.unmet if one.request in own]
    return "; ".join(f"{own[one.request].resource.value}: {one.detail}" for one in unmet)


async def _take_back(app: App, placed: dict[int, Want]) -> None:
    market = app.node.market
    for number in _left(app, placed):
        await app.node.orders.withdraw(str(number))
    for id_, loan in list(market.borrower.loans.items()):
        if loan.request in placed and loan.waits:
            try:
                await market.release(id_)
            except HansaError:
                continue  # it was answered meanwhile


def _view(loan: Loan) -> dict[str, Any]:
    ask = loan.ask
    return {
        "lease": ask.id, "lender": loan.lender, "resource": ask.resource.value, "amount": ask.amount,
        "price": ask.price, "fence": loan.lease.fence if loan.lease is not None else 0,
        "begins": iso(ask.window.begins), "ends": iso(ask.window.ends),
    }  # fmt: skip
