"""The guards that attacks 12 to 24 and 66 rest on beside those of the other lists, in the form of `guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a12": "attacks/test_012_limits",
        "a23": "attacks/test_023_floods",
        "a24": "attacks/test_024_every_way_out",
        "a66": "attacks/test_066_every_route",
    }
)

PARSING: list[Guard] = [
    *rows(
        "kernel/canonical.py",
        (
            "same = _written(value, data) == data and encode(value) == data  # 5",
            "same = encode(value) == data  # 5",
            "a12:a_refusal_takes_five_milliseconds_of_cpu_at_most a12:a_refusal_at_the_inbox_is_as_cheap",
        ),
    ),
    *rows(
        "kernel/wire.py",
        (
            "    check_bounds(data, limits)\n",
            "",
            "a12:what_another_node_answers_has_bounds a12:a_source_answers_with_a_bomb"
            " a12:a_line_of_reflections_and_a_provenance_have_bounds",
        ),
    ),
    *rows(
        "entrypoints/http/admin.py",
        ("    check_bounds(body, ARGUMENTS)\n", "", "a12:arguments_with_a_token_have_bounds"),
    ),
    *rows(
        "entrypoints/http/mcp_door.py",
        (
            "    check_bounds(body, ARGUMENTS)\n",
            "",
            "a12:what_an_agent_asks_for_has_bounds",
        ),
    ),
    *rows(
        "entrypoints/http/heads.py",
        (
            "if self._fruitless > MAX_HEAD_BYTES and not self.transport.is_closing():",
            "if False:",
            "a12:a_head_without_end_ends_the_connection",
        ),
        (
            "    def on_body(self, body: bytes) -> None:\n",
            "    def _on_body(self, body: bytes) -> None:\n",
            "a12:a_long_body_in_small_pieces_is_no_long_head",
        ),
    ),
    *rows(
        "adapters/files.py",
        (
            "while line := file.readline(LIMITS.max_bytes + 1):",
            "while line := file.readline():",
            "a12:a_line_without_end_is_read_in_pieces",
        ),
    ),
    *rows(
        "skills/importing/traces.py",
        ("LIMITS = Limits()", "LIMITS = Limits(max_depth=900, max_keys=9_000, max_items=90_000)",
         "a12:a_line_of_traces_has_bounds"),
        (
            "if len(digits) > 17 or abs(int(digits)) > MAX_SAFE_INTEGER + 1:",
            "if len(digits) > 20:",
            "a12:a_number_in_a_trace_is_one_that_every_reader_agrees_on",
        ),
    ),
    *rows(
        "entrypoints/config.py",
        ("if len(data) > MAX_FILE:", "if False:", "a12:settings_have_bounds"),
    ),
]  # fmt: skip

DOORS: list[Guard] = [
    *rows(
        "entrypoints/http/admin.py",
        ("    _admit(request, app.token)\n", "", "a66:the_operators_door_takes_the_operators_token_alone"),
        (
            'if not named_local(request) or "origin" in request.headers:',
            "if False:",
            "a66:the_operators_door_takes_the_operators_token_alone",
        ),
    ),
    *rows(
        "entrypoints/http/federation.py",
        (
            "if len(data) != named[digest] or content_id(data) != digest:",
            "if False:",
            "a66:without_what_it_takes_a_route_changes_nothing",
        ),
    ),
    *rows(
        "entrypoints/http/metrics.py",
        (
            'if not may_read(request) and not (app.config.metrics == "loopback" and is_loopback(request)):',
            "if False:",
            "a66:numbers_are_for_this_machine_and_for_holders_of_a_token",
        ),
    ),
    *rows(
        "entrypoints/mcp/hands.py",
        (
            "        self.check(operation, arguments)\n",
            "",
            "a66:a_tool_itself_refuses_a_session_without_its_scope a66:an_operation_is_begun_with_its_scope_only",
        ),
    ),
]

SHOWING: list[Guard] = [
    *rows(
        "entrypoints/http/bodies.py",
        (
            "ensure_ascii=True, allow_nan",
            "ensure_ascii=False, allow_nan",
            "a24:every_route_answers_with_text a24:what_is_sent_is_quoted_as_text a24:events_are_text",
        ),
    ),
    *rows(
        "entrypoints/http/door.py",
        ("        default_response_class=AsciiJson,\n", "", "a24:every_route_answers_with_text"),
    ),
    *rows(
        "entrypoints/cli/show.py",
        ('f"  | {line}" for line', 'f"{line}" for line', "a24:every_command_shows_text"),
    ),
    *rows(
        "node/driver.py",
        ("plain(detail, 500)", "detail[:500]", "a24:the_journal_and_every_story_are_text"),
    ),
    *rows(
        "skills/exporting/skill_md.py",
        ('[f"# {_line(skill.intent)}", ""]', '[f"# {skill.intent}", ""]', "a24:every_agent_skill_is_text"),
    ),
]

FLOODS: list[Guard] = [
    *rows(
        "node/core.py",
        (
            ", settings.admission, bytes_asked)",
            ", settings.admission)",
            "a23:files_count_as_soon_as_a_skill_names_them_and_after_a_restart",
        ),
    ),
    *rows(
        "node/memory.py",
        ("isinstance(size, int) and size > 0", "size", "a23:sizes_that_are_none_take_nothing_from_anybody"),
        (
            "return bytes_of_files(change.row.body) if change.row.origin is Origin.PEER else 0",
            "return 0",
            "a23:files_count_as_soon_as_a_skill_names_them_and_after_a_restart",
        ),
    ),
    *rows(
        "adapters/store/reads.py",
        (
            'found[NodeId(row["author"])] += bytes_of_files(bytes(row["body"]))',
            "pass",
            "a23:files_count_as_soon_as_a_skill_names_them_and_after_a_restart",
        ),
    ),
    *rows(
        "entrypoints/http/federation.py",
        (
            "node_of(request).views.instances(after, limit)",
            "node_of(request).views.instances(after)",
            "a23:nodes_and_what_is_gone_come_in_pages_as_well",
        ),
        (
            "page = store.tombstones(after, limit)",
            "page = store.tombstones(after)",
            "a23:nodes_and_what_is_gone_come_in_pages_as_well",
        ),
    ),
]
