"""Checks of what lies elsewhere: sources that are pulled from, the clocks of others, optional parts of Hansa."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2

from hansa.adapters.clock import SystemClock
from hansa.adapters.lock import holder
from hansa.entrypoints.doctor.check import Check, doubtful, failed, good
from hansa.entrypoints.stores import looked_into
from hansa.kernel.errors import HansaError
from hansa.node.outbox import node_in

SECONDS = 4.0
MOST_ASKED = 50
SKEW_SECONDS, LIVE_SECONDS = 5, 300
"""Worth a look; refused by others (live messages are good for five minutes)."""

OPTIONAL = ("hansa.entrypoints.mcp",)
"""Parts that are extras, each with `async def self_test(home: Path) -> str`: it says what was seen, or raises a
HansaError, or an ImportError where the extra is not installed."""


async def sources(home: Path) -> AsyncIterator[Check]:
    """Asks every source for a sign of life, and compares clocks with it."""
    try:
        at = holder(home) if home.is_dir() else None
        with looked_into(home, at is not None) as store:
            urls = [one.url for one in store.subscriptions()]
            waiting = {one.url for one in store.outbox("pending") if node_in(one.url) is None} - set(urls)
    except HansaError:
        urls, waiting = [], set()  # said by the check of the store
    if not urls and not waiting:
        yield good("sources", "none: hansa subscribe URL adds one")
    async with httpx2.AsyncClient(timeout=SECONDS, trust_env=False) as client:
        for url in [*urls, *sorted(waiting)][:MOST_ASKED]:
            yield await _asked(client, url)


async def _asked(client: httpx2.AsyncClient, url: str) -> Check:
    name = f"source {url}"
    clock = SystemClock()
    before = clock.now()
    try:
        answer = await client.get(f"{url}/healthz")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return doubtful(name, f"no answer ({type(error).__name__})", "check the address and that the node is up")
    middle = (before + clock.now()) / 2
    try:
        theirs = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return doubtful(name, f"answers {answer.status_code}, and names no time", "is that a node?")
    skew = theirs + 0.5 - middle / 1000  # the header has whole seconds
    said = f"answers {answer.status_code}, its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > LIVE_SECONDS:
        return failed(name, said, "set one of the two clocks: greetings and indexes are refused")
    if abs(skew) > SKEW_SECONDS:
        return doubtful(name, said, "set one of the two clocks (beyond 300 s nothing works)")
    if answer.status_code != 200:
        return doubtful(name, said, "is that a node?")
    return good(name, said)


async def optional(home: Path) -> list[Check]:
    """Has every optional part that is installed test itself."""
    made = []
    for module in OPTIONAL:
        name = module.rpartition(".")[2]
        if importlib.util.find_spec(module) is None:
            continue
        try:
            made.append(good(name, await importlib.import_module(module).self_test(home)))
        except ImportError as error:
            made.append(doubtful(name, f"not installed ({error})", f"pip install 'hansa[{name}]' if you want it"))
        except HansaError as error:
            made.append(failed(name, str(error)))
    return made
