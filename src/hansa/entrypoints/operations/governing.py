"""Operations on the rules that this node lives by."""

from __future__ import annotations

from pathlib import Path

from hansa.entrypoints.app import App
from hansa.entrypoints.operations.registry import Arguments, Outcome, operation
from hansa.entrypoints.rules import rules_in
from hansa.entrypoints.steps import Result
from hansa.governance.act import FACTS
from hansa.governance.constitution import Constitution, Tried
from hansa.governance.rules import OPERATORS, BadRule
from hansa.kernel.errors import UsageError


@operation("constitution.show")
async def _show(app: App, _: Arguments) -> Outcome:
    """Shows what is in force: it was read when the node was opened."""
    constitution = app.node.core.settings.constitution
    facts = [
        {"fact": name, "values": sort.value, "meaning": meaning, "operators": list(OPERATORS[sort])}
        for name, (sort, meaning) in FACTS.items()
    ]
    yield Result({"digest": constitution.digest, "constitution": constitution.as_data(), "facts": facts})


@operation("constitution.test")
async def _test(app: App, given: Arguments) -> Outcome:
    """Tries every fixture: of what is in force, or of the five articles and the rules in a file."""
    constitution = app.node.core.settings.constitution
    if given.get("file"):
        try:
            constitution = Constitution(rules_in(Path(given["file"])))
        except BadRule as error:
            raise UsageError(f"{given['file']}: {error}") from None
    tried = [_shown(one) for one in constitution.test()]
    failed = sum(not one["ok"] for one in tried)
    yield Result({"digest": constitution.digest, "tried": tried, "count": len(tried), "failed": failed}, ok=not failed)


def _shown(one: Tried) -> dict[str, object]:
    return {
        "of": one.of,
        "fixture": one.fixture.name,
        "expected": "passes" if one.fixture.lawful else "fails",
        "found": "fails" if one.found else "passes",
        "cause": one.found,
        "ok": one.ok,
    }
