"""Standing by the Alliance protocol, exact: what others said of us and we of them, forgiven day by day (A1 to A6).

    weight' = min(0, weight + days / 10)    for a negative weight; a positive one stays
    recency = max(0, 1 - days / 30 * 0.5)
    score   = sum of weight' * (0.5 + 0.5 * recency) over the events that are at most 90 whole days old

Each term is a whole number of 1/1200, so that a score is an integer here, in that unit: it comes out the same on every
machine and in every order of the events, and a threshold is met or not.

From https://github.com/autonet-code/molt, alliance.py, where four things go otherwise: its coin differs with each start
of Python, a class once computed never ages, events of the future and without a date count as fresh, and nothing ever
leads to `ignore`. That what we do ourselves raises others is part of its table, and stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel import canonical
from hansa.kernel.instant import DAY, Instant

UNIT = 1_200
"""Units of a score of one."""

OLDEST_DAYS = 90
"""Events that are more whole days old count no more."""

FADED_DAYS = 60
"""Whole days after which recency is 0."""

FEWEST = 3
"""Events from which on somebody is more than neutral."""

ALLY_AT, RIVAL_AT = 5 * UNIT, -5 * UNIT


class Relationship(StrEnum):
    """What somebody is to us."""

    UNKNOWN = "unknown"
    ALLY = "ally"
    NEUTRAL = "neutral"
    RIVAL = "rival"
    IGNORE = "ignore"


class InteractionType(StrEnum):
    """What passed between us and somebody."""

    UPVOTE_GIVEN = "upvote_given"
    UPVOTE_RECEIVED = "upvote_received"
    DOWNVOTE_GIVEN = "downvote_given"
    DOWNVOTE_RECEIVED = "downvote_received"
    REPLY_POSITIVE = "reply_positive"
    REPLY_NEUTRAL = "reply_neutral"
    REPLY_NEGATIVE = "reply_negative"
    MENTION_POSITIVE = "mention_positive"
    MENTION_NEGATIVE = "mention_negative"


WEIGHTS: Mapping[InteractionType, int] = {
    InteractionType.UPVOTE_GIVEN: 1,
    InteractionType.UPVOTE_RECEIVED: 2,
    InteractionType.DOWNVOTE_GIVEN: -1,
    InteractionType.DOWNVOTE_RECEIVED: -2,
    InteractionType.REPLY_POSITIVE: 3,
    InteractionType.REPLY_NEUTRAL: 0,
    InteractionType.REPLY_NEGATIVE: -2,
    InteractionType.MENTION_POSITIVE: 2,
    InteractionType.MENTION_NEGATIVE: -3,
}
"""The table of the source, the preset `social`."""


def days_between(at: Instant, now: Instant) -> int:
    """Returns the whole days from `at` to `now`; negative when `at` lies ahead."""
    return (now - at) // DAY


def term(weight: int, days: int) -> int:
    """Returns what an event adds to a score, in units.

    Args:
        weight: of its kind.
        days: whole days since; 0 or more.
    """
    if days > OLDEST_DAYS:
        return 0
    tenths = 10 * weight if weight >= 0 else min(0, 10 * weight + days)
    return tenths * (FADED_DAYS + max(0, FADED_DAYS - days))


def classify(count: int, score: int) -> Relationship:
    """Returns what somebody is to us, by the number of events, however old, and the score in units (A4)."""
    if count == 0:
        return Relationship.UNKNOWN
    if count < FEWEST:
        return Relationship.NEUTRAL
    if score >= ALLY_AT:
        return Relationship.ALLY
    return Relationship.RIVAL if score <= RIVAL_AT else Relationship.NEUTRAL


@dataclass(frozen=True, slots=True)
class Occasion:
    """What there is to decide on.

    Attributes:
        subject: a name for it, e.g. the id of a post; the coin is tossed over it.
        relevant: it is about something of ours.
        mentions_us, negative: it speaks of us; it does so badly.
        visible: many will read it.
    """

    subject: str = ""
    relevant: bool = False
    mentions_us: bool = False
    negative: bool = False
    visible: bool = False


def engage(relationship: Relationship, occasion: Occasion, coin: bool) -> tuple[bool, str]:
    """Returns whether to engage, and the protocol's name for the reason (A5).

    Args:
        coin: how `toss` fell; looked at for neutrals alone.
    """
    if relationship is Relationship.UNKNOWN:
        return True, "unknown_user_start_cooperative"
    if relationship is Relationship.ALLY:
        return True, "ally_prioritize"
    if relationship is Relationship.NEUTRAL:
        if occasion.relevant:
            return True, "neutral_relevant_topic"
        return coin, "neutral_probabilistic_engage" if coin else "neutral_probabilistic_skip"
    if relationship is Relationship.RIVAL:
        if occasion.mentions_us and occasion.negative:
            return True, "rival_defensive_response"
        return occasion.visible, "rival_high_visibility" if occasion.visible else "rival_avoid"
    return False, "ignore_list"


def toss(policy: str, us: str, them: str, subject: str) -> bool:
    """Returns how a fair coin falls that everybody can toss again: the first bit of a SHA-256 over all four.

    Args:
        policy: digest of the policy. Whoever may choose the subject can try until the coin falls well (threat 31):
            a policy that others could gain from puts a secret into its digest.
    """
    data = canonical.encode(["hansa-coin-v1", policy, us, them, subject])
    return hashlib.sha256(data).digest()[0] < 128


@dataclass(frozen=True, slots=True)
class Strategy:
    """How to deal with somebody (A6)."""

    tone: str
    priority: str
    notes: str


STRATEGIES: Mapping[Relationship, Strategy] = {
    Relationship.UNKNOWN: Strategy("warm", "medium", "Somebody new: welcome them and get to know them"),
    Relationship.ALLY: Strategy("warm", "high", "An ally: back what they do, and work with them"),
    Relationship.NEUTRAL: Strategy("neutral", "medium", "Neither friend nor foe: judge each case by its merit"),
    Relationship.RIVAL: Strategy("cautious", "low", "A rival: answer only where it is needed, and keep to facts"),
    Relationship.IGNORE: Strategy("none", "none", "Leave them alone"),
}
