"""What an agent's session may do (threats 16, 57, 66).

A model can be talked into anything by what it reads, so nothing here rests on what it wants. A session has scopes,
given by the operator when it starts, on the command line, in the settings, or by the token that is used. For a tool
outside of them there is no way in: it is not listed, it is not registered, and the operation behind it refuses. Who
calls one by its name is told which setting withholds it, for the person who runs the node to change.

| scope | what it allows | by default |
|---|---|---|
| read | find and read what is admitted | yes |
| record | write down, for this node alone, what was done (unproved) and how it went; read such notes | yes |
| prove | run checks in the sandbox | yes |
| publish | sign a skill and pass it on | no |
| review | see what is not proved here, and refuse it | no |
| admin | let a skill be used without a proof | no |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from hansa.kernel.errors import UsageError


class Scope(StrEnum):
    """One thing that a session may do."""

    READ = "read"
    RECORD = "record"
    PROVE = "prove"
    PUBLISH = "publish"
    REVIEW = "review"
    ADMIN = "admin"


READER = frozenset({Scope.READ})
AGENT = frozenset({Scope.READ, Scope.RECORD, Scope.PROVE})
EVERYTHING = frozenset(Scope)

_NEEDED: dict[str, Scope] = {
    "status": Scope.READ,
    "net.status": Scope.READ,
    "find": Scope.READ,
    "skill.show": Scope.READ,
    "skill.entries": Scope.READ,
    "skill.entry": Scope.READ,
    "skill.file": Scope.READ,
    "why": Scope.READ,
    "skill.record": Scope.RECORD,
    "reflection.add": Scope.RECORD,
    "reflection.recall": Scope.RECORD,
    "reflection.list": Scope.RECORD,
    "reflection.summary": Scope.RECORD,
    "prove": Scope.PROVE,
    "publish": Scope.PUBLISH,
    "skill.list": Scope.REVIEW,
    "quarantine.settle": Scope.REVIEW,
}
"""Operations that an agent can reach at all, each with the scope it takes; any other is out of reach."""


def needed(operation: str, arguments: Mapping[str, Any]) -> Scope | None:
    """Returns the scope that an operation takes with these arguments; None when no session can reach it."""
    if operation == "quarantine.settle" and arguments.get("approve") is not False:
        return Scope.ADMIN
    if operation == "find" and arguments.get("states", ["admitted"]) != ["admitted"]:
        return Scope.REVIEW
    return _NEEDED.get(operation)


def granted(allowed: Iterable[str]) -> frozenset[Scope]:
    """Returns the scopes of a session: the default ones, and what the operator allows on top.

    Raises:
        UsageError: a word is no scope.
    """
    known = {scope.value: scope for scope in Scope}
    words = [word.strip() for text in allowed for word in text.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise UsageError(f"{word!r} is no scope: choose from {', '.join(known)}")
    return AGENT | {known[word] for word in words}


def withheld(tool: str, scope: Scope, held: frozenset[Scope]) -> str:
    """Returns what a session is told that calls a tool which it lacks: what withholds it, and how a person gives it.

    Args:
        held: the scopes that the session has.
    """
    ways = [] if scope in AGENT else [f'the setting mcp_allow = ["{scope}"], or hansa mcp --allow {scope}']
    if not held >= AGENT:
        ways.insert(0, "the token in agent.token instead of the one in reader.token")
    return f"{tool} is withheld by this node's settings: it takes the scope {scope}. Its operator gives it by " + (
        ", and ".join(ways)
    )
