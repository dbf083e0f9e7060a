"""The columns `rcu standardise` adds to a file, made of the standard columns of cleaning: a contract of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Final

import numpy as np
import pandas as pd

from rcu.cleaning.columns import spread, text_array
from rcu.cleaning.frequency import generic, over_frequent_days
from rcu.cleaning.junk import JunkLists
from rcu.cleaning.notes import Note, joined, worst
from rcu.cleaning.phones import read_phone
from rcu.cleaning.phonetics import sound
from rcu.domain.records import Quality

FIELDS: Final = ("name", "birth_date", "email", "mobile", "landline", "address")
"""What a quality and notes are given for."""
MOST_NAMES: Final = 6
"""A phone or mailbox that more different names carry is nobody's."""

_STANDARD: Final[Mapping[str, str]] = {
    "civility": "civility",
    "first_name_std": "first_name",
    "last_name_std": "last_name",
    "birth_name_std": "birth_name",
    "email_std": "email",
    "email_key": "email_key",
    "email_quality": "email_quality",
    "email_suggestion": "email_suggestion",
    "address_number": "street_number",
    "address_suffix": "street_suffix",
    "street_type": "street_type",
    "street_name": "street_name",
    "address_complement": "address_complement",
    "address_line_4": "street",
    "postcode_std": "postcode",
    "commune_std": "city",
    "commune_insee": "commune_insee",
    "birth_date_std": "birth_date",
    "gender_std": "gender",
    "likely_gender": "likely_gender",
    "record_kind": "record_kind",
    "company_std": "company",
    "mobile_e164": "mobile",
    "landline_e164": "landline",
    "other_phones": "other_phones",
    "email_kind": "email_kind",
    "address_building": "building",
    "address_place": "place",
    "cedex": "cedex",
    "country_std": "country",
    "name_quality": "name_quality",
    "birth_date_quality": "birth_date_quality",
    "mobile_quality": "mobile_quality",
    "landline_quality": "landline_quality",
    "address_quality": "address_quality",
}
"""Columns that are one of cleaning's, under the name they have in a file."""

OUTPUT_COLUMNS: Final = (
    "civility",
    "first_name_std",
    "last_name_std",
    "birth_name_std",
    "name_key",
    "phonetic_key",
    "email_std",
    "email_key",
    "email_quality",
    "email_suggestion",
    "phone_e164",
    "phone_kind",
    "phone_quality",
    "address_number",
    "address_suffix",
    "street_type",
    "street_name",
    "address_complement",
    "address_line_4",
    "postcode_std",
    "commune_std",
    "commune_insee",
    "birth_date_std",
    "quality",
)
"""The columns everybody can rely on, in their order."""
FURTHER_COLUMNS: Final = ("notes", *(name for name in _STANDARD if name not in OUTPUT_COLUMNS))
"""Columns that stand behind those; the last one is always filled, so that every row of a sheet is of one width."""

_EMPTIED: Final[Mapping[str, tuple[str, ...]]] = {
    "mobile": ("mobile",),
    "landline": ("landline",),
    "email": ("email", "email_key", "email_kind", "email_suggestion"),
    "birth_date": ("birth_date",),
}


def name_keys(standard: pd.DataFrame) -> pd.Series[str]:
    """Give the last name's key and the first name's, whichever there are."""
    return _spaced(standard["last_name_key"], standard["first_name_key"])


def without_shared(standard: pd.DataFrame) -> pd.DataFrame:
    """Take away what far too many people of the file share: such values are nobody's, and junk.

    Phones and mailboxes of more than `MOST_NAMES` different names, and days of birth far commoner than days are.
    """
    names = name_keys(standard)
    keys = {"mobile": "mobile", "landline": "landline", "email": "email_key"}
    shared = {field: generic(standard[key], names, most_names=MOST_NAMES) for field, key in keys.items()}
    shared["birth_date"] = over_frequent_days(standard["birth_date"])
    phones = _values_of(standard, shared)
    columns = {str(name): standard[name] for name in standard.columns}
    for field, rows in shared.items():
        _empty(columns, field, rows.to_numpy(dtype=bool))
    columns["other_phones"] = _each(standard["other_phones"], lambda text: _without(text, phones))
    return pd.DataFrame(columns)


