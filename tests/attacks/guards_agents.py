"""The guards of agents' doors, of folders and of archives, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "a14": "attacks/test_014_folders_and_archives",
        "a16": "attacks/test_016_prompt_injection",
        "a63": "attacks/test_063_agents_door",
        "a66": "attacks/test_066_agents_door",
        "export": "skills/test_exporting",
        "skills": "mcp/test_agent_skills",
        "notes": "node/test_reflecting",
        "tools": "mcp/test_tools",
    }
)

GUARDS_AGENTS: list[Guard] = [
    *rows(
        "entrypoints/mcp/scopes.py",
        (
            'if operation == "quarantine.settle" and arguments.get("approve") is not False:',
            "if False:",
            "tools:approving_takes_more_than_reviewing",
        ),
        (
            'if operation == "find" and arguments.get("states", ["admitted"]) != ["admitted"]:',
            "if False:",
            "tools:quarantine_is_seen_and_settled_with_the_scopes_for_it_only",
        ),
        (
            "AGENT = frozenset({Scope.READ, Scope.RECORD, Scope.PROVE})",
            "AGENT = frozenset(Scope)",
            "a16:a_model_that_obeys_everything_does_nothing_that_its_session_may_not"
            " tools:a_session_has_the_tools_of_its_scopes_and_no_other",
        ),
    ),
    *rows(
        "node/prover.py",
        (
            "        if finding.outcome is Outcome.FAIL:\n            effects.changes += overtaken",
            "        if False:\n            effects.changes += overtaken",
            "notes:what_this_node_refuted_is_recalled_as_a_failure",
        ),
    ),
    *rows(
        "node/reflecting.py",
        (
            "sound = [as_found(self._core, one) for one in reflections]",
            "sound = [*reflections]",
            "notes:what_this_node_refuted_is_recalled_as_a_failure",
        ),
    ),
    *rows(
        "node/disproof.py",
        (
            "return _held(core, one) or refuted",
            "return refuted",
            "notes:what_this_node_refuted_is_recalled_as_a_failure",
        ),
    ),
    *rows(
        "entrypoints/mcp/hands.py",
        (
            "if scope is None or scope not in self.scopes:",
            "if False:",
            "tools:an_operation_refuses_a_session_without_its_scope",
        ),
        (
            'if view["state"] != "admitted":',
            "if False:",
            "tools:quarantine_is_seen_and_settled_with_the_scopes_for_it_only",
        ),
        (
            "            if not unproved:\n",
            "            if False:\n",
            "tools:quarantine_is_seen_and_settled_with_the_scopes_for_it_only",
        ),
    ),
    *rows(
        "entrypoints/mcp/tools/__init__.py",
        (
            "if tool.scope in hands.scopes]",
            "if tool.scope]",
            "tools:a_session_has_the_tools_of_its_scopes_and_no_other",
        ),
    ),
    *rows(
        "entrypoints/mcp/tools/proving.py",
        (
            'if shown["reason"] == Reason.OPERATOR.code and Scope.ADMIN not in hands.scopes:',
            "if False:",
            "tools:quarantine_is_seen_and_settled_with_the_scopes_for_it_only",
        ),
        (
            'if shown["origin"] != "own" and shown["state"] != "admitted" and Scope.REVIEW not in hands.scopes:',
            "if False:",
            "tools:quarantine_is_seen_and_settled_with_the_scopes_for_it_only",
        ),
    ),
    *rows(
        "entrypoints/mcp/foreign.py",
        (
            'text = plain_text(result["text"])',
            'text = result["text"]',
            "a16:texts_of_others_stand_in_one_field_and_move_no_terminal",
        ),
        (
            '"intent": plain(view["intent"]),',
            '"intent": view["intent"],',
            "a16:texts_of_others_stand_in_one_field_and_move_no_terminal",
        ),
    ),
    *rows(
        "entrypoints/mcp/tools/reflecting.py",
        (
            'description=plain(one["description"]),',
            'description=one["description"],',
            "a16:texts_of_others_stand_in_one_field_and_move_no_terminal",
        ),
        (
            'signature=plain(one["signature"]),',
            'signature=one["signature"],',
            "a16:texts_of_others_stand_in_one_field_and_move_no_terminal",
        ),
        (
            '"source": str(By.AGENT)}',
            '"source": str(By.PERSON)}',
            "tools:what_an_agent_notes_is_recalled_listed_and_summed_up_as_data",
        ),
        (
            'if re.fullmatch(r"[0-9a-f]{64}", one["trace_id"]) else ""',
            "",
            "a16:texts_of_others_stand_in_one_field_and_move_no_terminal",
        ),
    ),
    *rows(
        "entrypoints/operations/federation.py",
        (
            "if row.source != BY_AGENT]",
            "if row.source]",
            "a16:even_proved_what_an_agent_recorded_is_published_by_name_only"
            " tools:what_an_agent_records_is_its_own_unproved_and_stays_here",
        ),
    ),
    *rows(
        "entrypoints/http/mcp_door.py",
        (
            "if not hosts and not _from_here(request):  # 1",
            "if False:  # 1",
            "a63:from_another_machine_it_is_shut_whatever_the_token",
        ),
        (
            "if _name_of(host) not in _LOCAL | {name.lower() for name in hosts}:  # 2",
            "if False:  # 2",
            "a63:nothing_else_is_let_in_and_nothing_changes",
        ),
        (
            'if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):  # 3',
            "if False:  # 3",
            "a63:nothing_else_is_let_in_and_nothing_changes",
        ),
        (
            "if hmac.compare_digest(given.encode(), token.encode())",
            "if given[:1] == token[:1]",
            "a63:nothing_else_is_let_in_and_nothing_changes",
        ),
        (
            '        if request.method == "POST" and _media_type(request) != "application/json":  # 5',
            "        if False:  # 5",
            "a63:nothing_else_is_let_in_and_nothing_changes",
        ),
    ),
    *rows(
        "entrypoints/http/well_known.py",
        (
            "if row is None or row.state is not SkillState.ADMITTED or not public:",
            "if row is None:",
            "a66:the_well_known_address_shows_what_is_proved_and_passed_on_and_nothing_else",
        ),
        (
            "if name not in (own, longer_name(own, row.id)):",
            "if False:",
            "a66:the_well_known_address_shows_what_is_proved_and_passed_on_and_nothing_else",
        ),
    ),
    *rows(
        "adapters/beneath.py",
        (
            "_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC",
            "_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC",
            "a14:links_pipes_and_what_they_lead_to_are_not_read",
        ),
        (
            "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
            "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC",
            "a14:a_link_that_is_put_there_between_the_look_and_the_opening_is_not_followed"
            " a14:no_file_outside_is_made_while_links_are_swapped_in",
        ),
        (
            "if not stat.S_ISREG(os.fstat(handle).st_mode):",
            "if False:",
            "a14:links_pipes_and_what_they_lead_to_are_not_read",
        ),
        (
            "bad = (name, problem) if problem else check_bundle_paths(files)",
            "bad = (name, problem) if problem else None",
            "a14:no_path_out_of_the_folder_is_written_listed_or_packed",
        ),
        (
            "bad = (name, problem) if problem else check_bundle_paths(files)",
            "bad = check_bundle_paths(files)",
            "a14:no_name_of_a_folder_leads_elsewhere",
        ),
    ),
    *rows(
        "adapters/archive.py",
        ("    if bad:\n", "    if False:\n", "a14:no_path_out_of_the_folder_is_written_listed_or_packed"),
    ),
    *rows(
        "skills/exporting/bundle.py",
        ("    if bad:\n", "    if False:\n", "a14:no_path_out_of_the_folder_is_written_listed_or_packed"),
        ("if total > MAX_TOTAL:", "if False:", "export:a_bundle_that_no_reader_must_take_is_refused"),
        (
            "return found if found.format == FORMAT and found.skill.id == found.trace_id else None",
            "return found",
            "export:a_provenance_that_contradicts_itself_is_none",
        ),
    ),
    *rows(
        "skills/importing/round_trip.py",
        (
            "if document(skill, name).encode() != files[DOCUMENT]:",
            "if False:",
            "export:a_changed_folder_is_another_skill",
        ),
        (
            "return skill if others == {file.path: file.digest for file in skill.result.files} else None",
            "return skill",
            "export:a_changed_folder_is_another_skill",
        ),
    ),
]
