"""`hansa doctor`: looks at everything that a node needs, says what is wrong and what to do, and changes nothing.

It works beside a running node as well as without one: it reads files, opens the store read-only, asks addresses for a
sign of life, and has the sandbox try to break out of itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from hansa.entrypoints.config import Config, load
from hansa.entrypoints.doctor import confined, here, others
from hansa.entrypoints.doctor.check import OK, WARN, Check, failed
from hansa.entrypoints.problems import BadSettings
from hansa.kernel.errors import HansaError

__all__ = ["OK", "WARN", "Check", "examined"]


async def examined(home: Path) -> AsyncIterator[Check]:
    """Yields the result of every check, in order: what stands below comes first."""
    yield here.version()
    yield here.data_directory(home)
    yield here.key(home)
    tier = ""
    try:
        config = load(home)
    except BadSettings as error:
        for problem in error.problems:
            yield failed("settings", str(problem), "put it right there; hansa config check looks again")
        tier = next((one.what for one in error.problems if one.name == "sandbox_tier"), "")
        config = Config.model_construct()
    except HansaError as error:
        yield failed("settings", str(error))
        config = Config.model_construct()
    else:
        yield here.settings(home, config)
    yield here.disk(home)
    yield here.process(home)
    yield here.port(home, config)
    yield here.sqlite()
    yield here.store(home)
    yield here.clock(home)
    async for check in confined.sandbox(config, tier):
        yield check
    async for check in others.sources(home):
        yield check
    for check in await others.optional(home):
        yield check
