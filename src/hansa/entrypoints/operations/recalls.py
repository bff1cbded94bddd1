"""Operations on recalls: warn of a skill, see who has heard, let one of somebody else's bind no more."""

from __future__ import annotations

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import UsageError
from hansa.node.vault import find_skill

MAX_WHY = 500


@operation("recall", orders="id why to")
async def _recall(app: App, given: Arguments) -> Outcome:
    """Recalls a skill, and brings the recall to wherever this node had brought the skill."""
    node, why = app.node, given["why"].strip()
    if not why:
        raise UsageError("say why, for everybody who has it: hansa recall ID --why 'wrong for empty input'")
    if len(why) > MAX_WHY:
        raise UsageError(f"--why has {len(why)} characters: {MAX_WHY} is the most that a tombstone carries")
    row = find_skill(node.core, given["id"])
    done = await node.shelf.remove(row, why, recall=True)
    delivered = 0
    if done.told:
        async for delivery in node.publisher.deliver():
            delivered += delivery.row.record == done.record and delivery.row.state == "delivered"
            yield Progress(delivered, len(done.told), f"{delivery.row.record[:12]} {delivery.row.state}")
    yield Result(
        {
            "trace_id": row.id,
            "record": done.record,
            "told": list(done.told),
            "delivered": delivered,
            "in_feed": done.in_feed,
            "held": done.held,
        }
    )


@operation("recall.status")
async def _status(app: App, given: Arguments) -> Outcome:
    """Says of each recall, or of one skill, who was told, who has acknowledged it and who has not."""
    status, limit = app.node.recall_status, given.get("limit", 100)
    if given.get("id"):
        shown = [status.of(find_skill(app.node.core, given["id"]))]
        more = None
    else:
        shown = list(status.all(given.get("after", ""), limit + 1))
        more = shown[limit - 1]["trace_id"] if len(shown) > limit else None
    shown = shown[:limit]
    missing = sum(bool(one["missing"]) for one in shown)
    yield Result({"recalls": shown, "count": len(shown), "incomplete": missing, "next": more}, ok=not missing)


@operation("recall.lift", orders="id why")
async def _lift(app: App, given: Arguments) -> Outcome:
    row = find_skill(app.node.core, given["id"])
    state = await app.node.shelf.lift(row, given.get("why", ""))
    yield Result({"trace_id": row.id, "intent": row.intent, "state": state.value})
