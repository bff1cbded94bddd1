"""Generated societies for the attacks on conduct: signed receipts, and what an honest observer makes of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from hansa.adapters.keys import MemoryKeys
from hansa.adapters.store.memory import MemoryStore
from hansa.conduct.dealings import Dealing
from hansa.conduct.ledger import KIND, Receipt
from hansa.conduct.standing import Params
from hansa.conduct.trust import trust
from hansa.identity.envelope import root_only
from hansa.identity.keys import SigningKey
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.node.accounts import Accounts
from hansa.node.receipts import entered
from hansa.node.rows import PutRecord
from hansa.node.shelf import record_row
from tests.node.world import START, speak

NOW = Instant(START)


def key(name: str) -> SigningKey:
    """Returns the key of a member of the society."""
    return MemoryKeys(hashlib.sha256(name.encode()).digest()).key


def node(name: str) -> NodeId:
    """Returns a member's id."""
    return NodeId(str(key(name).public.did))


@dataclass
class Observer:
    """An honest node that keeps receipts of whoever signed them, and what it makes of them."""

    name: str = "observer"
    verifiers: Sequence[str] = ()
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        params = Params(verifiers=tuple(node(one) for one in self.verifiers))
        self.accounts = Accounts(self.store, node(self.name), root_only, params)

    def keep(self, by: str, about: str, dealing: Dealing, reason: str = "", domain: str = "text") -> None:
        """Keeps a receipt that `by` signed about `about`."""
        receipt = Receipt(dealing=dealing, subject=node(about), records=("0" * 64,), reason=reason, domain=domain)
        record = record_row(speak(key(by), KIND, msgspec.to_builtins(receipt)), "", NOW)
        change = entered(record.id, record.author, record.created, receipt)
        asyncio.run(self.store.apply([PutRecord(record), change]))
        self.accounts.changed(change)

    def ranking(self, names: Iterable[str], domain: str = "text") -> list[tuple[str, int, int, int]]:
        """Returns who comes first, with rung, score and trust."""
        found = []
        for name in names:
            decision = self.accounts.decide(node(name), NOW, domain)
            partner = trust(self.accounts.account(node(name))).total
            found.append((name, int(decision.rung), decision.score, partner))
        return sorted(found, key=lambda one: (-one[1], -one[2], -one[3], one[0]))
