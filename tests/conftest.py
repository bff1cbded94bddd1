"""Settings of all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.store import postgres_server

# Nothing here is a timed test: how long an example takes says more about the machine than about the code.
settings.register_profile("hansa", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None)
settings.load_profile("hansa")

os.environ.pop("COLUMNS", None)  # workers of the runner have one; what is printed is to be as in any pipe


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """Gives a PostgreSQL server, one for all tests of this process."""
    with postgres_server.server() as found:
        if found is None:
            pytest.skip(postgres_server.HOW)
        yield found
