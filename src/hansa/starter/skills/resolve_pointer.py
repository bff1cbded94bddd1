"""Look up a value inside nested data by a JSON pointer.

Steps:
1. The empty pointer is the whole document; any other starts with a slash and is cut at slashes.
2. In each token ~1 stands for a slash and ~0 for a tilde, undone in that order.
3. Step into a dictionary by key or into a list by a plain index, and say where the path breaks off.
Tags: data, json
License: MIT
"""

import re


def resolve_pointer(document: object, pointer: str) -> object:
    """Returns what `pointer` (RFC 6901) points at in `document`.

    Raises:
        ValueError: the pointer is not empty and does not start with a slash.
        LookupError: there is nothing at that place.

    >>> resolve_pointer({"a": {"b": [10, 20]}}, "/a/b/1")
    20
    >>> resolve_pointer({"x": 1}, "")
    {'x': 1}
    >>> resolve_pointer({"a/b": {"m~n": 8}}, "/a~1b/m~0n")
    8
    >>> resolve_pointer({"": {"": 5}}, "//")
    5
    >>> resolve_pointer([["deep"]], "/0/0")
    'deep'
    """
    if pointer and not pointer.startswith("/"):
        raise ValueError("a pointer is empty or starts with a slash")
    here = document
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and re.fullmatch(r"0|[1-9][0-9]*", key) and int(key) < len(here):
            here = here[int(key)]
        else:
            raise LookupError(f"nothing at {key!r} in {pointer!r}")
    return here


def test_every_leaf_is_found_by_its_path() -> None:
    document = {"list": [[1, 2], {"k": [3]}], "~1": 4, "01": 5}
    leaves = {"/list/0/0": 1, "/list/0/1": 2, "/list/1/k/0": 3, "/~01": 4, "/01": 5}
    for pointer, leaf in leaves.items():
        assert resolve_pointer(document, pointer) == leaf


def test_paths_that_lead_nowhere_are_refused() -> None:
    for pointer in ("/b", "/a/2", "/a/-1", "/a/01", "/a/-", "/a/0/x", "a"):
        try:
            resolve_pointer({"a": [1, 2]}, pointer)
        except (LookupError, ValueError):
            continue
        raise AssertionError(f"{pointer!r} led somewhere")
