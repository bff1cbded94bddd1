"""What can be asked of a node, by whichever door; see `registry`."""

from hansa.entrypoints.operations import federation, looking, models, outbox, reflections, skills
from hansa.entrypoints.operations.registry import OPERATIONS, Outcome, run

__all__ = ["OPERATIONS", "Outcome", "federation", "looking", "models", "outbox", "reflections", "run", "skills"]
