"""Conditions: the declarative pieces a comparison level is made of.

A condition answers, for many pairs of records at once, whether it holds. Every condition is symmetric: swapping the
two records never changes the answer. String work is done once for each distinct pair of values, never once a pair
of records, and equal values need none.

    Equal, Different      one column
    Swapped, CrossEqual   two columns that share a dictionary
    Similar, OneEdit      string metrics (RapidFuzz)
    Initial, Prefix, SharedToken   one value abbreviates, truncates or contains part of the other
    SameParts             dates: the same parts in another order, one part off, or a partial date
    Within                whole numbers not far apart
    All, Any, Absent      combinations
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Final, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein

from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.table import MISSING, Column, EncodedTable

_METRICS: Final[dict[str, Callable[..., float]]] = {
    "jaro_winkler": JaroWinkler.similarity,
    "levenshtein": Levenshtein.normalized_similarity,
}
_ROUNDING: Final = 1e-6


class _Condition(BaseModel, ABC):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns this condition reads."""

    @abstractmethod
    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        """Say for each pair of rows (left[i], right[i]) whether the condition holds; False where a value is missing."""


class Equal(_Condition):
    """Both records have the same value in every one of the columns."""

    test: Literal["equal"] = "equal"
    of: tuple[str, ...]

    def columns(self) -> tuple[str, ...]:
        return self.of

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        answer = np.ones(len(left), dtype=bool)
        for name in self.of:
            codes = table[name].codes
            here = codes[left]
            answer &= (here == codes[right]) & (here != MISSING)
        return answer


class Different(_Condition):
    """Both records have a value in the column, and not the same."""

    test: Literal["different"] = "different"
    column: str

    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        codes = table[self.column].codes
        one, other = codes[left], codes[right]
        return (one != other) & (one != MISSING) & (other != MISSING)


class Absent(_Condition):
    """At least one of the two records lacks at least one of the columns."""

    test: Literal["absent"] = "absent"
    of: tuple[str, ...]

    def columns(self) -> tuple[str, ...]:
        return self.of

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        answer = np.zeros(len(left), dtype=bool)
        for name in self.of:
            codes = table[name].codes
            answer |= (codes[left] == MISSING) | (codes[right] == MISSING)
        return answer


class _TwoColumns(_Condition):
    """A condition on two columns that share a dictionary."""

    column: str
    other: str

    def columns(self) -> tuple[str, ...]:
        return (self.column, self.other)

    def crossed(self, table: EncodedTable, left: Index, right: Index) -> tuple[Bools, Bools]:
        """Whether one column of the left record has the value of the other of the right one, and the reverse."""
        one, two = table[self.column].codes, table[self.other].codes
        forth = (one[left] == two[right]) & (one[left] != MISSING)
        back = (two[left] == one[right]) & (two[left] != MISSING)
        return forth, back


class CrossEqual(_TwoColumns):
    """The value of one column in one record is the value of the other column in the other record."""

    test: Literal["cross_equal"] = "cross_equal"

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        forth, back = self.crossed(table, left, right)
        return forth | back


class Swapped(_TwoColumns):
    """Two columns changed places between the two records."""

    test: Literal["swapped"] = "swapped"

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        forth, back = self.crossed(table, left, right)
        return forth & back


class _OnValues(_Condition):
    """A condition on the two values of one column, worked out once for each distinct pair of values."""

    column: str

    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        column = table[self.column]
        return on_distinct_values(column, left, right, self.alike)

    @abstractmethod
    def alike(self, column: Column, one: Index, other: Index) -> Bools:
        """Say for each pair of distinct values (one[i], other[i]), given by code, one < other, whether it holds."""


def on_distinct_values(
    column: Column, left: Index, right: Index, alike: Callable[[Column, Index, Index], Bools]
) -> Bools:
    """Spread over pairs of records what `alike` says of their distinct pairs of values; equal values always hold."""
    one, other = column.codes[left], column.codes[right]
    both = (one != MISSING) & (other != MISSING)
    answer = both & (one == other)
    work = np.flatnonzero(both & (one != other))
    if not len(work):
        return answer
    low, high = np.minimum(one[work], other[work]), np.maximum(one[work], other[work])
    places, packed = pd.factorize((low << 32) | high)
    answer[work] = alike(column, packed >> 32, packed & 0xFFFFFFFF)[places]
    return answer


def _texts(column: Column, codes: Iterable[int]) -> list[str]:
    values = column.values
    return [values[code] for code in codes]


class Similar(_OnValues):
    """The two values are at least `floor` alike (0 to 1) under a RapidFuzz metric."""

    test: Literal["similar"] = "similar"
    metric: Literal["jaro_winkler", "levenshtein"] = "jaro_winkler"
    floor: float = Field(ge=0, le=1)

    def alike(self, column: Column, one: Index, other: Index) -> Bools:
        # RapidFuzz rounds its cutoff: pairs exactly at it can be lost, so it is given one a little lower.
        scores: Floats = process.cpdist(
            _texts(column, one), _texts(column, other),
            scorer=_METRICS[self.metric], score_cutoff=max(self.floor - _ROUNDING, 0.0), dtype=np.float64,
        )  # fmt: skip
        return scores >= self.floor


