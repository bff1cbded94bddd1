"""What another node's answers to deliveries mean."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.kernel.wire import read_json
from hansa.node.ports import Answer

LATER = (429, 503, 507)
"""Answers after which the same is sent again: too many, stopping, full."""

_NO_PATH = (404, 405)

EARLY, PATIENCE = 424, 50
"""Answer to what rests on a record that is not there yet, and how often that is tried before it is given up."""


class _Bulk(msgspec.Struct):
    answers: list[dict[str, Any]]


def each(answer: Answer, count: int) -> list[Answer] | None:
    """Returns the answers to the lines of a bulk; None when there are none, and each is to be sent by itself."""
    if answer.status in LATER:
        return [answer] * count
    if answer.status != 200:
        return None
    try:
        lines = read_json(answer.body, _Bulk).answers
    except Refused:
        return None
    if len(lines) != count:
        return None
    return [Answer(_status(line), msgspec.json.encode(line)) for line in lines]


def _status(line: dict[str, Any]) -> int:
    status = line.get("status")
    return status if isinstance(status, int) else 0


class _Acknowledgement(msgspec.Struct):
    record: str = ""


def acknowledges(answer: Answer, record: ContentId) -> bool:
    """Says whether a node, and not just any server, has taken this very record."""
    if answer.status != 201:
        return False
    try:
        return read_json(answer.body, _Acknowledgement).record == record
    except Refused:
        return False


class _Problem(msgspec.Struct):
    reason: str = ""
    detail: str = ""
    message: str = ""


def their_refusal(url: str, answer: Answer) -> Refused:
    """Returns what another node answered as a refusal here, with its reason where it names one that is known."""
    try:
        problem = read_json(answer.body, _Problem)
    except Refused:
        problem = _Problem()
    reason = BY_CODE.get(problem.reason, Reason.UNREACHABLE)
    if answer.status in _NO_PATH and reason is Reason.UNREACHABLE:
        return Refused(reason, _elsewhere(url))
    said = problem.detail or ("" if reason.code == problem.reason else problem.message)
    return Refused(reason, f"says {url}" + (f": {said[:200]}" if said else f" ({answer.status})"))


def no_node(url: str, answer: Answer) -> Unavailable | None:
    """Returns that whatever answered is no node, where it neither gives what was asked for nor says why as nodes do."""
    try:
        reason = read_json(answer.body, _Problem).reason
    except Refused:
        reason = ""
    if (
        answer.status == 200
        or answer.status in LATER
        or reason in BY_CODE
        or (reason and answer.status not in _NO_PATH)
    ):
        return None
    return Unavailable(f"{_elsewhere(url)} (it answers with {answer.status})")


def _elsewhere(url: str) -> str:
    """Returns what to do about an address at which something answers that lacks the paths of a node."""
    parts = urlsplit(url)
    if parts.path.strip("/"):
        return f"something answers at {url} that is no node: try {parts.scheme}://{parts.netloc}, without a path"
    return f"something answers at {url} that is no node"
