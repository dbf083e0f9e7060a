"""Files of verdicts: what people said about pairs of records, one pair a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from rcu.domain.records import RecordKey
from rcu.errors import InputError
from rcu.matching.verdicts import Verdicts

COLUMNS: Final = ("left", "right", "verdict")
WORDS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("same", "match", "yes", "true", "1"), True),
    **dict.fromkeys(("different", "no match", "no", "false", "0"), False),
}
UNDECIDED: Final = ("", "unsure")
"""Words of lines that say nothing: a sample of pairs may be handed in half judged."""
_HINT: Final = "a line names two records as source:native_id, and says same or different"


@dataclass(frozen=True, slots=True)
class SaidPair:
    """What a line says: two records and whether they are one person."""

    line: int
    left: RecordKey
    right: RecordKey
    same: bool

    @property
    def pair(self) -> tuple[RecordKey, RecordKey]:
        """The two records in one order, however they were written."""
        return min(self.left, self.right), max(self.left, self.right)


def read_verdicts(path: Path) -> tuple[SaidPair, ...]:
    """Read a CSV with the columns left, right and verdict; commas or semicolons.

    A pair said twice alike counts once; one without a verdict, or `unsure`, is left out; further columns are not read.

    Raises:
        InputError: when it cannot be read, lacks a column, or a line makes no sense; names the line.
    """
    said: dict[tuple[RecordKey, RecordKey], SaidPair] = {}
    for one in _lines(path):
        before = said.setdefault(one.pair, one)
        if before.same != one.same:
            msg = f"{path.name}: line {one.line} says the opposite of line {before.line} about the same two records"
            raise InputError(msg, hint="leave one of the two")
    return tuple(said.values())


def _lines(path: Path) -> Iterator[SaidPair]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path.name}: cannot be read as UTF-8 text") from None
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ","
    )
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        msg = f"{path.name}: no column {', '.join(missing)}"
        raise InputError(msg, hint=f"a file of verdicts has the columns {', '.join(COLUMNS)}")
    for row in reader:
        left, right, word = ((row[name] or "").strip() for name in COLUMNS)
        if word.lower() not in UNDECIDED:
            yield _said(left, right, word, where=f"{path.name}: line {reader.line_num}", line=reader.line_num)


def _said(left: str, right: str, word: str, *, where: str, line: int) -> SaidPair:
    try:
        keys = RecordKey.parse(left), RecordKey.parse(right)
    except ValueError:
        raise InputError(f"{where} does not name two records", hint=_HINT) from None
    if keys[0] == keys[1]:
        raise InputError(f"{where} names one record twice", hint=_HINT)
    same = WORDS.get(word.lower())
    if same is None:
        raise InputError(f"{where} has no verdict that can be read", hint=f"a verdict is one of {', '.join(WORDS)}")
    return SaidPair(line, *keys, same)


def placed(said: tuple[SaidPair, ...], records: pd.DataFrame) -> Verdicts:
    """The verdicts by row of a frame of records with source and native_id.

    Raises:
        InputError: when a record is not there; names the line and how many lines there are such.
    """
    rows = pd.MultiIndex.from_frame(records[["source", "native_id"]])
    sides = [
        rows.get_indexer(pd.MultiIndex.from_tuples(_keys(said, side), names=rows.names)) if said else np.empty(0)
        for side in ("left", "right")
    ]
    unknown = np.flatnonzero((sides[0] < 0) | (sides[1] < 0))
    if len(unknown):
        first = said[int(unknown[0])]
        key = first.left if sides[0][unknown[0]] < 0 else first.right
        msg = f"line {first.line} of the verdicts: there is no record {key}"
        raise InputError(msg, hint=f"{len(unknown):,} of {len(said):,} lines name a record that was never delivered")
    same = np.fromiter((one.same for one in said), dtype=bool, count=len(said))
    return Verdicts(sides[0].astype(np.int64), sides[1].astype(np.int64), same)


def _keys(said: tuple[SaidPair, ...], side: str) -> list[tuple[str, str]]:
    keys: list[RecordKey] = [getattr(one, side) for one in said]
    return [(key.source, key.native_id) for key in keys]
