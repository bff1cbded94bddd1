"""What a notice leads to: values that the node carries out (M10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.ids import ContentId, NodeId


class About(StrEnum):
    """What an alert can be about."""

    SKILL = "skill"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Subject:
    """A skill by its content id, or a peer by its node id."""

    about: About
    name: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Take a skill out of use, or deal with a peer no more, until the operator has looked; because of these notices."""

    subject: Subject
    because: tuple[ContentId, ...]


@dataclass(frozen=True, slots=True)
class ProveFirst:
    """Prove a skill, or what a peer has brought, before other work: somebody alone has said that it is bad."""

    subject: Subject
    because: tuple[ContentId, ...]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask for records by id, of those that are not here: whoever named them first."""

    ids: tuple[ContentId, ...]
    source: NodeId


@dataclass(frozen=True, slots=True)
class AgentState:
    """What an agent says of itself.

    Attributes:
        load: thousandths of what it can do that are in use.
        running: tasks.
        model: name of its language model; empty for none.
        goals: digest of what it works towards; empty for none said.
        clock: its logical clock; a later state has a greater one.
    """

    load: int
    running: int
    model: str
    goals: str
    clock: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An agent's state is known anew: delegation and routing weigh it."""

    author: NodeId
    state: AgentState


@dataclass(frozen=True, slots=True)
class Offered:
    """A node has so much of a resource; 0: none any more."""

    author: NodeId
    resource: str
    amount: int


Effect = Quarantine | ProveFirst | Fetch | Snapshot | Offered
