"""Work on distinct values: encode a column once, map its values, spread the results back over the rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Codes = npt.NDArray[np.int64]
Arrow = Any  # pyarrow types its arrays by their element; here they are all text
_RADIX_LIMIT = 2**62
_SLICE = 4096


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column as codes into its distinct values; code -1 is a missing value."""

    codes: Codes
    values: Sequence[str]


def encode(frame: pd.DataFrame, column: str) -> Encoded:
    """Dictionary-encode a text column; a column that is not there is all missing."""
    if column not in frame.columns:
        return Encoded(np.full(len(frame), -1, dtype=np.int64), [])
    dictionary = _arrow_text(frame[column]).dictionary_encode()
    codes = dictionary.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Encoded(codes, cast("list[str]", dictionary.dictionary.to_pylist()))


def combine(columns: Sequence[Encoded]) -> tuple[Codes, Iterator[tuple[str | None, ...]]]:
    """Number the distinct tuples of several columns: a code for each row, and the tuples in the order of the codes."""
    rows = _number(columns)
    codes, distinct = pd.factorize(rows)
    first = np.empty(len(distinct), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes), dtype=np.int64)[::-1]
    return codes.astype(np.int64), zip(*(_values_at(column, first) for column in columns), strict=True)


def spread(codes: Codes, values: Iterable[str | None]) -> pd.Series[str]:
    """Give each row the value its code names (None for -1), in pandas' `str` dtype."""
    distinct = cast("Arrow", pa.array(list(values), type=pa.large_string()))
    taken = distinct.take(pa.array(codes, mask=codes < 0))
    return pd.Series(pd.array(taken, dtype=pd.StringDtype("pyarrow", na_value=np.nan)))


def transpose(rows: Iterable[tuple[str | None, ...]], width: int) -> list[list[str | None]]:
    """Turn result rows into columns; no rows give `width` empty columns.

    A slice at a time, since the garbage collector goes over every tuple alive again and again.
    """
    columns: list[list[str | None]] = [[] for _ in range(width)]
    source = iter(rows)
    while part := list(islice(source, _SLICE)):
        for column, values in zip(columns, zip(*part, strict=True), strict=True):
            column.extend(values)
    return columns


def _arrow_text(series: pd.Series[Any]) -> Arrow:
    try:
        array = cast("Arrow", pa.array(series, from_pandas=True)).cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError):
        # lone surrogates and columns of mixed types do not fit Arrow text as they are
        return cast("Arrow", pa.array([_as_text(value) for value in series], type=pa.large_string()))
    return array.combine_chunks() if hasattr(array, "combine_chunks") else array


def _as_text(value: object) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _number(columns: Sequence[Encoded]) -> Codes:
    rows = columns[0].codes + 1
    size = len(columns[0].values) + 1
    for column in columns[1:]:
        width = len(column.values) + 1
        if size * width > _RADIX_LIMIT:
            rows, distinct = pd.factorize(rows)
            rows, size = rows.astype(np.int64), len(distinct)
        rows = rows * width + (column.codes + 1)
        size *= width
    return rows


def _values_at(column: Encoded, rows: Codes) -> list[str | None]:
    values = np.array([*column.values, None], dtype=object)
    return cast("list[str | None]", values[column.codes[rows]].tolist())
