"""The guards of the quick way of reading, of batches, and of deciding on many messages together."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "batch": "attacks/test_001_batch_signatures",
        "asking": "node/test_changing_keys",
        "bombs": "attacks/test_012_parser_bombs",
        "delivering": "node/test_delivering",
        "full": "attacks/test_067_crash_and_full_disk",
        "ahead": "node/test_deciding_ahead",
        "gathering": "node/test_gathering",
        "merkle": "identity/test_merkle",
        "pulling": "node/test_pulling",
        "quick": "attacks/test_004_quick_and_slow",
        "store": "store/test_store_contract",
        "trust": "node/test_proof_before_trust",
    }
)

CANONICAL = rows(
    "kernel/canonical.py",
    (
        "Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)] | str",
        "int | str",
        "quick:a_shape_takes_what_is_shallow_and_no_odd_number_at_any_depth",
    ),
    (
        "Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)] | str",
        "Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)] | str | float",
        "quick:a_shape_takes_what_is_shallow_and_no_odd_number_at_any_depth",
    ),
    (
        "if not all(type(key) is str for key in item):",
        "if False:",
        "quick:what_is_written_quickly_is_what_the_definition_writes",
    ),
    (
        "            if not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:\n                return None\n",
        "            continue\n",
        "quick:what_is_written_quickly_is_what_the_definition_writes",
    ),
    (
        "elif kind is not str and kind is not bool and item is not None:",
        "elif False:",
        "quick:what_is_written_quickly_is_what_the_definition_writes",
    ),
    (
        "return None if not written.isascii() and _BEYOND_BMP.search(written) else written",
        "return written",
        "quick:what_is_written_quickly_is_what_the_definition_writes",
    ),
    (
        "if _has_odd_number(written) and _has_odd_number(_outside_strings(written)):",
        "if False:",
        "quick:a_struct_is_written_as_its_plain_form_is",
    ),
    (
        '    if b"null" in written:',
        "    if False:",
        "quick:a_struct_is_written_as_its_plain_form_is",
    ),
    (
        "    if not written.isascii() and _BEYOND_BMP.search(written):\n",
        "    if False:\n",
        "quick:a_struct_is_written_as_its_plain_form_is",
    ),
    (
        "if not typed and _has_odd_number(_outside_strings(data)):  # 1",
        "if False:  # 1",
        "quick:odd_numbers_do_not quick:the_quick_way_takes_nothing_that_the_slow_one_refuses",
    ),
    (
        "if not data.isascii() and _BEYOND_BMP.search(data):  # 2",
        "if False:  # 2",
        "quick:the_quick_way_takes_nothing_that_the_slow_one_refuses",
    ),
    (
        "if _SORTED.encode(value) != data:",
        "if False:",
        "quick:the_quick_way_takes_nothing_that_the_slow_one_refuses",
    ),
    (
        "if inside_too[0] > limits.max_keys or inside_too[1] > limits.max_items or opened > limits.max_depth:",
        "if inside_too[0] > limits.max_keys or inside_too[1] > limits.max_items:",
        "quick:the_cheap_bounds_let_nothing_through_that_the_careful_ones_stop",
    ),
    (
        "if inside_too[0] > limits.max_keys or inside_too[1] > limits.max_items or opened > limits.max_depth:",
        "if inside_too[1] > limits.max_items or opened > limits.max_depth:",
        "quick:the_cheap_bounds_let_nothing_through_that_the_careful_ones_stop",
    ),
    (
        "if inside_too[0] > limits.max_keys or inside_too[1] > limits.max_items or opened > limits.max_depth:",
        "if inside_too[0] > limits.max_keys or opened > limits.max_depth:",
        "quick:the_cheap_bounds_let_nothing_through_that_the_careful_ones_stop",
    ),
)

BATCHES = [
    *rows(
        "identity/dsse.py",
        (
            "if not place.exists:",
            "if False:",
            "batch:a_length_that_does_not_belong_to_the_place_is_named_so",
        ),
        (
            "signatures: Annotated[list[_QuickSignature], msgspec.Meta(max_length=MAX_SIGNATURES)]",
            "signatures: list[_QuickSignature]",
            "bombs:too_many_signatures_are_refused_before_any_is_checked",
        ),
    ),
    *rows(
        "identity/envelope.py",
        (
            "if not key.fits(sig, batch_statement(root, size)):",
            "if False:",
            "batch:a_payload_that_is_no_leaf_is_a_forgery batch:another_ones_batch_signature_does_not_fit"
            " batch:a_malleable_signature_over_a_batch_is_refused",
        ),
        (
            "@lru_cache(maxsize=REMEMBERED_BATCHES)",
            "@lru_cache(maxsize=0)",
            "batch:a_signature_over_a_batch_is_checked_once",
        ),
        (
            "@lru_cache(maxsize=REMEMBERED_BATCHES)",
            "@lru_cache(maxsize=None)",
            "batch:what_is_remembered_is_bounded",
        ),
        (
            "neighbour = merkle.Neighbour(place, message)",
            "neighbour = merkle.Neighbour(merkle.Place(0, 2, place.path), message)",
            "batch:each_message_of_a_batch_is_proved_alone",
        ),
        (
            "if last is not None and last[1] == sig and last[0] == key and last[2].goes_to(place, message):",
            "if last is not None and last[1] == sig and last[0] == key:",
            "batch:what_is_no_leaf_stands_beside_no_proved_message",
        ),
        (
            "if last is not None and last[1] == sig and last[0] == key and last[2].goes_to(place, message):",
            "if last is not None and last[1] == sig and last[2].goes_to(place, message):",
            "batch:who_stands_beside_a_message_of_another_signer_is_not_signed_by_it",
        ),
        (
            "if last is not None and last[1] == sig and last[0] == key and last[2].goes_to(place, message):",
            "if last is not None and last[0] == key and last[2].goes_to(place, message):",
            "batch:who_stands_beside_a_message_of_another_signature_is_not_signed_by_it",
        ),
        (
            'canonical.encode({"root": root.hex(), "size": size})',
            'canonical.encode({"root": root.hex()})',
            "batch:the_text_of_the_format_is_what_is_written",
        ),
    ),
    *rows(
        "identity/merkle.py",
        (
            'return sha256(b"\\0" + message).digest()',
            'return sha256(b"\\1" + message).digest()',
            "merkle:the_known_trees merkle:an_inner_node_is_no_leaf",
        ),
        (
            "if not (MIN_SIZE <= self.size <= MAX_SIZE and 0 <= self.index < self.size):",
            "if not MIN_SIZE <= self.size <= MAX_SIZE:",
            "merkle:a_place_that_no_tree_has_does_not_exist",
        ),
        (
            "if not (MIN_SIZE <= self.size <= MAX_SIZE and 0 <= self.index < self.size):",
            "if not 0 <= self.index < self.size:",
            "merkle:a_place_that_no_tree_has_does_not_exist",
        ),
        (
            "return len(self.path) == HASH_BYTES * path_length(self.index, self.size)",
            "return True",
            "merkle:a_place_that_no_tree_has_does_not_exist",
        ),
        (
            "if meeting != self._above[levels] or (ahead and place.path[-ahead:] != self._place.path[-ahead:]):",
            "if meeting != self._above[levels]:",
            "merkle:a_neighbour_goes_to_whoever_leads_to_its_root_and_nobody_else",
        ),
        (
            "if meeting != self._above[levels] or (ahead and place.path[-ahead:] != self._place.path[-ahead:]):",
            "if ahead and place.path[-ahead:] != self._place.path[-ahead:]:",
            "merkle:a_neighbour_goes_to_whoever_leads_to_its_root_and_nobody_else",
        ),
        (
            "if place.size != self._place.size:",
            "if False:",
            "merkle:a_neighbour_goes_to_whoever_leads_to_its_root_and_nobody_else",
        ),
    ),
]

GATHERING = [
    *rows(
        "node/keeping.py",
        (
            "if self._barrier or message.id in self._ids or (message.author, message.header.seq) in self._places:",
            "if message.id in self._ids or (message.author, message.header.seq) in self._places:",
            "gathering:two_equivocations_in_one_bulk_leave_one_proof",
        ),
        (
            "return one.subject in self._changed\n        if message.header.kind == messages.ACKNOWLEDGEMENT:",
            "return False\n        if message.header.kind == messages.ACKNOWLEDGEMENT:",
            "gathering:what_comes_later_in_a_bulk_sees_what_came_before",
        ),
        (
            "bool(self._changed and _lineage(message))",
            "False",
            "gathering:a_chain_of_skills_in_one_bulk_is_as_deep_as_one_by_one",
        ),
    ),
    *rows(
        "node/gathering.py",
        (
            'one.settle(Fault("this node stopped before the message was decided on"))',
            "one.party.done.cancel()",
            "gathering:nobody_waits_for_ever_when_deciding_breaks",
        ),
    ),
    *rows(
        "node/inbox.py",
        (
            "if not self._hold.take_free(names):",
            "if self._hold.take_free(names) and False:",
            "ahead:who_waits_for_a_turn_gets_it_before_the_next_messages",
        ),
        (
            "if span.clashes(one) or self._keeping.clashes(one):",
            "if span.clashes(one):",
            "ahead:what_must_see_what_is_being_written_waits_for_it",
        ),
        (
            "            self._core.memory.arrive(leaving)\n            self._hold.give(names)\n",
            "            self._core.memory.arrive(leaving)\n",
            "ahead:what_breaks_for_some_is_told_to_them_alone_and_counted_once",
        ),
        (
            "            let_go((one for one, _, _ in span.decided), self._lost)\n",
            "            pass\n",
            "ahead:nobody_is_left_waiting_when_all_tasks_are_cancelled",
        ),
        (
            "if name in authors or is_content_id(name)}",
            "if name}",
            "ahead:who_names_another_turn_as_its_skill_holds_up_nobody",
        ),
        (
            "if error is None or not isinstance(fate, Taken):",
            "if True:",
            "gathering:a_full_disk_takes_nothing_of_a_bulk_and_says_so_for_each",
        ),
    ),
    *rows(
        "node/memory.py",
        (
            "self._coming[change.row.author] += _weight(change)",
            "pass",
            "gathering:the_share_of_the_store_is_counted_within_a_bulk",
        ),
        (
            "self._leaving[author] += size",
            "pass",
            "ahead:the_share_of_the_store_counts_what_is_being_written",
        ),
        (
            "        self._found = None\n        leaving",
            "        leaving",
            "gathering:a_ban_counts_from_the_next_message_on",
        ),
        (
            "            self._leaving[author] -= size\n",
            "            pass\n",
            "ahead:what_was_not_written_counts_no_more",
        ),
        (
            "        self._bytes  # noqa: B018",
            "        # noqa: B018",
            "ahead:what_is_being_written_when_shares_are_first_counted_counts_once",
        ),
        (
            "MAX_SAFE_INTEGER if withheld else self._store.last_seq(author)",
            "self._store.last_seq(author)",
            "ahead:a_withheld_record_that_comes_again_in_a_bulk_is_known",
        ),
        (
            "self._last[author] = change.row.seq",
            "pass",
            "ahead:a_number_that_was_used_meanwhile_is_known",
        ),
    ),
    *rows(
        "adapters/store/writes.py",
        (
            "if records and self._session.run_wide(_PUT_RECORDS, records) != len(records):",
            "if records and self._session.run_wide(_PUT_RECORDS, records) is None:",
            "store:a_batch_among_others_that_is_refused_is_refused_alone",
        ),
        (
            "if row.id in self._named:",
            "if False:",
            "store:a_finding_that_comes_before_its_record_is_not_kept",
        ),
    ),
    *rows(
        "adapters/store/grouping.py",
        (
            "            if len(found) < len(left):\n                return []",
            "            pass",
            "store:a_batch_among_others_that_is_refused_is_refused_alone",
        ),
    ),
    *rows(
        "node/prover.py",
        (
            "if service.is_settled(current.state, current.reason):",
            "if False:",
            "trust:no_proof_undoes_what_the_operator_has_refused",
        ),
        (
            "service.after_proof(current.state, finding, current.reason)",
            "service.after_proof(current.state, finding)",
            "trust:no_proof_undoes_what_the_operator_has_refused",
        ),
    ),
    *rows(
        "node/withdrawing.py",
        (
            "effects.drops.append(id_)",
            "core.index.drop(id_)",
            "ahead:a_tombstone_that_was_not_written_takes_nothing_out_of_the_search",
        ),
    ),
    *rows(
        "node/answers.py",
        (
            "if len(lines) != count:",
            "if False:",
            "delivering:an_answer_that_is_none_for_each_line_is_not_believed",
        ),
    ),
    *rows(
        "node/delivering.py",
        (
            "if bulk and size > MAX_BULK_BYTES:",
            "if False:",
            "delivering:a_bulk_stays_within_what_a_node_takes",
        ),
    ),
]

TAKING = rows(
    "node/taking.py",
    ("if signed.id != item.id:", "if False:", "pulling:a_record_under_another_id_is_named_and_not_kept"),
    (
        "and not self._keys.judges(signed):",
        "and False:",
        "asking:keys_that_a_feed_does_not_bring_are_asked_for_once",
    ),
    ("            raise fate\n", "            pass\n", "full:a_pull_onto_a_full_disk_keeps_its_place"),
)

GUARDS_PATH: list[Guard] = [*CANONICAL, *BATCHES, *GATHERING, *TAKING]
