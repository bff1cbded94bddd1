"""The words of all texts in the index, and the features of each: kept once, however many texts hold the word.

Words and features are numbered in the order in which they came in, and never taken out again: a text that is dropped
leaves its words behind, for a word costs about as much as a text.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.features import FAMILIES, Family, Feature, of_word, pairs
from hansa.adapters.index.ragged import Ints, Numbers, Places, spans, view

_NONE = array("I")
_DIGITS = tuple(f"{family:d}" for family in Family)

_REMEMBERED = 1 << 21
"""Bytes for what words of questions have in common with the vocabulary: a thousand words, with 10,000 texts."""

_EACH = 64
"""Of these, for a name or a number, about."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a word of a question has in common with the vocabulary.

    Attributes:
        features: those of its features that are known, by number; what it has twice stands there twice.
        cells: for each of them in turn, the words that have it: four times a word's number, plus the feature's family.
        sizes: how many those are, of each.
        unknown: its other features, by name.
    """

    features: NDArray[np.uint32]
    cells: NDArray[np.uint32]
    sizes: NDArray[np.uint32]
    unknown: list[str]


class Vocabulary:
    """Numbers for words and features.

    Attributes:
        families: of features, by number.
        places: a table to find features in a list with.
    """

    def __init__(self) -> None:
        self.families = array("B")
        self._word_numbers: dict[str, int] = {}  # nothing is ever taken out: in the order of the numbers
        self._numbers: dict[str, int] = {}  # the same for features, by the family's digit and what `features` calls it
        self._ends = array("I", [0])
        self._flat = array("I")
        self._having: dict[int, array[int]] = {}  # pairs have no words
        self._heard: dict[str, Heard] = {}
        self._room = _REMEMBERED
        self.places = Places()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def words(self) -> int:
        """Number of words."""
        return len(self._word_numbers)

    def numbers(self, kept: Sequence[str]) -> tuple[list[int], list[int]]:
        """Returns the numbers of a text's words and of its pairs; new ones are entered."""
        return [self._word(word) for word in kept], [self._feature(one) for one in pairs(kept)]

    def find(self, feature: Feature) -> int:
        """Returns a feature's number; -1 when no word and no text had it yet."""
        return self._numbers.get(_name(feature), -1)

    def known_pairs(self, kept: Sequence[str]) -> tuple[array[int], list[str]]:
        """Returns the numbers of a text's pairs that are known, and the names of those that are not."""
        return self._looked_up(map(_name, pairs(kept)))

    def _looked_up(self, names: Iterable[str]) -> tuple[array[int], list[str]]:
        known, unknown = array("I"), []
        for name in names:
            number = self._numbers.get(name)
            if number is None:
                unknown.append(name)
            else:
                known.append(number)
        return known, unknown

    def all_features(self, words: Sequence[int], pairs: Sequence[int]) -> NDArray[np.uint32]:
        """Returns the features of a text, given what `numbers` gave; what it has twice stands there twice."""
        found, _ = self.features_of(np.array(words, np.uint32))
        return np.concatenate([found, np.array(pairs, np.uint32)])

    def heard(self, word: str) -> Heard:
        """Returns what a word has in common with the words here; remembered until a new one is entered."""
        found = self._heard.get(word)
        if found is None:
            found = self._listened(word)
            room = found.cells.nbytes + _EACH * (1 + len(found.features) + len(found.unknown))
            if room > self._room:
                self._forget()
            self._room -= room
            self._heard[word] = found
        return found

    def _listened(self, word: str) -> Heard:
        known, unknown = self._looked_up(map(_name, of_word(word)))
        having = [self._having.get(number, _NONE) for number in known]
        features = np.array(known, np.uint32)
        sizes = np.array([len(words) for words in having], np.uint32)
        cells = np.frombuffer(b"".join(having), np.uint32) * np.uint32(FAMILIES)
        cells += self.families_of(features).repeat(sizes)
        return Heard(features, cells, sizes, unknown)

    def _forget(self) -> None:
        self._heard, self._room = {}, _REMEMBERED

    def families_of(self, features: Numbers) -> NDArray[np.uint8]:
        """Returns the families of features; any, of one that is not there."""
        return np.frombuffer(self.families, np.uint8).take(features, mode="clip")

    def features_of(self, words: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], Ints]:
        """Returns the features of words, word after word, and how many each has."""
        ends = view(self._ends)
        starts = ends.take(words).astype(np.int64)
        lengths = ends[1:].take(words).astype(np.int64) - starts
        return view(self._flat).take(spans(starts, lengths)), lengths

    def _word(self, word: str) -> int:
        number = self._word_numbers.get(word)
        if number is None:
            number = self._word_numbers[word] = len(self._word_numbers)
            if self._heard:
                self._forget()
            found = [self._feature(one) for one in of_word(word)]
            self._flat.extend(found)
            self._ends.append(len(self._flat))
            for feature in found:
                self._having.setdefault(feature, array("I")).append(number)
        return number

    def _feature(self, feature: Feature) -> int:
        name = _name(feature)
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._numbers)
            self.families.append(feature[0])
        return number

    # ---- to a file and back

    def parts(self) -> tuple[list[str], list[str], NDArray[np.uint32], NDArray[np.uint32]]:
        """Returns words, names of features, and where each word's features end in the flat array after."""
        return [*self._word_numbers], [*self._numbers], view(self._ends).copy(), view(self._flat).copy()

    @classmethod
    def of_parts(
        cls, words: Sequence[str], names: Sequence[str], ends: NDArray[np.uint32], flat: NDArray[np.uint32]
    ) -> Vocabulary:
        """Returns the vocabulary that `parts` was taken from.

        Raises:
            ValueError: the parts do not fit one another.
        """
        made = cls()
        made._word_numbers = {word: number for number, word in enumerate(words)}
        made._numbers = {name: number for number, name in enumerate(names)}
        lengths: Ints = ends[1:].astype(np.int64) - ends[:-1].astype(np.int64)
        if (
            not len(lengths) == len(made._word_numbers) == len(words)
            or len(made._numbers) != len(names)
            or not len(ends)
            or ends[0] != 0
            or ends[-1] != len(flat)
            or (lengths < 1).any()
        ):
            raise ValueError("words and their features do not fit")
        if len(flat) and int(flat.max()) >= len(names):
            raise ValueError("a feature has no name")
        made.families.extend(int(name[0]) for name in names)
        if len(made.families) and max(made.families) >= FAMILIES:
            raise ValueError("there is no such family")
        made._ends = array("I", ends.astype(np.uint32).tobytes())
        made._flat = array("I", flat.astype(np.uint32).tobytes())
        by_feature = np.argsort(flat, kind="stable")
        holders = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)[by_feature].tobytes()
        numbers, firsts = np.unique(flat[by_feature], return_index=True)
        edges = (np.append(firsts, len(flat)) * 4).tolist()
        for number, start, end in zip(numbers.tolist(), edges[:-1], edges[1:], strict=True):
            made._having[number] = array("I", holders[start:end])
        return made


def _name(feature: Feature) -> str:
    return _DIGITS[feature[0]] + feature[1]
