"""The five predicates: what each article comes to for one act. Each returns "" for pass, or why not, and what to do.

They are pure, look at nothing but the act, and are cheap: every message that comes in is judged by them. Whoever
changes what one of them decides gives it a new version in `articles`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable

from hansa.governance.act import (
    ADMITTED,
    AUTHOR,
    MILLION,
    OPERATOR,
    PASS,
    PROOF,
    QUARANTINED,
    REMOVED,
    SKILL,
    Act,
    Occasion,
)

Predicate = Callable[[Act], str]

MIN_SCORE = 950_000
"""Millionths: what a published trace's verification score must reach (H3)."""

MIN_CONFIDENCE = 900_000
"""Millionths: what a published trace's confidence must exceed (H3)."""


def no_forced_acceptance(act: Act) -> str:
    """Article 1: a trace comes into use by a proof made here that passed, or by the operator; by nobody else's word."""
    if act.leads_to != ADMITTED or act.rests_on == OPERATOR:
        return ""
    if act.rests_on != PROOF:
        return "somebody else's word would bring it into use here: prove it, or approve it yourself"
    return "" if act.outcome == PASS else "it would come into use without a passing proof made here: prove it"


def verifiable_and_signed(act: Act) -> str:
    """Article 2: what others say is signed and verified, so is what leaves, and what is published can be proved.

    A draft of this node's own is signed when it leaves.
    """
    if not (act.own and act.occasion is Occasion.IMPORT):
        if not act.signed:
            return "it is not signed: have its author sign it"
        if not act.verified:
            return "its signature was not verified under its author's keys: verify it first"
    if act.occasion is Occasion.PUBLISH and act.kind == SKILL and not act.checks:
        return "it has no checks, so nobody can verify it: add checks, or hand it over by other means"
    return ""


def sovereignty(act: Act) -> str:
    """Article 3: nobody else publishes in this node's name, or shows, settles or removes what is in its keeping.

    What others say may take a skill out of use, into quarantine, where it waits for this node's own word.
    """
    if act.own:
        return ""
    if act.occasion is Occasion.PUBLISH:
        return "another node would publish in this one's name: its operator does that"
    if act.occasion is Occasion.ROUTE and act.addressed:
        return "it is addressed to one node, and is not for others: address it to everyone, or send it there"
    if not act.leads_to or act.rests_on == OPERATOR:
        return ""
    if act.own_skill and act.leads_to != QUARANTINED:
        return f"another node would have this node's own skill {act.leads_to}: only its operator may"
    if act.leads_to == REMOVED and act.rests_on != AUTHOR:
        return "a node that never passed it on would remove it here: its author or this node's operator may"
    return ""


def quality(act: Act) -> str:
    """Article 4: what leaves, and what comes into use by proof, holds by numbers that were computed here."""
    if act.kind != SKILL:
        return ""
    if act.occasion is Occasion.PUBLISH:
        return _measured(act) or _confident(act)
    if act.occasion is Occasion.ROUTE:
        return "this node has refused it: it is not passed on from here" if act.refused_here else ""
    return _measured(act) if act.leads_to == ADMITTED and act.rests_on == PROOF else ""


def _measured(act: Act) -> str:
    if not act.computed:
        return "its numbers were not computed here: prove it"
    if act.outcome != PASS:
        return "the last proof here did not pass: mend it and prove it again"
    if act.verification_score < MIN_SCORE:
        asked = f"verification score {_shown(act.verification_score)}, at least {_shown(MIN_SCORE)} is asked for"
        return f"{asked}: mend what fails and prove it again"
    return ""


def _confident(act: Act) -> str:
    if act.confidence <= MIN_CONFIDENCE:
        return f"confidence {_shown(act.confidence)}, more than {_shown(MIN_CONFIDENCE)} is asked for: prove it longer"
    return ""


def _shown(millionths: int) -> str:
    return f"{millionths / MILLION:.3f}"


def lineage(act: Act) -> str:
    """Article 5: where a trace comes from can be followed, and what is removed stays on record."""
    if not act.lineage_sound:
        return "its lineage has a cycle, or is too deep or too wide to be followed"
    if act.occasion is Occasion.PUBLISH and act.parents_missing:
        return (
            f"{act.parents_missing} of its {act.parents} parents are not held here, so nobody can follow its lineage:"
            " import them first"
        )
    if act.leads_to == REMOVED and not act.on_record:
        return "it would be gone without a record of who took it back: a signed tombstone must stay"
    return ""
