"""The Alliance protocol for programs that know it: its own names and orders of arguments, over `conduct.classic`.

    >>> from hansa.conduct import AllianceTracker, InteractionType
    >>> tracker = AllianceTracker(now=lambda: 1_795_218_000_000)
    >>> for kind in (InteractionType.UPVOTE_RECEIVED, InteractionType.REPLY_POSITIVE, InteractionType.REPLY_POSITIVE):
    ...     tracker.record_interaction("ann", kind)
    >>> tracker.classify("ann").value, tracker.should_engage("ann"), tracker.should_engage("ben")
    ('ally', (True, 'ally_prioritize'), (True, 'unknown_user_start_cooperative'))

What time it is, the caller says: in a program `now=lambda: time.time_ns() // 1_000_000`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hansa.conduct import classic
from hansa.conduct.classic import WEIGHTS, InteractionType, Occasion, Relationship
from hansa.conduct.history import History
from hansa.kernel.errors import UsageError
from hansa.kernel.ids import content_id
from hansa.kernel.instant import Instant, from_iso, iso

SUMMARY = """\
How I deal with others (the Alliance protocol, policy `classic`)

1. I begin friendly: whoever I have not met, I answer.
2. I mirror: each vote, reply and mention counts, good ones up, bad ones down.
3. I forgive: what was bad counts a tenth less with each day, what is older than 90 days not at all.
4. From three dealings on, a score of 5 or more makes an ally, one of -5 or less a rival; all others are neutral.
5. I answer allies always; neutrals where it concerns me, else as a coin falls that anybody can toss again; rivals only
   where they speak badly of me or many read it; those I have set aside never.
