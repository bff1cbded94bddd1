"""Loops over arrays as one would write them, compiled where numba is installed (the extra `sim`), else run as they are.

Both ways give the same numbers, bit for bit: chance is numpy's generator in either. What a loop keeps to, for that:

1. it is given arrays, numbers, one generator and named tuples of those; it makes no arrays, and touches no other object
2. it calls compiled loops of its own file only: what is kept on disk is made anew when that file changes, and no other
3. numbers from an array of 32 bits are added up as `int(...)`: the interpreter would keep to 32 bits
4. nothing below zero comes of numbers without sign, and none of 64 bits is among them: with whole numbers that have a
   sign, the compiler makes those floats

Two things make a compiled loop fast, and change no number. What indexes comes from arrays without sign (`uint32`):
else each access begins with a look at its sign. Arrays are taken out of their named tuple before the loop.

Compiled loops are kept beside the source, or in the user's cache where that cannot be written. `NUMBA_DISABLE_JIT=1`
runs them as they are although numba is there. By numba 0.68 a loop takes about a second to compile, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

try:
    from numba import njit
except ImportError:  # not installed, or too old for this numpy
    _compiler: Callable[..., Any] | None = None
else:
    _compiler = njit

P = ParamSpec("P")
R = TypeVar("R")


def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """Returns the loop, to be compiled at its first call; unchanged where there is no numba."""
    if _compiler is None:
        return loop
    try:
        kept: Callable[P, R] = _compiler(cache=True)(loop)
    except RuntimeError:  # nowhere to keep it
        kept = _compiler()(loop)
    return kept
