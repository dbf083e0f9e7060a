"""Part a flat file into rows: every physical row comes out once, whole or marked as damaged."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final

from rcu.errors import UnreadableFile
from rcu.ingest.contract import Contract
from rcu.ingest.files import blocks
from rcu.ingest.refusals import Problem

MAX_LINE_BYTES: Final = 1 << 25
MAX_RECORD_LINES: Final = 100
"""Physical lines a quoted value may run over; past that the quote is held to be a slip of the first line."""

NUL_PROBLEM: Final = Problem(None, "bad_encoding", "no NUL bytes in text")


@dataclass(slots=True)
class Row:
    """A row: its first physical line, its text, its fields where quoting had to be undone, and what is wrong."""

    line: int
    text: str
    fields: list[str] | None = None
    problem: Problem | None = None


def read_rows(stream: IO[bytes], contract: Contract, *, file: str, width: int) -> Iterator[list[Row]]:
    """Read the rows below the header, block by block; `width` is the number of columns.

    Blank lines are no rows. With quoting a value may hold line feeds; a quote that is not closed, or whose closing
    gives no row of the right width, damages its own line alone and reading goes on with the next one.
    """
    physical = _physical(stream, contract.encoding, file)
    if not contract.quote:
        for lines in physical:
            yield [_checked(row, row.text.count(contract.separator) + 1, width) for row in lines if row.text.strip()]
        return
    yield from _in_blocks(_unquoted(physical, contract, width))


def parse_quoted(text: str, contract: Contract) -> list[str] | None:
    """Part one row into fields as its quotes say; None when they do not balance."""
    try:
        reader = csv.reader([text], delimiter=contract.separator, quotechar=contract.quote, strict=True)
        return next(iter(reader))
    except (csv.Error, StopIteration):
        return None


def _physical(stream: IO[bytes], encoding: str, file: str) -> Iterator[list[Row]]:
    """Decode and number the lines below the header (which is line 1)."""
    number = 1
    for lines in _lines(stream, file):
        rows = _decoded(lines, number, encoding)
        yield rows[1:] if number == 1 else rows
        number += len(lines)


def _lines(stream: IO[bytes], file: str) -> Iterator[list[bytes]]:
    """Cut a stream at line feeds; the last line counts with or without one."""
    rest = b""
    for block in blocks(stream):
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            hint = "check the separator of lines: LF or CR LF"
            raise UnreadableFile(file, f"a line of more than {MAX_LINE_BYTES:,} bytes", hint=hint)
        if lines:
            yield lines
    if rest:
        yield [rest]


def _decoded(lines: list[bytes], first: int, encoding: str) -> list[Row]:
    block = b"\n".join([*lines, b""])
    if b"\0" not in block:
        try:
            texts = block.decode(encoding).replace("\r\n", "\n").split("\n")
        except UnicodeDecodeError:
            pass
        else:
            return [Row(number, text) for number, text in enumerate(texts[:-1], first)]
    return [_decoded_line(number, line.removesuffix(b"\r"), encoding) for number, line in enumerate(lines, first)]


def _decoded_line(number: int, line: bytes, encoding: str) -> Row:
    try:
        return Row(number, line.decode(encoding), problem=NUL_PROBLEM if b"\0" in line else None)
    except UnicodeDecodeError as error:
        problem = Problem(None, "bad_encoding", f"text in {encoding}; the byte at {error.start} is not")
        return Row(number, line.decode(encoding, "backslashreplace"), problem=problem)


def _unquoted(physical: Iterable[list[Row]], contract: Contract, width: int) -> Iterator[Row]:
    """Undo quoting: join the physical lines of a value with line feeds, mark rows whose quotes do not balance."""
    waiting: deque[Row] = deque()
    source = (row for rows in physical for row in rows)
    while (row := _next(waiting, source)) is not None:
        if contract.quote not in row.text:
            if row.text.strip():
                yield _checked(row, row.text.count(contract.separator) + 1, width)
        elif row.problem is not None:
            yield row
        else:
            yield _quoted(row, waiting, source, contract=contract, width=width)


def _quoted(row: Row, waiting: deque[Row], source: Iterator[Row], *, contract: Contract, width: int) -> Row:
    open_quote = row.text.count(contract.quote) % 2 == 1
    if not open_quote:
        row.fields = parse_quoted(row.text, contract)
        return _checked(row, len(row.fields), width) if row.fields is not None else _damaged(row)
    taken = [row]
    while open_quote and len(taken) < MAX_RECORD_LINES and (following := _next(waiting, source)) is not None:
        taken.append(following)
        open_quote ^= following.text.count(contract.quote) % 2 == 1
    text = "\n".join(part.text for part in taken)
    fields = None if open_quote or any(part.problem for part in taken) else parse_quoted(text, contract)
    if fields is None or len(fields) != width:
        waiting.extendleft(reversed(taken[1:]))
        return _damaged(row)
    return Row(row.line, text, fields)


def _next(waiting: deque[Row], source: Iterator[Row]) -> Row | None:
    return waiting.popleft() if waiting else next(source, None)


def _damaged(row: Row) -> Row:
    row.fields = None
    if len(row.text) > csv.field_size_limit():
        row.problem = Problem(None, "field_too_long", f"quoted values of at most {csv.field_size_limit():,} characters")
    else:
        row.problem = Problem(None, "bad_value", "quotes that are closed, and doubled inside a value")
    return row


def _checked(row: Row, found: int, width: int) -> Row:
    if row.problem is None and found != width:
        reason = "too_many_fields" if found > width else "too_few_fields"
        row.problem = Problem(None, reason, f"{width} fields, found {found}")
    return row


def _in_blocks(rows: Iterable[Row], size: int = 10_000) -> Iterator[list[Row]]:
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block
