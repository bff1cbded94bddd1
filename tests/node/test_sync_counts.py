"""What `hansa sync` counts: skills apart from other records."""

from __future__ import annotations

from tests.node.world import SLUG, World


async def test_skills_are_counted_apart_from_other_records(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.table.teach(SLUG)
    await b.ask("subscribe", url=hub.url)
    await a.publish(SLUG, hub)
    told = (await b.ask("sync")).value
    assert (told["taken"], told["skills"], told["other_records"]) == (1, 1, 0)
    await a.ask("skill.remove", id=SLUG.id)
    assert [one async for one in a.node.publisher.deliver()]
    told = (await b.ask("sync")).value
    assert (told["taken"], told["skills"], told["other_records"]) == (1, 0, 1)
