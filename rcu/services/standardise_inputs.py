"""From anyone's file to raw fields: which column is read as which field, and what is put together on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from rcu.domain.records import RAW_FIELDS
from rcu.errors import InputError
from rcu.ingest.headers import REPEATABLE, field_of_header, is_label_header, is_national_id_header, words_of
from rcu.ingest.recognise import RecognisedColumn, Recognition, Role, Shape, recognise
from rcu.services.standardise_columns import FURTHER_COLUMNS

TOLD: Final = "--map"
_PARTS_OF_A_STREET: Final = ("street_number",)
_PARTS_OF_A_DATE: Final = ("birth_year", "birth_month", "birth_day")
READ: Final = frozenset({*RAW_FIELDS, *_PARTS_OF_A_STREET, *_PARTS_OF_A_DATE} - {"loyalty_number"})
"""The fields `standardise` makes something of."""
_STREET_TYPES: Final = frozenset({"typevoie", "typedevoie", "typerue", "naturevoie", "naturedevoie"})
_SURE: Final = (TOLD, "header", "a word of the header", "content")
_TELLS: Final[Mapping[str, str]] = {
    "email": "@",
    "phone": r"\d(?:[^\d]*\d){5}",
    "mobile": r"\d(?:[^\d]*\d){5}",
    "birth_date": r"\d\d",
    "birth_year": r"\d\d",
    "first_name": r"[^\W\d_]{2}",
    "last_name": r"[^\W\d_]{2}",
    "birth_name": r"[^\W\d_]{2}",
    "full_name": r"[^\W\d_]{2}",
}
"""What at least one value must hold for a column to be believed its header, whatever most values look like."""
_DAY_AND_MONTH: Final = r"^\s*(?P<one>\d{1,2})[/.\- ](?P<two>\d{1,2})(?:\D|$)"
_CLEARLY: Final = 3
"""So many dates must be impossible day first, and none month first, for a column to be read month first."""
_IP: Final = r"^\d{1,3}(?:\.\d{1,3}){3}$"

Columns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a file gives to clean.

    Attributes:
        recognition: every column of the file and what it was taken for.
        raw: the raw fields, a row for each row of the file.
        used: raw field to the columns it was read from.
        notes: what was left as it is although it looked useful.
    """

    recognition: Recognition
    raw: pd.DataFrame
    used: Columns
    notes: tuple[str, ...]
    month_first: bool = False
    """Whether birth dates are written month first: the column as a whole shows it, single values do not."""


def read_inputs(frame: pd.DataFrame, chosen: Mapping[str, str]) -> Inputs:
    """Recognise the columns of a file and read the raw fields off them; `chosen` (column to field) overrides.

    Raises:
        InputError: a column or field of `chosen` does not exist, or no column holds a field that can be cleaned.
    """
    recognition = _trusting_headers(frame, recognise(frame, chosen=chosen))
    found = _by_field(recognition)
    used = _chosen_columns(found)
    raw = pd.DataFrame(
        {field: _together(frame, names) for field, names in used.items() if field in RAW_FIELDS}, index=frame.index
    )
    used = _with_street_parts(frame, raw, used)
    used = _with_date_parts(frame, raw, used)
    if not used:
        msg = f"none of the {len(frame.columns)} columns was recognised as a name, date, address, phone or email"
        raise InputError(
            msg,
            hint="say what they are, for example --map Client=full_name --map Contact=email; "
            "the first row of the file must hold the names of its columns",
        )
    notes = _left(found, used)
    month_first = "birth_date" in raw.columns and _months_first(raw["birth_date"])
    if month_first:
        notes = (*notes, f"{used['birth_date'][0]} is written month before day: no value says otherwise")
    return Inputs(recognition, raw, used, notes, month_first)


def _trusting_headers(frame: pd.DataFrame, recognition: Recognition) -> Recognition:
    """Believe a header that names a field, even where a column tells nothing about who is who.

    Finding duplicates has no use for a town all rows share or a birth name few rows have; cleaning has.
    """
    held = {column.field for column in recognition.of(Role.FIELD) if column.why in {TOLD, "header"}}
    answer: list[RecognisedColumn] = []
    for column in recognition.columns:
        one = column
        field = field_of_header(column.name)
        if _is_of_machines(frame[column.name], column):
            one = replace(column, role=Role.ATTRIBUTE, why="addresses of computers", field=None)
        if field and column.role in {Role.ATTRIBUTE, Role.LEFT_OUT} and column.why != TOLD:
            free = field in REPEATABLE or field not in held
            if free and _is_open(column) and _tells(frame[column.name], field):
                one = replace(column, role=Role.FIELD, why="header", field=field)
                held.add(field)
        answer.append(one)
    return Recognition(tuple(answer))


def _is_open(column: RecognisedColumn) -> bool:
    name = column.name
    return column.shape is not Shape.NOTHING and not (is_label_header(name) or is_national_id_header(name))


def _tells(values: pd.Series[str], field: str) -> bool:
    pattern = _TELLS.get(field)
    if pattern is None:
        return True
    distinct = pd.Series(values.dropna().unique(), dtype="str")
    return bool(distinct.str.contains(pattern, regex=True).any())


