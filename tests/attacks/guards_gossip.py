"""The guards of gossip, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a39": "attacks/test_039_flood",
        "a40": "attacks/test_040_replay_storms",
        "a41": "attacks/test_041_hop_abuse",
        "a43": "attacks/test_043_grey_hole",
        "gossip": "overlay/test_gossip",
        "losses": "overlay/test_losses",
        "reconcile": "overlay/test_reconcile",
        "naming": "identity/test_naming",
        "tables": "overlay/test_gossip_tables",
    }
)

DSSE = rows(
    "identity/dsse.py",
    (
        "    if len(data) > (limits or _DEFAULT).max_bytes:\n        return None\n",
        "",
        "naming:what_is_too_large_is_not_read_for_its_name",
    ),
)

GOSSIP = rows(
    "overlay/gossip.py",
    (
        "if found is None or size > self._limits.max_bytes:",
        "if found is None:",
        "gossip:a_word_that_is_too_large_is_none_whoever_has_looked_at_it",
    ),
    (
        "            known.asked &= ~link.bit\n",
        "",
        "a43:who_was_asked_twice_and_answers_twice_has_sent_nothing_again",
    ),
    (
        "            if not known.asked & link.bit:",
        "            if True:",
        "a43:who_was_asked_twice_and_answers_twice_has_sent_nothing_again",
    ),
    (
        "            link.kept_at = now\n",
        "",
        "a43:who_is_slow_and_brings_some_of_what_it_was_asked_for_is_not_blamed",
    ),
    (
        "if self._is_ignored(link):  # 1",
        "if False:  # 1",
        "a39:forged_words_end_the_link_and_calling_again_mends_nothing",
    ),
    (
        "(self._judging.has_room(link, asked) and self._quotas.look(",
        "(self._quotas.look(",
        "a40:memory_is_bounded_however_many_words_and_names_there_are",
    ),
    (
        "and self._quotas.look(found[1], len(frame.raw), now)",
        "",
        "a39:half_of_what_is_looked_at_is_out_of_strangers_reach",
    ),
    ("elif self._held(found[0]):", "elif False:", "a40:old_words_sent_again_after_they_were_forgotten_go_nowhere"),
    (
        "elif name in self._muted:",
        "elif False:",
        "gossip:a_word_that_may_come_again_is_left_alone_for_a_while_and_then_judged_anew",
    ),
    (
        "if (known is not None and known.again & link.bit) or not",
        "if not",
        "a39:a_word_is_served_to_a_neighbour_twice_at_most",
    ),
    (
        "            self._blame(link, Misdeed.REPLAY, 1, now, doing)\n",
        "",
        "a40:who_sends_the_same_word_over_and_over_pays_and_loses_the_link",
    ),
    (
        "if reason is not None and reason.box in {Box.TRANSPORT, Box.IDENTITY}:",
        "if False:",
        "a39:a_wrong_signature_over_the_same_payload_does_not_shut_the_good_word_out",
    ),
    (
        "if not self._quotas.pass_on(waiting.author, rank, len(judge.raw), now):",
        "if False:",
        "a39:one_key_has_no_more_passed_on_than_its_rank_allows_over_however_many_links",
    ),
    (
        "if hops < self._params.max_hops else 0  # 6",
        "# 6",
        "a41:from_this_nodes_own_bound_on_a_word_is_named_and_not_pushed",
    ),
    (
        "        if known is not None:\n            self._again(link, known, name, now, doing)\n            return\n",
        "",
        "a40:old_words_sent_again_within_memory_change_nothing_and_go_nowhere",
    ),
    (
        "and self._wishes.get(name) is not None and not self._waits(name):",
        "and not self._waits(name):",
        "gossip:what_anti_entropy_brings_is_passed_on_if_neighbours_had_named_it",
    ),
    (
        "and self._wishes.get(name) is not None and not self._waits(name):",
        "and self._wishes.get(name) is not None:",
        "gossip:what_anti_entropy_brings_of_a_word_that_is_being_judged_changes_nothing",
    ),
)

NEIGHBOURS = rows(
    "overlay/neighbours.py",
    (
        " and now < known.at + NEW:\n",
        ":\n",
        "gossip:who_fetches_a_new_word_after_a_comparison_is_pushed_the_next",
    ),
    (
        "            if now >= link.kept_at + self._params.patience:",
        "            if True:",
        "a43:who_brings_nothing_is_blamed_once_a_second_however_much_it_named",
    ),
    (
        "        if now < link.refused_until:\n            self._blame(link, Misdeed.GRAFT, 1, now, doing)\n",
        "        if now < link.refused_until:\n",
        "gossip:a_graft_before_its_time_is_blamed_and_told_again",
    ),
    (
        "                self._blame(link, Misdeed.SILENT, 1, now, doing)\n",
        "",
        "a43:who_names_and_does_not_send_is_blamed_and_others_are_asked",
    ),
    (
        "        if link.conduct.value < 0 and link.eager:\n"
        "            self._prune(link, self._params.back_off, now, doing)\n",
        "",
        "a43:silent_neighbours_are_out_of_all_meshes_within_120_seconds",
    ),
    (
        "if not self._lossy or wish is None or wish.rounds or",
        "if wish is None or wish.rounds or",
        "gossip:where_nothing_is_lost_words_are_waited_for_and_one_is_asked",
    ),
    (
        "if not self._lossy or wish is None or wish.rounds or",
        "if not self._lossy or wish is None or",
        "gossip:a_word_that_others_name_after_it_was_asked_for_is_asked_for_no_sooner",
    ),
)

TABLES = [
    *rows(
        "overlay/losses.py",
        (
            "if 2 * gone <= its:",
            "if True:",
            "losses:frames_are_lost_where_three_in_a_hundred_words_are_missing",
        ),
        (
            "return words >= least and missing",
            "return missing",
            "losses:frames_are_lost_where_three_in_a_hundred_words_are_missing",
        ),
        ("since = (said & -said).bit_length() - 1", "since = 0", "losses:who_dies_leaves_no_gap"),
    ),
    *rows(
        "overlay/reconcile.py",
        (
            "        ids = self._under_way.others(ids, now)\n",
            "",
            "reconcile:what_gossip_is_taking_to_the_neighbours_is_named_after_its_lead_only",
        ),
    ),
    *rows(
        "overlay/under_way.py",
        (
            "if len(self._since) < MOST and",
            "if",
            "reconcile:what_gossip_is_taking_is_remembered_within_bounds",
        ),
    ),
    *rows(
        "overlay/mesh.py",
        (
            "return link.dialled or called < self._params.eager_max - self._params.eager_dialled",
            "return True",
            "a43:callers_cannot_take_the_places_that_are_kept_for_dialled_neighbours",
        ),
    ),
    *rows(
        "overlay/peer_score.py",
        (
            "if conduct.first >= UNIT // 8 and not silent:",
            "if conduct.first >= UNIT // 8:",
            "tables:the_table_of_scores",
        ),
        (
            "if conduct.first >= UNIT // 8 and not silent:",
            "if not silent:",
            "a43:who_never_brings_anything_never_has_a_positive_score",
        ),
        (
            "        if len(gone) > self.params.retained_most:\n"
            "            del self._all[max(gone, key=lambda one: self._all[one].value)]\n",
            "",
            "tables:a_score_outlives_its_link_and_the_worst_are_kept_longest",
        ),
    ),
    *rows(
        "overlay/quotas.py",
        (
            "if known is not None and (known.rank is Rank.BARRED or not known.meter.has(size, now)):",
            "if False:",
            "a39:nothing_is_passed_on_for_the_barred_and_nothing_more_of_them_is_looked_at",
        ),
        (
            "self._all.has(size, now, above=500)",
            "self._all.has(size, now)",
            "a39:half_of_what_is_looked_at_is_out_of_strangers_reach",
        ),
        (
            "        self._strangers_in.take(size)\n",
            "",
            "a39:all_strangers_together_have_no_more_passed_on_than_one_allowance",
        ),
    ),
    *rows(
        "overlay/seen.py",
        (
            "            if len(self._words) > self._most:\n                del self._words[next(iter(self._words))]\n",
            "",
            "tables:seen_keeps_the_latest_of_too_many",
        ),
    ),
    *rows(
        "overlay/cache.py",
        (
            "        while self.size > self._most:\n            self._drop()\n",
            "",
            "a40:memory_is_bounded_however_many_words_and_names_there_are",
        ),
    ),
    *rows(
        "overlay/trees.py",
        (
            "        if len(self._children) > self._most:\n"
            "            del self._children[next(iter(self._children))]\n",
            "",
            "a40:memory_is_bounded_however_many_words_and_names_there_are",
        ),
    ),
    *rows(
        "overlay/wishes.py",
        (
            "or self._caused.get(slot, 0) >= self._share:",
            "or False:",
            "a40:one_neighbour_can_take_up_a_quarter_of_the_wishes_at_most",
        ),
        ("if len(self._all) >= self._most or", "if", "tables:wishes_are_bounded_and_room_comes_back"),
    ),
    *rows(
        "overlay/judging.py",
        (
            "return len(self._all) < self._most and (asked",
            "return (asked",
            "tables:one_neighbour_may_have_so_many_words_waiting_that_nobody_asked_it_for",
        ),
        (
            "(asked or link.judging < self._share)",
            "True",
            "tables:one_neighbour_may_have_so_many_words_waiting_that_nobody_asked_it_for",
        ),
    ),
]

GUARDS: list[Guard] = [*DSSE, *GOSSIP, *NEIGHBOURS, *TABLES]
