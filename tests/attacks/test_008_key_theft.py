"""Attack 8: a signing key is stolen. Once its revocation reaches a node, nothing that it signs above its number counts.

By every way in, on both kinds of store; what came in before is withheld, what is good stays good, and no key but the
root key can change keys.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from hansa.identity import envelope
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.instant import DAY, MINUTE
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.verdict import Reason
from hansa.node.ports import SkillFilter
from hansa.node.vault import open_record
from hansa.skills.messages import tombstone_body
from hansa.skills.model import SkillState
from tests.attacks.specimens import scaled
from tests.node.owner import Owner
from tests.node.ways import DIGEST, SPREAD, WAYS, Target, _finding, words_of_every_kind
from tests.node.world import DOUBLE, START, World, meanwhile, multiplier, skill_message

GOOD = START + 1_000
"""The last number that was the owner's own."""


class Theft:
    """A target that knows an owner's metadata and holds one skill of hers; her signing key is stolen."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.node = target.node
        self.owner = Owner(1)
        self.stolen: SigningKey = self.owner.day
        target.world.invite(target.node, self.owner)  # type: ignore[arg-type]
        self.honest = self.owner.skill(DOUBLE, seq=GOOD)

    @classmethod
    async def done(cls, folder: Path, way: str = "http", kind: str = "memory") -> Theft:
        """Returns the state in which the thief has the key and nobody knows."""
        theft = cls(await Target.ready(World(folder, kind)))
        assert await theft.push(way, theft.owner.name()) == "taken"
        assert await theft.push(way, theft.honest) == "taken"
        return theft

    async def push(self, way: str, message: envelope.Signed) -> str:
        return await self.target.push(way, message.raw)

    async def revoke(self, way: str = "http") -> None:
        assert await self.push(way, self.owner.name(new=True, until=GOOD)) == "taken"

    def forge(self, kind: str, number: int, seq: int) -> envelope.Signed:
        """Returns what the thief says in the owner's name."""
        bodies = {
            "skill": lambda: None,
            "evidence": lambda: _finding(DOUBLE.id),
            "tombstone": lambda: tombstone_body(DOUBLE.id, "gone"),
            "receipt": lambda: {
                "dealing": "skill_reproved", "subject": self.owner.id, "skill": DOUBLE.id,
                "records": [self.honest.id, DIGEST],
            },
        }  # fmt: skip
        if kind == "skill":
            return self.owner.skill(multiplier(number), self.stolen, seq=seq)
        return self.owner.say(kind, bodies[kind](), self.stolen, seq=seq)


KINDS = ("skill", "evidence", "tombstone", "receipt")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("revoked_by", WAYS)
async def test_after_the_revocation_nothing_above_its_number_is_taken(
    tmp_path: Path, way: str, revoked_by: str
) -> None:
    theft = await Theft.done(tmp_path, way)
    await theft.revoke(revoked_by)
    before = theft.target.snapshot()
    chance = random.Random(8)
    seqs = [GOOD + 1, GOOD + 2, MAX_SAFE_INTEGER, START + DAY]
    seqs += [chance.randrange(GOOD + 1, MAX_SAFE_INTEGER) for _ in range(scaled(6))]
    forged = [theft.forge(kind, 3 + n, seq) for n, seq in enumerate(seqs) for kind in KINDS]
    assert set(await theft.target.push_all(way, [one.raw for one in forged])) == {"revoked"}
    assert theft.target.snapshot() == before


@pytest.mark.parametrize("way", WAYS)
async def test_what_the_key_signed_up_to_its_number_is_still_taken_however_late(tmp_path: Path, way: str) -> None:
    """Else a node that was told of the revocation first would never come to hold what the others hold."""
    theft = await Theft.done(tmp_path, way)
    late = theft.owner.skill(multiplier(3), theft.stolen, seq=GOOD - 1)
    await theft.revoke(way)
    assert await theft.push(way, late) == "taken"
    assert await theft.push(way, theft.owner.skill(multiplier(4), seq=GOOD + 5)) == "taken"  # the new key, later
    assert await theft.push(way, theft.owner.skill(multiplier(5), seq=GOOD - 5)) == "taken"  # the new key, any number


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_came_in_before_the_revocation_is_withheld_by_it(tmp_path: Path, kind: str) -> None:
    theft = await Theft.done(tmp_path, kind=kind)
    node, world = theft.node, theft.target.world
    theft.target.world.table.teach(multiplier(3))
    forged = [theft.forge("skill", 3, GOOD + 7), theft.forge("evidence", 0, GOOD + 8)]
    for one in forged:
        assert await theft.push("http", one) == "taken"
    await node.prove(multiplier(3))
    assert node.row(multiplier(3)).state is SkillState.ADMITTED
    await theft.revoke()
    for _ in range(2):
        assert node.row(multiplier(3)).state is SkillState.REMOVED
        assert node.row(multiplier(3)).reason == "revoked"
        assert node.node.find(multiplier(3).intent) == []
        assert [one.prover for one in node.store.evidence(DOUBLE.id)] == []
        assert node.store.records_about(multiplier(3).id, "skill") == []
        story = node.node.stories.why(multiplier(3).id)
        assert story.stopped_at == "identity"
        assert "revoked" in " ".join(line.text for line in story.lines)
        assert node.node.stories.why(forged[0].id).stopped_at == "identity"
        for one in forged:
            with pytest.raises(Refused) as caught:
                open_record(node.store.record(one.id), node.node.core.ring)
            assert caught.value.reason is Reason.REVOKED
        assert open_record(node.store.record(theft.honest.id), node.node.core.ring).id == theft.honest.id
        assert node.row(DOUBLE).state is SkillState.QUARANTINED
        node = world.restart(node)
    world.close()


