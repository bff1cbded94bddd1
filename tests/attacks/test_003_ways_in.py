"""Attack 3 through every way in: weak keys and second spellings of keys and signatures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hansa.node.rows import PeerRow, PutPeer
from tests.attacks import edwards
from tests.attacks.forgeries import did, envelope, signature, with_fields
from tests.node.ways import SPREAD, WAYS, Target, words_of_every_kind
from tests.node.world import DOUBLE, skill_message


def weak_keys() -> list[str]:
    return [did(edwards.encode(point)) for point in edwards.small_order_points()]


@pytest.mark.parametrize("way", WAYS)
async def test_a_weak_key_speaks_for_nobody_even_when_it_is_invited(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    trick = edwards.encode(edwards.NEUTRAL) + bytes(32)
    for weak in weak_keys():
        await target.node.store.apply([PutPeer(PeerRow(weak, invited=True))])
        claimed = with_fields(skill_message(target.author.key, DOUBLE), author=weak)
        assert await target.push(way, envelope(claimed, [signature(weak, trick)])) == "bad_key"
    assert not target.node.holds(DOUBLE)


@pytest.mark.parametrize("way", WAYS)
async def test_another_spelling_of_a_signature_is_refused(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    message = skill_message(target.author.key, DOUBLE)
    me, good = message.signatures[0]
    s = int.from_bytes(good[32:], "little")
    text = json.loads(message.raw)["signatures"][0]["sig"]
    spellings = {
        "S + L": good[:32] + (s + edwards.L).to_bytes(32, "little"),
        "padding left out": text.rstrip("="),
        "URL alphabet": text.replace("+", "-").replace("/", "_")[:-2] + "-=",
        "a blank": text + " ",
        "spare bits": text[:-3] + chr(ord(text[-3]) + 1) + "==",
    }
    fates = {
        name: await target.push(way, envelope(message.payload, [signature(me, sig)])) for name, sig in spellings.items()
    }
    assert set(fates.values()) <= {"forged", "bad_envelope"}, fates
    assert await target.push(way, message.raw) == "taken"


@pytest.mark.parametrize(
    "id_", [*weak_keys()[:3], "did:key:z6Mk", "did:web:example.com", "", "*", "did:key:z" + "1" * 60]
)
async def test_an_operator_can_not_invite_what_is_no_key(tmp_path: Path, id_: str) -> None:
    target = await Target.fresh(tmp_path)
    before = target.node.store.peers()
    with pytest.raises(Exception, match="is no node id"):
        await target.node.ask("peer.set", id=id_, invited=True)
    assert target.node.store.peers() == before


@pytest.mark.parametrize("kind", SPREAD)
async def test_a_weak_key_has_no_word_that_goes_round(tmp_path: Path, kind: str) -> None:
    target = await Target.fresh(tmp_path)
    trick = edwards.encode(edwards.NEUTRAL) + bytes(32)
    word = words_of_every_kind(target.author)[kind]
    claimed = [envelope(with_fields(word, author=weak), [signature(weak, trick)]) for weak in weak_keys()]
    assert set(await target.push_all("link", claimed)) == {"bad_key"}
