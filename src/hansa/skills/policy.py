"""The numbers of this room: confidence, verification score, the gates of H3, the evidence levels of H4.

>>> round(wilson_lower_bound(35, 35), 3)
0.901
>>> wilson_lower_bound(0, 0)
0.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from hansa.kernel.verdict import BY_CODE, Reason
from hansa.skills.licenses import allows_sharing
from hansa.skills.model import Evidence, Level, Outcome, Skill
from hansa.skills.secrets_scan import find_secrets

Z_95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Params:
    """How much proof is enough.

    Attributes:
        min_confidence: publish gate of H3; the lower Wilson bound must exceed it. With z = 1.96 that needs 35 good
            trials of 35, so raising it makes every author prove longer. Below 0.9 it opens nothing: article 4 of the
            constitution asks for that.
        min_verification_score: publish gate of H3: passed checks / checks. Below 0.95 it opens nothing (article 4).
        prove_trials: trials of a proof of one's own skill; the smallest number that can pass `min_confidence`.
        import_trials: trials of a re-proof of somebody else's skill. A lie fails every one of them; raising it finds
            flakier skills and costs more time per import.
        refute_trials: a claimed pass counts as a lie when this many trials in a row all fail.
        witnesses: k of E3: other nodes whose passing evidence is needed.
        max_parents, max_depth: bounds on lineage (H6).
    """

    min_confidence: float = 0.9
    min_verification_score: float = 0.95
    prove_trials: int = 35
    import_trials: int = 5
    refute_trials: int = 3
    witnesses: int = 2
    max_parents: int = 32
    max_depth: int = 64

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("min_confidence", "min_verification_score"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1")
        for name in ("prove_trials", "import_trials", "refute_trials", "witnesses", "max_parents", "max_depth"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


def wilson_lower_bound(successes: int, trials: int, z: float = Z_95) -> float:
    """Returns the lower end of the Wilson score interval for a success rate (Wilson 1927, JASA 22:209).

    Args:
        successes: k, 0 <= k <= n.
        trials: n; 0 gives 0.0, for nothing is known.
        z: standard normal quantile.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return 0.0
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    spread = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return max(0.0, (centre - spread) / (1 + z * z / trials))


@dataclass(frozen=True, slots=True)
class Standing:
    """The computed numbers of a skill under one harness: never taken from a sender."""

    harness: str
    trials: int = 0
    successes: int = 0
    verification_score: float = 0.0
    confidence: float = 0.0
    outcome: Outcome = Outcome.INCONCLUSIVE
    reason: str = ""


def standing(evidence: Iterable[Evidence], prover: str) -> Standing:
    """Returns the numbers of `prover`'s own latest evidence that decided something; zeros where there is none.

    Evidence is per (skill, harness); the latest decided run counts, for a skill that fails today is not saved by
    having passed before.
    """
    own = [one for one in evidence if one.prover == prover and one.outcome is not Outcome.INCONCLUSIVE]
    if not own:
        return Standing("")
    last = max(own, key=lambda one: one.at)
    score = last.passed / last.total if last.total else 0.0
    confidence = wilson_lower_bound(last.successes, last.trials)
    return Standing(last.harness, last.trials, last.successes, score, confidence, last.outcome, last.reason)


def level(evidence: Sequence[Evidence], prover: str, signed: bool, witnesses: int) -> Level:
    """Returns the evidence level of a skill (H4) as seen by `prover`.

    E2 rests on one's own latest run alone. E3 and E4 add to it and gate nothing: other provers are only as
    independent as their owners are.
    """
    own = [one for one in evidence if one.prover == prover and one.outcome is not Outcome.INCONCLUSIVE]
    if not own or max(own, key=lambda one: one.at).outcome is not Outcome.PASS:
        return Level.E1 if signed else Level.E0
    if sum(_holds(own, lambda one: one.harness)) > 1:
        return Level.E4
    others = [one for one in evidence if one.prover != prover and one.outcome is not Outcome.INCONCLUSIVE]
    return Level.E3 if sum(_holds(others, lambda one: one.prover)) >= witnesses else Level.E2


def corroborations(evidence: Sequence[Evidence], author: str) -> int:
    """Returns how many provers other than a skill's author saw it pass when they last looked."""
    return sum(_holds([one for one in evidence if one.prover != author and _decided(one)], lambda one: one.prover))


def _decided(one: Evidence) -> bool:
    return one.outcome is not Outcome.INCONCLUSIVE


def _holds(evidence: Iterable[Evidence], key: Callable[[Evidence], str]) -> list[bool]:
    """Returns, for each group of findings, whether its latest is a pass: no pass outlives a failure."""
    latest: dict[str, Evidence] = {}
    for one in evidence:
        before = latest.get(key(one))
        if before is None or one.at >= before.at:
            latest[key(one)] = one
    return [one.outcome is Outcome.PASS for one in latest.values()]


@dataclass(frozen=True, slots=True)
class Gate:
    """One publish gate: what is asked, what was found, whether that is enough."""

    name: str
    asked: str
    found: str
    reason: Reason | None


def publish_gates(skill: Skill, numbers: Standing, params: Params) -> tuple[Gate, ...]:
    """Returns every gate of H3 (and the secret scan and licence check) with its finding; all must have no reason."""
    secrets = find_secrets(skill)
    return (
        Gate(
            "reasoning path",
            "not empty",
            f"{len(skill.reasoning_path)} steps",
            None if skill.reasoning_path else Reason.NO_REASONING,
        ),
        Gate("checks", "at least one", _count(skill), None if skill.checks else Reason.NO_CHECKS),
        Gate(
            "last proof",
            "not failed",
            f"{numbers.outcome} {numbers.reason}".strip(),
            BY_CODE.get(numbers.reason, Reason.LOW_SCORE) if numbers.outcome is Outcome.FAIL else None,
        ),
        Gate(
            "verification score",
            f">= {params.min_verification_score}",
            f"{numbers.verification_score:.3f}",
            None if numbers.verification_score >= params.min_verification_score else Reason.LOW_SCORE,
        ),
        Gate(
            "confidence",
            f"> {params.min_confidence}",
            f"{numbers.confidence:.3f} ({numbers.successes} of {numbers.trials} trials)",
            None if numbers.confidence > params.min_confidence else Reason.LOW_CONFIDENCE,
        ),
        Gate("secrets", "none", ", ".join(secrets) or "none", Reason.SECRET if secrets else None),
        Gate(
            "licence",
            "allows sharing",
            skill.license or "none",
            None if allows_sharing(skill.license) else Reason.NO_LICENSE,
        ),
    )


def _count(skill: Skill) -> str:
    return f"{len(skill.cases)} cases, {len(skill.scripts)} scripts"
