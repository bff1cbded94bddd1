"""Turn a title into a URL slug.

Steps:
1. Decompose accented letters and drop what is left outside ASCII.
2. Lower the case and keep only runs of letters and digits.
3. Join the runs with one separator, so none is doubled and none stands at an edge.
Tags: text, url
License: MIT
"""

import re
import unicodedata


def slugify(title: str, separator: str = "-") -> str:
    """Returns the lower-case ASCII words of `title`, joined by `separator`.

    >>> slugify("Hello, World!")
    'hello-world'
    >>> slugify("  Crème Brûlée -- 2nd edition ")
    'creme-brulee-2nd-edition'
    >>> slugify("one_two three", "_")
    'one_two_three'
    >>> slugify("!!!")
    ''
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return separator.join(re.findall(r"[a-z0-9]+", plain.lower()))


def test_a_slug_is_its_own_slug() -> None:
    for title in ("A Tale of Two Cities", "50% off!", "Ünïcödé"):
        slug = slugify(title)
        assert slug and slug != title
        assert slugify(slug) == slug
    assert slugify("a b") != slugify("a c")
