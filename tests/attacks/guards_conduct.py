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
        "at = self._latest = max(self._latest, deed.at)",
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
        "if row.author not in counting or row.author == row.subject:",
        "if row.author == row.subject:",
        "a25:a_ring_of_any_size_moves_no_honest_ranking a27:no_number_of_bad_reports_by_others_changes_anything",
    ),
    (
        "        if not self._is_first(row, counting):\n            return None\n",
        "",
        "node:trying_one_skill_again_is_no_further_dealing_whoever_tries_it",
    ),
    (" or row.author == row.subject:", ":", "a30:what_this_node_does_itself_raises_nobody"),
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
]
BACKED: list[Guard] = []
