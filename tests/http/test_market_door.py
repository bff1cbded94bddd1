"""The market at the operator's door: every operation, what it answers, and what makes no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints import operations
from tests.node.world import Resident, World

GOOD = {"Authorization": "Bearer the-token", "Host": "127.0.0.1:8470"}
CPU = "computational_power"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path, "memory")
    yield world.settle("node")
    world.close()


async def ask(node: Resident, name: str, **given: Any) -> dict[str, Any]:
    """Returns the last line of what the door answers."""
    async with node.http() as http:
        answer = await http.post(f"/admin/operations/market.{name}", json=given, headers=GOOD)
    assert answer.status_code == 200
    last: dict[str, Any] = json.loads(answer.text.splitlines()[-1])
    return last


async def test_every_operation_answers_whole_numbers(node: Resident) -> None:
    offer = (await ask(node, "offer", resource=CPU, amount="2 cores", price="0.06", hours=8))["result"]
    assert (offer["amount"], offer["price"], offer["up"]) == (2000, 60, False)
    same = (await ask(node, "offer", resource=CPU, amount=2000, price=60, hours="0.5"))["result"]
    assert (same["amount"], same["price"]) == (2000, 60)
    request = (await ask(node, "request", resource="memory", amount=512, most=3, lasts=1_800_000, within="8h"))[
        "result"
    ]
    assert (request["number"], request["asked"], request["lasts_seconds"]) == (1, 512, 1800)
    listed = (await ask(node, "list"))["result"]
    assert (listed["offered"], listed["requested"]) == (2, 1)
    assert (await ask(node, "leases", all=True))["result"] == {"leases": [], "count": 0, "next": None}
    accounts = (await ask(node, "accounts", check=True))["result"]
    assert (accounts["balances"], accounts["sum"], accounts["same"]) == ([], 0, True)
    flows = (await ask(node, "flows", hours=1))["result"]
    assert (flows["total"], flows["pairs"], flows["efficiency"], flows["bottlenecks"]) == (0, [], None, [])
    forecast = await ask(node, "forecast", resource=CPU)
    assert (forecast["ok"], forecast["result"]["forecast"], forecast["result"]["needed_hours"]) == (False, [], 48)
    for id_ in (1, offer["offer"]):
        assert (await ask(node, "withdraw", id=id_))["ok"]
    assert (await ask(node, "list"))["result"]["offered"] == 1


WRONG: list[tuple[str, dict[str, Any], int]] = [
    ("offer", {}, 2),
    ("offer", {"resource": 7, "amount": 1, "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": None, "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": 1.5, "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": 0, "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": 2**41, "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": True, "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": [1], "hours": 1}, 2),
    ("offer", {"resource": CPU, "amount": 1, "hours": -1}, 2),
    ("offer", {"resource": CPU, "amount": 1, "hours": 1e300}, 2),
    ("offer", {"resource": CPU, "amount": 1, "hours": 1, "price": -1}, 2),
    ("offer", {"resource": CPU, "amount": 1, "hours": 1, "price": {}}, 2),
    ("offer", {"resource": CPU, "amount": 1, "hours": 1, "from": 5}, 2),
    ("offer", {"resource": CPU, "amount": 1, "hours": 1, "from": 2**60}, 2),
    ("request", {"resource": CPU}, 2),
    ("request", {"resource": CPU, "amount": 5, "least": 6}, 2),
    ("request", {"resource": CPU, "amount": 5, "urgency": "high"}, 2),
    ("request", {"resource": CPU, "amount": 5, "urgency": -1}, 2),
    ("request", {"resource": CPU, "amount": 5, "lasts": -5}, 2),
    ("request", {"resource": CPU, "amount": 5, "lasts": "2h", "within": "1h"}, 2),
    ("request", {"resource": CPU, "amount": 5, "wait": "30s"}, 4),
    ("withdraw", {}, 2),
    ("withdraw", {"id": ""}, 3),
    ("withdraw", {"id": "-1"}, 3),
    ("withdraw", {"id": 10**30}, 3),
    ("match", {}, 4),
    ("leases", {"limit": 0}, 2),
    ("leases", {"limit": 10**9}, 2),
    ("leases", {"before": "last"}, 2),
    ("release", {"id": ""}, 3),
    ("release", {"id": "f" * 64}, 3),
    ("flows", {"hours": 0}, 2),
    ("flows", {"hours": 10**6}, 2),
    ("forecast", {}, 2),
    ("forecast", {"resource": "gold"}, 2),
    ("forecast", {"resource": CPU, "hours": 169}, 2),
]


async def test_what_makes_no_sense_is_an_error_with_an_exit_code(node: Resident) -> None:
    for name, given, code in WRONG:
        told = await ask(node, name, **given)
        assert told.get("exit_code") == code, (name, given, told)
        assert told["error"]["message"].isprintable()
    listed = (await ask(node, "list"))["result"]
    assert listed["offers"] == listed["requests"] == []


async def test_no_operation_of_the_market_runs_without_the_operators_token(node: Resident) -> None:
    names = [one for one in operations.OPERATIONS if one.startswith("market.")]
    assert len(names) == 10
    async with node.http() as http:
        for name in names:
            for headers in ({"Host": "127.0.0.1"}, {"Host": "127.0.0.1", "Authorization": "Bearer x"}):
                answer = await http.post(f"/admin/operations/{name}", json={}, headers=headers)
                assert answer.status_code == 401
