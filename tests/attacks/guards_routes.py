"""The guards of routing, links and notices, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a46": "attacks/test_046_topology_dos",
        "handlers": "overlay/test_handlers",
        "health": "overlay/test_health",
        "notices": "overlay/test_notices",
        "paths": "overlay/test_paths",
        "routes": "overlay/test_routes",
        "tiers": "overlay/test_tiers",
        "topology": "overlay/test_topology",
        "traffic": "overlay/test_traffic",
    },
    "overlay/",
)

RELAYING: list[Guard] = rows(
    "relaying.py",
    (
        "packet.route[0] != self._me or ",
        "",
        "routes:a_relay_refuses_what_is_not_at_its_place_or_goes_in_circles",
    ),
    (
        " or not packet.past or packet.past[-1] != peer:",
        ":",
        "routes:a_relay_refuses_what_is_not_at_its_place_or_goes_in_circles",
    ),
    (
        "if len(dict.fromkeys(way)) != len(way):",
        "if False:",
        "routes:a_relay_refuses_what_is_not_at_its_place_or_goes_in_circles",
    ),
    (
        "if len(way) > MAX_ROUTE + 1:",
        "if False:",
        "routes:a_relay_refuses_what_is_not_at_its_place_or_goes_in_circles",
    ),
    (
        "if not within or ",
        "if ",
        "routes:a_neighbour_has_a_quota_of_packets_and_another_one_its_own"
        " routes:a_link_that_goes_and_comes_gets_no_new_quota",
    ),
    (
        " or self._traffic.rates(peer, now).bytes_in + size > self._params.bytes",
        "",
        "routes:a_neighbour_has_a_quota_of_bytes",
    ),
    (
        "stuck.back[0] != self._me or ",
        "",
        "routes:reports_go_back_along_the_way_and_no_other",
    ),
    (
        " or len(dict.fromkeys(stuck.back)) != len(stuck.back)",
        "",
        "routes:reports_go_back_along_the_way_and_no_other",
    ),
    (
        "            del self._buckets[peer]\n",
        "            pass\n",
        "routes:quotas_of_neighbours_that_are_gone_are_forgotten_when_they_are_whole",
    ),
)

ROUTES: list[Guard] = rows(
    "routes.py",
    (
        "if peer != self._me and len(self._links) < MAX_LINKS:",
        "if len(self._links) < MAX_LINKS:",
        "routes:a_node_has_no_link_to_itself_and_no_more_than_it_may_name",
    ),
    (
        " and len(self._links) < MAX_LINKS:",
        ":",
        "routes:a_node_has_no_link_to_itself_and_no_more_than_it_may_name",
    ),
    (
        "        if peer not in self._links:\n            return Doing()\n        if isinstance",
        "        if isinstance",
        "routes:what_comes_without_a_link_is_not_heard",
    ),
    (
        "if self._flights.of(envelope, whom):",
        "if False:",
        "routes:a_letter_under_way_is_not_sent_twice",
    ),
    (
        "if id_ is None or kind",
        "if kind",
        "routes:an_envelope_without_a_proved_author_is_not_answered",
    ),
    (" or kind == ARRIVED", "", "routes:answers_are_not_answered"),
    (
        "flight.whom != author or ",
        "",
        "routes:an_answer_of_somebody_else_counts_for_nothing",
    ),
    (
        " or flight.envelope != body.envelope",
        "",
        "routes:an_answer_of_somebody_else_counts_for_nothing",
    ),
    (
        "min(2 * way.latency_ms, LONGEST_WAIT_MS)",
        "2 * way.latency_ms",
        "routes:what_others_say_of_their_links_adds_ten_seconds_to_the_wait_at_most",
    ),
    (
        "left = self._params.tries > len(flight.tried)",
        "left = True",
        "routes:ways_are_tried_as_often_as_is_allowed_and_then_gossip_has_it",
    ),
    (
        "if len(self._ways) >= MAX_WAYS:",
        "if False:",
        "routes:destinations_whose_ways_are_kept_are_bounded",
    ),
    (
        "if found and now >= found.at + AFTER_LOSS_MS:",
        "if found:",
        "routes:many_packets_that_are_lost_at_once_cost_one_search",
    ),
    (
        " or now >= found.at + WAYS_MS",
        " or True",
        "routes:ways_are_kept_for_five_seconds_while_the_map_changes_and_no_longer",
    ),
    (
        "if len(self._awaited) >= MAX_AWAITED:",
        "if False:",
        "routes:answers_that_are_owed_are_bounded",
    ),
    ("if len(came) < MAX_ANSWERS:", "if True:", "routes:answers_that_are_owed_are_bounded"),
    (
        "if name not in self._awaited:",
        "if True:",
        "routes:answers_that_are_owed_are_bounded",
    ),
    (
        " or flight.last[0] != stuck.id",
        "",
        "routes:a_report_of_an_earlier_try_counts_for_nothing",
    ),
    (
        "if path[1] != peer or (stuck.at",
        "if (stuck.at",
        "routes:a_report_counts_only_from_where_the_packet_went_and_about_its_way",
    ),
    (
        "if path[1] != peer or (stuck.at, stuck.to) not in list(pairwise(path[1:])):",
        "if path[1] != peer:",
        "routes:a_report_counts_only_from_where_the_packet_went_and_about_its_way",
    ),
    *(
        (text, gone, "routes:what_is_measured_is_said_within_its_bounds")
        for text, gone in (
            ("min(max(0, latency_ms), MAX_LATENCY_MS)", "latency_ms"),
            ("min(max(0, bandwidth), 2**53 - 1)", "bandwidth"),
            ("min(max(0, utilisation), 1000)", "utilisation"),
        )
    ),
)

FLIGHTS: list[Guard] = rows(
    "flights.py",
    (
        "if len(self._flights) >= self._most or ",
        "if ",
        "routes:what_is_under_way_is_bounded_and_the_rest_goes_by_gossip",
    ),
    (
        " or self._bytes + len(raw) > self._most_bytes",
        "",
        "routes:what_is_under_way_is_bounded_and_the_rest_goes_by_gossip",
    ),
    (
        "                sum(shuns(relay) for relay in way.relays),\n",
        "",
        "routes:the_next_way_shares_no_relay_with_those_that_failed",
    ),
    (
        "                sum(relay in failed for relay in way.relays),\n",
        "",
        "routes:the_next_way_shares_no_relay_with_those_that_failed",
    ),
    (
        " if way.path not in self.tried.values()",
        "",
        "routes:the_next_way_shares_no_relay_with_those_that_failed",
    ),
)

TOPOLOGY: list[Guard] = rows(
    "topology.py",
    (
        "if there is None or back is None:\n            return None",
        "there, back = there or back, back or there",
        "topology:a_link_counts_when_both_ends_name_it topology:the_map_is_what_both_ends_say_last",
    ),
    (
        "            if mine is None:\n                return None\n            said",
        "            said",
        "topology:nobody_has_a_link_to_this_node_that_this_node_does_not_have",
    ),
    (
        "at = Instant(min(created, now))",
        "at = Instant(created)",
        "topology:a_word_counts_for_three_periods_from_when_it_was_made",
    ),
    (
        " or at <= now - self._life or ",
        " or ",
        "topology:a_word_counts_for_three_periods_from_when_it_was_made",
    ),
    (
        " or (known is not None and seq <= known.seq):",
        ":",
        "topology:the_word_with_the_highest_number_counts",
    ),
    (
        "if author == self._me or at",
        "if at",
        "topology:a_node_says_nothing_of_itself_to_itself_and_no_link_is_to_its_own_end",
    ),
    (
        " if one.whom != author}",
        "}",
        "topology:a_node_says_nothing_of_itself_to_itself_and_no_link_is_to_its_own_end",
    ),
    (
        "if known is None and len(self._said) >= room and author not in self._mine:",
        "if False:",
        "topology:words_are_bounded_and_whoever_makes_up_nodes_pushes_out_its_own",
    ),
    (
        " and author not in self._mine:",
        ":",
        "topology:words_are_bounded_and_whoever_makes_up_nodes_pushes_out_its_own",
    ),
    (
        "            del self._said[author]\n        self._first_out",
        "            pass\n        self._first_out",
        "topology:a_word_counts_for_three_periods_from_when_it_was_made",
    ),
    (
        "if self._stale and not soon:",
        "if self._stale:",
        "topology:the_map_is_not_built_again_too_soon_unless_an_own_link_changed",
    ),
    (
        "        if len(self._said) > self._params.max_nodes:\n            self.graph(now)\n",
        "",
        "topology:words_are_bounded_and_whoever_makes_up_nodes_pushes_out_its_own",
    ),
    (
        "                    extra -= 1\n",
        "                    pass\n",
        "topology:edges_beside_the_tree_are_bounded_and_everybody_is_still_reached",
    ),
    (
        "far = [author for author in self._said if author not in hops]",
        "far: list[NodeId] = []",
        "topology:whom_nobody_reaches_goes_first",
    ),
    (
        "max(behind.values(), key=len).pop()",
        "next(one for one in behind.values() if one).pop()",
        "topology:words_are_bounded_and_whoever_makes_up_nodes_pushes_out_its_own",
    ),
)

PATHS: list[Guard] = rows(
    "paths.py",
    (
        "            self._budget.left -= len(near)\n            through",
        "            through",
        "a46:edges_looked_at_are_within_the_budget",
    ),
    (
        "            self._budget.left -= len(near)\n            for",
        "            for",
        "a46:edges_looked_at_are_within_the_budget",
    ),
    (
        "            if len(path) - 1 <= max_hops:\n                found.append(path)",
        "            found.append(path)",
        "paths:the_k_shortest_are_the_first_of_all_paths",
    ),
    (
        "if path is None or len(path) - 1 > max_hops:",
        "if path is None:",
        "paths:paths_longer_than_a_packet_may_go_are_not_offered",
    ),
    ("bandwidth=min(1.0, ", "bandwidth=max(0.0, ", "paths:each_term_is_that_of_the_worst_part"),
)

COUNTERS: list[Guard] = [
    *rows(
        "traffic.py",
        ("if len(self._rings) > MAX_PEERS:", "if False:", "traffic:links_are_counted_apart_and_bounded"),
    ),
    *rows(
        "experience.py",
        ("if len(counts) > MAX_KEPT:", "if False:", "traffic:what_is_remembered_is_bounded"),
        (
            "path[1 : path.index(at) + 1] if at in path else ",
            "",
            "routes:whoever_stands_behind_where_a_packet_stuck_is_not_charged",
        ),
        (
            "count.delivered + count.lost >= SHUN_FROM and ",
            "",
            "traffic:a_relay_is_shunned_after_four_packets_of_which_most_were_lost",
        ),
    ),
]

NOTICES: list[Guard] = [
    *rows(
        "notices.py",
        (
            "if bool(notice.destination_nodes) != (notice.mode is Mode.MULTICAST):",
            "if False:",
            "notices:a_notice_out_of_its_bounds_is_refused",
        ),
        (
            "if bool(notice.resource) != (notice.mode is Mode.RESOURCE_DIRECTED):",
            "if False:",
            "notices:a_notice_out_of_its_bounds_is_refused",
        ),
        ("_ORDER[min(_ORDER.index(claimed), allowed)]", "claimed", "notices:the_table_of_lanes"),
    ),
    *rows(
        "propagation.py",
        (
            "if place.hops >= min(notice.ttl, params.ttl):",
            "if False:",
            "notices:nothing_goes_back_or_to_itself_or_beyond_its_hops",
        ),
        (
            " if one not in (place.came_from, place.me)",
            "",
            "notices:nothing_goes_back_or_to_itself_or_beyond_its_hops",
        ),
        (
            "if place.stalled >= params.stalled:",
            "if False:",
            "notices:a_search_goes_on_for_three_links_without_getting_nearer_and_no_farther"
            " notices:a_search_on_a_plain_ends_wherever_it_turns",
        ),
        (
            "keen = rng.sample(keen, params.fanout)",
            "pass",
            "notices:a_broadcast_goes_to_some_in_the_lower_lanes_and_to_all_in_the_upper",
        ),
        (
            "own = place.came_from is None",
            "own = True",
            "notices:a_multicast_is_routed_by_its_author_and_passed_on_by_nobody",
        ),
    ),
    *rows(
        "acks.py",
        (
            " or author in sent.answered or ",
            " or ",
            "notices:an_answer_to_everybody_counts_once",
        ),
        (
            " or len(sent.answered) >= self._params.answers",
            "",
            "notices:answers_and_notices_that_are_waited_for_are_bounded",
        ),
        (
            "if sent.named and author not in sent.missing:",
            "if False:",
            "notices:an_answer_counts_once_and_of_those_that_were_named",
        ),
        (
            "if len(self._sent) > self._params.notices:",
            "if False:",
            "notices:answers_and_notices_that_are_waited_for_are_bounded",
        ),
        (
            "sent.tries >= self._params.tries or ",
            "",
            "notices:what_is_not_answered_is_sent_again_to_whom_it_was_for_and_less_often_each_time",
        ),
    ),
]

HANDLERS: list[Guard] = rows(
    "handlers.py",
    (
        "if heard.rank > STRANGER else []",
        "if True else []",
        "handlers:a_stranger_changes_nothing",
    ),
    ("if type_ in self._handlers:", "if False:", "handlers:a_type_has_one_handler_and_an_unknown_type_none"),
    (
        "if subject.name in (self._me, heard.author):",
        "if False:",
        "handlers:nobody_is_quarantined_here_by_alerts_about_this_node",
    ),
    (
        "if heard.rank < KNOWN or not heard.root:",
        "if not heard.root:",
        "handlers:a_thousand_newcomers_and_one_family_quarantine_nothing"
        " handlers:a_second_voice_that_is_none_quarantines_nothing",
    ),
    (
        "if heard.rank < KNOWN or not heard.root:",
        "if heard.rank < KNOWN:",
        "handlers:a_second_voice_that_is_none_quarantines_nothing",
    ),
    (
        "voices[root] = id_",
        "voices[id_] = id_",
        "handlers:a_thousand_newcomers_and_one_family_quarantine_nothing"
        " handlers:a_second_voice_that_is_none_quarantines_nothing",
    ),
    ("if at > now - ALERT_MS:", "if root:", "handlers:an_alert_counts_for_a_day"),
    (
        "if len(own) > ALERTS_EACH:",
        "if False:",
        "handlers:alerts_of_one_author_are_bounded_and_push_out_its_own",
    ),
    (
        "if len(table) > MAX_AUTHORS:",
        "if False:",
        "handlers:authors_are_bounded_and_who_spoke_last_is_kept handlers:states_are_bounded",
    ),
    (
        "if known and known[1].clock >= state.clock:",
        "if False:",
        "handlers:the_latest_state_of_an_agent_counts_for_five_minutes",
    ),
    (
        "if len(kept) > OFFERS_EACH:",
        "if False:",
        "handlers:who_has_what_is_known_for_an_hour_the_most_first",
    ),
    *(
        (text, gone, "handlers:a_payload_that_is_not_what_its_type_asks_for_is_refused")
        for text, gone in (
            ("if len(about) != 1:", "if not about:"),
            ("    if not good:", "    if False:"),
            ("if goals and not is_content_id(goals):", "if False:"),
            ("if not ids or not all(map(is_content_id, ids)):", "if not ids:"),
            (" and len(text) <= 16 and int(text) <= most", ""),
        )
    ),
)

TIERS: list[Guard] = rows(
    "tiers.py",
    (
        "if reached is Tier.SYMBIOTIC and not min(bond.gained, bond.given) > MUTUAL:",
        "if False:",
        "tiers:symbiotic_takes_benefit_in_both_directions",
    ),
)