6. You can run this rule yourself, on the same events, and know beforehand what I shall do.
"""

POLICY = content_id(SUMMARY.encode())
"""Digest of the policy, which the coin is tossed over."""


class Storage(Protocol):
    """Where interactions outlast the program."""

    def append(self, interaction: Mapping[str, Any]) -> None:
        """Keeps an interaction: `user`, `type`, `timestamp` and `context`, as in `export_state`."""
        ...

    def interactions(self) -> Iterable[Mapping[str, Any]]:
        """Returns all that were kept, in their order."""
        ...

    def replace(self, interactions: Iterable[Mapping[str, Any]]) -> None:
        """Keeps these in the place of all others."""
        ...


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something that passed between us and somebody: who, what, when (milliseconds UTC), and where."""

    user: str
    type: InteractionType
    at: Instant
    context: str | None = None

    def view(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {"user": self.user, "type": self.type.value, "timestamp": iso(self.at), "context": self.context}


class AllianceTracker:
    """Keeps what passed between us and others, and says what they are to us and whether to engage.

    The answers follow from the interactions, the time, and whom somebody has set aside: nothing is remembered of an
    answer, so that none grows old.
    """

    def __init__(self, storage: Storage | None = None, *, now: Callable[[], int], me: str = "", salt: str = "") -> None:
        """Begins with what lies in the storage.

        Args:
            storage: None keeps everything in memory.
            now: says what time it is, in milliseconds UTC.
            me: our own name, which the coin is tossed over too.
            salt: a secret that the coin is tossed over as well. Without it anybody can toss it beforehand, and whoever
                chooses the `post_id` tries until it falls well; with it nobody can, until the salt is told.

        Raises:
            UsageError: something in the storage is none, or lies ahead of `now`.
        """
        self._storage: Storage | None = None
        self._clock = now
        self._latest = Instant(now())
        self._me = me
        self._policy = content_id(f"{SUMMARY}\n{salt}".encode()) if salt else POLICY
        self._interactions: list[Interaction] = []
        self._histories: dict[str, History] = {}
        self._ignored: set[str] = set()
        if storage is not None:
            dropped = self._take(storage.interactions())
            if dropped:
                raise UsageError(f"{dropped} interactions in the storage have no such type, no time, or one ahead")
        self._storage = storage

    def record_interaction(self, user: str, interaction_type: InteractionType, context: str | None = None) -> None:
        """Records what passes just now; `context` names where, e.g. the id of a post."""
        self._record(Interaction(user, InteractionType(interaction_type), self._now(), context))

    def get_user_interactions(self, user: str) -> list[Interaction]:
        """Returns all that passed between us and somebody."""
        return [one for one in self._interactions if one.user == user]

    def calculate_score(self, user: str) -> float:
        """Returns the score of somebody now; 0.0 for whoever we have not met."""
        return self._units(user) / classic.UNIT

    def classify(self, user: str) -> Relationship:
        """Returns what somebody is to us now."""
        if user in self._ignored:
            return Relationship.IGNORE
        held = self._histories.get(user)
        return classic.classify(held.count if held else 0, self._units(user))

    def should_engage(self, user: str, context: Mapping[str, Any] | None = None) -> tuple[bool, str]:
        """Returns whether to engage, and why.

        Args:
            context: `post_id`, and as booleans `is_relevant_topic`, `mentions_us`, `is_negative`, `high_visibility`;
                what is not there is not so.
        """
        given = context or {}
        subject = str(given.get("post_id", ""))
        occasion = Occasion(
            subject,
            relevant=bool(given.get("is_relevant_topic")),
            mentions_us=bool(given.get("mentions_us")),
            negative=bool(given.get("is_negative")),
            visible=bool(given.get("high_visibility")),
        )
        relationship = self.classify(user)
        neutral = relationship is Relationship.NEUTRAL
        return classic.engage(relationship, occasion, neutral and classic.toss(self._policy, self._me, user, subject))

    def get_engagement_strategy(self, user: str) -> dict[str, Any]:
        """Returns `tone`, `priority`, `notes`, `score` and `interaction_count` for dealing with somebody."""
        found = classic.STRATEGIES[self.classify(user)]
        held = self._histories.get(user)
        return {
            "tone": found.tone,
            "priority": found.priority,
            "notes": found.notes,
            "score": self.calculate_score(user),
            "interaction_count": held.count if held else 0,
        }

    def get_allies(self) -> list[str]:
        """Returns all allies, in the order in which we met them."""
        return [user for user in self._histories if self.classify(user) is Relationship.ALLY]

    def ignore(self, user: str) -> None:
        """Sets somebody aside, whatever they did; a person's decision, or a rule's."""
        self._ignored.add(user)

    def heed(self, user: str) -> None:
        """Takes `ignore` back."""
        self._ignored.discard(user)

    def get_protocol_summary(self) -> str:
        """Returns the rule in words, to be shown to others."""
        return SUMMARY

    def export_state(self) -> dict[str, Any]:
        """Returns everything as plain values: `interactions`, `ignored`, and `profiles` as they are now."""
        return {
            "interactions": [one.view() for one in self._interactions],
            "ignored": sorted(self._ignored),
            "profiles": {
                user: {
                    "relationship": self.classify(user).value,
                    "score": self.calculate_score(user),
                    "interaction_count": held.count,
                }
                for user, held in self._histories.items()
            },
        }

    def import_state(self, state: Mapping[str, Any]) -> int:
        """Puts what was exported in the place of everything here; profiles are worked out anew.

        Returns:
            How many interactions were left out: of no such type, without a time, or of the future.
        """
        ignored, views = set(state.get("ignored", ())), list(state.get("interactions", ()))
        self._interactions, self._histories, self._ignored = [], {}, ignored
        storage, self._storage = self._storage, None
        dropped = self._take(views)
        self._storage = storage
        if storage is not None:
            storage.replace([one.view() for one in self._interactions])
        return dropped

    def _take(self, views: Iterable[Mapping[str, Any]]) -> int:
        dropped = 0
        for view in views:
            try:
                context = view.get("context")
                at = from_iso(view["timestamp"])
                self._record(Interaction(str(view["user"]), InteractionType(view["type"]), at, context))
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError, UsageError):
                dropped += 1
        return dropped

    def _record(self, one: Interaction) -> None:
        held, now = self._histories.get(one.user) or History(), self._now()
        if classic.days_between(one.at, now) < 0:
            raise UsageError(f"an interaction at {iso(one.at)} lies ahead: it is {iso(now)}")
        if self._storage is not None:
            self._storage.append(one.view())
        held.add(one.at, WEIGHTS[one.type], now)
        self._histories[one.user] = held
        self._interactions.append(one)

    def _units(self, user: str) -> int:
        held = self._histories.get(user)
        return held.score(self._now()) if held else 0

    def _now(self) -> Instant:
        """Returns what time it is; a clock that is put back stands still meanwhile."""
        self._latest = max(self._latest, Instant(self._clock()))
        return self._latest


def is_ally(tracker: AllianceTracker, user: str) -> bool:
    """Says whether somebody is an ally."""
    return tracker.classify(user) is Relationship.ALLY


def is_rival(tracker: AllianceTracker, user: str) -> bool:
    """Says whether somebody is a rival."""
    return tracker.classify(user) is Relationship.RIVAL
