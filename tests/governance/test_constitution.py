"""The five articles decide something, on every node the same; the digest says so; rules can only forbid more."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.governance import constitution
from hansa.governance.act import FACTS, Act, Occasion, Sort, told
from hansa.governance.articles import ARTICLES, Article, Fixture
from hansa.governance.constitution import FIVE, Constitution, Tried, sound
from hansa.governance.rules import OPERATORS, BadRule, Rule, read_rules

DIGEST = "4ecb45889710b9f4337723100af7d1ff20a28c33e740e83e0124e4059e73e389"
"""Of the five articles. Whoever changes a text, an occasion, a constant, a fixture or a version changes it for all."""

DECIDED = {
    "no-forced-acceptance/1": "8ec5be789e6d2303",
    "verifiable-and-signed/1": "e0a9763bfd70696f",
    "sovereignty/1": "62e59b1173b08a6c",
    "quality/1": "da680c44305dd153",
    "lineage/1": "f13e136084cc76fa",
}
"""What each version decides, over every act of `every_act`: whoever changes that gives the predicate a new version."""


def every_act() -> list[Act]:
    """Returns acts that differ in all that the articles look at, each fact at the values that matter."""
    states = ("", "quarantined", "admitted", "removed")
    words = itertools.product(Occasion, ("skill", "dispute"), states, ("", "proof", "operator", "author"))
    flags = [
        {}, {"own": False}, {"own": False, "own_skill": True}, {"own": False, "addressed": True}, {"signed": True},
        {"signed": True, "verified": True}, {"signed": True, "verified": True, "checks": 1}, {"on_record": False},
        {"own": False, "refused_here": True}, {"lineage_sound": False}, {"parents": 2, "parents_missing": 1},
        {"own": False, "signed": True}, {"verified": True}, {"outcome": "pass"}, {"computed": True, "outcome": "fail"},
    ]  # fmt: skip
    numbers = itertools.product((True, False), ("pass", "fail"), (949_999, 950_000), (900_000, 900_001))
    flags += [
        {"computed": computed, "outcome": outcome, "verification_score": score, "confidence": confidence}
        for computed, outcome, score, confidence in numbers
    ]
    return [
        Act(occasion=occasion, kind=kind, leads_to=state, rests_on=ground, **facts)
        for (occasion, kind, state, ground), facts in itertools.product(words, flags)
    ]


# ---- the five


@pytest.mark.parametrize(
    "tried", FIVE.test(), ids=lambda one: f"{one.of}: {one.fixture.name}".replace(" ", "-").replace(",", "")
)
def test_a_fixture_comes_out_as_it_says(tried: Tried) -> None:
    assert tried.ok, tried.found
    assert tried.fixture.act.occasion in next(one for one in ARTICLES if one.name == tried.of).occasions


@pytest.mark.parametrize("article", ARTICLES, ids=lambda one: one.name)
def test_each_article_passes_something_and_forbids_something(article: Article) -> None:
    assert {one.lawful for one in article.fixtures} == {True, False}
    assert len({one.name for one in article.fixtures}) == len(article.fixtures)
    causes = [article.predicate(one.act) for one in article.fixtures if not one.lawful]
    assert all(": " in cause or "record" in cause or "lineage" in cause for cause in causes), "says what to do"


@pytest.mark.parametrize("article", ARTICLES, ids=lambda one: one.name)
def test_an_article_that_always_says_yes_is_found_out(article: Article, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault of the source, whose check always returned true."""
    lax = replace(article, predicate=lambda act: "")
    monkeypatch.setattr(constitution, "ARTICLES", tuple(lax if one is article else one for one in ARTICLES))
    assert [one.of for one in Constitution().test() if not one.ok]
    with pytest.raises(BadRule, match=article.name):
        sound(())


def test_the_five_are_asked_at_every_occasion_that_there_is() -> None:
    assert [one.number for one in ARTICLES] == [1, 2, 3, 4, 5]
    asked = {occasion: [one.number for one in ARTICLES if occasion in one.occasions] for occasion in Occasion}
    assert asked == {
        Occasion.PUBLISH: [2, 3, 4, 5],
        Occasion.IMPORT: [1, 2, 3, 4, 5],
        Occasion.ROUTE: [2, 3, 4, 5],
        Occasion.VOTE: [1, 2, 3, 5],
        Occasion.DISPUTE: [1, 2, 3, 5],
    }


