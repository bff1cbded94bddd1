"""Problems at random, of few and of many parties."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from hansa.market.problem import Problem


@st.composite
def problems(draw: st.DrawFn, most: int = 7) -> Problem:
    """Draws a small problem; some of its parts are empty, some groups ask for several things."""
    demands = draw(st.lists(st.integers(1, 12), min_size=1, max_size=most))
    supplies = draw(st.lists(st.integers(0, 12), min_size=1, max_size=most))
    pairs = [(request, offer) for request in range(len(demands)) for offer in range(len(supplies))]
    chosen = sorted(draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)))
    worths = draw(st.lists(st.integers(1, 50), min_size=len(chosen), max_size=len(chosen)))
    caps = draw(st.lists(st.integers(0, 14), min_size=len(chosen), max_size=len(chosen)))
    raw = draw(st.lists(st.integers(0, 2), min_size=len(demands), max_size=len(demands)))
    names = {name: number for number, name in enumerate(dict.fromkeys(raw))}
    bonuses = sorted(draw(st.lists(st.integers(0, 40), max_size=4)), reverse=True)
    requests, offers = [one for one, _ in chosen], [one for _, one in chosen]
    return Problem(demands, supplies, requests, offers, worths, caps, [names[one] for one in raw], bonuses)


def crowd(size: int, edges: int, seed: int) -> Problem:
    """Returns a problem of as many requests as offers, each request with so many offers that would do."""
    chance = np.random.default_rng(seed)
    offers = np.concatenate([chance.choice(size, edges, replace=False) for _ in range(size)])
    return Problem(
        demands=chance.integers(1, 101, size),
        supplies=chance.integers(1, 101, size),
        requests=np.repeat(np.arange(size), edges),
        offers=offers,
        worths=chance.integers(1, 1001, size * edges),
        caps=np.full(size * edges, 100),
        groups=np.arange(size),
    )
