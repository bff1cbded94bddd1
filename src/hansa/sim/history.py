"""What was said in a world and what was promised of it: the record that the checkers hold the nodes against."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId


@dataclass(slots=True)
class History:
    """All acknowledgements, and the bytes of all records.

    Attributes:
        bytes_of: each record as it was first kept, which is by its author.
        promised: by node, the records that it has acknowledged and has to have from then on.
        acknowledged: how many, in all.
        refused: what was not acknowledged, by why.
    """

    bytes_of: dict[ContentId, bytes] = field(default_factory=dict)
    promised: dict[int, dict[ContentId, None]] = field(default_factory=dict)
    acknowledged: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def acknowledge(self, node: int, record: ContentId) -> None:
        """A node has said that it keeps a record."""
        self.acknowledged += 1
        self.promised.setdefault(node, {})[record] = None

    def refuse(self, error: HansaError) -> None:
        """A node has said that it did not keep something."""
        self.refused[error.reason.code if isinstance(error, Refused) else type(error).__name__.lower()] += 1

    def excuse(self, node: int, kept: dict[ContentId, None]) -> None:
        """An old backup was put in a node's place: what it promised since, only others may have."""
        self.promised[node] = {id_: None for id_ in self.promised.get(node, {}) if id_ in kept}
