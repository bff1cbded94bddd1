"""What a process takes note of when another process of its node has written: its memory is then as if it had been it.

Everything that decides reads the database; what is held in memory beside it is brought up to date here, from the keys
that a commit touched (`node.touched`). It costs one question for all records of a commit, and one for each skill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hansa.kernel.ids import ContentId, NodeId
from hansa.node.core import Core
from hansa.node.events import Kind, Shown
from hansa.node.membership import DropPeer
from hansa.node.rows import DropSubscription, PutPeer, PutRecord, PutSkill, RecordRow, WithholdRecord
from hansa.node.shelf import index_text
from hansa.skills.model import SkillState


class Shared(Protocol):
    """A store that several processes of one node have open.

    Attributes:
        seen: the last commit of other processes that the memory of this one knows.
    """

    seen: int

    def others(self, most: int) -> tuple[int, Iterable[str]]:
        """Returns the last of the next `most` commits, and the keys that other processes touched in them."""
        ...

    def records_of(self, ids: Sequence[ContentId]) -> list[RecordRow]:
        """Returns records by their ids, as far as they are held."""
        ...


class Follower:
    """Brings the memory of one process up to date."""

    def __init__(self, core: Core, store: Shared) -> None:
        """Follows for one node, whose turns are as of what it has followed from now on."""
        self._core = core
        self._store = store
        core.turns.seen = lambda: store.seen

    def follow(self, most: int = 200) -> bool:
        """Takes note of what other processes have written; says whether there may be more of it.

        Args:
            most: commits that are looked at; nothing else runs meanwhile.

        Raises:
            Unavailable: the database does not answer. Fault: this process fell too far behind.
        """
        last, keys = self._store.others(most)
        more = last - self._store.seen >= most
        named: dict[str, dict[str, None]] = {}
        for key in keys:
            what, _, name = key.partition(" ")
            named.setdefault(what, {})[name] = None
        self._records(list(map(ContentId, named.get("record", ()))))
        self._skills(named.get("skill", {}), named.get("new", {}))
        self._nodes(named)
        if named.get("delivery"):
            self._core.driver.outbox_filled.set()
        self._store.seen = last
        if "record" in named or "skill" in named:
            self._show(len(named.get("record", ())), len(named.get("skill", ())))
        return more

    def _records(self, ids: Sequence[ContentId]) -> None:
        for row in self._store.records_of(ids) if ids else ():
            self._core.kept(PutRecord(row, row.place is not None))

    def _skills(self, ids: Iterable[str], new: Iterable[str]) -> None:
        fresh = frozenset(new)
        for id_ in ids:
            row = self._core.store.skill(ContentId(id_))
            if row is None:
                continue
            if id_ in fresh:
                self._core.kept(PutSkill(row))
                self._core.lineages.came(row)
            if row.state is SkillState.REMOVED:
                self._core.index.drop(row.id)
            else:
                self._core.index.add(row.id, index_text(row.intent, row.tags))

    def _nodes(self, named: dict[str, dict[str, None]]) -> None:
        core = self._core
        for id_ in map(NodeId, named.get("keys", ())):
            core.ring.forget(id_)
        for record in map(ContentId, named.get("withheld", ())):
            core.kept(WithholdRecord(record))
        for id_ in map(NodeId, named.get("node", ())):
            peer = core.store.peer(id_)
            core.kept(PutPeer(peer) if peer is not None else DropPeer(id_))
        for id_ in map(NodeId, named.get("ledger", ())):
            core.accounts.look_again(id_)
            if core.on_party is not None:
                core.on_party(id_)
        for url in named.get("source", ()):
            core.kept(DropSubscription(url))  # or a new one: standing and acquaintance are looked at anew

    def _show(self, records: int, skills: int) -> None:
        text = f"another process of this node wrote {records} records, {skills} skills"
        shown = Shown(Kind.NODE_FOLLOWED, self._core.me, text, {"records": records, "skills": skills})
        self._core.driver.stream.show(shown, self._core.now())
