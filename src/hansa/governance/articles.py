"""The five articles: text, when each is asked, its predicate with a version, and fixtures that show what it decides.

They are the same on every node and no setting drops one. A fixture is data: an act, and whether it is lawful. What the
fixtures say is part of the constitution's digest, as the text is.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.governance import predicates
from hansa.governance.act import Act, Occasion
from hansa.governance.predicates import Predicate
from hansa.kernel.canonical import Json

PUBLISH, IMPORT, ROUTE, VOTE, DISPUTE = Occasion


@dataclass(frozen=True, slots=True)
class Fixture:
    """An act, and whether it is lawful."""

    name: str
    act: Act
    lawful: bool


@dataclass(frozen=True, slots=True)
class Article:
    """One of the five.

    Attributes:
        occasions: when it is asked.
        predicate_id: name and version of what decides; another version is another constitution.
        constants: numbers that the predicate decides by, in millionths.
    """

    number: int
    title: str
    text: str
    occasions: tuple[Occasion, ...]
    predicate_id: str
    predicate: Predicate
    fixtures: tuple[Fixture, ...]
    constants: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> str:
        """How a refusal names it."""
        return f"article {self.number}, {self.title}"


def _good(name: str, occasion: Occasion, **facts: Json) -> Fixture:
    return Fixture(name, Act(occasion=occasion, **facts), True)  # type: ignore[arg-type]


def _bad(name: str, occasion: Occasion, **facts: Json) -> Fixture:
    return Fixture(name, Act(occasion=occasion, **facts), False)  # type: ignore[arg-type]


_SIGNED: dict[str, Json] = {"signed": True, "verified": True}
_PROVED: dict[str, Json] = {
    "computed": True, "outcome": "pass", "verification_score": 1_000_000, "confidence": 901_000, "trials": 35,
}  # fmt: skip

ARTICLES = (
    Article(
        1,
        "no forced acceptance",
        "No instance may force another to accept a trace. What comes from elsewhere comes into use by a proof made"
        " here, or by this node's operator.",
        (IMPORT, VOTE, DISPUTE),
        "no-forced-acceptance/1",
        predicates.no_forced_acceptance,
        (
            _good("a peer's skill goes to quarantine", IMPORT, own=False, leads_to="quarantined"),
            _good("it is proved here", IMPORT, leads_to="admitted", rests_on="proof", outcome="pass"),
            _good("the operator approves it", IMPORT, leads_to="admitted", rests_on="operator"),
            _bad("its author's word admits it", IMPORT, own=False, leads_to="admitted", rests_on="author"),
            _bad("its author says that it passes", IMPORT, own=False, leads_to="admitted", rests_on="author",
                 outcome="pass"),
            _bad("a message admits it", IMPORT, own=False, leads_to="admitted"),
            _bad("a proof that failed admits it", IMPORT, leads_to="admitted", rests_on="proof", outcome="fail"),
            _bad("a vote of others admits it", VOTE, own=False, leads_to="admitted"),
            _bad("the outcome of a dispute admits it", DISPUTE, own=False, leads_to="admitted"),
        ),
    ),
    Article(
        2,
        "verifiable and signed",
        "All traces are verifiable and signed. What others say is signed by a key of theirs, so is what leaves, and"
        " what a node publishes brings checks that anybody can run.",
        tuple(Occasion),
        "verifiable-and-signed/1",
        predicates.verifiable_and_signed,
        (
            _good("a signed skill with checks leaves", PUBLISH, checks=1, **_SIGNED),
            _good("a signed text without checks is taken in", IMPORT, own=False, **_SIGNED),
            _good("a draft is added", IMPORT),
            _good("a signed finding is passed on", ROUTE, own=False, kind="evidence", **_SIGNED),
            _bad("an unsigned skill leaves", PUBLISH, checks=1),
            _bad("a signature that nobody checked", IMPORT, own=False, signed=True),
            _bad("a skill without checks leaves", PUBLISH, **_SIGNED),
            _bad("an unsigned finding is passed on", ROUTE, own=False, kind="evidence"),
            _bad("an unsigned vote", VOTE, own=False, kind="vote"),
            _bad("an unsigned complaint", DISPUTE, own=False, kind="dispute"),
        ),
    ),
    Article(
        3,
        "sovereignty",
        "Every node is sovereign over its nexus. Nobody else publishes in its name, settles or removes what is its own,"
        " or removes what its author did not take back; what was sent to one node is not shown to others.",
        tuple(Occasion),
        "sovereignty/1",
        predicates.sovereignty,
        (
            _good("this node publishes", PUBLISH),
            _good("an author takes her skill back", IMPORT, own=False, leads_to="removed", rests_on="author"),
            _good("a warning puts an own skill back into quarantine", IMPORT, own=False, own_skill=True,
                  leads_to="quarantined"),
            _good("the operator removes", IMPORT, own_skill=True, leads_to="removed", rests_on="operator"),
            _good("a record for everyone is passed on", ROUTE, own=False),
            _good("the operator follows its outcome", DISPUTE, own=False, leads_to="removed", rests_on="operator"),
            _bad("another node publishes here", PUBLISH, own=False),
            _bad("another node removes an own skill", IMPORT, own=False, own_skill=True, leads_to="removed",
                 rests_on="author"),
            _bad("a stranger to a skill removes it", IMPORT, own=False, leads_to="removed"),
            _bad("a record for one node is passed on", ROUTE, own=False, addressed=True),
            _bad("a vote of others removes", VOTE, own=False, leads_to="removed"),
            _bad("a dispute removes an own skill", DISPUTE, own=False, own_skill=True, leads_to="removed"),
        ),
    ),
    Article(
        4,
        "quality",
        "Quality thresholds are maintained. What is published has a verification score of at least 0.95 and a"
        " confidence above 0.9, computed here; settings raise that and never lower it. What a node has refused it does"
        " not pass on.",
        (PUBLISH, IMPORT, ROUTE),
        "quality/1",
        predicates.quality,
        (
            _good("a proved skill is published", PUBLISH, **_PROVED),
            _good("a few good trials are enough for a peer's", IMPORT, leads_to="admitted", rests_on="proof",
                  computed=True, outcome="pass", verification_score=1_000_000, confidence=565_000, trials=5),
            _good("a hub passes on what it can't judge", ROUTE, own=False),
            _bad("claimed numbers", PUBLISH, **_PROVED | {"computed": False}),
            _bad("one trial", PUBLISH, **_PROVED | {"confidence": 206_000, "trials": 1}),
            _bad("checks that fail", PUBLISH, **_PROVED | {"verification_score": 949_999}),
            _bad("it stopped passing", PUBLISH, **_PROVED | {"outcome": "fail"}),
            _bad("what is refused here is passed on", ROUTE, own=False, refused_here=True),
            _bad("admitted by half of its checks", IMPORT, leads_to="admitted", rests_on="proof",
                 **_PROVED | {"verification_score": 500_000}),
        ),
        (("min_confidence", predicates.MIN_CONFIDENCE), ("min_verification_score", predicates.MIN_SCORE)),
    ),
    Article(
        5,
        "lineage",
        "Lineage is preserved and auditable. Who publishes a trace holds what it was made from, so that anybody can"
        " follow it; what is removed leaves a signed record.",
        tuple(Occasion),
        "lineage/1",
        predicates.lineage,
        (
            _good("made from what is here", PUBLISH, parents=2),
            _good("taken in before its parents", IMPORT, own=False, parents=2, parents_missing=1),
            _good("an author takes her skill back", IMPORT, own=False, leads_to="removed", rests_on="author"),
            _bad("made from what nobody can look at", PUBLISH, parents=2, parents_missing=1),
            _bad("a circle", IMPORT, own=False, lineage_sound=False),
            _bad("a circle is passed on", ROUTE, own=False, lineage_sound=False),
            _bad("gone without a record", IMPORT, leads_to="removed", on_record=False),
            _bad("a dispute leaves no record", DISPUTE, leads_to="removed", rests_on="operator", on_record=False),
        ),
    ),
)  # fmt: skip
"""The five."""
