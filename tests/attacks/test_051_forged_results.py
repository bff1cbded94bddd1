"""Attack 51: forged results.

Passes when, with 20 % of lenders forging and a tenth of the results of known lenders looked at in full, whoever forges
each time is caught by the 44th task with 99 % (1 - 0.9^k), and of the results that several were asked for at most one
in a thousand is taken although it is forged, also where all forgers agree on the lie. A forged result that is found
leaves a receipt which two signatures prove, ends the lease, and admits nothing. (With whole nodes:
tests/sim/test_borrowed_proofs.)
"""

from __future__ import annotations

from math import sqrt

import msgspec
import pytest

from hansa.conduct.ledger import Dealing, Receipt
from hansa.identity import envelope
from hansa.identity.envelope import Header, Verified
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.market.checking import SHARES, Found, Params, Record, agreed, is_drawn, is_known, lead
from hansa.node import forged
from hansa.skills.messages import EVIDENCE, evidence_body
from hansa.skills.model import Evidence, Outcome
from hansa.skills.work import WORKED, WorkBody, WorkedBody, read_worked

FORGERS = 0.2
TASKS = 44
DEFAULTS = Params()
KNOWN = Record(right=DEFAULTS.known_after)
LENDER, BORROWER, OTHER = (SigningKey(bytes([number] * 32)) for number in (1, 2, 3))
A, B, C = "a" * 64, "b" * 64, "c" * 64


# ---- spot checks


def caught_at(rng: Rng) -> int:
    """Returns at which task somebody is caught who has earned a record and forges each result from then on."""
    record, task = KNOWN, 0
    while not record.forged:
        task += 1
        assert is_known(record, DEFAULTS)
        if is_drawn(rng.child(task), DEFAULTS):
            record = record.found(Found.FORGED)
    return task


def test_a_forger_is_caught_by_the_44th_task_with_99_percent() -> None:
    missed = (1 - DEFAULTS.spot_share / SHARES) ** TASKS
    assert 1 - missed >= 0.99
    forgers = 4_000
    at = [caught_at(Rng(51).child(number)) for number in range(forgers)]
    for task in (1, 7, 22, TASKS):
        expected = 1 - (1 - DEFAULTS.spot_share / SHARES) ** task
        spread = sqrt(expected * (1 - expected) / forgers)
        assert abs(sum(one <= task for one in at) / forgers - expected) < 4 * spread, task


def test_a_forger_among_honest_ones_is_the_only_one_who_loses_anything() -> None:
    rng, lenders = Rng(52), 200
    forgers = {number for number in range(lenders) if number % 5 == 0}
    records = dict.fromkeys(range(lenders), KNOWN)
    for task in range(TASKS):
        for number in range(lenders):
            if records[number].forged or not is_drawn(rng.child(task, number), DEFAULTS):
                continue
            records[number] = records[number].found(Found.FORGED if number in forgers else Found.RIGHT)
    assert {number for number, one in records.items() if one.forged} <= forgers
    assert sum(records[number].forged for number in forgers) >= len(forgers) - 2  # 0.4 of 40 are missed on average


# ---- several lenders


def wrong_taken(share: float, params: Params, most: int = 400) -> tuple[float, float]:
    """Returns how likely a forged answer is taken, and that none is yet, by the policy itself and without chance.

    Each answer is forged with probability `share`, always with the same lie: all ways on which answers can come in are
    followed with their probability, until the policy takes one or `most` were asked.
    """
    open_, wrong = {(0, 0): 1.0}, 0.0
    for _ in range(most):
        after: dict[tuple[int, int], float] = {}
        for (right, lies), weight in open_.items():
            for answers, chance in (((right + 1, lies), 1 - share), ((right, lies + 1), share)):
                taken = agreed({name: n for name, n in zip(("right", "lie"), answers, strict=True) if n}, params)
                if taken == "lie":
                    wrong += weight * chance
                elif taken is None:
                    after[answers] = after.get(answers, 0.0) + weight * chance
        open_ = after
    return wrong, sum(open_.values())


def test_of_what_several_answered_one_in_a_thousand_is_taken_though_it_is_forged() -> None:
    wrong, open_ = wrong_taken(FORGERS, DEFAULTS)
    assert wrong + open_ <= 1e-3
    assert wrong == pytest.approx(1 / (1 + 4 ** lead(DEFAULTS)), rel=1e-6)


def test_one_answer_less_would_not_do() -> None:
    wrong, _ = wrong_taken(FORGERS, Params(wrong_share=4))
    assert lead(Params(wrong_share=4)) == lead(DEFAULTS) - 1
    assert wrong > 1e-3


def test_a_lender_without_a_record_is_never_taken_alone() -> None:
    for right in range(DEFAULTS.known_after):
        assert not is_known(Record(right), DEFAULTS)
    assert all(agreed({"any": count}, DEFAULTS) is None for count in range(1, lead(DEFAULTS)))


