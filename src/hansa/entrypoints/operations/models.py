"""Operations on the language models that the settings name."""

from __future__ import annotations

from typing import Any

from hansa.adapters.llm.chain import Standing
from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import NotFound, Unavailable


@operation("llm.list")
async def _llm_list(app: App, _: Arguments) -> Outcome:
    routes = [_shown(one) for one in app.models.standings()] if app.models else []
    yield Result({"routes": routes, "count": len(routes)})


@operation("llm.test", orders="route")
async def _llm_test(app: App, given: Arguments) -> Outcome:
    """Asks each route (or one) to say ok; that costs a few tokens each."""
    standings = app.models.standings() if app.models else []
    wanted = [one.endpoint.route.name for one in standings if given.get("route") in (None, one.endpoint.route.name)]
    if not wanted:
        raise NotFound("there is no such route: name models in config.toml, and see hansa llm list")
    answers: list[dict[str, Any]] = []
    for number, name in enumerate(wanted, 1):
        answers.append(await _asked(app, name))
        yield Progress(number, len(wanted), name)
    yield Result({"routes": answers}, ok=all(one["ok"] for one in answers))


async def _asked(app: App, name: str) -> dict[str, Any]:
    chain = app.models.only(name) if app.models else None
    started = app.node.core.clock.stopwatch_us()
    try:
        if chain is None:
            raise Unavailable("it is gone")
        question = [{"role": "user", "content": "Answer with the one word: ok"}]
        answered = await chain.ask(question, lambda text: text.strip() or None)
    except Unavailable as error:
        return {"name": name, "ok": False, "problem": str(error).removeprefix(f"no model answers: {name} ")}
    wall_ms = (app.node.core.clock.stopwatch_us() - started) // 1000
    return {"name": name, "ok": True, "said": answered.value[:200], "wall_ms": wall_ms}


def _shown(standing: Standing) -> dict[str, Any]:
    route = standing.endpoint.route
    return {
        "name": route.name,
        "url": route.url,
        "model": route.model,
        "key": "missing" if route.key_env and not standing.endpoint.key else "set" if route.key_env else "none",
        "calls_today": standing.spent.calls,
        "tokens_today": standing.spent.tokens,
        "tokens_per_day": route.tokens_per_day,
        "micros_today": standing.spent.micros,
        "micros_per_day": route.micros_per_day,
        "alone_ms": standing.alone_ms,
        "last_trouble": standing.last,
    }
