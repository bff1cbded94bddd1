"""Taking in rosters, proposals, votes and outcomes: whether each may stand. What votes come to is `ballotbook`'s.

1. What it names is held here; else it came early, and is asked for again.
2. A roster: the first one is by one of its members; every other brings the votes by which a quorum of the old and of
   the new members agreed. Where the old one decides here, the new one does from then on.
3. A proposal: by a member, whole, readable as a diff, with an end within seven days; not too many at a time.
4. A vote: by a member, over exactly what the proposal says, made before its end. A second and different one is kept: it
   proves that its author votes both ways. A third is not.
5. An outcome: by a member, once; what it says is proved by the votes that it names. It moves nothing: the votes do.
"""

from __future__ import annotations

from hansa.admission.service import Admitted
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import voting
from hansa.governance.ballot import Choice, Decided, Subject, certified
from hansa.governance.voting import OutcomeBody, ProposalBody, RosterBody, VoteBody
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.verdict import Box, Reason
from hansa.kernel.wire import parse
from hansa.node.ballotbook import FOLLOWED, BallotBook, Poll
from hansa.node.caseroom import NotYet
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.receipts import write
from hansa.node.rows import PutBlob, PutMark, PutRecord
from hansa.node.shelf import record_row, way
from hansa.node.testimony import open_held

MAX_OPEN = 32
"""Proposals of one author to one roster that may be open at a time."""

MAX_VOTES = 2
"""Votes of one member on one proposal that are kept: the second is the proof against him."""


