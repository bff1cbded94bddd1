"""The act without a hub: what travels over links, and what it takes for it to arrive."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hansa.demo import waiting, without_a_hub
from hansa.demo.show import Story
from hansa.demo.world import Resident, world
from hansa.entrypoints.steps import Result
from tests.node.world import real_sandbox

TEN_SECONDS = 10.0
"""Within which word is to be everywhere, and what was missed is to be made up for (goal L3)."""


@pytest.mark.slow
@pytest.mark.sandbox
def test_word_goes_along_a_chain_waits_for_who_was_away_and_can_be_taken_back() -> None:
    if isinstance(real_sandbox(), str):
        pytest.skip(str(real_sandbox()))
    story = Story(quiet=True)
    with world(keep=False) as made:
        c = made.settle("c")
        made.start(c)
        without_a_hub.without_a_hub(story, made, c)
        running = [one.process for one in made.residents]
        assert not any(" ERROR " in (one.home / "log").read_text() for one in made.residents)
    assert story.failures == []
    assert all(one is not None and one.poll() is not None for one in running)
    assert set(story.facts["without_a_hub"]) == {"arrived_seconds", "caught_up_seconds", "recalled_seconds"}
    assert all(seconds < TEN_SECONDS for seconds in story.facts["without_a_hub"].values())
    assert not made.root.exists()


class Deaf(Resident):
    """A node to which nothing comes."""

    def ask(self, operation: str, **arguments: Any) -> Result:
        return Result({"skills": [], "instances": [], "peers": [], "published": 1})


def test_the_act_says_so_when_nothing_arrives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.1)
    story, made = Story(quiet=True), SimpleNamespace(start=lambda *_: None, stop=lambda *_: None)
    a, b, c = (Deaf(name, tmp_path, name) for name in "abc")
    assert without_a_hub.arrives(story, a, b, c, "skill") is None
    assert without_a_hub.catches_up(story, made, a, b, c, "skill") is None
    assert without_a_hub.is_recalled(story, a, c, "skill") is None
    assert [one.partition(",")[0] for one in story.failures] == [
        "what C published did not arrive at A",
        "A has a link with somebody else than B",
        "what was published while B was away did not arrive at A",
        "the recall did not reach A",
    ]
