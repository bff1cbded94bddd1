"""When a receipt may say that an accusation was false: grounds that anybody who holds the records can look at again.

1. what it names first is an accusation by whom it is about: the opening of a dispute, or a receipt of a refutation
2. what it names last is a finding of the receipt's own author about that skill, who is no party to the accusation
3. that finding contradicts the accusation, on the harness on which it was made
"""

from __future__ import annotations

from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import messages
from hansa.governance.case import Case, Ground, Says
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node.casebook import as_case
from hansa.node.core import Core
from hansa.node.testimony import Testimony, open_held, read_evidence


def check_false_accusation(core: Core, body: Receipt, message: Verified) -> None:
    """Refuses a receipt about a false accusation that does not stand on these grounds.

    Raises:
        Refused: UNKNOWN_SKILL, when a record that it rests on is not held; BAD_BODY, when they do not show it.
    """
    accusation, run = open_held(core, body.records[0]), read_evidence(core, body.records[-1])
    if accusation is None or run is None or run[0].author != message.author:
        raise Refused(Reason.UNKNOWN_SKILL, "the finding that the receipt rests on is not held here")
    case = _accusation(accusation)  # 1
    if case is None or run[1].skill != body.skill:  # 2
        raise Refused(Reason.BAD_BODY, "what it calls false is no accusation about that skill")
    found = Testimony(core, case).of(body.records[-1])
    wanted = Says.SUPPORTS if accusation.header.kind == RECEIPT else Says.CONTRADICTS
    if found is None or found.says is not wanted or found.prover in case.parties:  # 3
        raise Refused(Reason.BAD_BODY, "the finding does not say what the receipt says")


def _accusation(message: Verified) -> Case | None:
    """Returns the accusation in a message, as the case that it opens, or that would be opened against it."""
    if message.header.kind == messages.DISPUTE:
        case = as_case(message)
        return case if case.ground.is_tried else None
    if message.header.kind != RECEIPT:
        return None
    body, at = parse(message.body, Receipt), Instant(message.header.created)
    if body.dealing is not Dealing.SKILL_REFUTED:
        return None
    return Case(
        message.id, body.skill, message.id, body.subject, message.author, Ground.FALSE_ACCUSATION, "", (), at
    )  # fmt: skip
