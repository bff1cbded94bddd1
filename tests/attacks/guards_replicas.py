"""The guards of several processes of one hub on one database."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "as_of": "node/test_as_of",
        "following": "node/test_following",
        "numbers": "node/test_numbering",
        "same": "overlay/test_reconcile",
        "shared": "store/test_shared",
    }
)

REPLICAS = [
    *rows(
        "adapters/store/postgres_commits.py",
        (
            "            if touched.get(key, 0) > batch.since:",
            "            if False:",
            "shared:a_ban_is_not_written_over_by_a_greeting_that_was_read_before_it",
        ),
        (
            "        return [_late(one, touched) for one in group]",
            "        return [_late(group[1], touched)] * len(group)",
            "shared:a_batch_that_was_overtaken_leaves_its_neighbours_alone",
        ),
        (
            'if row["process"] != self._process for key',
            "for key",
            "shared:what_others_touched_is_told_in_order_and_own_commits_are_not",
        ),
        (
            '        if rows[0]["number"] > since + 1:',
            "        if False:",
            "shared:a_process_that_fell_behind_what_is_remembered_says_so",
        ),
        (
            "        if number % _TRIM_EVERY == 0:",
            "        if False:",
            "shared:commits_are_remembered_for_a_while",
        ),
    ),
    *rows(
        "adapters/store/postgres_session.py",
        (
            "_OWN_SHARED if self._shared else _OWN)",
            "_OWN_SHARED)",
            "shared:alone_and_shared_do_not_go_together",
        ),
    ),
    *rows(
        "adapters/store/postgres_schema.py",
        (
            "        if found and found < SCHEMA and shared:",
            "        if False:",
            "shared:older_tables_are_not_migrated_under_the_hands_of_others",
        ),
    ),
    *rows(
        "adapters/store/postgres_replica.py",
        (
            "            if self.leads and not await self._locked(LEAD):",
            "            if False:",
            "shared:a_leader_that_finds_another_one_leading_must_end",
        ),
        (
            "            if await self._locked(PLACE + place):",
            "            if True:",
            "shared:each_process_has_a_place_of_its_own_and_one_leads",
        ),
        (
            "        if self._connection is None or self._connection.is_closed():\n            await self._sit()",
            "        if False:\n            await self._sit()",
            "shared:a_seat_whose_connection_broke_is_taken_again",
        ),
    ),
    *rows(
        "node/touched.py",
        (
            '    yield f"node {row.author}"\n    yield f"keys',
            '    yield f"keys',
            "shared:what_rests_on_something_that_another_touched_is_not_made",
        ),
        (
            '    yield f"keys {row.author}"\n    if',
            "    if",
            "shared:what_rests_on_something_that_another_touched_is_not_made",
        ),
        (
            '        yield f"skill {row.subject}"',
            "        pass",
            "shared:what_rests_on_something_that_another_touched_is_not_made",
        ),
        (
            "        yield _ROOMS[row.kind]\n\n\ndef _written_over",
            "        pass\n\n\ndef _written_over",
            "shared:what_rests_on_something_that_another_touched_is_not_made",
        ),
    ),
    *rows(
        "node/as_of.py",
        (
            "seen if before is None else before))",
            "seen))",
            "as_of:the_first_of_several_turns_counts",
        ),
        (
            "task is not None and task is asyncio.current_task()",
            "task is not None",
            "as_of:a_task_that_was_begun_within_a_turn_decides_for_itself",
        ),
    ),
    *rows(
        "node/turns.py",
        (
            "            with deciding(self.seen()):\n                yield",
            "            yield",
            "as_of:the_first_of_several_turns_counts",
        ),
    ),
    *rows(
        "node/numbering.py",
        (
            "            self._last += (self._place - self._last) % MOST",
            "            pass",
            "numbers:no_two_processes_of_a_node_choose_the_same_number",
        ),
        (
            "self._place is not None or self._last >= FINE",
            "self._place is not None",
            "numbers:who_has_numbered_finely_goes_on_so_when_it_is_alone_again",
        ),
    ),
    *rows(
        "node/following.py",
        (
            "            core.ring.forget(id_)",
            "            pass",
            "following:a_process_that_followed_knows_what_one_knows_that_was_started_now",
        ),
        (
            "            if id_ in fresh:",
            "            if True:",
            "following:a_process_that_followed_knows_what_one_knows_that_was_started_now",
        ),
        (
            "            if row.state is SkillState.REMOVED:",
            "            if False:",
            "following:a_process_that_followed_knows_what_one_knows_that_was_started_now",
        ),
    ),
    *rows(
        "overlay/agreed.py",
        (
            " or self._end - known.told > MOST_NAMED",
            "",
            "same:what_is_remembered_of_neighbours_is_bounded",
        ),
        (
            "        if len(self._peers) > MAX_PEERS:",
            "        if False:",
            "same:what_is_remembered_of_neighbours_is_bounded",
        ),
        (
            "        if len(self._order) > 2 * REMEMBERED:",
            "        if False:",
            "same:what_is_remembered_of_neighbours_is_bounded",
        ),
    ),
]
