"""What is shown of disputes: plain values for JSON. Who said what, what of it counted here, and why."""

from __future__ import annotations

from hansa.governance.case import Case, Decision
from hansa.governance.disputes import State, Step
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import iso
from hansa.node.casebook import Casebook
from hansa.node.core import Core
from hansa.node.views import View

_PAGE = 500


class CaseViews:
    """Reads cases for people and programs."""

    def __init__(self, core: Core, book: Casebook) -> None:
        """Reads the core's store, and the cases in `book`."""
        self._core = core
        self._book = book

    def page(self, after: int = 0, limit: int = 100) -> list[tuple[Case, View]]:
        """Returns at most `limit` cases with a number above `after`, each with how it is listed."""
        return [(case, self._listed(number, case)) for number, case in self._book.page(after, limit)]

    def listed(self, after: int = 0, limit: int = 100, state: State | None = None) -> tuple[list[View], int | None]:
        """Returns cases with a number above `after`, in some state when given, and where the next page begins."""
        found: list[View] = []
        last = after
        while page := self._book.page(last, _PAGE):
            for last, case in page:
                if state is None or self._book.state(case) is state:
                    found.append(self._listed(last, case))
                if len(found) == limit:
                    return found, last if last < self._book.count() else None
        return found, None

    def _listed(self, number: int, case: Case) -> View:
        return {"number": number, **self._short(case, self._book.state(case))}

    def _short(self, case: Case, state: State) -> View:
        row = self._core.store.skill(ContentId(case.skill))
        return {
            "case": case.id,
            "state": state.value,
            "ground": case.ground.value,
            "trace_id": case.skill,
            "intent": row.intent if row else "",
            "against": case.against,
            "opener": case.opener,
            "respondent": case.respondent,
            "why": case.why,
            "opened_at": iso(case.at),
        }

    def whole(self, case: Case) -> View:
        """Returns a case with all that was said in it, what counted on this node and why, and its ruling."""
        course = self._book.course(case)
        view = self._short(case, course.state)
        view["records"] = list(case.records)
        view["rules_here_by"] = self._rule(case)
        view["ruling"] = self._ruling(course.decision) if course.decision else None
        view["heard"] = [_step(one) for one in course.steps]
        return view

    def _rule(self, case: Case) -> str:
        """Returns in one sentence by what this node rules in a case."""
        court = self._book.court
        wanted, named = court.params.agreeing, len(court.named)
        others = f"{wanted} findings of verifiers that its operator names, to the same effect"
        if named < wanted:
            others += f" (conduct.verifiers names {named or 'none'}: the case stays open until it names {wanted})"
        if not case.ground.is_tried:
            return "no run can show this: its operator's own word"
        if court.me in case.parties:
            return f"this node is a party: {others}"
        return f"its own run of the skill, made after the case was opened; until there is one, {others}"

    def _ruling(self, decision: Decision) -> View:
        until = decision.until(self._core.settings.disputes)
        return {
            "ruled": decision.ruled.value,
            "basis": decision.basis.value,
            "since": iso(decision.at),
            "records": list(decision.records),
            "appeal_until": iso(until),
        }


def _step(one: Step) -> View:
    said = one.said
    return {
        "record": said.record,
        "what": said.act.value,
        "author": said.author,
        "at": iso(said.at),
        "text": said.text,
        "says": said.finding.says.value if said.finding else "",
        "finding": said.finding.record if said.finding else "",
        "ruled": said.ruled.value if said.ruled else "",
        "basis": said.basis.value if said.basis else "",
        "counted": one.counted,
        "why": one.why,
        "state": one.state.value,
    }
