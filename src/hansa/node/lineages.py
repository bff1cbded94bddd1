"""Which skills come from which, downwards: read from the skills once, then kept up with every skill that comes in.

A skill names its parents; nothing in the store says who its children are. Whoever recalls a skill needs them, so the
first question reads the skills that name parents (1e5 of them: docs/adr/0030-recall.md has time and memory). After a
restart it is read anew, so it can't differ from the store for long, and nothing depends on when it was read.

It also knows what is on its way to the disk. A recall changes skills whose turns nobody holds (`node.turns`), so
whoever decides on one of them meanwhile must see what was decided, before any reading of the store shows it:

1. a skill that is recalled: a new one that comes from it is held
2. a skill that is new: it is among the children of its parents
3. a state that was given to a skill: a proof or a person's word starts from there
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from hansa.kernel.ids import ContentId
from hansa.node.ports import SkillFilter, Store
from hansa.node.rows import Change, Mend, PutSkill, SetSkillState, SkillRow
from hansa.skills.model import lineage_in

_PAGE = 2_000

_Key = bytes
"""An id as 32 bytes: half of what its text takes."""


class Lineages:
    """The children of every skill."""

    def __init__(self, store: Store) -> None:
        """Reads from `store` when it is first asked for children."""
        self._store = store
        self._children: dict[_Key, list[_Key]] | None = None
        self._coming: dict[ContentId, SkillRow] = {}
        self._states: dict[ContentId, SetSkillState] = {}
        self._recalls: dict[ContentId, int] = {}

    # ---- what is on its way to the disk

    def handed(self, changes: Sequence[Change], recalls: Sequence[ContentId] = ()) -> bool:
        """Takes note of a batch that is handed to the store; says whether `settled` is owed for it."""
        noted = bool(recalls)
        for one in recalls:
            self._recalls[one] = self._recalls.get(one, 0) + 1
        for change in changes:
            if isinstance(change, SetSkillState):
                self._states[change.skill] = change
                noted = True
            elif isinstance(change, PutSkill):
                noted |= self._note(change.row)
            elif isinstance(change, Mend) and isinstance(change.change, PutSkill):
                noted |= self._note(change.change.row)
        return noted

    def _note(self, row: SkillRow) -> bool:
        if not lineage_in(row.body):
            return False
        self._coming[row.id] = row
        if self._children is not None:
            self._enter(row)  # if it is not kept after all, a child that is not held does no harm
        return True

    def settled(self, changes: Sequence[Change], recalls: Sequence[ContentId] = ()) -> None:
        """Forgets a batch that is durable, or will never be."""
        for one in recalls:
            self._recalls[one] -= 1
            if not self._recalls[one]:
                del self._recalls[one]
        for change in changes:
            if isinstance(change, SetSkillState) and self._states.get(change.skill) is change:
                del self._states[change.skill]
            elif isinstance(change, PutSkill) and self._coming.get(change.row.id) is change.row:
                del self._coming[change.row.id]
            elif isinstance(change, Mend) and isinstance(change.change, PutSkill):
                self._coming.pop(change.change.row.id, None)

    def is_being_recalled(self, skill: ContentId) -> bool:
        """Says whether a recall of a skill is on its way to the disk."""
        return skill in self._recalls

    def now(self, skill: ContentId) -> SkillRow | None:
        """Returns a skill as it was decided on last, be that on the disk already or not; None when it is not held."""
        row = self._store.skill(skill) or self._coming.get(skill)
        change = self._states.get(skill)
        return replace(row, state=change.state, reason=change.reason) if row and change else row

    # ---- children

    def below(self, skill: ContentId) -> Iterator[ContentId]:
        """Yields every skill that comes from `skill`, nearest first, each once: the work grows with their number."""
        children = self._read()
        root = bytes.fromhex(skill)
        seen = {root}
        waiting = deque([root])
        while waiting:
            for one in children.get(waiting.popleft(), ()):
                if one not in seen:
                    seen.add(one)
                    waiting.append(one)
                    yield ContentId(one.hex())

    def _read(self) -> dict[_Key, list[_Key]]:
        if self._children is None:
            self._children = {}
            after = ""
            while page := self._store.skills(SkillFilter(derived=True), after=after, limit=_PAGE):
                after = page[-1].id
                for row in page:
                    self._enter(row)
            for row in self._coming.values():
                self._enter(row)
        return self._children

    def came(self, row: SkillRow) -> None:
        """Takes note of a skill that another process of this node has kept."""
        self._enter(row)

    def _enter(self, row: SkillRow) -> None:
        children = self._children
        if children is None:
            return
        own = bytes.fromhex(row.id)
        for parent in lineage_in(row.body):
            children.setdefault(bytes.fromhex(parent), []).append(own)  # twice does no harm: each is seen once
