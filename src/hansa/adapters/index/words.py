"""Takes a text apart into words. Both stores and the index do it here, so that they agree on what a word is.

1. Compatibility forms are unified (NFKD), accents dropped, letters lower-cased.
2. A word is a run of letters and digits; everything else separates.
3. Common English endings are cut off, so that "converts", "converted" and "converting" meet. The cutting is light: it
   may leave a stump that is no word, which does no harm as long as both sides are cut alike.

>>> words("Converting the dates: São Paulo, 2024-06-03")
['convert', 'the', 'date', 'sao', 'paulo', '2024', '06', '03']
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_MIN_STEM = 3


def words(text: str) -> list[str]:
    """Returns the stems of the words of `text`, in order."""
    return [stem(word) for word in plain_words(text)]


def plain_words(text: str) -> list[str]:
    """Returns the words of `text` in order, lower case and without accents, endings kept."""
    if text.isascii():
        return _WORD.findall(text.lower())
    decomposed = unicodedata.normalize("NFKD", text)
    return _WORD.findall("".join(char for char in decomposed if not unicodedata.combining(char)).casefold())


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Returns `word` without the common English endings; words of other scripts and numbers come back as they are."""
    if len(word) <= _MIN_STEM or not word.isascii() or not word.isalpha():
        return word
    return _without_e(_without_verb_ending(_singular(word)))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_verb_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        stump = word[: -len(ending)]
        if word.endswith(ending) and len(stump) >= _MIN_STEM and any(vowel in stump for vowel in "aeiouy"):
            doubled = stump[-1] == stump[-2] and stump[-1] not in "lsz"
            return stump[:-1] if doubled else stump
    return word


def _without_e(word: str) -> str:
    if word.endswith("y") and len(word) > _MIN_STEM and word[-2] not in "aeiou":
        return word[:-1] + "i"
    return word[:-1] if word.endswith("e") and len(word) > _MIN_STEM else word
