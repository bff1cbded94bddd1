"""The guards of votes on changes, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

_rows = rows_by(
    {
        "ballot": "governance/test_ballot",
        "diff": "governance/test_diff",
        "risk": "governance/test_risk",
        "node": "node/test_voting",
        "patch": "adapters/test_patching",
        "a59": "attacks/test_059_double_votes",
        "a60": "attacks/test_060_stuffed_rosters",
        "a61": "attacks/test_061_silence",
        "a62": "attacks/test_062_exchanged_changes",
    }
)

_NO_DIFF = "diff:what_is_no_diff_is_refused_with_its_flaw"
_LARGE = "diff:what_is_too_large_is_refused_before_it_is_read"
_NOT_BASE = "diff:a_file_that_is_not_the_base_is_not_changed"
_HOLDS = "node:a_proposal_holds_together_or_is_not_taken"
_BOTH = "node:a_roster_follows_by_both_quorums_only"
_PROVES = "node:an_outcome_says_what_its_votes_prove"
_STRANGERS = "node:strangers_neither_propose_nor_vote_nor_tell"

VOTING: list[Guard] = [
    *_rows(
        "governance/ballot.py",
        ("        if vote.subject != self.subject:", "        if False:",
         "ballot:a_vote_for_something_else_is_no_vote_for_this"),
        ("        if vote.voter not in self.voters:", "        if False:", "ballot:only_members_vote_and_each_once"),
        ("if vote.at > self.subject.ends or self.decided(now) is Decided.UNDECIDED:", "if False:",
         "ballot:what_comes_after_the_end_changes_nothing"),
        ("            elif now > self.subject.ends:", "            elif False:", "ballot:silence_is_no_agreement"),
        ("    if subject.roster != roster.id:", "    if False:", "ballot:votes_by_another_roster_prove_nothing"),
        ("for roster in rosters if roster)", "for roster in rosters[:1] if roster)",
         "a60:a_roster_follows_by_both_quorums_and_never_by_one"),
    ),
    *_rows(
        "governance/diff.py",
        ('    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:',
         "    if False:", _LARGE),
        ('    if text.count("\\n") > MAX_LINES:', "    if False:", _LARGE),
        ("        if len(found) > MAX_FILES:", "        if False:", _LARGE),
        ("    if len(folded) < len(touched):", "    if False:", _NO_DIFF),
        ("    if odd:", "    if False:", "diff:a_path_that_may_not_be_changed_is_refused"),
        ('    if git and git != f"diff --git a/{before} b/{after}":', "    if False:", _NO_DIFF),
        ("            if hunk.old < old_end or hunk.new != hunk.old + shift:", "            if False:", _NO_DIFF),
        ("    if one.binary or one.special:", "    if False:", _NOT_BASE),
        ("    if (before is None) is not (one.kind is Kind.ADDED):", "    if False:", _NOT_BASE),
        ("if hunk.old < at or old[hunk.old : hunk.old + len(wanted)] != wanted:", "if False:", _NOT_BASE),
        ("    if new:\n", "    if False:\n", _NOT_BASE),
    ),
    *_rows(
        "governance/voting.py",
        ("        if author not in roster.members:", "        if False:", _STRANGERS),
        ("        if not created < self.ends <= created + LONGEST_MS:", "        if False:", _HOLDS),
        ("        if self.diff != content_id(self.text.encode()):", "        if False:", _HOLDS),
        ("        diff.read(self.text)\n", "", _HOLDS),
    ),
    *_rows(
        "node/voteroom.py",
        ("            self._check_follows(body, message)\n", "", _BOTH),
        ("if sum(one is not None and one[1].ends >= admitted.at for one in theirs) >= MAX_OPEN:", "if False:", _HOLDS),
        ("if vote.subject != poll.ballot.subject or body.epoch != poll.roster.epoch:", "if False:",
         "node:a_vote_for_something_else_is_not_taken a59:votes_for_one_proposal_approve_no_other"),
        ("        if vote.voter not in poll.ballot.voters:", "        if False:", _STRANGERS),
        ("        if any(one.choice is body.choice for one in before) or len(before) >= MAX_VOTES:",
         "        if False:",
         "node:who_votes_both_ways_leaves_the_proof"),
        ("        if message.author not in poll.ballot.voters:", "        if False:", _STRANGERS),
        ("        if not certified(poll.ballot.subject, poll.roster, tuple(votes), choice, poll.after):",
         "        if False:",
         _PROVES),
        ("            if body.decided is Decided.OPEN or body.votes:", "            if False:", _PROVES),
    ),
    *_rows(
        "node/voting.py",
        ("        if voted:\n", "        if False:\n", "node:a_node_votes_once_also_after_a_restart"),
        ("        if poll.decided is not Decided.APPROVED:\n            raise Refused",
         "        if False:\n            raise Refused",
         "node:silence_is_undecided_and_blocks_for_good a62:no_level_of_risk_takes_a_vote_away"),
        ("        if self._core.store.mark(FOLLOWED) != poll.roster.id:\n            raise Refused",
         "        if False:\n            raise Refused",
         "node:a_roster_of_strangers_decides_nothing_here a60:her_own_roster_applies_her_change_nowhere_else"),
        ("                if other and any(vote.choice is Choice.YES for vote in mine):",
         "                if False:", _BOTH),
    ),
    *_rows(
        "node/ballotbook.py",
        ("        if closed:\n", "        if False:\n", "a61:a_clock_that_is_set_back_opens_nothing_again"),
        ("Instant(body.ends if late else came.received)", "Instant(body.ends)",
         "a61:votes_that_were_held_back_until_after_the_end_are_too_late"),
    ),
    *_rows(
        "adapters/patching.py",
        ("            if not is_as_was({path: _read(folder, path) for path in files}):", "            if False:",
         "patch:a_file_that_changes_meanwhile_stops_everything"),
        ("            undo.callback(_rename, root, path, old, name)\n", "",
         "patch:a_step_that_fails_undoes_those_before_it"),
        ('            if part in ("", ".", ".."):', "            if False:",
         "patch:a_link_is_neither_read_nor_written_through"),
    ),
    *_rows(
        "entrypoints/changing.py",
        ("    if diff.base_of(held) != base:", "    if False:", "a62:a_byte_more_in_the_files_stops_the_change"),
        ("        if one.new and one.new != one.old and held[one.new] is not None:", "        if False:",
         "patch:what_a_diff_can_not_change_is_refused_before_anything_is_written"),
    ),
    *_rows(
        "node/splits.py",
        ("    return one.proposal == two.proposal and one.choice is not two.choice", "    return True",
         "node:two_votes_that_agree_prove_nothing"),
    ),
]  # fmt: skip
"""Lines that refuse a vote, a roster, a diff or its application."""
