"""Worlds for the attacks that need several nodes."""

from tests.node.conftest import sqlite_world, world

__all__ = ["sqlite_world", "world"]
