"""What many reflections say together: patterns of failure and success, rates by category, lessons. All pure.

Two reflections belong to one pattern when outcome, category and signature are the same. The signature is the text of
the error (for a success, or without one, of the description) with everything in it that differs from time to time taken
out: numbers, addresses, quoted texts, paths.

A failure is overcome by a success of the same category that came after it, or, where nobody knows when, in its session.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId
from hansa.skills.policy import wilson_lower_bound
from hansa.skills.reflections import Reflection, Went

SIGNATURE_LENGTH = 100
RECENT = 20
"""How many of a category's last reflections its recent rate covers."""

_CHANGING = (
    (re.compile(r"""(?<!\w)(?:'[^'\n]{0,200}'|"[^"\n]{0,200}"|`[^`\n]{0,200}`)"""), "…"),
    (re.compile(r"(?:[a-z]:)?(?:[/\\][\w.~-]+)+[/\\]?", re.IGNORECASE), "…"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{12,64}\b|\b\d[\d.,:]*", re.IGNORECASE), "#"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something that happened more than once.

    Attributes:
        signature: what its members have in common.
        count: how often.
        sessions: in how many sessions (those without a name count as one).
        first, last: when, milliseconds UTC; 0 when undated.
        example: id of the newest member.
        tags: the tags most of its members carry, at most three.
        overcome: how many successes overcame it; for a success 0.
    """

    outcome: Went
    category: str
    signature: str
    count: int
    sessions: int
    first: int
    last: int
    example: ContentId
    tags: tuple[str, ...]
    overcome: int


@dataclass(frozen=True, slots=True)
class CategoryRate:
    """How a kind of work goes.

    Attributes:
        count, successes: of all; partial outcomes count as no success.
        rate: successes / count. sure: lower end of its 95 % Wilson interval, which is small for few reflections.
        recent: rate of the last `RECENT` that are dated; of all where none is.
    """

    category: str
    count: int
    successes: int
    rate: float
    sure: float
    recent: float

    @property
    def trend(self) -> str:
        """Says up, down or level: the recent rate against that of all, by more than a tenth."""
        if self.count <= RECENT or abs(self.recent - self.rate) <= 0.1:
            return "level"
        return "up" if self.recent > self.rate else "down"


@dataclass(frozen=True, slots=True)
class Learning:
    """The learning summary.

    Attributes:
        sessions: how many (those without a name count as one), as in a pattern.
    """

    count: int
    outcomes: dict[str, int]
    sessions: int
    since: int
    until: int
    categories: tuple[CategoryRate, ...]
    failures: tuple[Pattern, ...]
    successes: tuple[Pattern, ...]
    tags: tuple[tuple[str, int], ...]

    @property
    def lessons(self) -> tuple[Pattern, ...]:
        """Failures that came more than once and were followed by successes of the same category."""
        return tuple(one for one in self.failures if one.overcome)


def signature(reflection: Reflection) -> str:
    """Returns what a reflection has in common with others of its kind; see the module."""
    text = reflection.error if reflection.error and reflection.outcome is not Went.SUCCESS else reflection.description
    for pattern, stand_in in _CHANGING:
        text = pattern.sub(stand_in, text)
    return text.strip().lower()[:SIGNATURE_LENGTH].rstrip()


def patterns(reflections: Iterable[Reflection], outcome: Went, least: int = 2) -> list[Pattern]:
    """Returns what happened at least `least` times with this outcome, the most frequent first.

    Args:
        reflections: in any order.
    """
    ordered = sorted(reflections, key=lambda one: (one.at, one.id))
    groups: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(ordered):
        if one.outcome is outcome:
            groups.setdefault((one.category, signature(one)), []).append(place)
    found = [_pattern(ordered, places) for places in groups.values() if len(places) >= least]
    return sorted(found, key=lambda one: (-one.count, -one.last, one.category, one.signature))


def _pattern(ordered: Sequence[Reflection], places: Sequence[int]) -> Pattern:
    members = [ordered[place] for place in places]
    newest = members[-1]
    tags = Counter(tag for one in members for tag in one.tags)
    common = sorted((tag for tag, count in tags.items() if 2 * count > len(members)), key=lambda tag: (-tags[tag], tag))
    return Pattern(
        outcome=newest.outcome,
        category=newest.category,
        signature=signature(newest),
        count=len(members),
        sessions=len({one.session for one in members}),
        first=min(one.at for one in members),
        last=newest.at,
        example=newest.id,
        tags=tuple(common[:3]),
        overcome=0 if newest.outcome is Went.SUCCESS else sum(_overcomes(one, members) for one in ordered),
    )


def _overcomes(one: Reflection, members: Sequence[Reflection]) -> bool:
    newest = members[-1]
    if one.outcome is not Went.SUCCESS or one.category != newest.category:
        return False
    if one.at and newest.at:
        return one.at > newest.at
    return bool(one.session) and any(one.session == member.session for member in members)


def learning(reflections: Iterable[Reflection], most: int = 10) -> Learning:
    """Returns the learning summary of `reflections`, with at most `most` patterns and tags of each kind."""
    held = sorted(reflections, key=lambda one: (one.at, one.id))
    dated = [one.at for one in held if one.at]
    tags = Counter(tag for one in held for tag in one.tags)
    return Learning(
        count=len(held),
        outcomes={str(went): sum(one.outcome is went for one in held) for went in Went},
        sessions=len({one.session for one in held}),
        since=min(dated, default=0),
        until=max(dated, default=0),
        categories=tuple(_rates(held)),
        failures=tuple(patterns(held, Went.FAILURE)[:most]),
        successes=tuple(patterns(held, Went.SUCCESS)[:most]),
        tags=tuple(sorted(tags.items(), key=lambda item: (-item[1], item[0]))[:most]),
    )


def _rates(ordered: Sequence[Reflection]) -> list[CategoryRate]:
    by_category: dict[str, list[Reflection]] = {}
    for one in ordered:
        by_category.setdefault(one.category, []).append(one)
    made = []
    for category, members in by_category.items():
        recent = [one for one in members if one.at][-RECENT:] or members
        good = _successes(members)
        made.append(
            CategoryRate(
                category,
                len(members),
                good,
                good / len(members),
                wilson_lower_bound(good, len(members)),
                _successes(recent) / len(recent),
            )
        )
    return sorted(made, key=lambda one: (-one.count, one.category))


def _successes(reflections: Sequence[Reflection]) -> int:
    return sum(one.outcome is Went.SUCCESS for one in reflections)
