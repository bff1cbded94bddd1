"""Operations on tasks that other nodes do for this one, and on what each can; they want a node that is up."""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.net import whom
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import Refused, Unavailable, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import HOUR, iso
from hansa.kernel.plain import plain
from hansa.kernel.wire import parse
from hansa.node.delegations import Attempt, Delegation, Order
from hansa.node.vault import find_skill
from hansa.swarm.capabilities import CapabilityBody
from hansa.swarm.states import OPEN, State
from hansa.swarm.tasks import MAX_PRIORITY, SCHEMAS, Data, Prove, Python, Query, TaskKind

_STEPS = {State.ASKED: 0, State.ACCEPTED: 1, State.RUNNING: 2}
MOST_COPIES = 16


def _up(app: App) -> None:
    """Raises Unavailable where this node has no links."""
    if app.network is None:
        if not app.config.overlay.on:
            raise Unavailable("this node takes no part in the overlay: the setting overlay.on is false")
        raise Unavailable(f"no node is up in {app.home}, and others are asked only while one is: hansa up")


def _whole(given: Arguments, name: str, least: int, most: int, otherwise: int) -> int:
    value = given.get(name)
    value = otherwise if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UsageError(f"{name} is a whole number from {least} to {most}, not {plain(str(value), 40)}")
    return value


def _data(app: App, kind: TaskKind, given: Arguments) -> Data:
    """Returns the data of a task of a kind.

    Raises:
        UsageError: something is missing, too long, or not of that kind. NotFound: no such skill.
    """
    if SCHEMAS[kind] is None:
        raise UsageError(f"tasks of kind {kind} are not done by any node yet")
    try:
        if kind is TaskKind.PYTHON:
            calls = [str(one) for one in given.get("calls") or ["()"]]
            return parse({"code": given["code"], "entry_point": given["entry_point"], "calls": calls}, Python)
        if kind is TaskKind.QUERY:
            return parse({"intent": given["intent"], "limit": given.get("limit") or 10}, Query)
        row = find_skill(app.node.core, str(given["skill"]))
        trials = given.get("trials") or app.config.skills.prove_trials
        return parse({"skill": row.id, "trials": trials, "text": row.body.decode()}, Prove)
    except Refused as refusal:
        raise UsageError(f"that is no task of kind {kind}: {refusal}") from None


def _kind(given: Arguments) -> TaskKind:
    name = str(given["kind"])
    found = [one for one in TaskKind if name and one.startswith(name)]
    if len(found) != 1:
        raise UsageError(f"{plain(name, 40)} is none of {', '.join(TaskKind)}")
    return found[0]


@operation("task.run", orders="kind skill intent to")
async def _run(app: App, given: Arguments) -> Outcome:
    kind = _kind(given)
    _up(app)
    params = app.config.swarm
    copies = _whole(given, "copies", 1, MOST_COPIES, 1)
    order = Order(
        _data(app, kind, given),
        to=whom(app, str(given["to"])) if given.get("to") else None,
        within_ms=_whole(given, "within_ms", 1, HOUR, params.timeout_ms),
        work_ms=_whole(given, "work_ms", 1, HOUR, 10_000),
        priority=_whole(given, "priority", 0, MAX_PRIORITY, 0),
        correlation=plain(str(given.get("correlation") or ""), 64),
        expect=tuple(str(one) for one in given.get("expect") or ()),
        copies=copies,
        agree=_whole(given, "agree", 1, copies, 1),
    )
    swarm = app.node.swarm.delegating
    made = swarm.begin(order)
    if given.get("detach"):
        yield Result(_view(made))
        return
    try:
        while made.state in OPEN:
            changed = made.changed
            nodes = ", ".join(one.node[-8:] for one in made.attempts if one.state in OPEN)
            yield Progress(_STEPS[made.state], 3, f"{made.state}{' by ' + nodes if nodes else ''}")
            await changed.wait()
    finally:
        if made.state in OPEN:  # whoever waits for it has gone away
            swarm.cancel(made.id)
    yield Result(_view(made), ok=made.state is State.DONE)


@operation("task.list")
async def _list(app: App, _: Arguments) -> Outcome:
    _up(app)
    serving = app.node.swarm.serving
    tasks = [_view(one) for one in app.node.swarm.delegating.all()]
    yield Result({
        "tasks": tasks, "count": len(tasks),
        "for_others": {"running": serving.running, "queue": serving.queue, "done": serving.done,
                       "stopped": serving.stopped},
    })  # fmt: skip


@operation("task.show")
async def _show(app: App, given: Arguments) -> Outcome:
    _up(app)
    yield Result(_view(app.node.swarm.delegating.get(str(given["id"]))))


@operation("task.cancel", orders="id")
async def _cancel(app: App, given: Arguments) -> Outcome:
    _up(app)
    one = app.node.swarm.delegating.get(str(given["id"]))
    was_open = one.state in OPEN
    app.node.swarm.delegating.cancel(one.id)
    yield Result(_view(one), ok=was_open)


@operation("capabilities", orders="probe")
async def _capabilities(app: App, given: Arguments) -> Outcome:
    swarm = app.node.swarm
    if given.get("probe", True):
        await swarm.probe()
    own = [
        {"name": one.capability.name, "version": one.capability.version, "there": one.there, "proved": one.proved,
         "detail": plain(one.detail, 200)}
        for one in swarm.probes
    ]  # fmt: skip
    others = [_other(app, node, body) for node, body in swarm.others().items()] if app.network is not None else []
    yield Result({
        "node": app.node.core.me, "serves": [one.name for one in swarm.capabilities()],
        "serve": app.config.swarm.serve, "own": own, "others": others, "up": app.network is not None,
    })  # fmt: skip


def _other(app: App, node: NodeId, body: CapabilityBody) -> dict[str, Any]:
    return {
        "node": node, "standing": app.node.swarm.standing(node).name.lower(), "places": body.places,
        "queue": body.queue,
        "capabilities": [{"name": one.name, "version": plain(one.version, 64)} for one in body.capabilities],
    }  # fmt: skip


def _view(one: Delegation) -> dict[str, Any]:
    order = one.order
    return {
        "task": one.id, "kind": order.kind.value, "state": one.state.value, "success": one.state is State.DONE,
        "correlation": order.correlation, "began": iso(one.began), "ended": iso(one.ended) if one.ended else None,
        "values": [plain(value) for value in one.values], "error": plain(one.why, 400),
        "attempts": [_attempt(attempt) for attempt in one.attempts],
        "candidates": [{"node": each.node, "fit": each.fit, "why": each.why} for each in one.order_of],
    }  # fmt: skip


def _attempt(one: Attempt) -> dict[str, Any]:
    said = one.said
    return {
        "node": one.node, "task": one.id, "state": one.state.value, "why": plain(one.why, 400),
        "checked": one.checked, "used_ms": said.used_ms if said is not None else 0,
        "harness": plain(said.harness, 64) if said is not None else "",
    }  # fmt: skip
