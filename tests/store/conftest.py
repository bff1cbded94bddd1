"""What tests of stores share: a PostgreSQL server for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store import postgres_server
from tests.store.postgres_server import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with postgres_server.server() as found:
        if found is None:
            pytest.skip(postgres_server.HOW)
        yield found
