"""Hansa: a node for AI agents of different owners, which uses a skill from someone else only after re-proving it."""

__version__ = "0.1.0"