async def test_a_skill_that_somebody_else_stands_behind_stays(tmp_path: Path) -> None:
    theft = await Theft.done(tmp_path)
    assert await theft.push("http", theft.forge("skill", 3, GOOD + 7)) == "taken"
    assert await theft.push("http", skill_message(theft.target.author.key, multiplier(3))) == "taken"
    await theft.revoke()
    assert theft.node.row(multiplier(3)).state is SkillState.QUARANTINED


async def test_a_skill_comes_back_when_its_owner_signs_it_with_the_new_key(tmp_path: Path) -> None:
    theft = await Theft.done(tmp_path)
    await theft.push("http", theft.forge("skill", 3, GOOD + 7))
    await theft.revoke()
    assert await theft.push("http", theft.owner.skill(multiplier(3), seq=GOOD + 9)) == "taken"
    assert theft.node.row(multiplier(3)).state is SkillState.QUARANTINED


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_tombstone_by_the_thief_is_undone(tmp_path: Path, kind: str) -> None:
    theft = await Theft.done(tmp_path, kind=kind)
    assert await theft.push("http", theft.forge("tombstone", 0, GOOD + 7)) == "taken"
    assert theft.node.row(DOUBLE).state is SkillState.REMOVED
    await theft.revoke()
    assert theft.node.row(DOUBLE).state is SkillState.QUARANTINED
    assert theft.node.store.tombstones() == []
    assert [id_ for id_, _ in theft.node.store.lexical(DOUBLE.intent, 9)].count(DOUBLE.id) == 1
    theft.target.world.close()


async def test_a_number_that_the_thief_used_is_free_for_the_owner_and_no_proof_against_her(tmp_path: Path) -> None:
    theft = await Theft.done(tmp_path)
    await theft.push("http", theft.forge("skill", 3, GOOD + 7))
    await theft.revoke()
    assert await theft.push("http", theft.owner.skill(multiplier(4), seq=GOOD + 7)) == "taken"
    assert theft.node.store.ledger() == []


@pytest.mark.parametrize("way", WAYS)
async def test_the_thief_cannot_change_keys(tmp_path: Path, way: str) -> None:
    theft = await Theft.done(tmp_path, way)
    owner, stolen, mine = theft.owner, theft.stolen, theft.owner.fresh()
    chain = theft.node.node.core.ring.chain(owner.id)
    attempts = {
        "the day key alone": owner.version(2, [owner.root], [mine], {}, [stolen]),
        "the day key as root key": owner.version(2, [stolen], [stolen], {}, [stolen]),
        "a root key of his": owner.version(2, [mine], [mine], {}, [mine, stolen]),
        "the first version again": owner.version(1, [stolen], [stolen], {}, [stolen]),
        "a jump": owner.version(9, [mine], [mine], {}, [mine, stolen]),
        "nobody": owner.version(2, [owner.root], [mine], {}, []),
    }
    for name, one in attempts.items():
        assert await theft.push(way, one) in ("threshold", "rollback", "unsigned"), name
    assert theft.node.node.core.ring.chain(owner.id) == chain
    assert await theft.push(way, owner.say("skill", {}, mine)) == "wrong_signer"


@pytest.mark.parametrize("way", WAYS)
async def test_the_thief_cannot_take_the_numbers_that_the_next_versions_need(tmp_path: Path, way: str) -> None:
    """Else the revocation would be refused as the second message under its number."""
    theft = await Theft.done(tmp_path, way)
    for seq in (2, 3, 1_000):
        assert await theft.push(way, theft.forge("skill", seq, seq)) == "wrong_signer"
    await theft.revoke(way)


@pytest.mark.parametrize("way", WAYS)
async def test_an_older_version_again_does_not_bring_the_key_back(tmp_path: Path, way: str) -> None:
    theft = await Theft.done(tmp_path, way)
    await theft.revoke(way)
    for old in theft.owner.chain:
        assert await theft.push(way, old) == "duplicate"
    again = theft.owner.version(3, [theft.owner.root], [theft.stolen], {}, [theft.owner.root])
    assert await theft.push(way, again) == "revoked"  # not even its owner makes a revoked key good again
    later = theft.owner.version(
        3, [theft.owner.root], [theft.owner.day], {theft.stolen.public: GOOD + 9}, [theft.owner.root]
    )
    assert await theft.push(way, later) == "rollback"
    assert await theft.push(way, theft.forge("skill", 3, GOOD + 7)) == "revoked"


