"""The guards of offers, requests and what is asked for ahead, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "views": "sim/test_flow_views",
        "ahead": "sim/test_ahead",
        "usage": "market/test_usage",
        "flows": "market/test_flows",
        "quantities": "market/test_quantities",
    }
)

TRADE = [
    *rows(
        "node/orders.py",
        ("if window.ends <= now:", "if False:", "views:a_window_is_still_to_come"),
        ("if window.begins < now - SLACK_MS:", "if False:", "views:a_window_is_still_to_come"),
        ("if window.ends <= window.begins:", "if False:", "views:a_window_is_still_to_come"),
        ("if not 0 <= urgency <= URGENCY:", "if False:", "views:a_request_that_nothing_can_meet_is_not_kept"),
        ("if lasts > LONGEST_MS:", "if False:", "views:a_request_that_nothing_can_meet_is_not_kept"),
        ("if not 1 <= least <= amount:", "if False:", "views:a_request_that_nothing_can_meet_is_not_kept"),
        ("if cost(resource, amount, 2 * price, lasts) >", "if 0 >",
         "views:a_request_that_nothing_can_meet_is_not_kept"),
        (
            "if not found and len(text) >= (DIGITS if is_number else START):",
            "if not found:",
            "views:few_digits_are_a_number_and_never_the_start_of_an_id",
        ),
        (
            "int(self._core.store.mark(NUMBER) or 0)",
            "0",
            "views:no_request_has_the_number_of_one_whose_leases_would_count_for_it",
        ),
    ),
    *rows(
        "node/ahead.py",
        ("if loan.request < AHEAD or lease is None", "if lease is None",
         "views:what_was_not_leased_ahead_is_not_drawn_on"),
        (" - peak(self._past.drawn_of(loan.ask.id), use)", "",
         "ahead:what_is_needed_each_day_is_leased_before_the_hour"),
        ("if short.hour <= now or", "if", "views:only_so_many_requests_are_open_ahead_of_time_at_once"),
        ("short.amount <= before or", "False or", "views:only_so_many_requests_are_open_ahead_of_time_at_once"),
        ("(not before and many >= MAX_OPEN)", "False", "views:only_so_many_requests_are_open_ahead_of_time_at_once"),
        ("if self._market.settings.trading.ahead else NEVER", "if True else NEVER",
         "ahead:without_the_setting_nothing_is_asked_for_ahead"),
    ),
    *rows(
        "market/usage.py",
        ("need = min(largest, math.ceil(units - 1e-9))", "need = math.ceil(units - 1e-9)",
         "usage:what_is_asked_for_ahead_is_bounded_by_what_was_ever_needed"),
        ("taken.setdefault(one.request, []).extend(drawn.get(one.id, ()))",
         "taken.setdefault(one.request, []).append(Part(one.amount, one.window))",
         "usage:what_was_leased_ahead_was_needed_as_far_as_it_was_drawn_on"),
        ("one.used is not None and one.window.ends > since", "one.used is not None",
         "usage:no_more_is_paid_than_was_paid_within_a_week"),
        ("ends - LONGEST * HOUR", "0", "usage:nothing_is_known_before_the_first_and_no_more_than_the_longest"),
    ),
    *rows(
        "market/quantities.py",
        ("if not 1 <= amount <= MOST_UNITS:", "if False:", "quantities:what_is_no_amount_is_named"),
        ("if not 0 <= millionths <= DEAREST:", "if False:", "quantities:what_is_no_price_is_named"),
        ("if not 1 <= lasts <= 366 * DAY:", "if False:", "quantities:what_is_no_length_of_time_is_named"),
        ("if not now <= at < 2**53:", "if False:", "quantities:a_moment_is_a_date_or_a_time_from_now"),
        ("if asked and not found:", "if False:", "quantities:a_price_is_for_a_core_a_gib_or_a_unit"),
        ("if not found or not word:", "if not found:",
         "quantities:a_resource_is_named_by_its_start_and_what_is_none_names_all_eight"),
    ),
]  # fmt: skip
