"""Attack 55: what one task leaves is found by the next; a peer turns the sandbox off while the node runs.

Passes when nothing that a task plants is there for the next one, and no word of a peer or operation of the node changes
the sandbox, its bounds, or whether tasks are served: the file of settings and a restart do, and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hansa.adapters.sandbox import ProcessSandbox
from hansa.entrypoints.operations import OPERATIONS
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.swarm.messages import TaskStopBody
from hansa.swarm.tasks import Prove, Python, Query, TaskBody
from tests.attacks.task_door import TaskDoor, real  # noqa: F401 - a fixture
from tests.sandbox.test_contamination import HELPERS, ROWS


@pytest.mark.sandbox
async def test_the_next_task_finds_nothing_of_the_last(tmp_path: Path, real: ProcessSandbox) -> None:  # noqa: F811
    door = await TaskDoor(tmp_path, real).ready()
    for name, row in ROWS.items():
        for code in (row.plant, row.find.replace("Random(7)", "Random(0)")):  # the seed of each task
            body = (
                HELPERS + "def f():\n" + "".join(f"    {line}\n" for line in code.splitlines()) + "    return 'fine'\n"
            )
            if "global " in code or "import *" in code:
                continue
            await door.compute(body, "f", "()")
            steps = door.sandbox.reports[-1].trials[0].steps
            assert code == row.plant or [one.error for one in steps] == [None, None], name
    await door.close()


@pytest.mark.parametrize("word", ["sandbox", "limits", "memory_bytes", "network", "root", "env", "tier", "files"])
async def test_no_task_says_how_it_is_run(word: str, tmp_path: Path) -> None:
    from tests.node.world import Table

    door = await TaskDoor(tmp_path, sandbox=Table()).ready()
    door.swarm.serving.ready = True
    data: dict[str, Any] = {"code": "x", "entry_point": "f", "calls": ["()"]}
    for body in ({"python": {**data, word: "off"}}, {"python": data, word: "off"}):
        with pytest.raises(Refused) as refused:
            door.ask({"kind": "python-computation", **body})
        assert refused.value.reason is Reason.BAD_BODY
    await door.close()


def test_bodies_have_no_field_for_it() -> None:
    fields = {name for shape in (TaskBody, Python, Prove, Query, TaskStopBody) for name in shape.__struct_fields__}
    assert sorted(fields) == sorted([
        "kind", "nonce", "path", "within_ms", "work_ms", "priority", "correlation", "python", "prove", "query",
        "code", "entry_point", "calls", "skill", "trials", "seed", "text", "intent", "limit", "task",
    ])  # fmt: skip


def test_no_operation_changes_settings() -> None:
    assert not [name for name in OPERATIONS if name.startswith(("config", "sandbox", "settings", "serve"))]
