"""The policy card: the rule by which a node deals with others, for people and machines, under one digest (A8, A10).

Whoever holds a node's card and the receipts that it counts can compute its decisions; whoever holds none of the
receipts can still read the rule.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.conduct.alliance import SUMMARY as CLASSIC
from hansa.conduct.dealings import KINDS
from hansa.conduct.standing import MAX_VERIFIERS, Params, PolicyName
from hansa.kernel import canonical
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.wire import Label, Wire

KIND = "policy_card"
RULES = 1
"""Number of the rules as they are programmed; a change that decides otherwise takes the next."""

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Weight(Wire, frozen=True, kw_only=True):
    """What a dealing weighs (`dealings.KINDS`)."""

    dealing: Label
    weight: Annotated[int, msgspec.Meta(ge=-100, le=100)]


class Card(Wire, frozen=True, kw_only=True):
    """Body of a message of kind "policy_card": `standing.Params` with the rules that they are the numbers of.

    Attributes:
        rules: number of the rules.
        text: the same for people.
    """

    policy: PolicyName
    rules: Count
    text: Annotated[str, msgspec.Meta(max_length=4_000)]
    verifiers: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_VERIFIERS)]
    known_from: Count
    trusted_at: Count
    wrong: Count
    mended: Count
    gives_up_at: Count
    deadlock: Count
    dealings: Annotated[tuple[Weight, ...], msgspec.Meta(max_length=100)]

    @property
    def digest(self) -> ContentId:
        """Content id of the card: the same for the same rule, whoever signs it and when."""
        return content_id(canonical.encode(msgspec.to_builtins(self)))

    @property
    def params(self) -> Params:
        """The numbers by which to decide."""
        return Params(
            self.policy, self.verifiers, self.known_from, self.trusted_at, self.wrong, self.mended, self.gives_up_at,
            self.deadlock,
        )  # fmt: skip

    @property
    def computable(self) -> bool:
        """Says whether this program knows the rules of the card, and weighs dealings alike."""
        return self.rules == RULES and self.dealings == _WEIGHTS


_WEIGHTS = tuple(Weight(dealing=dealing.value, weight=kind.weight) for dealing, kind in KINDS.items())


def card(params: Params) -> Card:
    """Returns the card of a node with these parameters."""
    return Card(
        policy=params.policy,
        rules=RULES,
        text=text(params),
        verifiers=tuple(sorted(params.verifiers)),
        known_from=params.known_from,
        trusted_at=params.trusted_at,
        wrong=params.wrong,
        mended=params.mended,
        gives_up_at=params.gives_up_at,
        deadlock=params.deadlock,
        dealings=_WEIGHTS,
    )


def text(params: Params) -> str:
    """Returns the rule for people."""
    if params.policy is PolicyName.CLASSIC:
        return CLASSIC
    others = f" or one of {len(params.verifiers)} verifiers that my operator names" if params.verifiers else ""
    mends = -(-params.wrong // params.mended)
    bears = -(-params.gives_up_at // params.wrong)
    return f"""\
How I deal with others (policy `steadfast`)

1. What counts is what somebody did to me{others}, and what a signed receipt proves; a skill counts once, however
   often it is tried. What is said of somebody, what they send, and what I do myself count for nothing.
2. Whom I do not know is a stranger: I look at what they bring last, out of a share that all strangers have together.
3. From {params.known_from} good dealings in a row on I know somebody. Where I am sure that {params.trusted_at / 10:g} %
   of a latest run in a domain were good, I trust them there: I look at what they bring first, and less long.
4. A wrong I answer: until {params.known_from} good dealings in a row they are a stranger, or a newcomer if invited.
   Then it is forgiven, and not forgotten: each takes {mends} good dealings, or {params.wrong} days, to mend.
5. After {bears} wrongs that nobody mended I take nothing from them any more, until they have.
6. What nobody does by mistake (two messages under one number, skills that reach for files, sockets or processes, false
   accusations) wipes all that was good, and shuts the door until 16 good dealings in a row; twice as many each time.
7. Whoever is shut out is a stranger like any new key, and no new key is ever ahead of an old one: it gains nothing.
8. You can run this rule yourself on my receipts, and know beforehand what I shall do.
"""


class Decided(Wire, frozen=True, kw_only=True):
    """Body of a message of kind "decision": what a node decided on somebody, and everything that it followed from.

    Attributes:
        about: node id. invited, banned: the operator's word on it then.
        domain: what it was about.
        card: digest of the policy card.
        entries, head: the ledger then: how many links, and the hash of the last.
        now: when (milliseconds UTC).
        engage, rung, relationship, reason, score: see `standing.Decision`.
    """

    about: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    invited: bool
    banned: bool
    domain: Label
    card: Label
    entries: Annotated[int, msgspec.Meta(ge=0)]
    head: Label
    now: Annotated[int, msgspec.Meta(ge=0)]
    engage: bool
    rung: Label
    relationship: Label
    reason: Label
    score: int


DECISION = "decision"
