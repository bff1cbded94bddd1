"""The append-only, hash-chained ledger, and the receipts it holds.

Entry n's hash covers entry n - 1's hash and its own receipt, so that a changed, dropped or re-ordered entry shows at
the first link that no longer fits. A receipt is itself a signed message, so it can be handed on and checked by anyone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from hansa.conduct.dealings import MALICIOUS, Dealing
from hansa.kernel.ids import ContentId, chain
from hansa.kernel.wire import Id, Label, Wire

KIND = "receipt"
__all__ = ["GENESIS", "KIND", "Dealing", "Entry", "Receipt", "append", "first_fault", "sort_of"]

GENESIS = ""
"""What the first entry's hash covers in place of a predecessor."""


class Receipt(Wire, frozen=True, kw_only=True):
    """Body of a message of kind "receipt".

    Attributes:
        dealing: what was done.
        subject: node id of who did it.
        skill: the skill it is about, or "".
        records: ids of the signed messages that prove it: the claim (or accusation) and the evidence against it, or
            the two messages under one sequence number, and the digest under which the second one's envelope is kept.
        reason: code of the reason, e.g. "refuted" or "sandbox_file_access".
        domain: what the dealing was about, for reputation by domain: the skill's first tag; "" for none.
    """

    dealing: Dealing
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    skill: Label = ""
    records: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=8)]
    reason: Label = ""
    domain: Label = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One link: its place (from 1), the receipt message's id, the previous hash and its own."""

    number: int
    receipt: ContentId
    previous: str
    hash: ContentId


def sort_of(dealing: str, reason: str) -> tuple[str, bool] | None:
    """Returns what of a skill is counted once, however often it was tried and by however many; None for other dealings.

    A skill that holds is one good dealing, and one that does not is one wrong; that it is malice is another thing.
    """
    if dealing not in (Dealing.SKILL_REPROVED, Dealing.SKILL_REFUTED):
        return None
    return dealing, reason in MALICIOUS


def append(last: Entry | None, receipt: ContentId) -> Entry:
    """Returns the entry that follows `last`."""
    previous = last.hash if last else GENESIS
    return Entry((last.number if last else 0) + 1, receipt, previous, chain(previous, receipt))


def first_fault(entries: Iterable[Entry]) -> int | None:
    """Returns the number of the first entry that does not follow from the one before it; None when all do."""
    last: Entry | None = None
    for entry in entries:
        if entry != append(last, entry.receipt):
            return (last.number if last else 0) + 1
        last = entry
    return None
