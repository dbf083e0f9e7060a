"""A chunk of rows as columns of text, and the faults found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rcu.ingest.lines import Row
from rcu.ingest.refusals import Problem

Text = Any
"""A `pyarrow.LargeStringArray`: text columns are worked on in Arrow and handed over as pandas' `str` dtype."""

Mask = npt.NDArray[np.bool_]
_compute: Final = cast("Any", pc)
_BLANK: Final = pa.scalar(" ", pa.large_string())


@dataclass(slots=True)
class Table:
    """Rows of equal width as columns by header; `lines` are their line numbers."""

    header: Sequence[str]
    lines: npt.NDArray[np.int64]
    columns: dict[str, Text]

    @classmethod
    def of(cls, header: Sequence[str], rows: Sequence[Row], separator: str) -> Table:
        """Part sound rows into columns."""
        width = len(header)
        blank = separator * (width - 1)
        flat = separator.join([row.text if row.fields is None else blank for row in rows]).split(separator)
        special = [(place, row.fields) for place, row in enumerate(rows) if row.fields is not None]
        for place, fields in special:
            flat[place * width : (place + 1) * width] = fields
        columns = {name: large_text(flat[at::width] if rows else []) for at, name in enumerate(header)}
        return cls(header, np.array([row.line for row in rows], dtype=np.int64), columns)

    def text(self, column: str | None) -> Text:
        """Give a column with null for the empty text; a missing column is all null."""
        if column is None:
            return large_text([None] * len(self.lines))
        values = self.columns[column]
        return _compute.if_else(_compute.equal(values, ""), None, values)

    def trimmed(self, column: str | None) -> Text:
        """Give a column without blanks around its values, null when nothing is left."""
        values = _compute.utf8_trim_whitespace(self.text(column))
        return _compute.if_else(_compute.equal(values, ""), None, values)

    def joined(self, columns: Sequence[str | None]) -> Text:
        """Join columns by a space, leaving out what is empty."""
        if len(columns) == 1:
            return self.trimmed(columns[0])
        parts = [self.trimmed(column) for column in columns]
        values = _compute.utf8_trim_whitespace(_compute.binary_join_element_wise(*parts, _BLANK, null_handling="skip"))
        return _compute.if_else(_compute.equal(values, ""), None, values)

    def row(self, place: int) -> list[str]:
        """Give back the values of one row."""
        return [cast("str", column[place].as_py()) for column in self.columns.values()]

    def frame(self, keep: Mask) -> pd.DataFrame:
        """Give the kept rows as the source wrote them, with their line."""
        chosen = pa.array(keep)
        data = {name: text_series(column.filter(chosen)) for name, column in self.columns.items()}
        return pd.DataFrame({"line": self.lines[keep], **data})


@dataclass(slots=True)
class Faults:
    """The first fault of each row."""

    size: int
    problems: list[Problem] = field(default_factory=list[Problem])
    first: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.first = np.full(self.size, -1, dtype=np.int64)

    def add(self, bad: Mask, problem: Problem) -> None:
        """Mark rows that have no fault yet."""
        if bad.any():
            self.first[bad & (self.first < 0)] = len(self.problems)
            self.problems.append(problem)

    @property
    def sound(self) -> Mask:
        """Tell the rows without fault."""
        return self.first < 0


def large_text(values: Sequence[str | None]) -> Text:
    """Make an Arrow text column."""
    return cast("Any", pa.array(values, type=pa.large_string()))


def text_series(values: Text) -> pd.Series[str]:
    """Hand an Arrow text column over as pandas' `str` dtype (null is NaN there)."""
    flat = values.combine_chunks() if hasattr(values, "combine_chunks") else values
    return pd.Series(pd.array(flat, dtype=pd.StringDtype("pyarrow", na_value=np.nan)))


def present(values: Text) -> Mask:
    """Tell where a column holds something."""
    return values.is_valid().to_numpy(zero_copy_only=False)


def distinct(values: Text) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Give codes and distinct values; code -1 is null."""
    encoded = values.dictionary_encode()
    encoded = encoded.combine_chunks() if hasattr(encoded, "combine_chunks") else encoded
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, cast("list[str]", encoded.dictionary.to_pylist())


def lengths(values: Text) -> npt.NDArray[np.int64]:
    """Count the characters of each value."""
    return _compute.utf8_length(values).to_numpy(zero_copy_only=False)


def mapped(values: Text, table: dict[str, str]) -> tuple[Text, Mask]:
    """Replace values by a table; also tell which ones are not in it. Null stays null."""
    codes, texts = distinct(values)
    known = [table.get(text) for text in texts]
    taken = large_text(known).take(pa.array(codes, mask=codes < 0))
    return taken, present(values) & ~present(taken)
