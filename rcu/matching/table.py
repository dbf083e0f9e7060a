"""Dictionary-encoded columns: each distinct value is held once, records hold its number."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rcu.matching.arrays import Bools, Codes, Floats, Hashes, Index
from rcu.matching.letters import letter_bags

T = TypeVar("T")

MISSING: Final = -1

SHARED_DICTIONARIES: Final[tuple[tuple[str, ...], ...]] = (("first_name_key", "last_name_key", "birth_name_key"),)
"""Columns whose values may stand in one another's place (swapped names, birth and usage name) share one dictionary,
so that "the first name of one is the last name of the other" is an integer comparison."""

_AT_ONCE: Final = 2
_RECORDS_AT_ONCE: Final = 20_000
_IN_THREADS: Final = 20_000
"""Records from which columns are encoded side by side."""


@dataclass(frozen=True)
class Column:
    """One encoded column: `codes[i]` is the place of record i's value in `values`, or -1 when it has none."""

    codes: Codes
    values: Sequence[str]
    _made: dict[object, object] = field(default_factory=dict[object, object], repr=False, compare=False)

    def once(self, key: object, make: Callable[[Sequence[str]], T]) -> T:
        """What `make` gives for the distinct values, worked out at the first call with this key."""
        if key not in self._made:
            self._made[key] = make(self.values)
        return cast("T", self._made[key])

    @property
    def hashes(self) -> Hashes:
        """A 64-bit hash of each distinct value, the same in every process and on every machine."""
        return self.once("hashes", hashes_of)

    @property
    def lengths(self) -> Codes:
        """The length of each distinct value, in characters."""
        return self.once("lengths", _lengths)

    @property
    def bags(self) -> Hashes:
        """The letters of each distinct value as bits, see `rcu.matching.letters`."""
        return self.once("bags", letter_bags)

    @property
    def initials(self) -> Codes:
        """The first letter of each distinct value, as a number; 0 where there is none."""
        return self.once("initials", _initials)

    def of_records(self, codes: Codes) -> Column:
        """The same values for other records; what was worked out for the values stays."""
        return Column(codes, self.values, self._made)

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


def _lengths(values: Sequence[str]) -> Codes:
    return np.fromiter(map(len, values), dtype=np.int32, count=len(values))


def _initials(values: Sequence[str]) -> Codes:
    firsts = (ord(text[0]) if (text := value.lstrip()) else 0 for value in values)
    return np.fromiter(firsts, dtype=np.int32, count=len(values))


def hashes_of(values: Sequence[str]) -> Hashes:
    """A 64-bit hash of each text, the same in every process and on every machine."""
    return pd.util.hash_array(np.asarray(values, dtype=object), categorize=False)


def mix(keys: Hashes) -> Hashes:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


@dataclass(frozen=True)
class EncodedTable:
    """Records as encoded columns, all of the same length."""

    size: int
    columns: Mapping[str, Column]
    _made: dict[object, object] = field(default_factory=dict[object, object], repr=False, compare=False)

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What `make` gives for this table, worked out at the first call with this key."""
        if key not in self._made:
            self._made[key] = make()
        return cast("T", self._made[key])

    @classmethod
    def encode(
        cls, frame: pd.DataFrame, columns: Iterable[str], *, shared: Sequence[Sequence[str]] = SHARED_DICTIONARIES
    ) -> EncodedTable:
        """Encode text columns of a frame; columns the frame lacks are taken as missing everywhere.

        Empty text counts as missing. The order of rows is kept. `shared` are groups of columns over one dictionary.
        """
        groups = _over_one_dictionary(columns, shared)
        encoded: dict[str, Column] = {}
        with ThreadPoolExecutor(_AT_ONCE if len(frame) >= _IN_THREADS else 1) as pool:
            for made in pool.map(lambda group: _encode_together(frame, group), groups):
                encoded |= made
        return cls(len(frame), encoded)

    @classmethod
    def of_rows(
        cls,
        rows: Sequence[Mapping[str, str | None]],
        columns: Iterable[str],
        *,
        shared: Sequence[Sequence[str]] = SHARED_DICTIONARIES,
    ) -> EncodedTable:
        """Encode a few records, without what a frame costs: the same table as `encode` makes of them."""
        return cls(len(rows), _Encoding(rows, columns, shared))

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
        return EncodedTable(self.size, {**self.columns, name: column.of_records(codes)})

    def near(self, rows: Index) -> Mapping[str, Codes]:
        """The codes of some rows by column: fetched record by record, as a record's codes lie in one place here."""
        found = self.lay_out().take(rows, axis=0)
        return dict(zip(self.columns, np.ascontiguousarray(found.T), strict=True))

    def lay_out(self) -> Codes:
        """Make what `near` reads, once: before threads do so side by side."""
        return self.once("records", self._records)

    def _records(self) -> Codes:
        """All codes, a row for each record; put together piece by piece, so that each stays in the cache."""
        made = np.empty((self.size, len(self.columns)), dtype=np.int32)

        def lay_out(start: int) -> None:
            piece = slice(start, start + _RECORDS_AT_ONCE)
            for place, column in enumerate(self.columns.values()):
                made[piece, place] = column.codes[piece]

        if self.size <= _RECORDS_AT_ONCE:
            lay_out(0)
            return made
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            deque(pool.map(lay_out, range(0, self.size, _RECORDS_AT_ONCE)), maxlen=0)
        return made

    def rows(self, chosen: Index) -> EncodedTable:
        """The records of some rows, in that order, over the same dictionaries."""
        columns = {name: column.of_records(column.codes[chosen]) for name, column in self.columns.items()}
        return EncodedTable(len(chosen), columns)


