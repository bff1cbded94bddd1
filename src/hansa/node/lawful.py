"""Asking the constitution: what is about to be done here, put into plain facts, and what follows from a breach.

| what | where | a breach |
|---|---|---|
| publish | `publishing`: once every other gate is open | shuts the gate "constitution" |
| import | `rooms`: by what a message would change here, whichever room decided it | refuses the message |
| | `shelf`: a draft that is added, an operator's approval | refuses it |
| | `prover`: a proof that would bring a skill into use | the finding is kept, the skill is not in use |
| route | `rooms`: somebody's record that would go into the feed | refuses the message |
| vote, dispute | whoever carries an outcome out calls `check` with the act | raises Refused |

A message is judged by its effects, not by what it says: a room that had a message of somebody else's admit a skill, or
remove one of this node's own, is stopped here, whatever led it there. So a new kind of message needs no line here.

    lawful.check(core, Act(occasion=Occasion.DISPUTE, own=False, leads_to="removed", rests_on="operator", ...))

`own` is for what this node or its operator says; `rests_on` is "operator" also where a setting of hers says that she
follows that decision. Judging costs a few microseconds a message: what moves no skill is looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from hansa.admission.service import Admitted, Freshness, Via
from hansa.governance.act import ADMITTED, AUTHOR, OPERATOR, PROOF, Act, Occasion
from hansa.governance.constitution import Constitution
from hansa.identity import envelope
from hansa.identity.envelope import Signed
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE, ContentId
from hansa.kernel.verdict import Box, Reason
from hansa.node.core import KINDS, Core
from hansa.node.driver import Effects
from hansa.node.rows import Change, PutRecord, PutSkill, PutTombstone, SetSkillState, SkillRow, WithholdRecord
from hansa.skills.judge import Finding
from hansa.skills.messages import SKILL
from hansa.skills.model import MILLION, Origin, Outcome, Skill, SkillState
from hansa.skills.policy import Gate, Standing, wilson_lower_bound

_Told = tuple[str, str, bool, Via, bool]
"""Kind, author, whether that is this node, way, and whether it is addressed to one node: facts of any message."""

_RECORDS = (PutTombstone, WithholdRecord)
"""What leaves a signed record of why a skill is gone."""


def breach(core: Core, act: Act) -> str:
    """Returns what an article or a rule objects to; "" when the act is lawful."""
    return "; ".join(map(str, core.settings.constitution.judge(act)))


def check(core: Core, act: Act) -> None:
    """Lets a lawful act pass.

    Raises:
        Refused: UNCONSTITUTIONAL, naming each article or rule, and why.
    """
    _heed(breach(core, act))


def _heed(objection: str) -> None:
    if objection:
        raise Refused(Reason.UNCONSTITUTIONAL, objection)


# ---- messages


def check_message(core: Core, admitted: Admitted, effects: Effects) -> None:
    """Lets what a message leads to pass, if it is lawful to take it in and, where it goes into the feed, to pass it on.

    Raises:
        Refused: UNCONSTITUTIONAL.
    """
    message = admitted.message
    header = message.header
    if KINDS[header.kind] is Freshness.LIVE:
        return  # a question that is answered, and no trace
    routed, on_record = False, False
    moves: dict[ContentId, SkillState] = {}
    for change in effects.changes:
        if isinstance(change, PutRecord):
            routed = routed or change.in_feed
        elif isinstance(change, SetSkillState):
            moves[change.skill] = change.state
        elif isinstance(change, PutSkill):
            moves[change.row.id] = change.row.state
        elif isinstance(change, _RECORDS):
            on_record = True
            if isinstance(change, PutTombstone):
                moves[change.row.skill] = SkillState.REMOVED
    own, addressed = header.author == core.me, header.recipient != EVERYONE
    told = (header.kind, header.author, own, admitted.via, addressed)
    if header.kind != SKILL and not moves:
        _heed(_to_a_word(core.settings.constitution, told, routed))
        return
    facts = _of_message(told)
    facts["on_record"] = on_record
    if header.kind == SKILL:
        facts.update(_content(core, cast("dict[str, Any]", message.body["skill"])))  # its room has read it
    for skill, state in moves.items():
        check(core, Act(occasion=Occasion.IMPORT, **facts, **_move(core, header.author, skill, state)))
    if not moves:
        check(core, Act(occasion=Occasion.IMPORT, **facts))
    if routed:
        refused = header.kind == SKILL and not moves and _is_refused(core, effects)
        check(core, Act(occasion=Occasion.ROUTE, refused_here=refused, **facts))


def _of_message(told: _Told) -> dict[str, Any]:
    """Returns the facts of any message; that it is signed is known: there is no other way to a `Verified`."""
    kind, author, own, via, addressed = told
    return {
        "kind": kind,
        "author": author,
        "own": own,
        "via": via.value,
        "addressed": addressed,
        "signed": True,
        "verified": True,
    }


@lru_cache(maxsize=4_096)  # most of what comes in are findings and receipts: the same few facts for all of an author's
def _to_a_word(constitution: Constitution, told: _Told, routed: bool) -> str:
    """Returns what objects to a message that moves no skill and brings none."""
    facts = _of_message(told)
    occasions = (Occasion.IMPORT, Occasion.ROUTE) if routed else (Occasion.IMPORT,)
    found = (one for occasion in occasions for one in constitution.judge(Act(occasion=occasion, **facts)))
    return "; ".join(map(str, found))


def _move(core: Core, author: str, skill: ContentId, state: SkillState) -> dict[str, Any]:
    """Returns the facts of a skill's move by somebody's message."""
    if state is SkillState.QUARANTINED:  # where everything begins, and whose it is makes no difference
        return {"leads_to": state.value}
    row = core.store.skill(skill)
    stands_by = any(one.author == author for one in core.store.records_about(skill, SKILL))
    own = row is not None and row.origin is Origin.OWN
    return {"leads_to": state.value, "own_skill": own, "rests_on": AUTHOR if stands_by else ""}


def _content(core: Core, skill: dict[str, Any]) -> dict[str, Any]:
    """Returns the facts of a skill as it stands in a message."""
    result = skill["result"]
    return {
        "checks": len(skill.get("checks", ())),
        "license": skill.get("license", ""),
        "media_type": result["media_type"],
        "tags": tuple(skill.get("tags", ())),
        **_parents(core, skill.get("lineage", ())),
    }


def _parents(core: Core, lineage: Sequence[str]) -> dict[str, int]:
    """Returns the facts of a lineage; that it is no circle, and not too deep, its room has seen (`skills.lineage`)."""
    if not lineage:
        return {}
    states = [core.store.skill_state(ContentId(one)) for one in lineage]
    return {
        "lineage_sound": len(dict.fromkeys(lineage)) == len(lineage) <= core.settings.skills.max_parents,
        "parents": len(states),
        "parents_missing": states.count(None),
        "parents_removed": states.count(SkillState.REMOVED),
    }


def _is_refused(core: Core, effects: Effects) -> bool:
    """Says whether the skill that a message passes on once more is one that this node has refused."""
    record = next(one.row for one in effects.changes if isinstance(one, PutRecord))
    return core.store.skill_state(ContentId(record.subject)) is SkillState.REFUSED


# ---- this node's own doing


def _of_skill(core: Core, skill: Skill) -> dict[str, Any]:
    return {
        "checks": len(skill.checks),
        "license": skill.license,
        "media_type": skill.result.media_type,
        "tags": skill.tags,
        **_parents(core, skill.lineage),
    }


def check_draft(core: Core, skill: Skill) -> None:
    """Lets a skill of this node's own in.

    Raises:
        Refused: UNCONSTITUTIONAL.
    """
    facts = _of_skill(core, skill)
    check(core, Act(occasion=Occasion.IMPORT, author=core.me, via=Via.LOCAL.value,
                    leads_to=SkillState.QUARANTINED.value, **facts))  # fmt: skip


def check_approval(core: Core, row: SkillRow, skill: Skill) -> None:
    """Lets the operator bring a skill into use.

    Raises:
        Refused: UNCONSTITUTIONAL: an added rule objects; the articles leave it to the operator.
    """
    check(core, Act(occasion=Occasion.IMPORT, author=row.author, own_skill=row.origin is Origin.OWN,
                    leads_to=ADMITTED, rests_on=OPERATOR, **_of_skill(core, skill)))  # fmt: skip


def of_proof(core: Core, row: SkillRow, skill: Skill, finding: Finding) -> str:
    """Returns what objects to bringing a skill into use on this node's finding; "" for nothing."""
    score = finding.passed * MILLION // finding.total if finding.total else 0
    confidence = wilson_lower_bound(finding.successes, finding.trials)
    act = Act(
        occasion=Occasion.IMPORT,
        author=row.author,
        own_skill=row.origin is Origin.OWN,
        leads_to=ADMITTED,
        rests_on=PROOF,
        computed=True,
        outcome=finding.outcome.value,
        verification_score=score,
        confidence=int(confidence * MILLION),
        trials=finding.trials,
        **_of_skill(core, skill),
    )
    return breach(core, act)


