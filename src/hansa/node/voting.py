"""This node's hand in votes: founding a roster, proposing, voting once, closing a vote, and what may be applied.

1. A vote is kept before it leaves, and a second, other one is refused by its own node, also after a crash: what it has
   said is read from its store. A store that may lack that signs nothing (`Core.seal`).
2. A node says yes to one successor of a roster at most: two of them could not both follow.
3. Nothing is decided by waiting. Once the end is over without a quorum, a proposal is undecided, and stays so here.
4. `permit` lets go what a quorum of the roster that decides here has approved, and nothing else. `override` is the
   operator's own word over her own files: written down as `local_override`, and never called a decision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from hansa.admission.service import Via
from hansa.governance import diff, risk, voting
from hansa.governance.ballot import Choice, Decided
from hansa.governance.roster import Roster
from hansa.governance.voting import OutcomeBody, ProposalBody, RosterBody, VoteBody
from hansa.identity import envelope
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Box, Reason
from hansa.kernel.wire import Wire
from hansa.node.ballotbook import FOLLOWED, BallotBook, Poll, closed_mark
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import OutboxRow, PutMark, PutOutbox
from hansa.node.voteroom import VoteRoom

OVERRIDE = "local_override"
"""Word in the journal for what an operator did without a decision."""

LOOK_MS = 500
"""How often at least a vote that is waited for is looked at: another process of this node may have taken a vote in."""


class Voting:
    """Founds, proposes, votes, and closes votes."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core
        self._room = VoteRoom(core)
        self.book = BallotBook(core)

    # ---- rosters

    async def found(self, members: Sequence[str], to: Sequence[str] = ()) -> Roster:
        """Founds a roster of this node and others; it decides here from then on.

        Raises:
            Refused: BAD_BODY: too many members, or one twice.
        """
        roster = Roster(tuple(sorted(dict.fromkeys((self._core.me, *map(NodeId, members))))))
        roster.check()
        if self.book.roster(roster.id) is None:
            await self._say(voting.ROSTER, RosterBody(members=roster.members, epoch=1), roster.id, (), to)
        return await self.follow(roster.id)

    async def follow(self, id_or_prefix: str) -> Roster:
        """Lets a roster decide here: the operator's word, for no message can say which one does.

        Raises:
            NotFound: none that is held here has that id.
        """
        found = self._rosters(id_or_prefix)
        if len(found) != 1:
            raise NotFound(f"{len(found) or 'no'} rosters here have an id that starts with {id_or_prefix[:64]!r}")
        (roster,) = found
        await self._core.driver.perform(Effects([PutMark(FOLLOWED, roster.id)]))
        return roster

    def _rosters(self, prefix: str) -> list[Roster]:
        """Returns the rosters whose id, or whose record's id, starts with a text."""
        whole = self.book.roster(prefix)
        if whole is not None:
            return [whole]
        rows = [self._core.store.record(one) for one in self._core.store.record_ids(prefix, 100) if len(prefix) >= 4]
        subjects = dict.fromkeys(row.subject for row in rows if row is not None and row.kind == voting.ROSTER)
        return [one for one in map(self.book.roster, subjects) if one is not None]

    def _followed(self) -> Roster:
        roster = self.book.followed
        if roster is None:
            raise UsageError("no roster decides here: hansa roster create, or hansa roster follow ID")
        return roster

    async def succeed(self, proposal: str, to: Sequence[str] = ()) -> Roster:
        """Tells of the roster that was approved to follow, with its proof; it decides here from then on.

        Raises:
            UsageError: it was not approved, or the proposal is about no roster.
        """
        poll = await self.settle(proposal)
        if poll.after is None or poll.decided is not Decided.APPROVED:
            raise UsageError(f"proposal {poll.id[:12]} is {poll.decided}: nothing follows from it")
        await self._succeed(poll, poll.after, to)
        return poll.after

    async def _succeed(self, poll: Poll, after: Roster, to: Sequence[str] = ()) -> None:
        if self.book.roster(after.id) is None:
            body = RosterBody(members=after.members, epoch=after.epoch, follows=after.follows, agreed=poll.proof)
            await self._say(voting.ROSTER, body, after.id, (poll.id, *poll.proof), to)

    # ---- proposals and votes

    async def propose(self, text: str, base: str, rationale: str, lasts_ms: int = 0, to: Sequence[str] = ()) -> Poll:
        """Asks the roster that decides here whether a diff may be applied; this node's own vote is yes.

        Args:
            base: `diff.base_of` the files as they are.
            lasts_ms: how long members have to answer; by default as the setting says.

        Raises:
            UsageError: no roster decides here. Refused: BAD_BODY (`diff.BadDiff`), NOT_PARTY.
        """
        roster = self._followed()
        found = risk.assess(diff.read(text), self._core.settings.risk)
        body = ProposalBody(
            roster=roster.id,
            diff=content_id(text.encode()),
            base=base,
            text=text,
            rationale=rationale,
            risk=found.level,
            fired=tuple(dict.fromkeys(one.rule for one in found.findings)),
            ends=self._core.now() + (lasts_ms or self._core.settings.voting.timeout_ms),
        )
        return await self._propose(body, to)

    async def propose_roster(
        self, members: Sequence[str], rationale: str, lasts_ms: int = 0, to: Sequence[str] = ()
    ) -> Poll:
        """Asks for another roster; a quorum of the old members and one of the new must agree."""
        roster = self._followed()
        after = roster.succeeded(tuple(map(NodeId, members)))
        body = ProposalBody(
            roster=roster.id,
            diff=after.id,
            base=roster.id,
            members=after.members,
            rationale=rationale,
            risk=risk.Level.HIGH,
            ends=self._core.now() + (lasts_ms or self._core.settings.voting.timeout_ms),
        )
        return await self._propose(body, to)

    async def _propose(self, body: ProposalBody, to: Sequence[str]) -> Poll:
        roster = self._rosters(body.roster)
        rests_on = [one.id for one in self._core.store.records_about(body.roster, voting.ROSTER)] if roster else []
        id_ = await self._say(voting.PROPOSAL, body, body.roster, rests_on, to)
        return await self.vote(id_, Choice.YES, "", to)

    async def vote(self, id_: str, choice: Choice, why: str = "", to: Sequence[str] = ()) -> Poll:
        """Votes; the same again changes nothing.

        Raises:
            UsageError: the proposal is to another roster than the one that decides here.
            Refused: DUPLICATE (this node has voted otherwise), EXPIRED, NOT_PARTY, RESTORED.
        """
        poll = await self.settle(id_)
        async with self._core.turns.of(poll.roster.id, poll.id):
            mine = [one for row, one in self.book.votes(poll.id) if row.author == self._core.me]
            if mine and mine[0].choice is choice:
                return poll
            self._check_may_vote(poll, choice, voted=bool(mine))
            subject = poll.ballot.subject
            body = VoteBody(
                proposal=poll.id,
                diff=subject.diff,
                base=subject.base,
                roster=subject.roster,
                epoch=poll.roster.epoch,
                ends=subject.ends,
                choice=choice,
                why=why,
            )
            await self._say(voting.VOTE, body, "", (poll.id,), to)
        return await self.settle(poll.id)

    def _check_may_vote(self, poll: Poll, choice: Choice, voted: bool) -> None:
        if voted:
            raise Refused(Reason.DUPLICATE, "this node has voted on it, and a vote is not taken back")
        if self._core.store.mark(FOLLOWED) != poll.roster.id:
            raise UsageError(f"roster {poll.roster.id[:12]} does not decide here: hansa roster follow says which does")
        if poll.decided is Decided.UNDECIDED or self._core.now() > poll.body.ends:
            raise Refused(Reason.EXPIRED, "the vote is over")
        if poll.after is not None and choice is Choice.YES:
            for one in self.book.list():
                mine = [vote for row, vote in self.book.votes(one.id) if row.author == self._core.me]
                other = one.after is not None and one.body.roster == poll.roster.id and one.body.diff != poll.body.diff
                if other and any(vote.choice is Choice.YES for vote in mine):
                    raise Refused(Reason.DUPLICATE, "this node has said yes to another roster that would follow")

    # ---- what comes of it

    async def settle(self, id_: str) -> Poll:
        """Returns how a proposal stands, and closes the vote if it is over; what was closed stays as it is.

        Raises:
            NotFound: it is not held here.
        """
        async with self._core.turns.of(closed_mark(id_)):
            return await self._settle(id_)

    async def _settle(self, id_: str) -> Poll:
        poll = self.book.poll(id_)
        final = poll.decided is not Decided.OPEN and not (poll.late and poll.decided is Decided.UNDECIDED)
        if not final or self._core.store.mark(closed_mark(poll.id)):
            return poll
        effects = Effects([PutMark(closed_mark(poll.id), poll.decided.value)])
        text = f"proposal {poll.id[:12]} is {poll.decided}, by {len(poll.proof)} votes of {len(poll.ballot.voters)}"
        effects.changes.append(self._core.driver.note(poll.id, Box.DOMAIN, None, None, text))
        effects.show(
            Kind.CONSENSUS_RESULT,
            poll.id,
            text,
            decided=poll.decided.value,
            yes=len(poll.ballot.votes(Choice.YES)),
            no=len(poll.ballot.votes(Choice.NO)),
            silent=len(poll.ballot.silent),
        )
        await self._core.driver.perform(effects)
        if poll.author == self._core.me:
            await self._tell(poll)
        return poll

    async def _tell(self, poll: Poll) -> None:
        """Tells the outcome of an own proposal, with its proof; after a restore, nothing is told."""
        said = self._core.store.records_about(poll.id, voting.OUTCOME)
        if self._core.asks_first or any(one.author == self._core.me for one in said):
            return
        body = OutcomeBody(proposal=poll.id, decided=poll.decided, votes=poll.proof)
        await self._say(voting.OUTCOME, body, "", poll.proof, ())
        if poll.after is not None and poll.decided is Decided.APPROVED:
            await self._succeed(poll, poll.after)

    async def settle_all(self) -> list[Poll]:
        """Closes every vote that is over; for whoever starts, or looks now and then."""
        open_ = [one for one in self.book.ids() if not self._core.store.mark(closed_mark(one))]
        return [await self.settle(one) for one in open_ if self.book.held(one) is not None]

    async def wait(self, id_: str) -> Poll:
        """Returns how a proposal stands once it is decided, or its end is over."""
        with self._core.driver.listening() as watcher:
            while True:
                poll = await self.settle(id_)
                if poll.decided is not Decided.OPEN:
                    return poll
                left = min(LOOK_MS, poll.body.ends - self._core.now() + 1)
                try:
                    await asyncio.wait_for(watcher.take(), max(left, 1) / 1_000)
                except TimeoutError:
                    continue

    async def permit(self, id_: str) -> Poll:
        """Returns a proposal that may be applied here.

        Raises:
            Refused: NOT_APPROVED: it is not approved by a quorum of the roster that decides here.
        """
        poll = await self.settle(id_)
        if poll.decided is not Decided.APPROVED:
            raise Refused(Reason.NOT_APPROVED, f"proposal {poll.id[:12]} is {poll.decided}")
        if self._core.store.mark(FOLLOWED) != poll.roster.id:
            raise Refused(
                Reason.NOT_APPROVED, f"it was decided by roster {poll.roster.id[:12]}, which decides not here"
            )
        if poll.after is not None:
            raise UsageError("it is about who votes, and changes no file: hansa roster show")
        return poll

    async def applied(self, what: str, digest: str, override: bool) -> None:
        """Writes down that a diff was applied here: by a decision, or by the operator's own word."""
        word = OVERRIDE if override else "applied"
        note = f"{word}: the diff {digest} was applied by the operator" + ("" if override else ", as was decided")
        effects = Effects([self._core.driver.note(what, Box.DOMAIN, None, None, note)])
        effects.show(Kind.CHANGE_APPLIED, what, note, diff=digest, basis=word)
        await self._core.driver.perform(effects)

    # ---- how it is said

    async def _say(self, kind: str, body: Wire, turn: str, before: Sequence[str], to: Sequence[str]) -> ContentId:
        """Signs, keeps and queues a message, whole or not at all; `turn` names whose turn is still to be taken."""
        core = self._core
        names = (turn,) if turn else ()
        async with core.turns.of(*names):
            message = envelope.verify(core.seal(kind, msgspec.to_builtins(body)), core.ring)
            _, effects = self._room.decide(core.admission.admit(message, Via.LOCAL, core.now()), "")
            for url in dict.fromkeys(to or [one.url for one in core.store.subscriptions()]):
                self._queue((*before, message.id), url, effects)
            await core.driver.perform(effects)
        return message.id

    def _queue(self, records: Sequence[str], url: str, effects: Effects) -> None:
        for id_ in dict.fromkeys(records):
            sent = [one.url for one in self._core.store.deliveries_of(ContentId(id_)) if one.state != "refused"]
            if url not in sent:
                outgoing = OutboxRow(ContentId(id_), url, "pending", at=Instant(self._core.now()))
                effects.changes.append(PutOutbox(outgoing))
