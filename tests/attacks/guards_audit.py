"""The guards of the audit log, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by({"book": "audit/test_book", "every": "audit/test_every_order"})

AUDIT = [
    *rows(
        "entrypoints/audit/chain.py",
        (
            "    if one.hash != one.computed():\n",
            "    if False:\n",
            "book:a_line_that_is_changed_taken_out_doubled_or_moved_is_named",
        ),
        (
            "    if found.entries and one.number != found.last + 1:\n",
            "    if False:\n",
            "book:a_file_that_was_taken_out_of_the_middle_shows",
        ),
        (
            "    if (found.entries or one.number == 1) and one.before != found.head:\n",
            "    if False:\n",
            "book:a_line_that_was_sealed_anew_does_not_fit_the_next_one",
        ),
        (
            "    if len(line) > MAX_LINE:\n",
            "    if False:\n",
            "book:a_line_longer_than_any_is_none",
        ),
        (
            "off = found.entries and (one.head, one.number) != (found.head, found.last)",
            "off = False",
            "book:an_export_is_verified_alone_and_shows_where_it_was_cut",
        ),
        ("    if found.ended:\n", "    if False:\n", "book:an_export_is_verified_alone_and_shows_where_it_was_cut"),
        (
            "return not self.wrong and self.noted is not False",
            "return not self.wrong",
            "book:a_head_that_was_noted_shows_a_cut_and_a_log_that_was_written_anew",
        ),
    ),
    *rows(
        "entrypoints/audit/book.py",
        (
            "            if not isinstance(last, Entry) or last.hash != last.computed():\n",
            "            if not isinstance(last, Entry):\n",
            "book:nothing_follows_from_a_last_line_that_does_not_hold",
        ),
        (
            "                    if os.write(descriptor, line) != len(line):\n",
            "                    if os.write(descriptor, line) == 0:\n",
            "book:what_can_not_be_written_is_not_ordered",
        ),
        ("os.O_NOFOLLOW | ", "", "book:the_log_is_no_link_to_elsewhere"),
        (
            "                    old.unlink()\n",
            "                    pass\n",
            "book:no_more_files_are_kept_than_the_bound_and_what_is_left_holds",
        ),
        (
            "        if len(entry.line()) > MAX_LINE:\n",
            "        if False:\n",
            "book:an_order_with_too_many_words_stands_there_without_them",
        ),
    ),
    *rows(
        "entrypoints/audit/told.py",
        ("return LEFT_OUT if secrets_in(text) else", "return", "book:no_secret_is_written_down"),
        ('    if "://" in text:\n', "    if False:\n", "book:no_secret_is_written_down"),
    ),
    *rows(
        "entrypoints/operations/registry.py",
        (
            "    if name in ORDERS and app.audit is not None:\n",
            "    if False:\n",
            "every:an_operation_is_written_down_with_its_outcome_or_looks_only"
            " every:what_can_not_be_written_down_is_not_done",
        ),
    ),
]
