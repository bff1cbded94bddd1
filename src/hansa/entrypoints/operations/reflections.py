"""Operations on the node's notes on its own work."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from hansa.adapters import files
from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import iso
from hansa.node.disproof import as_found
from hansa.skills.learning import Pattern
from hansa.skills.reflections import By, Reflection, ReflectionFilter, Went, reflection_of, write_line
from hansa.skills.report import markdown


def shown(one: Reflection) -> dict[str, Any]:
    """Returns a reflection as every door shows it."""
    return {
        "id": one.id,
        "outcome": str(one.outcome),
        "description": one.description,
        "category": one.category,
        "tags": list(one.tags),
        "session": one.session,
        "error": one.error,
        "trace_id": one.skill,
        "source": str(one.source),
        "at": iso(one.at) if one.at else None,
    }


def wanted(given: Arguments) -> ReflectionFilter:
    """Returns the filter in the arguments.

    Raises:
        UsageError: an outcome that is none.
    """
    outcome = given.get("outcome")
    if outcome:
        _check_outcome(outcome)
    return ReflectionFilter(
        outcome=Went(outcome) if outcome else None,
        category=given.get("category", ""),
        tag=given.get("tag", ""),
        session=given.get("session", ""),
        skill=given.get("trace_id", ""),
        since=given.get("since", 0),
        until=given.get("until", 0),
    )


def _check_outcome(outcome: str) -> None:
    if outcome not in [str(went) for went in Went]:
        raise UsageError(f"{outcome} is no outcome: say success, failure or partial")


@operation("reflection.add", orders="outcome category trace_id session")
async def _add(app: App, given: Arguments) -> Outcome:
    _check_outcome(given["outcome"])
    if not given["description"].strip():
        raise UsageError(
            "say what was tried, and what was learnt: hansa reflect add success 'Read dates by month first'"
        )
    fields: dict[str, Any] = {
        "outcome": given["outcome"],
        "description": given["description"],
        "category": given.get("category") or "general",
        "tags": list(dict.fromkeys(given.get("tags") or ())),
        "session": given.get("session", ""),
        "error": given.get("error", ""),
        "skill": given.get("trace_id", ""),
        "source": given.get("source", str(By.PERSON)),
        "at": app.node.core.now(),
    }
    made = as_found(app.node.core, reflection_of(fields))
    await app.node.reflections.add([made])
    yield Result(shown(made))


@operation("reflection.list")
async def _list(app: App, given: Arguments) -> Outcome:
    asked, limit = wanted(given), given.get("limit", 50)
    found = app.node.reflections.page(asked, given.get("text", ""), given.get("after", ""), limit)
    more = found[-1].id if len(found) == limit else None
    value = {"reflections": [shown(one) for one in found], "count": app.node.reflections.count(asked), "next": more}
    yield Result(value)


@operation("reflection.recall")
async def _recall(app: App, given: Arguments) -> Outcome:
    found = app.node.reflections.recall(given["intent"], given.get("limit", 5))
    value = [shown(one.reflection) | {"similarity": round(one.similarity, 4)} for one in found]
    yield Result({"reflections": value, "count": len(value)}, ok=bool(value))


@operation("reflection.summary")
async def _summary(app: App, given: Arguments) -> Outcome:
    found = app.node.reflections.summary(wanted(given), given.get("most", 10))
    yield Result(
        {
            "count": found.count,
            "outcomes": found.outcomes,
            "sessions": found.sessions,
            "categories": [asdict(one) | {"trend": one.trend} for one in found.categories],
            "failures": [_pattern(one) for one in found.failures],
            "successes": [_pattern(one) for one in found.successes],
            "lessons": [_pattern(one) for one in found.lessons],
            "tags": [{"tag": tag, "count": count} for tag, count in found.tags],
            "markdown": markdown(found),
        }
    )


def _pattern(one: Pattern) -> dict[str, Any]:
    return asdict(one) | {"outcome": str(one.outcome), "last": iso(one.last) if one.last else None,
                          "first": iso(one.first) if one.first else None}  # fmt: skip


@operation("reflection.prune", orders="id category outcome tag session older_than_days keep dry_run")
async def _prune(app: App, given: Arguments) -> Outcome:
    dry = given.get("dry_run", False)
    if given.get("id"):
        await app.node.reflections.drop(given["id"], dry)
        yield Result({"forgotten": 1, "dry_run": dry})
        return
    count = await app.node.reflections.prune(wanted(given), given.get("older_than_days"), given.get("keep"), dry)
    yield Result({"forgotten": count, "dry_run": dry})


@operation("reflection.export")
async def _export(app: App, given: Arguments) -> Outcome:
    lines = [write_line(one) for one in app.node.reflections.everything(wanted(given))]
    yield Result({"lines": b"".join(reversed(lines)).decode(), "count": len(lines)})


@operation("reflection.import", orders="path")
async def _import(app: App, given: Arguments) -> Outcome:
    path = Path(given["path"])
    lines = files.lines_of(path)
    yield Progress(0, len(lines), path.name)
    done = await app.node.reflections.carry_over(lines)
    rejected = [{"line": number, "problem": problem} for number, problem in done.rejected]
    value = {"added": done.added, "already_here": done.already_here, "rejected": rejected}
    yield Result(value, ok=not rejected)
