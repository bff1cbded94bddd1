"""How much a feature counts: the fewer texts have it, the more; and the lengths that bring texts to the same size.

What is rare changes with every text. Up to `exact_until` texts everything is weighed again before the next question;
above it, when an eighth of the texts has changed, and then in short steps between other work: until the last text is
done, all of them keep the weights they had. So all vectors always rest on the same weights, and nobody waits.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.features import FAMILIES
from hansa.adapters.index.ragged import Ints, Numbers
from hansa.adapters.index.texts import Texts
from hansa.adapters.index.vocabulary import Vocabulary

Floats = NDArray[np.float32]

STEP = 512
"""Texts that are weighed again before a question is answered: about 4 ms."""

_PATIENCE = 16
"""Changes between two such steps; with 512 texts a step, weighing again ends long before it is due once more."""

_SAMPLE = 4_096


@dataclass(slots=True)
class _Pass:
    """A new set of weights in the making: what is rare now, and the lengths found so far."""

    rareness: Floats
    fresh: float
    lengths: Floats
    done: int = 0


class Weights:
    """Rareness of features and lengths of texts.

    Attributes:
        having: how many texts have each feature, by its number.
        lengths: what each family of a text is multiplied by, by row: shape (rows, 4).
        sizes: the sum of the four, by row; 0 in an empty row.
        usual: per family, the multiplier of an ordinary text, as a share of that sum.
    """

    def __init__(self, shares: Floats, enough_texts: int, exact_until: int) -> None:
        self.having = array("i")
        self.lengths: Floats = np.zeros((16, FAMILIES), np.float32)
        self.sizes: Floats = np.zeros(16, np.float32)
        self.usual = np.ones(FAMILIES)
        self.changes = 0
        self._shares = shares
        self._enough_texts = enough_texts
        self._exact_until = exact_until
        self._rareness: Floats = np.zeros(0, np.float32)  # at least as long as `having`
        self._fresh = 1.0
        self._pass: _Pass | None = None

    def rareness(self, features: Numbers) -> Floats:
        """Returns how much features count; one that came in since the last weighing counts as if nobody had it."""
        return self._rareness.take(features)

    @property
    def unknown(self) -> float:
        """How much a feature counts that no text has."""
        return self._fresh

    def count(self, features: NDArray[np.uint32], size: int, by: int) -> None:
        """Counts a text's distinct features in or out.

        Args:
            size: number of features in the vocabulary.
        """
        if len(self.having) < size:
            self.having.extend([0] * (size - len(self.having)))
            self._rareness = _grown(self._rareness, size, self._fresh)
        np.frombuffer(self.having, np.int32)[features] += by
        self.changes += 1

    def measure(self, row: int, features: NDArray[np.uint32], families: NDArray[np.uint8]) -> None:
        """Works out the lengths of a new text."""
        self.lengths, self.sizes = _grown(self.lengths, row + 1), _grown(self.sizes, row + 1)
        owners = np.zeros(len(features), np.int64)
        self.lengths[row] = self._measured(owners, features, families, self.rareness(features), 1)[0]
        self.sizes[row] = self.lengths[row].sum()

    def forget(self, row: int) -> None:
        """Makes a row's text count for nothing."""
        self.lengths[row] = 0
        self.sizes[row] = 0

    def settle(self, texts: Texts, vocabulary: Vocabulary, after_change: bool) -> None:
        """Does a step of weighing again, where it is due.

        Args:
            after_change: a text came or went; otherwise a question waits for its answer.
        """
        if self._pass is None:
            small = len(texts) <= self._exact_until
            due = self.changes and not after_change if small else self.changes * 8 >= len(texts)
            if not due:
                return
            self._pass = self._begun(len(texts))
        elif after_change and self.changes % _PATIENCE:
            return
        self._step(self._pass, texts, vocabulary)

    def _step(self, now: _Pass, texts: Texts, vocabulary: Vocabulary) -> None:
        rows = len(texts.ids)
        now.lengths = _grown(now.lengths, rows)
        now.rareness = _grown(now.rareness, len(self.having), now.fresh)
        upto = min(rows, now.done + max(STEP, self._exact_until))
        features, owners = features_of_texts(np.arange(now.done, upto), texts, vocabulary)
        families = vocabulary.families_of(features)
        rareness = now.rareness.take(features)
        now.lengths[now.done : upto] = self._measured(owners, features, families, rareness, upto - now.done)
        now.done = upto
        if upto == rows:
            self._rareness, self._fresh, self.lengths, self._pass = now.rareness, now.fresh, now.lengths, None
            self.sizes = self.lengths.sum(axis=1)
            self._learn_usual(rows)

    def _begun(self, texts: int) -> _Pass:
        self.changes = 0
        having = np.frombuffer(self.having, np.int32)
        if texts < self._enough_texts:
            rareness, fresh = np.ones(len(having), np.float32), 1.0
        else:
            rareness = (np.log((1 + texts) / (1 + having)) + 1).astype(np.float32)
            fresh = float(np.float32(np.log(1 + texts) + 1))
        return _Pass(rareness, fresh, np.zeros_like(self.lengths))

    def _learn_usual(self, rows: int) -> None:
        sample = self.lengths[:rows][-_SAMPLE:]
        sizes = sample.sum(axis=1, keepdims=True)
        held = sizes[:, 0] > 0
        if held.any():
            self.usual = (sample[held] / sizes[held]).mean(axis=0).astype(np.float64)

    def _measured(
        self,
        owners: Ints,
        features: NDArray[np.uint32],
        families: NDArray[np.uint8],
        rareness: Floats,
        texts: int,
    ) -> Floats:
        """Returns the lengths of texts, given all their features one after the other and the text of each.

        A family's weights are rareness times 1 + ln(how often); each family that a text has is brought to its share,
        and the whole to length one.
        """
        order = np.argsort(owners * (1 << 32) + features, kind="stable")
        pairs = (owners * (1 << 32) + features)[order]
        first = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]])) if len(pairs) else order
        counts = np.diff(np.append(first, len(pairs)))
        at = order[first]
        weights = rareness[at] * (1 + np.log(counts))
        family = owners[at] * FAMILIES + families[at]
        squares = np.bincount(family, weights * weights, texts * FAMILIES).reshape(texts, FAMILIES)
        present = squares > 0
        norms = np.sqrt(np.where(present, squares, 1))
        whole = np.sqrt((present * self._shares).sum(axis=1, keepdims=True))
        found: Floats = np.where(present, 1 / (norms * np.where(whole > 0, whole, 1)), 0).astype(np.float32)
        return found

    @property
    def owed(self) -> int:
        """Changes that the present weights do not know of; all texts while they are being weighed again."""
        return self.changes if self._pass is None else len(self.sizes)

    # ---- to a file and back

    def parts(self, rows: Ints) -> tuple[NDArray[np.int32], Floats, Floats, float]:
        """Returns counts, rareness, lengths of the texts in `rows`, and what an unknown feature counts."""
        return (
            np.frombuffer(self.having, np.int32).copy(),
            self._rareness[: len(self.having)],
            self.lengths[rows],
            self._fresh,
        )

    def take(
        self, having: NDArray[np.int32], rareness: Floats, lengths: Floats, fresh: float, changes: int, size: int
    ) -> None:
        """Goes on from what `parts` gave.

        Args:
            size: number of features in the vocabulary.

        Raises:
            ValueError: the parts do not fit one another.
        """
        texts = len(lengths) // FAMILIES
        finite = np.isfinite(lengths).all() and np.isfinite(rareness).all() and np.isfinite(fresh)
        if len(rareness) > len(having) or not finite or changes < 0:
            raise ValueError("weights do not fit")
        if having.min(initial=0) < 0 or having.max(initial=0) > texts or lengths.min(initial=0) < 0:
            raise ValueError("weights make no sense")
        self.having = array("i", having.tobytes())
        self._rareness, self._fresh = _grown(rareness, size, fresh), fresh
        self.lengths = _grown(np.array(lengths).reshape(-1, FAMILIES), 16)
        self.sizes = self.lengths.sum(axis=1)
        self.changes = changes
        self._learn_usual(len(lengths) // FAMILIES)


def features_of_texts(rows: Ints, texts: Texts, vocabulary: Vocabulary) -> tuple[NDArray[np.uint32], Ints]:
    """Returns all features of the texts in `rows`, and which of the rows (from 0) each belongs to."""
    words, counts, pairs, pair_counts = texts.of(rows)
    of_words, lengths = vocabulary.features_of(words)
    numbers = np.arange(len(rows))
    owners = np.concatenate([np.repeat(np.repeat(numbers, counts), lengths), np.repeat(numbers, pair_counts)])
    return np.concatenate([of_words, pairs]), owners


def _grown(held: Floats, rows: int, fresh: float = 0.0) -> Floats:
    """Returns what is held with room for so many rows and some more; `fresh` stands in the new ones."""
    if rows <= len(held):
        return held
    more = np.full((rows + rows // 8 + 16 - len(held), *held.shape[1:]), fresh, np.float32)
    return np.concatenate([held, more])
