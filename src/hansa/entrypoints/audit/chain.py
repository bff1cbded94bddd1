"""The chain of the audit log: each line holds the hash of the one before it and its own.

A hash is SHA-256 over a prefix and the canonical JSON of the line without it (RFC 8785). The first line of all follows
`BEGINNING`. Lines may be missing before the first one that is there: they were rotated away, or it is a part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import structs

from hansa.kernel import canonical
from hansa.kernel.errors import HansaError

PREFIX = b"hansa audit 1\n"
BEGINNING = "0" * 64
"""What the first line of all follows."""

MAX_LINE = 32 * 1024
"""Bytes of a line, with its end."""

ORDER, OUTCOME, START, MENDED = "order", "outcome", "start", "mended"
DONE, REFUSED, BROKEN_OFF = "done", "refused", "broken off"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line.

    Attributes:
        number: 1 for the first line of all; each further one is one higher.
        at: when, milliseconds UTC.
        kind: `order`, before anything is done; `outcome`, after it; `start` of a node with the settings in force;
            `mended`, where a line that a crash had left unfinished was taken away.
        what: the operation.
        by: who ordered it: door, user, scopes, session.
        given: the arguments that matter, none of them a secret; of an outcome what it made, of a start the settings.
        of: of an outcome the number of its order.
        outcome: "done", "refused" for a no, "broken off", or the code of the error.
        before: hash of the line before.
        hash: of this line.
    """

    number: int
    at: int
    kind: str
    what: str
    by: dict[str, str]
    given: dict[str, Any]
    before: str
    of: int = 0
    outcome: str = ""
    hash: str = ""

    def computed(self) -> str:
        """Returns the hash that this line should have.

        Raises:
            HansaError, ValueError: it holds what canonical JSON can't write.
        """
        told = {name: one for name, one in msgspec.to_builtins(self).items() if name != "hash"}
        return hashlib.sha256(PREFIX + canonical.encode(told)).hexdigest()

    def sealed(self) -> Entry:
        """Returns the line with its hash."""
        return structs.replace(self, hash=self.computed())

    def line(self) -> bytes:
        """Returns the bytes of the line, with its end."""
        return canonical.encode(msgspec.to_builtins(self)) + b"\n"


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line of an export: where the chain ended, so that one which was cut off shows."""

    head: str
    number: int
    node: str = ""

    def line(self) -> bytes:
        """Returns the bytes of the line, with its end."""
        return canonical.encode(msgspec.to_builtins(self)) + b"\n"


@dataclass(slots=True)
class Verdict:
    """What reading a chain came to.

    Attributes:
        entries: lines that hold, up to the first that does not.
        first, last: numbers of the first and the last line that are there; a first above 1 says that earlier ones
            are gone.
        head: hash of the last line that holds.
        wrong: place of the first line that does not hold, counted in lines of the file from 1; "" when all hold.
        why: what is wrong with it.
        torn: whether an unfinished line follows the last one, as a crash leaves it or a node that writes just now.
        ended: whether the line was there that an export ends with.
        node: who the export says it is of; "" where it does not say.
        unanswered: orders without an outcome, by number: what became of them nobody wrote down.
        noted: whether the head that was noted elsewhere is in the chain; None where none was given.
    """

    entries: int = 0
    first: int = 0
    last: int = 0
    head: str = BEGINNING
    wrong: str = ""
    why: str = ""
    torn: bool = False
    ended: bool = False
    node: str = ""
    unanswered: dict[int, str] = field(default_factory=dict)
    noted: bool | None = None

    @property
    def ok(self) -> bool:
        """Says whether all of it holds, and the noted head, if any, is in it."""
        return not self.wrong and self.noted is not False


def read(line: bytes) -> Entry | End:
    """Returns a line.

    Raises:
        ValueError: it is none; says what is wrong with it.
    """
    if len(line) > MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE} bytes")
    try:
        value = canonical.decode(line)
        if isinstance(value, dict) and "head" in value:
            return msgspec.convert(value, End)
        return msgspec.convert(value, Entry)
    except (HansaError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"not a line of an audit log: {str(error)[:200]}") from None


def verify(lines: Iterable[tuple[str, bytes]], noted: str = "") -> Verdict:
    """Reads a chain up to the first line that does not hold.

    Args:
        lines: each with its place, e.g. "audit.jsonl:3", and with its end.
        noted: a head that was noted elsewhere; it should be the hash of a line, or what the first one follows.
    """
    found = Verdict(noted=False if noted else None)
    for place, line in lines:
        if not line.endswith(b"\n"):
            found.torn = True
            break
        wrong = _follow(found, line, noted)
        if wrong:
            found.wrong, found.why = place, wrong
            break
    return found


def _follow(found: Verdict, line: bytes, noted: str) -> str:
    """Takes the next line in; returns what is wrong with it, or ""."""
    if found.ended:
        return "it comes after the end"
    try:
        one = read(line[:-1])
    except ValueError as error:
        return str(error)
    if isinstance(one, End):
        found.ended, found.node = True, one.node
        off = found.entries and (one.head, one.number) != (found.head, found.last)
        return f"the end is line {one.number}: lines are missing before it" if off else ""
    if one.hash != one.computed():
        return f"line {one.number} was changed: its hash is of other words"
    if found.entries and one.number != found.last + 1:
        return f"line {one.number} follows line {found.last}: lines are missing or doubled"
    if (found.entries or one.number == 1) and one.before != found.head:
        return f"line {one.number} does not follow from the one before it"
    found.first = found.first or one.number
    if noted:
        found.noted = found.noted or noted in (one.hash, one.before)
    _pair(found.unanswered, one)
    found.entries, found.last, found.head = found.entries + 1, one.number, one.hash
    return ""


def _pair(unanswered: dict[int, str], one: Entry) -> None:
    if one.kind == ORDER:
        unanswered[one.number] = one.what
    elif one.kind == OUTCOME:
        unanswered.pop(one.of, None)
