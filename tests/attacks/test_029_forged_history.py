"""Attack 29: a history that was made up: dated ahead, malformed, out of order, forged. It is dropped and counted."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import msgspec
import pytest

from hansa.conduct import AllianceTracker
from hansa.conduct.dealings import Dealing
from hansa.conduct.ledger import KIND, Receipt
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, iso
from hansa.kernel.verdict import Reason
from hansa.node.ledger_file import HEAD
from tests.node.test_conduct import b_reads, goods, league, push
from tests.node.world import START, Resident, World


async def exported(world: World) -> tuple[Resident, Resident, Resident, list[str]]:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 4))
    await b_reads(hub, b)
    return hub, a, b, (await b.ask("ledger.export")).value["lines"]


async def take(resident: Resident, lines: list[str], folder: Path):  # type: ignore[no-untyped-def]
    path = folder / "ledger"
    path.write_text("".join(f"{line}\n" for line in lines))
    return await resident.ask("ledger.import", path=str(path))


async def test_every_signature_is_checked(world: World, tmp_path: Path) -> None:
    _, _, b, lines = await exported(world)
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    for number, line in enumerate(lines):
        if '"record"' not in line or number == 0:
            continue
        envelope = json.loads(json.loads(line)["record"])
        sig = envelope["signatures"][0]["sig"]
        envelope["signatures"][0]["sig"] = ("B" if sig[0] != "B" else "C") + sig[1:]
        forged = [*lines]
        forged[number] = json.dumps({"record": json.dumps(envelope, separators=(",", ":"))})
        found = await take(far, forged, tmp_path)
        assert not found.ok
        assert found.value["flaws"]
    assert far.store.ledger_mark()[0] <= 4


async def test_links_out_of_order_are_dropped_and_counted(world: World, tmp_path: Path) -> None:
    _, a, b, lines = await exported(world)
    links = [number for number, line in enumerate(lines) if line.startswith('{"link"')]
    swapped = [*lines]
    swapped[links[1]], swapped[links[2]] = lines[links[2]], lines[links[1]]
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    found = await take(far, swapped, tmp_path)
    assert found.value["dropped_links"] >= 2
    assert far.node.core.accounts.account(a.id).good == 4 - found.value["dropped_links"]


async def test_receipts_of_the_future_are_refused_and_counted(world: World, tmp_path: Path) -> None:
    hub, a, b, lines = await exported(world)
    claim = next(one for one in hub.store.feed(0, 100) if one.author == a.id)
    finding = next(one for one in b.store.records_after(b.id, -1) if one.kind == "evidence")
    body = Receipt(
        dealing=Dealing.SKILL_REPROVED, subject=a.id, skill=claim.subject, records=(claim.id, finding.id), domain="x"
    )
    ahead = b.say(KIND, msgspec.to_builtins(body), created=START + DAY)
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    from hansa.conduct.ledger import Entry, append
    from hansa.kernel.ids import ContentId

    last = json.loads(next(line for line in reversed(lines) if line.startswith('{"link"')))["link"]
    link = append(Entry(last["number"], ContentId(last["receipt"]), "", ContentId(last["hash"])), ahead.id)
    head = b.say(HEAD, {"entries": link.number, "head": link.hash, "decisions": _decisions(lines)})
    first = json.dumps(json.loads(lines[0]) | {"head": head.raw.decode()})
    added = [
        json.dumps({"record": ahead.raw.decode()}),
        json.dumps({"link": {"number": link.number, "receipt": ahead.id, "hash": link.hash}}),
    ]
    found = await take(far, [first, *lines[1:], *added], tmp_path)
    assert found.value["flaws"] == [], "the file itself is sound: its owner has signed all of it"
    assert found.value["refused"] == {Reason.FROM_FUTURE.code: 1}
    assert far.node.core.accounts.account(a.id).good == 4


async def test_a_receipt_without_what_it_rests_on_is_dropped(world: World, tmp_path: Path) -> None:
    """Whoever leaves out what the other one signed has a word without a deed."""
    _, a, b, lines = await exported(world)
    number = next(number for number, line in enumerate(lines) if '"record"' in line and _is_skill(line))
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    found = await take(far, [*lines[:number], *lines[number + 1 :]], tmp_path)
    assert found.value["dropped_links"] == 1
    (flaw,) = found.value["flaws"]
    assert flaw["what"] == "what it speaks of is missing, or was signed by somebody else"
    assert far.node.core.accounts.account(a.id).good == 3


def _decisions(lines: list[str]) -> int:
    payloads = (json.loads(json.loads(line)["record"])["payload"] for line in lines if line.startswith('{"record"'))
    return sum(json.loads(base64.b64decode(one))["kind"] == "decision" for one in payloads)


def _is_skill(line: str) -> bool:
    payload = json.loads(json.loads(line)["record"])["payload"]
    return str(json.loads(base64.b64decode(payload))["kind"]) == "skill"


@pytest.mark.parametrize(
    "junk", ["", "{}", "[]", "null", "\x00", '{"record":1}', '{"link":{}}', "9" * 5000, '{"blob":"*"}']
)
async def test_junk_between_the_lines_is_named_and_the_rest_taken(world: World, tmp_path: Path, junk: str) -> None:
    _, a, b, lines = await exported(world)
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    found = await take(far, [lines[0], junk, *lines[1:]], tmp_path)
    assert found.value["taken"]["receipt"] == 4
    assert far.node.core.accounts.account(a.id).good == 4


async def test_of_two_ledgers_in_a_file_the_first_is_read_and_the_second_named(world: World, tmp_path: Path) -> None:
    _, a, b, lines = await exported(world)
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    found = await take(far, lines + lines, tmp_path)
    (flaw,) = found.value["flaws"]
    assert (found.ok, flaw["where"]) == (False, f"line {len(lines) + 1}")
    assert far.node.core.accounts.account(a.id).good == 4


async def test_a_packed_file_is_to_be_unpacked(world: World, tmp_path: Path) -> None:
    *_, b, lines = await exported(world)
    path = tmp_path / "ledger.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    with pytest.raises(UsageError, match="gunzip"):
        await b.ask("ledger.verify", path=str(path))


async def test_what_somebody_exports_of_themselves_gives_them_nothing(world: World, tmp_path: Path) -> None:
    """A ring exports ledgers that praise one another: they are sound, and count for nothing where nobody names them."""
    _, a, b, lines = await exported(world)
    far = world.settle("far")
    found = await take(far, lines, tmp_path)
    assert (found.ok, found.value["taken"]["receipt"]) == (True, 4)
    assert far.node.core.accounts.account(a.id).good == 0
    assert b.id not in far.node.core.accounts.counting


def test_the_protocols_own_import_drops_what_has_no_date_a_date_ahead_or_no_such_type() -> None:
    tracker = AllianceTracker(now=lambda: START)
    good = {"user": "ann", "type": "upvote_received", "timestamp": iso(START - DAY), "context": None}
    bad = [
        good | {"timestamp": iso(START + DAY)},
        good | {"timestamp": None},
        good | {"type": "praise"},
        {"user": "ann"},
        7,
    ]
    assert tracker.import_state({"interactions": [good, *bad, good]}) == len(bad)
    assert len(tracker.get_user_interactions("ann")) == 2
