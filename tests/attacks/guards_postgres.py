"""The guards of rows that are in PostgreSQL, and of taking rows along, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "address": "store/test_address",
        "cli": "cli/test_postgres",
        "contract": "store/test_store_contract",
        "dies": "attacks/test_067_database_that_dies",
        "moving": "store/test_moving",
        "postgres": "store/test_postgres",
    }
)

_CARRIED = "contract:a_finding_is_kept_only_with_a_record_that_carries_it"

DATABASE = [
    *rows(
        "adapters/store/writes.py",
        (" AND records.subject = found.skill", "", _CARRIED),
        ("found.skill AND records.seq >= 0", "found.skill", _CARRIED),
    ),
    *rows(
        "adapters/store/address.py",
        (
            "if parts.password is not None or any(name.lower() in _SECRET for name in asked):",
            "if any(name.lower() in _SECRET for name in asked):",
            "address:an_address_with_a_password_is_refused_and_never_quoted"
            " cli:a_password_is_refused_wherever_it_stands_and_never_shown",
        ),
        (
            " or any(name.lower() in _SECRET for name in asked)",
            "",
            "address:an_address_with_a_password_is_refused_and_never_quoted",
        ),
        (
            'remote and "sslmode" not in asked',
            "False",
            "address:an_address_says_whether_the_other_side_must_prove_its_name",
        ),
    ),
    *rows(
        "adapters/store/postgres_session.py",
        (
            "                self._do(self._connection.execute(_OWN_SHARED if self._shared else _OWN))\n",
            "                pass\n",
            "postgres:a_second_process_may_not_open_it",
        ),
        (
            '_ALONE = f"SELECT pg_advisory_xact_lock({WRITER}, {_SCHEMA}), ',
            '_ALONE = f"SELECT ',
            "postgres:who_writes_waits_for_who_is_writing",
        ),
        (
            ', "synchronous_commit": "on"',
            "",
            "postgres:what_the_database_says_of_commits_does_not_count",
        ),
        (
            '        settings["default_transaction_read_only"] = "on"\n',
            "        pass\n",
            "postgres:a_connection_that_reads_can_not_write",
        ),
        (
            'return bool(found == "committed")',
            "return True",
            "postgres:a_commit_whose_answer_was_lost_is_asked_about",
        ),
        (
            'return _escaped(value) if "\\0" in value or _MARK in value else value',
            "return value",
            "postgres:text_that_postgresql_can_not_hold_comes_back_as_it_went_in",
        ),
    ),
    *rows(
        "adapters/store/postgres_reading.py",
        (
            "if self._down is not None and self._loop.time() < self._down_until:",
            "if False:",
            "postgres:a_server_that_does_not_even_refuse_is_not_waited_for_again_and_again",
        ),
    ),
    *rows(
        "adapters/store/postgres_schema.py",
        ("    if number > SCHEMA:", "    if False:", "postgres:a_database_that_is_newer_is_refused"),
        (
            'if "skill_totals" not in held or ',
            "if not held and ",
            "postgres:a_database_that_is_not_there_or_not_ours_is_refused",
        ),
    ),
    *rows(
        "adapters/store/postgres_words.py",
        (
            'return word if len(word) <= LONGEST else "-" + sha256(word.encode()).hexdigest()',
            "return word",
            "postgres:a_word_that_no_index_takes_is_found",
        ),
    ),
    *rows(
        "adapters/store/postgres_moving.py",
        (
            'if held.lines or owner not in (None, "", node):',
            "if False:",
            "cli:a_database_with_rows_in_it_is_not_moved_into",
        ),
    ),
    *rows(
        "adapters/store/moving.py",
        (
            "if Moved(end.lines, end.sha256) != came.moved():",
            "if False:",
            "moving:a_damaged_file_makes_nothing",
        ),
        (
            '    raise UsageError(f"{source} is cut off after {came.lines} lines: export it again")\n',
            "",
            "moving:a_damaged_file_makes_nothing",
        ),
        (
            "    if made != moved:",
            "    if False:",
            "moving:rows_that_the_new_place_does_not_keep_are_no_copy",
        ),
    ),
    *rows(
        "entrypoints/stores.py",
        ('if owner not in ("", node):', "if False:", "cli:two_nodes_may_not_share_a_database"),
        ("    if was and not url:", "    if False:", "cli:a_node_that_is_up_keeps_its_rows_there"),
        (
            "    if url and (home / STORE).exists():",
            "    if False:",
            "cli:a_move_that_was_interrupted_is_finished_by_doing_it_again",
        ),
    ),
    *rows(
        "entrypoints/moves.py",
        ("if head.node != node:", "if False:", "cli:a_file_of_another_node_is_refused"),
        (
            '            put_meta(session, f"mark {ASK_FIRST}"',
            '            put_meta(session, "mark"',
            "cli:a_file_is_taken_in_whole_and_the_node_asks_first",
        ),
    ),
    *rows(
        "entrypoints/http/server.py",
        (
            "            except Unavailable as error:  # a database",
            "            except NotFound as error:  # a database",
            "cli:a_node_outlives_its_server",
        ),
    ),
]
