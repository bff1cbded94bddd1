"""Rules that a node adds to the five articles: data in a closed form, never code, and able to forbid only.

    [[rules]]
    name = "licences-that-we-share"
    text = "Only what is under a licence that we know leaves this node."
    occasions = ["publish", "route"]
    when = { kind = { is = "skill" } }                       # asked only of such acts; left out: of all
    must = { license = { one_of = ["MIT", "Apache-2.0"] } }  # all of it must hold
    passes = [{ license = "MIT" }]                           # at least one each: a rule that can't fail is none
    fails = [{ license = "GPL-3.0-only" }, {}]

Names of facts are those of `act.FACTS`; what can be asked of each depends on its sort (`OPERATORS`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

import msgspec

from hansa.governance.act import FACTS, MILLION, Act, Occasion, Sort, told
from hansa.governance.articles import Fixture
from hansa.kernel import canonical
from hansa.kernel.canonical import Json
from hansa.kernel.wire import Wire

MAX_RULES = 100

Value = Any
"""A fact's value: text, true or false, a whole number, or a tuple of texts."""

HOLDS: dict[str, Callable[[Value, Value], bool]] = {
    "is": lambda value, asked: bool(value == asked),
    "is_not": lambda value, asked: bool(value != asked),
    "one_of": lambda value, asked: value in asked,
    "none_of": lambda value, asked: value not in asked,
    "at_least": lambda value, asked: bool(value >= asked),
    "at_most": lambda value, asked: bool(value <= asked),
    "includes": lambda value, asked: all(one in value for one in asked),
    "excludes": lambda value, asked: not any(one in value for one in asked),
}
"""What each operator says of a fact's value."""

OPERATORS: dict[Sort, tuple[str, ...]] = {
    Sort.WORD: ("is", "is_not", "one_of", "none_of"),
    Sort.FLAG: ("is",),
    Sort.NUMBER: ("is", "is_not", "at_least", "at_most"),
    Sort.FRACTION: ("at_least", "at_most"),
    Sort.WORDS: ("includes", "excludes"),
}
"""Operators for each sort of fact."""

_OF_LISTS = ("one_of", "none_of", "includes", "excludes")


class BadRule(ValueError):
    """A rule makes no sense: which one, and why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about one fact."""

    fact: str
    operator: str
    asked: Value

    def holds(self, act: Act) -> bool:
        """Says whether an act's fact is as asked."""
        return HOLDS[self.operator](getattr(act, self.fact), self.asked)

    def __str__(self) -> str:
        """Returns it in words, for a refusal."""
        return f"{self.fact} {self.operator} {_written(self.asked)}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a node has added."""

    name: str
    text: str
    occasions: tuple[Occasion, ...]
    when: tuple[Condition, ...]
    must: tuple[Condition, ...]
    fixtures: tuple[Fixture, ...]

    def predicate(self, act: Act) -> str:
        """Returns "" for pass, or what does not hold."""
        if not all(one.holds(act) for one in self.when):
            return ""
        broken = next((one for one in self.must if not one.holds(act)), None)
        if broken is None:
            return ""
        return f"{self.text} ({broken}; it is {_written(getattr(act, broken.fact))})"


class _Rule(Wire, frozen=True, kw_only=True):
    """A rule as it is written."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    occasions: Annotated[tuple[Occasion, ...], msgspec.Meta(min_length=1)]
    must: Annotated[dict[str, dict[str, Any]], msgspec.Meta(min_length=1, max_length=20)]
    when: Annotated[dict[str, dict[str, Any]], msgspec.Meta(max_length=20)] = msgspec.field(default_factory=dict)
    passes: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(min_length=1, max_length=50)]
    fails: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(min_length=1, max_length=50)]


class _File(Wire, frozen=True):
    rules: Annotated[tuple[_Rule, ...], msgspec.Meta(max_length=MAX_RULES)] = ()


def read_rules(value: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Returns the rules in a parsed file, by name; whether their fixtures hold is for the constitution to say.

    Raises:
        BadRule: a rule is not of this form.
    """
    try:
        written = msgspec.convert(value, _File).rules
    except msgspec.ValidationError as error:
        raise BadRule(_in_our_words(str(error), value)) from None
    return tuple(sorted((_read(one) for one in written), key=lambda rule: rule.name))


_QUESTIONS = 'at most 20 facts with what is asked of each: { license = { is = "MIT" } }'
_ACTS = 'a list of 1 to 50 acts that pass, or fail: [{ license = "MIT" }]'

FORM: dict[str, str] = {
    "name": "up to 64 small letters, digits and hyphens, not beginning with a hyphen",
    "text": "a sentence of at most 300 characters, in quotes",
    "occasions": f"a list of at least one of {', '.join(Occasion)}",
    "must": f"at least one and {_QUESTIONS}",
    "when": _QUESTIONS,
    "passes": _ACTS,
    "fails": _ACTS,
}
"""What each entry of a rule is, for whoever wrote it otherwise."""


