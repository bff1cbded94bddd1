"""What check scripts get in place of pytest, which a sandbox need not have: the few parts that a plain class can be."""

from __future__ import annotations

from collections.abc import Iterable

_PARTS = {
    "raises": """\
    class raises:
        def __init__(self, expected, match=None):
            self.expected, self.match, self.value = expected, match, None

        def __enter__(self):
            return self

        def __exit__(self, kind, value, trace):
            assert kind is not None, f"did not raise {self.expected}"
            if not issubclass(kind, self.expected):
                return False
            if self.match is not None:
                import re

                assert re.search(self.match, str(value)), f"{value} does not match {self.match}"
            self.type, self.value = kind, value
            return True
""",
    "approx": """\
    class approx:
        __hash__ = None

        def __init__(self, expected, rel=None, abs=None):
            self.expected = expected
            self.rel = rel if rel is not None else 1e-6 if abs is None else 0
            self.gap = 1e-12 if abs is None else abs

        def __repr__(self):
            return f"about {self.expected!r}"

        def __eq__(self, other):
            return self.near(other, self.expected)

        def near(self, found, wanted):
            if isinstance(wanted, dict):
                same = isinstance(found, dict) and found.keys() == wanted.keys()
                return same and all(self.near(found[key], wanted[key]) for key in wanted)
            if isinstance(wanted, (list, tuple)):
                same = isinstance(found, (list, tuple)) and len(found) == len(wanted)
                return same and all(map(self.near, found, wanted))
            if found == wanted:
                return True
            if not isinstance(wanted, (int, float, complex)) or not isinstance(found, (int, float, complex)):
                return False
            return abs(found - wanted) <= max(self.rel * abs(wanted), self.gap) < float("inf")
""",
    "fail": """\
    @staticmethod
    def fail(reason=""):
        raise AssertionError(reason)
""",
    "param": """\
    @staticmethod
    def param(*values, id=None):
        return values
""",
}

CARRIED = frozenset(_PARTS)
"""Names of pytest that are carried over."""


def stand_in(names: Iterable[str]) -> str:
    """Returns the source of a class `pytest` that has those of `names` that are carried over."""
    parts = [_PARTS[name] for name in sorted(set(names) & CARRIED)]
    body = "\n".join(parts) if parts else "    pass\n"
    return f"class pytest:  # what this check uses of it\n{body}\n"
