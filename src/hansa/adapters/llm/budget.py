"""What each route may cost in a day (UTC), and what it has cost; kept in a file, so that a restart spends nothing anew.

1. Before a call its worst case is set aside: the question's estimate and the longest answer that is asked for.
2. The file is written before the call is made: a crash in the middle counts the worst case.
3. After the call the endpoint's own count replaces it; where it gives none, the estimate stands.

No route ever costs more than its budget, except by what an endpoint counts above the worst case.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hansa.adapters.llm.route import Route
from hansa.kernel.errors import Fault, Unavailable
from hansa.kernel.instant import DAY
from hansa.node.ports import Clock

BYTES_A_TOKEN = 2
"""A token has about four bytes of English and three of code; two makes the estimate a cautious one."""


class Spent(msgspec.Struct):
    """What a route has cost since midnight UTC."""

    tokens: int = 0
    micros: int = 0
    calls: int = 0


class _Book(msgspec.Struct, forbid_unknown_fields=True):
    day: int = -1
    routes: dict[str, Spent] = {}


@dataclass(frozen=True, slots=True)
class SetAside:
    """The worst case of one call."""

    route: Route
    day: int
    tokens: int
    micros: int


class Budget:
    """The book of all routes. One process holds the data directory, so one process writes it."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        """Reads the book.

        Args:
            path: the file; None keeps the book in memory alone.

        Raises:
            Fault: the file is damaged.
        """
        self._path = path
        self._clock = clock
        self._book = _read(path) if path else _Book()

    def spent(self, route: Route) -> Spent:
        """Returns what `route` has cost today."""
        self._turn_page()
        return self._book.routes.get(route.name, Spent())

    def set_aside(self, route: Route, question_bytes: int) -> SetAside | None:
        """Returns the call's worst case, entered in the book; None when the budget does not hold it.

        Raises:
            Unavailable: the book can't be written.
        """
        spent = self.spent(route)
        tokens_in = estimate(question_bytes)
        tokens = tokens_in + route.max_tokens
        micros = route.cost(tokens_in, route.max_tokens)
        if route.tokens_per_day and spent.tokens + tokens > route.tokens_per_day:
            return None
        if route.micros_per_day and spent.micros + micros > route.micros_per_day:
            return None
        self._enter(route, Spent(spent.tokens + tokens, spent.micros + micros, spent.calls + 1))
        return SetAside(route, self._book.day, tokens, micros)

    def settle(self, aside: SetAside, tokens_in: int, tokens_out: int) -> None:
        """Puts what the call did cost in place of its worst case; a call that midnight ended is left as it is."""
        spent = self.spent(aside.route)
        if aside.day != self._book.day:
            return
        tokens = max(0, spent.tokens - aside.tokens + tokens_in + tokens_out)
        micros = max(0, spent.micros - aside.micros + aside.route.cost(tokens_in, tokens_out))
        self._enter(aside.route, Spent(tokens, micros, spent.calls))

    def _turn_page(self) -> None:
        today = self._clock.now() // DAY
        if today > self._book.day:  # a clock that is set back must not open a new page
            self._book = _Book(today, {})

    def _enter(self, route: Route, spent: Spent) -> None:
        self._book.routes[route.name] = spent
        if self._path:
            _write(self._path, msgspec.json.encode(self._book))


def estimate(size: int) -> int:
    """Returns a cautious number of tokens in `size` bytes."""
    return -(-size // BYTES_A_TOKEN)


def worst_case(messages: Sequence[object]) -> int:
    """Returns the bytes of a question, as they count for its estimate."""
    return len(msgspec.json.encode(messages))


def _read(path: Path) -> _Book:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Book)
    except FileNotFoundError:
        return _Book()
    except OSError as error:
        raise Unavailable(f"can't read {path} ({error.strerror}): make it readable for this user") from None
    except msgspec.DecodeError:
        raise Fault(f"{path} is damaged: remove it, and today's budgets count from zero") from None


def _write(path: Path, data: bytes) -> None:
    """Writes the file beside its place and moves it there: a crash leaves the old one or the new one."""
    fresh = path.with_suffix(".new")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
    except OSError as error:
        raise Unavailable(f"can't write {path} ({error.strerror}): without its book no model is asked") from None
