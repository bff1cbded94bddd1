"""Merge two nested dictionaries, with the second one winning.

Steps:
1. Copy the first dictionary level by level.
2. Where both have a dictionary under a key, merge those two the same way.
3. Otherwise take the value of the second; neither input is changed.
Tags: data, dictionary, configuration
License: MIT
"""


def deep_merge(base: dict[str, object], override: dict[str, object]) -> dict[str, object]:
    """Returns `base` updated by `override` at every depth; lists are replaced, not joined.

    >>> deep_merge({"a": 1, "b": {"x": 1, "y": 2}}, {"b": {"y": 3}, "c": 4})
    {'a': 1, 'b': {'x': 1, 'y': 3}, 'c': 4}
    >>> deep_merge({"a": {"x": 1}}, {"a": 5})
    {'a': 5}
    >>> deep_merge({"a": [1, 2]}, {"a": [3]})
    {'a': [3]}
    >>> deep_merge({}, {"k": {}})
    {'k': {}}
    """
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = deep_merge(old, value)
        else:
            merged[key] = value
    return merged


def test_the_inputs_are_left_alone_and_merging_twice_changes_nothing() -> None:
    base: dict[str, object] = {"a": {"b": {"c": 1}}, "k": 1}
    for override in ({"a": {"b": {"d": 2}}}, {"a": 1}, {"new": {"x": 1}}):
        before = repr((base, override))
        merged = deep_merge(base, dict(override))
        assert repr((base, override)) == before
        assert deep_merge(merged, dict(override)) == merged
        assert base.keys() <= merged.keys() and deep_merge({}, dict(override)) == override
