"""What of a text is compared, in four families.

Each family is brought to length one before they are weighed together, so that the many pieces of a long word do not
drown the words.

| family | from "Split the lines" | catches |
|---|---|---|
| words | split, line | the same word in another form |
| pairs | (split, line) | the same phrase |
| pieces | _spl, spli, plit, … _line, line_ | parts of words, other spellings, typos |
| senses | the thesaurus' lines for split and line | another word for the same thing |

Words that say nothing about what a text is for are left out ("the", "I need"), unless nothing else is there. All but
the pairs belong to a word, whatever text it stands in: that is what `sparse` saves its time and room by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise

from hansa.adapters.index.thesaurus import senses
from hansa.adapters.index.words import plain_words, stem

SHORTEST_PIECE = 3
LONGEST_PIECE = 5
MAX_WORDS = 400
"""Words of a text that are looked at; intents are far shorter."""


class Family(IntEnum):
    """The kinds of features."""

    WORD = 0
    PAIR = 1
    PIECE = 2
    SENSE = 3


FAMILIES = len(Family)

_STOP = frozenset(
    """
    a an the this that these those there here it its they them their he him his she her i me my we us our you your
    to of in on at by for from with without into onto and or nor but not no if then than so such as per via
    is are was were be been being am do does did done doing has have had having can could may might must shall should
    will would what who whom whose when where why how also only just very each every any all some one ones
    give given gives get gets need needs want wants like please use used using make makes e g eg ie etc
    return returns write function method code program python script way
    """.split()
)

Feature = tuple[Family, str]


def features(text: str) -> Counter[Feature]:
    """Returns how often each feature stands in a text."""
    kept = kept_words(text)
    return Counter([*(one for word in kept for one in of_word(word)), *pairs(kept)])


def kept_words(text: str) -> list[str]:
    """Returns the words of a text that are looked at, in order, with their endings."""
    plain = plain_words(text)[:MAX_WORDS]
    return [word for word in plain if word not in _STOP] or plain


@lru_cache(maxsize=16_384)
def of_word(word: str) -> tuple[Feature, ...]:
    """Returns the features of one word, its stem first; what it has twice stands there twice."""
    root = stem(word)
    found = [(Family.WORD, root), *((Family.PIECE, piece) for piece in _pieces(f"_{word}_"))]
    return (*found, *((Family.SENSE, str(sense)) for sense in senses(root)))


def pairs(kept: Sequence[str]) -> list[Feature]:
    """Returns the pairs of neighbours among the words of a text."""
    family, stems = Family.PAIR, [stem(word) for word in kept]
    return [(family, f"{one} {next_}") for one, next_ in pairwise(stems)]


def _pieces(word: str) -> Iterator[str]:
    for length in range(SHORTEST_PIECE, LONGEST_PIECE + 1):
        for start in range(len(word) - length + 1):
            yield word[start : start + length]
