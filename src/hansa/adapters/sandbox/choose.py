"""Picks the sandbox: the strongest tier that withstands its own self-test on this host."""

from __future__ import annotations

from collections.abc import Sequence

from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import TIERS, Tier


async def choose(tiers: Sequence[Tier] = TIERS) -> ProcessSandbox:
    """Returns the first of `tiers` that passes its self-test.

    Raises:
        SandboxUnavailable: none does; the message says why for each, the advice what to do.
    """
    reasons: list[str] = []
    advice: list[str] = []
    for tier in tiers:
        sandbox = ProcessSandbox(tier)
        result = await sandbox.self_test()
        if result.ok:
            return sandbox
        reasons.append(f"{tier.name}: {'; '.join(result.failures)}")
        advice.append(result.advice)
    raise SandboxUnavailable("no sandbox holds on this host. " + " | ".join(reasons), " Or: ".join(advice))