def gate(core: Core, skill: Skill, numbers: Standing, sealed: Signed) -> Gate:
    """Returns the gate that the constitution is for a skill that this node has signed and is about to pass on."""
    act = Act(
        occasion=Occasion.PUBLISH,
        author=core.me,
        **_signature(core, sealed),
        computed=numbers.trials > 0,
        outcome="" if numbers.outcome is Outcome.INCONCLUSIVE else numbers.outcome.value,
        verification_score=int(numbers.verification_score * MILLION),
        confidence=int(numbers.confidence * MILLION),
        trials=numbers.trials,
        **_of_skill(core, skill),
    )
    objection = breach(core, act)
    constitution = core.settings.constitution
    rules = f", {len(constitution.rules)} rules" if constitution.rules else ""
    asked = f"the five articles{rules} of {constitution.digest[:12]}"
    return Gate("constitution", asked, objection or "kept", Reason.UNCONSTITUTIONAL if objection else None)


def _signature(core: Core, sealed: Signed) -> dict[str, Any]:
    """Returns the facts of a signature: whether whoever gets the message would take it for this node's."""
    try:
        return {"signed": True, "verified": envelope.verify(sealed, core.ring).author == core.me}
    except Refused as refusal:
        return {"signed": refusal.reason is not Reason.UNSIGNED, "verified": False}


def note(core: Core, skill: ContentId, box: Box, objection: str) -> Change:
    """Returns the journal's line on what the constitution objected to."""
    reason = Reason.UNCONSTITUTIONAL
    return core.driver.note(skill, box, reason.verdict, reason, objection)