def _by_field(recognition: Recognition) -> dict[str, list[RecognisedColumn]]:
    """The columns of each field, the surest first."""
    found: dict[str, list[RecognisedColumn]] = {}
    for column in sorted(recognition.of(Role.FIELD), key=lambda one: _SURE.index(one.why)):
        ours = column.name in FURTHER_COLUMNS and column.why not in {TOLD, "header"}
        if column.field in READ and not ours:
            found.setdefault(column.field, []).append(column)
    return found


def _is_of_machines(values: pd.Series[str], column: RecognisedColumn) -> bool:
    """Whether a column only looks like phones: addresses of computers do."""
    if column.field != "phone" or column.why != "content":
        return False
    return float(values.dropna().head(1_000).str.contains(_IP).mean()) > 0.5


def _chosen_columns(found: Mapping[str, Sequence[RecognisedColumn]]) -> dict[str, tuple[str, ...]]:
    """One column a field; all lines of a complement; a second phone column stands in for the mobile one, or back."""
    used: dict[str, tuple[str, ...]] = {}
    for field, columns in found.items():
        used[field] = tuple(one.name for one in (columns if field == "address_complement" else columns[:1]))
    for full, empty in (("phone", "mobile"), ("mobile", "phone")):
        spare = [one.name for one in found.get(full, ())[1:] if one.why != "content"]
        if empty not in found and spare:
            used[empty] = (spare[0],)
    return used


def _left(found: Mapping[str, Sequence[RecognisedColumn]], used: Columns) -> tuple[str, ...]:
    """Say which columns are left as they are because another one of the field was read."""
    taken = {name for names in used.values() for name in names}
    return tuple(
        f"{column.name} is left as it is: {used[field][0]} was read as {field}"
        for field, columns in found.items()
        for column in columns
        if column.name not in taken and field in used
    )


def _together(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series[str]:
    """Put columns together into one, with commas between what is filled."""
    values = frame[names[0]]
    for name in names[1:]:
        other = frame[name]
        values = (values + ", " + other).fillna(values).fillna(other)
    return values


def _with_street_parts(frame: pd.DataFrame, raw: pd.DataFrame, used: Columns) -> Columns:
    """Write number and type of the street before its name where they stand in columns of their own."""
    if "address_line" not in used:
        return {field: names for field, names in used.items() if field not in _PARTS_OF_A_STREET}
    types = tuple(name for name in frame.columns if "".join(words_of(name)) in _STREET_TYPES)[:1]
    numbers = used.get("street_number", ())
    for name in (*types, *numbers):
        raw["address_line"] = _in_front(frame[name], raw["address_line"])
    kept = {field: names for field, names in used.items() if field not in _PARTS_OF_A_STREET}
    return {**kept, "address_line": (*numbers, *types, *used["address_line"])}


def _in_front(fronts: pd.Series[str], lines: pd.Series[str]) -> pd.Series[str]:
    """Set a number or type before a line that does not have it in front; each distinct pair is put together once."""

    def put(front: str, line: str) -> str:
        there = re.match(rf"\s*(?:\d+\W*(?:[A-Z]\W+)?)?(?<!\w){re.escape(front)}(?!\w)", line, flags=re.IGNORECASE)
        return line if there else f"{front} {line}"

    return _each_pair(fronts, lines, put)


def _each_pair(left: pd.Series[str], right: pd.Series[str], put: Callable[[str, str], str]) -> pd.Series[str]:
    """Combine two columns; where one is missing the other stays."""
    both = left.notna() & right.notna()
    pairs = pd.DataFrame({"left": left[both], "right": right[both]})
    distinct = pairs.drop_duplicates()
    made = [put(one, two) for one, two in zip(distinct["left"], distinct["right"], strict=True)]
    placed = pairs.merge(distinct.assign(made=made), on=["left", "right"], how="left")["made"]
    combined = right.fillna(left).astype(object)
    combined[both] = placed.to_numpy(dtype=object)
    return combined.astype("str")


def _with_date_parts(frame: pd.DataFrame, raw: pd.DataFrame, used: Columns) -> Columns:
    """Make one birth date of its year, month and day where no column holds it whole."""
    kept = {field: names for field, names in used.items() if field not in _PARTS_OF_A_DATE}
    if "birth_date" in used or not all(part in used for part in _PARTS_OF_A_DATE):
        return kept
    year, month, day = (frame[used[part][0]] for part in _PARTS_OF_A_DATE)
    raw["birth_date"] = day.str.zfill(2) + "/" + month.str.zfill(2) + "/" + year
    return {**kept, "birth_date": tuple(used[part][0] for part in reversed(_PARTS_OF_A_DATE))}


def _months_first(values: pd.Series[str]) -> bool:
    """Whether a column of dates can only be read month first (an email tool's `05/14`)."""
    distinct = pd.Series(values.dropna().unique(), dtype="str")
    parts = distinct.str.extract(_DAY_AND_MONTH).dropna().astype(int)
    return bool((parts["one"] > 12).sum() == 0 and (parts["two"] > 12).sum() >= _CLEARLY)
