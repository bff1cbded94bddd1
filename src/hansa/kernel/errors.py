"""The error tree. Their fault and our fault apart; each message is one sentence that says what to do.

    HansaError
    ├── Refused            their input: carries a `Reason`
    ├── UsageError         the person at the keyboard: bad argument, bad setting, bad file
    ├── NotFound           no such skill, record, peer
    ├── Unavailable        the outside is not there: port, peer, sandbox, locked data directory, full disk
    │   ├── Busy           another process has the data directory
    │   ├── DiskFull       nothing was written
    │   └── NoSandbox      nothing was run
    └── Fault              ours: a broken promise inside Hansa, or a damaged store

`entrypoints/errors.py` holds the one table from these to exit codes and HTTP status codes.
"""

from __future__ import annotations

from hansa.kernel.plain import plain
from hansa.kernel.verdict import Reason

MAX_DETAIL = 300


class HansaError(Exception):
    """Base of everything that Hansa raises on purpose."""


class Refused(HansaError):
    """A message or record is not accepted.

    Attributes:
        reason: a member of the closed list.
        detail: what exactly, in a few words; never needed to understand the sentence.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail = plain(detail, MAX_DETAIL)  # it may quote what a peer sent (threat 24)
        super().__init__(f"{reason.code}: {reason.text}" + (f" ({detail})" if detail else ""))


class UsageError(HansaError):
    """A person or a setting asked for something that makes no sense."""


class NotFound(HansaError):
    """Nothing here has that name."""


class Unavailable(HansaError):
    """Something outside Hansa is not there right now; nothing was half-done."""


class Busy(Unavailable):
    """Another process holds the data directory."""


class DiskFull(Unavailable):
    """The disk has no room; nothing of the request was written."""


class NoSandbox(Unavailable):
    """No sandbox passes its self-test on this machine, so nothing is run."""


class Fault(HansaError):
    """A promise inside Hansa is broken: a bug, or a store that was changed from outside."""
