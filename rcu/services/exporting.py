"""Lists as files: NDJSON, CSV and Parquet, written while they are read, so that they need no room of their own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeAlias

import orjson
import pyarrow as pa
from pyarrow import parquet

Row: TypeAlias = Mapping[str, Any]


class Format(StrEnum):
    """How a list is written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class Kind(StrEnum):
    """What a column holds; in CSV and Parquet anything else is JSON text."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    MONEY = "money"
    FLAG = "flag"
    INSTANT = "instant"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, what it holds, and where it is found in a row (None: nothing is known)."""

    name: str
    kind: Kind
    value: Callable[[Row], Any]


_ARROW: Final = {
    Kind.TEXT: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.MONEY: pa.decimal128(18, 2),
    Kind.FLAG: pa.bool_(),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.JSON: pa.string(),
}
_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9 .]*")


def table(pages: Iterable[Sequence[Row]], columns: Sequence[Column], how: Format) -> Iterator[bytes]:
    """Rows as CSV or Parquet, a piece for each page.

    CSV is RFC 4180 in UTF-8 with a header; what is not known is empty. A text that a spreadsheet would take for a
    formula has an apostrophe before it, see https://owasp.org/www-community/attacks/CSV_Injection; numbers have none.
    """
    return _csv(pages, columns) if how is Format.CSV else _parquet(pages, columns)


def lines(pages: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
    """JSON documents, one a line."""
    for page in pages:
        yield b"".join(one + b"\n" for one in page)


def _csv(pages: Iterable[Sequence[Row]], columns: Sequence[Column]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for page in pages:
        writer.writerows([_cell(column, column.value(row)) for column in columns] for row in page)
        yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return content


def _cell(column: Column, value: Any) -> str:  # noqa: ANN401  # whatever a row holds
    match column.kind:
        case _ if value is None:
            return ""
        case Kind.JSON:
            return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
        case Kind.FLAG:
            return "true" if value else "false"
        case Kind.TEXT:
            said = str(value)
            return f"'{said}" if _FORMULA.match(said) and not _NUMBER.fullmatch(said) else said
        case _:
            return str(value)


def _parquet(pages: Iterable[Sequence[Row]], columns: Sequence[Column]) -> Iterator[bytes]:
    schema = pa.schema([(column.name, _ARROW[column.kind]) for column in columns])
    sink = _Sink()
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for page in pages:
            writer.write_table(_arrow(page, columns, schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that is only written, from its beginning to its end; what was written is taken out of it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: Any) -> int:  # noqa: ANN401  # any buffer
        """Hold some bytes."""
        self._parts.append(bytes(content))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        """How much was written so far."""
        return self._size

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        found, self._parts = b"".join(self._parts), []
        return found


def _arrow(page: Sequence[Row], columns: Sequence[Column], schema: pa.Schema) -> pa.Table:
    arrays = [
        pa.array([_value(column.kind, column.value(row)) for row in page], field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _value(kind: Kind, value: Any) -> Any:  # noqa: ANN401
    match kind:
        case _ if value is None:
            return None
        case Kind.JSON:
            return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
        case Kind.MONEY:
            return Decimal(value)
        case Kind.INSTANT:
            return datetime.fromisoformat(value) if isinstance(value, str) else value
        case Kind.TEXT:
            return str(value)
        case _:
            return value
