"""Write corrected rows back in the form their source writes, so that a replay takes the road of any other file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Final

from rcu.errors import InputError
from rcu.ingest.contract import Contract

RefusedRow = Mapping[str, object] | str
"""A refused row as the quarantine holds it: by column (or, from JSON, by key), or its text where it had no columns."""

_LINE_END: Final = "\r\n"


def flat_file(contract: Contract, header: Sequence[str], rows: Sequence[RefusedRow]) -> bytes:
    """A flat file of these rows under a contract.

    Raises:
        InputError: when a value cannot be written in the contract's encoding, or holds what separates values; or a row
            has a column that its file has not.
    """
    columns = list(header) or list(dict.fromkeys(name for row in rows if not isinstance(row, str) for name in row))
    lines = [_line(columns, contract), *(_text(row, columns, contract) for row in rows)]
    try:
        return _LINE_END.join([*lines, ""]).encode(contract.encoding)
    except UnicodeEncodeError as error:
        msg = f"a corrected row has a character that {contract.encoding} does not know, at {error.start}"
        raise InputError(msg, hint="write it without that character") from None


def _text(row: RefusedRow, columns: Sequence[str], contract: Contract) -> str:
    if isinstance(row, str):
        return row
    if row.keys() - set(columns):
        msg = "a corrected row has a column that its file has not"
        raise InputError(msg, hint="write columns as the refused row has them")
    return _line(["" if row.get(name) is None else str(row[name]) for name in columns], contract)


def _line(values: Sequence[str], contract: Contract) -> str:
    if not contract.quote:
        if any(mark in value for value in values for mark in (contract.separator, "\r", "\n")):
            msg = "a corrected value holds the separator or a line end, which this file cannot write"
            raise InputError(msg, hint="take it out of the value")
        return contract.separator.join(values)
    written = io.StringIO()
    csv.writer(written, delimiter=contract.separator, quotechar=contract.quote, lineterminator="").writerow(values)
    return written.getvalue()


def json_array(key: str, rows: Sequence[RefusedRow]) -> bytes:
    """A JSON object with these rows as its only array; a row that never was JSON stays as it is written.

    Raises:
        InputError: when a row has half a character.
    """
    elements = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    try:
        return f'{{"{key}":[{",".join(elements)}]}}'.encode()
    except UnicodeEncodeError:
        raise InputError("a corrected row has half a character", hint="write it without that character") from None
