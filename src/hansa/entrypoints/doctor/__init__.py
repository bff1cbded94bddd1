"""`hansa doctor`: looks at everything that a node needs, says what is wrong and what to do, and changes nothing.

It works beside a running node as well as without one: it reads files, opens the store read-only, asks addresses for a
sign of life, and has the sandbox try to break out of itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from hansa.entrypoints.config import Config, load
from hansa.entrypoints.doctor import confined, here, others
from hansa.entrypoints.doctor.check import FAIL, OK, WARN, Check, failed
from hansa.entrypoints.problems import BadSettings
from hansa.kernel.errors import HansaError

__all__ = ["OK", "WARN", "Check", "examined"]


async def examined(home: Path) -> AsyncIterator[Check]:
    """Yields the result of every check, in order: what stands below comes first.

    Where there is no node yet, that is said once; what a node would have there is not looked for.
    """
    yield here.version()
    missing = here.no_node(home)
    if missing:
        yield missing
    else:
        yield here.data_directory(home)
        yield here.key(home)
    config, tier, told = _settings(home, missing is not None)
    for check in told:
        yield check
    if not missing:
        yield here.constitution(home)
        yield here.disk(home)
        yield here.process(home)
    yield here.port(home, config)
    yield here.sqlite()
    if not missing:
        yield here.store(home)
    yield here.clock(home)
    async for check in confined.sandbox(config, tier):
        yield check
    if missing:
        return
    async for check in others.sources(home):
        yield check
    if any(check.state == FAIL for check in told):
        return  # the optional parts read the same settings
    for check in await others.optional(home):
        yield check


def _settings(home: Path, said: bool) -> tuple[Config, str, list[Check]]:
    """Returns the settings, what is wrong with the sandbox's tier ("" when nothing), and the checks.

    Args:
        said: why nothing can be read in the directory was said already.
    """
    try:
        config = load(home)
    except BadSettings as error:
        advice = "put it right there; hansa config check looks again"
        tier = next((one.what for one in error.problems if one.name == "sandbox_tier"), "")
        return Config.model_construct(), tier, [failed("settings", str(one), advice) for one in error.problems]
    except HansaError as error:
        return Config.model_construct(), "", [] if said else [failed("settings", str(error))]
    return config, "", [here.settings(home, config)]
