"""Fill the fields of a contract from a table of text, noting every fault."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from rcu.domain.records import RAW_FIELDS
from rcu.ingest.contract import Contract, FieldRule
from rcu.ingest.refusals import Problem
from rcu.ingest.sniffing import columns_of, find_column
from rcu.ingest.table import Faults, Mask, Table, Text, distinct, large_text, lengths, mapped, present, text_series
from rcu.ingest.values import MILLI, MINOR, flag, moments, numbers, scaled, whole

_FLAGS: Final = frozenset({"deleted", "is_guest", "cancelled"})
_MONTH_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DIGEST_BYTES: Final = 16


@dataclass(slots=True)
class Filling:
    """The fields of one chunk: series by field, all as long as the table."""

    table: Table
    contract: Contract
    faults: Faults
    series: dict[str, pd.Series[Any]] = field(default_factory=dict[str, "pd.Series[Any]"])
    _times: dict[tuple[str | None, ...], tuple[pd.Series[pd.Timestamp], Mask]] = field(
        default_factory=dict[tuple[str | None, ...], tuple["pd.Series[pd.Timestamp]", Mask]]
    )

    @classmethod
    def of(cls, table: Table, contract: Contract) -> Filling:
        """Fill every field of the contract."""
        filling = cls(table, contract, Faults(len(table.lines)))
        filling._refuse_long_values()
        for name, value in contract.constants.items():
            filling.series[name] = filling._constant(name, value)
        for name, rule in contract.fields.items():
            filling.series[name] = filling._fill(name, rule)
        return filling

    def times(self, columns: Sequence[str | None]) -> pd.Series[pd.Timestamp]:
        """Read columns joined by a space as UTC instants; a value that cannot be read is a fault of its row."""
        key = tuple(columns)
        if key not in self._times:
            formats, zone = self.contract.date_formats, self.contract.time_zone
            self._times[key] = moments(self.table.joined(columns), formats, zone)
        found, bad = self._times[key]
        self.faults.add(
            bad, Problem(_shown(columns), "bad_date", f"a date like {' or '.join(self.contract.date_formats)}")
        )
        return found

    def column(self, name: str) -> str | None:
        """Find a column of the file by its name in the contract."""
        return find_column(self.table.header, (name,))

    def _refuse_long_values(self) -> None:
        limit = self.contract.max_field_length
        for name, values in self.table.columns.items():
            self.faults.add(lengths(values) > limit, Problem(name, "field_too_long", f"at most {limit:,} characters"))

    def _constant(self, name: str, value: str) -> pd.Series[Any]:
        texts = large_text([value] * len(self.table.lines))
        return self._read(name, texts, (name,))

    def _fill(self, name: str, rule: FieldRule) -> pd.Series[Any]:
        columns = columns_of(rule, self.table.header)
        if rule.digest:
            return self._digest(columns)
        if name.endswith("_at"):
            return self._needed(rule, columns, self.table.joined(columns), self.times(columns))
        texts = self.table.text(columns[0]) if _as_written(name, columns) else self.table.joined(columns)
        return self._needed(rule, columns, texts, self._read(name, self._mapped(rule, columns, texts), columns))

    def _needed(
        self, rule: FieldRule, columns: Sequence[str | None], texts: Text, found: pd.Series[Any]
    ) -> pd.Series[Any]:
        shown = _shown(columns)
        if rule.required:
            self.faults.add(~present(texts), Problem(shown, "missing_key", "a value"))
        if rule.check == "email":
            self.faults.add(~_matching(texts, _EMAIL), Problem(shown, "bad_value", "an email address"))
        return found

    def _mapped(self, rule: FieldRule, columns: Sequence[str | None], texts: Text) -> Text:
        if rule.values:
            texts, unknown = mapped(texts, rule.values)
            self.faults.add(unknown, Problem(_shown(columns), "bad_value", f"one of {', '.join(rule.values)}"))
        return _each(texts, _month_day) if rule.month_day else texts

    def _read(self, name: str, texts: Text, columns: Sequence[str | None]) -> pd.Series[Any]:
        decimal, shown = self.contract.decimal, _shown(columns)
        if name.endswith("_minor"):
            return self._number(
                texts, partial(scaled, places=MINOR, decimal=decimal), Problem(shown, "bad_amount", "an amount")
            )
        if name == "quantity_milli":
            return self._number(
                texts, partial(scaled, places=MILLI, decimal=decimal), Problem(shown, "bad_amount", "a quantity")
            )
        if name == "line_number":
            return self._number(texts, whole, Problem(shown, "bad_value", "a whole number"))
        if name in _FLAGS:
            found = self._number(texts, flag, Problem(shown, "bad_value", "yes or no"))
            return found.fillna(0).astype(bool)
        return text_series(texts)

    def _number(self, texts: Text, read: Callable[[str], int | None], problem: Problem) -> pd.Series[int]:
        found, bad = numbers(texts, read)
        self.faults.add(bad, problem)
        return found

    def _digest(self, columns: Sequence[str | None]) -> pd.Series[Any]:
        texts = [self.table.trimmed(column).fill_null("").to_pylist() for column in columns]
        return text_series(large_text([digest(*row) for row in zip(*texts, strict=True)]))


def digest(*values: str) -> str:
    """Make an id of values: 32 hexadecimal digits, the same for the same values on every machine."""
    return hashlib.blake2b("\x1f".join(values).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _as_written(name: str, columns: Sequence[str | None]) -> bool:
    """Personal fields of one column are kept to the letter; cleaning is another room's work."""
    return name in RAW_FIELDS and len(columns) == 1


def _shown(columns: Sequence[str | None]) -> str:
    return " ".join(column for column in columns if column is not None)


def _each(texts: Text, change: Callable[[str], str]) -> Text:
    codes, values = distinct(texts)
    return mapped(texts, {value: change(value) for value in values})[0] if len(codes) else texts


def _month_day(text: str) -> str:
    """Write `03/25` as `--03-25`; anything else stays as it is, for cleaning to judge."""
    found = _MONTH_DAY.fullmatch(text.strip())
    return f"--{int(found[1]):02d}-{int(found[2]):02d}" if found else text


def _matching(texts: Text, pattern: re.Pattern[str]) -> Mask:
    """Tell the values a pattern fits; null fits."""
    codes, values = distinct(texts)
    fits = np.array([pattern.fullmatch(value.strip()) is not None for value in values] + [True])
    return fits[codes]
