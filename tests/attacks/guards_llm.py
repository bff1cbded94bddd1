"""The guards around language models, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_CHAIN, _SOLVER = "tests/llm/test_chain.py::test_", "tests/llm/test_solver.py::test_"
_PASSED_OVER = (f"{_CHAIN}a_route_without_an_answer_is_passed_over",)

GUARDS_LLM: list[Guard] = [
    Guard(
        "adapters/llm/budget.py",
        "if route.tokens_per_day and spent.tokens + tokens > route.tokens_per_day:",
        "if False:",
        (f"{_CHAIN}a_budget_of_tokens_holds_and_a_new_day_opens_it_again",),
    ),
    Guard(
        "adapters/llm/budget.py",
        "if route.micros_per_day and spent.micros + micros > route.micros_per_day:",
        "if False:",
        (f"{_CHAIN}a_budget_of_money_holds",),
    ),
    Guard(
        "adapters/llm/budget.py",
        "if today > self._book.day:",
        "if today != self._book.day:",
        (f"{_CHAIN}a_clock_that_is_set_back_opens_no_new_budget",),
    ),
    Guard(
        "adapters/llm/budget.py",
        "self._enter(route, Spent(spent.tokens + tokens, spent.micros + micros, spent.calls + 1))",
        "pass",
        (f"{_CHAIN}a_call_that_never_came_back_counts_with_its_worst_case",),
    ),
    Guard(
        "adapters/llm/endpoint.py",
        'text.replace(self.key, "<key>") if self.key else text',
        "text",
        (f"{_CHAIN}the_key_is_sent_and_never_told",),
    ),
    Guard(
        "adapters/llm/endpoint.py",
        "if self.route.key_env and not self.key:",
        "if False:",
        (f"{_CHAIN}without_its_key_a_route_is_not_called",),
    ),
    Guard(
        "adapters/llm/endpoint.py",
        'if response.headers.get("content-encoding", "identity") != "identity":',
        "if False:",
        _PASSED_OVER,
    ),
    Guard("adapters/llm/endpoint.py", "if len(data) > most:", "if False:", _PASSED_OVER),
    Guard("adapters/llm/answer.py", "if not self._ended and self._finish is None:", "if False:", _PASSED_OVER),
    Guard("adapters/llm/chain.py", "None if completion.cut else read(completion.text)", "read(completion.text)",
          _PASSED_OVER),
    Guard(
        "adapters/llm/solver.py",
        "if not is_flat(code):",
        "if False:",
        (f"{_SOLVER}what_is_no_function_is_none",),
    ),
    Guard(
        "adapters/llm/route.py",
        'if parts.scheme == "http" and self.key_env and not is_this_machine(parts.hostname or ""):',
        "if False:",
        (f"{_SOLVER}a_route_is_checked_when_settings_are_read",),
    ),
]  # fmt: skip
