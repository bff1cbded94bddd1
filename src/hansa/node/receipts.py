"""Writing receipts, and entering them in the ledger: one place for this node's own and for those of others."""

from __future__ import annotations

import msgspec

from hansa.conduct.ledger import KIND, Receipt
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.rows import AppendLedger, PutRecord, RecordRow
from hansa.node.shelf import record_row


def entered(id_: ContentId, author: str, created: int, receipt: Receipt, about: str = "") -> AppendLedger:
    """Returns the change that enters a receipt in the ledger.

    Args:
        id_, author, created: of the message that carries it.
        about: what it is filed under where it names no skill: the node, for two root metadata of one version.
    """
    return AppendLedger(
        id_, NodeId(receipt.subject), receipt.skill or about, receipt.dealing.value, created, author, receipt.reason,
        receipt.domain,
    )  # fmt: skip


def write(core: Core, receipt: Receipt, effects: Effects, about: str = "", in_feed: bool = False) -> RecordRow:
    """Signs a receipt, and adds to `effects` what keeps and enters it.

    Args:
        about: what its record is filed under where it names no skill.
        in_feed: let it be told to everybody.

    Raises:
        Refused: RESTORED (`Core.seal`).
    """
    sealed = core.seal(KIND, msgspec.to_builtins(receipt))
    record = record_row(sealed, receipt.skill or about, core.now(), core.ring)
    effects.changes += [PutRecord(record, in_feed), entered(record.id, core.me, record.created, receipt, about)]
    return record
