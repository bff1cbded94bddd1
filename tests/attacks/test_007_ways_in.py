"""Attack 7 through every way in: more signatures do not make another message, nor more of an author."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding
from tests.attacks.forgeries import envelope, signature
from tests.attacks.specimens import key
from tests.node.ways import WAYS, Target
from tests.node.world import DOUBLE, skill_message


@pytest.mark.parametrize("way", WAYS)
async def test_signatures_of_others_add_nothing(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    message = skill_message(target.author.key, DOUBLE)
    own = signature(*message.signatures[0])
    encoded = pre_authentication_encoding(PAYLOAD_TYPE, message.payload)
    others = [signature(key(n).public.did, key(n).sign(encoded)) for n in range(2, 9)]
    for signatures in ([own, others[0]], [others[0], own], [own, *others], others, [own] * 17, [own, *others, own]):
        fate = await target.push(way, envelope(message.payload, signatures))
        assert fate in ("wrong_signer", "bad_envelope"), len(signatures)
    assert not target.node.holds(DOUBLE)


@pytest.mark.parametrize("way", WAYS)
async def test_one_key_counts_once_under_any_spelling(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    message = skill_message(target.author.key, DOUBLE)
    me, good = message.signatures[0]
    for alias in (me.replace(":z", ":z1"), me.upper(), f"{me}#1"[:64], f"{me} ", me[:-1]):
        fate = await target.push(way, envelope(message.payload, [signature(me, good), signature(alias, good)]))
        assert fate in ("bad_key", "bad_envelope"), alias
    assert await target.push(way, envelope(message.payload, [signature(me, good)] * 3)) == "taken"
    assert len(target.node.store.records_about(DOUBLE.id)) == 1
    assert await target.push(way, message.raw) == "duplicate"
