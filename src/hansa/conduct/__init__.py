"""How has each party behaved? A ledger of signed receipts of what was done to us and can be proved.

So far the ledger, the receipts about skills, and standing by the Alliance protocol (`classic`); the node's own policy
and the other three lenses come next.
"""

from hansa.conduct.alliance import AllianceTracker, is_ally, is_rival
from hansa.conduct.classic import InteractionType, Relationship

__all__ = ["AllianceTracker", "InteractionType", "Relationship", "is_ally", "is_rival"]