class _Encoding(Mapping[str, Column]):
    """The columns of a few records, each encoded when it is asked for."""

    def __init__(
        self, rows: Sequence[Mapping[str, str | None]], columns: Iterable[str], shared: Sequence[Sequence[str]]
    ) -> None:
        self._rows = rows
        self._names = dict.fromkeys(columns)
        self._shared = shared
        self._made: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            together = next((group for group in self._shared if name in group), (name,))
            self._encode([one for one in together if one in self._names])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _encode(self, names: Sequence[str]) -> None:
        """Encode columns over one dictionary, in the order in which values are met."""
        places: dict[str, int] = {}
        codes = {
            name: [places.setdefault(value, len(places)) if (value := row.get(name)) else MISSING for row in self._rows]
            for name in names
        }
        values = list(places)
        self._made |= {name: Column(np.array(found, dtype=np.int32), values) for name, found in codes.items()}


def _over_one_dictionary(columns: Iterable[str], shared: Sequence[Sequence[str]]) -> list[list[str]]:
    """Columns in the groups that share a dictionary, the others each by itself."""
    wanted = list(dict.fromkeys(columns))
    groups = [[name for name in group if name in wanted] for group in shared]
    alone = set(wanted).difference(*groups)
    return [*(group for group in groups if group), *([name] for name in wanted if name in alone)]


def _encode_together(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Column]:
    """Encode columns over one dictionary, in the order in which values are met."""
    size = len(frame)
    absent = Column(np.full(size, MISSING, dtype=np.int32), [])
    present = [name for name in names if name in frame.columns]
    if not present:
        return dict.fromkeys(names, absent)
    codes, values = _encoded([frame[name] for name in present])
    slices = {name: Column(codes[i * size : (i + 1) * size], values) for i, name in enumerate(present)}
    return {name: slices.get(name, absent) for name in names}


def _encoded(columns: Sequence[pd.Series]) -> tuple[Codes, list[str]]:
    """Codes and distinct values of columns put below one another."""
    texts = pa.chunked_array([_texts(column) for column in columns], pa.large_string())
    encoded = pa.concat_arrays(texts.chunks).dictionary_encode()
    codes = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
    blank = int(pc.index(encoded.dictionary, pa.scalar("", pa.large_string())).as_py())
    if blank >= 0:
        codes[codes == blank] = MISSING
    return codes, cast("list[str]", encoded.dictionary.to_pylist())


def _texts(column: pd.Series) -> pa.Array[pa.LargeStringScalar]:
    """A column as Arrow text; what is not text is written as text."""
    try:
        made = pa.array(column, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError):
        objects = [None if pd.isna(value) else str(value).encode(errors="replace").decode() for value in column]
        return pa.array(objects, type=pa.large_string())
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
