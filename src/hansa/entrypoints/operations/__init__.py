"""What can be asked of a node, by whichever door; see `registry`."""

from hansa.entrypoints.operations import (
    agent_skills,
    conduct,
    disputes,
    federation,
    governing,
    keys,
    ledger,
    looking,
    models,
    net,
    outbox,
    peers,
    recalls,
    reflections,
    skills,
    storage,
)
from hansa.entrypoints.operations.registry import OPERATIONS, Outcome, run

__all__ = [
    "OPERATIONS",
    "Outcome",
    "agent_skills",
    "conduct",
    "disputes",
    "federation",
    "governing",
    "keys",
    "ledger",
    "looking",
    "models",
    "net",
    "outbox",
    "peers",
    "recalls",
    "reflections",
    "run",
    "skills",
    "storage",
]
