"""To whom this node listens when others say what they found: to itself, named verifiers, and whoever is known here.

Keys cost nothing to make, so the findings of strangers are no witnesses, however many they are (threat 25).
"""

from __future__ import annotations

from hansa.conduct.account import Window
from hansa.conduct.counting import counted
from hansa.conduct.ledger import Dealing
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.core import Core
from hansa.skills.model import Evidence


def listens_to(core: Core, node: str) -> bool:
    """Says whether the word of a node is heard here."""
    return node in core.accounts.counting or core.accounts.is_known(NodeId(node), core.now())


def heard(core: Core, skill: ContentId) -> list[Evidence]:
    """Returns the findings about a skill by whom this node listens to."""
    found = core.store.evidence(skill)
    listened = {prover: listens_to(core, prover) for prover in dict.fromkeys(one.prover for one in found)}
    return [one for one in found if listened[one.prover]]


def rating(core: Core, skill: ContentId) -> Window:
    """Returns how a skill held for those who tried it, by their receipts (H13): no rating without a receipt of use."""
    rows = [row for row in core.store.receipts_about(skill) if row.dealing in _RATED]
    listened = [author for author in dict.fromkeys(row.author for row in rows) if listens_to(core, author)]
    said = (core.accounts.read(row) for row in rows)
    found = Window()
    for deed in counted((one for one in said if one is not None), listened):
        found.add(deed.good)
    return found


_RATED = (Dealing.SKILL_REPROVED, Dealing.SKILL_REFUTED)
