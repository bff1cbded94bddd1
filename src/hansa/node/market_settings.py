"""Settings of a node's market (M5 to M8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.kernel.instant import DAY, MINUTE, SECOND
from hansa.market import checking, leases, policy, slots
from hansa.market.accounts import MOST

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Trading:
    """How a node deals in the market.

    Attributes:
        credit: what somebody whom this node knows may come to owe it, in millionths of a credit. Raising it lends more
            to those who have not paid yet. Strangers get what costs nothing.
        answer_ms: how long an ask waits for the lender's answer; after that it is asked for elsewhere.
        settle_ms: how long a borrower has to agree to what a lease cost. Raising it forgives those who are away long.
        clear_ms: how often it is looked for offers while a request is open.
        say_ms: how often own offers and requests are said again, within `admission.window_ms`.
        ahead: ask for what is expected to be needed in the next hours before it is needed. Off by default: a quarter of
            what is leased is paid for even if it is not used (`lending.idle_share` of the lender).
    """

    credit: int = 10 * MILLION
    answer_ms: int = 20 * SECOND
    settle_ms: int = DAY
    clear_ms: int = 2 * SECOND
    say_ms: int = 2 * MINUTE
    ahead: bool = False

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not 0 <= self.credit <= MOST:
            raise ValueError(f"credit must be between 0 and {MOST}")
        for name in ("answer_ms", "settle_ms", "clear_ms", "say_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass(frozen=True, slots=True)
class MarketSettings:
    """All of a node's market.

    Attributes:
        lending: bounds on what it grants.
        clearing: what it weighs when it looks for offers.
        slots: how it runs the jobs of those whom it lends to.
        checking: how closely it looks at the results of those whom it borrows from.
    """

    trading: Trading = field(default_factory=Trading)
    lending: leases.Params = field(default_factory=leases.Params)
    clearing: policy.Params = field(default_factory=policy.Params)
    slots: slots.Params = field(default_factory=slots.Params)
    checking: checking.Params = field(default_factory=checking.Params)

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        self.trading.validate()
        self.lending.validate()
        self.clearing.validate()
        self.slots.validate()
        self.checking.validate()
