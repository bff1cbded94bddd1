"""What the constitution judges: one act, about to be done, and the plain facts of it.

The room knows neither skills nor messages: whoever is about to do something says what it is, in these words, and asks
before it is done. A fact that does not concern an act stays at its default, which is what no article objects to, except
where an article asks for something (a proof, a signature): there nothing is taken for granted.

>>> Act(occasion=Occasion.IMPORT, own=False, leads_to="quarantined").rests_on
''
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

MILLION = 1_000_000
"""Fractions are integers of a millionth, as on the wire."""


class Occasion(StrEnum):
    """When the constitution is asked."""

    PUBLISH = "publish"  # this node signs a trace and passes it on
    IMPORT = "import"  # something is taken in, or what is here comes into use or leaves it
    ROUTE = "route"  # somebody's record goes into this node's feed
    VOTE = "vote"  # a decision of several nodes is carried out here
    DISPUTE = "dispute"  # the outcome of a dispute is carried out here


QUARANTINED, ADMITTED, REMOVED = "quarantined", "admitted", "removed"
PROOF, OPERATOR, AUTHOR = "proof", "operator", "author"
SKILL, PASS = "skill", "pass"


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act and its facts; `FACTS` says what each means.

    Verification score and confidence are in millionths.
    """

    occasion: Occasion
    kind: str = SKILL
    author: str = ""
    own: bool = True
    own_skill: bool = False
    via: str = "local"
    addressed: bool = False
    signed: bool = False
    verified: bool = False
    leads_to: str = ""
    rests_on: str = ""
    on_record: bool = True
    refused_here: bool = False
    checks: int = 0
    computed: bool = False
    outcome: str = ""
    verification_score: int = 0
    confidence: int = 0
    trials: int = 0
    parents: int = 0
    parents_missing: int = 0
    parents_removed: int = 0
    lineage_sound: bool = True
    license: str = ""
    media_type: str = ""
    tags: tuple[str, ...] = ()


class Sort(StrEnum):
    """What values a fact has, and so what can be asked of it."""

    WORD = "word"
    FLAG = "true or false"
    NUMBER = "whole number"
    FRACTION = "fraction, 0 to 1"
    WORDS = "list of words"


FACTS: dict[str, tuple[Sort, str]] = {
    "occasion": (Sort.WORD, "publish, import, route, vote or dispute"),
    "kind": (Sort.WORD, "kind of the record: skill, evidence, receipt, tombstone and so on"),
    "author": (Sort.WORD, "id of the node whose word it is"),
    "own": (Sort.FLAG, "it is this node's own word, or its operator's"),
    "own_skill": (Sort.FLAG, "the skill that would be settled or removed is this node's own"),
    "via": (Sort.WORD, "http (pushed), feed (pulled), file or local"),
    "addressed": (Sort.FLAG, "the record is meant for one node alone"),
    "signed": (Sort.FLAG, "the record has a signature"),
    "verified": (Sort.FLAG, "the signature was checked, and is by a key of the author it names"),
    "leads_to": (Sort.WORD, "state of the skill after it: quarantined, admitted, refused, removed; empty: as before"),
    "rests_on": (Sort.WORD, "what that state rests on: proof (made here), operator, author; empty: somebody's word"),
    "on_record": (Sort.FLAG, "a removal leaves a signed record that says who took it back"),
    "refused_here": (Sort.FLAG, "this node has refused the skill, by a finding or by its operator's word"),
    "checks": (Sort.NUMBER, "checks that the skill brings"),
    "computed": (Sort.FLAG, "outcome and numbers are from this node's own findings, not claimed by a sender"),
    "outcome": (Sort.WORD, "this node's last finding: pass, fail, or empty"),
    "verification_score": (Sort.FRACTION, "passed checks of all, computed here"),
    "confidence": (Sort.FRACTION, "lower Wilson bound of the success rate, computed here"),
    "trials": (Sort.NUMBER, "trials behind these numbers"),
    "parents": (Sort.NUMBER, "skills that it says it was made from"),
    "parents_missing": (Sort.NUMBER, "parents that this node does not hold"),
    "parents_removed": (Sort.NUMBER, "parents that were taken back or removed here"),
    "lineage_sound": (Sort.FLAG, "the lineage has no cycle and is within its bounds"),
    "license": (Sort.WORD, "SPDX identifier; empty: none"),
    "media_type": (Sort.WORD, "of the result: text/x-python, text/markdown and so on"),
    "tags": (Sort.WORDS, "of the skill"),
}
"""Every fact: what values it has, and what it means. Rules that a node adds speak in these words."""


def told(act: Act) -> dict[str, object]:
    """Returns an act as plain data: its occasion, and the facts that are not at their default."""
    plain: dict[str, object] = {"occasion": act.occasion.value}
    bare = Act(occasion=act.occasion)
    for name in FACTS:
        value = getattr(act, name)
        if name != "occasion" and value != getattr(bare, name):
            plain[name] = list(value) if isinstance(value, tuple) else value
    return plain
