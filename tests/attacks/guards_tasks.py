"""The guards of tasks for others, and what shows that each of them bites, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "052": "attacks/test_052_peer_code",
        "054": "attacks/test_054_resource_bombs",
        "056": "attacks/test_056_response_spoofing",
        "057": "attacks/test_057_deputies_and_loops",
        "delegation": "sim/test_delegation",
        "placement": "swarm/test_placement",
        "tasks": "swarm/test_tasks",
    }
)

TASKS = [
    *rows(
        "swarm/tasks.py",
        (
            "if given != ([wanted] if wanted is not None else []):",
            "if False:",
            "tasks:what_is_no_task_is_refused",
        ),
        (
            "if len(dict.fromkeys(task.path)) < len(task.path):",
            "if False:",
            "tasks:what_is_no_task_is_refused",
        ),
        (
            "if len(of.path) >= MAX_DEPTH or by in of.path:",
            "if by in of.path:",
            "057:no_task_goes_further_than_three_nodes tasks:what_is_handed_on_only_shrinks_and_ends_after_three",
        ),
        (
            "if len(of.path) >= MAX_DEPTH or by in of.path:",
            "if len(of.path) >= MAX_DEPTH:",
            "057:no_task_comes_back_to_who_has_handed_it_on tasks:nobody_hands_on_what_it_has_handed_on_before",
        ),
        ("min(of.within_ms, within_ms)", "within_ms", "057:budgets_only_shrink"),
        ("min(of.work_ms, work_ms)", "work_ms", "057:budgets_only_shrink"),
        (
            "canonical.encode([asked, msgspec.to_builtins(body)])",
            "canonical.encode([msgspec.to_builtins(body)])",
            "tasks:a_task_has_another_id_for_each_node_and_each_nonce",
        ),
    ),
    *rows(
        "swarm/messages.py",
        ("if said.state not in SAID:", "if False:", "tasks:what_is_said_of_a_task_has_to_add_up"),
        (
            "if (said.values and said.state is not State.DONE) or (said.error and said.state is not State.FAILED):",
            "if False:",
            "tasks:what_is_said_of_a_task_has_to_add_up",
        ),
        (
            "if sum(map(len, said.values)) > MAX_RESULT:",
            "if False:",
            "tasks:what_is_said_of_a_task_has_to_add_up",
        ),
    ),
    *rows(
        "swarm/placement.py",
        (
            "if one.standing is Standing.BARRED:",
            "if False:",
            "placement:who_can_t_or_may_not_is_not_asked_and_it_is_said_why",
        ),
        ("    if one.wrong:\n", "    if False:\n", "delegation:who_computes_wrongly_is_found_out_and_asked_no_more"),
    ),
    *rows(
        "node/serving.py",
        (
            "if kind in self._handlers:",
            "if False:",
            "delegation:each_kind_is_done_by_one_handler",
        ),
        (
            "if held is not None and held.author == author:  # 1",
            "if False:",
            "delegation:asking_again_is_asking_for_the_same_and_runs_nothing_twice",
        ),
        (
            "if not self.params.serve or not self.ready or self._carry is None:  # 2",
            "if not self.params.serve or self._carry is None:  # 2",
            "052:a_node_whose_sandbox_fails_its_self_test_does_no_task"
            " delegation:a_node_whose_sandbox_does_not_compute_serves_nothing",
        ),
        (
            "if not self._may_ask(author):  # 3",
            "if False:",
            "delegation:nobody_who_was_not_let_in_has_anything_done",
        ),
        (
            " or body.path[-1] != author:",
            ":",
            "delegation:what_is_not_served_not_for_this_node_or_not_its_authors_is_refused",
        ),
        ("if core.me in body.path:", "if False:", "057:no_task_comes_back_to_who_has_handed_it_on"),
        (
            "if len(opened) >= params.places + params.waiting:",
            "if False:",
            "delegation:no_more_is_taken_of_one_node_than_the_bounds",
        ),
        (
            "if sum(one.author == author for one in opened) >= params.per_peer:",
            "if False:",
            "delegation:no_more_is_taken_of_one_node_than_the_bounds",
        ),
        (
            "if len(lately) >= params.per_hour:",
            "if False:",
            "delegation:no_more_is_taken_of_one_node_than_the_bounds",
        ),
        (
            "if job is not None and job.author == said.author:",
            "if job is not None:",
            "delegation:nobody_else_can_call_a_task_off",
        ),
        (
            "most = min(body.work_ms, body.within_ms, params.work_ms)",
            "most = min(body.work_ms, body.within_ms)",
            "054:no_task_widens_its_bounds",
        ),
    ),
    *rows(
        "node/delegating.py",
        (
            "one.node != said.author",
            "False",
            "056:no_guess_and_no_replay_is_accepted",
        ),
        (
            " or said.header.recipient != self._core.me:",
            ":",
            "056:no_guess_and_no_replay_is_accepted",
        ),
        (
            "if ContentId(id_) in one.sent and one.node == event.about:",
            "if ContentId(id_) in one.sent:",
            "056:a_refusal_by_somebody_else_ends_nothing",
        ),
        (
            "draw.below(SHARES) < self._params.spot_share",
            "False",
            "delegation:of_strangers_as_many_results_are_computed_here_as_the_setting_says",
        ),
    ),
    *rows(
        "node/swarming.py",
        (
            "if came.values != _ANSWER:",
            "if False:",
            "delegation:a_node_whose_sandbox_does_not_compute_serves_nothing",
        ),
    ),
]