class VoteRoom:
    """Decides on messages about votes."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core
        self._book = BallotBook(core)
        self._rooms = {
            voting.ROSTER: self._roster,
            voting.PROPOSAL: self._proposal,
            voting.VOTE: self._vote,
            voting.OUTCOME: self._outcome,
        }

    def decide(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Returns what a message is about, a roster or a proposal, and what follows from it.

        Raises:
            Refused: NOT_YET, BAD_BODY, NOT_PARTY, EXPIRED, DUPLICATE, ENOUGH_SAID.
        """
        return self._rooms[admitted.message.header.kind](admitted, source)

    def _keep(self, admitted: Admitted, subject: str, source: str) -> PutRecord:
        """Returns the change that keeps a message. This node's own word in a vote is for all to see."""
        message = admitted.message
        row = record_row(message, subject, admitted.at, came=way(admitted.via, source))
        own = message.author == self._core.me
        passed_on = self._core.settings.role == "hub" and admitted.via.value == "http"
        return PutRecord(row, own or passed_on, message.header.recipient)

    def _roster(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, RosterBody)
        roster = body.roster
        roster.check()
        if self._book.roster(roster.id) is not None:
            raise Refused(Reason.DUPLICATE, "that roster is held here")
        effects = Effects([self._keep(admitted, roster.id, source)])
        if roster.follows:
            self._check_follows(body, message)
            if self._core.store.mark(FOLLOWED) == roster.follows:
                effects.changes.append(PutMark(FOLLOWED, roster.id))
        elif message.author not in roster.members or body.agreed:
            raise Refused(Reason.NOT_PARTY, "the first roster is founded by one of its members, with no votes")
        text = f"roster {roster.id[:12]} of {len(roster.members)} members, epoch {roster.epoch}"
        effects.show(Kind.ROSTER_TOLD, roster.id, text, author=message.author, epoch=roster.epoch)
        return roster.id, effects

    def _check_follows(self, body: RosterBody, message: Verified) -> None:
        """Refuses a roster that its old and its new members have not agreed to (attack 60)."""
        old = self._book.roster(body.follows)
        if old is None:
            raise NotYet(body.follows)
        if message.author not in (*old.members, *body.members) or old.succeeded(body.roster.members) != body.roster:
            raise Refused(Reason.BAD_BODY, "it does not follow the roster that it names")
        votes = []
        for one in body.agreed:
            opened = self._open(one, voting.VOTE)
            votes.append(parse(opened.body, VoteBody).vote(opened.id, opened.author, opened.header.created))
        subjects: dict[Subject, None] = {one.subject: None for one in votes}
        for subject in subjects:
            held = self._book.held(subject.proposal)
            if held is None or held[1].subject(subject.proposal) != subject or subject.diff != body.roster.id:
                continue
            if certified(subject, old, tuple(votes), Choice.YES, body.roster):
                return
        raise Refused(Reason.BAD_BODY, "its votes are no quorum of the old and of the new members")

    def _proposal(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, ProposalBody)
        roster = self._book.roster(body.roster)
        if roster is None:
            raise NotYet(body.roster)
        body.check(roster, message.author, message.header.created)
        others = self._core.store.records_about(roster.id, voting.PROPOSAL)
        theirs = [self._book.held(one.id) for one in others if one.author == message.author]
        if sum(one is not None and one[1].ends >= admitted.at for one in theirs) >= MAX_OPEN:
            raise Refused(Reason.ENOUGH_SAID, f"{MAX_OPEN} proposals by this author are open")
        effects = Effects([self._keep(admitted, roster.id, source)])
        text = f"proposal {message.id[:12]} by {message.author}: {body.rationale}"
        fields = {"author": message.author, "risk": body.risk.value, "ends": body.ends}
        effects.show(Kind.PROPOSAL_MADE, message.id, text, **fields)
        return roster.id, effects

    def _vote(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, VoteBody)
        poll = self._poll(body.proposal)
        vote = body.vote(message.id, message.author, message.header.created)
        if vote.subject != poll.ballot.subject or body.epoch != poll.roster.epoch:
            raise Refused(Reason.BAD_BODY, "a vote over another diff, base, roster or end")
        if vote.voter not in poll.ballot.voters:
            raise Refused(Reason.NOT_PARTY, "who votes is no member of the roster")
        if vote.at > body.ends:
            raise Refused(Reason.EXPIRED, "the vote is over")
        before = [one for row, one in self._book.votes(poll.id) if row.author == message.author]
        if any(one.choice is body.choice for one in before) or len(before) >= MAX_VOTES:
            raise Refused(Reason.DUPLICATE, "that member has voted")
        effects = Effects([self._keep(admitted, poll.id, source)])
        text = f"{body.choice} by {message.author} on proposal {poll.id[:12]}"
        effects.show(Kind.VOTE_CAST, poll.id, text, author=message.author, choice=body.choice.value)
        if before:
            text = f"{message.author} has voted both ways on proposal {poll.id[:12]}: both signed votes are kept"
            effects.changes.append(self._core.driver.note(poll.id, Box.DOMAIN, None, Reason.EQUIVOCATION, text))
            effects.show(Kind.VOTE_TORN, poll.id, text, author=message.author)
            self._prove(poll, message, effects)
        return poll.id, effects

    def _prove(self, poll: Poll, second: Verified, effects: Effects) -> None:
        """Keeps a receipt that names both votes: anybody can check it (`splits`). After a restore, none is signed."""
        if self._core.asks_first:
            return
        first = next(row for row, _ in self._book.votes(poll.id) if row.author == second.author)
        digest = content_id(second.raw)
        receipt = Receipt(
            dealing=Dealing.EQUIVOCATED,
            subject=second.author,
            records=(first.id, second.id, digest),
            reason=Reason.EQUIVOCATION.code,
        )
        effects.changes.append(PutBlob(digest, second.raw))
        write(self._core, receipt, effects, poll.id)

    def _outcome(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, OutcomeBody)
        poll = self._poll(body.proposal)
        if message.author not in poll.ballot.voters:
            raise Refused(Reason.NOT_PARTY, "who tells the outcome is no member of the roster")
        if any(one.author == message.author for one in self._core.store.records_about(poll.id, voting.OUTCOME)):
            raise Refused(Reason.DUPLICATE, "that member has told of the outcome")
        self._check_proof(poll, body)
        effects = Effects([self._keep(admitted, poll.id, source)])
        text = f"proposal {poll.id[:12]} was {body.decided}, says {message.author}"
        effects.show(Kind.OUTCOME_TOLD, poll.id, text, author=message.author, decided=body.decided.value)
        return poll.id, effects

    def _check_proof(self, poll: Poll, body: OutcomeBody) -> None:
        choice = {Decided.APPROVED: Choice.YES, Decided.REFUSED: Choice.NO}.get(body.decided)
        if choice is None:
            if body.decided is Decided.OPEN or body.votes:
                raise Refused(Reason.BAD_BODY, "no vote proves that nothing was decided")
            return
        opened = [self._open(one, voting.VOTE) for one in body.votes]
        votes = [parse(one.body, VoteBody).vote(one.id, one.author, one.header.created) for one in opened]
        if not certified(poll.ballot.subject, poll.roster, tuple(votes), choice, poll.after):
            raise Refused(Reason.BAD_BODY, f"its votes do not prove that it was {body.decided}")

    def _poll(self, proposal: str) -> Poll:
        if self._book.held(proposal) is None:
            if self._core.store.held([ContentId(proposal)]):
                raise Refused(Reason.BAD_BODY, "what it names as its proposal is none")
            raise NotYet(proposal)
        return self._book.poll(proposal)

    def _open(self, id_: str, kind: str) -> Verified:
        opened = open_held(self._core, id_)
        if opened is None:
            raise NotYet(id_)
        if opened.header.kind != kind:
            raise Refused(Reason.BAD_BODY, f"it names a {opened.header.kind} as a {kind}")
        return opened
