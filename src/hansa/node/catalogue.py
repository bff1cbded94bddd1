"""The node's skills as Agent Skills: what is admitted here, written as folders of files for whoever reads that form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.node.core import Core
from hansa.node.ports import SkillFilter
from hansa.node.rows import SkillRow
from hansa.node.shelf import Shelf
from hansa.node.vault import open_skill
from hansa.skills.exporting.bundle import DOCUMENT, FORMAT, PROVENANCE, Bundle, Provenance, bundle
from hansa.skills.exporting.skill_md import longer_name, skill_name
from hansa.skills.messages import SKILL
from hansa.skills.model import Origin, SkillState

PAGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A skill that is served, and what is served of it."""

    row: SkillRow
    bundle: Bundle


class Catalogue:
    """Writes skills as Agent Skills."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Reads the core's store."""
        self._core = core
        self._shelf = shelf

    def bundle(self, row: SkillRow, name: str = "") -> Bundle:
        """Returns a skill as a bundle; under its own name when none is given.

        Raises:
            Refused: CORRUPT; BAD_BODY or TOO_LARGE, when no reader could take it. NotFound: a file is not held here.
        """
        skill = open_skill(row)
        made = bundle(skill, name or skill_name(skill))
        for file in made.files:
            if self._core.store.blob(ContentId(file.digest)) is None:
                raise NotFound(f"the file {file.digest[:12]} of {row.id[:12]} is not here: fetch the skill again")
        return made

    def admitted(self, after: str = "", limit: int = PAGE) -> tuple[list[Entry], str]:
        """Returns a page of the admitted skills that can be served, oldest first, and where the next one begins."""
        rows = self._core.store.skills(SkillFilter(states=(SkillState.ADMITTED,)), after=after, limit=limit)
        served = (self._entry(row) for row in rows)
        return [one for one in served if one is not None], rows[-1].id if len(rows) == limit else ""

    def public(self) -> Iterator[Entry]:
        """Yields the admitted skills that this node passes on, oldest first, each under a name of its own.

        Where two have one name, the later one takes a longer name, which begins with the same words and ends with the
        start of its id: nobody takes a name away from whoever had it before (threat 19).
        """
        taken: set[str] = set()
        after = ""
        wanted = SkillFilter(states=(SkillState.ADMITTED,), published=True)
        while rows := self._core.store.skills(wanted, after=after, limit=500):
            after = rows[-1].id
            for row in rows:
                entry = self._entry(row)
                if entry is not None and entry.bundle.name in taken:
                    entry = self._entry(row, longer_name(entry.bundle.name, row.id))
                if entry is not None and entry.bundle.name not in taken:
                    taken.add(entry.bundle.name)
                    yield entry

    def files(self, made: Bundle) -> dict[str, bytes]:
        """Returns the bytes of a bundle by path, SKILL.md first; a file whose bytes changed in the store is not given.

        Raises:
            NotFound: a file is not held here, or no longer fits its digest.
        """
        return {DOCUMENT: made.document} | {file.path: self._blob(file.digest) for file in made.files}

    def file(self, made: Bundle, path: str) -> bytes:
        """Returns the bytes of one file of a bundle.

        Raises:
            NotFound: the bundle has no such file, or it is not held here.
        """
        if path == DOCUMENT:
            return made.document
        digest = next((file.digest for file in made.files if file.path == path), None)
        if digest is None:
            raise NotFound("that skill has no such file")
        return self._blob(digest)

    def provenance(self, row: SkillRow) -> bytes:
        """Returns `hansa.json`: who passed a skill on, what is known of it here, and the skill."""
        numbers = self._shelf.numbers(row.id)
        authors = {record.author for record in self._core.store.records_about(row.id, SKILL)}
        if row.origin is Origin.OWN:
            authors.add(self._core.me)
        told = Provenance(
            format=FORMAT,
            trace_id=row.id,
            skill=open_skill(row),
            authors=tuple(sorted(authors)),
            exported_by=self._core.me,
            evidence=self._shelf.level(row).name,
            trials=numbers.trials,
            successes=numbers.successes,
        )
        return told.to_bytes()

    def for_disk(self, row: SkillRow, name: str = "") -> tuple[str, dict[str, bytes]]:
        """Returns the name and the files of a skill with `hansa.json`, as they are written to a folder."""
        made = self.bundle(row, name)
        return made.name, {**self.files(made), PROVENANCE: self.provenance(row)}

    def _entry(self, row: SkillRow, name: str = "") -> Entry | None:
        try:
            return Entry(row, self.bundle(row, name))
        except (Refused, NotFound):
            return None

    def _blob(self, digest: str) -> bytes:
        data = self._core.store.blob(ContentId(digest))
        if data is None or content_id(data) != digest:
            raise NotFound(f"the file {digest[:12]} is not here: fetch the skill again")
        return data
