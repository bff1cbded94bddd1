"""What may be asked of another node, and how what is handed on shrinks (S10, attack 57)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from hansa.swarm.messages import MAX_RESULT, read_said
from hansa.swarm.params import Params
from hansa.swarm.tasks import MAX_DEPTH, SCHEMAS, Query, TaskBody, TaskKind, handed_on, read_task, task_id

A, B, C, D = (NodeId(f"did:key:z6Mk{name}") for name in "abcd")
BODY: dict[str, Any] = {
    "kind": "query", "nonce": "0" * 32, "path": [A], "within_ms": 1000, "work_ms": 500, "query": {"intent": "x"},
}  # fmt: skip


def test_every_kind_has_a_schema_or_is_served_nowhere() -> None:
    assert list(SCHEMAS) == list(TaskKind)
    assert [kind for kind, schema in SCHEMAS.items() if schema is None] == [TaskKind.CODE, TaskKind.FILES]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "shell"}, {"kind": "python-computation"}, {"kind": "file-analysis"}, {"path": [A, A]},
        {"path": [A, B, C, D]}, {"path": []}, {"nonce": "0" * 31}, {"nonce": "G" * 32}, {"within_ms": 0},
        {"query": {"intent": "x", "path": "/etc/passwd"}}, {"prove": {"skill": "0" * 64, "trials": 1}},
        {"sandbox": "off"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_task_is_refused(changes: dict[str, Any]) -> None:
    assert read_task(BODY).data == Query(intent="x")
    with pytest.raises(Refused) as refused:
        read_task({**BODY, **changes})
    assert refused.value.reason is Reason.BAD_BODY


def test_a_task_has_another_id_for_each_node_and_each_nonce() -> None:
    body = read_task(BODY)
    other = msgspec.structs.replace(body, nonce="1" * 32)
    assert len({task_id(body, A), task_id(body, B), task_id(other, A)}) == 3
    assert task_id(read_task(BODY), A) == task_id(body, A)


@given(st.integers(1, 3_600_000), st.integers(1, 3_600_000), st.permutations([B, C, D]))
def test_what_is_handed_on_only_shrinks_and_ends_after_three(within: int, work: int, others: list[NodeId]) -> None:
    body: TaskBody = read_task(BODY)
    for depth, by in enumerate(others, 2):
        if depth > MAX_DEPTH:
            with pytest.raises(Refused) as refused:
                handed_on(body, by, within, work)
            assert refused.value.reason is Reason.TASK_LOOP
            return
        path, within_ms, work_ms = handed_on(body, by, within, work)
        assert len(path) == depth and path[:-1] == body.path
        assert within_ms <= body.within_ms and work_ms <= body.work_ms
        body = msgspec.structs.replace(body, path=path, within_ms=within_ms, work_ms=work_ms)


def test_nobody_hands_on_what_it_has_handed_on_before() -> None:
    with pytest.raises(Refused, match="stand behind"):
        handed_on(read_task(BODY), A, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "expired", "values": []}, {"state": "asked", "values": []}, {"state": "running"}, {"error": "no"},
        {"values": ["x" * MAX_RESULT, "x"]},
    ],
    ids=["expired", "asked", "running with a result", "done with an error", "too long"],
)  # fmt: skip
def test_what_is_said_of_a_task_has_to_add_up(changes: dict[str, Any]) -> None:
    said = {"task": "0" * 64, "state": "done", "values": ["1"]}
    assert read_said(said).values == ("1",)
    with pytest.raises(Refused):
        read_said({**said, **changes})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("serve_whom", "all"), ("places", 0), ("waiting", -1), ("per_peer", 0), ("per_hour", 0), ("work_ms", 0),
        ("memory_mib", 0), ("remembered", 0), ("remember_ms", 0), ("timeout_ms", 3_600_001), ("patience_ms", 0),
        ("tries", 0), ("spot_share", 1001),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_named(field: str, value: Any) -> None:
    Params().validate()
    with pytest.raises(ValueError, match=f"^{field} "):
        Params(**{field: value}).validate()


def test_nothing_is_served_unless_the_operator_says_so() -> None:
    assert not Params().serve
