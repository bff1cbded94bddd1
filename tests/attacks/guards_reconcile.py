"""The guards of anti-entropy, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by({"same": "overlay/test_reconcile", "slow": "overlay/test_reconcile_slow", "network": "sim/test_network"})

RECONCILE = rows(
    "overlay/reconcile.py",
    (
        "        if not one.intake.has(cost, now):",
        "        if False:",
        "same:a_neighbour_that_compares_without_end_is_not_answered",
    ),
    (
        "        if self._left(one, now) <= self._params.frames_per_second // 8:",
        "        if False:",
        "same:a_neighbour_that_compares_without_end_is_not_answered",
    ),
    (
        "        if one is None:\n            return doing\n",
        "        one = one or _Neighbour(now, self._params.every_ms)\n        self._neighbours[peer] = one\n",
        "same:strangers_are_not_answered",
    ),
    (
        "        if frame.ids and not low <= min(frame.ids) <= max(frame.ids) <= high:",
        "        if False:",
        "same:ids_below_another_prefix_are_the_neighbours_fault",
    ),
    (
        "(width + 1) ** levels <= left",
        "True",
        "same:who_was_away_for_long_catches_up_and_is_never_taken_for_a_flood",
    ),
    (
        "self._rng.sample(differ, width)",
        "differ[:width]",
        "same:what_is_never_taken_does_not_keep_the_rest_from_being_compared",
    ),
    (
        "return min(WIDEST, 1 << min(",
        "return max(1, 1 << min(",
        "same:what_nobody_brings_is_asked_of_two_neighbours_and_then_of_four",
    ),
    (
        ">= self._asked_of(id_):",
        ">= 99:",
        "same:a_record_is_asked_of_one_neighbour_at_a_time",
    ),
    (
        "(id_ in one.asked or id_ in one.late)",
        "id_ in one.asked",
        "same:who_was_asked_may_bring_it_late",
    ),
    (
        "            del one.late[next(iter(one.late))]\n",
        "            pass\n",
        "same:what_may_come_late_is_remembered_in_bounded_number",
    ),
    (
        "or id_ in one.asked or",
        "or",
        "same:a_neighbour_is_asked_once_for_what_it_names_again_and_again",
    ),
    (
        "self._params.unjudged - self._unwanted.here)",
        "self._params.unjudged)",
        "slow:what_waits_to_be_judged_is_bounded",
    ),
    (
        " or not self._is_busy(one))",
        " or True)",
        "slow:who_takes_ten_times_as_long_to_judge_does_not_compare_ten_times_as_much",
    ),
)

UNWANTED = rows(
    "overlay/unwanted.py",
    (
        "if id_ in self._here and now < self._here[id_] + JUDGING_MS:",
        "if False:",
        "same:what_is_being_judged_is_asked_of_nobody",
    ),
    (
        "            del self._here[next(iter(self._here))]\n",
        "            pass\n",
        "slow:what_is_being_judged_is_forgotten_in_the_end_and_is_bounded",
    ),
    (
        "            del self._all[next(iter(self._all))]\n",
        "            break\n",
        "same:what_is_refused_is_remembered_in_bounded_number",
    ),
    (
        "Instant(now + self._forget_ms), EARLY_TRIES",
        "Instant(now), EARLY_TRIES",
        "same:what_was_refused_is_left_alone",
    ),
)

GUARDS: list[Guard] = [*UNWANTED, *RECONCILE]

WORDS = rows(
    "node/wordroom.py",
    (
        "            if proved is None:\n                reconciler.put_off",
        "            if False:\n                reconciler.put_off",
        "network:a_copy_with_a_bad_signature_does_not_keep_the_record_away",
    ),
)
