"""What a skill is: the frozen values that everything in this room speaks about.

The skill id is the content id of the canonical `Skill` alone: no author, time, claim or signature is part of it, so
the same content is the same skill whoever sends it, and nobody can occupy another content's name (threat 19).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Annotated

import msgspec

from hansa.kernel import canonical
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.wire import Id, Wire

PYTHON = "text/x-python"
MARKDOWN = "text/markdown"
MILLION = 1_000_000
"""Fractions are written as integers of a millionth: 980000 is 0.98."""

Millionths = Annotated[int, msgspec.Meta(ge=0, le=MILLION)]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Size = Annotated[int, msgspec.Meta(ge=0, le=MAX_SAFE_INTEGER)]


class Step(Wire, frozen=True):
    """One step of how the result was reached."""

    step: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    action: Line


class File(Wire, frozen=True):
    """A file of a bundle, by digest; its bytes travel and are stored under that digest alone."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    digest: Id
    size: Annotated[int, msgspec.Meta(ge=0, le=1024 * 1024)]


class Result(Wire, frozen=True):
    """What was learnt: text of a media type, and, for a bundle, further files."""

    media_type: Annotated[str, msgspec.Meta(min_length=3, max_length=64)]
    text: Annotated[str, msgspec.Meta(max_length=180_000)]
    entry_point: Annotated[str, msgspec.Meta(max_length=128)] = ""
    files: Annotated[tuple[File, ...], msgspec.Meta(max_length=200)] = ()


class _Files(msgspec.Struct):
    files: tuple[File, ...] = ()


class _Body(msgspec.Struct):
    result: _Files


_FILES = msgspec.json.Decoder(_Body)
SOME_FILES = b'"files":[{'
"""Stands in the canonical bytes of every skill that names a file, and in no text: quotes in those are escaped."""


def domain(tags: Sequence[str]) -> str:
    """Returns what a skill is about, for reputation by domain: its first tag, or "general"."""
    return tags[0][:64] if tags else "general"


SOME_PARENTS = b'"lineage":["'
"""Stands in the canonical bytes of every skill that names a parent, and in no text."""


class _Lineage(msgspec.Struct):
    lineage: tuple[str, ...] = ()


_LINEAGE = msgspec.json.Decoder(_Lineage)


def lineage_in(body: bytes) -> tuple[str, ...]:
    """Returns the parents that a skill names, from the skill's bytes; none where these are damaged."""
    if SOME_PARENTS not in body:
        return ()
    try:
        return _LINEAGE.decode(body).lineage
    except msgspec.MsgspecError:
        return ()


def bytes_of_files(body: bytes) -> int:
    """Returns how many bytes the files have that a skill names, from the skill's bytes; 0 where these are damaged."""
    if SOME_FILES not in body:
        return 0
    try:
        return sum(file.size for file in _FILES.decode(body).result.files)
    except msgspec.MsgspecError:
        return 0


class Case(Wire, frozen=True):
    """Arguments and the value expected, both as Python literals: args "('a', 2)", expect "'aa'"."""

    args: Annotated[str, msgspec.Meta(min_length=2, max_length=20_000)]
    expect: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]


class Cases(Wire, frozen=True, tag="cases", tag_field="kind"):
    """Checks as data. The expected values never enter the sandbox: the stronger kind."""

    cases: Annotated[tuple[Case, ...], msgspec.Meta(min_length=1, max_length=200)]


class Script(Wire, frozen=True, tag="python", tag_field="kind"):
    """A check as Python source, run after the skill's code in the same sandbox; it passes by not raising."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]


Check = Cases | Script


class Skill(Wire, frozen=True):
    """A skill: intent, how it was reached, the result, how to check it, and where it comes from (H2).

    Attributes:
        intent: what it is for, in the words of someone who needs it.
        lineage: ids of the skills it was made from.
        license: SPDX identifier, or "" when none is known.
    """

    intent: Line
    reasoning_path: Annotated[tuple[Step, ...], msgspec.Meta(max_length=200)]
    result: Result
    checks: Annotated[tuple[Check, ...], msgspec.Meta(max_length=100)] = ()
    license: Annotated[str, msgspec.Meta(max_length=64)] = ""
    tags: Annotated[tuple[Word, ...], msgspec.Meta(max_length=32)] = ()
    lineage: Annotated[tuple[Id, ...], msgspec.Meta(max_length=64)] = ()

    def to_bytes(self) -> bytes:
        """Returns the canonical bytes of the skill.

        Raises:
            ValueError: the skill holds something that canonical JSON can't (a lone surrogate).
        """
        return canonical.encode_struct(self)

    @property
    def id(self) -> ContentId:
        """The skill's id (`trace_id` in H2): content id of its canonical bytes."""
        return content_id(self.to_bytes())

    @property
    def cases(self) -> tuple[Case, ...]:
        """All data cases, in order."""
        return tuple(case for check in self.checks if isinstance(check, Cases) for case in check.cases)

    @property
    def scripts(self) -> tuple[str, ...]:
        """All check scripts, in order."""
        return tuple(check.code for check in self.checks if isinstance(check, Script))


class Claim(Wire, frozen=True):
    """What the sender says about a skill. Shown, never used (threat 18)."""

    confidence: Millionths = 0
    verification_score: Millionths = 0
    trials: Size = 0
    harness: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Outcome(StrEnum):
    """What a proof came to."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Level(IntEnum):
    """Evidence levels (H4)."""

    E0 = 0  # claimed
    E1 = 1  # signature and format hold
    E2 = 2  # re-proved here
    E3 = 3  # re-proved by k other nodes as well
    E4 = 4  # still holds under another harness

    @property
    def meaning(self) -> str:
        """One phrase for people."""
        return (
            "claimed",
            "signature and format hold",
            "re-proved here",
            "re-proved here and by others",
            "still holds after a harness change",
        )[self]


class SkillState(StrEnum):
    """Where a skill stands on this node; the transitions are in `service`."""

    QUARANTINED = "quarantined"
    ADMITTED = "admitted"
    REFUSED = "refused"
    REMOVED = "removed"


class Origin(StrEnum):
    """Who brought it."""

    OWN = "own"
    PEER = "peer"


class Evidence(msgspec.Struct, frozen=True):
    """One prover's finding about one skill under one harness.

    Attributes:
        trials: n, fresh processes.
        successes: k, trials in which every counted check passed.
        passed, total: checks passed and counted, over all trials.
        digest: digest of what the runs put out, for comparing findings.
        reason: code of the reason when the outcome is not a pass, else "".
    """

    skill: ContentId
    prover: str
    harness: str
    sandbox: str
    outcome: Outcome
    trials: int
    successes: int
    passed: int
    total: int
    digest: str
    reason: str = ""
    at: int = 0