async def test_a_bound_may_be_set_back_further_and_then_withholds_more(tmp_path: Path) -> None:
    theft = await Theft.done(tmp_path)
    assert await theft.push("http", theft.forge("skill", 3, GOOD - 5)) == "taken"
    await theft.revoke()
    assert theft.node.row(multiplier(3)).state is SkillState.QUARANTINED
    owner = theft.owner
    assert (
        await theft.push(
            "http", owner.version(3, [owner.root], [owner.day], {theft.stolen.public: GOOD - 9}, [owner.root])
        )
        == "taken"
    )
    assert theft.node.row(multiplier(3)).state is SkillState.REMOVED
    assert theft.node.row(DOUBLE).state is SkillState.REMOVED


@pytest.mark.parametrize("seq", [GOOD - 1, GOOD + 1, MAX_SAFE_INTEGER])
async def test_the_thief_greets_nobody_not_even_under_an_old_number(tmp_path: Path, seq: int) -> None:
    theft = await Theft.done(tmp_path)
    await theft.revoke()
    hello = {"versions": ["1.0"], "name": "owner", "role": "node", "skills": 0}
    for by, fate in ((theft.stolen, "wrong_signer"), (theft.owner.day, "taken")):
        message = theft.owner.say("hello", hello, by, seq=seq, expires=START + MINUTE)
        assert await theft.push("http", message) == fate


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_waits_for_its_turn_while_the_revocation_comes_in_is_refused(tmp_path: Path, kind: str) -> None:
    """It was verified under the old keys; it is decided on under the new ones."""
    theft = await Theft.done(tmp_path, kind=kind)
    revocation = theft.owner.name(new=True, until=GOOD)
    late = theft.forge("skill", 3, GOOD + 7)
    fates = await meanwhile(theft.target.world, theft.push("http", revocation), theft.push("http", late))
    assert fates == ["taken", "revoked"]
    assert not theft.node.holds(multiplier(3))
    theft.target.world.close()


async def test_stored_metadata_that_is_damaged_makes_nothing_good_again(tmp_path: Path) -> None:
    theft = await Theft.done(tmp_path, kind="sqlite")
    await theft.revoke()
    world, node = theft.target.world, theft.node
    node.store.close()
    path = world.folder / "target" / "hansa.db"
    data = path.read_bytes()
    part = theft.owner.chain[1].raw[-80:-40]  # of its signature
    assert data.count(part) == 1
    path.write_bytes(data.replace(part, b"A" * 40))
    node = theft.node = theft.target.node = world.restart(node)
    for seq in (GOOD - 1, GOOD + 7):
        assert await theft.push("file", theft.forge("skill", 3, seq)) == "corrupt"
    with pytest.raises(Refused):
        open_record(node.store.record(theft.honest.id), node.node.core.ring)
    assert len(node.store.skills(SkillFilter())) == 2
    world.close()


async def test_a_root_key_that_was_replaced_changes_nothing_any_more(tmp_path: Path) -> None:
    theft = await Theft.done(tmp_path)
    owner, old = theft.owner, theft.owner.root
    assert await theft.push("http", owner.name(new_root=True)) == "taken"
    mine = owner.fresh()
    assert await theft.push("http", owner.version(3, [old], [mine], {}, [old])) == "threshold"
    assert await theft.push("http", owner.version(3, [mine], [mine], {}, [old, mine])) == "threshold"
    assert await theft.push("http", owner.name(new=True, until=GOOD)) == "taken"


@pytest.mark.parametrize("seq", [GOOD - 1, GOOD + 1, MAX_SAFE_INTEGER])
@pytest.mark.parametrize("kind", SPREAD)
async def test_the_thief_has_no_word_that_goes_round_not_even_under_an_old_number(
    tmp_path: Path, kind: str, seq: int
) -> None:
    """What goes round is about now: numbers that were good then are of no use, else he could warn of anybody."""
    theft = await Theft.done(tmp_path)
    theft.target.lend(theft.owner.id)
    good = json.loads(words_of_every_kind(theft.target.author)[kind].payload)
    body, to = good["body"], good["recipient"]
    body |= {"path": [str(theft.owner.id)]} if kind == "task" else {}
    word = theft.owner.say(kind, body, theft.stolen, seq=seq, recipient=to)
    assert await theft.push("link", word) == "taken"
    await theft.revoke("link")
    assert await theft.push("link", word) == "wrong_signer"
    assert await theft.push("link", theft.owner.say(kind, body, theft.owner.day, seq=seq, recipient=to)) == "taken"
