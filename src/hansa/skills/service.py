"""The life of a skill on this node: a table, and what receiving or proving one comes to.

    quarantined ──proved/approved──▶ admitted ──failed/rejected──▶ refused
         │ └──failed/rejected──▶ refused ──proved/approved──▶ admitted
         └────────────── removed (from any state) ──────────────────────────────▶ removed ──returned──▶ quarantined
    admitted ──unproved──▶ quarantined
    quarantined, admitted, refused ──held──▶ quarantined

A skill is removed when everybody who passed it on has taken it back, or when this node's operator removes it. Only
another author who stands up for the same content leads back, and nothing at all does after the operator's removal.
When the key of everybody who passed it on was revoked before they did, that is the same: nobody stands behind it.
What the operator refused stays so, whatever is proved of it, until the operator approves it.
It is unproved when this node's own findings were signed by a key that it revoked: without a proof it is not used.

A *recall* warns: whoever first brought the skill here, or this node's operator, says that it is to go, with all that
others made of it. Then nobody's standing up leads back, and each skill that comes from it is held: it lies in
quarantine, and no proof leads out of there, only the operator's approval. A recall by somebody who merely passed on the
same content is a taking back, and no more (threat 19).

Functions here take what is known and return what follows; keeping and sending is the driver's.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.lifecycle import moved
from hansa.kernel.verdict import Reason
from hansa.skills.importing.paths import check_bundle_paths
from hansa.skills.judge import Finding
from hansa.skills.lineage import NO_ANCESTORS, Ancestry, Parents, ancestry
from hansa.skills.model import Claim, Outcome, Skill, SkillState
from hansa.skills.policy import Params


class Trigger(StrEnum):
    """What moves a skill."""

    PROVED = "proved"
    FAILED = "failed"
    APPROVED = "approved"
    REJECTED = "rejected"
    REMOVED = "removed"
    RETURNED = "returned"
    UNPROVED = "unproved"
    HELD = "held"


_Q, _A, _R, _X = SkillState.QUARANTINED, SkillState.ADMITTED, SkillState.REFUSED, SkillState.REMOVED

TRANSITIONS: dict[tuple[SkillState, Trigger], SkillState] = {
    (_Q, Trigger.PROVED): _A,
    (_Q, Trigger.APPROVED): _A,
    (_Q, Trigger.FAILED): _R,
    (_Q, Trigger.REJECTED): _R,
    (_Q, Trigger.REMOVED): _X,
    (_A, Trigger.PROVED): _A,
    (_A, Trigger.FAILED): _R,
    (_A, Trigger.REJECTED): _R,
    (_A, Trigger.REMOVED): _X,
    (_A, Trigger.UNPROVED): _Q,
    (_Q, Trigger.HELD): _Q,
    (_A, Trigger.HELD): _Q,
    (_R, Trigger.HELD): _Q,
    (_R, Trigger.PROVED): _A,
    (_R, Trigger.APPROVED): _A,
    (_R, Trigger.FAILED): _R,
    (_R, Trigger.REMOVED): _X,
    (_X, Trigger.RETURNED): _Q,
}
"""Every legal move; all others are refused and change nothing."""


def move(state: SkillState, trigger: Trigger) -> SkillState:
    """Returns the state after `trigger`.

    Raises:
        UsageError: the move is not in the table.
    """
    return moved(TRANSITIONS, state, trigger, "a skill that is {state} can't be {trigger}")


class Known(msgspec.Struct, frozen=True):
    """What the node knows of a skill before a message about it is looked at.

    Attributes:
        tombstoned: this node's operator removed it: it is gone for good here.
        own: it is this node's own, and no peer can take it away.
        withdrawn_by: authors that took it back.
        published_by: authors whose skill message is held.
        origin: who first brought it here; "" when nobody did.
        recalled: its origin has recalled it, and this node's operator has not said otherwise.
    """

    tombstoned: bool = False
    own: bool = False
    withdrawn_by: frozenset[str] = frozenset()
    published_by: frozenset[str] = frozenset()
    origin: str = ""
    recalled: bool = False


def receive(skill: Skill, author: str, known: Known, parents: Parents, params: Params) -> Ancestry:
    """Decides whether a skill message may enter quarantine.

    Checks, in order: 1 not tombstoned or recalled, not withdrawn by this author · 2 not passed on by this author
    before · 3 bundle paths · 4 lineage.

    Raises:
        Refused: TOMBSTONED, DUPLICATE, BAD_BODY or BAD_LINEAGE.
    """
    if known.tombstoned or known.recalled or author in known.withdrawn_by:  # 1
        raise Refused(Reason.TOMBSTONED)
    if author in known.published_by:  # 2
        raise Refused(Reason.DUPLICATE, "this author has passed this skill on before")
    bad = check_bundle_paths(file.path for file in skill.result.files)  # 3
    if bad:
        raise Refused(Reason.BAD_BODY, f"bundle path {bad[0]}: {bad[1]}")
    if not skill.lineage:
        return NO_ANCESTORS
    lineage = tuple(ContentId(one) for one in skill.lineage)
    return ancestry(skill.id, lineage, parents, params.max_parents, params.max_depth)  # 4


def may_recall(author: str, known: Known) -> bool:
    """Says whether a recall by `author` binds here: it first brought the skill, which is not this node's own."""
    return author == known.origin and not known.own


