"""The life of a dispute on one node: a table, and what the things said in it come to there.

There is no judge over others. Each node rules for itself, by this rule, over the evidence that it counts:

1. Its own run of the skill decides, whenever it is made; the latest that came to a decision.
2. Otherwise so many findings (`disputes.agreeing`) of nodes that its operator named, all to the same effect, decide.
3. What no run can show, its operator decides.
4. A finding counts when it was made after the case was opened, and after the last appeal; parties' findings never do.
5. What is undecided stays open, for however long.

The order in which things arrive is of no account: they are gone through in the order of their times, then of their ids.
Of somebody who is no party, no verifier and not this node, nothing counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from hansa.governance.case import Act, Basis, Case, Court, Decision, Finding, Params, Ruled, Said, Says
from hansa.kernel.instant import Instant
from hansa.kernel.lifecycle import moved


class State(StrEnum):
    """Where a case stands on this node."""

    OPENED = "opened"
    ANSWERED = "answered"
    EVIDENCE = "evidence"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"


class Trigger(StrEnum):
    """What moves a case."""

    ANSWER = "answer"
    FINDING = "finding"
    UPHOLD = "uphold"
    DISMISS = "dismiss"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"


MEANING = {
    State.OPENED: "somebody accuses, with a deed to show",
    State.ANSWERED: "the respondent has said his side",
    State.EVIDENCE: "somebody whose findings count here has run the skill again; it is not decided yet",
    State.UPHELD: "on this node the accusation stands, and a skill that it is against is refused",
    State.DISMISSED: "on this node the accusation does not stand",
    State.WITHDRAWN: "the opener has taken it back: nothing is owed",
    State.APPEALED: "the party that lost has asked for new runs: those made before count no more",
}
"""What each state means, in words."""

_O, _A, _E = State.OPENED, State.ANSWERED, State.EVIDENCE
_U, _D, _W, _P = State.UPHELD, State.DISMISSED, State.WITHDRAWN, State.APPEALED

TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (_O, Trigger.ANSWER): _A,
    (_O, Trigger.FINDING): _E,
    (_O, Trigger.UPHOLD): _U,
    (_O, Trigger.DISMISS): _D,
    (_O, Trigger.WITHDRAW): _W,
    (_A, Trigger.FINDING): _E,
    (_A, Trigger.UPHOLD): _U,
    (_A, Trigger.DISMISS): _D,
    (_A, Trigger.WITHDRAW): _W,
    (_E, Trigger.ANSWER): _E,
    (_E, Trigger.FINDING): _E,
    (_E, Trigger.UPHOLD): _U,
    (_E, Trigger.DISMISS): _D,
    (_E, Trigger.WITHDRAW): _W,
    (_U, Trigger.DISMISS): _D,
    (_U, Trigger.APPEAL): _P,
    (_D, Trigger.UPHOLD): _U,
    (_D, Trigger.APPEAL): _P,
    (_P, Trigger.ANSWER): _P,
    (_P, Trigger.FINDING): _P,
    (_P, Trigger.UPHOLD): _U,
    (_P, Trigger.DISMISS): _D,
    (_P, Trigger.WITHDRAW): _W,
}
"""Every legal move; all others are refused and change nothing. A ruling is turned over by a run of this node's own."""

OPEN = (_O, _A, _E, _P)
"""States in which a case waits for a ruling."""

_TRIGGER = {Ruled.UPHELD: Trigger.UPHOLD, Ruled.DISMISSED: Trigger.DISMISS}
_RULES = {Says.SUPPORTS: Ruled.UPHELD, Says.CONTRADICTS: Ruled.DISMISSED}


