"""Average numbers that count with different weights.

Steps:
1. Check that there is one weight per number, none below zero, and not all zero.
2. Divide the exact sum of number times weight by the exact sum of the weights.
Tags: numbers, statistics
License: MIT
"""

from math import fsum


def weighted_mean(values: list[float], weights: list[float]) -> float:
    """Returns the mean of `values`, each counted by its weight.

    Raises:
        ValueError: the lists differ in length, a weight is negative, or the weights add up to zero.

    >>> weighted_mean([80, 90], [1, 3])
    87.5
    >>> weighted_mean([1.0, 2.0, 3.0], [1, 1, 1])
    2.0
    >>> weighted_mean([5, 100], [2, 0])
    5.0
    >>> weighted_mean([-4, 4], [0.25, 0.75])
    2.0
    """
    if len(values) != len(weights):
        raise ValueError(f"{len(values)} values but {len(weights)} weights")
    total = fsum(weights)
    if any(weight < 0 for weight in weights) or total == 0:
        raise ValueError("weights must not be negative nor add up to zero")
    return fsum(value * weight for value, weight in zip(values, weights, strict=True)) / total


def test_a_weight_of_n_counts_like_n_copies() -> None:
    values = [2.0, 3.0, 5.0]
    for weights in ([1, 1, 1], [2, 1, 1], [1, 4, 3], [0, 0, 9]):
        copies = [value for value, weight in zip(values, weights, strict=True) for _ in range(weight)]
        mean = weighted_mean(values, [float(weight) for weight in weights])
        assert abs(mean - sum(copies) / len(copies)) < 1e-12


def test_weights_that_make_no_sense_are_refused() -> None:
    for values, weights in (([1.0], []), ([], []), ([1.0, 2.0], [0.0, 0.0]), ([1.0, 2.0], [3.0, -1.0])):
        try:
            weighted_mean(values, weights)
        except ValueError:
            continue
        raise AssertionError(f"the weights {weights} were accepted")
