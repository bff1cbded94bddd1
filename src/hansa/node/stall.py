"""What this node itself has on offer and asks for (M6); kept over a restart, as it is its operator's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import msgspec

from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.resources import UNITS
from hansa.kernel.wire import parse
from hansa.market.messages import MAX_SAID, Offered, Offers, Requested, Requests, as_offer, as_request, offer_id
from hansa.market.model import Offer, Request
from hansa.node.copies import COPIED
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.rows import PutMark

OFFERS = "market offers"
REQUESTS = "market requests"
"""Marks under which they are kept."""


@contextmanager
def _as_usage() -> Iterator[None]:
    """Refuses what would be refused wherever it was said: it is the operator who said it."""
    try:
        yield
    except Refused as refusal:
        raise UsageError(f"that makes no sense: {refusal.detail}") from None


class Stall:
    """This node's offers and requests.

    Attributes:
        changes: rises whenever there are others.
    """

    def __init__(self, core: Core) -> None:
        """Reads what was kept; what can't be read is begun anew."""
        self._core = core
        self.changes = 0
        self._offers: dict[ContentId, Offered] = {}
        self._requests: dict[int, Requested] = {}
        for name in (OFFERS, REQUESTS):
            with suppress(msgspec.DecodeError, Refused):
                self._read(name, core.store.mark(name))

    def _read(self, name: str, kept: str) -> None:
        me = self._core.me
        if kept and name == OFFERS:
            offers = msgspec.json.decode(kept, type=Offers).offers
            self._offers = {as_offer(me, one).id: one for one in offers}
        elif kept:
            requests = {one.number: one for one in msgspec.json.decode(kept, type=Requests).requests}
            for one in requests.values():
                as_request(me, one)
            self._requests = requests

    def offers(self, now: Instant) -> Mapping[ContentId, Offer]:
        """Returns what is on offer and not over, by id."""
        return {id_: as_offer(self._core.me, one) for id_, one in self._offers.items() if one.ends > now}

    def said(self, now: Instant) -> list[Offered]:
        """Returns what is on offer and not over, as it was given."""
        return [one for one in self._offers.values() if one.ends > now]

    def requests(self, now: Instant) -> Mapping[int, Requested]:
        """Returns what is asked for and can still be met, by number."""
        return {number: one for number, one in self._requests.items() if one.ends - one.lasts > now}

    def is_open(self, now: Instant) -> bool:
        """Says whether there is anything."""
        return bool(self._offers and self.said(now)) or bool(self._requests and self.requests(now))

    def request(self, one: Requested) -> Request:
        """Returns an own request in the market's terms."""
        return as_request(self._core.me, one)

    # ---- the operator's word

    async def offer(self, one: Offered) -> ContentId:
        """Puts something on offer; returns its id. Offering the same again changes nothing.

        Raises:
            UsageError: too many offers, or it makes no sense.
        """
        now = self._core.now()
        with _as_usage():
            as_offer(self._core.me, parse(msgspec.to_builtins(one), Offered))
        if not UNITS[one.resource].leased and one.resource not in COPIED:
            raise UsageError(f"there are no records of {one.resource} to give: only {', '.join(COPIED)} can be copied")
        id_ = offer_id(self._core.me, one)
        offers = {key: held for key, held in self._offers.items() if held.ends > now} | {id_: one}
        if len(offers) > MAX_SAID:
            raise UsageError(f"a node has {MAX_SAID} offers at most: take one back with hansa market withdraw")
        await self._keep(offers, self._requests)
        return id_

    async def ask_for(self, one: Requested) -> int:
        """Asks for something from now on; returns its number.

        Raises:
            UsageError: too many requests, or it makes no sense.
        """
        with _as_usage():
            as_request(self._core.me, parse(msgspec.to_builtins(one), Requested))
        requests = {**self.requests(self._core.now()), one.number: one}
        if len(requests) > MAX_SAID:
            raise UsageError(f"a node has {MAX_SAID} requests at most: take one back with hansa market withdraw")
        await self._keep(self._offers, requests)
        return one.number

    async def withdraw_offer(self, id_: ContentId) -> None:
        """Takes an offer back; what is lent of it stays lent.

        Raises:
            NotFound: there is none.
        """
        if id_ not in self._offers:
            raise NotFound(f"no offer {id_[:12]}: see hansa market list")
        await self._keep({key: one for key, one in self._offers.items() if key != id_}, self._requests)

    async def withdraw_request(self, number: int) -> None:
        """Asks for something no more.

        Raises:
            NotFound: there is none.
        """
        if number not in self._requests:
            raise NotFound(f"no request {number}: see hansa market list")
        await self._keep(self._offers, {key: one for key, one in self._requests.items() if key != number})

    async def _keep(self, offers: Mapping[ContentId, Offered], requests: Mapping[int, Requested]) -> None:
        texts = (
            (OFFERS, Offers(offers=tuple(offers.values()))),
            (REQUESTS, Requests(requests=tuple(requests.values()))),
        )
        marks = [PutMark(name, msgspec.json.encode(said).decode()) for name, said in texts]
        await self._core.driver.perform(Effects(list(marks)))
        self._offers, self._requests = dict(offers), dict(requests)
        self.changes += 1
