"""The guards of search, its file and its spreading over authors, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_KEPT = "tests/index/test_kept.py::"
_FILL = "tests/node/test_filling.py::"
_A17 = "tests/attacks/test_017_memory_poisoning.py::"
_RANK = "tests/skills/test_ranking.py::"
_SCALE = "tests/index/test_at_scale.py::"
_SPARSE = "tests/index/test_sparse.py::"
_TEXTS = "tests/index/test_texts.py::"

GUARDS_SEARCH: list[Guard] = [
    Guard(
        "adapters/index/kept.py",
        "if data[: len(MAGIC)] != MAGIC or hashlib.sha256(content).digest() != whole[len(MAGIC) : len(MAGIC) + 32]:",
        "if data[: len(MAGIC)] != MAGIC:",
        (_KEPT + "test_a_changed_byte_is_noticed",),
    ),
    Guard(
        "adapters/index/kept.py",
        "if head.making != making(self.params) or ",
        "if ",
        (_KEPT + "test_a_file_of_another_making_is_not_taken",),
    ),
    Guard(
        "adapters/index/weights.py",
        "if having.min(initial=0) < 0 or having.max(initial=0) > texts or lengths.min(initial=0) < 0:",
        "if False:",
        (_KEPT + "test_parts_that_do_not_fit_one_another_are_refused",),
    ),
    Guard(
        "adapters/index/texts.py",
        "if int(held.max(initial=0)) >= max(1, words) or int(others.max(initial=0)) >= max(1, features):",
        "if False:",
        (_KEPT + "test_parts_that_do_not_fit_one_another_are_refused",),
    ),
    Guard(
        "adapters/index/kept.py",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644",
        (_KEPT + "test_only_its_owner_may_read_it",),
    ),
    Guard(
        "node/shelf.py",
        "if not sound or id_ not in wanted:",
        "if not sound:",
        (
            _FILL + "test_what_is_missing_is_added_and_what_is_gone_is_dropped",
            _FILL + "test_a_removed_skill_is_not_found_after_a_start",
        ),
    ),
    Guard(
        "node/shelf.py",
        "if not sound or id_ not in wanted:",
        "if id_ not in wanted:",
        (_FILL + "test_texts_that_are_not_the_stores_are_not_believed",),
    ),
    Guard(
        "skills/ranking.py",
        "and (author == me or taken.get(author, 0) < most)",
        "",
        (
            _A17 + "test_no_author_fills_a_page_while_others_have_something_to_say",
            _RANK + "test_no_author_but_this_node_fills_a_page",
        ),
    ),
    Guard(
        "node/finder.py",
        "for size in (POOL, *DEEPER):",
        "for size in (POOL,):",
        (
            _A17 + "test_a_flood_in_quarantine_hides_nothing_that_is_proved",
            _A17 + "test_a_flood_of_proved_skills_hides_no_other_author",
        ),
    ),
    Guard(
        "node/executor.py",
        "if not cases and not self._shelf.corroborated(found.row):",
        "if False:",
        (_A17 + "test_one_root_of_trust_influences_no_action_without_a_second_witness",),
    ),
    Guard(
        "skills/policy.py",
        "if one.prover != author and _decided(one)",
        "if _decided(one)",
        (_A17 + "test_one_root_of_trust_influences_no_action_without_a_second_witness",),
    ),
    Guard(
        "adapters/index/voting.py",
        "((voters, LEAST_SHARE), (_MORE * voters, 0.0), (len(brings), 0.0))",
        "((voters, LEAST_SHARE),)",
        (_SCALE + "test_where_the_strongest_words_find_too_little_the_others_are_asked",),
    ),
    Guard(
        "adapters/index/vocabulary.py",
        "            if self._heard:\n                self._forget()\n",
        "",
        (_SPARSE + "test_a_word_that_was_asked_for_is_near_words_that_came_later",),
    ),
    Guard(
        "adapters/index/vocabulary.py",
        "if room > self._room:",
        "if False:",
        (_SPARSE + "test_what_is_remembered_of_questions_is_bounded",),
    ),
    Guard(
        "adapters/index/texts.py",
        "if ((pairs == NO_PAIR) != last).any() or not _are_surpluses(surpluses):",
        "if False:",
        (_TEXTS + "test_parts_that_make_no_sense_are_refused",),
    ),
]
