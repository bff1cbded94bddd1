"""Asking an implementation: start its command, one JSON line per question in, one JSON line per answer out."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vectors.judge import Answer

ROOT = Path(__file__).parents[2]
JAVASCRIPT = ("node", "--no-warnings", "tests/vectors/judge.mjs")
PATIENCE = 60.0
"""Seconds that an implementation may be silent; then its process is ended."""


@dataclass(frozen=True)
class Question:
    """One message and what its receiver knows; `name` says where it comes from."""

    name: str
    message: bytes
    context: Mapping[str, Any]

    def to_line(self) -> bytes:
        message = base64.b64encode(self.message).decode()
        return json.dumps({"name": self.name, "message": message, "context": self.context}).encode() + b"\n"


class Silent(Exception):
    """The implementation ended, or said nothing for too long, or said something that is no answer."""


def missing_node() -> str:
    """Returns why the JavaScript side can't be asked; "" when it can. In CI it must be there."""
    if shutil.which("node"):
        return ""
    if os.environ.get("CI") == "true":
        raise AssertionError("node is not installed, and in CI the second implementation must not be left out")
    return "needs Node.js 20 or later (node) for the second implementation"


def ask(command: Sequence[str], questions: Iterable[Question], patience: float = PATIENCE) -> Iterator[Answer]:
    """Yields the answers of one process to all questions, in order.

    Raises:
        Silent: when there is no answer to a question.
    """
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    asked = list(questions)
    writer = threading.Thread(target=_write, args=(process, asked), daemon=True)
    writer.start()
    try:
        for question in asked:
            yield _read(process, question, patience)
    finally:
        process.kill()
        process.wait()
        writer.join()
        for pipe in (process.stdin, process.stdout):
            if pipe and not pipe.closed:
                _close(pipe)


def _write(process: subprocess.Popen[bytes], questions: Sequence[Question]) -> None:
    assert process.stdin is not None
    try:
        for question in questions:
            process.stdin.write(question.to_line())
        process.stdin.close()
    except OSError:
        return  # it ended early; the reader notices and says so


def _read(process: subprocess.Popen[bytes], question: Question, patience: float) -> Answer:
    assert process.stdout is not None
    alarm = threading.Timer(patience, process.kill)
    alarm.start()
    try:
        line = process.stdout.readline()
    finally:
        alarm.cancel()
    try:
        answer = json.loads(line)
        return Answer(*(str(answer.get(field, "")) for field in ("verdict", "reason", "id", "skill", "check")))
    except (ValueError, AttributeError):
        raise Silent(f"{question.name}: no answer but {line[:80]!r} (exit code {process.poll()})") from None


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return
