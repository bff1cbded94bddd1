"""Taking in what is said in a dispute: whether it may stand in the case at all. What it counts for is `casebook`'s.

What opens a case, in order:

1. the disputed record and every record that it rests on are held here; else it is not here yet, and asked for again
2. the disputed record is the respondent's, about that skill, of the kind that the ground is about; he is not the opener
3. no word without a deed: where a run can show it, one of the records is a finding of the opener's that says so
4. the opener has not opened the same before
5. there are not too many cases over that skill by those whom this node does not listen to

What is said later, in order: the case, and what it rests on, are held (1); it is its author's to say (the respondent
answers, the opener withdraws, a party appeals with new evidence, a non-party brings its own finding, anybody rules for
itself); he has not said too much.

Nothing here moves a case. An appeal that comes before the ruling is kept as well: in another order it would have been
in time.
"""

from __future__ import annotations

from collections.abc import Callable

from hansa.admission.service import Admitted
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import messages
from hansa.governance.case import Case, Ground, Says
from hansa.governance.messages import AppealBody, FindingBody
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Box, Reason
from hansa.kernel.wire import parse
from hansa.node.casebook import Casebook, as_case, names
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.hearing import listens_to
from hansa.node.rows import PutRecord
from hansa.node.testimony import Testimony, open_held, read_evidence
from hansa.skills.messages import SKILL

TURN = "cases"
"""Name of the turn in which the list of cases grows; held after that of the skill."""

MAX_SAID = 8
"""Messages of one kind by one author in one case."""

MAX_HEARD = 200
"""Messages in one case by those who are neither a party nor counted here: keys cost nothing to make, and each message
is gone through whenever the case is looked at."""

MAX_CASES = 20
"""Cases over one skill that were opened by those whom this node does not listen to."""


class NotYet(Refused):
    """Came before what it rests on: the id of that, so that it can be asked for again once that is here."""

    def __init__(self, missing: str) -> None:
        self.missing = missing
        super().__init__(Reason.NOT_YET, f"it waits for {missing[:12]}")


Keep = Callable[[Admitted, str, str], PutRecord]
"""Returns the change that keeps a message: what it is about, and where it came from."""


