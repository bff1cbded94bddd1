"""The guards of membership and of links, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a42": "attacks/test_042_eclipse",
        "a45": "attacks/test_045_forged_failure_reports",
        "links": "overlay/test_linking",
        "member": "overlay/test_member",
        "node": "overlay/test_members",
        "suspicion": "overlay/test_suspicion",
        "table": "overlay/test_candidates",
    },
    "overlay/",
)

LIFE = [
    *rows(
        "member.py",
        (
            "        if after is None:\n",
            "        if False:\n",
            "member:a_member_goes_where_the_table_says_and_nowhere_else",
        ),
        (
            "(presence.incarnation, seq) > (self.incarnation, self.seq)",
            "True",
            "member:of_words_in_any_order_the_newest_counts",
        ),
    ),
    *rows(
        "roster.py",
        (
            "if not member.is_newer(presence, seq):",
            "if False:",
            "member:of_words_in_any_order_the_newest_counts",
        ),
        (
            "if raised or not doubted:",
            "if True:",
            "member:a_doubt_is_ended_by_a_higher_incarnation_only"
            " member:the_dead_come_back_by_a_higher_incarnation_or_by_a_word_long_after",
        ),
        (
            "        if not gone:  # 4\n",
            "        gone = gone or list(self._members.values())\n        if not gone:\n",
            "member:names_without_number_push_out_nobody_who_is_there",
        ),
        (
            "        if len(self._members) < self._params.most:\n",
            "        if True:\n",
            "member:names_without_number_push_out_nobody_who_is_there",
        ),
        (
            "return chart is None or accuser in chart",
            "return True",
            "member:only_its_own_neighbours_may_accuse_whoever_says_who_they_are"
            " node:words_that_weigh_nothing_make_nobody_look",
        ),
        (
            "and one.id not in neighbours:",
            "and True:",
            "member:who_is_not_heard_for_three_periods_is_unheard_unless_it_is_a_neighbour",
        ),
    ),
    *rows(
        "presence.py",
        (
            "msgspec.Meta(max_length=MAX_ADDRESSES)",
            "msgspec.Meta()",
            "member:a_presence_over_its_bounds_is_refused",
        ),
        (
            "msgspec.Meta(ge=0, lt=2**53)",
            "msgspec.Meta()",
            "member:a_presence_over_its_bounds_is_refused",
        ),
    ),
]

DOUBT = [
    *rows(
        "suspicion.py",
        (
            "max(low, round(high - (high - low) * share))",
            "round(high - (high - low) * share)",
            "suspicion:a_doubt_is_never_longer_with_more_confirmations_and_never_leaves_its_bounds",
        ),
    ),
    *rows(
        "awareness.py",
        (
            "min(MOST, self.score + by)",
            "self.score + by",
            "suspicion:the_score_of_health_stays_between_nothing_and_eight",
        ),
    ),
    *rows(
        "patience.py",
        (
            "max(self._least, min(self._most, self._mean // 8 + self._spread))",
            "self._mean // 8 + self._spread",
            "suspicion:a_wait_stays_within_its_bounds_and_comes_down_to_answers_that_are_always_the_same",
        ),
        (
            "        self._trips.pop(whom, None)\n",
            "        pass\n",
            "suspicion:the_wait_for_an_answer_follows_the_formula_of_tcp_within_its_bounds",
        ),
    ),
    *rows(
        "probing.py",
        (
            "[one for one in heard if one not in busy]",
            "list(heard)",
            "suspicion:nobody_waits_longer_than_a_round_and_who_was_just_heard_is_asked_last",
        ),
        (
            "max(heard[one], self._asked.get(one, 0))",
            "heard[one]",
            "suspicion:each_round_asks_everybody_once_of_whom_nothing_comes_the_longest_unheard_first",
        ),
        (
            "        self._asked.pop(whom, None)\n",
            "        pass\n",
            "suspicion:who_is_no_neighbour_any_more_is_not_remembered",
        ),
    ),
    *rows(
        "detector.py",
        (
            "            told.look_at = max(told.look_at, told.since + self._patience())  # 7\n",
            "            pass\n",
            "node:who_is_no_neighbour_any_more_is_not_looked_for_at_once",
        ),
        (
            "        self._order.remove(peer)\n",
            "        pass\n",
            "node:of_neighbours_that_went_nothing_is_kept",
        ),
        (
            "        self._trips.forget(peer)\n",
            "        pass\n",
            "node:of_neighbours_that_went_nothing_is_kept",
        ),
        (
            " and self.awareness.score == 0:",
            ":",
            "node:a_node_that_feels_unwell_gives_every_probe_its_whole_time",
        ),
        (
            "max(int(now), probe.began + self._params.interval_ms)",
            "int(now)",
            "node:all_helpers_tried_in_vain_so_the_failure_is_over_early_but_no_sooner_than_an_interval_after_the_ping",
        ),
        (
            "min(1, missing) if others else missing",
            "missing",
            "node:the_doubted_is_tried_through_one_further_helper_at_a_time_where_others_doubt_it_too",
        ),
        (
            "probe.direct and not (doubt and doubt.confirmed):",
            "probe.direct:",
            "node:to_doubt_one_whom_others_do_not_reach_either_does_not_make_this_node_feel_unwell",
        ),
        (
            "probe.began, probe.ask_at, probe.ends = probe.began + gap,",
            "probe.ask_at, probe.ends =",
            "node:a_pause_of_this_node_is_no_long_round_trip",
        ),
        (
            "            if self._misses[whom] < self._params.misses:\n",
            "            if False:\n",
            "node:a_failure_that_no_helper_answers_says_more_about_this_node",
        ),
        (
            "        if gap > self._params.stall_ms:\n",
            "        if False:\n",
            "node:a_tick_that_comes_late_gives_the_lost_time_to_all_that_was_running"
            " node:a_stall_between_ping_and_pong_makes_no_doubt",
        ),
        (
            "age >= longest or (age >= allowed and doubt.rounds > 0)",
            "True",
            "node:a_neighbour_that_nobody_reaches_is_doubted_told_of_and_given_up",
        ),
        (
            "            if near:\n                doubt.confirmed",
            "            if True:\n                doubt.confirmed",
            "a45:reports_of_sybils_do_not_shorten_a_doubt",
        ),
        (
            "        if incarnation < member.incarnation or not member.is_there:\n            return\n",
            "",
            "node:words_that_weigh_nothing_make_nobody_look",
        ),
        (
            "wait = 0 if member.id in self._heard else self._patience()",
            "wait = 0",
            "node:who_is_no_neighbour_gets_time_to_answer_and_is_then_looked_for"
            " node:an_answer_of_the_accused_saves_the_look",
        ),
        (
            "far < self._params.dials:",
            "True:",
            "node:so_many_are_looked_for_at_once_and_no_more",
        ),
        (
            "and now - told.since <= self._params.prompt_ms:",
            "and True:",
            "node:whoever_accused_with_reason_is_not_blamed",
        ),
        (
            "            if probe.nonce == nonce and peer in probe.helpers:\n                self._shown",
            "            if peer in probe.helpers:\n                self._shown",
            "node:a_pong_that_nobody_asked_for_shows_nothing_about_others",
        ),
        (
            "            if at < oldest and peer not in self._doubts:\n",
            "            if False:\n",
            "node:a_link_on_which_nothing_comes_is_closed_whatever_others_say",
        ),
        (
            "        if member is None or member.phase is Phase.LEFT:  # what was under way when it said goodbye\n",
            "        if member is None:\n",
            "node:what_was_under_way_when_it_said_goodbye_brings_nobody_back",
        ),
    ),
    *rows(
        "helping.py",
        (
            "        if not linked and member.phase is Phase.DEAD:\n",
            "        if False:\n",
            "node:who_is_known_as_dead_is_not_tried_again_for_others",
        ),
        (
            ">= self._params.favours:",
            "< 0:",
            "node:it_does_not_try_for_strangers_for_unknown_nodes_nor_without_end",
        ),
    ),
]

WORDS = [
    *rows(
        "members.py",
        (
            "        if accuser is None or not accuser.is_there:  # 1\n            return\n",
            "",
            "node:words_that_weigh_nothing_make_nobody_look",
        ),
        (
            "if author not in (self._me, accused.whom):",
            "if author != self._me:",
            "node:words_that_weigh_nothing_make_nobody_look",
        ),
        (
            "            if author != self._me:\n",
            "            if True:\n",
            "node:its_own_words_that_come_back_are_not_about_a_member",
        ),
        (
            "        if peer in self._linking.links:\n",
            "        if True:\n",
            "node:it_does_not_try_for_strangers_for_unknown_nodes_nor_without_end",
        ),
        (
            "and self.health == 0:",
            "and True:",
            "node:whoever_accuses_this_node_while_it_feels_well_is_blamed",
        ),
        (
            "            except msgspec.ValidationError:\n                continue\n            self._linking",
            "            except ZeroDivisionError:\n                continue\n            self._linking",
            "node:what_was_kept_in_another_shape_is_skipped",
        ),
    ),
    *rows(
        "own_presence.py",
        (
            "        if self._tokens == 0:\n            return False\n",
            "",
            "node:accused_itself_it_answers_with_a_higher_incarnation_three_times_and_then_slower",
        ),
        (
            "or incarnation == self.incarnation",
            "or True",
            "node:a_number_that_it_never_had_is_none_of_its_business",
        ),
        (
            "max(self.incarnation, incarnation + 1)",
            "self.incarnation",
            "node:what_is_kept_comes_back_as_plain_values_and_the_incarnation_goes_on",
        ),
    ),
]

TABLE = [
    *rows(
        "candidates.py",
        (
            "inner = self._number(half, owner, other) % reach",
            "inner = self._number(half, owner, other)",
            "table:one_source_reaches_few_of_the_new_buckets_and_many_reach_all"
            " a42:a_flood_of_presences_through_one_neighbour_leaves_the_honest_addresses_in_the_table",
        ),
        (
            "            self._tests.setdefault(next(iter(bucket)), whom)  # 3\n            return\n",
            "            self._drop(next(iter(bucket)))\n",
            "table:nothing_goes_from_a_full_tried_bucket_that_still_answers",
        ),
        (
            "        if len(bucket) >= self._params.room:\n            self._drop(max",
            "        if False:\n            self._drop(max",
            "table:in_a_full_bucket_the_entry_goes_that_failed_most_often_or_else_the_oldest",
        ),
        (
            "rng.pick(list(rng.pick(rng.pick(halves))))",
            "rng.pick(list(self._entries))",
            "table:a_pick_takes_new_and_tried_alike_and_does_not_favour_full_buckets",
        ),
        (
            "            except msgspec.ValidationError:\n                continue\n",
            "            except ZeroDivisionError:\n                continue\n",
            "node:what_was_kept_in_another_shape_is_skipped",
        ),
    ),
    *rows(
        "first_calls.py",
        (
            "(*anchors[:ANCHORS], *named)",
            "(*named,)",
            "a42:of_ten_thousand_starts_with_a_poisoned_table_at_most_one_in_a_thousand_is_eclipsed"
            " table:first_come_the_anchors_then_the_named_then_the_table",
        ),
        (
            "if ranges.get(where, 0) < per_range:",
            "if True:",
            "table:of_one_range_come_few_while_there_are_others_and_many_where_there_are_none",
        ),
    ),
]

LINKS = [
    *rows(
        "linking.py",
        (
            "params.outbound - own)  # 1",
            "0)",
            "links:with_others_links_alone_it_still_dials_some_of_its_own",
        ),
        (
            "            and (spare if one.own else not own)\n",
            "",
            "links:a_link_is_exchanged_only_where_there_is_one_of_its_own_to_spare",
        ),
        (
            "        if not own and len(self.links) >= self._params.max_connections:\n",
            "        if False:\n",
            "links:no_more_links_of_others_than_the_bound_even_within_their_grace",
        ),
        (
            "        while excess > 0 and",
            "        while False and",
            "links:more_links_than_there_may_be_are_ended_after_their_grace_the_youngest_first",
        ),
        (
            "            and now - one.since >= self._params.grace_ms\n",
            "",
            "links:a_link_within_its_grace_is_not_ended_for_an_older_one",
        ),
        (
            "                    self._end(link.whom, doing)  # 4\n",
            "                    pass\n",
            "links:a_link_that_was_made_to_look_ends_soon",
        ),
        (
            "        if back and sum(",
            "        if False and sum(",
            "links:a_link_to_one_who_came_back_from_the_dead_is_held",
        ),
    ),
    *rows(
        "calling.py",
        (
            "if not urls or (line is not None and line.until):",
            "if not urls:",
            "suspicion:one_call_to_a_node_at_a_time_and_none_without_an_address",
        ),
        (
            "self._params.first_ms << min(line.failures, 16)",
            "self._params.first_ms",
            "suspicion:who_does_not_answer_is_dialled_ever_less_often_and_at_least_each_minute",
        ),
        (
            "            line.not_before = now + self._params.rebuffed_ms\n",
            "            pass\n",
            "suspicion:who_closed_a_link_on_purpose_is_left_alone_for_a_minute_but_looked_for_when_in_doubt",
        ),
        (
            "        if len(self._lines) >= _KEPT:\n",
            "        if False:\n",
            "suspicion:calls_that_nobody_waits_for_are_forgotten",
        ),
    ),
]

GUARDS: list[Guard] = [*LIFE, *DOUBT, *WORDS, *TABLE, *LINKS]
