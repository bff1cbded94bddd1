"""The guards of the market, and what shows that each of them bites, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "048": "attacks/test_048_over_commit",
        "049": "attacks/test_049_phantom_offers",
        "050": "attacks/test_050_double_settlement",
        "leases": "market/test_leases",
        "clearing": "market/test_clearing",
    }
)

MARKET = [
    *rows(
        "market/leases.py",
        (
            "if held is not None:  # 1",
            "if False:",
            "048:an_ask_under_a_lent_id_is_the_lease_that_was_granted_whatever_it_says_now",
        ),
        (
            "if ask.amount > free:  # 6",
            "if False:",
            "048:what_is_asked_for_at_once_and_again_is_lent_no_more_than_it_is_there",
        ),
        (
            "offer.amount - peak(of_offer, ask.window)",
            "offer.amount",
            "leases:of_an_offer_no_more_is_lent_than_it_says_though_the_node_has_more",
        ),
        (
            "if missed >= self._params.no_shows:  # 3",
            "if False:",
            "049:who_did_not_show_up_three_times_gets_nothing_for_a_day",
        ),
        (
            "if waiting + ask.amount > share:  # 4",
            "if False:",
            "049:one_identity_holds_a_tenth_of_the_capacity_at_most",
        ),
        (
            "State.GRANTED or now >= lease.take_by:",
            "State.GRANTED:",
            "049:a_grant_that_nobody_noted_as_lapsed_cannot_be_taken_either",
        ),
        ("if lease.fence != fence:", "if False:", "048:another_leases_fence_opens_nothing"),
        (
            "State.ACTIVE or not lease.ask.window.begins <= now < lease.ask.window.ends:",
            "State.ACTIVE:",
            "048:a_lease_that_is_over_cannot_act_however_late_a_message_comes",
        ),
        ("if lease.used >= lease.limit:", "if False:", "048:what_is_used_up_cannot_act"),
        (
            "if lease is None or lease.ask.borrower != borrower:",
            "if lease is None:",
            "leases:only_its_borrower_sees_a_lease",
        ),
        ("self._fence = max(self._fence, lease.fence)", "pass", "048:fences_rise_over_restarts"),
        ("if used < 0:", "if False:", "leases:less_than_nothing_is_not_metered_and_nothing_before_it_is_taken"),
    ),
    *rows(
        "market/accounts.py",
        (
            "if type(entry.amount) is not int or not 0 <= entry.amount <= MOST:",
            "if False:",
            "050:what_is_no_amount_is_refused",
        ),
        ("            if held != entry:\n", "            if False:\n", "050:a_lease_is_settled_once_with_one_amount"),
    ),
    *rows(
        "market/policy.py",
        (
            "counts = min(request.urgency, views.heed(request.borrower))",
            "counts = request.urgency",
            "049:urgency_of_strangers_counts_for_nothing_and_costs_them_what_they_claim",
        ),
    ),
]
