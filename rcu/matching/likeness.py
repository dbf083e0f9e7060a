"""Conditions on how alike two values of one column are.

Each answers first from numbers kept for every distinct value (lengths, bags of letters, hashes of beginnings), which
rules most pairs of values out; only what is left is looked at as text, once for each distinct pair of values.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein

from rcu.matching.arrays import Bools, Codes, Floats, Hashes
from rcu.matching.basecondition import BaseCondition, Pairs
from rcu.matching.letters import most_jaro_winkler, most_levenshtein, within_edits
from rcu.matching.table import MISSING, Column, hashes_of

_METRICS: Final[dict[str, Callable[..., float]]] = {
    "jaro_winkler": JaroWinkler.similarity,
    "levenshtein": Levenshtein.normalized_similarity,
}
_ROUNDING: Final = 1e-6
_FEW: Final = 32
"""So few pairs of values are looked at as they are: to find out which are ruled out, or the same, takes longer."""


class OnValues(BaseCondition):
    """A condition on the two values of one column that numbers kept for each value decide."""

    column: str

    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @cached_property
    def by_codes(self) -> bool:
        return False

    def might(self, pairs: Pairs) -> Bools:
        return self.spread(pairs, self.could)

    def holds(self, pairs: Pairs) -> Bools:
        return self.spread(pairs, self.could)

    def spread(self, pairs: Pairs, alike: Callable[[Column, Codes, Codes], Bools]) -> Bools:
        """Spread over pairs of records what `alike` says of their values; equal values always hold."""
        one, other = pairs.codes(self.column)
        both = (one != MISSING) & (other != MISSING)
        answer = both & (one == other)
        work = np.flatnonzero(both & ~answer)
        if len(work):
            low, high = np.minimum(one, other).take(work), np.maximum(one, other).take(work)
            answer[work] = alike(pairs.table[self.column], low, high)
        return answer

    @abstractmethod
    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        """Say by numbers alone for which pairs of different values the condition may hold; never False wrongly."""


class OnText(OnValues):
    """A condition that has to look at text, once for each distinct pair of values that numbers leave open."""

    @cached_property
    def by_numbers(self) -> bool:
        return False

    def holds(self, pairs: Pairs) -> Bools:
        return self.spread(pairs, self._decided)

    def _decided(self, column: Column, one: Codes, other: Codes) -> Bools:
        if len(one) <= _FEW:
            return self.alike(column, one, other)
        answer = self.could(column, one, other)
        work = np.flatnonzero(answer)
        if 0 < len(work) <= _FEW:
            answer[work] = self.alike(column, one[work], other[work])
        elif len(work):
            places, packed = pd.factorize((one[work].astype(np.int64) << 32) | other[work])
            low, high = (packed >> 32).astype(np.int32), (packed & 0xFFFFFFFF).astype(np.int32)
            answer[work] = self.alike(column, low, high)[places]
        return answer

    @abstractmethod
    def alike(self, column: Column, one: Codes, other: Codes) -> Bools:
        """Say for each pair of distinct values (one[i], other[i]), given by code, one < other, whether it holds.

        What `could` rules out does not.
        """


class EachPair(OnText):
    """A condition too particular for a vectorised metric."""

    def alike(self, column: Column, one: Codes, other: Codes) -> Bools:
        pairs = zip(_texts(column, one), _texts(column, other), strict=True)
        return np.fromiter((self.fits(a, b) for a, b in pairs), dtype=bool, count=len(one))

    @abstractmethod
    def fits(self, one: str, other: str) -> bool:
        """Say whether the condition holds for two different values."""


def _texts(column: Column, codes: Iterable[int]) -> list[str]:
    values = column.values
    return [values[code] for code in codes]


class Similar(OnText):
    """The two values are at least `floor` alike (0 to 1) under a RapidFuzz metric."""

    test: Literal["similar"] = "similar"
    metric: Literal["jaro_winkler", "levenshtein"] = "jaro_winkler"
    floor: float = Field(ge=0, le=1)

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        if self.metric == "levenshtein":
            return most_levenshtein(column.bags, column.lengths, one, other) >= self.floor - _ROUNDING
        same = column.initials[one] == column.initials[other]
        most = most_jaro_winkler(column.bags, column.lengths, one, other, same_initial=same)
        return most >= self.floor - _ROUNDING

    def alike(self, column: Column, one: Codes, other: Codes) -> Bools:
        # RapidFuzz rounds its cutoff: pairs exactly at it can be lost, so it is given one a little lower.
        scores: Floats = process.cpdist(
            _texts(column, one), _texts(column, other),
            scorer=_METRICS[self.metric], score_cutoff=max(self.floor - _ROUNDING, 0.0), dtype=np.float64,
        )  # fmt: skip
        return scores >= self.floor


class OneEdit(OnText):
    """At most `edits` letters are added, dropped, changed or swapped with a neighbour; both values are long enough."""

    test: Literal["one_edit"] = "one_edit"
    edits: int = Field(default=1, ge=1, le=3)
    shortest: int = Field(default=4, ge=1)

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        near = self._long(column, one, other)
        work = np.flatnonzero(near)
        near[work] = within_edits(column.bags, column.lengths, one[work], other[work], edits=self.edits)
        return near

    def alike(self, column: Column, one: Codes, other: Codes) -> Bools:
        distance = process.cpdist(
            _texts(column, one), _texts(column, other),
            scorer=DamerauLevenshtein.distance, score_cutoff=self.edits, dtype=np.float64,
        )  # fmt: skip
        return (distance <= self.edits) & self._long(column, one, other)

    def _long(self, column: Column, one: Codes, other: Codes) -> Bools:
        return np.minimum(column.lengths[one], column.lengths[other]) >= self.shortest


class Initial(EachPair):
    """One value is only the initial (or initials) of the other: J and JEAN, JP and JEAN PIERRE, J P and JEAN PIERRE."""

    test: Literal["initial"] = "initial"

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        joined, initials = column.once("joined", _hashes_joined), column.once("acronym", _hashes_of_acronyms)
        letters = column.once("letters", _letters)
        single = (letters[one] == 1) | (letters[other] == 1)
        abbreviated = (joined[one] == initials[other]) | (joined[other] == initials[one])
        return (column.initials[one] == column.initials[other]) & (single | abbreviated)

    def fits(self, one: str, other: str) -> bool:
        short, full = sorted((one, other), key=lambda text: (len(text), text))
        letters = short.replace(" ", "")
        if len(letters) == 1:
            return full.startswith(letters)
        return letters == _acronym(full)


def _acronym(text: str) -> str:
    return "".join(word[0] for word in text.split())


def _hashes_joined(values: Sequence[str]) -> Hashes:
    return hashes_of([value.replace(" ", "") for value in values])


def _hashes_of_acronyms(values: Sequence[str]) -> Hashes:
    return hashes_of([_acronym(value) for value in values])


def _letters(values: Sequence[str]) -> Codes:
    return np.fromiter((len(value) - value.count(" ") for value in values), dtype=np.int32, count=len(values))


class Prefix(EachPair):
    """One value is the beginning of the other: tills cut what does not fit."""

    test: Literal["prefix"] = "prefix"
    shortest: int = Field(default=4, ge=1)

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        begins = column.once(("begins", self.shortest), self._beginnings)
        long = (column.lengths[one] >= self.shortest) & (column.lengths[other] >= self.shortest)
        return long & (begins[one] == begins[other])

    def _beginnings(self, values: Sequence[str]) -> Hashes:
        return hashes_of([value[: self.shortest] for value in values])

    def fits(self, one: str, other: str) -> bool:
        short, full = sorted((one, other), key=len)
        return len(short) >= self.shortest and full.startswith(short)


class SharedToken(EachPair):
    """Every word of one value is a word of the other: MARIE and MARIE CLAIRE, DURAND and DURAND PETIT."""

    test: Literal["shared_token"] = "shared_token"
    shortest: int = Field(default=3, ge=1)

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        words = column.once("words", _word_bits)
        first, second = words[one], words[other]
        inside = ((first & ~second) == 0) | ((second & ~first) == 0)
        several = column.once("several", _several_words)
        return inside & (several[one] | several[other])

    def fits(self, one: str, other: str) -> bool:
        few, many = sorted((set(one.split()), set(other.split())), key=len)
        return bool(few) and few <= many and max(map(len, few)) >= self.shortest


def _several_words(values: Sequence[str]) -> Bools:
    return np.fromiter((len(value.split()) > 1 for value in values), dtype=bool, count=len(values))


def _word_bits(values: Sequence[str]) -> Hashes:
    """The words of each value as set bits, one of 64 for each."""
    words = [value.split() for value in values]
    counts = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    made = np.zeros(len(values), dtype=np.uint64)
    filled = np.flatnonzero(counts)
    if len(filled):
        bits = np.uint64(1) << (hashes_of([word for each in words for word in each]) & np.uint64(63))
        made[filled] = np.bitwise_or.reduceat(bits, np.r_[0, np.cumsum(counts[filled])[:-1]])
    return made


class SamePart(EachPair):
    """Two mailboxes have the same local part (before the @), or the same letters in it whatever its digits and marks.

    The second is what namesakes have whose provider gave them a number, as much as one person's slip.
    """

    test: Literal["same_part"] = "same_part"
    part: Literal["local", "letters of local"]

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:  # noqa: ARG002 - asks nothing of numbers
        return np.ones(len(one), dtype=bool)

    def fits(self, one: str, other: str) -> bool:
        first, second = one.partition("@")[0], other.partition("@")[0]
        if self.part == "local":
            return first == second
        return _only_letters(first) == _only_letters(second)


def _only_letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())
