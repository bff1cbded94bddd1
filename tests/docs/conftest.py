"""A door with a real, empty node behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.app import opened
from hansa.entrypoints.config import load
from hansa.entrypoints.http.door import make_door
from hansa.entrypoints.identities import create_identity


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Any]:
    """Gives the HTTP application of a new node."""
    create_identity(tmp_path)
    async with opened(tmp_path, load(tmp_path)) as app:
        yield make_door(app)