def test_a_breach_names_the_article_and_the_cause() -> None:
    found = FIVE.judge(Act(occasion=Occasion.VOTE, own=False, leads_to="removed", on_record=False))
    assert [one.by.partition(",")[0] for one in found] == ["article 2", "article 3", "article 5"]
    assert str(found[0]) == "article 2, verifiable and signed: it is not signed: have its author sign it"


def test_the_digest_is_the_one_that_was_published() -> None:
    assert FIVE.digest == DIGEST


@pytest.mark.parametrize("article", ARTICLES, ids=lambda one: one.predicate_id)
def test_a_predicate_that_decides_otherwise_has_another_version(article: Article) -> None:
    verdicts = bytes(bool(article.predicate(act)) for act in every_act())
    assert hashlib.sha256(verdicts).hexdigest()[:16] == DECIDED[article.predicate_id]


def test_every_fact_is_explained_and_can_be_asked_about() -> None:
    assert tuple(FACTS) == Act.__struct_fields__
    assert all(OPERATORS[sort] for sort, _ in FACTS.values())
    assert set(OPERATORS) == set(Sort)


# ---- the digest


_ONE = ARTICLES[0]
CHANGES = {
    "text": replace(_ONE, text=_ONE.text + "!"),
    "title": replace(_ONE, title="acceptance"),
    "occasions": replace(_ONE, occasions=_ONE.occasions[:-1]),
    "predicate": replace(_ONE, predicate_id="no-forced-acceptance/2"),
    "constants": replace(_ONE, constants=(("most", 1),)),
    "a fixture less": replace(_ONE, fixtures=_ONE.fixtures[1:]),
    "a fixture's verdict": replace(_ONE, fixtures=(replace(_ONE.fixtures[0], lawful=False), *_ONE.fixtures[1:])),
    "a fixture's act": replace(_ONE, fixtures=(Fixture("x", Act(occasion=Occasion.VOTE), True), *_ONE.fixtures[1:])),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_any_change_to_an_article_is_another_constitution(changed: Article, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constitution, "ARTICLES", (changed, *ARTICLES[1:]))
    assert Constitution().digest != FIVE.digest


def rule(name: str = "a", **fields: object) -> dict[str, object]:
    given: dict[str, object] = {
        "name": name, "text": "No text.", "occasions": ["import"], "when": {"kind": {"is": "skill"}},
        "must": {"media_type": {"one_of": ["text/x-python", "text/plain"]}}, "passes": [{"media_type": "text/plain"}],
        "fails": [{"media_type": "text/html"}],
    }  # fmt: skip
    return given | fields


def of(*rules: dict[str, object]) -> Constitution:
    return sound(read_rules({"rules": list(rules)}))


@pytest.mark.parametrize(
    "changed",
    [
        rule("b"), rule(text="No text!"), rule(occasions=["import", "route"]), rule(when={}),
        rule(must={"media_type": {"one_of": ["text/plain"]}}), rule(fails=[{"media_type": "text/css"}]),
        rule(passes=[{"media_type": "text/x-python"}]), rule(must={"media_type": {"is_not": "text/html"}}),
    ],
    ids=["name", "text", "occasions", "when", "list", "failing fixture", "passing fixture", "operator"],
)  # fmt: skip
def test_any_change_to_a_rule_is_another_constitution(changed: dict[str, object]) -> None:
    assert len({DIGEST, of(rule()).digest, of(changed).digest, of(rule(), rule("z")).digest}) == 4


def test_the_order_in_which_it_is_written_makes_no_difference() -> None:
    mixed = rule(
        must={"media_type": {"one_of": ["text/plain", "text/x-python", "text/plain"]}},
        passes=[{"media_type": "text/x-python"}, {"media_type": "text/plain"}],
        occasions=["vote", "import"],
    )
    other = dict(reversed(mixed.items())) | {
        "must": {"media_type": {"one_of": ["text/x-python", "text/plain"]}},
        "passes": [{"media_type": "text/plain"}, {"media_type": "text/x-python", "occasion": "import"}],
        "occasions": ["import", "vote", "import"],
    }
    assert of(mixed, rule("b"), rule("c")).digest == of(rule("c"), other, rule("b")).digest


# ---- rules can only forbid more


def _question(fact: str) -> st.SearchStrategy[tuple[str, str, object]]:
    sort = FACTS[fact][0]
    values: dict[Sort, st.SearchStrategy[object]] = {
        Sort.WORD: st.sampled_from(["", "skill", "dispute", "admitted", "proof", "pass"]),
        Sort.FLAG: st.booleans(),
        Sort.NUMBER: st.integers(0, 3),
        Sort.FRACTION: st.sampled_from([0, 0.9, 0.95, 1]),
        Sort.WORDS: st.just("x"),
    }
    lists = st.lists(values[sort], min_size=1, max_size=3)
    return st.sampled_from(OPERATORS[sort]).flatmap(
        lambda operator: st.tuples(
            st.just(fact),
            st.just(operator),
            lists if operator in ("one_of", "none_of", "includes", "excludes") else values[sort],
        )
    )


questions = st.lists(
    st.sampled_from([one for one in FACTS if one != "occasion"]).flatmap(_question), min_size=1, max_size=3
)
ACTS = every_act()


@given(st.lists(st.tuples(questions, questions), min_size=1, max_size=3), st.sampled_from(ACTS))
def test_whatever_rules_are_added_what_the_five_forbid_stays_forbidden(rules, act: Act) -> None:
    written = [
        rule(f"r{number}", occasions=[one.value for one in Occasion], when=_table(when), must=_table(must))
        for number, (when, must) in enumerate(rules)
    ]
    added = Constitution(read_rules({"rules": written}))
    articles = FIVE.judge(act)
    found = added.judge(act)
    assert found[: len(articles)] == articles
    assert all(one.by.startswith("rule ") for one in found[len(articles) :])
    assert added.digest != DIGEST


def _table(questions: list[tuple[str, str, object]]) -> dict[str, dict[str, object]]:
    made: dict[str, dict[str, object]] = {}
    for fact, operator, asked in questions:
        made.setdefault(fact, {})[operator] = asked
    return made


@pytest.mark.parametrize("name", ["article 1, no forced acceptance", "verifiable-and-signed"])
def test_a_rule_can_t_take_the_place_of_an_article(name: str) -> None:
    try:
        made = of(rule(name))
    except BadRule:
        return
    assert len(made.judge(Act(occasion=Occasion.VOTE, own=False, leads_to="admitted"))) == 2


def test_what_is_told_of_an_act_leaves_nothing_out() -> None:
    for act in ACTS[::97]:
        plain = told(act)
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
        assert Act(**given | {"occasion": Occasion(str(given["occasion"]))}) == act  # type: ignore[arg-type]


# ---- the form of rules


@pytest.mark.parametrize(
    ("must", "act", "lawful"),
    [
        ({"license": {"is": "MIT"}}, {"license": "MIT"}, True),
        ({"license": {"is": "MIT"}}, {}, False),
        ({"license": {"is_not": ""}}, {"license": "MIT"}, True),
        ({"license": {"is_not": ""}}, {}, False),
        ({"license": {"none_of": ["X", "Y"]}}, {"license": "Y"}, False),
        ({"license": {"none_of": ["X", "Y"]}}, {"license": "Z"}, True),
        ({"tags": {"includes": ["a", "b"]}}, {"tags": ("b", "c", "a")}, True),
        ({"tags": {"includes": ["a", "b"]}}, {"tags": ("a",)}, False),
        ({"tags": {"excludes": ["a", "b"]}}, {"tags": ("c", "b")}, False),
        ({"tags": {"excludes": ["a", "b"]}}, {"tags": ()}, True),
        ({"trials": {"at_least": 3}}, {"trials": 3}, True),
        ({"trials": {"at_least": 3}}, {"trials": 2}, False),
        ({"parents": {"at_most": 1}}, {"parents": 2}, False),
        ({"parents": {"is": 2}}, {"parents": 2}, True),
        ({"verification_score": {"at_least": 0.98}}, {"verification_score": 980_000}, True),
        ({"verification_score": {"at_least": 0.98}}, {"verification_score": 979_999}, False),
        ({"own": {"is": True}}, {"own": False}, False),
        ({"trials": {"at_least": 3}, "license": {"is": "MIT"}}, {"trials": 9, "license": "X"}, False),
    ],
)
def test_what_an_operator_asks(must: dict[str, object], act: dict[str, object], lawful: bool) -> None:
    (made,) = read_rules({"rules": [rule(must=must, passes=[{}], fails=[{}])]})
    assert made.predicate(Act(occasion=Occasion.IMPORT, **act)) == "" or not lawful  # type: ignore[arg-type]
    assert (made.predicate(Act(occasion=Occasion.IMPORT, **act)) == "") is lawful  # type: ignore[arg-type]


def test_a_rule_is_asked_on_its_occasions_and_of_the_acts_it_names_only() -> None:
    made = of(rule())
    assert made.judge(Act(occasion=Occasion.IMPORT))
    assert not made.judge(Act(occasion=Occasion.IMPORT, kind="evidence"))
    assert not made.judge(Act(occasion=Occasion.DISPUTE, signed=True, verified=True))


BAD: dict[str, tuple[dict[str, object], str]] = {
    "no passing fixture": (rule(passes=[]), "rule a: passes must be a list of 1 to 50 acts"),
    "no failing fixture": (rule(fails=[]), "rule a: fails must be a list of 1 to 50 acts"),
    "nothing asked": (rule(must={}), "rule a: must must be at least one and at most 20 facts"),
    "no occasion": (rule(occasions=[]), "rule a: occasions must be a list of at least one of publish"),
    "an occasion that there is not": (rule(occasions=["sleep"]), "rule a: occasions must be .* dispute"),
    "a fact that there is not": (rule(must={"licence": {"is": "MIT"}}), "no fact licence: license is the nearest"),
    "a fact like none": (rule(must={"qqq": {"is": "MIT"}}), "hansa constitution show --facts"),
    "an operator that there is not": (rule(must={"license": {"like": "M*"}}), "not like"),
    "an operator of other facts": (rule(must={"license": {"at_least": 1}}), "license is a word.*not at_least"),
    "a word for a flag": (rule(must={"own": {"is": "yes"}}), "own is a true or false, and 'yes' is none"),
    "a number for a word": (rule(must={"license": {"is": 1}}), "license is a word, and '1' is none"),
    "a flag for a number": (rule(must={"trials": {"is": True}}), "trials is a whole number, and 'True' is none"),
    "a per cent for a fraction": (rule(must={"confidence": {"at_least": 95}}), "confidence is a fraction"),
    "a word for a list": (rule(must={"license": {"one_of": "MIT"}}), "license one_of needs a list of words"),
    "an empty list": (rule(must={"license": {"one_of": []}}), "license one_of needs a list of words"),
    "a fixture's fact that there is not": (rule(fails=[{"colour": "red"}]), "no fact colour"),
    "a fixture of another occasion": (rule(fails=[{"occasion": "vote"}]), "occasion 'vote' is none of the rule's"),
    "another field": (rule(weight=1), "rule a: there is no weight in a rule; it is made of name,"),
    "a name with blanks": (rule("a b"), "rule a b: name must be up to 64 small letters"),
    "no name": ({"text": "x"}, "rule 1: name is missing: up to 64"),
    "no table": (1, "rule 1: it is made of name,"),  # type: ignore[dict-item]
    "a passing fixture that fails": (rule(passes=[{"media_type": "x"}]), "is said to be one that passes, and it fails"),
    "a failing one that passes": (rule(fails=[{"kind": "dispute"}]), "is said to be one that fails, and it passes"),
}


@pytest.mark.parametrize(("written", "told_"), BAD.values(), ids=BAD)
def test_a_rule_that_makes_no_sense_is_refused_with_its_name_and_what_is_wrong(written, told_: str) -> None:
    with pytest.raises(BadRule, match=told_):
        of(written)


@pytest.mark.parametrize(
    "written", [{"rules": 1}, {"rule": []}, {"rules": [rule()] * 101}, {"rules": [rule(), rule()]}]
)
def test_a_file_that_makes_no_sense_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(BadRule, match=r"below a line \[\[rules\]\]|two rules have that name"):
        sound(read_rules(written))


def test_a_rule_can_t_be_called_like_another_by_making_it_oneself() -> None:
    (made,) = read_rules({"rules": [rule()]})
    assert isinstance(made, Rule)
    with pytest.raises(BadRule, match="rule a: two rules have that name"):
        Constitution([made, replace(made, text="Another.")])
