"""Work on distinct values: encode a column once, read its values, spread what was read back over the rows.

Ordinary values are read all at once by Arrow's kernels; only the others go through Python, each distinct one once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Arrow = Any  # pyarrow types its arrays by their element; here they are all text
_RADIX_LIMIT: Final = 2**62
_SLICE: Final = 4096
TEXT: Final = pa.large_string()


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column as codes into its distinct values; code -1 is a missing value."""

    codes: Codes
    values: Arrow

    def texts(self) -> list[str]:
        """Give the distinct values as Python text."""
        return cast("list[str]", self.values.to_pylist())


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read of some columns: for each row the place of its reading, and the readings, a column each field.

    `plain` tells, reading by reading, which were ordinary.
    """

    rows: Codes
    columns: Mapping[str, Arrow]
    plain: Mask


@dataclass(frozen=True, slots=True)
class Plain:
    """The distinct values that are ordinary (`mask`), and what they read as, a column each field."""

    mask: Mask
    columns: Mapping[str, Arrow]


def encode(frame: pd.DataFrame, column: str) -> Encoded:
    """Dictionary-encode a text column; a column that is not there is all missing."""
    if column not in frame.columns:
        return Encoded(np.full(len(frame), -1, dtype=np.int32), text_array([]))
    dictionary = _arrow_text(frame[column]).dictionary_encode()
    codes = dictionary.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return Encoded(codes, dictionary.dictionary)


def text_array(values: Iterable[str | None]) -> Arrow:
    """Give texts as an Arrow array."""
    return cast("Arrow", pa.array(list(values), type=TEXT))


def mask_of(array: Arrow) -> Mask:
    """Give an Arrow array of booleans to numpy; null is False."""
    return cast("Mask", array.fill_null(fill_value=False).to_numpy(zero_copy_only=False))


def distinct(numbers: npt.NDArray[Any]) -> tuple[Codes, npt.NDArray[Any]]:
    """Number the distinct values of an array from 0, in the order they come; give the codes, and the values."""
    codes, values = pd.factorize(numbers)
    return codes.astype(np.int32), values


def combine(columns: Sequence[Encoded], rows: Rows | None = None) -> tuple[Codes, Iterator[tuple[str | None, ...]]]:
    """Number the distinct tuples of several columns: a code for each row, and the tuples in the order of the codes.

    With `rows` only those rows count, and the codes are theirs.
    """
    if rows is not None:
        columns = [Encoded(column.codes[rows], column.values) for column in columns]
    codes, first = _first_of_each(_number(columns))
    return codes, zip(*(_values_at(column, first) for column in columns), strict=True)


def read_values(
    encoded: Encoded,
    fields: Sequence[str],
    *,
    read: Callable[[str | None], tuple[str | None, ...]],
    plain: Plain | None = None,
) -> Readings:
    """Read the distinct values of a column, each once: those in `plain` are read already, `read` reads the others.

    A missing value is read once too, as None.
    """
    count = len(encoded.values)
    known = plain.mask if plain else np.zeros(count, dtype=bool)
    rest = np.flatnonzero(~known)
    texts = encoded.values.take(pa.array(rest)).to_pylist()
    others = columns_of((read(text) for text in (*texts, None)), fields)
    if plain:
        others = {name: pa.concat_arrays([plain.columns[name], others[name]]) for name in fields}
    place = np.empty(count + 1, dtype=np.int32)
    place[np.concatenate([np.flatnonzero(known), rest, [count]])] = np.arange(count + 1)
    ordinary = np.arange(count + 1) < count - len(rest)
    return Readings(place[encoded.codes], others, ordinary)


def columns_of(rows: Iterable[tuple[str | None, ...]], fields: Sequence[str]) -> dict[str, Arrow]:
    """Turn result rows into an Arrow column for each field.

    A slice at a time, since the garbage collector goes over every tuple alive again and again.
    """
    columns: list[list[str | None]] = [[] for _ in fields]
    source = iter(rows)
    while part := list(islice(source, _SLICE)):
        for column, values in zip(columns, zip(*part, strict=True), strict=True):
            column.extend(values)
    return {name: text_array(column) for name, column in zip(fields, columns, strict=True)}


def spread(codes: Codes, values: Arrow) -> pd.Series[str]:
    """Give each row the value its code names (None for -1), in pandas' `str` dtype."""
    taken = values.take(pa.array(codes, mask=codes < 0))
    return pd.Series(pd.array(taken, dtype=pd.StringDtype("pyarrow", na_value=np.nan)))


def spread_readings(readings: Readings) -> dict[str, pd.Series[str]]:
    """Give each row what was read for it, a column each field."""
    return {name: spread(readings.rows, values) for name, values in readings.columns.items()}


@dataclass(frozen=True, slots=True)
class Patchwork:
    """Rows of which most are put together from the readings of their parts (`straight`) and the others read whole."""

    straight: Mask
    rows: Codes
    columns: Mapping[str, Arrow]

    def column(self, field: str, codes: Codes, values: Arrow) -> pd.Series[str]:
        """Give a field: `values[codes]` in the straight rows, what was read whole in the others."""
        whole = self.columns[field]
        places = codes.copy()
        places[~self.straight] = self.rows + len(values)
        return spread(places, pa.concat_arrays([values, whole]) if len(whole) else values)


def patch(
    straight: Mask,
    columns: Sequence[Encoded],
    *,
    read: Callable[[tuple[str | None, ...]], tuple[str | None, ...]],
    fields: Sequence[str],
) -> Patchwork:
    """Read whole the rows that are not straight, each distinct tuple once."""
    codes, parts = combine(columns, np.flatnonzero(~straight))
    return Patchwork(straight, codes, columns_of(map(read, parts), fields))


def _arrow_text(series: pd.Series[Any]) -> Arrow:
    try:
        array = cast("Arrow", pa.array(series, type=TEXT, from_pandas=True))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError):
        # lone surrogates and columns of mixed types do not fit Arrow text as they are
        return text_array(encoded_text(value) for value in series)
    return array.combine_chunks() if hasattr(array, "combine_chunks") else array


def encoded_text(value: object) -> str | None:
    """Give a value as text that UTF-8 can hold; None for the missing values of pandas."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _first_of_each(rows: Rows) -> tuple[Codes, Rows]:
    """Number distinct values from 0; give the codes, and a row of each."""
    codes, values = distinct(rows)
    first = np.empty(len(values), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes), dtype=np.int64)[::-1]
    return codes, first


def _number(columns: Sequence[Encoded]) -> Rows:
    rows = columns[0].codes.astype(np.int64) + 1
    size = len(columns[0].values) + 1
    for column in columns[1:]:
        width = len(column.values) + 1
        if size * width > _RADIX_LIMIT:
            codes, values = distinct(rows)
            rows, size = codes.astype(np.int64), len(values)
        rows = rows * width + (column.codes + 1)
        size *= width
    return rows


def _values_at(column: Encoded, rows: Rows) -> list[str | None]:
    codes = column.codes[rows]
    return cast("list[str | None]", column.values.take(pa.array(codes, mask=codes < 0)).to_pylist())
