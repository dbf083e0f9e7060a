"""Recognise the columns of an unknown file: by their header, in French and English, and by what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pandas as pd

from rcu.errors import InputError
from rcu.ingest.headers import (
    FIELDS,
    REPEATABLE,
    field_of_a_word,
    field_of_header,
    is_id_header,
    is_label_header,
    is_national_id_header,
)

SAMPLE: Final = 4_000
LEAST_FILL: Final = 0.02
LONGEST_TEXT: Final = 80
FREE_ID: Final = 0.9
"""From this share of different values up, an unknown column of codes is an id of the row, not of the person."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_PHONE: Final = re.compile(r"\+?\(?\d[\d ().\-/]{6,20}\d")
_DATE: Final = re.compile(
    r"(?:(?:1[6-9]|20)\d\d[-/.]?[01]?\d[-/.]?[0-3]?\d|[0-3]?\d[-/. ][01]?\d[-/. ](?:(?:1[6-9]|20)?\d\d)"
    r"|[0-3]?\d[-/. ][A-Za-zéûÉÛ]{3,9}\.?[-/. ]\d{2,4})(?:[T ]\d\d?:.*)?"
)
_NUMBER: Final = re.compile(r"\d{1,4}")
_CODE: Final = re.compile(r"[A-Za-z]{0,4}[-_ ]?\d[\w\-]*")


class Shape(StrEnum):
    """How the values of a column look."""

    EMAIL = "e-mail"
    PHONE = "phone"
    DATE = "date"
    NUMBER = "number"
    CODE = "code"
    CATEGORY = "category"
    TEXT = "text"
    NOTHING = "nothing"


class Role(StrEnum):
    """What a column is used for."""

    FIELD = "field"
    ATTRIBUTE = "attribute"
    ID = "id"
    TRUTH = "truth"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class RecognisedColumn:
    """One column: its role, the personal field it holds if any, its shape, and why RCU thinks so."""

    name: str
    role: Role
    shape: Shape
    why: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """All columns of a file, in its order."""

    columns: tuple[RecognisedColumn, ...]

    def of(self, *roles: Role) -> tuple[RecognisedColumn, ...]:
        """The columns with one of the roles."""
        return tuple(column for column in self.columns if column.role in roles)

    @property
    def id_column(self) -> str | None:
        """The column whose values name the rows."""
        return next((column.name for column in self.of(Role.ID)), None)


def recognise(
    frame: pd.DataFrame,
    *,
    chosen: Mapping[str, str] | None = None,
    id_column: str | None = None,
    truth_column: str | None = None,
) -> Recognition:
    """Say what each column of a file is.

    Args:
        frame: columns of text.
        chosen: what the caller said, column to field; `ignore` leaves a column out, `attribute` takes it as it is.
        id_column: the column that names the rows; by default one that looks like it and has no value twice.
        truth_column: the column that says who is who; never used as evidence.

    Raises:
        InputError: the caller named a column or a field that does not exist.
    """
    chosen = chosen or {}
    _check(frame, chosen, [name for name in (id_column, truth_column) if name])
    named = id_column or _likely_id(frame, taken={*chosen, *([truth_column] if truth_column else [])})
    found: list[RecognisedColumn] = []
    for name in frame.columns:
        shape = shape_of(frame[name])
        if name == truth_column:
            found.append(RecognisedColumn(name, Role.TRUTH, shape, "says who is who"))
        elif name == named:
            found.append(RecognisedColumn(name, Role.ID, shape, "names the rows"))
        elif name in chosen:
            found.append(_as_told(name, shape, chosen[name]))
        else:
            found.append(_guessed(frame[name], name, shape))
    return Recognition(tuple(_by_content(frame, _once_each(found))))


def _check(frame: pd.DataFrame, chosen: Mapping[str, str], named: Sequence[str]) -> None:
    known = ", ".join(str(column) for column in frame.columns)
    for column in (*chosen, *named):
        if column not in frame.columns:
            msg = f"no column called {column}"
            raise InputError(msg, hint=f"the columns are: {known}")
    for field in chosen.values():
        if field not in FIELDS and field not in {"ignore", "attribute"}:
            msg = f"no field called {field}"
            raise InputError(msg, hint=f"the fields are: {', '.join(FIELDS)}, attribute, ignore")


def _likely_id(frame: pd.DataFrame, *, taken: set[str]) -> str | None:
    """The first column with the header of an id that is filled and has no value twice."""
    for name in frame.columns:
        if name not in taken and is_id_header(name) and frame[name].notna().all() and frame[name].is_unique:
            return str(name)
    return None


def _as_told(name: str, shape: Shape, field: str) -> RecognisedColumn:
    if field == "ignore":
        return RecognisedColumn(name, Role.LEFT_OUT, shape, "--map")
    if field == "attribute":
        return RecognisedColumn(name, Role.ATTRIBUTE, shape, "--map")
    return RecognisedColumn(name, Role.FIELD, shape, "--map", field)


def _guessed(values: pd.Series[str], name: str, shape: Shape) -> RecognisedColumn:
    """Judge a column by its header, checked against what it holds; then by what it holds alone."""
    reason = _why_left_out(values, name, shape)
    if reason:
        return RecognisedColumn(name, Role.LEFT_OUT, shape, reason)
    field = field_of_header(name)
    if field and _fits(field, shape):
        return RecognisedColumn(name, Role.FIELD, shape, "header", field)
    if shape is Shape.EMAIL or (shape is Shape.PHONE and _written_as_phones(values)):
        return RecognisedColumn(name, Role.FIELD, shape, "content", "email" if shape is Shape.EMAIL else "phone")
    useless = _why_no_attribute(values, shape)
    if useless:
        return RecognisedColumn(name, Role.LEFT_OUT, shape, useless)
    return RecognisedColumn(name, Role.ATTRIBUTE, shape, "unknown column, compared as it is")


def _why_left_out(values: pd.Series[str], name: str, shape: Shape) -> str | None:
    if shape is Shape.NOTHING or float(values.notna().mean()) < LEAST_FILL:
        return "almost empty"
    if values.nunique() < 2:
        return "one value only"
    if is_national_id_header(name):
        return "looks like a national identifier; --map to use it"
    if is_label_header(name):
        return "looks like the name of a group of rows; --map to use it"
    return "an id, which no two rows of a person need share" if is_id_header(name) else None


_SHAPES_OF: Final[Mapping[str, frozenset[Shape]]] = {
    "email": frozenset({Shape.EMAIL}),
    "phone": frozenset({Shape.PHONE, Shape.CODE, Shape.NUMBER, Shape.DATE}),
    "mobile": frozenset({Shape.PHONE, Shape.CODE, Shape.NUMBER, Shape.DATE}),
    "birth_date": frozenset({Shape.DATE, Shape.CODE, Shape.PHONE, Shape.NUMBER}),
    "age": frozenset({Shape.NUMBER, Shape.CATEGORY}),
    "birth_year": frozenset({Shape.NUMBER, Shape.CATEGORY, Shape.DATE}),
}
_NAMES: Final = frozenset({"first_name", "last_name", "full_name", "middle_name", "birth_name"})


def _fits(field: str, shape: Shape) -> bool:
    """Whether what a column holds agrees with what its header says."""
    if field in _NAMES:
        return shape in {Shape.TEXT, Shape.CATEGORY, Shape.CODE}
    allowed = _SHAPES_OF.get(field)
    return allowed is None or shape in allowed


def _why_no_attribute(values: pd.Series[str], shape: Shape) -> str | None:
    filled = values.dropna()
    share = filled.nunique() / max(len(filled), 1)
    if shape in {Shape.CODE, Shape.PHONE, Shape.NUMBER} and share > FREE_ID:
        return "nearly every row has its own value"
    if float(filled.head(SAMPLE).str.len().mean()) > LONGEST_TEXT:
        return "long free text"
    commonest = int(filled.value_counts().iloc[0]) / len(filled)
    return "nearly always the same value" if commonest > 0.98 else None


def _once_each(columns: Sequence[RecognisedColumn]) -> list[RecognisedColumn]:
    """Keep one column for each field that a person has once; others of it are compared as they are."""
    seen: set[str] = {column.field for column in columns if column.field and column.why == "--map"}
    kept: list[RecognisedColumn] = []
    for column in columns:
        again = column.field in seen and column.field not in REPEATABLE and column.why != "--map"
        if column.field and again:
            column = RecognisedColumn(  # noqa: PLW2901 - the same column in another role
                column.name, Role.ATTRIBUTE, column.shape, f"a second {column.field}, compared as it is"
            )
        elif column.field:
            seen.add(column.field)
        kept.append(column)
    return kept


def _by_content(frame: pd.DataFrame, columns: Sequence[RecognisedColumn]) -> list[RecognisedColumn]:
    """Where no header named a field outright, take an unknown column that half does, or that looks like it."""
    fields = {column.field for column in columns}
    answer: list[RecognisedColumn] = []
    for column in columns:
        field, why = None, "content"
        if column.role is Role.ATTRIBUTE and column.why != "--map":
            word = field_of_a_word(column.name)
            if word and word not in fields and _fits(word, column.shape):
                field, why = word, "a word of the header"
            elif (
                column.shape is Shape.DATE and "birth_date" not in fields and _spread_of_years(frame[column.name]) >= 35
            ):
                field = "birth_date"
            elif column.shape is Shape.PHONE and not fields & {"phone", "mobile"}:
                field = "phone"
        if field:
            fields.add(field)
            column = RecognisedColumn(column.name, Role.FIELD, column.shape, why, field)  # noqa: PLW2901
        answer.append(column)
    return answer


def _spread_of_years(values: pd.Series[str]) -> int:
    """Over how many years the middle nine tenths of dates lie."""
    years = values.dropna().head(SAMPLE).str.extract(r"((?:1[6-9]|20)\d\d)")[0].dropna().astype(int)
    return int(years.quantile(0.95) - years.quantile(0.05)) if len(years) else 0


def shape_of(values: pd.Series[str]) -> Shape:
    """Say how most values of a column look."""
    filled = values.dropna()
    if not len(filled):
        return Shape.NOTHING
    sample = [str(value) for value in filled.iloc[:: max(1, len(filled) // SAMPLE)].unique()]

    def share(pattern: re.Pattern[str]) -> float:
        return sum(bool(pattern.fullmatch(value)) for value in sample) / len(sample)

    if share(_NUMBER) >= 0.9:
        return Shape.NUMBER if len(sample) > 2 else Shape.CATEGORY
    phone = 0.7 if _digits(sample) >= 8 else 2.0
    for shape, pattern, floor in (
        (Shape.EMAIL, _EMAIL, 0.6), (Shape.DATE, _DATE, 0.8), (Shape.PHONE, _PHONE, phone), (Shape.CODE, _CODE, 0.8)
    ):  # fmt: skip
        if share(pattern) >= floor:
            return shape
    return Shape.CATEGORY if filled.nunique() <= max(3, min(30, len(filled) // 10)) else Shape.TEXT


def _written_as_phones(values: pd.Series[str]) -> bool:
    """Whether numbers are written as only phones are: in groups, with a plus or a leading zero."""
    sample = values.dropna().head(SAMPLE)
    return float(sample.str.contains(r"^[+0(]|\d[ .\-/)]+\d").mean()) > 0.8


def _digits(sample: Sequence[str]) -> float:
    return sum(sum(letter.isdigit() for letter in value) for value in sample) / len(sample)
