"""The guards of the constitution, in the form of `tests.attacks.guards`: the five articles and where they are asked."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

_rows = rows_by({
    "law": "governance/test_constitution", "node": "node/test_lawful", "cli": "cli/test_constitution",
    "t6": "attacks/test_006_ways_in",
})  # fmt: skip

ARTICLES: list[Guard] = [
    guard
    for name, tests in (
        ("no_forced_acceptance", "1_no_message_brings_a_skill_into_use"
         " node:1_a_proof_that_failed_brings_nothing_into_use node:votes_and_disputes_ask_by_the_same_door"),
        ("verifiable_and_signed", "2_what_would_leave_is_signed_by_a_key_of_this_node"
         " node:2_what_nobody_can_verify_is_not_published"),
        ("sovereignty", "3_nobody_else_removes_what_is_this_node_s_own"
         " node:3_who_never_passed_a_skill_on_does_not_remove_it node:3_what_is_meant_for_one_node_is_not_shown_to_all"
         " node:votes_and_disputes_ask_by_the_same_door"),
        ("quality", "4_settings_do_not_lower_what_is_asked_of_a_published_skill"
         " node:4_a_hub_does_not_pass_on_what_its_operator_has_refused"),
        ("lineage", "5_who_publishes_holds_what_it_was_made_from"
         " node:5_a_lineage_that_can_t_be_followed_is_not_taken node:5_what_is_removed_leaves_a_record"),
    )
    for guard in _rows(
        "governance/articles.py",
        (f"        predicates.{name},\n", "        lambda act: \"\",\n",
         f"node:{tests} law:a_fixture_comes_out_as_it_says law:a_predicate_that_decides_otherwise_has_another_version"),
    )
]  # fmt: skip
"""Each predicate, replaced by one that always says yes."""

PREDICATES: list[Guard] = _rows(
    "governance/predicates.py",
    ("if act.rests_on != PROOF:", "if False:", "law:a_fixture_comes_out_as_it_says"),
    ('return "" if act.outcome == PASS else', 'return "" if True else',
     "law:a_fixture_comes_out_as_it_says node:1_a_proof_that_failed_brings_nothing_into_use"),
    ("if not act.signed:", "if False:", "law:a_predicate_that_decides_otherwise_has_another_version"),
    ("if not act.verified:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:2_what_would_leave_is_signed_by_a_key_of_this_node"),
    ("and not act.checks:", "and False:",
     "law:a_fixture_comes_out_as_it_says node:2_what_nobody_can_verify_is_not_published"),
    ("if act.occasion is Occasion.ROUTE and act.addressed:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:3_what_is_meant_for_one_node_is_not_shown_to_all"),
    ("if act.own_skill and act.leads_to != QUARANTINED:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:3_nobody_else_removes_what_is_this_node_s_own"),
    ("if act.leads_to == REMOVED and act.rests_on != AUTHOR:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:3_who_never_passed_a_skill_on_does_not_remove_it"),
    ("if not act.computed:", "if False:", "law:a_fixture_comes_out_as_it_says"),
    ("if act.outcome != PASS:", "if False:", "law:a_fixture_comes_out_as_it_says"),
    ("if act.verification_score < MIN_SCORE:", "if False:", "law:a_fixture_comes_out_as_it_says"),
    ("if act.confidence <= MIN_CONFIDENCE:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:4_settings_do_not_lower_what_is_asked_of_a_published_skill"),
    ("if act.confidence <= MIN_CONFIDENCE:", "if act.confidence < MIN_CONFIDENCE:",
     "law:a_predicate_that_decides_otherwise_has_another_version"),
    ("if not act.lineage_sound:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:5_a_lineage_that_can_t_be_followed_is_not_taken"),
    ("if act.occasion is Occasion.PUBLISH and act.parents_missing:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:5_who_publishes_holds_what_it_was_made_from"),
    ("if act.leads_to == REMOVED and not act.on_record:", "if False:",
     "law:a_fixture_comes_out_as_it_says node:5_what_is_removed_leaves_a_record"),
)  # fmt: skip

ASKED: list[Guard] = [
    *_rows(
        "node/rooms.py",
        ("        lawful.check_message(self._core, admitted, effects)\n", "",
         "node:1_no_message_brings_a_skill_into_use node:3_nobody_else_removes_what_is_this_node_s_own"
         " node:4_a_hub_does_not_pass_on_what_its_operator_has_refused"
         " node:a_rule_keeps_out_what_is_pushed_pulled_and_added"),
        ("return is_for_all and self", "return self", "node:3_what_is_meant_for_one_node_is_not_shown_to_all"),
    ),
    *_rows(
        "node/publishing.py",
        ("        if last.reason:\n", "        if False:\n",
         "node:4_settings_do_not_lower_what_is_asked_of_a_published_skill"
         " node:5_who_publishes_holds_what_it_was_made_from cli:a_rule_keeps_in_what_would_have_left"),
    ),
    *_rows(
        "node/prover.py",
        ("        if objection:\n            after, code", "        if False:\n            after, code",
         "node:1_a_proof_that_failed_brings_nothing_into_use node:a_rule_that_comes_later_holds_at_the_next_word"),
    ),
    *_rows(
        "node/shelf.py",
        ("        lawful.check_draft(self._core, skill)\n", "",
         "node:a_rule_keeps_out_what_is_pushed_pulled_and_added"),
        ("            await self._check_approval(row)\n", "            pass\n",
         "node:a_rule_that_comes_later_holds_at_the_next_word"),
    ),
    *_rows(
        "node/lawful.py",
        ("        raise Refused(Reason.UNCONSTITUTIONAL, objection)\n", "        pass\n",
         "node:votes_and_disputes_ask_by_the_same_door"),
        ("                moves[change.row.skill] = SkillState.REMOVED\n", "                pass\n",
         "node:3_a_tombstone_by_itself_is_a_removal_too"),
        ("if header.kind != SKILL and not moves:", "if not moves:",
         "node:4_a_hub_does_not_pass_on_what_its_operator_has_refused"),
        ("        _heed(_to_a_word(core.settings.constitution, told, routed))\n", "",
         "node:a_rule_on_findings_is_asked_too"),
        ("    if routed:\n", "    if False:\n", "node:4_a_hub_does_not_pass_on_what_its_operator_has_refused"),
    ),
]  # fmt: skip

RULES: list[Guard] = [
    *_rows(
        "governance/constitution.py",
        ("        if not tried.ok:\n", "        if False:\n",
         "law:a_rule_that_makes_no_sense_is_refused_with_its_name_and_what_is_wrong"
         " cli:a_node_with_a_rule_that_makes_no_sense_does_not_start"),
        ("if twice := [name for name, after in pairwise(names) if name == after]:", "if twice := []:",
         "law:a_file_that_makes_no_sense_is_refused"),
        ("        yield from ((one.name, one.predicate) for one in ARTICLES if occasion in one.occasions)\n",
         "        if not self.rules:\n"
         "            yield from ((one.name, one.predicate) for one in ARTICLES if occasion in one.occasions)\n",
         "law:whatever_rules_are_added_what_the_five_forbid_stays_forbidden"),
        ('"rules": [as_data(one) for one in self.rules],', '"rules": [],',
         "law:any_change_to_a_rule_is_another_constitution"),
        ('"predicate": one.predicate_id,', '"predicate": "",',
         "law:any_change_to_an_article_is_another_constitution"),
    ),
    *_rows(
        "governance/rules.py",
        ("if operator not in OPERATORS[sort]:", "if False:",
         "law:a_rule_that_makes_no_sense_is_refused_with_its_name_and_what_is_wrong"),
        ("if fact not in FACTS:", "if False:",
         "law:a_rule_that_makes_no_sense_is_refused_with_its_name_and_what_is_wrong"),
        ("if occasion not in occasions:", "if False:",
         "law:a_rule_that_makes_no_sense_is_refused_with_its_name_and_what_is_wrong"),
    ),
    *_rows(
        "entrypoints/rules.py",
        ("if len(data) > MAX_FILE:", "if False:", "cli:a_node_with_a_rule_that_makes_no_sense_does_not_start"),
        ("if not path.exists():", "if not path.is_file():",
         "cli:what_can_t_be_read_is_no_constitution_of_five"),
    ),
]  # fmt: skip
