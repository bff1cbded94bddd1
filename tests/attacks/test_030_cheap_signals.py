"""Attack 30: earning by what costs nothing, or by hostile acts. Only what was verified and cost something counts."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.dealings import KINDS, Dealing
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Receipt
from hansa.conduct.standing import Rung
from hansa.conduct.trust import trust
from hansa.overlay.messages import HELLO
from hansa.skills.messages import EVIDENCE, SKILL, evidence_body, skill_body
from hansa.skills.model import Evidence, Outcome
from tests.attacks.society import NOW, Observer
from tests.conduct.deeds import HISTORIES, START, account
from tests.conduct.test_standing import stand
from tests.node.test_conduct import b_reads, goods, league, push
from tests.node.world import HARNESS, Resident, World, make_skill, true_claim

ACTS = ("hello", "unproved skills", "findings", "praise of itself", "praise of others")


async def act(what: str, hub: Resident, them: Resident, other: Resident) -> None:
    """Does something that costs nothing."""
    bodies: list[tuple[str, object]] = []
    if what == "hello":
        async with hub.http() as http:
            body = {"versions": ["1.0"], "name": "friend", "role": "node", "skills": 10**6}
            await http.post("/hello", content=them.say(HELLO, body, recipient=hub.id, created=them.clock.now()).raw)
        return
    bare = [make_skill(f"idea_{number}", "", {}, f"an idea {number}") for number in range(10)]
    claims = [them.say(SKILL, skill_body(one, true_claim())) for one in bare]
    async with hub.http() as http:
        for one in claims:
            await http.post("/skills", content=one.raw)
        for skill, claim in zip(bare, claims, strict=True):
            found = Evidence(skill.id, them.id, HARNESS, "table", Outcome.PASS, 5, 5, 2, 2, "0" * 64, "", 0)
            evidence = them.say(EVIDENCE, evidence_body(found))
            about = them.id if what == "praise of itself" else other.id
            receipt = Receipt(
                dealing=Dealing.SKILL_REPROVED, subject=about, skill=skill.id, records=(claim.id, evidence.id)
            )
            bodies = [(EVIDENCE, evidence), (RECEIPT, them.say(RECEIPT, msgspec.to_builtins(receipt)))]
            for _, message in bodies if what != "unproved skills" else []:
                await http.post("/records", content=message.raw)  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", ACTS)
async def test_no_act_that_costs_nothing_raises_anybody(world: World, what: str) -> None:
    hub, a, b, mallory = league(world)
    await push(hub, a, *goods(world, 4))
    await b_reads(hub, b)

    def standing() -> list[object]:
        found = []
        for one in (hub, b):
            for who in (a, mallory):
                decided = one.node.conduct.decide(who.id)
                found.append((decided.rung, decided.score, trust(one.node.core.accounts.account(who.id)).total))
        return found

    before = standing()
    for _ in range(3):
        await act(what, hub, mallory, a)
        await b_reads(hub, b)
    assert standing() == before


@given(HISTORIES, st.sampled_from([one for one in Dealing if not KINDS[one].good]))
def test_no_hostile_act_raises_whoever_does_it(deeds: list, hostile: Dealing) -> None:  # type: ignore[type-arg]
    from hansa.conduct.account import Deed

    before = stand(deeds, now=NOW)
    after = stand([*deeds, Deed(START, hostile, "", "parsing")], now=NOW)
    assert after.rung <= before.rung
    assert after.score <= before.score
    assert not after.engage or before.engage
    assert trust(account([*deeds, Deed(START, hostile, "", "parsing")])).total <= trust(account(deeds)).total


def test_what_this_node_does_itself_raises_nobody() -> None:
    seen = Observer()
    for dealing in Dealing:
        seen.keep("friend", "observer", dealing)  # what a friend says of us
        seen.keep("observer", "observer", dealing)  # and we of ourselves
    assert seen.ranking(["friend", "observer"]) == [("friend", 0, 0, 0), ("observer", 0, 0, 0)]


async def test_bytes_that_are_pushed_at_us_earn_nothing(world: World) -> None:
    hub, _, b, mallory = league(world)
    await push(hub, mallory, *[make_skill(f"x{n}", "#" * 5_000, {}, f"idea {n}") for n in range(20)])
    await b_reads(hub, b)
    assert b.node.conduct.decide(mallory.id).rung is Rung.STRANGER
    assert hub.node.conduct.decide(mallory.id).reason == "nothing_proved_yet"
