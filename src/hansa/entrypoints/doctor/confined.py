"""Checks of the sandbox: every tier that this system could have tries to break out of itself."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import SEATBELT, TIERS
from hansa.entrypoints.config import Config
from hansa.entrypoints.doctor.check import Check, doubtful, failed, good


async def sandbox(config: Config, wrong: str = "") -> AsyncIterator[Check]:
    """Yields a check for each tier, then one for what follows: which is used, or that nothing is run.

    Args:
        wrong: why the setting names none; "" when it makes sense.
    """
    mac = sys.platform == "darwin"
    known = {one.name: one for one in TIERS}
    if wrong:
        yield failed("sandbox", f"sandbox_tier: {wrong}", "name one of them, or leave the setting empty")
        return
    possible = [one for one in TIERS if (one is SEATBELT) == mac]
    wanted = [known[config.sandbox_tier]] if config.sandbox_tier else possible
    used = None
    advice: list[str] = []
    for tier in wanted:
        result = await ProcessSandbox(tier).self_test()
        if result.ok:
            used = used or tier
            yield good(f"sandbox {tier.name}", f"holds ({', '.join(result.layers)})")
        else:
            advice.append(result.advice)
            yield doubtful(f"sandbox {tier.name}", f"does not hold: {'; '.join(result.failures)}", result.advice)
    if used:
        yield good("sandbox", f"{used.name} is used: the strongest that holds")
    elif config.role == "hub":
        yield good("sandbox", "none holds, and a hub needs none")
    else:
        yield failed("sandbox", "none holds, so nothing is proved or run", " Or: ".join(dict.fromkeys(advice)))
