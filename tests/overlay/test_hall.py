"""What the hall saves is not missed: it plays exactly what the plain way plays."""

from __future__ import annotations

import pytest

from hansa.kernel.instant import SECOND
from hansa.kernel.rng import Rng
from tests.overlay.hall import Hall
from tests.overlay.plain_swim import Mesh
from tests.overlay.village import name


def starve(hall: Hall, slow: list, rng: Rng, most: int) -> None:
    """Lets members stand still for 1 to 16 s again and again, and run for 2 to `most` ms between."""

    def stall(whom):
        busy = rng.between(1_000, 16_000)
        hall.stall(whom, busy)
        hall.at(busy + rng.between(2, most), lambda: stall(whom))

    for whom in slow:
        hall.at(rng.below(5_000), lambda whom=whom: stall(whom))


def story(kind: type[Hall], seed: int, at_once: bool) -> tuple:
    """Returns what each of 24 members took and did, in its order, while some stand still and two stop."""
    lives: dict[str, list] = {}

    class Told(kind):
        def do(self, house, doing):
            lives.setdefault(house.id, []).append(
                (self.now, [type(frame) for _, frame in doing.sends], doing.says, doing.events)
            )
            super().do(house, doing)

        def _take(self, house, word):
            lives.setdefault(house.id, []).append((self.now, word.author, word.kind, word.seq))
            super()._take(house, word)

    hall = Told(24, seed)
    hall.at_once = at_once
    hall.run(10 * SECOND)
    starve(hall, [name(number) for number in (0, 8, 16)], Rng(seed), 240)
    hall.at(7 * SECOND, lambda: hall.crash(name(5), name(11)))
    hall.run(60 * SECOND)
    assert {name(5), name(11)} <= {whom for _, whom in hall.deaths()}
    assert any(lives[name(8)])
    return lives, hall.accused, hall.says, sorted(hall.blames), [one.sent for one in hall.houses.values()], hall.order


@pytest.mark.parametrize("kind", [Hall, Mesh])
@pytest.mark.parametrize("seed", [1, 2])
def test_words_that_are_taken_when_their_hearer_acts_decide_the_same_as_words_that_are_events(kind, seed):
    assert story(kind, seed, at_once=False) == story(kind, seed, at_once=True)


def test_slow_members_do_not_draw_ever_more_links_and_messages():
    hall, slow = Hall(80, 1), [name(number) for number in range(0, 80, 20)]
    hall.run(20 * SECOND)
    began = sum(one.sent for one in hall.houses.values())
    before = sum(len(hall.houses[whom].links) for whom in slow)
    starve(hall, slow, Rng(4), 40)
    hall.run(60 * SECOND)
    sent = sum(one.sent for one in hall.houses.values()) - began
    assert sent / 80 / 60 <= 3
    assert sum(len(hall.houses[whom].links) for whom in slow) <= 1.25 * before
    assert not [about for _, about in hall.deaths() if about not in slow]
