"""A folder that Hansa wrote, read back into the very skill it was written from.

`hansa.json` is believed only when everything else in the folder agrees with it: the document is the one that this skill
makes under that name, and the other files are the skill's own, by digest. Whoever edits anything makes a new skill, and
then the file is left aside: what counts is what a person sees in the folder (threat 22).
"""

from __future__ import annotations

from collections.abc import Mapping

from hansa.kernel.ids import content_id
from hansa.skills.exporting.bundle import DOCUMENT, PROVENANCE, read_provenance
from hansa.skills.exporting.skill_md import document
from hansa.skills.model import Skill


def written_skill(files: Mapping[str, bytes], name: str) -> Skill | None:
    """Returns the skill that the folder was written from, or None when it says otherwise, or says nothing.

    Args:
        files: bytes by path below the folder.
        name: the name in the document's front matter.
    """
    told = read_provenance(files.get(PROVENANCE, b""))
    if told is None:
        return None
    skill = told.skill
    if document(skill, name).encode() != files[DOCUMENT]:
        return None
    others = {path: content_id(data) for path, data in files.items() if path not in (DOCUMENT, PROVENANCE)}
    return skill if others == {file.path: file.digest for file in skill.result.files} else None
