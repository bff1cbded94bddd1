"""Flatten a nested dictionary into one level with dotted keys.

Steps:
1. Walk the dictionary depth first, carrying the path so far.
2. A non-empty dictionary is entered; anything else is stored under its joined path.
3. Two paths that give the same key are an error, as one value would be lost.
Tags: data, dictionary
License: MIT
"""


def flatten_dict(nested: dict[str, object], separator: str = ".") -> dict[str, object]:
    """Returns the leaves of `nested`, each under its path; empty dictionaries count as leaves.

    Raises:
        ValueError: two leaves have the same path.

    >>> flatten_dict({"a": 1, "b": {"c": 2, "d": {"e": 3}}})
    {'a': 1, 'b.c': 2, 'b.d.e': 3}
    >>> flatten_dict({"x": {"y": [1, {"z": 2}]}}, "/")
    {'x/y': [1, {'z': 2}]}
    >>> flatten_dict({"empty": {}})
    {'empty': {}}
    >>> flatten_dict({})
    {}
    """
    flat: dict[str, object] = {}
    stack: list[tuple[str, object]] = [(key, value) for key, value in reversed(nested.items())]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            stack.extend((f"{path}{separator}{key}", inner) for key, inner in reversed(value.items()))
        elif path in flat:
            raise ValueError(f"two leaves share the path {path!r}")
        else:
            flat[path] = value
    return flat


def test_a_chain_of_any_depth_is_flattened() -> None:
    for depth in (1, 2, 10, 5_000):
        nested: dict[str, object] = {"k": 1}
        for _ in range(depth - 1):
            nested = {"k": nested}
        assert flatten_dict(nested) == {".".join("k" * depth): 1}


def test_paths_that_collide_are_refused() -> None:
    try:
        flatten_dict({"a.b": 1, "a": {"b": 2}})
    except ValueError as error:
        assert "a.b" in str(error)
    else:
        raise AssertionError("a value was lost")
