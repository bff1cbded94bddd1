"""The one table from errors to exit codes and HTTP status codes.

| exit | meaning |
|---|---|
| 0 | done |
| 1 | refused: a gate, a proof or a check said no; the reason is printed |
| 2 | usage: an argument, a setting or a file makes no sense |
| 3 | nothing here has that name |
| 4 | unavailable: no answer, port taken, no permission |
| 5 | busy: another process has the data directory |
| 6 | disk full: nothing was written |
| 7 | no sandbox: nothing was run |
| 70 | fault: a bug in Hansa, or a damaged store |
| 130 | interrupted by Ctrl-C |
"""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.problems import BadSettings
from hansa.kernel.errors import (
    Busy,
    DiskFull,
    Fault,
    HansaError,
    NoSandbox,
    NotFound,
    Refused,
    Unavailable,
    UsageError,
)
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Reason

DONE, REFUSED, USAGE, NOT_FOUND, UNAVAILABLE, BUSY, DISK_FULL, NO_SANDBOX, FAULT, INTERRUPTED = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    70,
    130,
)

TABLE: tuple[tuple[type[HansaError], int, int], ...] = (
    # error, exit code, HTTP status; the first that fits counts
    (Refused, REFUSED, 400),
    (UsageError, USAGE, 400),
    (NotFound, NOT_FOUND, 404),
    (Busy, BUSY, 503),
    (DiskFull, DISK_FULL, 507),
    (NoSandbox, NO_SANDBOX, 503),
    (Unavailable, UNAVAILABLE, 503),
    (Fault, FAULT, 500),
    (HansaError, FAULT, 500),
)

STATUS_OF: dict[Reason, int] = {
    Reason.DUPLICATE: 409,
    Reason.OLD_SEQUENCE: 409,
    Reason.EQUIVOCATION: 409,
    Reason.TOO_LARGE: 413,
    Reason.ENCODED: 415,
    Reason.UNKNOWN_PEER: 403,
    Reason.BANNED: 403,
    Reason.BARRED: 403,
    Reason.BAD_INVITATION: 403,
    Reason.CROWDED: 429,
    Reason.TOMBSTONED: 410,
    Reason.UNKNOWN_SKILL: 404,
    Reason.NOT_YET: 424,
    Reason.NOT_PARTY: 403,
    Reason.ENOUGH_SAID: 409,
    Reason.RATE: 429,
    Reason.CORRUPT: 500,
    Reason.STORE_FULL: 507,
    Reason.SHARE: 507,
    Reason.RESTORED: 503,
}
"""HTTP status of a refusal; every other reason is a 400."""


def exit_code(error: HansaError) -> int:
    """Returns the exit code of an error."""
    return next(code for kind, code, _ in TABLE if isinstance(error, kind))


def http_status(error: HansaError) -> int:
    """Returns the HTTP status of an error."""
    if isinstance(error, Refused):
        return STATUS_OF.get(error.reason, 400)
    return next(status for kind, _, status in TABLE if isinstance(error, kind))


def problem(error: HansaError) -> dict[str, Any]:
    """Returns an error in the shape that every door answers with; of settings, with a list of all that is wrong."""
    if isinstance(error, Refused):
        return {
            "reason": error.reason.code,
            "verdict": error.reason.verdict.value,
            "box": error.reason.box.value,
            "detail": error.detail,
            "message": str(error),
        }
    told: dict[str, Any] = {"reason": type(error).__name__.lower(), "message": plain(str(error))}
    return told | {"problems": [one.view() for one in error.problems]} if isinstance(error, BadSettings) else told
