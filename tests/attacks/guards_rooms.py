"""The guards of the skills, conduct and overlay rooms, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a18": "attacks/test_018_self_declared_quality",
        "a19": "attacks/test_019_id_squatting",
        "a20": "attacks/test_020_lineage",
        "a21": "attacks/test_021_resurrection",
        "a22": "attacks/test_022_update_drift",
        "feed": "overlay/test_feed",
        "judge": "skills/test_judge",
        "ledger": "conduct/test_ledger",
        "licenses": "skills/test_licenses",
        "lineage": "skills/test_lineage",
        "messages": "skills/test_messages",
        "model": "skills/test_model",
        "overlay": "overlay/test_messages",
        "policy": "skills/test_policy",
        "ranking": "skills/test_ranking",
        "secrets": "skills/test_secrets_scan",
        "service": "skills/test_service",
    }
)

POLICY = rows(
    "skills/policy.py",
    ("if not 0 <= successes <= trials:", "if False:", "policy:impossible_counts_have_no_confidence"),
    (
        "return max(0.0, (centre - spread) / (1 + z * z / trials))",
        "return rate",
        "policy:confidence_is_the_lowest_rate_that_the_trials_do_not_refute"
        " policy:thirty_five_good_trials_are_the_fewest_that_pass_the_gate",
    ),
    (
        "own = [one for one in evidence if one.prover == prover and one.outcome is not Outcome.INCONCLUSIVE]\n"
        "    if not own:\n        return Standing",
        "own = [one for one in evidence if one.outcome is not Outcome.INCONCLUSIVE]\n"
        "    if not own:\n        return Standing",
        "policy:what_others_found_never_changes_the_numbers a18:praise_by_others_is_no_proof_either",
    ),
    (
        "own = [one for one in evidence if one.prover == prover and one.outcome is not Outcome.INCONCLUSIVE]\n"
        "    if not own:\n        return Standing",
        "own = [one for one in evidence if one.prover == prover]\n    if not own:\n        return Standing",
        "policy:an_inconclusive_run_never_changes_anything policy:without_own_decided_evidence_nothing_is_known",
    ),
    (
        "last = max(own, key=lambda one: one.at)",
        "last = own[-1]",
        "policy:standing_is_computed_from_the_latest_own_decided_run",
    ),
    (
        "own = [one for one in evidence if one.prover == prover and one.outcome is not Outcome.INCONCLUSIVE]\n"
        "    if not own or",
        "own = [one for one in evidence if one.outcome is not Outcome.INCONCLUSIVE]\n    if not own or",
        "policy:levels policy:others_lift_only_what_is_proved_here a18:praise_by_others_is_no_proof_either",
    ),
    (
        "if not own or max(own, key=lambda one: one.at).outcome is not Outcome.PASS:",
        "if not own:",
        "policy:levels",
    ),
    (
        "max(own, key=lambda one: one.at).outcome is not Outcome.PASS:",
        "all(one.outcome is not Outcome.PASS for one in own):",
        "policy:levels",
    ),
    ("if sum(_holds(own, lambda one: one.harness)) > 1:", "if len(own) > 1:", "policy:levels"),
    (
        "if sum(_holds(own, lambda one: one.harness)) > 1:",
        "if len({one.harness for one in own if one.outcome is Outcome.PASS}) > 1:",
        "policy:a_pass_that_failed_later_under_the_same_harness_does_not_count_for_e4",
    ),
    (
        "sum(_holds(others, lambda one: one.prover)) >= witnesses",
        "sum(one.outcome is Outcome.PASS for one in others) >= witnesses",
        "policy:levels policy:a_witness_that_has_changed_its_mind_is_none",
    ),
    (
        "return [one.outcome is Outcome.PASS for one in latest.values()]",
        "return [True for one in latest.values()]",
        "policy:levels policy:a_witness_that_has_changed_its_mind_is_none",
    ),
    (
        "others = [one for one in evidence if one.prover != prover and one.outcome is not Outcome.INCONCLUSIVE]",
        "others = [one for one in evidence if one.outcome is not Outcome.INCONCLUSIVE]",
        "policy:levels policy:how_many_witnesses_are_needed_is_a_parameter",
    ),
    *(
        (line, gone, "policy:every_gate_shuts_alone")
        for line, gone in (
            ("None if skill.reasoning_path else Reason.NO_REASONING", "None"),
            ("None if skill.checks else Reason.NO_CHECKS", "None"),
            (
                "None if numbers.verification_score >= params.min_verification_score else Reason.LOW_SCORE",
                "None",
            ),
            ("None if numbers.confidence > params.min_confidence else Reason.LOW_CONFIDENCE", "None"),
            ("Reason.SECRET if secrets else None", "None"),
            ("None if allows_sharing(skill.license) else Reason.NO_LICENSE", "None"),
        )
    ),
    (
        "numbers.confidence > params.min_confidence",
        "numbers.confidence >= params.min_confidence",
        "policy:the_score_may_equal_its_bound_and_confidence_must_exceed_it",
    ),
    ("if not 0 <= getattr(self, name) < 1:", "if False:", "policy:a_gate_that_nothing_or_everything_passes_is_refused"),
    ("if getattr(self, name) < 1:", "if False:", "policy:a_count_below_one_is_refused"),
)

JUDGE = rows(
    "skills/judge.py",
    ("if not skill.checks:  # 1", "if False:  # 1", "judge:each_rule_of_the_list_is_met_alone"),
    (
        "if forbidden:  # 2",
        "if False:  # 2",
        "judge:each_rule_of_the_list_is_met_alone judge:what_was_tried_decides_whatever_the_checks_say",
    ),
    (" and first_forbidden(trial) is None", "", "judge:what_was_tried_decides_whatever_the_checks_say"),
    (
        "passed == total_checks > 0 and",
        "passed == total_checks and",
        "judge:where_nothing_is_counted_no_trial_is_a_success",
    ),
    (
        "if total_checks == 0:  # 3",
        "if False:  # 3",
        "judge:each_rule_of_the_list_is_met_alone"
        " judge:a_script_that_passed_against_a_blank_is_vacuous_however_the_control_ended",
    ),
    ("return everyone - content", "return everyone", "judge:a_script_that_passes_against_a_blank_is_not_counted"),
    (
        'if step.kind == "script" and step.status is StepStatus.OK\n    }',
        "if step.status is StepStatus.OK\n    }",
        "judge:a_script_that_does_not_pass_against_a_blank_is_counted",
    ),
    (
        "if any(step.status is StepStatus.MISSING_MODULE for trial in trials for step in trial.steps):  # 4",
        "if False:  # 4",
        "judge:each_rule_of_the_list_is_met_alone",
    ),
    ("if not trials:", "if False:", "judge:each_rule_of_the_list_is_met_alone"),
    (
        "if all(trial.end in _STOPPED for trial in trials):  # 5",
        "if False:  # 5",
        "judge:each_rule_of_the_list_is_met_alone",
    ),
    (
        "if all(trial.end in _STOPPED for trial in trials):  # 5",
        "if any(trial.end in _STOPPED for trial in trials):  # 5",
        "judge:the_first_rule_that_holds_decides",
    ),
    ("if successes == 0:  # 6", "if False:  # 6", "judge:each_rule_of_the_list_is_met_alone"),
    (
        "return Reason.FLAKY if successes < len(trials) else None  # 7, 8",
        "return None  # 7, 8",
        "judge:each_rule_of_the_list_is_met_alone",
    ),
    (
        "if trial.end is not TrialEnd.COMPLETED:\n        return 0",
        "if False:\n        return 0",
        "judge:a_trial_that_did_not_complete_is_never_a_pass",
    ),
    (
        "if trial.end is not TrialEnd.COMPLETED:\n        return 0",
        "if trial.end in _STOPPED:\n        return 0",
        "judge:a_trial_that_did_not_complete_is_never_a_pass",
    ),
    (
        "good = step.status is StepStatus.OK\n",
        "good = step.status is not StepStatus.NOT_RUN\n",
        "judge:a_check_without_a_good_answer_is_not_passed",
    ),
    (
        "good = step.status is StepStatus.OK and accepts(",
        "good = accepts(",
        "a18:a_call_that_raised_is_not_passed_by_the_value_it_shows",
    ),
    (
        "passed[key] = good and passed.get(key, True)",
        "passed[(step.kind, len(passed))] = good",
        "judge:a_step_counts_once_however_often_it_is_reported",
    ),
    (
        "passed[key] = good and passed.get(key, True)",
        "passed[key] = good",
        "a18:a_failed_check_is_not_mended_by_reporting_it_again",
    ),
    (
        "step.status is StepStatus.OK and accepts(skill.cases[step.index], step.value)",
        "step.status is StepStatus.OK",
        "judge:a_check_without_a_good_answer_is_not_passed",
    ),
    (
        'if step.kind == "call" and step.index < len(skill.cases):\n            good',
        'if step.kind == "call":\n            good',
        "judge:steps_that_nobody_asked_for_count_nothing",
    ),
    (
        'elif step.kind == "script" and step.index in counted:',
        'elif step.kind == "script":',
        "judge:steps_that_nobody_asked_for_count_nothing",
    ),
    (
        "if value is None:\n        return False",
        "if value is None:\n        return True",
        "judge:another_value_is_not_accepted",
    ),
    (
        "if isinstance(found, _NotLiteral) or isinstance(expected, _NotLiteral):\n        return False",
        "if isinstance(found, _NotLiteral) or isinstance(expected, _NotLiteral):\n        return True",
        "judge:another_value_is_not_accepted",
    ),
    ("if type(found) is not type(expected):", "if False:", "judge:another_value_is_not_accepted"),
    (
        "except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):",
        "except (ValueError, SyntaxError):",
        "judge:hostile_text_on_either_side_is_just_not_the_value",
    ),
    ("if len(text) > _MAX_LITERAL or ", "if ", "judge:text_beyond_any_output_is_not_read"),
    (" or not is_flat(text)", "", "judge:depth_up_to_a_hundred_is_read"),
    (
        "calls=tuple(case.args for case in skill.cases)",
        "calls=tuple(case.args + '#' + case.expect for case in skill.cases)",
        "judge:the_job_asks_for_arguments_and_never_tells_what_is_expected",
    ),
    (
        'if entry.isidentifier() and not keyword.iskeyword(entry) else ""',
        'if entry else ""',
        "judge:a_control_is_run_for_scripts_only_and_holds_nothing_of_the_sender",
    ),
    (
        "if entry.isidentifier() and not keyword.iskeyword(entry)",
        "if entry.isidentifier()",
        "judge:the_blank_is_python_whatever_the_entry_point_is_called",
    ),
    (
        'code, entry, control = f"SKILL = {skill.result.text!r}\\n", "", "SKILL = \'\'\\n"',
        'code, entry, control = f"SKILL = {skill.result.text}\\n", "", "SKILL = \'\'\\n"',
        "judge:text_that_is_not_python_is_data_and_not_run",
    ),
    (
        'code, entry, control = f"SKILL = {skill.result.text!r}\\n", "", "SKILL = \'\'\\n"',
        'code, entry, control = f"SKILL = {skill.result.text!r}\\n", "", f"SKILL = {skill.result.text!r}\\n"',
        "judge:text_that_is_not_python_is_data_and_not_run",
    ),
)

LINEAGE = rows(
    "skills/lineage.py",
    (
        "_check_width(lineage, max_parents)",
        "pass",
        "lineage:up_to_32_parents_are_taken a20:more_than_32_parents_are_refused_and_more_than_64_are_no_skill",
    ),
    (
        "if len(lineage) > max_parents:",
        "if False:",
        "lineage:up_to_32_parents_are_taken lineage:too_many_parents_are_refused_before_anything_is_looked_up",
    ),
    ("if len(set(lineage)) != len(lineage):", "if False:", "lineage:a_parent_named_twice_is_refused"),
    (
        "if one == skill:",
        "if False:",
        "lineage:a_way_back_to_the_skill_is_a_cycle a20:a_cycle_that_the_store_claims_to_hold_is_refused",
    ),
    (
        "if generation > max_depth:",
        "if False:",
        "lineage:a_longer_chain_is_refused",
    ),
    (
        "if depth > max_depth:",
        "if False:",
        "lineage:a_chain_cannot_be_hidden_by_short_cuts",
    ),
    (
        "if len(graph) + len(unresolved) > MAX_ANCESTORS:",
        "if False:",
        "lineage:more_ancestors_than_the_bound_are_refused lineage:the_bound_counts_ancestors_held_and_not_held",
    ),
    (
        "len(graph) + len(unresolved) > MAX_ANCESTORS",
        "len(graph) > MAX_ANCESTORS",
        "lineage:the_bound_counts_ancestors_held_and_not_held",
    ),
    (
        "if one in graph or one in unresolved:",
        "if one in unresolved:",
        "lineage:a_ring_among_ancestors_does_not_hold_the_walk_up",
    ),
    (
        "            if parent in named:\n                depth[parent] = max(depth[parent], depth[one] + 1)",
        "            depth[parent] = max(depth.get(parent, 0), depth[one] + 1)\n            if parent in named:",
        "lineage:a_parent_that_is_not_held_is_unresolved_and_adds_no_depth",
    ),
    (
        "unresolved[one] = None",
        "graph[one] = ()",
        "lineage:a_parent_that_is_not_held_is_unresolved_and_adds_no_depth"
        " a20:made_up_parents_are_named_unresolved_and_lend_nothing",
    ),
)

LIFECYCLE = rows(
    "kernel/lifecycle.py",
    (
        "if after is None:",
        "if False:",
        "service:every_move_is_legal_or_refused a21:no_proof_and_no_word_of_the_operator_leads_back",
    ),
)

SERVICE = rows(
    "skills/service.py",
    (
        "    (_R, Trigger.REMOVED): _X,\n",
        "    (_R, Trigger.REMOVED): _X,\n    (_X, Trigger.PROVED): _A,\n",
        "service:every_move_is_legal_or_refused a21:a_proof_that_was_under_way_does_not_bring_it_back",
    ),
    (
        "(_X, Trigger.RETURNED): _Q",
        "(_X, Trigger.RETURNED): _A",
        "service:every_move_is_legal_or_refused a21:what_comes_back_is_as_unproved_as_what_is_new",
    ),
    (
        "if known.tombstoned or known.recalled or author in known.withdrawn_by:  # 1",
        "if known.recalled or author in known.withdrawn_by:  # 1",
        "service:the_first_check_that_fails_is_the_reason a21:what_is_gone_is_refused_whoever_sends_it",
    ),
    (
        "if known.tombstoned or known.recalled or author in known.withdrawn_by:  # 1",
        "if known.tombstoned or known.recalled:  # 1",
        "service:the_first_check_that_fails_is_the_reason"
        " a21:an_author_that_has_taken_a_skill_back_does_not_bring_it_again",
    ),
    (
        "if known.tombstoned or known.recalled or author in known.withdrawn_by:  # 1",
        "if known.tombstoned or known.recalled or known.withdrawn_by:  # 1",
        "service:what_others_published_or_took_back_does_not_stand_in_the_way",
    ),
    (
        "if author in known.published_by:  # 2",
        "if False:  # 2",
        "service:the_first_check_that_fails_is_the_reason",
    ),
    (
        "if author in known.published_by:  # 2",
        "if known.published_by:  # 2",
        "a19:who_comes_second_with_the_same_content_is_not_refused_as_a_duplicate",
    ),
    (
        "if bad:",
        "if False:",
        "service:a_bundle_with_a_bad_path_is_refused service:a_bundle_with_one_path_twice_is_refused"
        " service:a_bundle_whose_paths_stand_in_each_others_way_is_refused",
    ),
    (
        "return ancestry(skill.id, lineage, parents, params.max_parents, params.max_depth)  # 4",
        "return Ancestry(0, (), ())  # 4",
        "service:lineage_is_held_to_the_parameters a20:a_cycle_that_the_store_claims_to_hold_is_refused",
    ),
    (
        "if author not in known.published_by:\n        raise Refused(Reason.NOT_AUTHOR)",
        "if False:\n        raise Refused(Reason.NOT_AUTHOR)",
        "service:only_its_publishers_make_a_skill_go a19:whoever_never_published_a_skill_cannot_take_it_away",
    ),
    (
        "return binds or (not known.own and known.published_by <= known.withdrawn_by | {author})",
        "return binds or known.published_by <= known.withdrawn_by | {author}",
        "service:what_is_this_nodes_own_stays_whoever_takes_it_back"
        " a19:a_node_keeps_its_own_skill_whoever_publishes_and_takes_back_the_same",
    ),
    (
        "return binds or (not known.own and known.published_by <= known.withdrawn_by | {author})",
        "return binds or not known.own",
        "service:a_skill_goes_when_everybody_who_passed_it_on_has_taken_it_back"
        " a19:whoever_republishes_a_skill_cannot_take_it_away"
        " a19:once_its_author_is_there_no_crowd_takes_a_skill_away",
    ),
    (
        "if author in known.withdrawn_by and not (binds and not known.recalled):",
        "if False:",
        "service:a_skill_goes_when_everybody_who_passed_it_on_has_taken_it_back",
    ),
    (
        "if finding.outcome is Outcome.INCONCLUSIVE or is_settled(state, reason):",
        "if is_settled(state, reason):",
        "service:an_inconclusive_finding_changes_nothing",
    ),
    (
        "if finding.outcome is Outcome.INCONCLUSIVE or is_settled(state, reason):",
        "if finding.outcome is Outcome.INCONCLUSIVE:",
        "service:no_finding_moves_what_a_person_refused",
    ),
    (
        "return state is SkillState.REFUSED and reason == Reason.OPERATOR.code",
        "return state is SkillState.REFUSED",
        "service:no_finding_moves_what_a_person_refused",
    ),
    *(
        (line, gone, "service:what_is_a_lie")
        for line, gone in (
            (
                "claims_something = claim.verification_score or claim.confidence or claim.trials",
                "claims_something = claim.verification_score",
            ),
            ("if finding.reason in _LIES_ANYWHERE:", "if False:"),
            ("finding.successes == 0 and finding.trials >= params.refute_trials", "finding.successes == 0"),
            (
                "finding.successes == 0 and finding.trials >= params.refute_trials",
                "finding.trials >= params.refute_trials",
            ),
            (" and claim.harness == harness", ""),
            (
                "return finding.reason is Reason.REFUTED and reproducible",
                "return reproducible",
            ),
            (
                "{Reason.SANDBOX_FILE, Reason.SANDBOX_NETWORK, Reason.SANDBOX_PROCESS, Reason.VACUOUS}",
                "{Reason.SANDBOX_NETWORK, Reason.SANDBOX_PROCESS, Reason.VACUOUS}",
            ),
        )
    ),
    (
        "if not claims_something or finding.reason is None:",
        "if finding.reason is None:",
        "a18:who_claims_nothing_tells_no_lie",
    ),
)

MODEL = [
    *rows(
        "skills/model.py",
        (
            "return canonical.encode_struct(self)",
            "return canonical.encode({**msgspec.to_builtins(self), 'license': ''})",
            "model:a_skill_is_read_back_from_its_bytes model:any_other_value_makes_another_skill"
            " a22:an_update_is_another_skill_that_lies_in_quarantine_unproved",
        ),
        (
            "lineage: Annotated[tuple[Id, ...], msgspec.Meta(max_length=64)] = ()",
            "lineage: Annotated[tuple[str, ...], msgspec.Meta(max_length=64)] = ()",
            "model:every_field_has_its_bounds a20:a_parent_is_named_by_its_id_only",
        ),
        (
            "lineage: Annotated[tuple[Id, ...], msgspec.Meta(max_length=64)] = ()",
            "lineage: tuple[Id, ...] = ()",
            "model:every_field_has_its_bounds a20:more_than_32_parents_are_refused_and_more_than_64_are_no_skill",
        ),
        (
            "Millionths = Annotated[int, msgspec.Meta(ge=0, le=MILLION)]",
            "Millionths = int",
            "model:a_claim_has_its_bounds_too",
        ),
        (
            "expect: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]",
            "expect: str",
            "model:every_field_has_its_bounds",
        ),
        (
            "Line = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]",
            "Line = str",
            "model:every_field_has_its_bounds",
        ),
    ),
    *rows(
        "kernel/wire.py",
        (
            "forbid_unknown_fields=True",
            "forbid_unknown_fields=False",
            "model:an_unknown_field_is_refused_wherever_it_is overlay:an_unknown_field_is_refused"
            " a18:a_body_cannot_bring_its_own_numbers a19:a_name_cannot_be_asked_for",
        ),
    ),
    *rows(
        "node/shelf.py",
        (
            "state=SkillState.QUARANTINED,\n        added=now,",
            "state=SkillState.ADMITTED,\n        added=now,",
            "a22:an_update_is_another_skill_that_lies_in_quarantine_unproved"
            " a22:whoever_brings_it_a_new_skill_starts_in_quarantine",
        ),
    ),
    *rows(
        "node/vault.py",
        ("if content_id(row.body) != row.id:", "if False:", "a22:what_is_stored_under_an_id_is_what_the_id_names"),
    ),
]

MESSAGES = rows(
    "skills/messages.py",
    (
        "if self.successes > self.trials or self.passed > self.total:",
        "if False:",
        "messages:more_successes_than_trials_is_a_contradiction",
    ),
    (
        "if self.successes > self.trials or self.passed > self.total:",
        "if self.successes > self.trials:",
        "messages:more_successes_than_trials_is_a_contradiction",
    ),
    (
        "if self.outcome is Outcome.PASS and not (",
        "if False and not (",
        "messages:a_pass_has_trials_and_all_of_them_good messages:a_pass_has_checks_and_all_of_them_good",
    ),
    (
        "0 < self.successes == self.trials",
        "self.successes == self.trials",
        "messages:a_pass_has_trials_and_all_of_them_good",
    ),
    ("0 < self.passed == self.total", "self.passed == self.total", "messages:a_pass_has_checks_and_all_of_them_good"),
    ("0 < self.passed == self.total", "0 < self.passed", "messages:a_pass_has_checks_and_all_of_them_good"),
    (
        "trials: Annotated[int, msgspec.Meta(ge=0, le=100_000)]",
        "trials: int",
        "messages:every_field_of_evidence_has_its_bounds",
    ),
    (
        'why: Annotated[str, msgspec.Meta(max_length=500)] = ""',
        'why: str = ""',
        "messages:a_tombstone_of_another_shape_is_refused",
    ),
)

WORDS = [
    *rows(
        "skills/licenses.py",
        (
            "return license_id in SHARING",
            "return spdx(license_id) in SHARING",
            "licenses:sharing_is_asked_of_the_exact_identifier",
        ),
        (
            "return license_id in SHARING",
            "return bool(license_id)",
            "licenses:what_is_unclear_stays_as_written_and_allows_nothing",
        ),
        (
            "if re.fullmatch(pattern, plain.lower()):",
            "if re.search(pattern, plain.lower()):",
            "licenses:what_is_unclear_stays_as_written_and_allows_nothing",
        ),
        (
            "return plain[:64]",
            "return plain",
            "licenses:a_long_licence_is_cut_to_what_a_skill_may_hold",
        ),
        (
            'head = " ".join(text[:2_000].split()).lower()',
            'head = " ".join(text.split()).lower()',
            "licenses:licence_files_are_recognised_by_their_beginning",
        ),
    ),
    *rows(
        "skills/secrets_scan.py",
        *(
            (line, gone, "secrets:every_place_of_a_skill_is_searched_and_named")
            for line, gone in (
                ('("intent", skill.intent),', ""),
                ('("reasoning path", "\\n".join(step.action for step in skill.reasoning_path)),', ""),
                ('("result", "\\n".join((skill.result.text, ', '("result", "\\n".join(('),
                ("(*skill.scripts, *(", "(*(), *("),
                ('f"{case.args}\\n{case.expect}" for case in skill.cases', "case.args for case in skill.cases"),
                ('f"{case.args}\\n{case.expect}" for case in skill.cases', "case.expect for case in skill.cases"),
            )
        ),
        *(
            (line, gone, "secrets:the_small_fields_of_a_skill_are_searched_too")
            for line, gone in (
                ("skill.result.entry_point, ", ""),
                ("*(one.path for one in skill.result.files)", ""),
                ("(*skill.tags, skill.license)", "(skill.license,)"),
                ("(*skill.tags, skill.license)", "skill.tags"),
            )
        ),
        (
            "return tuple(name for name, pattern in _COMPILED if pattern.search(text))",
            "return tuple(found[0] for _, pattern in _COMPILED if (found := pattern.search(text)))",
            "secrets:what_is_said_never_holds_the_secret policy:the_finding_of_the_secret_gate_names_no_secret",
        ),
        ("example|changeme|placeholder|your|xxx|", "", "secrets:ordinary_text_is_left_alone"),
    ),
]

RANKING = rows(
    "skills/ranking.py",
    (
        "if known.level >= Level.E2 else params.unproved",
        "if known.level >= Level.E0 else params.unproved",
        "ranking:what_is_known_scales_relevance ranking:an_unproved_skill_sinks_below_a_proved_one_that_is_as_near",
    ),
    (
        "(params.refuted if known.refutations else 1.0)",
        "1.0",
        "ranking:what_is_known_scales_relevance ranking:a_refuted_skill_sinks_below_a_much_less_similar_one",
    ),
    ("return (-one.score, one.skill)", "return (-one.score, '')", "ranking:equals_come_in_order_of_id"),
    ("age = max(0, now - known.added)", "age = (now - known.added)", "ranking:what_is_known_scales_relevance"),
    ("max(0.0, score) / best", "score / best", "ranking:words_count_as_a_share_of_the_best"),
    (" if best > 0 else 0.0 for", " for", "ranking:without_a_good_word_words_count_nothing"),
)

LEDGER = rows(
    "conduct/ledger.py",
    (
        "if entry != append(last, entry.receipt):",
        "if False:",
        "ledger:a_changed_entry_is_named ledger:a_dropped_entry_is_named_unless_it_was_the_last"
        " ledger:a_swap_is_named_at_its_first_place ledger:an_entry_put_in_between_is_named",
    ),
    (
        "if entry != append(last, entry.receipt):",
        "if entry.hash != append(last, entry.receipt).hash:",
        "ledger:a_changed_entry_is_named",
    ),
    (
        "if entry != append(last, entry.receipt):",
        "if last and entry != append(last, entry.receipt):",
        "ledger:a_changed_entry_is_named ledger:a_ledger_that_does_not_begin_at_its_beginning_is_named_at_once",
    ),
    (
        "append(last, entry.receipt):\n            return (last.number if last else 0) + 1",
        "append(last, entry.receipt):\n            return entry.number",
        "ledger:a_changed_entry_is_named ledger:a_swap_is_named_at_its_first_place",
    ),
    ("chain(previous, receipt))", "chain(GENESIS, receipt))", "ledger:each_entry_covers_all_before_it"),
    (
        "records: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=8)]",
        "records: tuple[Id, ...]",
        "ledger:a_receipt_of_another_shape_is_refused",
    ),
    (
        "subject: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]",
        "subject: str",
        "ledger:a_receipt_of_another_shape_is_refused",
    ),
)

FEED = [
    *rows(
        "overlay/feed.py",
        (
            "if not now < expires:  # 1",
            "if False:  # 1",
            "feed:an_index_is_good_until_its_expiry feed:the_rules_are_asked_in_order",
        ),
        ("if not now < expires:  # 1", "if now > expires:  # 1", "feed:an_index_is_good_until_its_expiry"),
        (
            "if index.length < mark.length:  # 2",
            "if False:  # 2",
            "feed:a_shorter_feed_than_before_is_a_rollback feed:the_rules_are_asked_in_order",
        ),
        (
            "if index.length == mark.length and index.head != mark.head:  # 3",
            "if False:  # 3",
            "feed:another_feed_of_the_same_length_is_a_fork feed:an_empty_feed_has_an_empty_head",
        ),
        (
            "if end.length == index.length and end.head != index.head:",
            "if False:",
            "feed:a_longer_feed_with_another_past_is_found_out"
            " feed:any_other_items_than_those_signed_are_refused_at_the_end_of_the_walk"
            " feed:items_in_front_of_the_end_are_not_judged_yet",
        ),
        (
            "if end.length > index.length:",
            "if False:",
            "feed:more_items_than_the_index_counts_are_refused_even_when_the_first_of_them_fit",
        ),
        ("head = chain(head, one)", "head = chain('', one)", "feed:an_honest_source_is_always_believed"),
    ),
    *rows(
        "overlay/messages.py",
        (
            'head: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\\Z")]',
            "head: str",
            "overlay:a_value_out_of_its_bounds_is_refused",
        ),
        (
            "length: Annotated[int, msgspec.Meta(ge=0, le=2**40)]",
            "length: int",
            "overlay:a_value_out_of_its_bounds_is_refused",
        ),
        (
            "versions: Annotated[tuple[_Version, ...], msgspec.Meta(min_length=1, max_length=16)]",
            "versions: tuple[_Version, ...]",
            "overlay:a_value_out_of_its_bounds_is_refused",
        ),
        ("    to: Id\n    version", "    to: str\n    version", "overlay:a_value_out_of_its_bounds_is_refused"),
        ("    to: Id\n    outcome", "    to: str\n    outcome", "overlay:a_value_out_of_its_bounds_is_refused"),
        ("    proof: Id\n", "    proof: str\n", "overlay:a_value_out_of_its_bounds_is_refused"),
        (
            "url: Annotated[str, msgspec.Meta(max_length=MAX_URL)]",
            "url: str",
            "overlay:a_value_out_of_its_bounds_is_refused",
        ),
    ),
]

GUARDS_ROOMS: list[Guard] = [
    *POLICY,
    *JUDGE,
    *LINEAGE,
    *SERVICE,
    *MODEL,
    *MESSAGES,
    *WORDS,
    *RANKING,
    *LEDGER,
    *FEED,
]
