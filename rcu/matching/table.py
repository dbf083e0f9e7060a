"""Dictionary-encoded columns: each distinct value is held once, records hold its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from rcu.matching.arrays import Bools, Floats, Hashes, Index

MISSING: Final = -1

SHARED_DICTIONARIES: Final[tuple[tuple[str, ...], ...]] = (("first_name_key", "last_name_key", "birth_name_key"),)
"""Columns whose values may stand in one another's place (swapped names, birth and usage name) share one dictionary,
so that "the first name of one is the last name of the other" is an integer comparison."""


@dataclass(frozen=True)
class Column:
    """One encoded column: `codes[i]` is the place of record i's value in `values`, or -1 when it has none."""

    codes: Index
    values: Sequence[str]

    @cached_property
    def hashes(self) -> Hashes:
        """A 64-bit hash of each distinct value, the same in every process and on every machine."""
        return pd.util.hash_array(np.asarray(self.values, dtype=object), categorize=False)

    @cached_property
    def lengths(self) -> Index:
        """The length of each distinct value, in characters."""
        return np.fromiter((len(value) for value in self.values), dtype=np.int64, count=len(self.values))

    @cached_property
    def initials(self) -> Index:
        """The first letter of each distinct value, as a number; 0 where there is none."""
        firsts = (ord(text[0]) if (text := value.lstrip()) else 0 for value in self.values)
        return np.fromiter(firsts, dtype=np.int64, count=len(self.values))

    @cached_property
    def words(self) -> Index:
        """How many words each distinct value has."""
        return np.fromiter((len(value.split()) for value in self.values), dtype=np.int64, count=len(self.values))

    @property
    def present(self) -> Bools:
        """Which records have a value."""
        return self.codes != MISSING

    def value(self, row: int) -> str | None:
        """The value of one record."""
        code = int(self.codes[row])
        return None if code == MISSING else self.values[code]

    def frequencies(self, shares: Mapping[str, float], floor: float) -> Floats:
        """The share of the population that has each distinct value; values not in `shares` get `floor`."""
        found = (shares.get(value, floor) for value in self.values)
        return np.maximum(np.fromiter(found, dtype=np.float64, count=len(self.values)), floor)


@dataclass(frozen=True)
class EncodedTable:
    """Records as encoded columns, all of the same length."""

    size: int
    columns: Mapping[str, Column]

    @classmethod
    def encode(
        cls, frame: pd.DataFrame, columns: Iterable[str], *, shared: Sequence[Sequence[str]] = SHARED_DICTIONARIES
    ) -> EncodedTable:
        """Encode text columns of a frame; columns the frame lacks are taken as missing everywhere.

        Empty text counts as missing. The order of rows is kept. `shared` are groups of columns over one dictionary.
        """
        wanted = list(dict.fromkeys(columns))
        encoded: dict[str, Column] = {}
        for group in shared:
            together = [name for name in group if name in wanted]
            encoded |= _encode_together(frame, together)
        for name in wanted:
            if name not in encoded:
                encoded |= _encode_together(frame, [name])
        return cls(len(frame), encoded)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def without_values(self, name: str, forbidden: frozenset[str]) -> EncodedTable:
        """The same table in which the given values of one column count as missing."""
        column = self.columns[name]
        banned = np.fromiter((value in forbidden for value in column.values), dtype=bool, count=len(column.values))
        if not banned.any():
            return self
        codes = column.codes.copy()
        codes[column.present & banned[column.codes]] = MISSING
        return replace(self, columns={**self.columns, name: Column(codes, column.values)})


def _objects(column: pd.Series) -> np.ndarray:
    """A column as Python objects, None where it has no value."""
    return column.astype(object).where(column.notna(), None).to_numpy(dtype=object)


def _encode_together(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Column]:
    """Encode columns over one dictionary, in the order in which values are met."""
    present = [name for name in names if name in frame.columns]
    absent = Column(np.full(len(frame), MISSING, dtype=np.int64), [])
    if not present:
        return dict.fromkeys(names, absent)
    stacked = np.concatenate([_objects(frame[name]) for name in present])
    codes, uniques = pd.factorize(stacked, use_na_sentinel=True)
    codes = codes.astype(np.int64)
    values = [str(value) for value in uniques]
    blank = [place for place, value in enumerate(values) if not value]
    if blank:
        codes[np.isin(codes, blank)] = MISSING
    size = len(frame)
    slices = {name: Column(codes[i * size : (i + 1) * size], values) for i, name in enumerate(present)}
    return {name: slices.get(name, absent) for name in names}
