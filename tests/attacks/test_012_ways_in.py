"""Attack 12 through every way in: bombs are refused for what they are, fast, and the node goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.attacks.forgeries import envelope, signature
from tests.attacks.test_012_parser_bombs import BOMBS
from tests.node.ways import WAYS, Target
from tests.node.world import DOUBLE, skill_message

REFUSED = {
    "too_large", "too_deep", "too_many_keys", "not_json", "not_canonical", "bad_envelope", "forged", "unsigned",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_no_bomb_comes_in_bare_or_inside_an_envelope(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    before = target.snapshot()
    me, good = skill_message(target.author.key, DOUBLE).signatures[0]
    for name, (bomb, _) in BOMBS.items():
        if way == "feed" and len(bomb) > 2 * 1024 * 1024:
            continue  # larger than any answer that is read; see attack 13
        started = time.process_time()
        fates = await target.push_all(way, [bomb, envelope(bomb[:190_000], [signature(me, good)])])
        assert set(fates) <= REFUSED, (name, fates)
        assert time.process_time() - started < 2, name
    assert target.snapshot() == before
    assert target.node.node.core.counters.balanced
    assert await target.push(way, skill_message(target.author.key, DOUBLE).raw) == "taken"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' + b"[" * 900_000,
        b'{"a":' * 150_000,
        b"1" * 900_000,
        b"\\" * 900_000,
        b'"' * 900_000,
        b"[" * 900_000,
    ],
    ids=["deep arrays", "deep objects", "digits", "backslashes", "quotes", "brackets"],
)
async def test_a_bomb_at_the_operators_door_is_refused(tmp_path: Path, body: bytes) -> None:
    target = await Target.fresh(tmp_path)
    headers = {"Authorization": "Bearer the-token", "Host": "127.0.0.1"}
    async with target.node.http() as http:
        answer = await http.post("/admin/operations/status", content=body, headers=headers)
    assert answer.status_code == 400
