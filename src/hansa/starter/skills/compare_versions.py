"""Compare two semantic versions.

Steps:
1. Split off build metadata, which never counts, and the pre-release part.
2. Compare major, minor and patch as numbers.
3. A pre-release comes before its release; pre-releases compare field by field, numbers below words.
Tags: parsing, versions
License: MIT
"""

import re

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    rf"(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
)


def _rank(version: str) -> tuple[tuple[int, ...], bool, list[tuple[bool, int, str]]]:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is not a semantic version")
    release = tuple(int(part) for part in match.group(1, 2, 3))
    fields = match.group(4).split(".") if match.group(4) else []
    ranked = [(False, int(f), "") if f.isdigit() else (True, 0, f) for f in fields]
    return release, not fields, ranked


def compare_versions(left: str, right: str) -> int:
    """Returns -1, 0 or 1 as `left` is older than, equal to or newer than `right` (semver.org 2.0.0, clause 11).

    Raises:
        ValueError: either is not MAJOR.MINOR.PATCH with optional pre-release and build.

    >>> compare_versions("1.2.3", "1.10.0")
    -1
    >>> compare_versions("2.0.0", "2.0.0-rc.1")
    1
    >>> compare_versions("1.0.0+build5", "1.0.0")
    0
    >>> compare_versions("1.0.0-alpha.2", "1.0.0-alpha.11")
    -1
    >>> compare_versions("1.0.0-1", "1.0.0-alpha")
    -1
    """
    a, b = _rank(left), _rank(right)
    return (a > b) - (a < b)


def test_the_chain_of_the_specification_is_in_order() -> None:
    chain = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    versions = [f"1.0.0-{name}" for name in chain] + ["1.0.0", "1.0.1", "1.1.0", "2.0.0"]
    for i, left in enumerate(versions):
        for j, right in enumerate(versions):
            assert compare_versions(left, right) == (i > j) - (i < j)


def test_what_is_no_version_is_refused() -> None:
    for text in ("1.2", "v1.2.3", "1.02.3", "1.2.3-", ""):
        try:
            compare_versions(text, "1.0.0")
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")