# ---- what proves it


def spoken(key: SigningKey, kind: str, body: object, recipient: str = "*", seq: int = 1) -> Verified:
    header = Header(
        version="hansa/1", network="hansa", kind=kind, author=key.public.did, recipient=recipient, seq=seq,
        created=1_000, expires=0,
    )  # fmt: skip
    return envelope.verify(envelope.seal(header, msgspec.to_builtins(body), [key]))


def result(**changes: object) -> WorkedBody:
    body = WorkedBody(
        skill=A, harness="cpython", sandbox="box", outcome=Outcome.PASS, trials=2, successes=2, passed=2, total=2,
        digest=B, reason="", work=WORK.key, lease=C, fence=3, digests=(B, B), memory_bytes=1, wall_ms=1, used_ms=9,
    )  # fmt: skip
    return msgspec.structs.replace(body, **changes)


def evidence(**changes: object) -> object:
    found = Evidence(A, BORROWER.public.did, "cpython", "box", Outcome.FAIL, 3, 0, 0, 3, B, "refuted", 1)  # type: ignore[arg-type]
    return evidence_body(msgspec.structs.replace(found, **changes))


WORK = WorkBody(lease=C, fence=3, skill=A, trials=2, seed=7)
ME = NodeId(BORROWER.public.did)


def flaw_of(said: Verified, found: Verified, **changes: object) -> str:
    receipt = Receipt(
        dealing=Dealing.LEASE_BROKEN, subject=LENDER.public.did, skill=A, records=(said.id, found.id), reason="refuted"
    )
    return forged.flaw(msgspec.structs.replace(receipt, **changes), ME, said, found)


def test_a_receipt_is_proved_by_the_lenders_signature_and_the_borrowers() -> None:
    said, found = spoken(LENDER, WORKED, result(), ME), spoken(BORROWER, EVIDENCE, evidence())
    assert flaw_of(said, found) == ""


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (spoken(OTHER, WORKED, result(), ME), spoken(BORROWER, EVIDENCE, evidence())),
        (spoken(LENDER, WORKED, result(), OTHER.public.did), spoken(BORROWER, EVIDENCE, evidence())),
        (spoken(LENDER, EVIDENCE, evidence(), ME), spoken(BORROWER, EVIDENCE, evidence())),
        (spoken(LENDER, WORKED, result(), ME), spoken(OTHER, EVIDENCE, evidence())),
        (spoken(LENDER, WORKED, result(skill=B), ME), spoken(BORROWER, EVIDENCE, evidence())),
        (spoken(LENDER, WORKED, result(), ME), spoken(BORROWER, EVIDENCE, evidence(harness="pypy"))),
        (
            spoken(LENDER, WORKED, result(), ME),
            spoken(BORROWER, EVIDENCE, evidence(outcome=Outcome.PASS, successes=3, passed=3, reason="")),
        ),
        (spoken(LENDER, WORKED, result(), ME), spoken(BORROWER, EVIDENCE, evidence(outcome=Outcome.INCONCLUSIVE))),
    ],
    ids=["another lender", "for another", "no result", "not its own", "another skill", "harness", "agrees", "open"],
)
def test_what_does_not_follow_from_both_signatures_proves_nothing(said: Verified, found: Verified) -> None:
    assert flaw_of(said, found) != ""


def test_a_receipt_that_names_other_records_or_another_deed_proves_nothing() -> None:
    said, found = spoken(LENDER, WORKED, result(), ME), spoken(BORROWER, EVIDENCE, evidence())
    assert flaw_of(said, found, records=(found.id, said.id)) != ""
    assert flaw_of(said, found, dealing=Dealing.SKILL_REFUTED) != ""


@pytest.mark.parametrize(
    "changes",
    [
        {"work": A},
        {"lease": A},
        {"fence": 4},
        {"skill": B},
        {"trials": 3, "successes": 3, "digests": (B, B, B)},
        {"outcome": Outcome.FAIL, "trials": 3, "successes": 0, "passed": 0, "total": 3, "digests": (B, B, B)},
        {"trials": 1, "successes": 1, "digests": (B,)},
        {"digests": (B,)},
        {"successes": 3},
        {"successes": 1},
    ],
    ids=[
        "work",
        "lease",
        "fence",
        "skill",
        "more",
        "more that fail",
        "fewer",
        "digests",
        "more successes",
        "fewer successes",
    ],
)
def test_a_result_of_something_else_or_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        read_worked(msgspec.to_builtins(result(**changes))).check(WORK)
    assert refused.value.reason is Reason.BAD_BODY


def test_a_result_of_the_work_is_taken() -> None:
    read_worked(msgspec.to_builtins(result())).check(WORK)
