"""Operations in disputes: open, answer, bring evidence, rule, withdraw, appeal, look."""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.governance.case import Case, Ground, Ruled
from hansa.governance.disputes import State
from hansa.kernel.errors import UsageError
from hansa.kernel.ids import ContentId
from hansa.node.delivering import check_address
from hansa.node.vault import find_skill

MAX_WHY = 500
PAGE = 100


@operation("dispute.open", orders="id ground against to")
async def _open(app: App, given: Arguments) -> Outcome:
    row, why, to = find_skill(app.node.core, given["id"]), _why(given), _to(given)
    case = await app.node.disputes.open(
        row, _ground(given["ground"]), why, given.get("records") or (), given.get("against", ""), to
    )
    async for step in _told(app, case):
        yield step


@operation("dispute.answer", orders="id to")
async def _answer(app: App, given: Arguments) -> Outcome:
    case, why, to = _case(app, given), _why(given), _to(given)
    await app.node.disputes.answer(case, why, given.get("records") or (), to)
    async for step in _told(app, case):
        yield step


@operation("dispute.evidence", orders="id trials to")
async def _evidence(app: App, given: Arguments) -> Outcome:
    """Runs the disputed skill again, here, and brings the finding; this node rules by it."""
    case, to = _case(app, given), _to(given)
    yield Progress(0, 1, f"{case.skill[:12]} runs")
    proof, _ = await app.node.disputes.evidence(case, given.get("trials"), to)
    yield Progress(1, 1, f"{case.skill[:12]} {proof.word}")
    async for step in _told(app, case, {"proof": app.node.views.proof(proof)}):
        yield step


@operation("dispute.withdraw", orders="id")
async def _withdraw(app: App, given: Arguments) -> Outcome:
    case, why, to = _case(app, given), _why(given, needed=False), _to(given)
    await app.node.disputes.withdraw(case, why, to)
    async for step in _told(app, case):
        yield step


@operation("dispute.appeal", orders="id to")
async def _appeal(app: App, given: Arguments) -> Outcome:
    case, why, to = _case(app, given), _why(given), _to(given)
    await app.node.disputes.appeal(case, why, given.get("records") or (), to)
    async for step in _told(app, case):
        yield step


@operation("dispute.rule", orders="id ruled")
async def _rule(app: App, given: Arguments) -> Outcome:
    """Rules by the operator's word, where no run can show who is right."""
    case, why = _case(app, given), _why(given, needed=False)
    if given["ruled"] not in tuple(Ruled):
        raise UsageError(f"{given['ruled']!r} is none of {', '.join(Ruled)}")
    await app.node.disputes.rule(case, Ruled(given["ruled"]), why)
    async for step in _told(app, case):
        yield step


@operation("dispute.show")
async def _show(app: App, given: Arguments) -> Outcome:
    yield Result(app.node.cases.whole(_case(app, given)))


@operation("dispute.list")
async def _list(app: App, given: Arguments) -> Outcome:
    wanted = given.get("state", "")
    if wanted and wanted not in tuple(State):
        raise UsageError(f"{wanted!r} is none of {', '.join(State)}")
    state = State(wanted) if wanted else None
    found, following = app.node.cases.listed(given.get("after", 0), given.get("limit", PAGE), state)
    yield Result({"disputes": found, "count": len(found), "next": following})


async def _told(app: App, case: Case, more: dict[str, Any] | None = None) -> Outcome:
    """Brings what was said to where it goes, and ends with the case as it stands here now."""
    sent = []
    async for delivery in app.node.publisher.deliver():
        if _is_of(app, case, delivery.row.record):  # others may wait for an address of their own
            sent.append(delivery)
        yield Progress(len(sent), len(sent), f"{delivery.row.record[:12]} {delivery.row.state}")
    states = [one.row.state for one in sent]
    counts = {state: states.count(state) for state in ("delivered", "pending", "refused")}
    problems = sorted({one.detail for one in sent if one.row.state != "delivered" and one.detail})
    view = app.node.cases.whole(case)
    yield Result({**view, **counts, "problems": problems, **(more or {})}, ok="refused" not in states)


def _is_of(app: App, case: Case, record: ContentId) -> bool:
    row = app.node.core.store.record(record)
    return row is not None and case.id in (row.id, row.subject)


def _case(app: App, given: Arguments) -> Case:
    return app.node.disputes.book.find(given["id"])


def _ground(text: str) -> Ground:
    if text not in tuple(Ground):
        raise UsageError(f"--ground {text!r} is none of {', '.join(Ground)}")
    return Ground(text)


def _why(given: Arguments, needed: bool = True) -> str:
    text = str(given.get("why", "")).strip()
    if needed and not text:
        raise UsageError("say why, in a sentence: --why TEXT")
    if len(text) > MAX_WHY:
        raise UsageError(f"--why has {len(text)} characters: say it in {MAX_WHY}")
    return text


def _to(given: Arguments) -> tuple[str, ...]:
    addresses = tuple(url.rstrip("/") for url in given.get("to") or ())
    for url in addresses:
        check_address(url)
    return addresses
