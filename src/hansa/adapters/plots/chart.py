"""What is to be drawn: lines over axes, with moments marked. Nothing here knows who draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours that most people can tell apart: Okabe and Ito, "Color Universal Design", 2002."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one quantity, in order; `dots` draws them without a line between."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture.

    Attributes:
        name: a word without blanks, for files.
        title, x, y: what stands above it and at its axes.
        marks: moments at the axis below, with what happens then.
        logarithmic: both axes; points that are not above 0 are left out.
    """

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    marks: tuple[tuple[float, str], ...] = ()
    logarithmic: bool = False
