"""The operator's word on the market: what is put on offer, asked for and taken back, checked before it is kept (M6)."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import MINUTE
from hansa.kernel.plain import plain
from hansa.kernel.resources import UNITS, Resource
from hansa.market import accounts, quantities
from hansa.market.messages import LONGEST_MS, Offered, Requested, as_offer, as_request, request_id
from hansa.market.model import URGENCY, Window, cost
from hansa.market.quantities import span
from hansa.market.usage import AHEAD
from hansa.node.ahead import TURN, Ahead, Drawn
from hansa.node.copies import COPIED
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.market import Market
from hansa.node.rows import PutMark

SLACK_MS = MINUTE
"""How long ago a window may have begun that is said to begin now: commands take their time."""

NUMBER = "requests"
"""Mark with the number of the last request of the operator's."""

START, DIGITS = 4, 8
"""Characters from which on a text may be the start of an id; one of digits alone, which may be a number, has more."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a request.

    Attributes:
        number: under which it stands; 0 where all of it was leased ahead already. `id`: likewise, or "".
        amount: units that are asked for; `drawn`: what was leased ahead and is used for it.
    """

    number: int
    id: str
    amount: int
    drawn: tuple[Drawn, ...] = ()


class Orders:
    """Offers and requests of one node's operator."""

    def __init__(self, core: Core, market: Market, ahead: Ahead) -> None:
        """Works on the market's stall."""
        self._core = core
        self._market = market
        self._ahead = ahead

    async def offer(self, resource: Resource, amount: int, price: int, window: Window, topic: str = "") -> ContentId:
        """Puts something on offer; returns its id.

        Args:
            amount: units. price: of one unit and hour, or of a copy, in millionths of a credit.
            topic: what copies are about; "" for anything.

        Raises:
            UsageError: the window is past or ends before it begins, nobody could pay for it, or there are too many.
        """
        async with self._core.turns.of(TURN):
            self._check_window(window)
            _check_cost(resource, amount, price, window.lasts)
            one = Offered(
                resource=resource,
                amount=amount,
                price=price,
                begins=window.begins,
                ends=window.ends,
                free=amount,
                topic=topic,
            )
            try:
                as_offer(self._core.me, one)
            except Refused as refused:
                raise UsageError(refused.detail) from None
            return await self._market.stall.offer(one)

    async def request(
        self, resource: Resource, amount: int, least: int, urgency: int, most: int, window: Window, lasts: int,
        topic: str = "",
    ) -> Placed:  # fmt: skip
        """Asks for something: first of what was leased ahead, and of others for the rest.

        Args:
            amount: units; `least` of them are of use.
            urgency: 0 to 1000. most: what is paid for one unit and hour, or for a copy, in millionths of a credit.
            window: from when on, and by when it must be over.
            lasts: milliseconds; 0 for what is copied. topic: what copies are to be about; "" for anything.

        Raises:
            UsageError: it can't be met by anything, or there are too many.
        """
        async with self._core.turns.of(TURN):
            self._check_window(window)
            if not 0 <= urgency <= URGENCY:
                raise UsageError(f"the urgency is {urgency}: from 0 to {URGENCY}")
            if not 1 <= least <= amount:
                told = quantities.amount(resource, least), quantities.amount(resource, amount)
                raise UsageError(
                    f"the least that is of use is {told[0]}: no more than the {told[1]} that are asked for"
                )
            if lasts > LONGEST_MS:
                raise UsageError(f"no lease lasts longer than {span(LONGEST_MS)}: ask for less time")
            if not UNITS[resource].leased and resource not in COPIED:
                raise UsageError(f"there are no records of {resource} to be had: only of {', '.join(COPIED)}")
            _check_cost(resource, amount, most, lasts)
            one = Requested(
                number=0, resource=resource, amount=amount, least=least, urgency=urgency, most=most,
                begins=window.begins, ends=window.ends, lasts=lasts, topic=topic,
            )  # fmt: skip
            try:
                as_request(self._core.me, one)
            except Refused as refused:
                raise UsageError(refused.detail) from None
            leased = UNITS[resource].leased
            drawn = self._ahead.drawable(resource, amount, window, lasts) if leased else []
            left = amount - sum(each.part.amount for each in drawn)
            placed = Placed(0, "", 0, tuple(drawn))
            if left:
                number = await self._next()
                rest = msgspec.structs.replace(one, number=number, amount=left, least=min(least, left))
                await self._market.stall.ask_for(rest)
                placed = Placed(number, request_id(self._core.me, rest), left, tuple(drawn))
            await self._ahead.draw(drawn)
            return placed

    def _check_window(self, window: Window) -> None:
        now = self._core.now()
        if window.ends <= now:
            raise UsageError("that time is past: name an end that is still to come")
        if window.begins < now - SLACK_MS:
            raise UsageError("it begins in the past: leave the beginning out for now")
        if window.ends <= window.begins:
            raise UsageError("it ends before it begins")

    async def _next(self) -> int:
        """Returns a number that no request has had: leases are counted to a request by it."""
        told = [one for one in self._market.stall.requests(self._core.now()) if one < AHEAD]
        number = 1 + max(int(self._core.store.mark(NUMBER) or 0), *told, 0)
        await self._core.driver.perform(Effects([PutMark(NUMBER, str(number))]))
        return number

    async def withdraw(self, text: str) -> tuple[str, str]:
        """Takes an offer or a request back; returns which of the two it was, and its id.

        Args:
            text: the number of a request, or the start of the id of an offer or a request of this node's.

        Raises:
            NotFound: there is none, or more than one.
        """
        async with self._core.turns.of(TURN):
            stall, now, me = self._market.stall, self._core.now(), self._core.me
            requests = {request_id(me, one): number for number, one in stall.requests(now).items()}
            is_number = text.isascii() and text.isdigit()
            found = [id_ for id_, number in requests.items() if is_number and str(number) == text]
            if not found and len(text) >= (DIGITS if is_number else START):
                found = [id_ for id_ in [*stall.offers(now), *requests] if id_.startswith(text.lower())]
            if len(found) != 1:
                which = "more than one" if found else "no"
                raise NotFound(
                    f"{which} offer or request of this node's is {plain(text, 64) or 'nothing'}: see hansa market list"
                )
            id_ = found[0]
            if id_ in requests:
                await stall.withdraw_request(requests[id_])
                return "request", id_
            await stall.withdraw_offer(id_)
            return "offer", id_


def _check_cost(resource: Resource, amount: int, price: int, lasts: int) -> None:
    """Raises UsageError when no account could hold what it may come to: with urgency, twice the price."""
    if cost(resource, amount, 2 * price, lasts) > accounts.MOST or amount * lasts > accounts.MOST:
        raise UsageError("the price is too large: no account can hold what that much, for that long, may come to")
