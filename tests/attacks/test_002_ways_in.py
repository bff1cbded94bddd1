"""Attack 2 through every way in: who signs is who speaks, whatever a message says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.identity import envelope as identity
from hansa.identity.envelope import PAYLOAD_TYPE, Header, pre_authentication_encoding
from hansa.kernel import canonical
from tests.attacks.forgeries import envelope, signature, with_fields
from tests.attacks.specimens import key
from tests.node.ways import SPREAD, WAYS, Target, messages_of_every_kind, words_of_every_kind
from tests.node.world import DOUBLE, SLUG, START, skill_message, speak

MALLORY = key(66)
KINDS = ("skill", "evidence", "receipt", "tombstone", "hello")


@pytest.mark.parametrize("way", WAYS)
async def test_nobody_speaks_in_anothers_name(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    target.world.invite(target.node, target.liar)
    before = target.snapshot()
    victim = str(target.author.id)
    for kind, message in messages_of_every_kind(
        target.author, SLUG.id, target.publication.id, target.finding.id
    ).items():
        mine = MALLORY.sign(pre_authentication_encoding(PAYLOAD_TYPE, message.payload))
        claimed = [
            envelope(message.payload, [signature(MALLORY.public.did, mine)]),
            envelope(message.payload, [signature(victim, mine)]),
            *(with_signature(with_fields(message, **{field: victim}), as_=MALLORY.public.did) for field in ("author",)),
        ]
        assert set(await target.push_all(way, claimed)) <= {"wrong_signer", "forged"}, kind
    assert target.snapshot() == before


def with_signature(payload: bytes, as_: str) -> bytes:
    return envelope(payload, [signature(as_, MALLORY.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload)))])


@pytest.mark.parametrize("field", ["instance_id", "sender_id", "node_id", "public_key", "key", "verified"])
@pytest.mark.parametrize("way", WAYS)
async def test_no_further_field_says_who_it_is(tmp_path: Path, way: str, field: str) -> None:
    """Mallory signs honestly as himself, and adds whom he would like to be taken for."""
    target = await Target.fresh(tmp_path)
    message = skill_message(MALLORY, DOUBLE)
    payload = with_fields(message, **{field: str(target.author.id)})
    assert await target.push(way, with_signature(payload, MALLORY.public.did)) == "bad_envelope"


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_key_signs_stays_its_own(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    message = skill_message(target.liar.key, DOUBLE)
    assert await target.push(way, message.raw) == "taken"
    assert target.node.row(DOUBLE).author == target.liar.id
    (record,) = target.node.store.records_about(DOUBLE.id)
    assert record.author == target.liar.id


@pytest.mark.parametrize("way", ["file", "feed", "http", "bulk"])
async def test_not_even_the_nodes_own_name_is_free(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    header = Header(
        version="1.0", network="hansa-test", kind="skill", author=target.node.id, recipient="*", seq=1, created=START,
        expires=0,
    )  # fmt: skip
    body = {"skill": canonical.decode(DOUBLE.to_bytes()), "claim": {}}
    forged = identity.seal(header, body, [MALLORY])
    assert await target.push(way, forged.raw) == "wrong_signer"
    assert not target.node.holds(DOUBLE)


async def test_a_name_in_a_greeting_binds_nobody(tmp_path: Path) -> None:
    """Two keys greet under one name; both are known by their keys, and an invitation of one is none of the other."""
    target = await Target.fresh(tmp_path)
    for one in (target.author.key, MALLORY):
        greeting = speak(one, "hello", {"versions": ["1.0"], "name": "author", "role": "hub"}, expires=START + 60_000)
        assert await target.push("http", greeting.raw) == "taken"
    assert await target.push("http", skill_message(MALLORY, DOUBLE).raw) == "unknown_peer"
    assert not target.node.store.peer(MALLORY.public.did).invited


@pytest.mark.parametrize("kind", SPREAD)
async def test_no_word_goes_round_in_anothers_name(tmp_path: Path, kind: str) -> None:
    """Whoever brings it over its link is nobody's proof: neither the neighbour's name nor the author's own words."""
    target = await Target.fresh(tmp_path)
    word, victim = words_of_every_kind(target.author)[kind], str(target.author.id)
    mine = MALLORY.sign(pre_authentication_encoding(PAYLOAD_TYPE, word.payload))
    claimed = [
        envelope(word.payload, [signature(MALLORY.public.did, mine)]),
        envelope(word.payload, [signature(victim, mine)]),
        with_signature(with_fields(word, author=str(target.liar.id)), as_=MALLORY.public.did),
        with_signature(with_fields(word, author=str(target.node.id)), as_=MALLORY.public.did),
    ]
    assert await target.push_all("link", claimed) == ["wrong_signer", "forged", "wrong_signer", "wrong_signer"]
