"""Disputes by command: each act, what it prints, and the exit code of what makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.identity.envelope import Signed
from hansa.identity.keys import SigningKey
from tests.attacks.specimens import key
from tests.cli.conftest import Hansa
from tests.cli.test_every_command import MINE
from tests.node.cases import FAILING, accusation
from tests.node.world import LIE, SLUG, skill_message, speak, true_claim

pytestmark = pytest.mark.sandbox
LIAR = key(1)


@pytest.fixture
def disputed(node: Hansa, tmp_path: Path) -> Hansa:
    """Gives a node that holds a lie and a good skill of somebody else's, and has tried both."""
    harness = node("status", "--json").json["harness"]
    records = tmp_path / "records"
    claim = true_claim(harness=harness)
    passed_on = [skill_message(LIAR, skill, claim, network="hansa", seq=seq) for skill, seq in ((LIE, 11), (SLUG, 12))]
    records.write_bytes(b"\n".join(one.raw for one in passed_on))
    node("skill", "import", records)
    assert node("prove").code == 0
    return node


def opened(hansa: Hansa, *more: str) -> str:
    said = hansa("dispute", "open", LIE.id, "--ground", "false_claim", "--why", "2.675 gives 2.67", *more, "--json")
    assert said.code == 0, said.err
    return str(said.json["case"])


def test_an_accusation_rests_on_ones_own_finding_and_is_taken_back(disputed: Hansa) -> None:
    case = opened(disputed)
    listed = disputed("dispute", "list").out
    assert case[:12] in listed and "opened" in listed and "2.675 gives 2.67" in listed
    shown = disputed("dispute", "show", case[:8]).out
    assert "this node is a party" in shown and "none: what is undecided stays open" in shown

    said = disputed("dispute", "open", LIE.id, "--ground", "false_claim", "--why", "again")
    assert (said.code, "has a case over that already" in said.err) == (1, True)
    assert disputed("dispute", "evidence", case).code == 2
    assert disputed("dispute", "answer", case, "--why", "I say so").code == 1
    assert "there is no ruling to appeal against" in disputed("dispute", "appeal", case, "--why", "x").err

    said = disputed("dispute", "withdraw", case, "--why", "my disk")
    assert f"case {case[:12]} is withdrawn here" in said.out
    assert disputed("dispute", "list", "--state", "withdrawn", "--json").json["count"] == 1
    assert disputed("dispute", "list", "--state", "opened").out.strip() == "no case is in that state"
    assert "“my disk”" in disputed("dispute", "show", case).out


def test_what_shows_nothing_accuses_nobody(disputed: Hansa) -> None:
    said = disputed("dispute", "open", SLUG.id, "--ground", "false_claim", "--why", "x")
    assert (said.code, "no finding of this node's shows false_claim" in said.err) == (2, True)
    for words in (
        ("--ground", "ugly", "--why", "x"),
        ("--ground", "licence", "--why", "x"),
        ("--ground", "false_claim", "--why", " "),
        ("--ground", "false_claim", "--why", "x" * 501),
        ("--ground", "false_claim", "--why", "x", "--to", "nowhere"),
    ):
        assert disputed("dispute", "open", LIE.id, *words).code == 2, words
    said = disputed("dispute", "open", SLUG.id, "--ground", "false_accusation", "--why", "x")
    assert (said.code, "nobody can be accused" in said.err) == (3, True)
    assert disputed("dispute", "show", "0000").code == 3
    assert disputed("dispute", "list", "--state", "unclear").code == 2
    assert disputed("dispute", "list").out.strip() == "no disputes here"


def test_a_case_of_others_is_decided_by_running_the_skill_here(disputed: Hansa, tmp_path: Path) -> None:
    harness = disputed("status", "--json").json["harness"]
    claim = skill_message(LIAR, LIE, true_claim(harness=harness), network="hansa", seq=7)
    records = tmp_path / "case"
    messages = accusation(key(2), LIE, claim, key(3), network="hansa", harness=harness)
    records.write_bytes(b"\n".join(one.raw for one in messages))
    assert disputed("skill", "import", records).code == 0  # what is accused is not here: refused, and said
    assert disputed("dispute", "list").out.strip() == "no disputes here"

    records.write_bytes(b"\n".join(one.raw for one in brought(key(2), harness)))
    assert disputed("skill", "import", records).code == 0
    (case,) = [one["case"] for one in disputed("dispute", "list", "--json").json["disputes"]]
    said = disputed("dispute", "evidence", case)
    assert said.code == 0
    assert "fail: 0 of 5 trials" in said.out and f"case {case[:12]} is upheld here" in said.out
    shown = disputed("dispute", "show", case).out
    assert "upheld by this node's own run; an appeal has until" in shown
    assert disputed("dispute", "show", case, "--json").json["ruling"]["basis"] == "own_finding"


def brought(opener: SigningKey, harness: str) -> list[Signed]:
    """Returns an accusation over the lie that the node holds."""
    claim = skill_message(LIAR, LIE, true_claim(harness=harness), network="hansa", seq=11)
    return accusation(opener, LIE, claim, LIAR, network="hansa", harness=harness)


def test_the_respondent_answers_and_an_operator_rules_on_what_no_run_can_show(disputed: Hansa, tmp_path: Path) -> None:
    record = disputed("ledger", "list", "--json").json["entries"][0]["receipt"]
    said = disputed(
        "dispute", "open", LIE.id, "--ground", "plagiarised", "--why", "from mine", "--record", record[:10], "--json"
    )
    case = said.json["case"]
    assert disputed("dispute", "rule", case, "perhaps").code == 2
    said = disputed("dispute", "rule", case, "dismissed", "--why", "it is not")
    assert f"case {case[:12]} is dismissed here" in said.out
    shown = disputed("dispute", "show", case).out
    assert "dismissed by its operator's word" in shown and "“it is not”" in shown
    falsely = opened(disputed)
    assert disputed("dispute", "rule", falsely, "upheld").code == 2

    (tmp_path / "mine.py").write_text(MINE)
    disputed("skill", "add", tmp_path / "mine.py")
    disputed("prove")
    mine = disputed("find", "give back what was given", "--json").json["skills"][0]["trace_id"]
    published = disputed("publish", mine, "--json").json["publications"][0]["record"]
    harness = disputed("status", "--json").json["harness"]
    exported = tmp_path / "mine.hansa"
    disputed("skill", "export", mine, "--to", exported)
    assert published in disputed("why", published, "--json").json["id"]
    me = disputed("id", "--json").json["instance_id"]
    records = tmp_path / "case"
    records.write_bytes(b"\n".join(one.raw for one in against(mine, published, me, harness)))
    assert disputed("skill", "import", records).code == 0
    (case,) = [one["case"] for one in disputed("dispute", "list", "--json").json["disputes"] if one["respondent"] == me]
    said = disputed("dispute", "answer", case, "--why", "it passes here")
    assert f"case {case[:12]} is answered here" in said.out


def against(skill: str, claim: str, respondent: str, harness: str) -> list[Signed]:
    """Returns an accusation over a skill of the node's own."""
    finding = {"skill": skill, "harness": harness, "sandbox": "x", "reason": "refuted", **FAILING}
    deed = speak(key(2), "evidence", finding, network="hansa")
    body = {"skill": skill, "record": claim, "respondent": respondent, "ground": "false_claim", "why": "it fails",
            "records": [deed.id]}  # fmt: skip
    return [deed, speak(key(2), "dispute", body, network="hansa")]
