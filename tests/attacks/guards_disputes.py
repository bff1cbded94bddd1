"""The guards of disputes, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_RULE = "tests/governance/test_disputes.py::test_"
_NODE = "tests/node/test_disputes.py::test_"
_NOBODY = f"{_RULE}the_words_of_others_change_exactly_nothing"
_PARTS = f"{_NODE}only_those_whose_part_it_is_may_say_it"
_DEED = f"{_NODE}an_accusation_without_a_deed_is_not_taken"
_GROUNDS = f"{_NODE}a_receipt_about_a_false_accusation_is_taken_with_its_grounds_only"

RULE: list[Guard] = [
    Guard(
        "governance/disputes.py",
        "for one in sorted(heard, key=lambda each: (each.at, each.record)):",
        "for one in heard:",
        (f"{_RULE}any_order_of_arrival_ends_in_the_same_state",),
    ),
    Guard(
        "governance/disputes.py",
        "        if one.at <= now:",
        "        if True:",
        (f"{_RULE}what_is_dated_ahead_is_left_for_later",),
    ),
    Guard(
        "governance/disputes.py",
        "    if one.author in course.case.parties:",
        "    if False:",
        (f"{_RULE}a_party_does_not_judge_its_own_cause",),
    ),
    Guard(
        "governance/disputes.py",
        "    if court.me in course.case.parties:",
        "    if False:",
        (f"{_RULE}a_party_does_not_judge_its_own_cause",),
    ),
    Guard("governance/disputes.py", "    if one.author not in court.named:", "    if False:", (_NOBODY,)),
    Guard(
        "governance/disputes.py",
        "    if found is None or found.prover != one.author:",
        "    if found is None:",
        (f"{_RULE}a_finding_of_somebody_elses_counts_for_nobody",),
    ),
    Guard(
        "governance/disputes.py",
        "    return found.at <= course.since",
        "    return False",
        (
            f"{_RULE}what_was_run_before_the_case_was_opened_counts_for_nothing",
            f"{_RULE}after_an_appeal_only_new_runs_count",
        ),
    ),
    Guard(
        "governance/disputes.py",
        "    others = tuple(each for each in course.tally if each.prover != one.author)",
        "    others = course.tally",
        (f"{_RULE}verifiers_must_agree_and_each_counts_once",),
    ),
    Guard(
        "governance/disputes.py",
        "    if len(agreeing) < court.params.agreeing:",
        "    if not agreeing:",
        (f"{_RULE}a_case_goes_its_way", f"{_RULE}verifiers_must_agree_and_each_counts_once"),
    ),
    Guard(
        "governance/disputes.py",
        "    if one.author != course.case.respondent:",
        "    if False:",
        (f"{_RULE}only_the_respondent_answers_and_once", _NOBODY),
    ),
    Guard(
        "governance/disputes.py",
        "    if one.author != course.case.opener:",
        "    if False:",
        (f"{_RULE}only_the_opener_withdraws_and_then_nothing_follows", _NOBODY),
    ),
    Guard(
        "governance/disputes.py",
        '    if one.author != court.me:\n        return course, "its author rules for itself"',
        "",
        (f"{_RULE}an_operators_word_decides_what_no_run_can_show_and_nothing_else", _NOBODY),
    ),
    Guard(
        "governance/disputes.py",
        "    if course.case.ground.is_tried:",
        "    if False:",
        (f"{_RULE}an_operators_word_decides_what_no_run_can_show_and_nothing_else",),
    ),
    Guard(
        "governance/disputes.py",
        "        if author != loser:",
        "        if False:",
        (f"{_RULE}the_party_that_lost_appeals_once_and_in_time",),
    ),
    Guard(
        "governance/disputes.py",
        "        if self.appealed:",
        "        if False:",
        (f"{_RULE}the_party_that_lost_appeals_once_and_in_time",),
    ),
    Guard(
        "governance/disputes.py",
        "        if not self.decision.at <= at <= self.decision.until(params):",
        "        if False:",
        (f"{_RULE}the_party_that_lost_appeals_once_and_in_time",),
    ),
]

ROOM: list[Guard] = [
    Guard("node/caseroom.py", "                raise NotYet(one)", "                return", (_DEED,)),
    Guard(
        "node/caseroom.py",
        "if disputed is None or disputed.author != case.respondent or case.opener == case.respondent:",
        "if disputed is None:",
        (_DEED,),
    ),
    Guard(
        "node/caseroom.py",
        "if not any(one and one.prover == case.opener and one.says is Says.SUPPORTS for one in found):",
        "if not any(found):",
        (_DEED,),
    ),
    Guard(
        "node/caseroom.py",
        "if not any(one and one.prover == case.opener and one.says is Says.SUPPORTS for one in found):",
        "if not any(one and one.prover == case.opener for one in found):",
        (_DEED,),
    ),
    Guard(
        "node/caseroom.py",
        "        if any(_is_same(case, one) for one in known):",
        "        if False:",
        (f"{_NODE}the_same_accusation_is_not_opened_twice",),
    ),
    Guard("node/caseroom.py", "        if not theirs.get(kind, True):", "        if False:", (_PARTS,)),
    Guard(
        "node/caseroom.py",
        "if read is None or read[0].author != message.author or read[1].skill != case.skill:",
        "if read is None:",
        (_PARTS,),
    ),
    Guard("node/caseroom.py", "            self._check_new(case, message)", "            pass", (_PARTS,)),
    Guard(
        "node/caseroom.py",
        "        if len(mine) >= MAX_SAID:",
        "        if False:",
        (_PARTS,),
    ),
    Guard(
        "node/testimony.py",
        "return body.outcome is Outcome.PASS and body.harness == self._harness",
        "return body.outcome is Outcome.PASS",
        (f"{_NODE}a_pass_on_another_harness_contradicts_nobody",),
    ),
    Guard(
        "node/accusing.py",
        "if accusation is None or run is None or run[0].author != message.author:",
        "if accusation is None or run is None:",
        (_GROUNDS,),
    ),
    Guard(
        "node/accusing.py",
        "if found is None or found.says is not wanted or found.prover in case.parties:  # 3",
        "if found is None or found.prover in case.parties:",
        (_GROUNDS,),
    ),
    Guard(
        "node/accusing.py",
        "if found is None or found.says is not wanted or found.prover in case.parties:  # 3",
        "if found is None or found.says is not wanted:",
        (_GROUNDS,),
    ),
]

CONSEQUENCES: list[Guard] = [
    Guard(
        "node/settling.py",
        "if subject == self._core.me or self._has_receipt(case.skill, dealing, deed):",
        "if subject == self._core.me:",
        (f"{_NODE}this_nodes_own_run_rules_and_writes_one_receipt",),
    ),
    Guard(
        "node/settling.py",
        "if decision is not None and (decision.ruled, decision.basis) != _last(course, self._core.me):",
        "if decision is not None:",
        (f"{_NODE}this_nodes_own_run_rules_and_writes_one_receipt",),
    ),
    Guard(
        "node/settling.py",
        "        if decision.basis is Basis.OWN:",
        "        if True:",
        (f"{_NODE}a_false_accusation_ends_in_a_receipt_about_who_made_it",),
    ),
    Guard(
        "node/settling.py",
        "if decision.ruled is Ruled.UPHELD and case.ground is not Ground.FALSE_ACCUSATION:",
        "if decision.ruled is Ruled.UPHELD:",
        (f"{_NODE}an_accusation_can_itself_be_disputed",),
    ),
    Guard(
        "node/settling.py",
        "            if case.ground.is_tried or state is State.WITHDRAWN:",
        "            if False:",
        (f"{_NODE}what_no_run_can_show_an_operator_decides_for_himself",),
    ),
    Guard(
        "node/taking.py",
        "        await self._early.remember(came, url)",
        "        pass",
        (f"{_NODE}a_pull_remembers_what_came_too_early_and_brings_it_with_the_next",),
    ),
    Guard(
        "node/delivering.py",
        "answer.status in LATER or _is_early(row, answer):",
        "answer.status in LATER:",
        (f"{_NODE}what_a_peer_does_not_take_yet_is_brought_again",),
    ),
    Guard(
        "node/vault.py",
        '"case" if message.header.kind in LATER_BODIES else "skill"',
        '"skill"',
        (f"{_NODE}what_is_kept_of_a_case_is_filed_as_its_bytes_say",),
    ),
]
