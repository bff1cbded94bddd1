"""The side that asks: brings tasks to other nodes, waits for what comes of them, and looks at it (S2, S12, ADR 0054).

A task is sent again until it is answered. One that is refused, or of which nothing is heard, is asked of the next node
(`swarm.placement`). What is said of a task is heard only from the node that was asked, to whom it was addressed, under
the id that its content, a nonce of this node's and that node's id come to: nobody else can make one up (attack 56).

A result is data, and believed as far as it was looked at:

1. values that are expected are compared here, and never travel; where others come out, it is computed here as well
2. where the order asks several nodes, as many must agree as it says
3. of a node that was not invited, some are computed here as well: drawn by this node's signature, which nobody else
   can foretell

Who gave a result that is wrong is asked for nothing more until this node is started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import msgspec

from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, NotFound, Unavailable, UsageError
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.node.core import Core
from hansa.node.delegations import Attempt, Delegation, Order
from hansa.overlay.doing import Doing, Happened
from hansa.swarm.messages import TASK, TASK_STOP, TaskStopBody, read_said
from hansa.swarm.params import Params
from hansa.swarm.placement import Placed, agreed
from hansa.swarm.states import OPEN, OVER, State, Trigger, move
from hansa.swarm.tasks import Python, TaskBody, TaskKind, handed_on, task_id

AGAIN_MS = 2 * SECOND
"""After which time a task is sent again that nothing was heard of; then after twice that, and so on."""

REMEMBERED = 256
"""Delegations that are over and are shown; the oldest are forgotten."""

SHARES = 1_000
"""What a share is counted in."""

_FIELDS: Mapping[TaskKind, str] = {TaskKind.PYTHON: "python", TaskKind.PROVE: "prove", TaskKind.QUERY: "query"}
_TRIGGERS = {
    State.ACCEPTED: Trigger.TAKEN,
    State.RUNNING: Trigger.BEGAN,
    State.DONE: Trigger.FINISHED,
    State.FAILED: Trigger.BROKE,
    State.CANCELLED: Trigger.TURNED_DOWN,
}


class Delegating:
    """Asks others, for one node.

    Attributes:
        wrong: results that were found wrong, by who gave them.
    """

    def __init__(
        self,
        core: Core,
        params: Params,
        placed: Callable[[TaskKind], Sequence[Placed]],
        compute: Callable[[TaskBody], Awaitable[tuple[str, ...]]],
    ) -> None:
        """Asks for nothing yet.

        Args:
            placed: who can be asked for a kind, the best first.
            compute: computes a task here, in the sandbox; raises HansaError where that can't be.
        """
        self._core = core
        self._params = params
        self._placed = placed
        self._compute = compute
        self._carry: Callable[[bytes, NodeId], None] | None = None
        self._held: dict[ContentId, Delegation] = {}
        self._out: dict[ContentId, Attempt] = {}
        self._count = 0
        self.wrong: dict[NodeId, int] = {}

    def open(self, carry: Callable[[bytes, NodeId], None]) -> None:
        """Brings tasks from now on."""
        self._carry = carry

    async def close(self) -> None:
        """Brings none any more; what is out is called off."""
        for one in list(self._held.values()):
            self.cancel(one.id)
        tasks = [one.task for one in self._held.values() if one.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._carry = None

    # ---- what programs ask for

    def begin(self, order: Order) -> Delegation:
        """Asks for something; returns at once.

        Raises:
            UsageError: it makes no sense. Unavailable: the node takes no part in the overlay.
            Refused: TASK_LOOP, when it was handed on too often.
        """
        order.check()
        if self._carry is None:
            raise Unavailable("the node takes no part in the overlay: start it first, and leave overlay.on as it is")
        path, within, work = self._budgets(order)
        order = replace(order, within_ms=within, work_ms=work)
        id_ = content_id(bytes.fromhex(self._nonce()))
        made = self._held[id_] = Delegation(id_, order, self._core.now())
        over = [one for one in self._held.values() if one.state in OVER]
        for old in over[: max(0, len(over) - REMEMBERED)]:
            del self._held[old.id]
        made.task = asyncio.get_running_loop().create_task(self._see_through(made, path))
        return made

    async def delegate(self, order: Order) -> Delegation:
        """Asks for something, and returns when it is over.

        Raises:
            UsageError, Unavailable, Refused: see `begin`.
        """
        made = self.begin(order)
        if made.task is not None:
            await asyncio.gather(made.task, return_exceptions=True)
        return made

    def all(self) -> list[Delegation]:
        """Returns what was asked for since the start, the latest first."""
        return list(self._held.values())[::-1]

    def get(self, prefix: str) -> Delegation:
        """Returns the one delegation whose id begins so.

        Raises:
            NotFound: none does. UsageError: several do.
        """
        found = [one for id_, one in self._held.items() if prefix and id_.startswith(prefix)]
        if not found:
            raise NotFound(f"no task {prefix}: tasks are forgotten when the node stops; hansa task list has all")
        if len(found) > 1:
            raise UsageError(f"{prefix} is the start of {len(found)} tasks: write more of it")
        return found[0]

    def cancel(self, prefix: str) -> Delegation:
        """Calls something off: nodes that were asked are told, once.

        Raises:
            NotFound, UsageError: see `get`.
        """
        one = self.get(prefix)
        if one.state in OPEN:
            for attempt in one.attempts:
                self._stop(attempt, Trigger.CALLED_OFF)
            self._close(one, Trigger.CALLED_OFF, "called off here")
            if one.task is not None:
                one.task.cancel()
        return one

    def _budgets(self, order: Order) -> tuple[tuple[NodeId, ...], int, int]:
        within = order.within_ms or self._params.timeout_ms
        if order.because is None:
            return (self._core.me,), within, order.work_ms
        return handed_on(order.because, self._core.me, within, order.work_ms)

    # ---- seeing it through

    async def _see_through(self, made: Delegation, path: tuple[NodeId, ...]) -> None:
        order = made.order
        made.order_of = self._placed(order.kind)
        left = [one.node for one in made.order_of if one.fit] if order.to is None else [order.to]
        try:
            async with asyncio.timeout(order.within_ms / 1_000):
                await self._ask_each(made, path, left)
        except TimeoutError:
            for one in made.attempts:
                self._stop(one, Trigger.RAN_OUT)
            self._close(made, Trigger.RAN_OUT, "no result in time")
        except HansaError as error:
            self._close(made, Trigger.BROKE, str(error))

    async def _ask_each(self, made: Delegation, path: tuple[NodeId, ...], left: list[NodeId]) -> None:
        """Asks as many nodes at once as are to be asked, and for each that gives nothing another one."""
        order, good = made.order, list[Attempt]()
        tries = self._params.tries + order.copies - 1 if order.to is None else 1
        if not left:
            self._close(made, Trigger.TURNED_DOWN, "nobody is heard of who can, and may be asked: hansa capabilities")
            return
        running: dict[asyncio.Task[bool], Attempt] = {}
        try:
            while True:
                while left and len(running) + len(good) < order.copies and len(made.attempts) < tries:
                    attempt = self._attempt(made, path, left.pop(0))
                    running[asyncio.get_running_loop().create_task(self._try(made, attempt))] = attempt
                if not running:
                    break
                over, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for one in list(running):
                    if one in over:
                        attempt = running.pop(one)
                        if one.result():
                            good.append(attempt)
        finally:
            for task in running:
                task.cancel()
        self._settle(made, good)

    def _settle(self, made: Delegation, good: Sequence[Attempt]) -> None:
        results = [one.said.values for one in good if one.said is not None]
        values = agreed(results, made.order.agree)
        if values is not None:
            for one in good:
                if one.said is None or one.said.values != values:
                    one.why = "others agree on something else"
                elif made.order.agree > 1 and not one.checked:
                    one.checked = "agreed"
            made.values = values
            if made.order.expect and values != made.order.expect:
                self._close(made, Trigger.BROKE, "another value came out than was expected")
            else:
                self._close(made, Trigger.FINISHED)
        elif results:
            self._close(made, Trigger.BROKE, f"{len(results)} results, and no {made.order.agree} of them agree")
        else:
            last = made.attempts[-1]
            trigger = Trigger.TURNED_DOWN if last.state is State.REFUSED else Trigger.BROKE
            self._close(made, trigger, last.why or "no node gave a result")

    def _close(self, made: Delegation, trigger: Trigger, why: str = "") -> None:
        if made.state in OPEN:
            made.state, made.why, made.ended = move(made.state, trigger), why, self._core.now()
            made.tell()

    def _attempt(self, made: Delegation, path: tuple[NodeId, ...], node: NodeId) -> Attempt:
        order = made.order
        passed = max(0, self._core.now() - made.began)
        data = {_FIELDS[order.kind]: order.data}
        body = TaskBody(
            kind=order.kind, nonce=self._nonce(), path=path, within_ms=max(1, order.within_ms - passed),
            work_ms=order.work_ms, priority=order.priority, correlation=order.correlation, **data,  # type: ignore[arg-type]
        )  # fmt: skip
        attempt = Attempt(node, task_id(body, node), body)
        made.attempts.append(attempt)
        return attempt

    def _nonce(self) -> str:
        """Returns 128 bits that nobody else can foretell: this node's signature over what it never signs again."""
        self._count += 1
        words = f"hansa task nonce\n{self._core.now()}\n{self._core.clock.stopwatch_us()}\n{self._count}"
        return content_id(self._core.keys.key.sign(words.encode()))[:32]

    # ---- one node

    async def _try(self, made: Delegation, attempt: Attempt) -> bool:
        """Says whether a node gave a result that can be used."""
        self._out[attempt.id] = attempt
        try:
            await self._until_over(made, attempt)
            return attempt.state is State.DONE and await self._holds(made, attempt)
        finally:
            self._out.pop(attempt.id, None)

    async def _until_over(self, made: Delegation, attempt: Attempt) -> None:
        pause, silent, send = AGAIN_MS, 0, True
        while attempt.state in OPEN:
            attempt.news.clear()
            if send:
                self._send(TASK, msgspec.to_builtins(attempt.body), attempt)
            try:
                async with asyncio.timeout(pause / 1_000):
                    await attempt.news.wait()
                pause, silent, send = max(1, self._params.patience_ms // 2), 0, False
            except TimeoutError:
                silent, send = silent + pause, True
                if silent >= self._params.patience_ms:
                    self._stop(attempt, Trigger.RAN_OUT, "says nothing")
                pause = min(2 * pause, self._params.patience_ms)
            made.seen(attempt.state)

    def _send(self, kind: str, body: object, attempt: Attempt) -> None:
        if self._carry is None:
            raise Unavailable("this node has left the overlay")
        sealed = self._core.seal(kind, body, recipient=attempt.node)  # type: ignore[arg-type]
        attempt.sent[sealed.id] = None
        self._carry(sealed.raw, attempt.node)

    def _stop(self, attempt: Attempt, trigger: Trigger, why: str = "") -> None:
        if attempt.state in OPEN:
            with suppress(Unavailable):
                self._send(TASK_STOP, msgspec.to_builtins(TaskStopBody(task=attempt.id)), attempt)
            attempt.moved(trigger, why)

    # ---- looking at results

    async def _holds(self, made: Delegation, attempt: Attempt) -> bool:
        """Says whether a result is not known to be wrong (rules 1 and 3 of this module)."""
        order, said = made.order, attempt.said
        if said is None or not isinstance(order.data, Python):
            return said is not None
        if len(said.values) != len(order.data.calls):
            return self._found_wrong(attempt, "not one value for each call")
        if order.expect and said.values == order.expect:
            attempt.checked = "expected"
            return True
        if not order.expect and not self._is_drawn(attempt):
            return True
        try:
            values = await self._compute(attempt.body)
            if values == said.values:
                attempt.checked = "computed here"
                return True
            if await self._compute(attempt.body) != values:  # nor does this node come to the same twice
                return True
        except HansaError:
            return True  # it can't be done here: nothing is known against it
        return self._found_wrong(attempt, "this node computes something else")

    def _is_drawn(self, attempt: Attempt) -> bool:
        if self._core.memory.guest(attempt.node).invited:
            return False
        draw = Rng(self._core.keys.key.sign(f"hansa spot check\ntask\n{attempt.id}".encode()))
        return draw.below(SHARES) < self._params.spot_share

    def _found_wrong(self, attempt: Attempt, why: str) -> bool:
        attempt.why = why
        self.wrong[attempt.node] = self.wrong.get(attempt.node, 0) + 1
        return False

    # ---- hearing

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in what is said of a task; nothing comes of what nobody here waits for, or who was not asked says.

        Raises:
            Refused: BAD_BODY.
        """
        body = read_said(said.body)
        one = self._out.get(ContentId(body.task))
        if one is None or one.node != said.author or said.header.recipient != self._core.me:
            return Doing()
        trigger = _TRIGGERS[body.state]
        if body.state in (State.DONE, State.FAILED, State.CANCELLED) and one.state in OPEN:
            one.said = body
        one.news.set()
        if trigger is not Trigger.TAKEN or one.state is State.ASKED:
            one.moved(trigger, body.error or ("it stopped" if body.state is State.CANCELLED else ""))
        return Doing()

    def came(self, event: Happened) -> None:
        """Takes what became of an envelope that was carried: a refusal ends the asking of that node."""
        id_, _, code = event.detail.partition(" ")
        if event.name != "refused":
            return
        for one in self._out.values():
            if ContentId(id_) in one.sent and one.node == event.about:
                reason = BY_CODE.get(code, Reason.NOT_SERVED)
                one.moved(Trigger.TURNED_DOWN, f"{reason.code}: {reason.text}")
