"""The guards of the store and of what goes around it, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a23": "attacks/test_023_floods",
        "a67": "attacks/test_067_crash_and_full_disk",
        "a68": "attacks/test_068_restored_backup",
        "backup": "store/test_backup",
        "check": "store/test_checking",
        "cli": "cli/test_store_commands",
        "contract": "store/test_store_contract",
        "keys": "cli/test_keys",
        "order": "admission/test_order_of_checks",
        "storm": "e2e/test_kill_storm",
        "sweep": "store/disk/test_sweep",
        "wal": "store/test_wal",
        "why": "node/test_telling_why",
    }
)

_LOST = "wal:a_log_that_lost_acknowledged_writes_stops_the_start_and_is_kept"
_AWAY = "wal:a_file_that_is_taken_away_under_the_running_node_stops_its_writing"

STORE = [
    *rows(
        "adapters/store/connections.py",
        ("    lost = lost_from_log(path)\n        if lost:", "    lost = None\n        if lost:", _LOST),
        (
            '"PRAGMA synchronous = FULL"',
            '"PRAGMA synchronous = OFF"',
            "sweep:a_power_loss_at_any_step_loses_nothing_that_was_acknowledged",
        ),
        ("if logged else None\n", "if False else None\n", _LOST),
    ),
    *rows(
        "adapters/store/wal.py",
        (" if in_use else None", " if False else None", _LOST),
        ("committed[1] > log.frames", "False", _LOST),
        ("if log.behind > 1:", "if False:", _LOST),
        ("committed[0] == log.salts and ", "", "wal:an_index_of_another_generation_or_torn_says_nothing"),
        ("or first != second", "", "wal:an_index_of_another_generation_or_torn_says_nothing"),
    ),
    *rows(
        "adapters/store/writer.py",
        (
            "self._marked = self._marked or self._fold_mark()",
            "pass",
            "wal:the_mark_of_being_in_use_is_in_the_database_before_the_first_acknowledgement",
        ),
    ),
    *rows(
        "adapters/store/grouping.py",
        (
            """            outcomes = iter(self._commit([batch for waiting in group for batch in waiting.batches]))
            for waiting in group:
                waiting.tell(list(islice(outcomes, len(waiting.batches))))
""",
            """            early = [waiting for waiting in group if self.batches > 40]  # once it is up
            for waiting in early:
                waiting.tell([None] * len(waiting.batches))
            threading.Event().wait(0.02 if early else 0)  # a slow disk
            outcomes = iter(self._commit([batch for waiting in group for batch in waiting.batches]))
            for waiting in group:
                waiting.tell(list(islice(outcomes, len(waiting.batches))))
""",
            "storm:a_hub_that_is_killed_over_and_over_keeps_what_it_acknowledged",
        ),
        (
            "            Batch(self._transactions, self._journal_bound, many=True).make(changes)\n",
            """            for change in changes:
                Batch(self._transactions, self._journal_bound).make([change])
                self._transactions.commit()
                self._transactions.begin()
