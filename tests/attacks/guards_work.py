"""The guards of work on leases, and what shows that each of them bites, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "051": "attacks/test_051_forged_results",
        "checking": "market/test_checking",
        "slots": "market/test_slots",
        "lent": "sim/test_lent_slots",
        "borrowed": "sim/test_borrowed_proofs",
    }
)

WORK = [
    *rows(
        "market/checking.py",
        (
            "return record.right >= params.known_after and not record.forged",
            "return record.right >= params.known_after",
            "checking:who_forged_once_is_never_known_again",
        ),
        (
            "return record.right >= params.known_after and not record.forged",
            "return not record.forged",
            "051:a_lender_without_a_record_is_never_taken_alone"
            " checking:a_lender_is_known_after_ten_right_results_in_a_row",
        ),
        (
            "self.forged or what is Found.FORGED",
            "what is Found.FORGED",
            "checking:who_forged_once_is_never_known_again",
        ),
        (
            "return rng.below(SHARES) < params.spot_share",
            "return False",
            "checking:the_draw_is_the_results_own",
        ),
        ("2 * most <= sum(ranked) or ", "", "checking:an_answer_needs_the_lead_and_a_strict_majority"),
        (
            " or most - next_ < lead(params)",
            "",
            "051:of_what_several_answered_one_in_a_thousand_is_taken_though_it_is_forged"
            " checking:an_answer_needs_the_lead_and_a_strict_majority",
        ),
    ),
    *rows(
        "market/slots.py",
        (
            "max(0, workers - max(kept, running_own))",
            "workers - kept",
            "slots:own_proofs_come_first lent:own_proofs_come_first",
        ),
        ("kept = min(own, workers - 1)", "kept = 0", "slots:own_proofs_come_first"),
        (
            "return lease.used < min(lease.limit, lease.ask.amount * passed)",
            "return lease.used < lease.limit",
            "slots:half_a_processor_is_used_half_of_the_time lent:half_a_processor_is_lent_half_of_the_time",
        ),
        (
            "min(operator.memory_bytes, memory)",
            "memory",
            "slots:no_lease_of_memory_goes_above_the_operators_own_bounds",
        ),
    ),
    *rows(
        "skills/work.py",
        (
            "if content_id(data) != self.skill:",
            "if False:",
            "lent:another_skill_than_is_named_is_refused",
        ),
        (
            "if not same or self.trials > work.trials or not whole:",
            "if self.trials > work.trials or not whole:",
            "051:a_result_of_something_else_or_that_contradicts_itself_is_refused",
        ),
        (
            "if not same or self.trials > work.trials or not whole:",
            "if not same or not whole:",
            "051:a_result_of_something_else_or_that_contradicts_itself_is_refused",
        ),
        (
            "if not same or self.trials > work.trials or not whole:",
            "if not same or self.trials > work.trials:",
            "051:a_result_of_something_else_or_that_contradicts_itself_is_refused",
        ),
        (
            '    read.as_evidence("", 0)\n',
            "",
            "051:a_result_of_something_else_or_that_contradicts_itself_is_refused",
        ),
        (
            "if len(read.digests) != read.trials:",
            "if False:",
            "051:a_result_of_something_else_or_that_contradicts_itself_is_refused",
        ),
    ),
    *rows(
        "node/lent_slots.py",
        (
            "told.borrower == said.author and key in told.results",
            "key in told.results",
            "lent:what_somebody_else_was_told_is_told_to_nobody_else",
        ),
        (
            "if told is not None and told.borrower == said.author and key in told.results:  # 1",
            "if False:",
            "lent:a_work_is_run_once_and_its_result_said_as_often_as_it_is_asked_for",
        ),
        ("if key not in self._jobs:", "if True:", "lent:a_work_that_comes_again_while_it_runs_is_run_once"),
        (
            "if said.header.recipient != self._core.me or said.author == self._core.me:",
            "if False:",
            "lent:work_for_somebody_else_is_refused",
        ),
        (
            "if lease.ask.resource is not Resource.COMPUTATIONAL_POWER:",
            "if False:",
            "lent:work_for_a_lease_that_may_not_be_used_is_refused",
        ),
        (
            "if work.trials > self._params.trials or work.size() > self._params.skill_bytes:  # 3",
            "if work.size() < 0:",
            "lent:work_that_is_too_large_is_refused",
        ),
        (
            "if self._core.sandbox is None or self._broken or self._carry is None:",
            "if False:",
            "lent:nothing_runs_without_a_sandbox",
        ),
        (
            "if held >= at_once(lease.ask.amount) + self._params.waiting:  # 5",
            "if False:",
            "lent:of_a_lease_so_many_jobs_run_and_wait_as_it_allows",
        ),
        (
            "of_it < at_once(lease.ask.amount) and in_pace(lease, now)",
            "of_it < at_once(lease.ask.amount)",
            "lent:half_a_processor_is_lent_half_of_the_time",
        ),
        (
            "of_it < at_once(lease.ask.amount) and in_pace(lease, now)",
            "in_pace(lease, now)",
            "lent:of_a_lease_so_many_jobs_run_and_wait_as_it_allows",
        ),
        ("            if free <= 0 or ", "            if ", "lent:own_proofs_come_first"),
        (
            "while len(told.results) > self._params.remembered:",
            "while False:",
            "lent:no_more_results_are_remembered_than_the_bound",
        ),
        (
            "            job.task.cancel()  # the sandbox kills what it runs\n",
            "",
            "lent:what_runs_is_stopped_within_half_a_second_of_the_end",
        ),
        (
            "            except Refused:\n                self._stop(job)\n",
            "            except Refused:\n                continue\n",
            "lent:what_runs_is_stopped_within_half_a_second_of_the_end",
        ),
        (
            "            if job.task is not None:\n                self._meter(job)\n",
            "            if False:\n                self._meter(job)\n",
            "lent:a_job_that_never_ends_is_stopped_once_the_lease_is_used_up_and_is_paid_for",
        ),
    ),
    *rows(
        "node/forged.py",
        (
            'return "it names other records, or another dealing"',
            "pass",
            "051:a_receipt_that_names_other_records_or_another_deed_proves_nothing",
        ),
        (
            'return "the result is not its subject\'s, or was for somebody else"',
            "pass",
            "051:what_does_not_follow_from_both_signatures_proves_nothing",
        ),
        (
            'return "the finding is not its author\'s"',
            "pass",
            "051:what_does_not_follow_from_both_signatures_proves_nothing",
        ),
        (
            'return "the two are about different things"',
            "pass",
            "051:what_does_not_follow_from_both_signatures_proves_nothing",
        ),
        (
            'return "the finding does not contradict the result"',
            "pass",
            "051:what_does_not_follow_from_both_signatures_proves_nothing",
        ),
        (
            "return body.outcome is Outcome.PASS and service.is_lie(claim, finding, harness, params)",
            "return False",
            "borrowed:a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove",
        ),
        (
            "    borrower.forged(ask)\n",
            "",
            "borrowed:a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove",
        ),
        (
            "        await borrower.release(ask)\n",
            "        pass\n",
            "borrowed:a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove",
        ),
        (
            "if evidence is not None and not (before is not None and before.forged):",
            "if evidence is not None:",
            "borrowed:a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove",
        ),
    ),
    *rows(
        "node/borrowed_proofs.py",
        (
            "            and not self.record(one.lender).forged\n",
            "",
            "borrowed:whom_a_lender_has_forged_for_asks_it_for_nothing_more_also_after_a_restart",
        ),
        (
            "elif is_known(self._proofs.record(last.loan.lender), params):",
            "elif True:",
            "borrowed:of_a_lender_without_a_record_everything_is_looked_at_in_full",
        ),
        (
            "item.plan = Plan.FULL if drawn else Plan.SHORT",
            "item.plan = Plan.FULL",
            "borrowed:what_a_known_lender_proved_needs_fewer_own_trials_and_nothing_is_admitted_without_any",
        ),
        (
            "            item.plan = Plan.LAST\n",
            "            item.plan = Plan.FULL\n",
            "borrowed:what_a_lender_calls_refuted_comes_last_and_is_confirmed_with_one_trial",
        ),
        (
            "if item.plan is Plan.FULL or item.row.origin is Origin.OWN:",
            "if item.plan is Plan.FULL:",
            "borrowed:what_is_this_nodes_own_is_proved_in_full_whatever_a_known_lender_says",
        ),
        (
            "elif after.doubted >= proofs.params.doubts:",
            "elif False:",
            "borrowed:outputs_that_differ_end_a_record_and_after_three_the_bringing_and_are_no_receipt",
        ),
        (
            "            if agrees(body, finding, first):\n",
            "            if True:\n",
            "borrowed:outputs_that_differ_end_a_record_and_after_three_the_bringing_and_are_no_receipt",
        ),
    ),
    *rows(
        "node/borrowed_proofs.py",
        (
            "Found.DOUBTFUL if steady or",
            "Found.DOUBTFUL if True or",
            "borrowed:what_comes_to_something_else_each_time_says_nothing_of_a_lender",
        ),
    ),
    *rows(
        "node/borrowing.py",
        (
            " and not loan.forged else",
            " else",
            "borrowed:a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove",
        ),
        (
            "        if loan.forged:  # there is a receipt for that\n            return\n",
            "",
            "borrowed:a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove",
        ),
    ),
    *rows(
        "node/market.py",
        (
            "        if self.proofs.record(lender).forged:",
            "        if False:",
            "borrowed:whom_a_lender_has_forged_for_asks_it_for_nothing_more_also_after_a_restart",
        ),
    ),
]
