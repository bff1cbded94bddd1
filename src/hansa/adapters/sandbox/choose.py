"""Picks the sandbox: the strongest tier that withstands its own self-test on this host."""

from __future__ import annotations

from collections.abc import Sequence

from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import TIERS, Tier


async def choose(tiers: Sequence[Tier] = TIERS, keep: int = 0) -> ProcessSandbox:
    """Returns the first of `tiers` that passes its self-test.

    Args:
        tiers: the ones to try.
        keep: how many workers it may keep between jobs; the self-test runs in the same way.

    Raises:
        SandboxUnavailable: none does; the message says why for each, the advice what to do.
    """
    reasons: list[str] = []
    advice: list[str] = []
    for tier in tiers:
        sandbox = ProcessSandbox(tier, keep)
        result = await sandbox.self_test()
        if result.ok:
            return sandbox
        await sandbox.close()
        reasons.append(f"{tier.name}: {'; '.join(result.failures)}")
        advice.append(result.advice)
    raise SandboxUnavailable("no sandbox holds on this host. " + " | ".join(reasons), " Or: ".join(advice))