def _in_our_words(text: str, value: Mapping[str, Any]) -> str:
    """Returns what is wrong, with the name of the rule that the library found it in."""
    what, _, place = text.partition(" - at `$")
    named = re.search(r"field `([^`]*)`", what)
    found = re.match(r"\.rules\[(\d+)\]\.?(\w*)", place)
    if not found:
        there = f"; there is no {named[1][:40]}" if named else ""
        return f"each rule stands below a line [[rules]], and there are at most {MAX_RULES} of them{there}"
    rule = value["rules"][int(found[1])]
    title = f"rule {str(rule['name'])[:64] if isinstance(rule, dict) and rule.get('name') else int(found[1]) + 1}"
    if found[2]:
        return f"{title}: {found[2]} must be {FORM[found[2]]}"
    if named and named[1] in FORM:
        return f"{title}: {named[1]} is missing: {FORM[named[1]]}"
    there = f"there is no {named[1][:40]} in a rule; " if named else ""
    return f"{title}: {there}it is made of {', '.join(FORM)}"


def _read(written: _Rule) -> Rule:
    try:
        occasions = tuple(one for one in Occasion if one in written.occasions)
        fixtures = [_fixture(facts, occasions, True) for facts in written.passes]
        fixtures += [_fixture(facts, occasions, False) for facts in written.fails]
        return Rule(
            written.name,
            written.text,
            occasions,
            _conditions(written.when),
            _conditions(written.must),
            tuple(sorted(fixtures, key=lambda one: (not one.lawful, one.name))),
        )
    except ValueError as error:
        raise BadRule(f"rule {written.name}: {error}") from None


def _conditions(written: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    return tuple(
        _condition(fact, operator, asked)
        for fact, questions in sorted(written.items())
        for operator, asked in sorted(questions.items())
    )


def _condition(fact: str, operator: str, asked: Value) -> Condition:
    sort = _sort(fact)
    if operator not in OPERATORS[sort]:
        raise ValueError(f"{fact} is a {sort}, and can be asked {', '.join(OPERATORS[sort])}; not {operator[:40]}")
    if operator not in _OF_LISTS:
        return Condition(fact, operator, _value(fact, sort, asked))
    if not isinstance(asked, list) or not asked or len(asked) > 1_000:
        raise ValueError(f"{fact} {operator} needs a list of words")
    each = Sort.WORD if sort is Sort.WORDS else sort
    return Condition(fact, operator, tuple(sorted(dict.fromkeys(_value(fact, each, one) for one in asked))))


def _sort(fact: str) -> Sort:
    if fact not in FACTS:
        near = get_close_matches(fact, FACTS, 1)
        advice = f"{near[0]} is the nearest that is one" if near else "hansa constitution show --facts names all"
        raise ValueError(f"there is no fact {fact[:40]}: {advice}")
    return FACTS[fact][0]


def _value(fact: str, sort: Sort, value: Value) -> Value:
    """Returns a value that a fact of that sort can have."""
    if sort is Sort.WORDS and isinstance(value, list):
        return tuple(_value(fact, Sort.WORD, one) for one in value)
    if sort is Sort.FRACTION and type(value) in (int, float) and 0 <= value <= 1:
        return round(value * MILLION)
    if sort is Sort.NUMBER and type(value) is int and 0 <= value < 2**31:
        return value
    if (sort is Sort.WORD and isinstance(value, str)) or (sort is Sort.FLAG and isinstance(value, bool)):
        return value
    raise ValueError(f"{fact} is a {sort}, and {str(value)[:40]!r} is none")


def _fixture(facts: Mapping[str, Any], occasions: Sequence[Occasion], lawful: bool) -> Fixture:
    given = {fact: _value(fact, _sort(fact), value) for fact, value in facts.items()}
    occasion = given.pop("occasion", occasions[0].value)
    if occasion not in occasions:
        raise ValueError(f"a fixture's occasion {str(occasion)[:40]!r} is none of the rule's")
    act = Act(occasion=Occasion(occasion), **given)
    return Fixture(", ".join(f"{name}={_written(value)}" for name, value in sorted(told(act).items())), act, lawful)


def as_data(rule: Rule) -> Json:
    """Returns a rule as plain data, the same however it was written down: what the digest covers."""
    return {
        "name": rule.name,
        "text": rule.text,
        "occasions": [one.value for one in rule.occasions],
        "when": _as_data(rule.when),
        "must": _as_data(rule.must),
        "fixtures": [{"lawful": one.lawful, "act": told(one.act)} for one in rule.fixtures],  # type: ignore[dict-item]
    }


def _as_data(conditions: Sequence[Condition]) -> Json:
    found: dict[str, dict[str, Json]] = {}
    for one in conditions:
        found.setdefault(one.fact, {})[one.operator] = list(one.asked) if isinstance(one.asked, tuple) else one.asked
    return found


def _written(value: Value) -> str:
    return canonical.encode(list(value) if isinstance(value, tuple) else value).decode()
