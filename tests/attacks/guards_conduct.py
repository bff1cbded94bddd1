"""The guards of how a node deals with others, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a25": "attacks/test_025_sybils",
        "a26": "attacks/test_026_whitewashing",
        "a27": "attacks/test_027_slander",
        "a28": "attacks/test_028_oscillation",
        "a29": "attacks/test_029_forged_history",
        "a30": "attacks/test_030_cheap_signals",
        "a31": "attacks/test_031_hash_decisions",
        "a32": "attacks/test_032_stale_cache",
        "a33": "attacks/test_033_confusable_names",
        "account": "conduct/test_account",
        "beta": "conduct/test_beta",
        "counts": "node/test_what_counts",
        "node": "node/test_conduct",
        "standing": "conduct/test_standing",
        "steadfast": "conduct/test_steadfast",
        "store": "store/test_store_contract",
    }
)

ACCOUNT = rows(
    "conduct/account.py",
    (
        "            self.whole, self.domains, self.terms = Window(), {}, {}\n",
        "",
        "account:malice_ends_trust_at_once_however_much_good_there_was"
        " a28:a_proven_malicious_artefact_ends_trust_at_once",
    ),
    ("            self.lately = 0\n", "", "account:malice_ends_trust"),
    (
        "if deed.malice or (self.debt and not deed.good):",
        "if deed.malice:",
        "account:a_wrong_on_the_way_back_begins_the_way_again",
    ),
    (
        "FIRST_DEBT << min(16, self.offences - 1)",
        "FIRST_DEBT",
        "account:sixteen_good_dealings_in_a_row_make_up_for_malice_and_twice_as_many_for_the_next",
    ),
    (
        "at = self.latest = max(self.latest, deed.at)",
        "at = deed.at",
        "account:what_was_made_before_what_is_in_already_counts_as_made_with_it",
    ),
    ("& ((1 << WINDOW) - 1)", "", "account:a_window_holds_the_last_dealings_one_by_one"),
    (
        "best = max(best, lower_bound(good, number + 1 - good))",
        "best = lower_bound(good, number + 1 - good)",
        "standing:the_table_of_the_policy",
    ),
    (
        "or len(self.domains) < DOMAINS else OTHERS",
        "or True else OTHERS",
        "account:domains_beyond_the_bound_are_kept_together_and_trusted_for_nothing",
    ),
)

STANDING = rows(
    "conduct/standing.py",
    (
        "    if case.banned:\n",
        "    if False:\n",
        "standing:a_ban_is_a_persons_word node:operators_words_are_part_of_a_decision",
    ),
    (
        "    if account.debt:\n",
        "    if False:\n",
        "standing:the_table_of_the_policy node:proven_malice_shuts_the_hubs_door_when_a_named_verifier_proves_it",
    ),
    (
        "    elif account.wrongs(now) >= params.gives_up_at:",
        "    elif False:",
        "standing:the_table_of_the_policy",
    ),
    (
        "    if account.running < params.known_from:",
        "    if account.lately < params.known_from:",
        "a28:no_longer_run_of_goodness_before_a_blow_gains_more_than_honesty",
    ),
    ("if case.invited and not shut else", "if case.invited else", "standing:the_table_of_the_policy"),
    ("if sure >= params.trusted_at else", "if True else", "standing:the_table_of_the_policy"),
    ("str(now // DAY))", "case.domain)", "a31:the_coin_of_the_nodes_own_policy_is_not_moved_by_what_is_sent"),
)

BETA = rows(
    "conduct/beta.py",
    ("    if not good:\n        return 0\n", "", "beta:whoever_did_nothing_good_has_what_a_newcomer_has"),
    ("if good < 0 or bad < 0:", "if False:", "beta:nonsense_is_refused"),
)

ACCOUNTS = rows(
    "node/accounts.py",
    (
        "if row.author not in self.counting or row.author == row.subject or not self._is_first(row):",
        "if row.author == row.subject or not self._is_first(row):",
        "a25:a_ring_of_any_size_moves_no_honest_ranking a27:no_number_of_bad_reports_by_others_changes_anything",
    ),
    (
        " or not self._is_first(row):",
        ":",
        "node:trying_one_skill_again_is_no_further_dealing_whoever_tries_it",
    ),
    ("row.author == row.subject or not", "not", "a30:what_this_node_does_itself_raises_nobody"),
    (
        "if (message.author, receipt.subject) != (row.author, row.subject):",
        "if False:",
        "node:a_receipt_that_was_changed_on_the_disk_counts_for_nothing",
    ),
    (
        "            self.look_again(change.subject)\n",
        "",
        "a32:what_came_since_somebody_asked_counts_when_they_are_asked_for_again",
    ),
)

NODE = rows(
    "node/conduct.py",
    (
        "if peer is not None and peer.invitation and not found.engage:",
        "if False:",
        "node:the_rest_of_the_invitation_that_brought_an_offender_is_taken_back",
    ),
    (
        'if (links[0].entry.hash if links else "") != decided.head:',
        "if False:",
        "node:a_decision_on_another_ledger_is_named",
    ),
    ("if not held.computable:", "if False:", "node:a_card_of_other_rules_is_not_guessed_at"),
)

WAITING = rows(
    "node/waiting.py",
    (
        "        return not granted\n",
        "        return False\n",
        "node:whom_nobody_knows_yet_share_so_many_proofs_an_hour",
    ),
    ("if self.rung(row) >= Rung.KNOWN:", "if False:", "node:an_honest_newcomer_soon_needs_no_share"),
    (
        "ordered.append((-rung, turns[row.author, rung], row))",
        "ordered.append((-rung, 0, row))",
        "node:many_skills_of_one_keep_nobody_else_waiting",
    ),
    (
        "ordered.append((-rung, turns",
        "ordered.append((0, turns",
        "node:whoever_is_trusted_is_looked_at_first_and_less_long",
    ),
)

SHELF = rows(
    "node/hearing.py",
    (
        "return [one for one in found if listened[one.prover]]",
        "return found",
        "a25:findings_of_strangers_make_no_witness_and_no_corroboration",
    ),
)

ADMISSION = rows(
    "admission/service.py",
    (
        "invited = guest.invited and not guest.barred",
        "invited = guest.invited",
        "node:proven_malice_shuts_the_hubs_door_when_a_named_verifier_proves_it",
    ),
    (
        "own = None if guest.barred else guest.records_per_minute",
        "own = guest.records_per_minute",
        "node:where_everybody_may_push_the_barred_share_the_strangers_rate",
    ),
)

READER = rows(
    "node/ledger_reader.py",
    (
        "        good = (follows.number, follows.hash) == (link.number, link.hash)\n",
        "        good = True\n",
        "a29:links_out_of_order_are_dropped_and_counted",
    ),
    (
        "        if self.found.links < head.entries:\n",
        "        if False:\n",
        "node:a_ledger_that_was_cut_off_changed_or_reordered_is_named",
    ),
    (
        "if (message.header.kind, message.author) != (HEAD, self.found.node):",
        "if False:",
        "node:a_ledger_that_was_cut_off_changed_or_reordered_is_named",
    ),
    (
        "        if deed is None or deed.author != receipt.subject:\n",
        "        if False:\n",
        "a29:a_receipt_without_what_it_rests_on_is_dropped",
    ),
)

COUNTS = [
    *rows(
        "node/accounts.py",
        (
            "            and one.author != one.subject\n",
            "",
            "counts:a_receipt_about_its_own_author_keeps_no_true_one_from_counting",
        ),
        (
            "            and self.read(one) is not None\n",
            "",
            "counts:what_is_proved_again_after_a_key_was_revoked_counts_again",
        ),
        (
            '                self.touched[link.subject, ""] = self.touched[link.subject, link.domain] = None\n',
            "",
            "counts:decisions_come_out_again_though_a_verifiers_key_was_revoked_since",
        ),
    ),
    *rows(
        "node/conduct.py",
        (
            "    if differs and sum(1 for _ in said(True)) > sum(1 for _ in said(False)):\n",
            "    if False:\n",
            "counts:decisions_come_out_again_though_a_verifiers_key_was_revoked_since",
        ),
    ),
    *rows(
        "conduct/standing.py",
        ("max(now, account.latest)", "now", "counts:a_dealing_that_a_clock_ahead_has_dated_stops_nothing"),
    ),
    *rows(
        "node/rooms.py",
        (
            "        elif body.dealing in _TRIED:\n",
            "        elif body.dealing in _TRIED or True:\n",
            "counts:what_nothing_proves_yet_is_no_dealing",
        ),
        (
            "(found.outcome, found.reason) != (_TRIED[body.dealing], body.reason)",
            "found.outcome is not _TRIED[body.dealing]",
            "counts:a_receipt_gives_the_reason_of_its_finding",
        ),
    ),
    *rows(
        "node/splits.py",
        (
            "    if proof is None or content_id(proof) != receipt.records[-1]:\n"
            '        return "the bytes that would prove it are missing"\n',
            '    if proof is None:\n        return ""\n',
            "counts:two_messages_that_nobody_shows_prove_nothing",
        ),
    ),
    *rows(
        "node/caseroom.py",
        (
            "if message.author not in concerned and len(others) >= MAX_HEARD:",
            "if len(heard) >= MAX_HEARD:",
            "counts:keys_without_number_silence_nobody_who_counts",
        ),
        (
            "            if len(strangers) >= MAX_CASES:\n",
            "            if False:\n",
            "counts:strangers_open_so_many_cases_over_a_skill_and_whoever_is_known_still_can",
        ),
        (
            "if len(known) >= MAX_CASES and not listens_to(self._core, case.opener):",
            "if len(known) >= MAX_CASES:",
            "counts:strangers_open_so_many_cases_over_a_skill_and_whoever_is_known_still_can",
        ),
    ),
    *rows(
        "node/settling.py",
        (
            "if dealing is Dealing.FALSE_ACCUSATION and self._ran_otherwise(case, decision):",
            "if False:",
            "counts:whoever_accused_as_this_nodes_own_run_did_is_no_false_accuser",
        ),
    ),
    *rows(
        "node/early.py",
        (
            "            if answer.status in _GONE:\n",
            "            if True:\n",
            "counts:what_came_early_is_lost_neither_to_a_second_source_nor_to_a_busy_one",
        ),
        (
            "        async with self._core.turns.of(WAITING):\n",
            "        if True:\n",
            "counts:two_who_remember_at_once_lose_nothing",
        ),
    ),
    *rows(
        "node/ledger_reader.py",
        (
            "            if refusal.reason is not Reason.REVOKED:\n",
            "            if True:\n",
            "counts:decisions_come_out_again_though_a_verifiers_key_was_revoked_since",
        ),
        (
            "                break\n",
            "",
            "a29:of_two_ledgers_in_a_file_the_first_is_read_and_the_second_named",
        ),
    ),
]

GUARDS: list[Guard] = [
    *ACCOUNT,
    *STANDING,
    *BETA,
    *ACCOUNTS,
    *NODE,
    *WAITING,
    *SHELF,
    *ADMISSION,
    *READER,
    *COUNTS,
]
BACKED: list[Guard] = []
