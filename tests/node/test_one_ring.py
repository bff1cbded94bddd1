"""Wherever a node verifies a signed message it asks its own ring: a place that forgot would not know revoked keys."""

from __future__ import annotations

import ast
from pathlib import Path

import hansa

PACKAGE = Path(hansa.__file__).parent
WITH_RING = {"open_record": 2, "record_row": 4, "verify": 2}
"""Functions that fall back to the root key alone, and how many arguments they have with a ring."""


def calls_without_a_ring(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = ast.unparse(node.func)
        if name not in WITH_RING or (name == "verify" and owner not in ("envelope.verify", "verify")):
            continue
        verified = name == "record_row" and "message" in ast.unparse(node.args[0])
        if len(node.args) < WITH_RING[name] and not verified and not owner.startswith("codec."):
            found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {ast.unparse(node)[:80]}")
    return found


def test_no_message_is_verified_without_the_nodes_ring() -> None:
    files = [*PACKAGE.glob("node/*.py"), *PACKAGE.glob("entrypoints/**/*.py")]
    assert [one for path in files for one in calls_without_a_ring(path)] == []


def test_a_call_that_forgets_the_ring_is_found(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("open_record(row)\nopen_record(row, ring)\nenvelope.verify(signed)\n")
    assert [one.split()[0] for one in calls_without_a_ring(tmp_path / "a.py")] == ["a.py:1", "a.py:3"]
