"""A skill as a folder of files, named and digested: what is written to disk, packed, and listed.

    SKILL.md       made by `skill_md`
    …              the skill's own files, each at its path
    hansa.json     who passed it on, how well it is proved, and the whole skill: leads back to the same trace id

Paths came from strangers. They are held to the rules of `importing.paths` again, together with the two names that are
ours, before any of them is used (threat 14).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.limits import HARD_MAX_BYTES, Limits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Wire, read_json
from hansa.skills.exporting.skill_md import document, front_matter
from hansa.skills.importing.paths import check_bundle_paths
from hansa.skills.model import File, Skill

DOCUMENT = "SKILL.md"
PROVENANCE = "hansa.json"
FORMAT = "hansa-skill-1"
MAX_TOTAL = 16 * 1024 * 1024
"""Bytes of all files of a bundle: what every reader of Agent Skills over MCP must take (SEP-2640)."""


class Provenance(Wire, frozen=True):
    """`hansa.json`: what a node knew of a skill when it was written out, and the skill.

    Attributes:
        authors: ids of the nodes that passed it on, or of this one.
        evidence: level on the node that wrote this (E0 to E4).
        trials, successes: what that node's own proof came to.
    """

    format: Annotated[str, msgspec.Meta(max_length=32)]
    trace_id: Id
    skill: Skill
    authors: Annotated[tuple[str, ...], msgspec.Meta(max_length=1_000)] = ()
    exported_by: Annotated[str, msgspec.Meta(max_length=128)] = ""
    evidence: Annotated[str, msgspec.Meta(max_length=8)] = ""
    trials: int = 0
    successes: int = 0

    def to_bytes(self) -> bytes:
        """Returns the file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A skill as an Agent Skill: SKILL.md and the files beside it, by digest."""

    id: ContentId
    name: str
    front_matter: dict[str, object]
    document: bytes
    files: tuple[File, ...]

    @property
    def entries(self) -> tuple[File, ...]:
        """SKILL.md first, then the skill's files."""
        return (File(path=DOCUMENT, digest=content_id(self.document), size=len(self.document)), *self.files)


def bundle(skill: Skill, name: str) -> Bundle:
    """Returns the bundle of a skill under a name.

    Raises:
        Refused: BAD_BODY, when a file of the skill can't be told from another, or would lie elsewhere than it says;
            TOO_LARGE, when all files together exceed `MAX_TOTAL`.
    """
    bad = check_bundle_paths([DOCUMENT, PROVENANCE, *(file.path for file in skill.result.files)])
    if bad:
        raise Refused(Reason.BAD_BODY, f"bundle path {bad[0]}: {bad[1]}")
    made = Bundle(skill.id, name, front_matter(skill, name), document(skill, name).encode(), skill.result.files)
    total = sum(file.size for file in made.entries)
    if total > MAX_TOTAL:
        raise Refused(Reason.TOO_LARGE, f"{total} bytes in all files, at most {MAX_TOTAL}")
    return made


def read_provenance(data: bytes) -> Provenance | None:
    """Returns what a `hansa.json` says, or None when it is not one of ours or contradicts itself."""
    try:
        found = read_json(data, Provenance, Limits(max_bytes=HARD_MAX_BYTES))
        return found if found.format == FORMAT and found.skill.id == found.trace_id else None
    except (Refused, ValueError):
        return None
