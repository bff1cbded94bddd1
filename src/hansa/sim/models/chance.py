"""Chance in bulk: numpy's PCG64, seeded from a stream of `kernel.rng`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.rng import Rng


def generator(rng: Rng) -> np.random.Generator:
    """Returns a generator whose numbers follow from the stream, which moves on by 16 bytes."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(rng.bytes(16), "big")))


def below(chance: np.random.Generator, bounds: NDArray[np.int64] | int, size: int) -> NDArray[np.int64]:
    """Returns whole numbers in [0, bound), one bound for each or one for all; bounds are below 2^40.

    They are 53 random bits times the bound, so that a number's probability is off by less than 2^-13 of itself.
    """
    return (chance.random(size) * bounds).astype(np.int64)
