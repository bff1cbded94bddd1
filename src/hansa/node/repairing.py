"""Mending what is damaged: from what is here, or asked again from sources and neighbours by its id (goal L8).

Whatever comes is held against the id that it was asked by, and verified like anything that comes in; so a source can
give back what was lost, and nothing else. Neighbours are asked by `mending`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from msgspec.structs import replace

from hansa.identity import envelope
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId, content_id, is_content_id
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.ports import SkillFilter
from hansa.node.rows import Change, Mend, PutBlob, PutEvidence, PutMark, PutRecord, PutSkill, RecordRow, SkillRow
from hansa.node.shelf import record_row, skill_row
from hansa.node.vault import open_record, open_skill, subject_of
from hansa.skills.messages import SKILL, EvidenceBody, SkillBody
from hansa.skills.model import Skill

DAMAGED = "damaged records"
"""Mark under which ids of damaged records are kept until a source has given them back."""

MOST_REMEMBERED = 1_000


class Repairer:
    """Mends rows."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core

    async def mend(self, what: str, id_: str) -> bool:
        """Mends one thing that a check has named; says whether it is whole now.

        Args:
            what: "record", "receipt", "tombstone" or "delivery" (all of them records), "skill", "words", "finding" or
                "blob"; nothing is done for anything else.

        Raises:
            DiskFull, Unavailable, Fault: from the store.
        """
        if not is_content_id(id_):
            return False
        id_ = ContentId(id_)
        match what:
            case "record" | "receipt" | "delivery":
                return await self._mend_record(id_)
            case "skill" | "words":
                return await self._mend_skill(id_)
            case "finding":
                return await self._mend_finding(id_)
            case "blob":
                return await self._mend_blob(id_)
        return False

    async def remember(self, ids: Iterable[str]) -> None:
        """Keeps the ids of damaged records; the next pull asks for them again."""
        listed = [id_ for id_ in dict.fromkeys(ids) if is_content_id(id_)][:MOST_REMEMBERED]
        text = json.dumps(listed) if listed else ""
        if text != self._core.store.mark(DAMAGED):
            await self._core.driver.perform(Effects([PutMark(DAMAGED, text)]))

    def remembered(self) -> list[ContentId]:
        """Returns the ids of damaged records that were noticed, or remembered, and that nobody has given back yet."""
        mark = self._core.store.mark(DAMAGED)
        return list(dict.fromkeys([*self._core.noticed, *(json.loads(mark) if mark else ())]))[:MOST_REMEMBERED]

    async def give_back(self, id_: ContentId, raw: bytes, giver: str) -> bool:
        """Puts what a neighbour has sent in the place of a damaged record; says whether that is whole now.

        Raises:
            DiskFull, Unavailable, Fault: from the store.
        """
        held = self._core.store.record(id_)
        fresh = self._read(id_, raw) if held is not None else None
        if fresh is None:
            return False
        await self._perform(id_, Mend(PutRecord(fresh)), f"given back by {giver}")
        self._core.noticed.pop(id_, None)
        await self.remember(one for one in self.remembered() if one != id_)
        return True

    async def retry(self) -> list[ContentId]:
        """Asks again for the records that were remembered or noticed since; returns those that are whole now."""
        wanted = self.remembered()
        self._core.noticed.clear()
        if not wanted:
            return []
        whole = [id_ for id_ in wanted if await self._mend_record(id_)]
        await self.remember(id_ for id_ in wanted if id_ not in whole)
        return whole

    async def _mend_record(self, id_: ContentId) -> bool:
        held = self._core.store.record(id_)
        if held is None:
            return False
        if held.withheld:
            return True  # nothing rests on it
        for source in self._core.store.subscriptions():
            fresh = await self._asked_for(source.url, id_)
            if fresh is not None:
                await self._perform(id_, Mend(PutRecord(fresh)), f"given back by {source.url}")
                return True
        return self._is_whole(held)

    async def _asked_for(self, url: str, id_: ContentId) -> RecordRow | None:
        try:
            answer = await self._core.caller.get(url, f"/records/{id_}")
        except (Refused, Unavailable):
            return None
        return self._read(id_, answer.body) if answer.status == 200 else None

    def _read(self, id_: ContentId, data: bytes) -> RecordRow | None:
        """Returns the record with this id, proved to be its author's; None for anything else."""
        try:
            signed = envelope.read(data, self._core.settings.limits)
            if signed.id != id_:
                return None
            ring = self._core.ring
            message = ring.verify(signed, ring, self._core.settings.limits)
            return record_row(message, subject_of(message), self._core.now(), ring)
        except Refused:
            return None

    async def _mend_skill(self, id_: ContentId) -> bool:
        held = self._core.store.skill(id_)
        if held is None:
            return False
        skill = self._whole_skill(held)
        if skill is None:
            return False
        await self._perform(id_, Mend(PutSkill(_like(held, skill))), "made anew from the record that brought it")
        return True

    def _whole_skill(self, row: SkillRow) -> Skill | None:
        with suppress(Refused):
            return open_skill(row)
        for record in self._core.store.records_about(row.id, SKILL):
            with suppress(Refused):
                found = parse(open_record(record, self._core.ring).body, SkillBody).skill
                if found.id == row.id:
                    return found
        return None

    async def _mend_finding(self, record_id: ContentId) -> bool:
        record = self._core.store.record(record_id)
        if record is None or not (self._is_whole(record) or await self._mend_record(record_id)):
            return False
        message = open_record(self._core.store.record(record_id) or record, self._core.ring)
        finding = parse(message.body, EvidenceBody).as_evidence(message.author, message.header.created)
        await self._perform(record_id, Mend(PutEvidence(record_id, finding)), "made anew from its record")
        return True

    async def _mend_blob(self, digest: ContentId) -> bool:
        skills = self._naming(digest)
        for source in self._core.store.subscriptions():
            for skill in skills:
                with suppress(Unavailable):
                    answer = await self._core.caller.get(source.url, f"/skills/{skill}/files/{digest}")
                    if answer.status == 200 and content_id(answer.body) == digest:
                        await self._perform(skill, Mend(PutBlob(digest, answer.body)), f"file {digest[:12]} came back")
                        return True
        return False

    def _naming(self, digest: ContentId) -> list[ContentId]:
        """Returns the skills held here that have a file with this digest."""
        found: list[ContentId] = []
        after = ""
        while rows := self._core.store.skills(SkillFilter(), after=after, limit=500):
            after = rows[-1].id
            for row in rows:
                with suppress(Refused):
                    if any(file.digest == digest for file in open_skill(row).result.files):
                        found.append(row.id)
        return found

    def _is_whole(self, row: RecordRow) -> bool:
        try:
            return open_record(row, self._core.ring).header.created == row.created
        except Refused:
            return False

    async def _perform(self, ref: ContentId, change: Change, how: str) -> None:
        note = self._core.driver.note(ref, Box.STORE, Verdict.ACCEPT, Reason.CORRUPT, f"mended: {how}")
        await self._core.driver.perform(Effects([change, note]))


def _like(held: SkillRow, skill: Skill) -> SkillRow:
    """Returns the row that a skill should have, with all that this node has settled about it."""
    fresh = skill_row(skill, held.origin, held.author, held.added, held.source, held.claimed_pass)  # type: ignore[arg-type]
    return replace(fresh, state=held.state, reason=held.reason)
