"""The guards of the simulator: its checkers, and what keeps a run a function of its seed."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "found": "sim/test_invariants",
        "loop": "sim/test_loop",
        "net": "sim/test_net",
        "runs": "sim/test_runs",
        "world": "sim/test_world",
    }
)

CHECKERS = rows(
    "sim/invariants.py",
    (
        '                    self.found("L4", number, f"receipt {change.receipt[:12]} was entered twice")\n',
        "                    pass\n",
        "found:a_broken_promise_is_found",
    ),
    (
        '                self.found("L7", number, f"more fates than messages: {counters.table()}")\n',
        "                pass\n",
        "found:more_fates_than_messages_end_a_run_at_once",
    ),
    (
        '                self.found("L8", host.number, f"it sent bytes that nobody signed: {refusal.reason.code}")\n',
        "                pass\n",
        "found:a_broken_promise_is_found",
    ),
    (
        '                self.found("L1", number, f"record {id_[:12]} was acknowledged and is gone")\n',
        "                pass\n",
        "found:a_broken_promise_is_found",
    ),
    (
        '                self.found("L1", number, f"record {id_[:12]} was kept without its skill: half of a batch")\n',
        "                pass\n",
        "found:a_broken_promise_is_found",
    ),
    (
        '            self.found("L7", one.number, f"messages without a fate: {_counters(one).table()}")\n',
        "            pass\n",
        "found:a_broken_promise_is_found",
    ),
    (
        "        if not self._world.net.counts.balanced:\n",
        "        if False:\n",
        "found:frames_that_do_not_add_up_are_found",
    ),
    (
        "        for what in self._world.loop.unhandled:\n",
        "        for what in ():\n",
        "found:an_error_that_nobody_heard_of_is_found",
    ),
    (
        "            if (said.good, said.bad) != (counted.good, counted.bad):\n",
        "            if False:\n",
        "found:a_broken_promise_is_found",
    ),
)

LOOP = rows(
    "sim/loop.py",
    ("            if left <= 0:\n", "            if False:\n", "loop:a_loop_that_only_wakes_itself_is_told"),
    ("        if self._running:\n", "        if False:\n", "loop:it_does_not_run_inside_itself"),
    (
        "                if call.timed and not process.alive:\n",
        "                if False:\n",
        "loop:a_killed_process_is_cancelled_and_its_timers_never_fire",
    ),
)

NET = rows(
    "sim/net.py",
    ("        if way.queued + len(data) > MAX_QUEUE:\n", "        if False:\n", "net:a_full_queue_takes_no_more"),
)

DISK = rows(
    "sim/disk.py",
    (
        "        if not self._process.alive:\n            done.cancel()\n",
        "        if False:\n            done.cancel()\n",
        "world:writes_that_wait_go_together_and_a_dead_process_writes_nothing",
    ),
)

SCENARIO = rows("sim/scenario.py", ("    if nodes < 2:\n", "    if False:\n", "runs:what_makes_no_run_is_refused"))

GUARDS: list[Guard] = [*CHECKERS, *LOOP, *NET, *DISK, *SCENARIO]