def move(state: State, trigger: Trigger) -> State:
    """Returns the state after `trigger`.

    Raises:
        UsageError: the move is not in the table.
    """
    return moved(TRANSITIONS, state, trigger, "a case that is {state} takes no {trigger}")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing said in a case: whether it counted, why, and where the case stood after it."""

    said: Said
    counted: bool
    why: str
    state: State


_BEGINNING = Instant(0)


@dataclass(frozen=True, slots=True)
class Course:
    """How a case went on this node.

    Attributes:
        decision: what it was decided, as long as no appeal has opened it again.
        since: findings made before do not count: when it was opened, or appealed last.
        tally: the last finding that counts of each verifier.
    """

    case: Case
    state: State = State.OPENED
    decision: Decision | None = None
    since: Instant = _BEGINNING
    answered: bool = False
    appealed: bool = False
    tally: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()

    def may_appeal(self, author: str, at: Instant, params: Params) -> str:
        """Returns why a node may not appeal at some time; "" when it may."""
        if self.decision is None:
            return f"there is no ruling to appeal against: the case is {self.state}"
        loser = self.case.respondent if self.decision.ruled is Ruled.UPHELD else self.case.opener
        if author != loser:
            return "only the party that lost may appeal"
        if self.appealed:
            return "there was an appeal before"
        if not self.decision.at <= at <= self.decision.until(params):
            return f"an appeal has {params.appeal_days} days from the ruling on"
        return ""


def follow(case: Case, heard: Iterable[Said], court: Court, now: Instant) -> Course:
    """Returns how a case goes on the node of `court`: the same for the same things, in whatever order they came.

    Args:
        heard: all that was said after the opening, and this node's own runs of the skill.
        now: what is dated later is left for later.
    """
    course = Course(case, since=case.at)
    for one in sorted(heard, key=lambda each: (each.at, each.record)):
        if one.at <= now:
            course = _step(course, one, court)
    return course


def _step(course: Course, one: Said, court: Court) -> Course:
    after, why = _HOW[one.act](course, one, court)
    counted = after is not course
    return replace(after, steps=(*course.steps, Step(one, counted, why, after.state)))


def _answer(course: Course, one: Said, court: Court) -> tuple[Course, str]:
    if one.author != course.case.respondent:
        return course, "only the respondent answers"
    if course.answered or (course.state, Trigger.ANSWER) not in TRANSITIONS:
        return course, "answered before" if course.answered else f"the case is {course.state}"
    return replace(course, state=move(course.state, Trigger.ANSWER), answered=True), "the respondent's side"


def _finding(course: Course, one: Said, court: Court) -> tuple[Course, str]:
    found = one.finding
    if one.author in course.case.parties:
        return course, "a party's own finding decides nothing"
    if one.author == court.me:
        return course, "counts as this node's own run"
    if one.author not in court.named:
        return course, "its author is none of the verifiers that this node names"
    if found is None or found.prover != one.author:
        return course, "the finding is not its author's own, or void by now"
    if _too_old(course, found):
        return course, _OLD
    if found.says is Says.NOTHING:
        return course, "it decides nothing: inconclusive, or on another harness"
    if course.state not in OPEN:
        return course, f"the case was {course.state} by then"
    others = tuple(each for each in course.tally if each.prover != one.author)
    before = next((each for each in course.tally if each.prover == one.author), found)
    tally = (*others, max(before, found, key=lambda each: (each.at, each.record)))
    course = replace(course, state=move(course.state, Trigger.FINDING), tally=tally)
    agreeing = [each for each in tally if each.says is found.says]
    said = f"a verifier's: {len(agreeing)} of {court.params.agreeing} that {found.says} it"
    if len(agreeing) < court.params.agreeing:
        return course, said
    records = tuple(each.record for each in sorted(agreeing, key=lambda each: each.record))
    return _decided(course, Decision(_RULES[found.says], Basis.VERIFIERS, one.at, records)), said


def _run(course: Course, one: Said, court: Court) -> tuple[Course, str]:
    found = one.finding
    if court.me in course.case.parties:
        return course, "this node is a party, and does not judge its own cause"
    if found is None or _too_old(course, found):
        return course, _OLD
    if found.says is Says.NOTHING or not course.case.ground.is_tried:
        return course, "it decides nothing: inconclusive, on another harness, or not what is disputed"
    if course.state is State.WITHDRAWN:
        return course, "the accusation was withdrawn by then"
    if course.state in OPEN:
        course = replace(course, state=move(course.state, Trigger.FINDING))
    return _decided(course, Decision(_RULES[found.says], Basis.OWN, one.at, (found.record,))), "this node's own run"


def _ruling(course: Course, one: Said, court: Court) -> tuple[Course, str]:
    if one.author != court.me:
        return course, "its author rules for itself"
    if one.basis is not Basis.OPERATOR or one.ruled is None:
        return course, "what this node wrote down of the above"
    if course.case.ground.is_tried:
        return course, "runs decide this, no person"
    if course.state is State.WITHDRAWN:
        return course, "the accusation was withdrawn by then"
    return _decided(course, Decision(one.ruled, Basis.OPERATOR, one.at)), "the operator's word, for this node"


def _withdrawal(course: Course, one: Said, court: Court) -> tuple[Course, str]:
    if one.author != course.case.opener:
        return course, "only the opener withdraws"
    if (course.state, Trigger.WITHDRAW) not in TRANSITIONS:
        return course, f"the case was {course.state} by then"
    return replace(course, state=move(course.state, Trigger.WITHDRAW)), "the accusation is taken back: nothing is owed"


def _appeal(course: Course, one: Said, court: Court) -> tuple[Course, str]:
    problem = course.may_appeal(one.author, one.at, court.params)
    if problem:
        return course, problem
    after = move(course.state, Trigger.APPEAL)
    course = replace(course, state=after, decision=None, since=one.at, appealed=True, tally=())
    return course, "asks for new runs: those made before count no more"


def _decided(course: Course, decision: Decision) -> Course:
    """Returns the course after a ruling; one to the same effect changes what it rests on, and not since when."""
    trigger, before = _TRIGGER[decision.ruled], course.decision
    if before is not None and before.ruled is decision.ruled:
        return replace(course, decision=replace(decision, at=before.at))
    return replace(course, state=move(course.state, trigger), decision=decision)


def _too_old(course: Course, found: Finding) -> bool:
    return found.at <= course.since


_OLD = "made before the case was opened, or appealed: only new runs count"

_HOW = {
    Act.ANSWER: _answer,
    Act.FINDING: _finding,
    Act.RUN: _run,
    Act.RULING: _ruling,
    Act.WITHDRAWAL: _withdrawal,
    Act.APPEAL: _appeal,
}


def diagram() -> str:
    """Returns the table as a diagram in Mermaid."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.OPENED}"]
    lines += [f"    {before} --> {after}: {trigger}" for (before, trigger), after in TRANSITIONS.items()]
    return "\n".join(lines)
