"""Attack 4 through every way in: bytes that two readers would read differently."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding
from tests.attacks.forgeries import envelope, signature
from tests.attacks.json_vectors import bad
from tests.node.ways import SPREAD, WAYS, Target, words_of_every_kind
from tests.node.world import DOUBLE, skill_message

FLAWS = dict(bad())
REFUSED = {"not_json", "not_canonical", "bad_envelope", "too_deep", "too_many_keys", "bad_body", "unsigned"}


@pytest.mark.parametrize("way", WAYS)
async def test_no_flawed_spelling_comes_in_alone_or_signed(tmp_path: Path, way: str) -> None:
    """The author signs each flaw, in place of one number of a good message: who signs is no excuse."""
    target = await Target.fresh(tmp_path)
    before = target.snapshot()
    good = skill_message(target.author.key, DOUBLE)
    signer = target.author.key
    for flaw, data in FLAWS.items():
        payload = good.payload.replace(b'"body":{', b'"body":{"":' + data + b",", 1)
        sig = signer.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
        signed = envelope(payload, [signature(signer.public.did, sig)])
        fates = await target.push_all(way, [data, signed])
        assert set(fates) <= REFUSED, (flaw, fates)
    assert target.snapshot() == before
    assert await target.push(way, good.raw) == "taken"


@pytest.mark.parametrize("kind", SPREAD)
async def test_no_flawed_spelling_of_a_word_is_heard(tmp_path: Path, kind: str) -> None:
    target = await Target.fresh(tmp_path)
    good, signer = words_of_every_kind(target.author)[kind], target.author.key
    for flaw, data in FLAWS.items():
        payload = good.payload.replace(b'"body":{', b'"body":{"":' + data + b",", 1)
        sig = signer.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
        fate = await target.push("link", envelope(payload, [signature(signer.public.did, sig)]))
        assert fate in REFUSED, flaw
    assert await target.push("link", good.raw) == "taken"
