"""The guards of leases between nodes, and what shows that each of them bites, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "049": "attacks/test_049_holding_on",
        "050": "attacks/test_050_words_on_leases",
        "copies": "node/test_copies",
        "faults": "node/test_market_faults",
        "weighing": "node/test_weighing",
    }
)

LEASES = [
    *rows(
        "market/leases.py",
        (
            "kept += min(hold, max(0, one.ended - one.take_by + hold))",
            "kept += 0",
            "049:giving_back_just_before_it_lapses_is_not_showing_up",
        ),
        ("(State.LAPSED, State.BROKEN):", "(State.LAPSED,):", "049:who_contests_every_lease_gets_no_more_that_day"),
        (
            "if len(its) >= MOST_OPEN:",
            "if False:",
            "049:one_borrower_has_so_many_leases_open_however_small_they_are",
        ),
        (
            "if len(self._open) >= (MOST_IN_ALL if known else MOST_IN_ALL // 2):",
            "if False:",
            "049:strangers_fill_half_of_a_book_and_leave_the_rest_to_those_who_are_known",
        ),
        (
            "if one.ask.borrower == ask.borrower) + ask.amount > MAX_COPIES:",
            "if False):",
            "049:so_many_copies_are_on_their_way_to_one_borrower_and_to_all",
        ),
        (
            "if sum(one.ask.amount for one in coming) + ask.amount > most:",
            "if False:",
            "049:so_many_copies_are_on_their_way_to_one_borrower_and_to_all",
        ),
        (
            "ask.amount > min(offer.amount, MAX_COPIES)",
            "ask.amount > MAX_COPIES",
            "049:no_more_copies_are_granted_than_are_on_offer",
        ),
        (
            "if not lease.ask.leased and lease.state is State.ACTIVE:",
            "if False:",
            "049:copies_that_are_on_their_way_are_not_given_back_and_had_for_nothing",
        ),
        ("(now >= lease.take_by or ahead)", "now >= lease.take_by", "049:a_clock_that_is_set_back_keeps_no_grant"),
    ),
    *rows(
        "node/borrowing.py",
        (
            "if lease.state not in _FOLLOWS.get(before.state if before is not None else None, ()):",
            "if False:",
            "050:a_lease_that_is_metered_twice_is_paid_once",
        ),
        (
            "if lease.used > lease.limit or len(lease.records) > (0 if lease.ask.leased else lease.ask.amount):",
            "if False:",
            "050:more_copies_than_were_asked_for_are_not_paid",
        ),
        (
            "if needs is not None and needs not in loan.acts:",
            "if False:",
            "050:nothing_is_paid_for_what_was_not_granted_and_taken",
        ),
        (
            "same = lease.fence == before.fence and ",
            "same = ",
            "050:what_does_not_follow_from_an_active_lease_changes_nothing",
        ),
        (
            " or (before.state is State.METERED and lease.cost != before.cost):",
            ":",
            "050:settled_at_another_cost_than_was_agreed_to_is_refused",
        ),
        (
            " or (loan.lease is not None and loan.is_over):",
            ":",
            "050:a_settled_lease_does_not_come_back_also_after_a_restart",
        ),
        (
            "if lease.state is State.BROKEN and Act.AGREE in loan.acts and loan.lease is not None:",
            "if False:",
            "050:who_says_that_it_is_broken_after_it_was_agreed_to_is_owed_nothing",
        ),
        (
            "            if not loan.lease.cost:\n                return",
            "            if False:\n                return",
            "050:what_costs_nothing_makes_nobody_known",
        ),
        (
            "within = core.settings.admission.window_ms if kind == ASK else 0",
            "within = 0",
            "faults:an_ask_that_was_held_back_on_the_way_is_not_granted_any_more",
        ),
        (
            "(granted and not loan.given_up and passed >= PATIENCE * answer):",
            "False:",
            "faults:a_grant_that_is_never_made_good_is_given_up_and_its_lender_asked_no_more",
        ),
        (
            "(self.lease.state is State.LAPSED and Act.TAKE in self.acts)",
            "False",
            "faults:a_lender_that_lets_what_was_taken_lapse_is_asked_no_more",
        ),
    ),
    *rows(
        "node/lending.py",
        (
            "(after.state is State.SETTLED and after.cost):",
            "(after.state is State.SETTLED):",
            "050:what_costs_nothing_makes_nobody_known",
        ),
        (
            "for row in waiting(self._core, lease.records, lease.ask.borrower):",
            "for row in ():",
            "copies:copies_that_nobody_says_have_come_are_sent_no_more_once_the_lease_is_over",
        ),
    ),
    *rows(
        "node/copies.py",
        (
            "    if not _passed_on(core, skill):\n",
            "    if False:\n",
            "copies:what_was_never_passed_on_is_given_to_nobody",
        ),
        (
            "if row is not None and _may_go(core, row) and",
            "if row is not None and",
            "copies:what_was_never_passed_on_is_given_to_nobody",
        ),
    ),
    *rows(
        "node/answering.py",
        (
            " or any(id_ == signed.id for id_, _ in self._letters)",
            "",
            "copies:a_copy_is_not_told_to_everybody_where_no_way_is_known",
        ),
        (
            " and reason is not Reason.RESTORED:",
            ":",
            "copies:a_letter_to_a_node_that_was_restored_waits_until_it_may_answer",
        ),
    ),
    *rows(
        "node/market.py",
        (
            "held[loan.lender] = now, min(REFUSED_MS << min(again, 16), LONGEST_MS)",
            "pass",
            "faults:a_lender_that_always_refuses_is_asked_ever_more_rarely",
        ),
    ),
    *rows(
        "node/stall.py",
        (
            "            as_offer(self._core.me, parse(msgspec.to_builtins(one), Offered))",
            "            pass",
            "faults:an_offer_that_makes_no_sense_is_refused_before_it_is_kept",
        ),
        (
            "            as_request(self._core.me, parse(msgspec.to_builtins(one), Requested))",
            "            pass",
            "faults:a_request_that_makes_no_sense_is_refused_before_it_is_kept",
        ),
    ),
    *rows(
        "node/weighing.py",
        (
            "if len(offers) <= MOST:",
            "if True:",
            "weighing:so_many_offers_are_weighed_those_of_known_lenders_first",
        ),
        (
            "if len(requests) > room:",
            "if False:",
            "weighing:so_many_requests_are_weighed_and_the_own_ones_among_them",
        ),
        (
            "if len(problem.worths) <= MOST_EXACT else",
            "if True else",
            "weighing:the_optimum_of_a_large_problem_is_not_looked_for",
        ),
    ),
]
