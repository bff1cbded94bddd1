"""Notes that are shared with others (S5): their wire kind, what makes two the same, and when they may be used.

A note of somebody else steers whoever reads it, and proves nothing. So it waits: nobody is shown it but the operator
who asks for what waits, until enough others, each known here, have said the same, or the operator takes it.

1. Two notes are the same when outcome, category, skill and words are, but for case and blanks.
2. Only authors that the operator let in count; keys that nobody here knows cost nothing to make.
3. Who said it first bears out nothing: `CORROBORATIONS` others must. What counts is what all of these have said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from hansa.kernel import canonical
from hansa.kernel.canonical import Json
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.wire import Label, Wire
from hansa.skills.model import Line, Word
from hansa.skills.reflections import By, Reflection, Went
from hansa.skills.secrets_scan import secrets_in

REFLECTION = "reflection"

CORROBORATIONS = 2
"""Known authors, beside the first one, who must have said the same. Raising it lets less in without the operator."""

MAX_PER_AUTHOR = 100
"""Notes of one author that are kept. Raising it gives each author more of the operator's attention."""

MAX_OF_STRANGERS = 500
"""Notes of authors not known here that are kept, all of them together: their keys cost nothing."""

SHARED_FROM = "shared_from_"
_ID_END = 12


class ReflectionBody(Wire, frozen=True):
    """Kind "reflection": an author passes on a note on how its work went.

    Attributes:
        about: id of the skill it is about, or "".
    """

    outcome: Went
    description: Line
    category: Word = "general"
    tags: Annotated[tuple[Word, ...], msgspec.Meta(max_length=15)] = ()
    error: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    about: Label = ""

    @property
    def pattern(self) -> ContentId:
        """The id that it shares with every note that says the same."""
        words = [" ".join(text.casefold().split()) for text in (self.category, self.description, self.error)]
        return content_id(canonical.encode([str(self.outcome), self.about, *words]))


def shared_body(one: Reflection) -> dict[str, Json]:
    """Returns the body of the message that passes a note on: not which session it was, nor when."""
    return {
        "outcome": str(one.outcome),
        "description": one.description,
        "category": one.category,
        "tags": list(one.tags[:15]),
        "error": one.error,
        "about": one.skill,
    }


def secrets_of(one: Reflection) -> tuple[str, ...]:
    """Returns the kinds of secrets that a note seems to hold."""
    return secrets_in("\n".join((one.description, one.error, one.category, *one.tags)))


def corroborated(first: str, known: Sequence[str]) -> bool:
    """Says whether enough known authors bear out what the first one said.

    Args:
        known: authors known here who said it, maybe the first one too.
    """
    return len([one for one in dict.fromkeys(known) if one != first]) >= CORROBORATIONS


def taken_in(bodies: Sequence[ReflectionBody], author: str, at: int) -> Reflection:
    """Returns the note as it is kept here, with the name of whom it comes from among its tags.

    Args:
        bodies: what those said who count, the first of them being `author`'s; only tags that all of them gave stay.
        at: when, milliseconds UTC.
    """
    said = bodies[0]
    tags = [tag for tag in said.tags if all(tag in one.tags for one in bodies) and not tag.startswith(SHARED_FROM)]
    return Reflection(
        outcome=said.outcome,
        description=said.description,
        category=said.category,
        tags=(*tags, f"{SHARED_FROM}{author[-_ID_END:]}"),
        error=said.error,
        skill=said.about,
        source=By.PEER,
        at=at,
    )
