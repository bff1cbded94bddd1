"""The guards of workers that stay, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "bases": "sandbox/test_bases",
        "contamination": "sandbox/test_contamination",
        "escapes": "sandbox/test_escapes",
        "packages": "sandbox/test_packages",
        "parts": "sandbox/test_parts",
        "result": "sandbox/test_one_result",
        "running": "sandbox/test_running",
        "self": "sandbox/test_self_test",
        "workers": "sandbox/test_workers",
    },
    "adapters/sandbox/",
)

# Two that stand behind each other: whoever lost its parent is a child of the supervisor, and can be signalled by it.
_ALONE = """    try:
        os.waitpid(-1, os.WNOHANG)
        return False  # there is a child, running or ended
    except ChildProcessError:
        pass
    if os.getpid() == 1:  # of a process namespace: then -1 means everyone in it but us
        try:
            os.kill(-1, SIGKILL)
            return False
        except ProcessLookupError:
            pass
"""

GUARDS_SANDBOX: list[Guard] = [
    *rows(
        "bases.py",
        ("if entry.name.startswith(PREFIX):", "if entry.is_dir():", "bases:nothing_of_anybody_elses_is_removed"),
        ("mine.st_uid == os.geteuid() and ", "", "bases:nothing_of_anybody_elses_is_removed"),
        (
            "        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
            "",
            "bases:what_a_killed_node_leaves_is_removed_at_the_next_start_and_not_before"
            " bases:one_that_is_held_stays_and_is_removed_with_all_that_is_in_it",
        ),
    ),
    *rows(
        "cargo.py",
        (
            "here.granted if tier in _WITH_MOUNTS else here.named",
            "here.granted",
            "packages:what_lies_apart_is_covered_and_the_rest_is_read",
        ),
    ),
    *rows(
        "layout.py",
        (
            "(mounted, list(PUBLIC), []) if whole else named",
            "(mounted, list(PUBLIC), [])",
            "packages:a_file_that_lies_apart_cannot_be_covered_and_is_not_granted",
        ),
        (
            "if entry.is_dir() and not _is_in(library, entry.path):",
            "if entry.is_dir():",
            "packages:a_folder_with_the_standard_library_in_it_is_not_covered",
        ),
        (
            "{at + one[len(path) :] for at, path in real.items()",
            "{one for at, path in real.items()",
            "packages:a_folder_mounted_twice_is_covered_twice",
        ),
        (
            "    return _layout(tuple(found), _state(found))\n",
            "    return _layout(tuple(found), None)\n",
            "packages:a_python_that_is_installed_later_is_covered_too",
        ),
    ),
    *rows(
        "probes.py",
        (
            "assert not [path for path in {packages!r} if os.listdir(path)]",
            "",
            "packages:a_tier_that_covers_nothing_fails_its_self_test",
        ),
    ),
    *rows(
        "inside/compiling.py",
        (' or "\\0" in source', "", "parts:code_is_compiled_as_compile_does_it"),
        ("_FLAGS = bytearray(", "_FLAGS = bytes(", "parts:code_is_compiled_as_compile_does_it"),
    ),
    *rows(
        "tiers.py",
        ("for path in here.hidden:", "for path in ():", "packages:every_tier_with_mounts_covers_what_lies_apart"),
        ("*_own_library(), ", "", "self:an_interpreter_that_looks_for_its_library_beside_itself_finds_it"),
    ),
    *rows(
        "inside/jail.py",
        (
            "    child = os.fork()\n    if child:\n        return os.waitpid(child, 0)[1] == 0\n",
            "    child = 0\n    if not child:\n        job.run(cell, read())\n        return True\n",
            "contamination:the_next_job_finds_nothing",
        ),
        (
            _ALONE,
            "",
            "workers:a_child_left_ends_the_worker",
        ),
        (
            "return is_untouched(cell.workspace.path)",
            "return True",
            "workers:something_left_ends_the_worker",
        ),
    ),
    *rows(
        "inside/supervisor.py",
        ("        self._workspace.clear()\n", "", "contamination:the_next_job_finds_nothing"),
    ),
    *rows(
        "inside/seeding.py",
        (
            "            module.seed(self._number)\n",
            "",
            "result:what_depends_on_the_start_does_not_depend_on_the_worker",
        ),
    ),
    *rows(
        "inside/namespaces.py",
        (
            "    for path in hidden:\n",
            "    for path in ():\n",
            "packages:every_tier_with_mounts_covers_what_lies_apart",
        ),
        (
            "    os.chmod(spot + ABOVE_SCRATCH, 0o111)  # noqa: S103 - nobody may read or write it\n",
            "",
            "running:jobs_run_beside_each_other_and_never_meet",
        ),
    ),
    *rows(
        "seccomp.py",
        ("_equals(0, _AF_UNIX), ", "", "parts:the_only_sockets_are_nameless_pairs_of_local_streams"),
        (
            "_equals(1, _SOCK_STREAM, _SOCK_FLAGS), ",
            "",
            "parts:the_only_sockets_are_nameless_pairs_of_local_streams",
        ),
        ("_equals(3, 0), ", "", "parts:the_only_sockets_are_nameless_pairs_of_local_streams"),
        (
            "_all_of(_equals(3, 0), *_is_null(4))",
            "_all_of(_equals(3, 0))",
            "parts:the_only_sockets_are_nameless_pairs_of_local_streams",
        ),
    ),
    *rows(
        "wire.py",
        ("or line.ready != token", "", "parts:an_answer_to_another_job_is_none"),
        ("(answer.ready or line.ready != token)", "(line.ready != token)", "parts:an_answer_to_another_job_is_none"),
        (
            "    if not answer.ready and line.refused is None:\n        raise _UnfitError\n",
            "",
            "parts:an_answer_to_another_job_is_none",
        ),
        (
            "fine = all(run.end is TrialEnd.COMPLETED and not run.attempts for run in runs)",
            "fine = True or runs",
            "workers:a_worker_in_which_something_happened_is_gone",
        ),
    ),
    *rows(
        "pool.py",
        ("            if of == limits:\n", "            if True:\n", "workers:other_limits_are_another_worker"),
        (
            "self.places == 0 or worker.jobs >= MOST_JOBS",
            "self.places == 0",
            "workers:a_worker_goes_after_so_many_jobs",
        ),
        (
            "        if len(self._waiting) > self.places:\n",
            "        if False:\n",
            "workers:no_more_wait_than_there_are_places",
        ),
        ("        loop.call_later(self._idle_seconds, self.expire)\n", "", "workers:an_idle_pool_is_empty"),
    ),
    *rows(
        "process.py",
        (
            "            await self.pool.close()  # those that wait do not cover what is new\n",
            "",
            "packages:a_python_that_is_installed_later_is_covered_too",
        ),
        (
            "if answer.broke_off or (waited and not answer.done and not answer.stopped):",
            "if False:",
            "workers:a_job_whose_worker_is_killed_is_run_once_more_as_a_whole",
        ),
        (
            "kept = self.pool.places > 0 and answer.is_ordinary",
            "kept = self.pool.places > 0",
            "workers:a_worker_in_which_something_happened_is_gone",
        ),
    ),
]
