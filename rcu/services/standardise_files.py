"""Write a table of text as CSV, Excel, Parquet or JSON lines; values stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from rcu.errors import InputError

MOST_EXCEL_ROWS: Final = 1_048_575
"""A sheet has one row more; the header takes it."""
_SLICE: Final = 50_000
_QUOTED: Final = r'[",\r\n]'
_kernels = cast("Any", pc)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write UTF-8 with commas; values are quoted where they must be (RFC 4180), missing ones are empty."""
    with path.open("wb") as stream:
        names = pa.array([str(name) for name in frame.columns], type=pa.large_string())
        stream.write(",".join(_quoted(names).to_pylist()).encode() + b"\n")
        for part in _slices(frame):
            columns = [_quoted(_text(part[name])) for name in part.columns]
            lines = _kernels.binary_join_element_wise(*columns, pa.scalar(",", type=pa.large_string()))
            stream.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write Parquet, every column text."""
    table = pa.table({str(name): _text(frame[name]) for name in frame.columns})
    cast("Any", pq).write_table(table, path, compression="zstd")


def write_json_lines(frame: pd.DataFrame, path: Path) -> None:
    """Write one JSON object a line; missing values are null."""
    names = [str(name) for name in frame.columns]
    with path.open("wb") as stream:
        for part in _slices(frame):
            rows = zip(*(_text(part[name]).to_pylist() for name in part.columns), strict=True)
            stream.write(b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows))


def write_excel(frame: pd.DataFrame, path: Path) -> None:
    """Write one sheet of text; control characters, which a workbook cannot hold, are left out.

    Raises:
        InputError: there are more rows than a sheet has.
    """
    if len(frame) > MOST_EXCEL_ROWS:
        msg = f"{len(frame):,} rows are more than an Excel sheet holds"
        raise InputError(msg, hint="write .csv or .parquet")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("standardised")

    def cell(value: str | None) -> object:
        """A text, also where it looks like a formula or an error."""
        text = ILLEGAL_CHARACTERS_RE.sub("", value) if value else None
        if not text or text[0] not in "=#":
            return text
        plain = WriteOnlyCell(sheet, value=text)
        plain.data_type = "s"
        return plain

    sheet.append([cell(str(name)) for name in frame.columns])
    for part in _slices(frame):
        for row in zip(*(_text(part[name]).to_pylist() for name in part.columns), strict=True):
            sheet.append([cell(value) for value in row])
    book.save(path)


WRITERS: Final[Mapping[str, Callable[[pd.DataFrame, Path], None]]] = {
    ".csv": write_csv,
    ".parquet": write_parquet,
    ".xlsx": write_excel,
    ".jsonl": write_json_lines,
}
"""How a table is written, by the ending of its file."""


def _slices(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), _SLICE):
        yield frame.iloc[start : start + _SLICE]


def _text(values: pd.Series[str]) -> Any:  # noqa: ANN401 - pyarrow types its arrays by their element
    array = cast("Any", pa.array(values, from_pandas=True)).cast(pa.large_string())
    return array.combine_chunks() if hasattr(array, "combine_chunks") else array


def _quoted(values: Any) -> Any:  # noqa: ANN401 - as above
    """Quote the values that need it, and write missing ones as nothing."""
    filled = _kernels.fill_null(values, "")
    needs = _kernels.match_substring_regex(filled, pattern=_QUOTED)
    doubled = _kernels.replace_substring(filled, pattern='"', replacement='""')
    quote = pa.scalar('"', type=pa.large_string())
    nothing = pa.scalar("", type=pa.large_string())
    return _kernels.if_else(needs, _kernels.binary_join_element_wise(quote, doubled, quote, nothing), filled)
