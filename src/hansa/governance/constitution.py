"""The constitution: five articles that every node has, the rules that this one has added, and one digest of it all.

    breaches = FIVE.judge(Act(occasion=Occasion.IMPORT, own=False, leads_to="admitted"))

1. An act is lawful when no article and no rule that is asked on its occasion objects.
2. The articles are not an argument: nothing drops one. Rules come after them and can only object, too.
3. Two constitutions with one digest are the same: text, occasions, predicates by name and version, constants, fixtures.

This room decides nothing by itself. What is asked, and what follows from a breach, is in `hansa.node.lawful`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from hansa.governance.act import Act, Occasion, told
from hansa.governance.articles import ARTICLES, Article, Fixture
from hansa.governance.predicates import Predicate
from hansa.governance.rules import BadRule, Rule, as_data
from hansa.kernel import canonical
from hansa.kernel.canonical import Json
from hansa.kernel.ids import ContentId, content_id

FORMAT = "hansa-constitution-1"


@dataclass(frozen=True, slots=True)
class Breach:
    """An article or rule that objects to an act, and why."""

    by: str
    cause: str

    def __str__(self) -> str:
        """Returns the sentence."""
        return f"{self.by}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Tried:
    """A fixture, and what came of it.

    Attributes:
        found: why the act is unlawful; "" when it is lawful.
    """

    of: str
    fixture: Fixture
    found: str

    @property
    def ok(self) -> bool:
        """Whether it came out as the fixture says."""
        return self.fixture.lawful is (not self.found)


class Constitution:
    """The five articles and a node's own rules.

    Attributes:
        digest: content id of all of it: what identifies the constitution.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        """Joins rules to the five articles.

        Raises:
            BadRule: two rules have one name.
        """
        self.rules = tuple(sorted(rules, key=lambda rule: rule.name))
        names = [rule.name for rule in self.rules]
        if twice := [name for name, after in pairwise(names) if name == after]:
            raise BadRule(f"rule {twice[0]}: two rules have that name: give one of them another")
        self._asked: dict[Occasion, tuple[tuple[str, Predicate], ...]] = {
            occasion: tuple(self._objectors(occasion)) for occasion in Occasion
        }
        self.digest: ContentId = content_id(canonical.encode(self.as_data()))

    def _objectors(self, occasion: Occasion) -> Iterator[tuple[str, Predicate]]:
        yield from ((one.name, one.predicate) for one in ARTICLES if occasion in one.occasions)
        yield from ((f"rule {one.name}", one.predicate) for one in self.rules if occasion in one.occasions)

    def judge(self, act: Act) -> tuple[Breach, ...]:
        """Returns what objects to an act, the articles in their order first; nothing when it is lawful."""
        return tuple([Breach(name, cause) for name, asked in self._asked[act.occasion] if (cause := asked(act))])

    def test(self) -> tuple[Tried, ...]:
        """Tries every fixture of every article and rule, each against what it belongs to alone."""
        articles = [
            Tried(one.name, fixture, one.predicate(fixture.act)) for one in ARTICLES for fixture in one.fixtures
        ]
        rules = [
            Tried(f"rule {one.name}", fixture, one.predicate(fixture.act))
            for one in self.rules
            for fixture in one.fixtures
        ]
        return (*articles, *rules)

    def as_data(self) -> Json:
        """Returns all of it as plain data."""
        return {
            "format": FORMAT,
            "articles": [_article(one) for one in ARTICLES],
            "rules": [as_data(one) for one in self.rules],
        }


def sound(rules: Iterable[Rule]) -> Constitution:
    """Returns the constitution with these rules, once every fixture has come out as it says.

    Raises:
        BadRule: naming the first fixture that did not.
    """
    made = Constitution(rules)
    for tried in made.test():
        if not tried.ok:
            wanted, got = ("passes", "fails") if tried.fixture.lawful else ("fails", "passes")
            cause = f": {tried.found}" if tried.found else ""
            raise BadRule(f"{tried.of}: {{{tried.fixture.name}}} is said to be one that {wanted}, and it {got}{cause}")
    return made


def _article(one: Article) -> Json:
    return {
        "number": one.number,
        "title": one.title,
        "text": one.text,
        "occasions": [occasion.value for occasion in one.occasions],
        "predicate": one.predicate_id,
        "constants": dict(one.constants),
        "fixtures": [
            {"name": each.name, "lawful": each.lawful, "act": told(each.act)}  # type: ignore[dict-item]
            for each in one.fixtures
        ],
    }


FIVE = Constitution()
"""The five articles alone: what a node has that adds no rule."""
