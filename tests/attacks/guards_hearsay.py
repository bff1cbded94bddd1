"""The guards of what goes round and of what travels, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_HEARSAY = "tests/node/test_hearsay.py::test_"
_TRAVELLING = "tests/node/test_travelling.py::test_"
_KEEPS_ITS_PLACE = _TRAVELLING + "what_is_addressed_to_one_node_travels_from_nobody"

GUARDS_HEARSAY: list[Guard] = [
    Guard(
        "node/hearsay.py",
        "core.ring.live(now)",
        "core.ring.taking(now)",
        (
            "tests/attacks/test_008_key_theft.py::"
            "test_the_thief_has_no_word_that_goes_round_not_even_under_an_old_number",
        ),
    ),
    Guard(
        "node/hearsay.py",
        "core.admission.check(message, now)",
        "pass",
        (_HEARSAY + "what_is_refused_is_counted_once_and_heard_by_nobody",),
    ),
    Guard(
        "node/hearsay.py",
        "if header.kind not in self._repeated:",
        "if False:",
        (_HEARSAY + "what_is_not_repeated_is_not_remembered",),
    ),
    Guard(
        "node/hearsay.py",
        "if last.seq > header.seq:",
        "if False:",
        (_HEARSAY + "a_new_neighbour_is_told_the_last_word_of_each_author",),
    ),
    Guard(
        "node/hearsay.py",
        "while len(self._fresh) >= MAX_FRESH:",
        "while False:",
        (_HEARSAY + "only_so_many_words_are_remembered",),
    ),
    Guard(
        "node/hearsay.py",
        " if now < one.until",
        "",
        (_HEARSAY + "a_word_is_told_no_longer_than_it_is_fresh",),
    ),
    Guard("node/travelling.py", " and self._is_for_all(change):", ":", (_KEEPS_ITS_PLACE,)),
    Guard("node/travelling.py", "if message.header.recipient == EVERYONE:", "if True:", (_KEEPS_ITS_PLACE,)),
    Guard(
        "node/travelling.py",
        " and (row.author != self._core.me or change.in_feed)",
        "",
        (_TRAVELLING + "what_is_the_nodes_own_travels_once_it_is_published",),
    ),
    Guard(
        "node/travelling.py",
        " and self._may_go(row)",
        "",
        (_TRAVELLING + "a_damaged_record_is_not_given_away_and_is_asked_for_again",),
    ),
    Guard(
        "node/network.py",
        "if not blame.charged:",
        "if True:",
        ("tests/attacks/test_001_ways_in.py::test_no_forged_or_damaged_word_is_heard",),
    ),
]
