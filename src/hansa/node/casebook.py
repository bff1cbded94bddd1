"""The cases held here, read from their signed records: what was said, and how each one goes on this node.

Nothing is remembered of a case but its records, so a restart, a revoked key and a changed setting need no care. Cases
are found by their number, in the order in which they came in (`PutMark`), by their id, and by the skill.
"""

from __future__ import annotations

from hansa.governance import messages
from hansa.governance.case import Act, Case, Court, Said
from hansa.governance.disputes import Course, State, follow
from hansa.governance.messages import AppealBody, DisputeBody, FindingBody, RulingBody
from hansa.identity.envelope import Verified
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.rows import Change, PutMark, RecordRow
from hansa.node.testimony import Testimony, open_held
from hansa.node.vault import ENOUGH_OF_AN_ID, open_record
from hansa.skills.messages import EVIDENCE

COUNT = "cases"
"""Mark with the number of cases that were ever opened here; "case N" is the id of one."""

REMEMBERED = 10_000
"""Cases of which it is remembered where they stand."""


class Casebook:
    """Reads cases."""

    def __init__(self, core: Core) -> None:
        """Reads the core's store."""
        self._core = core
        self._states: dict[str, tuple[int, State]] = {}

    @property
    def court(self) -> Court:
        """Who rules here, and whose findings count."""
        settings = self._core.settings
        return Court(self._core.me, settings.conduct.verifiers, settings.disputes)

    def count(self) -> int:
        """Returns how many cases were ever opened here."""
        return int(self._core.store.mark(COUNT) or 0)

    def entry(self, id_: ContentId) -> list[Change]:
        """Returns what puts a new case at the end of the list."""
        number = self.count() + 1
        return [PutMark(COUNT, str(number)), PutMark(f"case {number}", id_)]

    def page(self, after: int = 0, limit: int = 100) -> list[tuple[int, Case]]:
        """Returns cases with a number above `after`, oldest first; those that are damaged or withheld are left out."""
        found: list[tuple[int, Case]] = []
        number, last = after, self.count()
        while number < last and len(found) < limit:
            number += 1
            case = self.held(self._core.store.mark(f"case {number}"))
            if case is not None:
                found.append((number, case))
        return found

    def held(self, id_: str) -> Case | None:
        """Returns a case that is held here."""
        opened = open_held(self._core, id_)
        if opened is None or opened.header.kind != messages.DISPUTE:
            return None
        return as_case(opened)

    def find(self, id_or_prefix: str) -> Case:
        """Returns the one case whose id starts with a text.

        Raises:
            NotFound: none does, or more than one, or fewer than four characters were given.
        """
        text = id_or_prefix.strip().lower()
        if len(text) < ENOUGH_OF_AN_ID:
            raise NotFound(f"{id_or_prefix!r} is too short for an id: give at least {ENOUGH_OF_AN_ID} characters")
        cases = [case for case in map(self.held, self._core.store.record_ids(text, 100)) if case is not None]
        if len(cases) != 1:
            what = "no case here has" if not cases else "more than one case has"
            raise NotFound(f"{what} an id that starts with {text[:64]}: see hansa dispute list")
        return cases[0]

    def about(self, skill: str) -> list[Case]:
        """Returns the cases over a skill, oldest first."""
        rows = self._core.store.records_about(skill, messages.DISPUTE)
        return [case for case in (self.held(row.id) for row in rows) if case is not None]

    def heard(self, case: Case) -> list[Said]:
        """Returns what was said in a case, and this node's own runs of the skill since."""
        testimony = Testimony(self._core, case)
        said = [one for one in (self._said(row, testimony) for row in self.later(case.id)) if one is not None]
        for row in self._core.store.records_about(case.skill, EVIDENCE):
            if row.author == self._core.me and row.created > case.at:
                finding = testimony.of(row.id)
                if finding is not None:
                    said.append(Said(row.id, Act.RUN, row.author, Instant(row.created), finding))
        return said

    def later(self, case: str) -> list[RecordRow]:
        """Returns the records about a case, but for the opening."""
        return [row for row in self._core.store.records_about(case) if row.kind in messages.LATER_BODIES]

    def course(self, case: Case) -> Course:
        """Returns how a case goes on this node, now."""
        course = follow(case, self.heard(case), self.court, self._core.now())
        if len(self._states) >= REMEMBERED:
            self._states.clear()
        self._states[case.id] = self._core.ring.changes, course.state
        return course

    def state(self, case: Case) -> State:
        """Returns where a case stood when it was gone through last, for lists: anybody may ask for those.

        It is gone through anew whenever something is said in it (`settling`), and when keys have changed.
        """
        known = self._states.get(case.id)
        if known is not None and known[0] == self._core.ring.changes:
            return known[1]
        return self.course(case).state

    def _said(self, row: RecordRow, testimony: Testimony) -> Said | None:
        try:
            message = open_record(row, self._core.ring)
        except Refused:
            return None  # damaged: withheld, and hansa store check names it
        return as_said(message, testimony)


def as_case(message: Verified) -> Case:
    """Returns the case that a message opens."""
    body = parse(message.body, DisputeBody)
    return Case(
        message.id, body.skill, body.record, message.author, body.respondent, body.ground, body.why, body.records,
        Instant(message.header.created),
    )  # fmt: skip


def as_said(message: Verified, testimony: Testimony) -> Said:
    """Returns what a later message of a case says."""
    kind = message.header.kind
    body = parse(message.body, messages.LATER_BODIES[kind])
    finding = None
    if isinstance(body, FindingBody):
        finding = testimony.of(body.record)
    ruling = body if isinstance(body, RulingBody) else None
    at = Instant(message.header.created)
    return Said(
        message.id, messages.ACTS[kind], message.author, at, finding, ruling.ruled if ruling else None,
        ruling.basis if ruling else None, "" if isinstance(body, FindingBody) else body.why,
    )  # fmt: skip


def names(message: Verified) -> tuple[str, ...]:
    """Returns the records that a message of a case rests on."""
    body = parse(message.body, messages.LATER_BODIES[message.header.kind])
    if isinstance(body, FindingBody):
        return (body.record,)
    return body.records if isinstance(body, AppealBody) else ()
