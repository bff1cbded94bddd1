"""A solver that asks language models for a Python function.

What it brings is a stranger's code like any other: the executor runs it in the sandbox against the cases, and proves it
before it is kept. The question holds the operator's intent and cases, and nothing that came from other nodes.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence

import msgspec

from hansa.adapters.llm.chain import Chain
from hansa.adapters.llm.endpoint import Message
from hansa.node.ports import Solution
from hansa.skills.importing.nesting import is_flat
from hansa.skills.model import Case

ENTRY_POINT = "solve"
MAX_CASES = 20
"""Cases that are shown to a model; the answer is held against all of them."""

MAX_CODE = 200_000
"""Longest code that is looked at, characters."""

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(\w*)[ \t]*$")
_TASK = (
    "You write one Python function. You get a JSON object: `intent` says what the function does, `cases` shows calls "
    "as the Python literal of the argument tuple and of the value that is expected. Answer with one fenced code block "
    f"of Python and nothing else. It defines the function `{ENTRY_POINT}` with a docstring. It uses the standard "
    "library alone, and no files, network, processes, clock or randomness. It solves the general task: it never "
    "looks the shown cases up."
)


class LlmSolver:
    """Asks the chain; the first route whose answer is Python with a function gives the solution."""

    def __init__(self, chain: Chain) -> None:
        """Asks nobody yet."""
        self._chain = chain

    async def solve(self, intent: str, cases: Sequence[Case]) -> Solution | None:
        """Returns a model's solution.

        Raises:
            Unavailable: no route has a usable answer; names each with its trouble.
        """
        answered = await self._chain.ask(question(intent, cases), read_function)
        code, entry_point = answered.value
        return Solution(code, entry_point, (f"Asked the model behind {answered.completion.route} for a function.",))


def question(intent: str, cases: Sequence[Case]) -> list[Message]:
    """Returns the conversation that asks for a function."""
    shown = [{"args": one.args, "expect": one.expect} for one in cases[:MAX_CASES]]
    task = msgspec.json.encode({"intent": intent, "cases": shown}).decode()
    return [{"role": "system", "content": _TASK}, {"role": "user", "content": task}]


def read_function(text: str) -> tuple[str, str] | None:
    """Returns the code in a model's answer and the function to call; None when there is no such code.

    The last fenced block that is Python with a function counts: models think first. Without one, the whole text may be
    code. The function is `solve` or, when there is none of that name, the last one.
    """
    for code in [*reversed(_blocks(text)), text]:
        names = _functions(code)
        if names:
            return code, ENTRY_POINT if ENTRY_POINT in names else names[-1]
    return None


def _blocks(text: str) -> list[str]:
    """Returns the fenced blocks in a text; a fence is closed by the same fence without a word behind it."""
    blocks: list[str] = []
    fence, lines = "", list[str]()
    for line in text.splitlines():
        found = _FENCE.match(line)
        if not fence and found:
            fence, lines = found[1], []
        elif fence and found and found[1] == fence and not found[2]:
            blocks.append("\n".join(lines) + "\n")
            fence = ""
        else:
            lines.append(line)
    return blocks


def _functions(code: str) -> list[str]:
    if len(code) > MAX_CODE:
        return []
    try:
        if not is_flat(code):
            return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's odd escapes are no trouble of ours
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
