"""What is shown of votes: plain values for JSON."""

from __future__ import annotations

from typing import Any

from hansa.governance import diff, risk
from hansa.governance.ballot import Choice
from hansa.governance.roster import Roster
from hansa.kernel.errors import Refused
from hansa.kernel.instant import iso
from hansa.node.ballotbook import BallotBook, Poll
from hansa.node.core import Core


class VoteViews:
    """Shows rosters and proposals to people and programs."""

    def __init__(self, core: Core, book: BallotBook) -> None:
        """Reads the core's store, and the proposals in `book`."""
        self._core = core
        self._book = book

    def roster(self, roster: Roster) -> dict[str, Any]:
        """Returns a roster, and whether it decides here."""
        followed = self._book.followed
        return {
            "roster": roster.id,
            "epoch": roster.epoch,
            "follows": roster.follows,
            "members": list(roster.members),
            "quorum": roster.quorum,
            "liars": roster.liars,
            "decides_here": followed is not None and followed.id == roster.id,
            "is_member": self._core.me in roster.members,
        }

    def listed(self) -> list[dict[str, Any]]:
        """Returns every proposal in short, oldest first."""
        return [self.short(one) for one in self._book.list()]

    def short(self, poll: Poll) -> dict[str, Any]:
        """Returns how a proposal is listed."""
        return {
            "proposal": poll.id,
            "state": poll.decided.value,
            "author": poll.author,
            "rationale": poll.body.rationale,
            "risk": poll.body.risk.value,
            "yes": len(poll.ballot.votes(Choice.YES)),
            "no": len(poll.ballot.votes(Choice.NO)),
            "quorum": poll.roster.quorum,
            "ends_at": iso(poll.body.ends),
        }

    def whole(self, poll: Poll) -> dict[str, Any]:
        """Returns a proposal with its votes, its diff, and what the rules of this node say of that."""
        votes = [
            {"member": row.author, "choice": one.choice.value, "why": one.why, "at": iso(row.created), "record": row.id}
            for row, one in self._book.votes(poll.id)
        ]
        return {
            **self.short(poll),
            "roster": poll.roster.id,
            "epoch": poll.roster.epoch,
            "diff": poll.body.diff,
            "base": poll.body.base,
            "text": poll.body.text,
            "members": list(poll.body.members),
            "votes": votes,
            "silent": list(poll.ballot.silent),
            "voted_both_ways": list(poll.ballot.torn),
            "proof": list(poll.proof),
            **self._judged(poll),
        }

    def _judged(self, poll: Poll) -> dict[str, Any]:
        try:
            files = diff.read(poll.body.text) if poll.body.text else ()
        except Refused:
            files = ()  # an older version took it
        found = risk.assess(files, self._core.settings.risk)
        shown = [
            {
                "path": one.path,
                "kind": one.kind.value,
                "added": len(one.lines("+")),
                "removed": len(one.lines("-")),
            }
            for one in files
        ]
        rules = [
            {"rule": one.rule, "level": one.level.value, "path": one.path, "why": one.why} for one in found.findings
        ]
        return {"files": shown, "risk_here": found.level.value, "rules": rules}
