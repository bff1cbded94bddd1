"""Which records travel over the overlay: what may be told to anybody, and is whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from hansa.admission.service import Via
from hansa.identity.envelope import Signed
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.node.core import KINDS, Freshness
from hansa.node.rows import RecordRow, WithholdRecord
from hansa.node.travelling import ORDER, Travelling
from hansa.overlay import reconcile_params
from hansa.overlay.frames import digest
from hansa.overlay.holdings import Holdings
from hansa.overlay.reconcile import Reconciler
from tests.node.ways import messages_of_every_kind
from tests.node.world import DOUBLE, SLUG, World, multiplier, skill_message


@dataclass
class Carrier:
    """A node that listens to what it keeps."""

    world: World
    announced: list[RecordRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.node = self.world.settle("carrier")
        self.author = self.world.settle("author")
        self.world.invite(self.node, self.author)
        self.reopen()

    def reopen(self) -> None:
        core = self.node.node.core
        self.reconciler = Reconciler(Holdings(), reconcile_params.Params(), Rng(1))
        self.travelling = Travelling(
            core, self.reconciler, lambda: Instant(7), lambda row, _: self.announced.append(row)
        )
        self.travelling.start()

    async def take(self, signed: Signed, via: Via = Via.HTTP) -> str:
        await self.node.node.inbox.receive(signed.raw, via)
        return signed.id

    def travels(self, id_: str) -> bool:
        """Says whether a record is compared with neighbours, and given to who asks; the two never differ."""
        served = [row.id for row in self.travelling.words([id_])] == [id_]
        assert served == (digest(id_) in self.reconciler.holdings)
        return served


@pytest.fixture
def carrier(tmp_path: Path) -> Carrier:
    return Carrier(World(tmp_path, "memory"))


async def test_what_others_said_travels_as_soon_as_it_is_kept(carrier: Carrier) -> None:
    id_ = await carrier.take(skill_message(carrier.author.key, DOUBLE))
    assert [row.id for row in carrier.announced] == [id_]
    assert carrier.travels(id_)
    carrier.reopen()
    assert carrier.travels(id_)


async def test_what_is_the_nodes_own_travels_once_it_is_published(carrier: Carrier) -> None:
    carrier.world.table.teach(SLUG)
    await carrier.node.add(SLUG)
    await carrier.node.prove(SLUG)
    (finding,) = carrier.node.store.records_about(SLUG.id, "evidence")
    assert carrier.announced == []
    assert not carrier.travels(finding.id)
    publication = await carrier.node.publish(SLUG)
    assert publication.record in [row.id for row in carrier.announced]
    assert carrier.travels(publication.record)


@pytest.mark.parametrize("reopened", [False, True])
async def test_what_is_addressed_to_one_node_travels_from_nobody(carrier: Carrier, reopened: bool) -> None:
    id_ = await carrier.take(skill_message(carrier.author.key, DOUBLE, recipient=carrier.node.id))
    assert carrier.announced == []
    if reopened:
        carrier.reopen()
    assert carrier.travelling.words([id_]) == []
    assert not carrier.travels(id_)


async def test_what_is_withheld_travels_no_more(carrier: Carrier) -> None:
    id_ = await carrier.take(skill_message(carrier.author.key, DOUBLE))
    from hansa.node.driver import Effects

    await carrier.node.node.core.driver.perform(Effects([WithholdRecord(id_)]))
    assert not carrier.travels(id_)
    carrier.reopen()
    assert not carrier.travels(id_)


async def test_a_damaged_record_is_not_given_away_and_is_asked_for_again(carrier: Carrier) -> None:
    whole = await carrier.take(skill_message(carrier.author.key, multiplier(3)))
    id_ = await carrier.take(skill_message(carrier.author.key, DOUBLE))
    records = carrier.node.store._records
    records[id_] = msgspec.structs.replace(records[id_], envelope=records[whole].envelope)
    assert [row.id for row in carrier.travelling.words([id_, whole])] == [whole]
    assert list(carrier.node.node.core.noticed) == [id_]


async def test_records_are_given_in_an_order_in_which_each_rests_on_those_before(carrier: Carrier) -> None:
    publication = skill_message(carrier.author.key, SLUG)
    claim = await carrier.take(publication)
    messages = messages_of_every_kind(carrier.author, SLUG.id, claim)
    ids = [claim, *[await carrier.take(messages[kind]) for kind in ("evidence", "tombstone")]]
    assert [row.id for row in carrier.travelling.words([*reversed(ids), claim])] == ids


async def test_nobody_is_told_what_is_not_held_nor_after_the_end(carrier: Carrier) -> None:
    assert carrier.travelling.words(["0" * 64]) == []
    carrier.travelling.stop()
    await carrier.take(skill_message(carrier.author.key, DOUBLE))
    assert carrier.announced == []


def test_what_lasts_travels_but_for_what_concerns_one_node() -> None:
    lasting = {kind for kind, freshness in KINDS.items() if freshness in (Freshness.DURABLE, Freshness.STANDING)}
    assert lasting - set(ORDER) == {"decision", "acknowledgement", "reflection", "lease_ask", "lease", "lease_act"}
    assert set(ORDER) < lasting
