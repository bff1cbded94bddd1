"""The guards of shared notes, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by({"a17": "attacks/test_017_shared_notes", "pure": "skills/test_sharing"})

NOTES = [
    *rows(
        "node/sharing.py",
        (
            "        if one.source is By.PEER:\n",
            "        if False:\n",
            "a17:the_operator_takes_one_by_its_own_word_and_sees_where_it_came_from",
        ),
        (
            "        if found := sharing.secrets_of(one):\n",
            "        if found := ():\n",
            "a17:no_secret_is_shared_and_nothing_leaves_by_itself",
        ),
        (
            "        if any(one.author == author for one in said):\n",
            "        if False:\n",
            "a17:a_known_author_says_it_as_often_as_it_likes",
        ),
        (
            "known = [one for one in others if self._knows(one.author)]",
            "known = others",
            "a17:many_keys_of_one_author_bring_no_note_to_an_agent a17:one_who_was_banned_counts_no_more",
        ),
        (
            "if not self.verdict(pattern) and sharing.corroborated",
            "if sharing.corroborated",
            "a17:what_the_operator_dropped_stays_dropped",
        ),
        (
            "            if self._number(name) >= most:\n",
            "            if False:\n",
            "a17:no_author_and_no_crowd_of_strangers_fills_the_list",
        ),
        (
            "        if not self._knows(author):\n",
            "        if False:\n",
            "a17:no_author_and_no_crowd_of_strangers_fills_the_list",
        ),
        ("and row.invited and not row.banned", "and row.invited", "a17:one_who_was_banned_counts_no_more"),
    ),
    *rows(
        "skills/sharing.py",
        (
            "dict.fromkeys(known) if one != first]",
            "dict.fromkeys(known)]",
            "pure:the_first_author_bears_out_nothing_and_nobody_counts_twice",
        ),
        (
            "for one in dict.fromkeys(known)",
            "for one in known",
            "pure:the_first_author_bears_out_nothing_and_nobody_counts_twice",
        ),
        (
            "if all(tag in one.tags for one in bodies) and",
            "if",
            "pure:only_tags_that_all_gave_stay_and_nobody_names_another_as_its_origin"
            " a17:two_that_are_known_bear_out_what_a_third_one_said",
        ),
        (
            " and not tag.startswith(SHARED_FROM)]",
            "]",
            "pure:only_tags_that_all_gave_stay_and_nobody_names_another_as_its_origin",
        ),
    ),
]
