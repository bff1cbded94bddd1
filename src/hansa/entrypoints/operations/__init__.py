"""What can be asked of a node, by whichever door; see `registry`."""

from hansa.entrypoints.operations import federation, looking, skills
from hansa.entrypoints.operations.registry import OPERATIONS, Outcome, Progress, Result, run

__all__ = ["OPERATIONS", "Outcome", "Progress", "Result", "federation", "looking", "run", "skills"]
