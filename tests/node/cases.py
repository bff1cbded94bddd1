"""Messages of disputes, as somebody else would sign them: enough to open a case over any skill, and to talk in it."""

from __future__ import annotations

from typing import Any

from hansa.governance import messages
from hansa.identity.envelope import Signed
from hansa.identity.keys import SigningKey
from hansa.skills.model import Skill
from tests.attacks.specimens import DIGEST
from tests.node.world import HARNESS, speak

FAILING = {"outcome": "fail", "trials": 3, "successes": 0, "passed": 0, "total": 6, "digest": DIGEST}


def accusation(
    opener: SigningKey,
    skill: Skill,
    claim: Signed,
    respondent: SigningKey,
    why: str = "it fails here",
    harness: str = HARNESS,
    **header: Any,
) -> list[Signed]:
    """Returns the finding and the opening of a case over a skill that `claim` passes on."""
    finding = {"skill": skill.id, "harness": harness, "sandbox": "table", "reason": "refuted", **FAILING}
    deed = speak(opener, "evidence", finding, **header)
    body = {"skill": skill.id, "record": claim.id, "respondent": respondent.public.did, "ground": "false_claim",
            "why": why, "records": [deed.id]}  # fmt: skip
    return [deed, speak(opener, messages.DISPUTE, body, **header)]


def talk(case: str, opener: SigningKey, respondent: SigningKey, why: str, **header: Any) -> list[Signed]:
    """Returns what parties and others may say in a case, with a text wherever there is room for one."""
    return [
        speak(respondent, messages.ANSWER, {"case": case, "why": why}, **header),
        speak(opener, messages.RULING, {"case": case, "ruled": "upheld", "basis": "own_finding", "why": why}, **header),
        speak(opener, messages.WITHDRAWAL, {"case": case, "why": why}, **header),
    ]
