"""Worlds for the node's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.adapters.sandbox.process import ProcessSandbox
from tests.node.world import World, real_sandbox


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Gives a world on each kind of store."""
    made = World(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def sqlite_world(tmp_path: Path) -> Iterator[World]:
    """Gives a world on files."""
    made = World(tmp_path, "sqlite")
    yield made
    made.close()


@pytest.fixture(scope="session")
def sandbox() -> ProcessSandbox:
    """Gives this machine's real sandbox."""
    found = real_sandbox()
    if isinstance(found, str):
        pytest.skip(found)
    return found