class CaseRoom:
    """Decides on messages of the governance room that are about disputes."""

    def __init__(self, core: Core, keep: Keep) -> None:
        """Works for one node."""
        self._core = core
        self._keep = keep
        self._book = Casebook(core)

    def decide(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Returns what a message is about, the skill or the case, and what follows from it.

        Raises:
            Refused: NOT_YET, BAD_BODY, DUPLICATE, NOT_PARTY, ENOUGH_SAID.
        """
        is_new = admitted.message.header.kind == messages.DISPUTE
        return self._open(admitted, source) if is_new else self._later(admitted, source)

    def _open(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        case = as_case(admitted.message)
        self._held(case.against, *case.records)  # 1
        self._check_disputed(case)  # 2
        self._check_deed(case)  # 3
        self._check_number(case)  # 4, 5
        effects = Effects([self._keep(admitted, case.skill, source), *self._book.entry(ContentId(case.id))])
        note = f"dispute {case.id[:12]}: {case.ground}, says {case.opener} of {case.respondent}: {case.why}"
        effects.changes.append(self._core.driver.note(case.skill, Box.DOMAIN, None, None, note))
        effects.show(Kind.DISPUTE_OPENED, case.skill, note, case=case.id, ground=case.ground.value, author=case.opener)
        return case.skill, effects

    def _later(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        kind = message.header.kind
        named = names(message)
        id_ = parse(message.body, messages.LATER_BODIES[kind]).case
        self._held(id_, *named)
        case = self._book.held(id_)
        if case is None:
            raise Refused(Reason.BAD_BODY, "what it names as its case is none")
        self._check_role(case, message)
        self._check_measure(case, message)
        effects = Effects([self._keep(admitted, case.id, source)])
        what = kind.removeprefix("dispute_")
        text = f"dispute {case.id[:12]}: {what} by {message.author}"
        effects.show(Kind.DISPUTE_HEARD, case.skill, text, case=case.id, what=what, author=message.author)
        return case.id, effects

    # ---- the checks

    def _held(self, *records: str) -> None:
        for one in records:
            if not self._core.store.held([ContentId(one)]):
                raise NotYet(one)

    def _check_disputed(self, case: Case) -> None:
        disputed = open_held(self._core, case.against)
        if disputed is None or disputed.author != case.respondent or case.opener == case.respondent:
            raise Refused(Reason.BAD_BODY, "what is disputed is not a record of the respondent's")
        kind = RECEIPT if case.ground is Ground.FALSE_ACCUSATION else SKILL
        record = self._core.store.record(ContentId(case.against))
        if disputed.header.kind != kind or record is None or record.subject != case.skill:
            raise Refused(Reason.BAD_BODY, f"{case.ground} is held against a {kind} about that skill")
        if kind == RECEIPT and parse(disputed.body, Receipt).dealing is not Dealing.SKILL_REFUTED:
            raise Refused(Reason.BAD_BODY, "that receipt accuses nobody of a lie")

    def _check_deed(self, case: Case) -> None:
        if not case.ground.is_tried:
            return
        testimony = Testimony(self._core, case)
        found = [testimony.of(one) for one in case.records]
        if not any(one and one.prover == case.opener and one.says is Says.SUPPORTS for one in found):
            raise Refused(Reason.BAD_BODY, f"it rests on no finding of its opener's that shows {case.ground}")

    def _check_number(self, case: Case) -> None:
        known = self._book.about(case.skill)
        if any(_is_same(case, one) for one in known):
            raise Refused(Reason.DUPLICATE, "its opener has a case over that already")
        if len(known) >= MAX_CASES and not listens_to(self._core, case.opener):
            strangers = [one for one in known if not listens_to(self._core, one.opener)]
            if len(strangers) >= MAX_CASES:
                raise Refused(Reason.ENOUGH_SAID, f"{len(strangers)} cases over that skill by strangers")

    def _check_role(self, case: Case, message: Verified) -> None:
        kind, author = message.header.kind, message.author
        theirs = {
            messages.ANSWER: author == case.respondent,
            messages.WITHDRAWAL: author == case.opener,
            messages.APPEAL: author in case.parties,
            messages.FINDING: author not in case.parties,
        }
        if not theirs.get(kind, True):
            raise Refused(Reason.NOT_PARTY, f"{kind.removeprefix('dispute_')} in case {case.id[:12]}")
        if kind == messages.FINDING:
            self._check_finding(case, message)
        elif kind == messages.APPEAL:
            self._check_new(case, message)

    def _check_finding(self, case: Case, message: Verified) -> None:
        read = read_evidence(self._core, parse(message.body, FindingBody).record)
        if read is None or read[0].author != message.author or read[1].skill != case.skill:
            raise Refused(Reason.BAD_BODY, "it names no finding of its author's about that skill")

    def _check_new(self, case: Case, message: Verified) -> None:
        records = parse(message.body, AppealBody).records
        if not case.ground.is_tried:
            if all(one in case.records for one in records):
                raise Refused(Reason.BAD_BODY, "an appeal names new evidence")
            return
        testimony = Testimony(self._core, case)
        wanted = Says.SUPPORTS if message.author == case.opener else Says.CONTRADICTS
        found = [testimony.of(one) for one in records]
        if not any(one and one.prover == message.author and one.at > case.at and one.says is wanted for one in found):
            raise Refused(Reason.BAD_BODY, "an appeal names a new finding of its author's, on its side")

    def _check_measure(self, case: Case, message: Verified) -> None:
        heard = self._book.later(case.id)
        mine = [one for one in heard if (one.author, one.kind) == (message.author, message.header.kind)]
        if len(mine) >= MAX_SAID:
            raise Refused(Reason.ENOUGH_SAID, f"{len(mine)} by this author")
        concerned = (*case.parties, *self._book.court.named, self._core.me)
        others = [one for one in heard if one.author not in concerned]
        if message.author not in concerned and len(others) >= MAX_HEARD:
            raise Refused(Reason.ENOUGH_SAID, f"{len(others)} by those who count for nothing here")


def _is_same(case: Case, other: Case) -> bool:
    return (case.opener, case.against, case.ground) == (other.opener, other.against, other.ground)
