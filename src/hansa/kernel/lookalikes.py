"""Names that look like others: what a person could take for somebody else (threat 33; Unicode Technical Standard 39).

A name decides nothing here, the key does. But people read names, so one is flagged that

1. mixes alphabets, or uses invisible signs (UTS 39, 5.1 and 5.2: restriction levels)
2. reads like the name of another: both have one skeleton (UTS 39, 4)

A skeleton is the compatibility form (NFKC) without marks and case, in which letters of other alphabets, digits and
pairs of letters that look like Latin ones stand for those. The table has those of Cyrillic, Greek and Armenian that are
alike in common fonts; Unicode's own list is longer.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

_CYRILLIC = dict(zip("аеорсухіјѕһԁԛԝкмтвнпгз", "aeopcyxijshdqwkmtbhnr3", strict=True))
_GREEK = dict(zip("αβγεηικνορτυχω", "abyenikvoptuxw", strict=True))
_ARMENIAN = dict(zip("օսզտց", "ouquq", strict=True))
_DIGITS = dict(zip("0135|!", "olesll", strict=True))
_OTHERS = {"\u0131": "i", "ł": "l", "ø": "o", "i": "l"}
_TABLE = _CYRILLIC | _GREEK | _ARMENIAN | _DIGITS | _OTHERS
_ALIKE = str.maketrans({one: "l" if like == "i" else like for one, like in _TABLE.items()})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))

_TOGETHER = ({"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "LATIN"}, {"HANGUL", "CJK", "LATIN"},
             {"BOPOMOFO", "CJK", "LATIN"})  # fmt: skip
"""Alphabets that are written together (UTS 39, 5.2: highly restrictive)."""


def skeleton(name: str) -> str:
    r"""Returns what a name reads like.

    >>> skeleton("harbour") == skeleton("Harb0ur") == skeleton("harb\u043eur")
    True
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    bare = "".join(one for one in text if unicodedata.category(one) not in ("Mn", "Cf", "Cc", "Zs"))
    alike = bare.translate(_ALIKE)
    for pair, one in _PAIRS:
        alike = alike.replace(pair, one)
    return alike


def flaw(name: str) -> str:
    """Returns what is odd about a name by itself; "" for nothing."""
    if any(unicodedata.category(one) in ("Cf", "Cc", "Co", "Cn") for one in name):
        return "has signs that can't be seen"
    letters = (one for one in name if unicodedata.category(one)[0] == "L")
    scripts = {unicodedata.name(one, "UNNAMED").partition(" ")[0] for one in letters}
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        return "mixes alphabets"
    return ""


def odd_names(names: Sequence[str], own: str = "") -> list[str]:
    """Returns for each name what a person should know before they take it for somebody; "" for nothing.

    Args:
        own: this node's own name, which nobody else should bear.
    """
    read = Counter(skeleton(one) for one in (*names, own) if one)
    return [flaw(one) or ("reads like another's" if one and read[skeleton(one)] > 1 else "") for one in names]
