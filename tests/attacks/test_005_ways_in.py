"""Attack 5 through every way in: what is used is what was signed, whatever is wrapped around it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hansa.identity.envelope import Signed
from hansa.kernel import canonical
from hansa.node.vault import open_record, open_skill
from tests.attacks.forgeries import envelope, with_fields
from tests.node.ways import SPREAD, WAYS, Target, words_of_every_kind
from tests.node.world import DOUBLE, LIE, skill_message


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrappings(signed: Signed, other: Signed) -> dict[str, bytes]:
    """Returns envelopes in which a second, evil payload stands beside, before, behind or inside the signed one."""
    whole: dict[str, Any] = json.loads(signed.raw)
    evil = with_fields(signed, body=json.loads(other.payload)["body"])

    def changed(**fields: Any) -> bytes:
        return canonical.encode({**whole, **fields})

    return {
        "sibling": changed(payload2=b64(evil)),
        "sibling body": changed(body=json.loads(evil)["body"]),
        "sibling skill": changed(skill=json.loads(evil)["body"]["skill"]),
        "evil payload": changed(payload=b64(evil)),
        "both payloads": changed(payload=b64(signed.payload + evil)),
        "payload list": changed(payload=[whole["payload"], b64(evil)]),
        "payload as object": changed(payload=json.loads(evil)),
        "envelope as payload": changed(payload=b64(signed.raw)),
        "signed one inside": changed(payload=b64(with_fields(signed, body={"original": whole}))),
        "signatures of the other": changed(signatures=json.loads(other.raw)["signatures"]),
        "payload of the other": changed(payload=json.loads(other.raw)["payload"]),
        "in a list": canonical.encode([whole]),
        "in an object": canonical.encode({"envelope": whole}),
        "as text": canonical.encode(signed.raw.decode()),
        "twice in a row": signed.raw * 2,
        "evil key after": signed.raw[:-1] + b',"payload":"' + b64(evil).encode() + b'"}',
        "evil key before": b'{"payload":"' + b64(evil).encode() + b'",' + signed.raw[1:],
        "written for reading": json.dumps(whole, indent=1).encode(),
        "payload in another order": envelope(json.dumps(json.loads(signed.payload)).encode(), whole["signatures"]),
    }


@pytest.mark.parametrize("way", WAYS)
async def test_no_wrapping_comes_in(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    made = wrappings(skill_message(target.author.key, DOUBLE), skill_message(target.author.key, LIE))
    before = target.snapshot()
    fates = await target.push_all(way, list(made.values()))
    assert [name for name, fate in zip(made, fates, strict=True) if fate == "taken"] == ["payload of the other"][:0]
    assert target.snapshot() == before


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_held_is_byte_for_byte_what_was_signed(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    signed = skill_message(target.author.key, DOUBLE)
    assert await target.push(way, signed.raw) == "taken"
    record = target.node.store.record(signed.id)
    assert record.envelope == signed.raw
    assert canonical.encode(open_record(record).body["skill"]) == target.node.row(DOUBLE).body
    assert open_skill(target.node.row(DOUBLE)) == DOUBLE


@pytest.mark.parametrize("way", WAYS)
async def test_another_envelope_around_the_same_payload_is_no_news(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    signed = skill_message(target.author.key, DOUBLE)
    signatures = json.loads(signed.raw)["signatures"]
    assert await target.push(way, signed.raw) == "taken"
    before = target.snapshot()
    for copies in (2, 16):
        assert await target.push(way, envelope(signed.payload, signatures * copies)) == "duplicate"
    assert target.snapshot() == before


@pytest.mark.parametrize("kind", SPREAD)
async def test_no_wrapping_of_a_word_is_heard(tmp_path: Path, kind: str) -> None:
    target = await Target.fresh(tmp_path)
    word = words_of_every_kind(target.author)[kind]
    made = wrappings(word, skill_message(target.author.key, LIE))
    fates = await target.push_all("link", list(made.values()))
    assert [name for name, fate in zip(made, fates, strict=True) if fate == "taken"] == []
