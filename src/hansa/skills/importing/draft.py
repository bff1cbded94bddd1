"""What an importer returns: a draft of a skill, or why there is none.

A draft is a claim on paper. It has passed the bounds of the model and can be written canonically; nothing of it has
been run. `finish` is the only way to make one, so that every importer is held to the same bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.limits import Limits
from hansa.skills.importing.text import cut
from hansa.skills.model import Claim, Skill
from hansa.skills.reflections import Reflection

MAX_RECORD = 190_000
"""Bytes of a skill. A message of 256 KiB carries its payload in base64, three bytes as four, next to the signatures."""

_BOUNDS = Limits(max_bytes=MAX_RECORD, max_keys=950)


@dataclass(frozen=True, slots=True)
class Draft:
    """A skill as read from a source, not proved.

    Attributes:
        claim: what the source says about it.
        source: where it comes from, for people: "humaneval-agent-a.jsonl:12" or "slugify.py".
        blobs: (digest, bytes) of the files of a bundle.
        notes: what was left out or changed on the way in, one sentence each.
        claimed_pass: whether the source says that its checks pass; None when it doesn't say.
        reflections: what its agent noted on the way.
    """

    skill: Skill
    claim: Claim
    source: str
    blobs: tuple[tuple[str, bytes], ...] = ()
    notes: tuple[str, ...] = ()
    claimed_pass: bool | None = None
    reflections: tuple[Reflection, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that can't be taken.

    Attributes:
        source: where it comes from, as in `Draft`.
        problem: one sentence that says what is wrong and what to do.
    """

    source: str
    problem: str


def finish(
    skill: Skill,
    claim: Claim,
    source: str,
    *,
    blobs: Sequence[tuple[str, bytes]] = (),
    notes: Sequence[str] = (),
    claimed_pass: bool | None = None,
    reflections: Sequence[Reflection] = (),
) -> Draft | Rejected:
    """Returns the draft, or a rejection when the skill breaks a bound of the model or is too large for one message."""
    try:
        msgspec.convert(msgspec.to_builtins(skill), Skill)
        msgspec.convert(msgspec.to_builtins(claim), Claim)
        data = skill.to_bytes()
    except msgspec.ValidationError as error:
        return Rejected(source, f"It breaks a bound of a skill ({cut(str(error), 120)}): shorten or correct that part.")
    except ValueError:
        return Rejected(source, "It holds text that UTF-8 can't write: save it as UTF-8.")
    if len(data) > MAX_RECORD:
        return Rejected(
            source, f"It comes to {len(data)} bytes, at most {MAX_RECORD} are taken: shorten it or its checks."
        )
    try:
        canonical.check_bounds(data, _BOUNDS)
    except Refused as refused:
        return Rejected(source, f"It has more parts than one message holds ({refused.detail}): split it.")
    return Draft(skill, claim, source, tuple(blobs), tuple(notes), claimed_pass, tuple(reflections))
