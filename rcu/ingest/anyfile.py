"""Read any tabular file into columns of text: delimited text, Excel, Parquet, JSON lines or a JSON array.

Nothing is asked of the caller: format, encoding, separator and header are found out and told. A file is read whole or
refused; no error quotes a value.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from charset_normalizer import from_bytes
from openpyxl import load_workbook

from rcu.errors import UnreadableFile

SEPARATORS: Final = (",", ";", "\t", "|")
LARGEST_BYTES: Final = 4 << 30
"""No file is unpacked beyond this size: a small archive can hold a very large nothing."""
MOST_BAD: Final = 0.01
"""Up to this share of rows may have too many fields."""
_SAMPLE: Final = 1 << 18
_SAMPLE_LINES: Final = 200
_NULLS: Final = frozenset({"", "NULL", "(NULL)", "<NULL>", "N/A", "#N/A", "NAN", "<NA>", "\\N", "NONE", "NAT"})
_WIDE: Final = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
                (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip

Rows = Sequence[Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class AnyFile:
    """A file's rows as columns of text (pandas' `str`, NaN where there is nothing), and how it was read."""

    name: str
    frame: pd.DataFrame
    form: str
    notes: tuple[str, ...] = ()


def read_any(path: Path) -> AnyFile:
    """Read a tabular file; the format is recognised by its first bytes, then by its name.

    Raises:
        UnreadableFile: it is missing, empty, damaged, or not a table.
    """
    content = _bytes_of(path)
    name = path.name
    if not content.strip():
        raise UnreadableFile(name, "the file is empty", hint="give a file with a header and at least one row")
    if content.startswith(b"PAR1"):
        return _parquet(name, content)
    if content.startswith(b"PK\x03\x04"):
        return _excel(name, content)
    if content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"SQLite format 3")):
        raise UnreadableFile(
            name, "not a table RCU can read", hint="save it as CSV, Excel (.xlsx), Parquet or JSON lines"
        )
    if content.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:1] in {b"{", b"["} and not _named(path, ".csv", ".tsv", ".txt"):
        return _json(name, content)
    return _delimited(name, content)


def _named(path: Path, *endings: str) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(endings)


def _bytes_of(path: Path) -> bytes:
    """Read and, where needed, unpack a file."""
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                content = stream.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise UnreadableFile(path.name, "there is no such file", hint="check the path") from None
    except IsADirectoryError:
        raise UnreadableFile(path.name, "this is a directory", hint="name the files in it") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnreadableFile(path.name, "the compressed file is damaged or cut", hint="copy it again") from None
    except OSError as error:
        raise UnreadableFile(path.name, error.strerror or "cannot be opened", hint="check its permissions") from None
    if len(content) > LARGEST_BYTES:
        raise UnreadableFile(path.name, "too large to be read at once", hint="split the file")
    return content


def _delimited(name: str, content: bytes) -> AnyFile:
    text, encoding = _decoded(name, content)
    separator = _separator(text)
    header, body, notes = _with_header(_parsed(name, text, separator))
    body, more = _of_width(name, body, len(header), separator=separator)
    words = {"\t": "tab"}.get(separator, separator)
    return AnyFile(name, text_frame(name, header, body), f"text, {encoding}, separator {words}", notes + more)


def _of_width(
    name: str, rows: list[list[str]], width: int, *, separator: str
) -> tuple[list[list[str]], tuple[str, ...]]:
    """Fill short rows up; leave a few rows with too many fields out, and say so; refuse a file that has many."""
    filled = [(number, row) for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]
    bad = [number for number, row in filled if any(cell.strip() for cell in row[width:])]
    if len(bad) > MOST_BAD * len(filled):
        raise UnreadableFile(
            name,
            f"row {bad[0]} and {len(bad) - 1} others have more fields than the header",
            hint=f"put fields that contain {separator!r} in double quotes, or use another separator",
        )
    left_out = set(bad)
    sound = [[*row[:width], *[""] * (width - len(row))] for number, row in filled if number not in left_out]
    if not bad:
        return sound, ()
    named = ", ".join(map(str, bad[:10])) + (", ..." if len(bad) > 10 else "")
    return sound, (f"{len(bad)} rows with more fields than the header are left out: {named}",)


def _decoded(name: str, content: bytes) -> tuple[str, str]:
    """Decode text: by its mark, as UTF-8, by the most likely encoding, and at last as Western European."""
    for mark, encoding in _WIDE:
        if content.startswith(mark):
            return _decode(name, content, encoding), encoding
    if content.count(0, 0, _SAMPLE) * 20 > min(len(content), _SAMPLE):
        raise UnreadableFile(name, "binary content, not text", hint="save it as CSV, Excel (.xlsx) or Parquet")
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    for encoding in (_guess(content), "cp1252", "latin-1"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(name, "text in an unknown encoding", hint="save it as UTF-8")


def _decode(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableFile(name, f"damaged {encoding} text", hint="save it as UTF-8") from None


def _guess(content: bytes) -> str:
    """The likeliest encoding of the lines with accents; Western European when in doubt, as most exports are."""
    accented = b"\n".join(line for line in content[: _SAMPLE * 4].splitlines() if not line.isascii())[:20_000]
    likely = ["cp1252", "mac_roman", "cp850", "cp1250", "cp1251", "cp1253", "cp1254", "utf_8"]
    best = from_bytes(accented, cp_isolation=likely).best()
    return best.encoding if best and len(accented) > 400 else "cp1252"


def _separator(text: str) -> str:
    """The separator under which the first rows have the most fields, all the same number."""
    lines = [line for line in text[:_SAMPLE].splitlines()[:_SAMPLE_LINES] if line.strip()]

    def worth(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
        width, times = widths.most_common(1)[0]
        return (times / max(sum(widths.values()), 1) if width > 1 else 0.0, width)

    return max(SEPARATORS, key=worth)


def _parsed(name: str, text: str, separator: str) -> list[list[str]]:
    """Cut text into rows of fields; where a quote never closes, quotes are letters like others if the rows then fit."""
    csv.field_size_limit(1 << 24)

    def cut(*, strict: bool = False, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> list[list[str]]:
        source = io.StringIO(text, newline="")
        return list(csv.reader(source, delimiter=separator, skipinitialspace=True, strict=strict, quoting=quoting))

    try:
        return cut(strict=True)
    except csv.Error as error:
        if "unexpected end of data" not in str(error) and "limit" not in str(error):
            return cut()
    rows = cut(quoting=csv.QUOTE_NONE)
    if len({len(row) for row in rows if row}) > 1:
        raise UnreadableFile(
            name, "a quote is opened and never closed", hint="check the double quotes and the separator"
        )
    return rows


def _with_header(rows: list[list[str]]) -> tuple[list[str], list[list[str]], tuple[str, ...]]:
    """Take the first row as names, unless it holds values: then columns are numbered."""
    first = next((at for at, row in enumerate(rows) if any(cell.strip() for cell in row)), 0)
    if any(_is_value(cell) for cell in rows[first]):
        names = [f"column {place}" for place in range(1, len(rows[first]) + 1)]
        return names, rows[first:], ("the first row holds values, not names: columns are numbered",)
    return rows[first], rows[first + 1 :], ()


def _is_value(cell: str) -> bool:
    """Whether a cell cannot be the name of a column: an address with an @, a number or a date."""
    plain = cell.strip()
    digits = sum(letter.isdigit() for letter in plain)
    return ("@" in plain and "." in plain) or (digits >= 2 and not any(letter.isalpha() for letter in plain))


def _excel(name: str, content: bytes) -> AnyFile:
    """Read the first sheet that has more than one row."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = [[_as_text(cell) or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
            rows = [row for row in rows if any(row)]
            if len(rows) > 1:
                header, body, notes = _with_header(_squared(rows))
                return AnyFile(name, text_frame(name, header, body), f"Excel, sheet {sheet.title}", notes)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError, AttributeError):
        raise UnreadableFile(name, "not a sound Excel workbook", hint="open it and save it again as .xlsx") from None
    raise UnreadableFile(name, "no sheet has a header and a row", hint="put the table on the first sheet")


