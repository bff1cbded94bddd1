"""What a node can, as it was found out by trying, and what of it is said to others (S1).

A capability that others rely on was proved by the node that says it: "python-computation" means that a computation ran
in its sandbox a moment ago and came to what it had to. To others it is a word like any other: it decides who is asked
first, and nothing about the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Label, Wire, parse

MAX_CAPABILITIES = 32

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]


class Capability(Wire, frozen=True):
    """Something that a node can: serve tasks of a kind, or use a tool; `version`: of what does it."""

    name: Name
    version: Label = ""


class CapabilityBody(Wire, frozen=True):
    """Kind "capability": what a node does for others, and how much there is of it to do.

    Attributes:
        capabilities: by name, each once.
        places: tasks of others that run at once. `queue`: that run or wait.
    """

    capabilities: Annotated[tuple[Capability, ...], msgspec.Meta(max_length=MAX_CAPABILITIES)]
    places: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 1
    queue: Annotated[int, msgspec.Meta(ge=0, lt=2**20)] = 0


def read_capability(body: Mapping[str, Any]) -> CapabilityBody:
    """Returns what a node says that it can.

    Raises:
        Refused: BAD_BODY, also when something is named twice.
    """
    said = parse(body, CapabilityBody)
    if len(dict.fromkeys(one.name for one in said.capabilities)) < len(said.capabilities):
        raise Refused(Reason.BAD_BODY, "something is named twice")
    return said


@dataclass(frozen=True, slots=True)
class Probe:
    """What trying something came to.

    Attributes:
        proved: it was done and came out right; else it was only seen to be there, or is not.
        there: it can be used here.
        detail: what was done or seen, in a few words; without a path of this machine.
    """

    capability: Capability
    there: bool
    proved: bool
    detail: str
