"""Writes vectors/ from the cases: fixed keys, no chance, the same bytes each time.

    python -m tests.vectors.make

A test holds the committed files against what this writes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.vectors import cases_batch, cases_bodies, cases_bytes, cases_context, cases_envelope, cases_roots
from tests.vectors.case import Case
from tests.vectors.judge import judge
from tests.vectors.protocol import ROOT, Question

FOLDER = ROOT / "vectors"
FORMAT = 1
TOPICS = {
    "bytes": cases_bytes,
    "envelope": cases_envelope,
    "bodies": cases_bodies,
    "context": cases_context,
    "roots": cases_roots,
    "batch": cases_batch,
}


@cache
def all_cases() -> tuple[tuple[str, Case], ...]:
    """Returns every case with its topic; names are distinct."""
    cases = tuple((topic, case) for topic, module in TOPICS.items() for case in module.cases())
    names = [case.name for _, case in cases]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"two cases of one name: {', '.join(doubled)}")
    return cases


def files() -> Iterator[tuple[str, bytes]]:
    """Yields path below vectors/ and content of every generated file."""
    index = []
    for topic, case in all_cases():
        yield f"{case.name}/message.bytes", case.message
        yield f"{case.name}/case.json", _json(described(case))
        index.append({"name": case.name, "topic": topic, "verdict": case.verdict, "reason": case.reason})
    yield "index.json", _json({"format": FORMAT, "cases": index})


def described(case: Case) -> dict[str, Any]:
    """Returns what case.json says."""
    accepted = case.verdict == "accept"
    return {
        "name": case.name,
        "why": case.why,
        "verdict": case.verdict,
        "reason": case.reason,
        "check": case.check,
        "id": _payload_digest(case.message) if accepted else "",
        "skill": judge(case.message, case.whole_context).skill if accepted else "",
        "needs": list(case.needs),
        "context": case.whole_context,
    }


def committed() -> list[tuple[dict[str, Any], Question]]:
    """Returns the cases as they lie in vectors/: what is expected, and the question."""
    index = json.loads((FOLDER / "index.json").read_bytes())
    found = []
    for row in index["cases"]:
        expected = json.loads((FOLDER / row["name"] / "case.json").read_bytes())
        message = (FOLDER / row["name"] / "message.bytes").read_bytes()
        found.append((expected, Question(row["name"], message, expected["context"])))
    return found


def _payload_digest(message: bytes) -> str:
    return hashlib.sha256(base64.b64decode(json.loads(message)["payload"])).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=True).encode() + b"\n"


def main(folder: Path = FOLDER) -> None:
    """Writes the folder anew; its README, which people write, stays."""
    for old in folder.iterdir() if folder.is_dir() else ():
        if old.is_dir():
            shutil.rmtree(old)
    for name, content in files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(all_cases())} cases, {sum(bool(case.reason) for _, case in all_cases())} of them bad")


if __name__ == "__main__":
    main()
