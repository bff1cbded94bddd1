"""Attack 4: bytes that two implementations read differently. Python and JavaScript are asked the same, by the thousand.

Both follow docs/reference/records.md, with other means each. A disagreement is printed as a question that can be asked
again: its number and the seed make it.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks.specimens import scaled
from tests.vectors.judge import judge
from tests.vectors.mutate import Mutator
from tests.vectors.protocol import JAVASCRIPT, ask, missing_node

CHUNK = 3_000
"""Questions of one seed, and of one process: at scale 1 this many, at scale 34 the hundred thousand of a release."""

ENOUGH = {"bad_envelope", "not_json", "not_canonical", "too_deep", "too_many_keys", "bad_key", "unsigned", "forged"} | {
    *("wrong_signer", "threshold", "bad_body", "wrong_network", "wrong_recipient", "unknown_kind", "from_future"),
    *("expired", "stale", "banned", "duplicate", "old_sequence", "equivocation", "rollback", "revoked", "accept"),
}
"""What must have been met among one chunk: a mutator that never gets deep proves nothing."""


@pytest.mark.skipif(bool(missing_node()), reason=missing_node())
@pytest.mark.parametrize("seed", range(1, scaled(1) + 1))
def test_two_implementations_agree_on_verdict_reason_and_id_of_whatever_is_sent(seed: int) -> None:
    mutator = Mutator(seed)
    questions = [mutator.question(number) for number in range(CHUNK)]
    met: Counter[str] = Counter()
    differing = []
    for question, second in zip(questions, ask(JAVASCRIPT, questions), strict=True):
        first = judge(question.message, question.context)
        met[first.reason or first.verdict] += 1
        if first != second:
            differing.append((seed, question.name, first, second, question.message, question.context))
    assert differing == []
    assert met.keys() >= ENOUGH
    assert met["accept"] > CHUNK / 10
