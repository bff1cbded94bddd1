"""Attack 6 through every way in: made for another kind, network, recipient or protocol version."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from hansa.admission.service import Via
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from tests.attacks.specimens import key
from tests.node.ways import SPREAD, WAYS, Target, messages_of_every_kind, words_of_every_kind
from tests.node.world import DOUBLE, SLUG, skill_message, speak

KINDS = ("skill", "evidence", "receipt", "tombstone", "hello", "welcome", "index", "root", "anything")


@pytest.mark.parametrize("way", WAYS)
async def test_a_body_of_one_kind_is_none_of_another(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    before = target.snapshot()
    good = messages_of_every_kind(target.author, SLUG.id, target.publication.id, target.finding.id)
    bodies = {kind: json.loads(message.payload)["body"] for kind, message in good.items()}
    bodies |= {"welcome": {"to": SLUG.id, "version": "1.0"}, "index": {"length": 0, "head": ""}}
    for said, meant in itertools.product(KINDS, bodies):
        if said != meant:
            message = speak(target.author.key, said, bodies[meant])
            assert await target.push(way, message.raw) in ("bad_body", "unknown_kind"), (said, meant)
    assert target.snapshot() == before


@pytest.mark.parametrize("kind", ["welcome", "index", "ballot", "SKILL", "skill ", "Root", "root "])
@pytest.mark.parametrize("way", WAYS)
async def test_a_kind_that_is_not_pushed_is_refused(tmp_path: Path, way: str, kind: str) -> None:
    target = await Target.fresh(tmp_path)
    bodies = {"welcome": {"to": SLUG.id, "version": "1.0"}, "index": {"length": 0, "head": ""}}
    assert await target.push(way, speak(target.author.key, kind, bodies.get(kind, {})).raw) == "unknown_kind"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({"network": name}, "wrong_network") for name in ("hansa", "hansa-test ", "Hansa-test", "h\u0430nsa-test")),
        *(({"version": name}, "unsupported_version") for name in ("0.9", "1", "1.00", "2.0", "v1.0", "1.0 ")),
        *(({"recipient": name}, "wrong_recipient") for name in (key(5).public.did, "**", " *", "author", "did:key:z")),
    ],
    ids=str,
)
@pytest.mark.parametrize("way", WAYS)
async def test_what_was_made_for_elsewhere_is_refused(tmp_path: Path, way: str, changes: dict, expected: str) -> None:
    target = await Target.fresh(tmp_path)
    assert await target.push(way, skill_message(target.author.key, DOUBLE, **changes).raw) == expected
    assert not target.node.holds(DOUBLE)


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_addressed_to_the_node_is_taken_by_it_alone(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    mine = skill_message(target.author.key, DOUBLE, recipient=target.node.id)
    assert await target.push(way, mine.raw) == "taken"
    (tmp_path / "other").mkdir()
    other = await Target.fresh(tmp_path / "other")
    other.node.keys  # noqa: B018 - the same seed would make the same id
    elsewhere = skill_message(target.author.key, DOUBLE, recipient=key(9).public.did)
    assert await other.push(way, elsewhere.raw) == "wrong_recipient"


async def test_a_greeting_is_answered_at_its_own_door_only(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    hello = messages_of_every_kind(target.author, SLUG.id, target.publication.id, target.finding.id)["hello"]
    async with target.node.http() as http:
        for path in ("/skills", "/records"):
            assert (await http.post(path, content=hello.raw)).json()["reason"] == "unknown_kind"
        skill = skill_message(target.author.key, DOUBLE)
        assert (await http.post("/hello", content=skill.raw)).json()["reason"] == "unknown_kind"
        assert (await http.post("/hello", content=hello.raw)).status_code == 200
        assert (await http.post("/hello", content=hello.raw)).json()["reason"] == "old_sequence"
    assert not target.node.holds(DOUBLE)


async def test_a_message_for_one_node_is_not_passed_on_to_another_by_a_hub(tmp_path: Path) -> None:
    """The hub takes what is addressed to it; whoever subscribes to the hub is not who it was for.

    It is not shown it, and would not take it from elsewhere either.
    """
    target = await Target.fresh(tmp_path, role="hub")
    mine = skill_message(target.author.key, DOUBLE, recipient=target.node.id)
    assert await target.push("http", mine.raw) == "taken"
    b = target.world.settle("b")
    await b.subscribe(target.node)
    fates = {one.subject or one.reason.code for one in await b.pull(target.node)}
    assert fates == {SLUG.id}
    assert target.node.holds(DOUBLE)
    with pytest.raises(Refused) as caught:
        await b.node.inbox.receive(mine.raw, Via.FEED)
    assert caught.value.reason is Reason.WRONG_RECIPIENT
    assert not b.holds(DOUBLE)


async def test_the_word_of_one_kind_is_none_of_another(tmp_path: Path) -> None:
    """Nor is a record's body a word, nor a word's body a record."""
    target = await Target.fresh(tmp_path)
    records = messages_of_every_kind(target.author, SLUG.id, target.publication.id, target.finding.id)
    bodies = {
        kind: json.loads(message.payload)["body"]
        for kind, message in (records | words_of_every_kind(target.author)).items()
    }
    before = target.snapshot()
    for said, meant in itertools.product((*SPREAD, "skill", "tombstone", "root"), bodies):
        if said != meant:
            message = speak(target.author.key, said, bodies[meant])
            assert await target.push("link", message.raw) == "bad_body", (said, meant)
    assert target.snapshot() == before


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"network": "hansa"}, "wrong_network"),
        ({"network": "*"}, "wrong_network"),
        ({"version": "2.0"}, "unsupported_version"),
        ({"recipient": key(5).public.did}, "wrong_recipient"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", SPREAD)
async def test_a_word_that_was_made_for_elsewhere_is_not_heard(
    tmp_path: Path, kind: str, changes: dict, expected: str
) -> None:
    target = await Target.fresh(tmp_path)
    assert await target.push("link", words_of_every_kind(target.author, **changes)[kind].raw) == expected


@pytest.mark.parametrize("kind", ["welcome", "index", "join", "joined", "hello", "decision", "ballot", "Presence"])
async def test_a_kind_that_is_said_elsewhere_is_refused_over_a_link(tmp_path: Path, kind: str) -> None:
    target = await Target.fresh(tmp_path)
    word = speak(target.author.key, kind, {})
    assert await target.push("link", word.raw) in ("unknown_kind", "bad_body")
    assert target.node.store.record(word.id) is None
