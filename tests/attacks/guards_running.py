"""Guards of a running node: who is ended, who may watch, what is told, and what is never shown. See `guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_RUN = "tests/cli/test_running.py::"
_BACK = "tests/adapters/test_background.py::"
_METRICS = "tests/http/test_metrics.py::"
_HTTP = "tests/http/test_events.py::"
_EVENTS = "tests/node/test_events.py::"
_UNIT = "tests/adapters/test_notify.py::"

ENDING = [
    Guard(
        "adapters/background.py",
        "        if not _holds(directory, found.pid):\n            return False\n",
        "",
        (_BACK + "test_a_process_that_a_stale_file_names_is_left_alone",),
    ),
    Guard(
        "adapters/background.py",
        "if known and pid not in known:",
        "if False:",
        (_BACK + "test_a_process_that_a_held_lock_names_falsely_is_left_alone",),
    ),
    Guard(
        "adapters/background.py",
        "if not force:",
        "if False:",
        (_BACK + "test_who_does_not_stop_is_ended_by_force_alone",),
    ),
    Guard(
        "entrypoints/logs.py",
        ' and b"\\\\" not in line and b"\\x7f" not in line:',
        ":",
        (_RUN + "test_what_is_told_together_is_logged_as_one_by_one",),
    ),
    Guard(
        "entrypoints/logs.py",
        ' and b"\\x7f" not in line:',
        ":",
        (_RUN + "test_what_is_told_together_is_logged_as_one_by_one",),
    ),
    Guard(
        "adapters/systemd.py",
        'if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):',
        "if False:",
        (_UNIT + "test_a_unit_of_somebody_else_is_neither_replaced_nor_removed",),
    ),
    Guard(
        "entrypoints/cli/running_commands.py",
        "if elsewhere and (why := taken(config)):",
        "if False:",
        (_RUN + "test_a_restart_where_somebody_else_listens_leaves_the_node_up",),
    ),
    Guard(
        "entrypoints/cli/running_commands.py",
        "if kept and kept.claim.keeper:",
        "if False:",
        (_RUN + "test_a_node_that_systemd_keeps_is_not_taken_out_of_its_hands",),
    ),
    Guard(
        "adapters/systemd.py",
        'if str(os.getpid()) not in (environment.get("SYSTEMD_EXEC_PID"), environment.get("WATCHDOG_PID")):',
        "if False:",
        (_UNIT + "test_a_node_knows_the_unit_that_keeps_it",),
    ),
    Guard(
        "node/delivering.py",
        'return row.state == "pending" and now == ["dropped"]',
        "return False",
        ("tests/cli/test_outbox.py::test_one_that_is_given_up_while_it_is_tried_stays_given_up",),
    ),
]

WATCHING = [
    Guard(
        "entrypoints/http/events.py",
        "return private or (event.kind.public and is_public(node, ContentId(event.ref)))",
        "return private or event.kind.public",
        (_HTTP + "test_what_lies_in_a_nodes_quarantine_is_told_to_nobody",),
    ),
    Guard(
        "entrypoints/http/events.py",
        "return private or (event.kind.public and is_public(node, ContentId(event.ref)))",
        "return True",
        ("tests/http/test_waiting.py::test_the_public_hears_public_facts_only",),
    ),
    Guard(
        "entrypoints/http/access.py",
        'if scheme.lower() != "bearer" or not any(fits):',
        "if False:",
        (
            _HTTP + "test_a_wrong_token_is_refused_and_not_taken_for_none",
            _METRICS + "test_this_machine_and_holders_of_a_token",
        ),
    ),
    Guard(
        "entrypoints/http/access.py",
        "held = [token for token in (app.read_token, app.token) if token]",
        "held = [app.read_token, app.token]",
        (_HTTP + "test_an_empty_token_opens_nothing",),
    ),
    Guard(
        "entrypoints/http/access.py",
        'if not named_local(request) or "origin" in told or any(name in told for name in _PROXIED):',
        "if False:",
        (_METRICS + "test_this_machine_and_holders_of_a_token",),
    ),
    Guard(
        "entrypoints/http/access.py",
        "return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback",
        "return True",
        (_METRICS + "test_this_machine_and_holders_of_a_token",),
    ),
    Guard(
        "entrypoints/http/events.py",
        "if len(node.core.driver.stream.watchers) >= MAX_WATCHERS:",
        "if False:",
        (_HTTP + "test_there_is_a_bound_on_streams",),
    ),
    Guard(
        "node/events.py",
        "if tuple(self.fields) != self.kind.fields and self.fields.keys() != self.kind.names:",
        "if False:",
        (_EVENTS + "test_an_event_carries_exactly_the_fields_of_its_kind",),
    ),
    Guard(
        "node/events.py",
        "if self.missed or len(self._waiting) >= QUEUE:",
        "if False:",
        (_EVENTS + "test_a_slow_watcher_gets_what_fits_then_a_gap_and_the_end",),
    ),
    Guard(
        "node/events.py",
        "text = plain(shown.text, MAX_TEXT)",
        "text = shown.text",
        (_EVENTS + "test_text_of_a_peer_is_made_safe_and_short",),
    ),
    Guard(
        "entrypoints/metrics/text.py",
        "if set(sample.labels) != set(FAMILIES[sample.family].labels):",
        "if False:",
        (_METRICS + "test_labels_that_are_not_the_familys_are_refused",),
    ),
    Guard(
        "entrypoints/metrics/text.py",
        """return text.replace("\\\\", "\\\\\\\\").replace('"', '\\\\"').replace("\\n", "\\\\n")""",
        "return text",
        (_METRICS + "test_a_label_is_read_back_whatever_is_in_it",),
    ),
]

STARTING = [
    Guard(
        "entrypoints/home.py",
        "            home.chmod(0o700)\n",
        "            pass\n",
        (_RUN + "test_what_init_makes_a_data_directory_of_is_closed_to_others",),
    ),
    Guard(
        "entrypoints/home.py",
        " and {one.name for one in home.iterdir()} <= {CONFIG, CONSTITUTION}",
        "",
        (_RUN + "test_a_folder_that_holds_more_is_left_open_and_named_at_init_and_at_the_start",),
    ),
    Guard(
        "entrypoints/cli/running_commands.py",
        "    if told := seen_by_others(directory):\n",
        '    if told := "":\n',
        (_RUN + "test_a_folder_that_holds_more_is_left_open_and_named_at_init_and_at_the_start",),
    ),
]

_BAD = "tests/cli/test_bad_input.py::"

ASKING = [
    Guard(
        "entrypoints/cli/written.py",
        "        if not force:\n",
        "        if False:\n",
        ("tests/cli/test_reflect.py::test_a_file_that_is_there_is_written_over_only_when_that_is_said",),
    ),
    Guard(
        "entrypoints/cli/running_commands.py",
        "    if unused:\n",
        "    if False:\n",
        (_RUN + "test_a_flag_that_comes_too_late_is_told",),
    ),
    Guard(
        "entrypoints/cli/peer_commands.py",
        "        link(invitation, at)  # what is wrong with it is said before anybody is asked\n",
        "",
        (_BAD + "test_what_is_wrong_with_the_input_is_said_before_anybody_is_asked",),
    ),
    Guard(
        "entrypoints/host_names.py",
        "    if not is_host(name):\n",
        "    if False:\n",
        (_BAD + "test_what_can_not_be_a_host_is_refused",),
    ),
    Guard(
        "entrypoints/operations/peers.py",
        "        if may_be_a_start:\n",
        "        if True:\n",
        ("tests/cli/test_lists.py::test_a_ban_takes_the_start_of_an_id_that_is_known_and_any_whole_id",),
    ),
]

RUNNING = [*ENDING, *WATCHING, *STARTING, *ASKING]
