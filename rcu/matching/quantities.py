"""Conditions on dates and whole numbers, read once for each distinct value and compared as numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from rcu.matching.arrays import Bools, Codes, Index
from rcu.matching.basecondition import BaseCondition, Pairs
from rcu.matching.likeness import OnValues
from rcu.matching.table import Column

UNKNOWN: Final = -1
_DATE: Final = re.compile(r"(?:(\d{4})(?:-(\d\d)(?:-(\d\d))?)?|--(\d\d)-(\d\d))", re.ASCII)


def _parts(column: Column) -> NDArray[np.int16]:
    """Year, month and day of each distinct value (an array of three rows), -1 for what it lacks."""
    return column.once("date parts", _read_parts)


def _read_parts(values: Sequence[str]) -> NDArray[np.int16]:
    made = np.full((3, len(values)), UNKNOWN, dtype=np.int16)
    for place, value in enumerate(values):
        found = _DATE.fullmatch(value)
        if found:
            year, month, day, month_alone, day_alone = found.groups()
            made[:, place] = [int(part) if part else UNKNOWN for part in (year, month or month_alone, day or day_alone)]
    return made


class SameParts(OnValues):
    """Two dates written YYYY-MM-DD, YYYY-MM, YYYY or --MM-DD that one slip explains.

    `slip`: `partial` (one of them lacks parts the other has, the rest agrees), `swapped` (day and month changed
    places), `part` (two of the three parts agree).
    """

    test: Literal["same_parts"] = "same_parts"
    slip: Literal["partial", "swapped", "part"]

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        first, second = _parts(column)[:, one], _parts(column)[:, other]
        here, there = first != UNKNOWN, second != UNKNOWN
        if self.slip == "partial":
            agree = ((first == second) | ~here | ~there).all(axis=0)
            within = (here <= there).all(axis=0) | (there <= here).all(axis=0)
            return agree & within & here.any(axis=0) & there.any(axis=0)
        whole = here.all(axis=0) & there.all(axis=0)
        if self.slip == "swapped":
            return whole & (first[0] == second[0]) & (first[1] == second[2]) & (first[2] == second[1])
        return whole & ((first == second).sum(axis=0) == 2)


class WholeDates(BaseCondition):
    """Both dates have year, month and day."""

    test: Literal["whole_dates"] = "whole_dates"
    column: str

    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def holds(self, pairs: Pairs) -> Bools:
        whole = np.r_[(_parts(pairs.table[self.column]) != UNKNOWN).all(axis=0), False]
        one, other = pairs.codes(self.column)
        return whole[one] & whole[other]


class NothingShared(OnValues):
    """Two dates of which neither has a part the other has: a year alone, and a day and month alone."""

    test: Literal["nothing_shared"] = "nothing_shared"

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        known = _parts(column) != UNKNOWN
        return ~(known[:, one] & known[:, other]).any(axis=0) & known[:, one].any(axis=0) & known[:, other].any(axis=0)

    def might(self, pairs: Pairs) -> Bools:
        return self.holds(pairs)

    def holds(self, pairs: Pairs) -> Bools:
        one, other = pairs.codes(self.column)
        return super().holds(pairs) & (one != other)


class Within(OnValues):
    """Two whole numbers (ages, years) that differ by `most` at the most."""

    test: Literal["within"] = "within"
    most: int = Field(ge=1)

    def could(self, column: Column, one: Codes, other: Codes) -> Bools:
        numbers = column.once("numbers", _whole_numbers)
        first, second = numbers[one], numbers[other]
        return (first >= 0) & (second >= 0) & (np.abs(first - second) <= self.most)


def _whole_numbers(values: Sequence[str]) -> Index:
    """Each value as a number; -1 for what is not one, or is too large to be an age or a year."""
    read = (int(value) if value.isascii() and value.isdecimal() and len(value) < 18 else UNKNOWN for value in values)
    return np.fromiter(read, dtype=np.int64, count=len(values))