""",
            "storm:a_hub_that_is_killed_over_and_over_keeps_what_it_acknowledged",
        ),
    ),
    *rows(
        "adapters/store/sqlite.py",
        ("            check_files()\n            found", "            found", _AWAY),
        ("            self._check_files()\n", "", _AWAY),
        ("        restoring.finish(path)\n", "", "backup:the_log_of_the_old_store_never_meets_the_new_one"),
    ),
    *rows(
        "adapters/store/restoring.py",
        (
            'for suffix in ("-wal", "-shm", ""):  #',
            'for suffix in ("",):  #',
            "backup:the_log_of_the_old_store_never_meets_the_new_one"
            " backup:a_restore_keeps_what_was_there_and_marks_the_store",
        ),
    ),
    *rows(
        "adapters/store/copying.py",
        (
            '            set_mark(target, ASK_FIRST, "a copy: this node may have said more since")\n',
            "",
            "backup:a_restore_keeps_what_was_there_and_marks_the_store",
        ),
        ("os.O_EXCL | ", "", "backup:a_copy_is_never_written_over_a_file"),
    ),
]

BACKUP = rows(
    "adapters/backup.py",
    ("if target.exists() or target.is_symlink():", "if False:", "backup:nothing_is_overwritten"),
    ("    if wrong:\n", "    if False:\n", "backup:a_bad_backup_changes_nothing"),
    ("if manifest.schema > SCHEMA:", "if False:", "backup:a_bad_backup_changes_nothing"),
    ("if node is not None and node != manifest.node:", "if False:", "backup:another_nodes_backup_is_refused"),
)

NODE = [
    *rows(
        "node/core.py",
        (
            "if self.asks_first and KINDS",
            "if False and KINDS",
            "a68:a_restored_node_signs_nothing_before_its_sources_were_asked",
        ),
    ),
    *rows(
        "node/recovery.py",
        (
            "if any(one.url not in self._asked for one in self._core.store.subscriptions()):",
            "if False:",
            "a68:every_source_must_answer_or_the_operator_goes_on_without",
        ),
    ),
    *rows(
        "node/rooms.py",
        (
            "if admitted.message.author == self._core.me:  #",
            "if False:  #",
            "a68:after_a_restore_the_feed_goes_on_where_its_subscribers_have_seen_it",
        ),
    ),
    *rows(
        "node/inbox.py",
        (
            "if error is None or not isinstance(fate, Taken):",
            "if error is None:",
            "a67:a_refusal_is_still_that_refusal_when_the_disk_can_not_take_its_note",
        ),
    ),
    *rows(
        "node/repairing.py",
        ("if signed.id != id_:", "if False:", "check:a_source_can_give_back_nothing_but_what_was_lost"),
    ),
    *rows(
        "node/vault.py",
        (
            "if content_id(data) != digest:",
            "if False:",
            "check:a_file_of_a_bundle_that_does_not_fit_its_digest_is_not_served",
        ),
    ),
]

_CARRIED = "contract:a_finding_is_kept_only_with_a_record_that_carries_it"
_DAMAGE = "check:each_kind_of_damage_is_named_with_what_to_do"

FINDINGS = [
    *rows(
        "adapters/store/writes.py",
        (
            "        self._write_waiting()\n        for statement",
            "        for statement",
            "contract:what_is_withheld_in_the_commit_that_keeps_it_is_withheld",
        ),
        (" AND records.subject = found.column2", "", _CARRIED),
        ("found.column2 AND records.seq >= 0", "found.column2", _CARRIED),
        (
            "for statement in (_WITHHOLD, _DROP_EVIDENCE, _DROP_TOMBSTONE):",
            "for statement in (_WITHHOLD, _DROP_TOMBSTONE):",
            "contract:what_a_withheld_record_carried_goes_with_it",
        ),
    ),
    *rows(
        "adapters/store/checking.py",
        ('elif self._kinds[id_][1:] != (row.skill, fetched["number"]):', "elif False:", _DAMAGE),
    ),
    *rows(
        "node/finder.py",
        ("for one in found if is_whole(one.row)]", "for one in found]", "check:a_damaged_skill_is_named_and_not_found"),
    ),
    *rows(
        "node/why.py",
        (
            "since = 0 if record is None else record.received",
            "since = 0",
            "why:a_record_tells_how_it_came_for_as_long_as_it_is_kept",
        ),
        (
            'if record is None:\n        return Line(box.value, "not reached", "nothing is noted")',
            'if record is None:\n        return Line(box.value, "passed", "")',
            "why:of_what_was_not_kept_no_box_says_that_it_passed",
        ),
        (
            "one is last.get(one.box) and",
            "",
            "why:a_record_tells_how_it_came_for_as_long_as_it_is_kept",
        ),
    ),
]

SHARE = rows(
    "admission/service.py",
    (
        "if held + size > allowed:  # 12",
        "if False:",
        "a23:an_author_has_one_hundredth_of_the_store_and_in_any_case_the_floor"
        " a23:a_pulled_feed_is_no_way_around_the_share_but_a_file_is_the_operators_word",
    ),
    (
        "via in _FROM_OTHERS",
        "via is Via.HTTP",
        "a23:a_pulled_feed_is_no_way_around_the_share_but_a_file_is_the_operators_word",
    ),
)

KEYS = [
    *rows(
        "adapters/backup.py",
        (
            "(SECRET if with_key else ())",
            "SECRET",
            "backup:a_backup_is_whole_for_its_owner_only_and_has_the_key_only_when_asked",
        ),
        (
            "(SECRET if node is None else ())",
            "SECRET",
            "backup:a_restore_beside_a_key_brings_the_metadata_back_and_no_key",
        ),
        (
            "OPEN, SECRET = (CONFIG, CONSTITUTION, ROOTS)",
            "OPEN, SECRET = (CONFIG,)",
            "backup:a_backup_is_whole_for_its_owner_only_and_has_the_key_only_when_asked"
            " cli:a_node_starts_from_its_backup_alone_on_an_empty_machine",
        ),
    ),
    *rows(
        "entrypoints/recovery.py",
        ("HttpCaller(guard)", "HttpCaller()", "keys:recovering_connects_only_to_where_the_operator_lets_this_node"),
        ("Guard(load(home).outbound)", "Guard()", "keys:recovering_connects_only_to_where_the_operator_lets_this_node"),
    ),
    *rows(
        "entrypoints/cli/running_commands.py",
        (
            'if waiting := waits(value["restored"]):',
            "if False:",
            "cli:a_store_that_was_taken_away_is_made_anew_and_the_node_asks_first",
        ),
    ),
]

GUARDS_STORAGE: list[Guard] = [*KEYS, *STORE, *BACKUP, *FINDINGS, *NODE, *SHARE]