def _squared(rows: list[list[str]]) -> list[list[str]]:
    """Give every row the width of the widest: sheets without stored dimensions end a row at its last cell."""
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows]


def _parquet(name: str, content: bytes) -> AnyFile:
    try:
        table = cast("Any", pq).read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError):
        raise UnreadableFile(name, "a damaged Parquet file", hint="write it again") from None
    columns = {
        str(field): [_as_text(value) for value in table.column(at).to_pylist()]
        for at, field in enumerate(table.column_names)
    }
    return AnyFile(name, text_frame(name, list(columns), list(zip(*columns.values(), strict=True))), "Parquet")


def _json(name: str, content: bytes) -> AnyFile:
    """Read objects, one a line or in an array; nested objects become `outer.inner`."""
    objects, form = _objects(name, content)
    flat = [_flat(one) for one in objects]
    header = list(dict.fromkeys(key for row in flat for key in row))
    rows = [[_as_text(row.get(key)) for key in header] for row in flat]
    return AnyFile(name, text_frame(name, header, rows), form)


def _objects(name: str, content: bytes) -> tuple[list[dict[str, Any]], str]:
    content = content.removeprefix(codecs.BOM_UTF8)
    whole = content.lstrip()[:1] == b"["
    pieces = [content] if whole else content.splitlines()
    read: list[Any] = []
    for number, piece in enumerate(pieces, start=1):
        if piece.strip():
            try:
                read.append(orjson.loads(piece))
            except orjson.JSONDecodeError:
                where = "the JSON" if whole else f"line {number}"
                raise UnreadableFile(
                    name, f"{where} cannot be read", hint="one JSON object a line, or an array"
                ) from None
    items: list[Any] = read[0] if whole else read
    if not all(isinstance(item, dict) for item in items):
        raise UnreadableFile(name, "JSON that is not a list of objects", hint="one JSON object a line, or an array")
    return cast("list[dict[str, Any]]", items), "JSON array" if whole else "JSON lines"


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in item.items():
        if isinstance(value, dict):
            flat |= _flat(cast("dict[str, Any]", value), f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _as_text(value: object) -> str | None:
    """Write a typed value as a person would: dates in ISO, whole numbers without decimals."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float):
        return None if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple, dict)):
        return orjson.dumps(value, default=str).decode()
    return str(value)


def text_frame(name: str, header: Sequence[str], rows: Rows) -> pd.DataFrame:
    """Make columns of trimmed text of rows; words for "nothing" become missing.

    Raises:
        UnreadableFile: there are no columns or no rows.
    """
    if not header or not rows:
        raise UnreadableFile(name, "a header without rows", hint="give a file with at least one row")
    names = _unique_names(header)
    columns = {
        column: pd.Series([_trimmed(value) for value in values], dtype=pd.StringDtype("pyarrow", na_value=np.nan))
        for column, values in zip(names, zip(*rows, strict=True), strict=True)
    }
    return pd.DataFrame(columns)


def _trimmed(value: str | None) -> str | None:
    if value is None:
        return None
    text = " ".join(value.replace("\x00", "").split()).encode("utf-8", "replace").decode("utf-8")
    return None if text.upper() in _NULLS else text


def _unique_names(header: Iterable[str]) -> list[str]:
    """Names of columns: trimmed, none empty, none twice."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for place, raw in enumerate(header, start=1):
        name = " ".join(str(raw).replace("\ufeff", "").split()) or f"column {place}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names