class OneEdit(_OnValues):
    """At most `edits` letters are added, dropped, changed or swapped with a neighbour; both values are long enough."""

    test: Literal["one_edit"] = "one_edit"
    edits: int = Field(default=1, ge=1, le=3)
    shortest: int = Field(default=4, ge=1)

    def alike(self, column: Column, one: Index, other: Index) -> Bools:
        lengths = column.lengths
        near = np.abs(lengths[one] - lengths[other]) <= self.edits
        near &= np.minimum(lengths[one], lengths[other]) >= self.shortest
        work = np.flatnonzero(near)
        if len(work):
            distance = process.cpdist(
                _texts(column, one[work]), _texts(column, other[work]),
                scorer=DamerauLevenshtein.distance, score_cutoff=self.edits, dtype=np.float64,
            )  # fmt: skip
            near[work] = distance <= self.edits
        return near


class _EachPair(_OnValues):
    """A condition too particular for a vectorised metric; still only once for each distinct pair of values."""

    def alike(self, column: Column, one: Index, other: Index) -> Bools:
        answer = self.might(column, one, other)
        work = np.flatnonzero(answer)
        pairs = zip(_texts(column, one[work]), _texts(column, other[work]), strict=True)
        answer[work] = np.fromiter((self.fits(a, b) for a, b in pairs), dtype=bool, count=len(work))
        return answer

    def might(self, column: Column, one: Index, other: Index) -> Bools:  # noqa: ARG002 - a rule may look at values
        """Rule out, cheaply, pairs of values for which the condition cannot hold."""
        return np.ones(len(one), dtype=bool)

    @abstractmethod
    def fits(self, one: str, other: str) -> bool:
        """Say whether the condition holds for two different values."""


class Initial(_EachPair):
    """One value is only the initial (or initials) of the other: J and JEAN, JP and JEAN PIERRE, J P and JEAN PIERRE."""

    test: Literal["initial"] = "initial"

    def might(self, column: Column, one: Index, other: Index) -> Bools:
        return column.initials[one] == column.initials[other]

    def fits(self, one: str, other: str) -> bool:
        short, full = sorted((one, other), key=lambda text: (len(text), text))
        letters = short.replace(" ", "")
        if len(letters) == 1:
            return full.startswith(letters)
        return letters == "".join(word[0] for word in full.split())


class Prefix(_EachPair):
    """One value is the beginning of the other: tills cut what does not fit."""

    test: Literal["prefix"] = "prefix"
    shortest: int = Field(default=4, ge=1)

    def fits(self, one: str, other: str) -> bool:
        short, full = sorted((one, other), key=len)
        return len(short) >= self.shortest and full.startswith(short)


class SharedToken(_EachPair):
    """Every word of one value is a word of the other: MARIE and MARIE CLAIRE, DURAND and DURAND PETIT."""

    test: Literal["shared_token"] = "shared_token"
    shortest: int = Field(default=3, ge=1)

    def might(self, column: Column, one: Index, other: Index) -> Bools:
        return (column.words[one] > 1) | (column.words[other] > 1)

    def fits(self, one: str, other: str) -> bool:
        few, many = sorted((set(one.split()), set(other.split())), key=len)
        return bool(few) and few <= many and max(map(len, few)) >= self.shortest


class SameParts(_EachPair):
    """Two dates written YYYY-MM-DD, --MM-DD or YYYY that one slip explains.

    `slip`: `partial` (one of them lacks the year, the rest agrees), `swapped` (day and month changed places),
    `part` (the same day and month in another year, or two of the three parts agree).
    """

    test: Literal["same_parts"] = "same_parts"
    slip: Literal["partial", "swapped", "part"]

    def fits(self, one: str, other: str) -> bool:
        if self.slip == "partial":
            short, full = sorted((one, other), key=len)
            return len(short) < len(full) and (full.endswith(short[1:]) if short[0] == "-" else full.startswith(short))
        if len(one) != 10 or len(other) != 10:
            return False
        year, month, day = one.split("-")
        other_year, other_month, other_day = other.split("-")
        if self.slip == "swapped":
            return year == other_year and month == other_day and day == other_month
        return (year == other_year) + (month == other_month) + (day == other_day) == 2


class Within(_EachPair):
    """Two whole numbers (ages, years) that differ by `most` at the most."""

    test: Literal["within"] = "within"
    most: int = Field(ge=1)

    def fits(self, one: str, other: str) -> bool:
        return one.isdecimal() and other.isdecimal() and abs(int(one) - int(other)) <= self.most


class All(_Condition):
    """Every one of the conditions holds."""

    test: Literal["all"] = "all"
    of: tuple[Condition, ...]

    def columns(self) -> tuple[str, ...]:
        return _columns_of(self.of)

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        answer = np.ones(len(left), dtype=bool)
        for condition in self.of:
            open_ = np.flatnonzero(answer)
            answer[open_] = condition.holds(table, left[open_], right[open_])
        return answer


class Any(_Condition):
    """At least one of the conditions holds."""

    test: Literal["any"] = "any"
    of: tuple[Condition, ...]

    def columns(self) -> tuple[str, ...]:
        return _columns_of(self.of)

    def holds(self, table: EncodedTable, left: Index, right: Index) -> Bools:
        answer = np.zeros(len(left), dtype=bool)
        for condition in self.of:
            open_ = np.flatnonzero(~answer)
            answer[open_] = condition.holds(table, left[open_], right[open_])
        return answer


Condition = Annotated[
    Equal | Different | Absent | CrossEqual | Swapped | Similar | OneEdit | Initial | Prefix | SharedToken
    | SameParts | Within | All | Any,
    Field(discriminator="test"),
]  # fmt: skip


def _columns_of(conditions: Sequence[Condition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for condition in conditions for name in condition.columns()))


All.model_rebuild()
Any.model_rebuild()