def output_columns(standard: pd.DataFrame, *, junk: JunkLists) -> pd.DataFrame:
    """Make the columns of the file (`OUTPUT_COLUMNS`, then `FURTHER_COLUMNS`) of the standard columns of cleaning."""
    made: dict[str, pd.Series[str]] = {name: standard[source] for name, source in _STANDARD.items()}
    made["name_key"] = name_keys(standard)
    made["phonetic_key"] = _spaced(standard["last_name_sound"], _each(standard["first_name_key"], sound))
    made |= _phone(standard, junk)
    made["quality"] = worst_of(standard, FIELDS)
    made["notes"] = _notes(standard)
    return pd.DataFrame({name: made[name] for name in (*OUTPUT_COLUMNS, *FURTHER_COLUMNS)})


def worst_of(standard: pd.DataFrame, fields: Sequence[str]) -> pd.Series[str]:
    """Give the worst quality of some fields, row by row; each combination is judged once."""
    qualities = list(Quality)
    codes = np.zeros(len(standard), dtype=np.int64)
    for field in fields:
        of_field = pd.Categorical(standard[f"{field}_quality"], categories=[str(one) for one in qualities]).codes
        codes = codes * len(qualities) + of_field
    distinct, places = np.unique(codes, return_inverse=True)
    judged = [str(worst(_digits(int(code), qualities, count=len(fields)))) for code in distinct]
    return pd.Series(np.array(judged, dtype=object)[places], index=standard.index, dtype="str")


def _digits(code: int, qualities: Sequence[Quality], *, count: int) -> list[Quality]:
    digits: list[Quality] = []
    for _ in range(count):
        code, digit = divmod(code, len(qualities))
        digits.append(qualities[digit])
    return digits


def _phone(standard: pd.DataFrame, junk: JunkLists) -> dict[str, pd.Series[str]]:
    """One number a row: the mobile, else the landline, else the first of the others."""
    mobile, landline = standard["mobile"], standard["landline"]
    other = _each(standard["other_phones"], lambda numbers: numbers.split()[0])
    personal = mobile.notna() | landline.notna()
    chosen_quality = standard["mobile_quality"].where(mobile.notna(), standard["landline_quality"])
    kind = pd.Series("mobile", index=standard.index, dtype="str").where(mobile.notna(), "landline")
    return {
        "phone_e164": mobile.fillna(landline).fillna(other),
        "phone_kind": kind.where(personal, _each(other, lambda number: read_phone(number, "FR", junk=junk).kind)),
        "phone_quality": chosen_quality.where(personal, worst_of(standard, ("mobile", "landline"))),
    }


def _notes(standard: pd.DataFrame) -> pd.Series[str]:
    """All notes of a row as `field:code`, in the order of the fields."""
    every = [_each(standard[f"{field}_notes"], partial(_prefixed, field)) for field in FIELDS]
    return reduce(_spaced, every)


def _prefixed(field: str, codes: str) -> str:
    return " ".join(f"{field}:{code}" for code in codes.split())


def _empty(columns: dict[str, pd.Series[str]], field: str, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    if not rows.any():
        return
    for name in _EMPTIED[field]:
        columns[name] = columns[name].mask(rows)
    columns[f"{field}_quality"] = columns[f"{field}_quality"].mask(rows, str(Quality.JUNK))
    notes = columns[f"{field}_notes"]
    held = _each(notes.fillna(""), lambda codes: joined([*codes.split(), Note.OVER_FREQUENT]))
    columns[f"{field}_notes"] = notes.mask(rows, held)


def _values_of(standard: pd.DataFrame, shared: Mapping[str, pd.Series[bool]]) -> frozenset[str]:
    """The numbers that are nobody's."""
    return frozenset(
        str(value) for field in ("mobile", "landline") for value in standard[field][shared[field]].unique()
    )


def _without(text: str, numbers: frozenset[str]) -> str | None:
    return " ".join(number for number in text.split() if number not in numbers) or None


def _spaced(left: pd.Series[str], right: pd.Series[str]) -> pd.Series[str]:
    return (left + " " + right).fillna(left).fillna(right)


def _each(values: pd.Series[str], read: Callable[[str], str | None]) -> pd.Series[str]:
    """Read the distinct values of a column, each once; missing ones stay missing."""
    codes, distinct = pd.factorize(values)
    made = spread(codes.astype(np.int32), text_array(read(str(value)) for value in distinct))
    made.index = values.index
    return made
