"""Shared by the sandbox's tests: each available tier once, with the reason where one is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache

import pytest

from hansa.adapters.sandbox import ProcessSandbox, Tier
from hansa.kernel.jobs import SelfTest
from tests.sandbox.host import ALL, Host


@cache
def self_test(tier: Tier) -> SelfTest:
    """Runs a tier's self-test once per session."""
    return asyncio.run(ProcessSandbox(tier).self_test())


@pytest.fixture(params=ALL, ids=lambda tier: tier.name)
def tier(request: pytest.FixtureRequest) -> Tier:
    """Gives each tier that this machine has."""
    found: Tier = request.param
    result = self_test(found)
    if not result.ok:
        pytest.skip(f"{found.name}: {'; '.join(result.failures)}")
    return found


@pytest.fixture
def sandbox(tier: Tier) -> ProcessSandbox:
    """Gives the tier's sandbox."""
    return ProcessSandbox(tier)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Gives a host with something to lose."""
    # Not below pytest's own folder, which only its owner may enter: that alone would stop the code.
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="host-") as folder:
        found = Host(Path(folder))
        yield found
        found.close()
