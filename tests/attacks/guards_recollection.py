"""The guards of what is asked of neighbours: after a restore, for what is damaged, and told over links."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "a68": "attacks/test_068_neighbours_that_keep_back",
        "answering": "sim/test_answering",
        "asking": "overlay/test_recollection",
        "mending": "sim/test_mending",
        "named": "node/test_named",
        "net": "sim/test_network",
        "recall": "node/test_recall",
        "restored": "attacks/test_068_restored_backup",
        "sim": "sim/test_recollecting",
    }
)

ASKING = rows(
    "overlay/recollection.py",
    (
        "one is not None and one.asked and frame.since == one.since",
        "one is not None",
        "asking:what_was_not_asked_is_not_heard",
    ),
    (
        "if frame.later and frame.later <= frame.since:",
        "if False:",
        "asking:an_answer_that_goes_back_is_the_neighbours_fault_and_ends_the_asking",
    ),
    (
        "if one.ended and not one.lacking:",
        "if one.ended:",
        "asking:a_neighbour_has_answered_once_all_that_it_named_is_here",
    ),
    (
        "            elif waited >= self._params.again_ms:\n",
        "            elif False:\n",
        "asking:one_that_says_no_more_is_asked_anew_from_the_beginning",
    ),
    (
        " and len(one.lacking) < self._params.lacking",
        "",
        "asking:one_that_names_much_which_nobody_brings_is_not_asked_for_more"
        " a68:whoever_names_what_is_not_there_holds_nobody_up_and_is_not_counted",
    ),
    (
        "LEAST, MOST = 2, 3",
        "LEAST, MOST = 1, 3",
        "asking:how_many_are_enough a68:the_only_neighbour_that_it_knows_is_not_believed",
    ),
    (
        "count = sum(one in answered for one in known)",
        "count = len(answered)",
        "asking:how_many_are_enough a68:strangers_that_keep_back_are_not_counted",
    ),
    (
        " and all(one in answered for one in sources)",
        "",
        "asking:how_many_are_enough sim:a_source_among_its_peers_must_have_answered_as_well",
    ),
)

HOLDING = [
    *rows(
        "node/recollecting.py",
        (
            "            self._release(now)\n",
            "",
            "sim:what_is_held_comes_in_when_the_operator_goes_on_without_it",
        ),
        ("if count > ANSWERS_PER_SECOND:", "if False:", "sim:whoever_asks_too_often_is_blamed"),
        (
            "        ring.verify(signed, ring, self._core.settings.limits)\n",
            "",
            "a68:a_number_that_it_never_used_is_not_put_into_its_mouth",
        ),
        (
            "        self._core.numbering.used(peek.named_number(signed))\n",
            "",
            "sim:it_signs_under_numbers_above_all_that_it_has_used",
        ),
    ),
    *rows(
        "node/inbox.py",
        (
            "            if message.author == core.me:  # from before a restore",
            "            if False:  # from before a restore",
            "restored:a_record_of_its_own_that_comes_back_late_keeps_its_number_for_itself",
        ),
    ),
    *rows(
        "node/recovery.py",
        ("if one.invited and not one.banned]", "if one.invited]", "a68:those_who_are_banned_are_not_counted"),
        (
            "for one in core.store.peers() if one.invited and",
            "for one in core.store.peers() if",
            "a68:strangers_that_keep_back_are_not_counted",
        ),
        (
            "    core.numbering.used(core.store.last_seq(core.me))\n",
            "",
            "restored:after_a_restore_no_number_comes_again_when_the_clock_was_set_back_too",
        ),
    ),
    *rows(
        "node/wordroom.py",
        (
            "if self.recollecting.is_held_back(signed):",
            "if False:",
            "sim:nothing_of_its_own_is_taken_before_all_of_it_is_here",
        ),
    ),
]

MENDING = [
    *rows(
        "node/mending.py",
        ("[: AT_ONCE - awaited]", "", "mending:only_so_many_are_awaited_at_a_time"),
        (" if peer not in one.tried", "", "mending:all_are_asked_and_then_none_for_a_while"),
        ("                one.until = Instant(now + REST_MS)\n", "", "mending:all_are_asked_and_then_none_for_a_while"),
        (
            "return one is not None and one.of == peer",
            "return one is not None",
            "mending:a_neighbour_can_give_back_what_was_lost_and_nothing_else",
        ),
    ),
    *rows(
        "node/repairing.py",
        (
            "message = ring.verify(signed, ring, self._core.settings.limits)",
            "said = envelope._payload(signed.payload, None); head = envelope._header(said);"
            " message = envelope.Verified(signed.id, signed.raw, head, said.body, frozenset())",
            "mending:a_neighbour_can_give_back_what_was_lost_and_nothing_else",
        ),
    ),
]

ANSWERING = [
    *rows(
        "node/answering.py",
        ("][:AT_ONCE]", "]", "answering:not_all_are_sent_in_one_turn"),
        (
            "min(one.manner.again_ms << min(one.row.tries, 16), LONGEST_MS)",
            "one.manner.again_ms",
            "answering:it_is_sent_again_ever_more_rarely_until_somebody_says_that_it_came",
        ),
        (
            "if self._core.now() >= one.row.at + one.manner.give_up_ms:",
            "if False:",
            "answering:it_is_given_up_after_a_week",
        ),
        (
            "return open_record(record, self._core.ring).raw if record is not None else None",
            "return record.envelope",
            "answering:what_is_damaged_is_not_sent",
        ),
        (
            "one = self._letters.get((ContentId(id_), over_links(NodeId(event.about))))",
            "one = next((one for name, one in self._letters.items() if name[0] == id_), None)",
            "answering:it_is_sent_again_ever_more_rarely_until_somebody_says_that_it_came",
        ),
        (
            "if reason not in LATER and",
            "if",
            "answering:it_is_sent_again_ever_more_rarely_until_somebody_says_that_it_came",
        ),
        ("if name in held}", "}", "answering:what_the_operator_dropped_is_not_sent"),
        (
            "return kind in MANNERS or kind in ALONE or any(id_ == signed.id for id_, _ in self._letters)",
            "return False",
            "answering:where_no_way_is_known_gossip_does_not_carry_it",
        ),
    ),
    *rows(
        "node/acknowledging.py",
        (
            "if not core.in_overlay or is_silent",
            "if not core.in_overlay",
            "answering:whoever_reports_nothing_says_nothing_over_links_either",
        ),
        (" or is_told else", " else", "answering:whoever_is_told_as_a_source_is_not_told_twice"),
        (
            "if not core.in_overlay or",
            "if",
            "recall:a_node_acknowledges_once_also_across_restarts",
        ),
    ),
]

BANS = [
    *rows(
        "node/core.py",
        ("self.on_party(row.id)", "pass", "net:somebody_who_is_banned_loses_the_link_in_that_very_turn"),
        ("self.on_party(id_)", "pass", "net:somebody_who_is_banned_loses_the_link_in_that_very_turn"),
        ("self.on_party(change.subject)", "pass", "net:somebody_who_is_banned_loses_the_link_in_that_very_turn"),
        ("self.on_party(None)", "pass", "net:somebody_who_is_banned_loses_the_link_in_that_very_turn"),
        (
            "self.acquaintance += isinstance(change, ACQUAINTANCE)",
            "pass",
            "named:it_is_read_again_once_peers_or_sources_changed_and_not_before",
        ),
    ),
    *rows(
        "node/network.py",
        (
            "                self.lost(peer, Reason.UNKNOWN_PEER)\n",
            "",
            "net:somebody_who_is_banned_loses_the_link_in_that_very_turn",
        ),
        (
            "self._core.on_party = self._reconsider",
            "pass",
            "net:an_operators_ban_is_known_to_the_network_once_it_is_kept",
        ),
    ),
    *rows(
        "overlay/routes.py",
        (
            "            if back[-1] == author:\n",
            "            if True:\n",
            "net:a_stranger_that_names_nobody_is_not_answered_nor_one_with_no_way_back",
        ),
    ),
    *rows(
        "node/newsroom.py",
        (
            "            doing.closes.append(Close(NodeId(name), Reason.UNKNOWN_PEER))\n",
            "",
            "net:a_peer_that_several_known_nodes_warn_of_loses_the_link_with_the_last_warning",
        ),
        (
            "if said.id not in self._heard:",
            "if True:",
            "net:a_notice_that_comes_again_is_answered_again_and_shown_and_done_once",
        ),
        (
            "            while len(self.unasked) > MAX_ANSWERED:\n",
            "            while False:\n",
            "net:own_news_that_nobody_was_asked_to_answer_is_bounded",
        ),
        (
            "earned is Rank.STRANGER and notice.mode is Mode.MULTICAST",
            "earned is Rank.STRANGER",
            "net:a_stranger_that_names_nobody_is_not_answered_nor_one_with_no_way_back",
        ),
        ("if len(self._heard) > MAX_HEARD:", "if False:", "net:notices_that_were_heard_are_bounded"),
        (
            "            if not back:\n                return\n",
            "",
            "net:a_stranger_that_names_nobody_is_not_answered_nor_one_with_no_way_back",
        ),
        (
            "plain(name, MAX_NAME), plain(value, MAX_VALUE)",
            "name[:MAX_NAME], value[:MAX_VALUE]",
            "net:what_a_notice_says_is_shown_in_short_and_plain",
        ),
        ("        if left < 0:\n", "        if False:\n", "net:what_a_notice_says_is_shown_in_short_and_plain"),
    ),
]
