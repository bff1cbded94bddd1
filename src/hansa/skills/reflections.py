"""What an agent notes about its own work (S16): how it went, what was learnt, and where.

A reflection is a note of this node's own, or one of a peer's that was borne out (`sharing`). It is no skill and no
evidence: it proves nothing, opens no gate, and never leaves the node by itself. Its id is the hash of all of it, so
the same note twice is one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import structs

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Label, Wire, parse, read_json
from hansa.skills.model import Line, Size, Word

MAX_LINE = 64 * 1024
"""Bytes of one reflection in a file."""


class Went(StrEnum):
    """How it went."""

    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"


class By(StrEnum):
    """Who noted it."""

    PERSON = "person"  # by a command
    AGENT = "agent"  # by an agent's own call
    EXECUTE = "execute"  # by the node, for each intent it was asked to meet
    TRACE = "trace"  # read from an agent's trace
    PEER = "peer"  # shared by a peer, and borne out or approved (`skills.sharing`)


class Reflection(Wire, frozen=True):
    """One note.

    Attributes:
        outcome: how it went.
        description: what was tried, and what was learnt.
        category: what kind of work it was, e.g. "execute" or "parsing".
        session: which session of the agent's, or "".
        error: what went wrong, or "".
        skill: id of the skill it is about, or "".
        source: who noted it.
        at: when, milliseconds UTC; 0 when nobody knows, as for a trace.
    """

    outcome: Went
    description: Line
    category: Word = "general"
    tags: Annotated[tuple[Word, ...], msgspec.Meta(max_length=16)] = ()
    session: Annotated[str, msgspec.Meta(max_length=128)] = ""
    error: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    skill: Label = ""
    source: By = By.PERSON
    at: Size = 0

    def to_bytes(self) -> bytes:
        """Returns the canonical bytes.

        Raises:
            ValueError: it holds text that UTF-8 can't write.
        """
        return canonical.encode(msgspec.to_builtins(self))

    @property
    def id(self) -> ContentId:
        """Content id: the same note has the same id wherever it was read from."""
        return content_id(self.to_bytes())


@dataclass(frozen=True, slots=True)
class ReflectionFilter:
    """Which reflections a listing holds; None, empty and 0 mean any.

    Attributes:
        since, until: milliseconds UTC, both included; an undated reflection lies in no such span.
    """

    outcome: Went | None = None
    category: str = ""
    tag: str = ""
    session: str = ""
    skill: str = ""
    since: int = 0
    until: int = 0

    def takes(self, one: Reflection) -> bool:
        """Says whether a reflection is among these."""
        return (
            self.outcome in (None, one.outcome)
            and self.category in ("", one.category)
            and self.session in ("", one.session)
            and self.skill in ("", one.skill)
            and (not self.tag or self.tag in one.tags)
            and one.at >= self.since
            and (not self.until or 0 < one.at <= self.until)
        )


def claims_success(one: Reflection) -> bool:
    """Says whether a note is somebody's word that a skill did its work; what the node saw itself is none."""
    return one.outcome is Went.SUCCESS and bool(one.skill) and one.source is not By.EXECUTE


def refuted(one: Reflection, why: str) -> Reflection:
    """Returns a note of success as a failure, for this node has refuted the skill that it is about.

    Args:
        why: the reason of the finding, in words.
    """
    told = "; ".join(filter(None, (f"refuted here: {why}", one.error)))
    return structs.replace(one, outcome=Went.FAILURE, error=told[:2_000])


def reflection_of(fields: dict[str, Any]) -> Reflection:
    """Returns a reflection from plain fields, held to every bound.

    Raises:
        Refused: BAD_BODY, saying which field is off.
    """
    found = parse(fields, Reflection)
    if not found.description.strip():
        raise Refused(Reason.BAD_BODY, "a description that says nothing")
    try:
        found.to_bytes()
    except ValueError:
        raise Refused(Reason.BAD_BODY, "text that UTF-8 can't write") from None
    return found


def read_line(line: bytes) -> Reflection:
    """Returns the reflection on a line of an export.

    Raises:
        Refused: TOO_LARGE, NOT_JSON or BAD_BODY.
    """
    if len(line) > MAX_LINE:
        raise Refused(Reason.TOO_LARGE, f"{len(line)} bytes, at most {MAX_LINE}")
    return reflection_of(read_json(line, dict[str, Any], Limits()))  # type: ignore[type-var]


def write_line(reflection: Reflection) -> bytes:
    """Returns the line of an export, with its end: ASCII, so that it can be shown on a terminal as it is."""
    text = json.dumps(msgspec.to_builtins(reflection), sort_keys=True, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f").encode("ascii") + b"\n"
