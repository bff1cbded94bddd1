"""Makes the chain of language models that the settings name, and the client that calls them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2

from hansa.adapters.llm.budget import Budget
from hansa.adapters.llm.chain import Chain
from hansa.adapters.llm.endpoint import Endpoint
from hansa.entrypoints.config import Config, llm_keys
from hansa.entrypoints.home import SPENT
from hansa.node.ports import Clock


@contextlib.asynccontextmanager
async def models(home: Path, config: Config, clock: Clock) -> AsyncIterator[Chain | None]:
    """Gives the chain; None when the settings name no model. Nobody is called before the first question."""
    if not config.llm:
        yield None
        return
    async with httpx2.AsyncClient(follow_redirects=False, trust_env=False) as client:
        keys = llm_keys(config.llm)
        endpoints = [Endpoint(route, keys[route.name], client) for route in config.llm]
        yield Chain(endpoints, Budget(home / SPENT, clock), clock)
