"""Intents like those of skills, and questions for them in other words.

Verbs, objects and qualifiers come as often as Zipf's law has words, rare words among them. The same numbers give the
same texts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import accumulate

VERBS = (
    "convert parse count find remove split merge sort check compute extract read write format group filter replace"
    " validate list fetch render resize compress encode decode rotate trim align rank sample shuffle summarise plot"
    " export import schedule retry cache hash sign verify encrypt translate tokenize join pivot interpolate smooth"
    " integrate simulate optimise partition flatten wrap escape mask clip blend sync archive patch lint profile mock"
).split()
OBJECTS = (
    "date list string file number table record path time word line column matrix image dictionary url csv xml address"
    " email password token key graph tree node edge queue stack set tuple polygon histogram invoice order customer"
    " payment price currency tax discount cart review comment message thread user account role session cookie header"
    " request packet port domain certificate checksum block recipe ingredient patient dose protein gene sample molecule"
    " orbit star planet sensor signal spectrum pixel colour font page chapter sentence verse chord tempo video subtitle"
    " map route city country timezone holiday calendar meeting room seat ticket train cargo warehouse robot battery"
).split()
QUALIFIERS = (
    "from a file;by a key;in place;with a given prefix;without duplicates;in reverse order;up to a limit;per day;per"
    " customer;above a threshold;in a directory;as a table;in ISO format;with missing values;ignoring case;with"
    " retries;in UTC;by weight;over a sliding window;for each group;within a tolerance;with units;keeping the order;"
    "line by line;from nested records;as percentages;between two dates;in batches;by edit distance;until it converges"
).split(";")
OTHERS = {"convert": "turn", "find": "locate", "remove": "delete", "count": "tally", "compute": "calculate",
          "check": "verify", "list": "sequence", "string": "text", "table": "grid", "fetch": "retrieve"}  # fmt: skip

_STARTS = "b c d f g h j k l m n p r s t v w z br cr dr fl gr kl pl sk sl st tr".split()
_VOWELS = "a e i o u ai ea io ou".split()
_ENDS = "n r s t l m x ck nd rt st".split()


def intents(count: int, seed: int = 1) -> list[str]:
    """Returns intents; rare words make up a fifth of their number."""
    chance = random.Random(seed)
    rare = {_rare(chance): None for _ in range(max(200, count // 5))}
    verb, thing, qualifier = (_zipf(words, chance) for words in (VERBS, OBJECTS, QUALIFIERS))
    word = _zipf([*rare], chance, 0.7)
    found = []
    for _ in range(count):
        parts = [verb().capitalize(), chance.choice(("the", "a", "all")), thing()]
        parts += ["of a", thing()] if chance.random() < 0.6 else []
        parts += [word()] if chance.random() < 0.6 else []
        parts += [qualifier()] if chance.random() < 0.7 else []
        parts += ["and", verb(), "the", thing()] if chance.random() < 0.3 else []
        found.append(" ".join(parts))
    return found


def questions(texts: Sequence[str], count: int, seed: int = 2) -> list[str]:
    """Returns questions for some of the texts: with other words, words left out, swapped or added."""
    chance = random.Random(seed)
    found = []
    for text in chance.sample(texts, count):
        words = [OTHERS.get(word, word) for word in text.lower().split()]
        if len(words) > 4 and chance.random() < 0.5:
            del words[chance.randrange(len(words))]
        if chance.random() < 0.4:
            at = chance.randrange(len(words) - 1)
            words[at], words[at + 1] = words[at + 1], words[at]
        if chance.random() < 0.3:
            words.append(chance.choice(OBJECTS))
        found.append(" ".join(words))
    return found


def _rare(chance: random.Random) -> str:
    syllables = (chance.choice(_STARTS) + chance.choice(_VOWELS) for _ in range(chance.randint(2, 3)))
    return "".join(syllables) + chance.choice(_ENDS)


def _zipf(words: Sequence[str], chance: random.Random, power: float = 1.0) -> Callable[[], str]:
    weights = list(accumulate(1 / (place + 1) ** power for place in range(len(words))))
    return lambda: chance.choices(words, cum_weights=weights)[0]
