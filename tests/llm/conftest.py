"""The worlds of the node's tests."""

from tests.node.conftest import sandbox, world

__all__ = ["sandbox", "world"]