def after_tombstone(author: str, known: Known, recall: bool = False) -> bool:
    """Says whether a tombstone by `author` takes the skill away: when nobody else stands by it, this node included.

    A recall that binds takes it away in any case, also after its author had taken it back.

    Raises:
        Refused: NOT_AUTHOR, when `author` never passed it on; DUPLICATE, when it was taken back before.
    """
    binds = recall and may_recall(author, known)
    if author in known.withdrawn_by and not (binds and not known.recalled):
        raise Refused(Reason.DUPLICATE)
    if author not in known.published_by:
        raise Refused(Reason.NOT_AUTHOR)
    return binds or (not known.own and known.published_by <= known.withdrawn_by | {author})


def refused_by_operator(state: SkillState, reason: str) -> bool:
    """Says whether a skill is refused on a person's word, which no proof overrules."""
    return state is SkillState.REFUSED and reason == Reason.OPERATOR.code


_HELD = (Reason.ANCESTOR_RECALLED.code, Reason.ALERTED.code)


def is_held(state: SkillState, reason: str) -> bool:
    """Says whether a skill is held since one that it comes from was recalled, or since others warn of it.

    No proof changes that.
    """
    return state is SkillState.QUARANTINED and reason in _HELD


def is_settled(state: SkillState, reason: str) -> bool:
    """Says whether no finding changes where a skill stands: a person refused it, or a person is to look at it."""
    return refused_by_operator(state, reason) or is_held(state, reason)


def after_proof(state: SkillState, finding: Finding, reason: str = "") -> SkillState:
    """Returns the state after a finding; an inconclusive one changes nothing, and none does what is settled.

    Args:
        reason: code of why it is refused or held now, if it is.
    """
    if finding.outcome is Outcome.INCONCLUSIVE or is_settled(state, reason):
        return state
    return move(state, Trigger.PROVED if finding.outcome is Outcome.PASS else Trigger.FAILED)


def not_admitted(state: SkillState) -> SkillState:
    """Returns where a skill is when it may not be in use, whatever was proved of it: where it was, or in quarantine."""
    return move(state, Trigger.UNPROVED) if state is SkillState.ADMITTED else state


_LIES_ANYWHERE = frozenset({Reason.SANDBOX_FILE, Reason.SANDBOX_NETWORK, Reason.SANDBOX_PROCESS, Reason.VACUOUS})


def is_lie(claim: Claim, finding: Finding, harness: str, params: Params) -> bool:
    """Says whether a finding proves a claim false: a claimed pass, and a failure that does not depend on the machine.

    Reaching for files or sockets and checks that can't fail are lies on any harness. A plain failure is one only on
    the harness that the claim names, and only when `refute_trials` trials in a row failed.
    """
    claims_something = claim.verification_score or claim.confidence or claim.trials
    if not claims_something or finding.reason is None:
        return False
    if finding.reason in _LIES_ANYWHERE:
        return True
    reproducible = finding.successes == 0 and finding.trials >= params.refute_trials
    return finding.reason is Reason.REFUTED and reproducible and claim.harness == harness
