"""Attack 22: a skill is proved, and then quietly replaced. One changed byte is another skill, back in quarantine."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import content_id
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node.rows import SkillRow
from hansa.node.shelf import skill_row
from hansa.node.vault import open_skill
from hansa.skills.model import Cases, Level, Origin, Skill, SkillState
from hansa.skills.policy import level, standing
from tests.attacks.specimens import NOW, reason, scaled
from tests.skills.specimens import ALICE, ME, SHOUT, changed, found, name, with_files

BYTES = SHOUT.to_bytes()


def row_of(skill: Skill) -> SkillRow:
    return skill_row(skill, Origin.PEER, ALICE, NOW, "a source")


def text_of(skill: Skill, text: str) -> Skill:
    return changed(skill, result=msgspec.structs.replace(skill.result, text=text))


WITH_FILE = with_files("run.py")
UPDATES = {
    "a blank in the code": text_of(SHOUT, SHOUT.result.text + " "),
    "another letter of the code": text_of(SHOUT, SHOUT.result.text.replace("'!'", "'?'")),
    "another entry point": changed(SHOUT, result=msgspec.structs.replace(SHOUT.result, entry_point="run")),
    "another intent": changed(SHOUT, intent="Shout a word"),
    "another licence": changed(SHOUT, license="MIT-0"),
    "one check less": changed(SHOUT, checks=SHOUT.checks[1:]),
    "one case less": changed(SHOUT, checks=(Cases(cases=SHOUT.cases[:1]), SHOUT.checks[1])),
    "one step less": changed(SHOUT, reasoning_path=SHOUT.reasoning_path[:1]),
    "a parent": changed(SHOUT, lineage=(name(1),)),
    "a tag": changed(SHOUT, tags=("text", "safe")),
    "another file under the same path": changed(
        WITH_FILE,
        result=msgspec.structs.replace(
            WITH_FILE.result, files=(msgspec.structs.replace(WITH_FILE.result.files[0], digest=name("evil")),)
        ),
    ),
}


@pytest.mark.parametrize("what", UPDATES)
def test_an_update_is_another_skill_that_lies_in_quarantine_unproved(what: str) -> None:
    old = WITH_FILE if "file" in what else SHOUT
    new = UPDATES[what]
    assert new.id != old.id
    row = row_of(new)
    assert (row.id, row.state) == (new.id, SkillState.QUARANTINED)
    proved = [found(skill=old.id)]
    about_new = [one for one in proved if one.skill == new.id]
    assert level(proved, ME, True, 2) is Level.E2
    assert level(about_new, ME, True, 2) is Level.E1
    assert standing(about_new, ME).confidence == 0.0


@given(st.integers(0, len(BYTES) - 1), st.integers(0, 255))
def test_one_changed_byte_is_another_skill_or_none(place: int, value: int) -> None:
    data = BYTES[:place] + bytes([value]) + BYTES[place + 1 :]
    assume(data != BYTES)
    try:
        skill = parse(canonical.decode(data), Skill)
    except Refused:
        return
    assert skill.id == content_id(data) != SHOUT.id
    assert row_of(skill).state is SkillState.QUARANTINED


def test_every_byte_counts() -> None:
    step = max(1, 8 // scaled(1))
    for place in range(0, len(BYTES), step):
        data = BYTES[:place] + bytes([BYTES[place] ^ 1]) + BYTES[place + 1 :]
        assert content_id(data) != SHOUT.id
        stored = row_of(SHOUT)
        assert opened(stored, data) is Reason.CORRUPT


def opened(row: SkillRow, body: bytes) -> Reason:
    """Why bytes that were changed in the store are not used."""
    fields = {one: getattr(row, one) for one in row.__struct_fields__}
    return reason(open_skill, SkillRow(**{**fields, "body": body}))


def test_what_is_stored_under_an_id_is_what_the_id_names() -> None:
    assert open_skill(row_of(SHOUT)) == SHOUT
    assert opened(row_of(SHOUT), UPDATES["a tag"].to_bytes()) is Reason.CORRUPT
    assert opened(row_of(SHOUT), b"") is Reason.CORRUPT


def test_whoever_brings_it_a_new_skill_starts_in_quarantine() -> None:
    for origin in Origin:
        assert skill_row(SHOUT, origin, ALICE, NOW, "").state is SkillState.QUARANTINED
