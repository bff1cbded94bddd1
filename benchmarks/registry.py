"""The subjects that are measured: one module each, found here by name.

A module's docstring begins with its subject in one sentence, which stands above its rows, and it has one function:

    def rows() -> Iterable[Row]: ...

or, where a table of ratios says nothing, `def body() -> str: ...`, which returns Markdown. What a target says is
written where the row is made. Nothing is downloaded, and a server that a module starts is stopped by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.measure import Row
from benchmarks.page import table

SUBJECTS = (
    "messages",
    "ingest",
    "store",
    "postgres",
    "million",
    "replicas",
    "search",
    "listing",
    "node",
    "proofs",
    "traces",
    "conduct",
    "links",
    "tournament",
    "topology",
    "spreading",
    "gossip",
    "membership",
    "deliveries",
    "simulator",
    "matching",
    "forecasts",
    "stress",
    "growth",
)
"""Names of modules of this package, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One module of the benchmarks.

    Attributes:
        title: the first line of its docstring.
        body: measures, and returns what stands on the page.
    """

    name: str
    title: str
    body: Callable[[], str]


def subject(name: str) -> Subject:
    """Returns a subject by name; its module is imported now."""
    module = import_module(f"benchmarks.{name}")
    title = (module.__doc__ or "").strip().partition("\n")[0]
    rows: Callable[[], Iterable[Row]] | None = getattr(module, "rows", None)
    body: Callable[[], str] = (lambda: table(rows())) if rows else module.body
    return Subject(name, title, body)
