"""The node's notes on its own work: keeping, listing, recalling, summing up, forgetting, carrying over.

What is recalled for an intent steers an agent, so it comes from this node's own notes, and from those of peers that
were borne out or approved (`sharing`): one that waits is no note yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.instant import DAY
from hansa.node.core import Core
from hansa.node.disproof import as_found
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.executor import Execution, How
from hansa.node.rows import DropReflections, PutReflection, TrimReflections
from hansa.skills.learning import Learning, learning
from hansa.skills.reflections import By, Reflection, ReflectionFilter, Went, read_line

MOST = 100_000
"""Reflections that are kept; beyond, the oldest are forgotten, a hundredth at a time."""

RECALLED_AT = 0.3
"""Similarity from which a note is recalled. Lower than for skills: a note helps with what is only akin."""

RECALLED_FROM = 2_000
"""How many of the newest notes are looked through for an intent."""

ANY = ReflectionFilter()
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Recalled:
    """A note that may help with an intent, and how near it is (0 to 1)."""

    reflection: Reflection
    similarity: float


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """What an import came to.

    Attributes:
        rejected: (line number, problem) of what was not taken.
    """

    added: int
    already_here: int
    rejected: tuple[tuple[int, str], ...]


class Reflections:
    """The node's notes."""

    def __init__(self, core: Core) -> None:
        """Works on the core's store."""
        self._core = core
        self._count: int | None = None

    async def add(self, reflections: Sequence[Reflection]) -> int:
        """Keeps reflections, all or none; returns how many are new.

        One that praises a skill which this node has refuted is kept as a failure (`disproof`).

        Raises:
            DiskFull: nothing was kept.
        """
        sound = [as_found(self._core, one) for one in reflections]
        fresh = {one.id: one for one in sound if self._core.store.reflection(one.id) is None}
        if not fresh:
            return 0
        effects = Effects([PutReflection(one) for one in fresh.values()])
        count = self._held() + len(fresh)
        if count > MOST:
            count = MOST - MOST // 100
            effects.changes.append(TrimReflections(count))
        for one in fresh.values():
            effects.show(Kind.REFLECTION_ADDED, one.id, one.description)
        await self._core.driver.perform(effects)
        self._count = count
        return len(fresh)

    async def of_execution(self, intent: str, done: Execution, session: str = "") -> Reflection:
        """Notes how an intent was met, in the words in which it was asked, and returns the note."""
        went = Went.SUCCESS if done.how is not How.UNSOLVED else Went.FAILURE
        if went is Went.SUCCESS and done.error:
            went = Went.PARTIAL
        told = done.error or ("" if went is Went.SUCCESS else done.why)
        return await self._note(intent, went, told, done.skill or "", str(done.how), session)

    async def of_failure(self, intent: str, error: str, session: str = "") -> Reflection:
        """Notes that an intent could not even be tried."""
        return await self._note(intent, Went.FAILURE, error, "", "error", session)

    async def _note(self, intent: str, went: Went, error: str, skill: str, tag: str, session: str) -> Reflection:
        made = Reflection(
            outcome=went,
            description=intent.strip()[:4_000],
            category="execute",
            tags=(tag,),
            session=session[:128],
            error=error[:2_000],
            skill=skill,
            source=By.EXECUTE,
            at=self._core.now(),
        )
        await self.add([made])
        return made

    def page(
        self, wanted: ReflectionFilter = ANY, text: str = "", after: str = "", limit: int = 50
    ) -> list[Reflection]:
        """Returns a page, the newest first.

        Args:
            text: only those whose description or error holds it, in any case.
            after: id of the last one of the page before.
        """
        found: list[Reflection] = []
        for one in self._all(wanted, after):
            if text.casefold() in f"{one.description}\n{one.error}".casefold():
                found.append(one)
                if len(found) == limit:
                    break
        return found

    def count(self, wanted: ReflectionFilter = ANY) -> int:
        """Returns how many there are."""
        return self._core.store.count_reflections(wanted)

    def summary(self, wanted: ReflectionFilter = ANY, most: int = 10) -> Learning:
        """Returns what they say together."""
        return learning(self._all(wanted), most)

    def recall(self, intent: str, limit: int = 5) -> list[Recalled]:
        """Returns the notes nearest to an intent, best first; of equally near ones the newest.

        Raises:
            UsageError: the intent is empty.
        """
        if not intent.strip():
            raise UsageError("say what you are about to do: hansa reflect recall 'parse dates'")
        newest = self._core.store.reflections(ANY, limit=RECALLED_FROM)
        told = {one.description for one in newest}
        similar = {text: self._core.index.similarity(intent, text) for text in sorted(told)}
        found = [Recalled(one, similar[one.description]) for one in newest if similar[one.description] >= RECALLED_AT]
        return sorted(found, key=lambda one: -one.similarity)[:limit]

    async def prune(
        self, wanted: ReflectionFilter, older_than_days: int | None, keep: int | None, dry_run: bool
    ) -> int:
        """Forgets reflections; returns how many are, or would be, forgotten. Undated ones have no age.

        Args:
            older_than_days: only those, at 0 all that are dated; None: whatever their age.
            keep: never the newest so many of them; None: all may go.

        Raises:
            UsageError: nothing says which.
        """
        if wanted == ANY and older_than_days is None and keep is None:
            raise UsageError("say what to forget: --older-than DAYS, --keep N, --category, --outcome, --tag, --session")
        until = None if older_than_days is None else self._core.now() - older_than_days * DAY
        gone = [
            one.id for place, one in enumerate(self._all(wanted))
            if place >= (keep or 0) and (until is None or 0 < one.at <= until)
        ]  # fmt: skip
        if gone and not dry_run:
            await self._core.driver.perform(Effects([DropReflections(tuple(gone))]))
            self._count = None
        return len(gone)

    def find(self, id_: str) -> Reflection:
        """Returns the one with an id, or with the start of it.

        Raises:
            NotFound: there is none, or more than one.
        """
        found = [one for one in self._all(ANY) if one.id == id_ or (len(id_) >= 4 and one.id.startswith(id_))]
        if len(found) != 1:
            raise NotFound(f"{'no' if not found else 'more than one'} reflection is called {id_}: hansa reflect list")
        return found[0]

    async def drop(self, id_: str, dry_run: bool = False) -> None:
        """Forgets one, or only says that there is one.

        Raises:
            NotFound: there is none with that id.
        """
        found = self.find(id_)
        if not dry_run:
            await self._core.driver.perform(Effects([DropReflections((found.id,))]))
            self._count = None

    def everything(self, wanted: ReflectionFilter = ANY) -> Iterator[Reflection]:
        """Yields all, the newest first, for an export."""
        return self._all(wanted)

    async def carry_over(self, lines: Iterable[bytes]) -> CarriedOver:
        """Takes the lines of an export; one that can't be taken is named, and the rest goes on.

        Raises:
            DiskFull: what came before is kept.
        """
        added = seen = 0
        rejected: list[tuple[int, str]] = []
        batch: list[Reflection] = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                batch.append(read_line(line.strip()))
                seen += 1
            except Refused as refusal:
                rejected.append((number, str(refusal)))
            if len(batch) == _PAGE:
                added += await self.add(batch)
                batch = []
        added += await self.add(batch)
        return CarriedOver(added, seen - added, tuple(rejected))

    def _all(self, wanted: ReflectionFilter, after: str = "") -> Iterator[Reflection]:
        while page := self._core.store.reflections(wanted, after=after, limit=_PAGE):
            yield from page
            after = page[-1].id

    def _held(self) -> int:
        if self._count is None:
            self._count = self._core.store.count_reflections(ANY)
        return self._count
